/**
 * Keeps tracked trust anchors up to date (RFC 5011): asks each zone for its keys in time, proves what comes, moves the states
 * on, writes the state file, and gives the validator the keys that are trusted now.
 *
 * Leaves to others: the state table (rfc5011.ts), the proof (probe-anchor.ts), the file's text (anchor-state.ts), how a
 * question is asked (the function that it is given).
 */

import type { AlgorithmPolicy } from '../dnssec/algorithms.ts';
import { zoneKeyOf } from '../dnssec/dnskey.ts';
import { type SignatureTime, secondsLeft } from '../dnssec/signature-time.ts';
import type { Skew } from '../dnssec/verify-signature.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Files } from '../ports/files.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Random } from '../ports/random.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { toHex } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { type AnchorState, formatAnchorState } from './anchor-state.ts';
import { type Probe, type ProvenSet, proveProbe } from './probe-anchor.ts';
import {
  advanceKeys,
  afterStep,
  type HoldDowns,
  isWhollyRevoked,
  revokeKeys,
  type TrackedKeys,
  trustedKeys,
} from './rfc5011.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** RFC 5011 §2.3: bounds of the time between probes, seconds. */
const HOUR = 3600;
const MAX_QUERY_SECONDS = 15 * 24 * HOUR;
const MAX_RETRY_SECONDS = 24 * HOUR;

/** One anchor and the file that its state is kept in. */
export interface TrackedFile {
  readonly path: string;
  readonly state: AnchorState;
}

interface AnchorTrackerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly crypto: Crypto;
  readonly log: LogSink;
  readonly anchors: TrustAnchors;
  readonly options: AnchorTrackerOptions;
  /** Asks the zone's servers for its DNSKEY set, not the cache; null when none came. Validated or not does not matter. */
  readonly ask: (zone: Name) => Promise<RankedRRset | null>;
  /** A key of the zone is trusted no more: what may have been proven by it is to be proven anew. */
  readonly onTrustLost: (zone: Name) => void;
  /** Takes a bug. */
  readonly report: (error: unknown) => void;
}

interface AnchorTrackerOptions {
  readonly holds: HoldDowns;
  readonly policy: AlgorithmPolicy;
  readonly skew: Skew;
  /** Times that a probe without proof is tried again at once (val-max-restart). */
  readonly maxRestarts: number;
  /** The second at which signatures are checked (val-override-date). */
  readonly signatureTime: SignatureTime;
}

interface Tracking {
  readonly path: string;
  state: AnchorState;
  cancel: CancelTimer;
}

export class AnchorTracker {
  readonly #parts: AnchorTrackerParts;
  readonly #tracked: Tracking[];
  #isStopped = false;

  constructor(parts: AnchorTrackerParts, files: readonly TrackedFile[]) {
    this.#parts = parts;
    this.#tracked = files.map(({ path, state }) => ({ path, state, cancel: () => undefined }));
    for (const { state } of this.#tracked) this.#trust(state.tracked);
  }

  /** Sets the timers; the first probe of an anchor without history is due at once. */
  start(): void {
    for (const tracking of this.#tracked) this.#schedule(tracking);
  }

  /** Probes each anchor now, without timers; true when all could be proven. */
  async probeNow(): Promise<boolean> {
    const proven: boolean[] = [];
    for (const tracking of this.#tracked) proven.push(await this.#probe(tracking));
    return proven.every(Boolean);
  }

  /** Cancels the timers; a probe under way is not written any more. */
  stop(): void {
    this.#isStopped = true;
    for (const { cancel } of this.#tracked) cancel();
  }

  /** The clock was set by so many seconds: the timetable is void, and a pending key waits for as long as before. */
  clockStepped(seconds: number): void {
    for (const tracking of this.#tracked) {
      const { state } = tracking;
      tracking.state = { ...state, tracked: afterStep(state.tracked, seconds), nextProbe: 0 };
      this.#schedule(tracking);
    }
  }

  /** The states of all anchors (list_anchors, statistics). */
  states(): readonly AnchorState[] {
    return this.#tracked.map(({ state }) => state);
  }

  /** The same with their files (list_anchors). */
  files(): readonly TrackedFile[] {
    return this.#tracked.map(({ path, state }) => ({ path, state }));
  }

  #schedule(tracking: Tracking): void {
    const { clock, report } = this.#parts;
    // RFC 5011 §5: a zone that has revoked all its anchors is not asked any more.
    if (this.#isStopped || isWhollyRevoked(tracking.state.tracked)) return;
    tracking.cancel();
    const seconds = Math.min(Math.max(tracking.state.nextProbe - clock.unixSeconds(), 0), MAX_QUERY_SECONDS);
    tracking.cancel = clock.after(seconds * 1000, () => {
      this.#probe(tracking)
        .then(() => this.#schedule(tracking))
        .catch(report);
    });
  }

  /** One probe; its outcome is in the state and in the file. True when it was proven. */
  async #probe(tracking: Tracking): Promise<boolean> {
    const { options, log } = this.#parts;
    let failures = 0;
    let proven: ProvenSet | null = null;
    while (proven === null && failures <= options.maxRestarts && !isWhollyRevoked(tracking.state.tracked)) {
      const probe = await this.#tryOnce(tracking.state.tracked);
      if (this.#isStopped) return false;
      this.#takeRevocations(tracking, probe.revoked);
      proven = probe.proven;
      if (proven === null) failures++;
    }
    if (isWhollyRevoked(tracking.state.tracked)) {
      tracking.state = this.#afterRevocation(tracking.state);
    } else if (proven === null) {
      tracking.state = this.#afterFailure(tracking.state, failures);
      log.write('warning', `trust anchor ${formatName(tracking.state.tracked.zone)}: no probe could be proven`);
    } else {
      tracking.state = this.#afterSuccess(tracking.state, proven);
    }
    // A list that was only configured is left as it is until a probe has shown that it fits.
    if (tracking.state.lastSuccess > 0) this.#write(tracking);
    return proven !== null;
  }

  async #tryOnce(tracked: TrackedKeys): Promise<Probe> {
    const { clock, crypto, options, ask } = this.#parts;
    const ranked = await ask(tracked.zone);
    if (ranked === null) return { revoked: [], proven: null };
    const { signatureTime, skew, policy } = options;
    return await proveProbe(ranked.rrset, tracked, { crypto, policy, skew, signatureTime, now: clock.unixSeconds() });
  }

  /** Lets go of keys at once that have revoked themselves, though nothing else of the probe may count (RFC 5011 §2.1). */
  #takeRevocations(tracking: Tracking, revoked: readonly Uint8Array[]): void {
    if (revoked.length === 0) return;
    const now = this.#parts.clock.unixSeconds();
    const tracked = revokeKeys(tracking.state.tracked, revoked, now);
    this.#take(tracking.state.tracked, tracked);
    // The revocation itself was proven: the file is written from now on, so that a restart does not undo it.
    tracking.state = { ...tracking.state, tracked, lastSuccess: tracking.state.lastSuccess || now };
  }

  /** Makes the validator trust what is trusted now, and says what changed. */
  #take(before: TrackedKeys, after: TrackedKeys): void {
    this.#trust(after);
    this.#tell(before, after);
  }

  #afterFailure(state: AnchorState, failures: number): AnchorState {
    const now = this.#parts.clock.unixSeconds();
    const retrySeconds = state.retrySeconds > 0 ? state.retrySeconds : HOUR;
    const failedProbes = state.failedProbes + failures;
    return { ...state, retrySeconds, failedProbes, lastQueried: now, nextProbe: now + this.#shortened(retrySeconds) };
  }

  /** RFC 5011 §5: a zone that has revoked all its anchors is not asked any more. */
  #afterRevocation(state: AnchorState): AnchorState {
    const now = this.#parts.clock.unixSeconds();
    return { ...state, lastQueried: now, lastSuccess: now, nextProbe: 0, failedProbes: 0 };
  }

  #afterSuccess(state: AnchorState, { seen, signature }: ProvenSet): AnchorState {
    const now = this.#parts.clock.unixSeconds();
    const { holds, signatureTime } = this.#parts.options;
    const tracked = advanceKeys(state.tracked, seen, now, holds);
    // RFC 5011 §2.3: half of the Original TTL, which is signed, or of the signature's remaining life; a tenth after a failure.
    const ttlSeconds = signature.originalTtl;
    const life = Math.max(secondsLeft(signatureTime, now, signature.expiration), 0);
    const queryIntervalSeconds = within(HOUR, Math.floor(Math.min(ttlSeconds / 2, life / 2)), MAX_QUERY_SECONDS);
    const retrySeconds = within(HOUR, Math.floor(Math.min(ttlSeconds / 10, life / 10)), MAX_RETRY_SECONDS);
    this.#take(state.tracked, tracked);
    return {
      tracked,
      ttlSeconds,
      lastQueried: now,
      lastSuccess: now,
      nextProbe: now + this.#shortened(queryIntervalSeconds),
      failedProbes: 0,
      queryIntervalSeconds,
      retrySeconds,
    };
  }

  /** Up to a tenth less, by chance, so that not all resolvers ask at once. */
  #shortened(seconds: number): number {
    return seconds - this.#parts.random.below(Math.max(1, Math.floor(seconds / 10)));
  }

  /** Gives the validator the keys that are trusted now. */
  #trust(tracked: TrackedKeys): void {
    const { anchors } = this.#parts;
    const dnskeys = trustedKeys(tracked);
    if (dnskeys.length === 0 && tracked.ds.length === 0) anchors.remove(tracked.zone);
    else anchors.replace({ kind: 'positive', zone: tracked.zone, ds: tracked.ds, dnskeys });
  }

  #tell(before: TrackedKeys, after: TrackedKeys): void {
    const zone = formatName(after.zone);
    const textsOf = (tracked: TrackedKeys): string[] => trustedKeys(tracked).map(toHex);
    const now = textsOf(after);
    const lost = textsOf(before).filter((key) => !now.includes(key)).length;
    const gained = now.filter((key) => !textsOf(before).includes(key)).length;
    if (isWhollyRevoked(after)) this.#parts.log.write('warning', `trust anchor ${zone}: all keys are revoked`);
    if (lost + gained === 0) return;
    this.#parts.log.write('notice', `trust anchor ${zone}: ${gained} keys more are trusted, ${lost} no more`);
    if (lost > 0) this.#parts.onTrustLost(after.zone);
  }

  #write({ path, state }: Tracking): void {
    const { files, crypto, log } = this.#parts;
    const bitsOf = (rdata: Uint8Array): number => zoneKeyOf(rdata, crypto)?.imported?.bits ?? 0;
    const text = formatAnchorState(state, { isRevoked: isWhollyRevoked(state.tracked), bitsOf });
    const written = files.replaceAtomically(path, text);
    if (!written.ok)
      log.write('error', `cannot write ${path}: ${written.error.text}; the state of the anchor is kept in memory`);
  }
}

function within(least: number, value: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
