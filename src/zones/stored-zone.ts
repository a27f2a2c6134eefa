/**
 * One zone that is kept as a local copy, with its life: loaded from its file, kept fresh from its sources, checked before it is
 * used, written back, expired when no source can be reached for too long (RFC 1034 §4.3.5).
 *
 * Duties: refresh, retry and expire times, one update at a time, what of the zone may be used now.
 * Leaves to others: how versions are got (zone-sources.ts), what is answered (zone-lookup.ts), which zone speaks for a name.
 */

import type { Crypto } from '../ports/crypto.ts';
import type { Files } from '../ports/files.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Counters } from '../trace/counters.ts';
import { parseIp } from '../wire/ip.ts';
import { isInPrefix } from '../wire/ip-prefix.ts';
import { formatName } from '../wire/name-text.ts';
import { runInTurns, type Steps } from '../wire/steps.ts';
import { type CheckOptions, checkZone, type FindZoneAnchor } from './check-zone.ts';
import type { Zone } from './zone.ts';
import { type DenialChain, denialChainSteps } from './zone-denial.ts';
import { type ZoneFileProblem, zoneFileSteps, zoneFileTextSteps } from './zone-file.ts';
import { ZoneFileState } from './zone-file-state.ts';
import {
  FIRST_RETRY_SECONDS,
  LAST_RETRY_SECONDS,
  MAX_NOTIFY_PAUSE_MS,
  MAX_REFRESH_SECONDS,
  MAX_ZONE_FILE_OCTETS,
  MIN_REFRESH_SECONDS,
  NOTIFY_PAUSE_MS,
  type ZoneOptions,
} from './zone-options.ts';
import { type SourceParts, ZoneSources } from './zone-sources.ts';

export interface StoredZoneParts extends SourceParts {
  readonly files: Files;
  readonly crypto: Crypto;
  readonly log: LogSink;
  readonly counters: Counters;
  readonly findAnchor: FindZoneAnchor;
  readonly rules: CheckOptions;
  /** `zonemd-permissive-mode`: a wrong digest is logged, the zone is used all the same. */
  readonly permissive: boolean;
  /** Where a relative name in $INCLUDE leads (`directory`); absent: it is a path as it is. */
  readonly pathOf?: (name: string) => string;
  /** Takes a bug in an update that nobody waits for. */
  readonly report: (error: unknown) => void;
}

/** What operators see of a zone. */
export interface ZoneStatus {
  /** Of the version that may be used; null: none, or it has no SOA. */
  readonly serial: number | null;
  /** There is a version, and it is too old to be used. */
  readonly isExpired: boolean;
}

export class StoredZone {
  readonly options: ZoneOptions;
  /** Called after each change of the content. */
  onChange: () => void = () => {};
  readonly #parts: StoredZoneParts;
  readonly #sources: ZoneSources;
  readonly #stopped = new AbortController();
  #content: Zone | null = null;
  #chain: DenialChain | null = null;
  /** A version from the file that is still to be checked. */
  #unchecked: Zone | null = null;
  /** The files that the newest version was read from; null: it came from elsewhere, or proved wrong. */
  #fileState: ZoneFileState | null = null;
  /** Unix seconds. */
  #expiresAt = Number.POSITIVE_INFINITY;
  #failures = 0;
  #running: Promise<void> | null = null;
  #again = false;
  #preferred: string | null = null;
  #notifyHosts: readonly string[] = [];
  #cancelTimer = (): void => {};
  /** Monotonic milliseconds before which no NOTIFY makes us ask again. */
  #quietUntilMs = 0;
  /** Null: no NOTIFY waits for that. */
  #cancelNotified: (() => void) | null = null;

  constructor(options: ZoneOptions, parts: StoredZoneParts) {
    this.options = options;
    this.#parts = parts;
    this.#sources = new ZoneSources(parts, options);
  }

  /** For log lines and control. */
  get text(): string {
    return formatName(this.options.name);
  }

  /** True when it can be transferred or fetched. */
  get hasSources(): boolean {
    return this.#sources.exist;
  }

  /** The version that may be used now; null: none came yet, or it is expired. */
  usable(): Zone | null {
    return this.#parts.clock.unixSeconds() < this.#expiresAt ? this.#content : null;
  }

  /** The denial chain of the version in force. */
  chain(): DenialChain | null {
    return this.#chain;
  }

  /** For list_auth_zones. */
  status(): ZoneStatus {
    const zone = this.usable();
    return { serial: zone?.soa?.serial ?? null, isExpired: zone === null && this.#content !== null };
  }

  /** True when the address may send NOTIFY. */
  mayNotify(ip: string): boolean {
    if (this.#sources.isPrimary(ip) || this.#notifyHosts.includes(ip)) return true;
    const address = parseIp(ip);
    if (address === null) return false;
    return this.options.allowNotify.some((source) => source.kind === 'block' && isInPrefix(address, source.block));
  }

  /**
   * Takes what `before`, the zone of that name before a reload, has read from the file, when that is unchanged; else reads the zone
   * file. A version that has to be checked is used only when `start` or `reload` has done so.
   */
  *loadSteps(before: StoredZone | null = null): Steps<readonly ZoneFileProblem[]> {
    const path = this.options.zonefile;
    if (path === null) return [];
    const { files, clock } = this.#parts;
    if (!files.exists(path) && this.#sources.exist) return [];
    const kept = before?.options.zonefile === path ? before.#readFromFile() : null;
    if (kept?.state.isUnchanged((name) => this.#pathOf(name), files)) {
      this.#fileState = kept.state;
      yield* this.#take(kept.zone);
      return [];
    }
    const state = new ZoneFileState();
    this.#fileState = null;
    state.note(path, path, files, clock.unixSeconds());
    const text = files.readText(path, MAX_ZONE_FILE_OCTETS);
    if (!text.ok) return [{ file: null, line: 0, text: text.error.text }];
    // All files of a zone together: a file that names another one a thousand times is bounded too.
    let left = MAX_ZONE_FILE_OCTETS - text.value.length;
    const include = (name: string): string | null => {
      state.note(name, this.#pathOf(name), files, clock.unixSeconds());
      const included = files.readText(this.#pathOf(name), Math.max(0, left));
      if (!included.ok) return null;
      left -= included.value.length;
      return included.value;
    };
    const { zone, problems, outside } = yield* zoneFileSteps(text.value, this.options.name, include);
    if (outside > 0) this.#log('warning', `${outside} records of ${path} are outside the zone and left out`);
    if (problems.length > 0 || zone === null) return problems;
    this.#fileState = state;
    yield* this.#take(zone);
    return [];
  }

  /** A version out of the file. */
  *#take(zone: Zone): Steps<void> {
    if (this.options.zonemdCheck) this.#unchecked = zone;
    else yield* this.#install(zone);
  }

  /** The newest version, when it was read from files, with what they looked like. */
  #readFromFile(): { readonly zone: Zone; readonly state: ZoneFileState } | null {
    const zone = this.#unchecked ?? this.#content;
    return zone === null || this.#fileState === null ? null : { zone, state: this.#fileState };
  }

  /** Where the zone file or a name in it leads. */
  #pathOf(name: string): string {
    return name === this.options.zonefile ? name : (this.#parts.pathOf?.(name) ?? name);
  }

  /** Starts to keep the zone fresh. */
  start(): void {
    if (this.#unchecked !== null || (this.#sources.exist && this.#content === null)) this.#run();
    else if (this.#sources.exist) this.#schedule(refreshSeconds(this.#content));
    if (this.options.allowNotify.some((source) => source.kind === 'host')) this.#start(() => this.#findNotifyHosts());
  }

  /** Stops whatever runs. */
  stop(): void {
    this.#stopped.abort();
    this.#cancelTimer();
    this.#cancelNotified?.();
  }

  /** There may be news: asks the sources now, or again when they are being asked. */
  update(preferred: string | null = null): void {
    this.#preferred = preferred;
    this.#run();
  }

  /**
   * A NOTIFY says that there is news. Anybody can send one in the name of a primary: however many come, the sources are asked once
   * in a while, and less often while that leads to nothing. False: it waits, and those that come meanwhile with it.
   */
  notified(from: string): boolean {
    const { clock } = this.#parts;
    const leftMs = this.#quietUntilMs - clock.monotonicMs();
    if (this.#running === null && leftMs <= 0) {
      this.update(from);
      return true;
    }
    this.#cancelNotified ??= clock.after(Math.max(leftMs, NOTIFY_PAUSE_MS), () => {
      this.#cancelNotified = null;
      this.update(from);
    });
    return false;
  }

  /** Reads the zone file again; the problem, or null. */
  async reload(): Promise<string | null> {
    if (this.options.zonefile === null) return 'zone has no zonefile';
    const [problem] = await runInTurns(this.loadSteps(), this.#parts.clock);
    if (problem !== undefined) return `${problem.line > 0 ? `line ${problem.line}: ` : ''}${problem.text}`;
    return await this.#checkFromFile();
  }

  /** Resolves when no update is running. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  #run(): void {
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    if (this.#stopped.signal.aborted) return;
    this.#cancelTimer();
    this.#running = this.#runAll().catch(this.#parts.report);
  }

  async #runAll(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#runOnce();
      } while (this.#again && !this.#stopped.signal.aborted);
    } finally {
      this.#running = null;
    }
  }

  async #runOnce(): Promise<void> {
    const wasUnchecked = this.#unchecked !== null;
    const wasNotified = this.#preferred !== null;
    const problem = wasUnchecked ? await this.#checkFromFile() : null;
    const isPending = this.#unchecked !== null;
    // A version that has just come out of the file is fresh (as in Unbound): its sources are asked when its SOA says so.
    const isFresh = wasUnchecked && problem === null && this.#preferred === null;
    const end = isFresh ? 'current' : await this.#askSources();
    if (end === 'current') this.#renew();
    this.#failures = end === 'failed' || isPending ? this.#failures + 1 : 0;
    if (wasNotified || this.#failures > 0) this.#keepQuiet();
    if (this.#stopped.signal.aborted || !(this.#sources.exist || isPending)) return;
    this.#schedule(this.#failures === 0 ? refreshSeconds(this.#content) : this.#retrySeconds());
  }

  #keepQuiet(): void {
    const pauseMs = Math.min(MAX_NOTIFY_PAUSE_MS, NOTIFY_PAUSE_MS * 2 ** Math.min(this.#failures, 16));
    this.#quietUntilMs = this.#parts.clock.monotonicMs() + pauseMs;
  }

  async #askSources(): Promise<'news' | 'current' | 'failed'> {
    const preferred = this.#preferred;
    this.#preferred = null;
    if (!this.#sources.exist) return this.#content === null ? 'failed' : 'current';
    return await this.#sources.update({
      own: this.#content,
      preferred,
      signal: this.#stopped.signal,
      onFailure: (source, why) => this.#log('info', `${source}: ${why}`),
      accept: (zone, source) => this.#accept(zone, source),
    });
  }

  async #accept(zone: Zone, source: string): Promise<boolean> {
    let isGood = true;
    if (this.options.zonemdCheck) {
      const check = await checkZone(zone, this.options.zonemdRejectAbsence, this.#parts);
      isGood = check.kind === 'good';
      if (check.kind !== 'good' && !this.#isLetPass(check.why)) return false;
    }
    if (this.#stopped.signal.aborted) return false;
    this.#fileState = null;
    await runInTurns(this.#install(zone), this.#parts.clock);
    // What was only let pass is never written: the file would outlive the permission.
    if (isGood) await this.#write(zone);
    this.#log('info', `transferred serial ${zone.soa?.serial} from ${source}`);
    return true;
  }

  /** The problem of the version from the file, or null; it stays to be checked again when it could not be. */
  async #checkFromFile(): Promise<string | null> {
    const zone = this.#unchecked;
    if (zone === null) return null;
    const check = await checkZone(zone, this.options.zonemdRejectAbsence, this.#parts);
    if (this.#unchecked !== zone) return null;
    if (check.kind === 'good' || this.#isLetPass(check.why)) {
      this.#unchecked = null;
      await runInTurns(this.#install(zone), this.#parts.clock);
      return null;
    }
    if (check.kind === 'bad') {
      this.#unchecked = null;
      this.#fileState = null;
    }
    return check.why;
  }

  #isLetPass(why: string): boolean {
    this.#log('error', `ZONEMD verification failed: ${why}`);
    return this.#parts.permissive;
  }

  /** The chain is made before the zone is used: a question must not wait for it. */
  *#install(zone: Zone): Steps<void> {
    const chain = yield* denialChainSteps(zone, this.#parts.crypto);
    this.#content = zone;
    this.#chain = chain;
    this.#renew();
    this.onChange();
  }

  /** The expire time counts from now: a source has just said that the version is the newest. */
  #renew(): void {
    const expire = this.#content?.soa?.expire;
    const isForever = !this.#sources.exist || expire === undefined;
    this.#expiresAt = isForever ? Number.POSITIVE_INFINITY : this.#parts.clock.unixSeconds() + expire;
  }

  async #write(zone: Zone): Promise<void> {
    const path = this.options.zonefile;
    if (path === null) return;
    const text = await runInTurns(zoneFileTextSteps(zone), this.#parts.clock);
    if (text === null) {
      this.#log('error', `cannot write ${path}: longer than ${MAX_ZONE_FILE_OCTETS} octets`);
      return;
    }
    const written = await this.#parts.files.replaceInBackground(path, text);
    if (!written.ok) this.#log('error', `cannot write ${path}: ${written.error.text}`);
  }

  #schedule(seconds: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.clock.after(seconds * 1000, () => this.#run());
  }

  #retrySeconds(): number {
    const retry = this.#content?.soa?.retry;
    if (retry !== undefined) return Math.min(MAX_REFRESH_SECONDS, Math.max(MIN_REFRESH_SECONDS, retry));
    return Math.min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(this.#failures - 1, 16));
  }

  async #findNotifyHosts(): Promise<void> {
    const found: string[] = [];
    for (const source of this.options.allowNotify) {
      if (source.kind === 'host') found.push(...(await this.#parts.lookUpHost(source.host)));
    }
    this.#notifyHosts = found;
  }

  #start(run: () => Promise<void>): void {
    void run().catch(this.#parts.report);
  }

  #log(level: 'info' | 'warning' | 'error', text: string): void {
    this.#parts.log.write(level, `auth-zone ${this.text} ${text}`);
  }
}

function refreshSeconds(zone: Zone | null): number {
  const refresh = zone?.soa?.refresh ?? MAX_REFRESH_SECONDS;
  return Math.min(MAX_REFRESH_SECONDS, Math.max(MIN_REFRESH_SECONDS, refresh));
}
