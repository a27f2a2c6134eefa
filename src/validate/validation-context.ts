/**
 * One validation in progress: what it is made of, the one second at which it validates, and what it has spent.
 *
 * Duties: budget of signature checks, yields between them. Leaves to others: every decision.
 */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { DenialCache } from '../cache/denial-cache.ts';
import type { KeyCache } from '../cache/key-cache.ts';
import { type RRsetCache, sameRecords } from '../cache/rrset-cache.ts';
import type { AlgorithmPolicy } from '../dnssec/algorithms.ts';
import type { ZoneKey } from '../dnssec/dnskey.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Limit } from '../terms/limit.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { ValidSignature } from '../terms/signature-outcome.ts';
import type { Counters } from '../trace/counters.ts';
import type { TraceStep } from '../trace/events.ts';
import { type Name, nameKey } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { type RRset, rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isExpanded } from '../wire/signed-labels.ts';
import type { Fetch } from '../work/fetch.ts';
import type { Soon } from '../work/soon.ts';
import type { TurnLimiter } from '../work/turn-limiter.ts';
import type { Work } from '../work/work.ts';
import type { ValidateOptions } from './options.ts';
import type { SharedSteps } from './shared-steps.ts';
import type { TrustAnchor, TrustAnchors } from './trust-anchors.ts';
import type { Step } from './zone-security.ts';

/** What the validator is made of. */
export interface ValidateParts {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly rrsets: RRsetCache;
  readonly keys: KeyCache<ZoneKey>;
  readonly fetch: Fetch;
  /** Where the fetch keeps answers that nobody has validated yet; absent: nowhere. */
  readonly answers?: Pick<AnswerCache, 'find' | 'remove'>;
  readonly anchors: TrustAnchors;
  readonly options: ValidateOptions;
  readonly counters: Counters;
  /** Hears of each trust anchor whose zone's keys were fetched and proven; absent: nobody does. */
  readonly onPrimed?: (anchor: TrustAnchor) => void;
  /** Hears of each RRset that a signature was verified for, and until when it is used, unix seconds; absent: nobody does. */
  readonly onVerified?: (rrset: RRset, signature: ValidSignature, expiresAt: number) => void;
  /** Takes proven spans for later denials; absent: none are kept. */
  readonly denials?: DenialCache;
}

/**
 * Cryptographic checks in one turn of the event loop, all validations together; a P-384 check costs about 1 ms, so answers
 * wait 8 ms at most.
 */
export const CHECKS_PER_TURN = 8;

/**
 * Octets of an RRset whose canonical form takes about as long as a check: 64 KiB of small records take up to 5 ms to sort
 * and copy, for every signature anew.
 */
const OCTETS_OF_A_CHECK = 12 * 1024;

/** What all validations of one validator share. */
interface SharedParts {
  readonly policy: AlgorithmPolicy;
  readonly steps: SharedSteps;
  readonly pace: TurnLimiter;
}

export class ValidationContext {
  readonly parts: ValidateParts;
  readonly policy: AlgorithmPolicy;
  readonly #steps: SharedSteps;
  readonly work: Work;
  /** Wall clock when it began, unix seconds: all TTLs count from it. */
  readonly now: number;
  /** NSEC and NSEC3 sets that came with the answer: where they prove that there is no zone cut, no DS is asked for. */
  readonly denialRecords: readonly RankedRRset[];
  readonly #pace: TurnLimiter;
  /** `proofs` of the RRset cache when it began, and those that it made itself since. */
  #knownProofs: number;
  /** Names whose cut was known and is in doubt now; null: there has been none. */
  #inDoubt: Set<string> | null = null;

  constructor(parts: ValidateParts, shared: SharedParts, work: Work, denialRecords: readonly RankedRRset[] = []) {
    this.parts = parts;
    this.policy = shared.policy;
    this.#steps = shared.steps;
    this.#pace = shared.pace;
    this.work = work;
    this.denialRecords = denialRecords;
    this.now = parts.clock.unixSeconds();
    this.#knownProofs = parts.rrsets.proofs;
  }

  /** Joins the step of a zone's trust that is under way, or runs it. */
  share(zone: Name, run: () => Soon<Step>): Soon<Step> {
    return this.#steps.share(zone, this.work.trustEpoch, run);
  }

  /** False when what verdicts rest on has changed since the work began: then it keeps none. */
  get mayKeep(): boolean {
    return this.work.trustEpoch === this.parts.rrsets.trustEpoch;
  }

  /** Keeps a set that it has proven, unless what verdicts rest on has changed. */
  keepProven(proven: RankedRRset): RankedRRset {
    if (!this.mayKeep) return proven;
    const { rrsets } = this.parts;
    const before = rrsets.proofs;
    rrsets.keepValidated(proven);
    this.#knownProofs += rrsets.proofs - before;
    return proven;
  }

  /**
   * A set of the answer as it is known by now: while this validation waited, another one may have proven the same data. Questions for
   * one host come together, and what one of them asks for comes along with another's answer.
   */
  asKnownNow(ranked: RankedRRset): RankedRRset {
    const { rrsets } = this.parts;
    if (rrsets.proofs === this.#knownProofs || ranked.verdict !== null || ranked.notKept === true) return ranked;
    if (!this.mayKeep) return ranked;
    const { rrset } = ranked;
    const held = rrsets.find(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset));
    return held?.verdict?.status === 'secure' && !isExpanded(rrset) && sameRecords(held.rrset, rrset) ? held : ranked;
  }

  /** From now on what stands at the name is asked of servers: records that came with the answer may be as old as the doubt. */
  askAnew(name: Name): void {
    this.#inDoubt ??= new Set();
    this.#inDoubt.add(nameKey(name));
  }

  /** True when records at hand may tell what stands at the name. */
  mayTakeKnown(name: Name): boolean {
    return this.#inDoubt === null || !this.#inDoubt.has(nameKey(name));
  }

  /**
   * Forgets an unchecked answer to a question of the chain of trust that turned out to be bogus, so that it does not outlive
   * that verdict: RFC 4035 §4.7 bounds how long bad data is remembered, and afterwards the servers are asked anew.
   */
  forgetUnchecked(question: Question): void {
    const { answers } = this.parts;
    if (answers?.find(question)?.verdict === null) answers.remove(question);
  }

  /** Spends one signature check over so many octets; false when the client query's budget is used up. May wait for a turn first. */
  mayCheckSignature(octets: number): Soon<boolean> {
    if (!this.work.budget.spend('signature-checks')) {
      this.countLimit('signature-checks');
      return false;
    }
    this.parts.counters.add('valops');
    const turn = this.#pace.take(1 + Math.floor(octets / OCTETS_OF_A_CHECK));
    return turn === null ? true : turn.then(() => true);
  }

  /** Asks for room for NSEC3 hashes that cost as much as so many checks; input that waits is handled meanwhile. Null: there is room. */
  mayHash(checks: number): Promise<void> | null {
    return this.#pace.take(checks);
  }

  /** Asks for room to import a key, which costs as much as a check. Null: there is room. */
  mayImport(): Promise<void> | null {
    return this.#pace.take(1);
  }

  /** Counts and traces a limit that was hit. */
  countLimit(limit: Limit): void {
    this.parts.counters.add(`limit.${limit}`);
    this.note(() => ({ kind: 'limit', limit }));
  }

  note(step: () => TraceStep): void {
    if (this.work.trace !== null) this.work.note(this.parts.clock.monotonicMs(), step);
  }
}
