/**
 * The resolver: joins iteration, validation and caches behind one interface.
 *
 * Duties: answer from what is known, else share one work per question; ask the tree, validate the answer, ask other servers
 * when it is bogus (val-max-restart), keep what was learnt (answers, bogus answers for a bounded time, failures by
 * RFC 9520), fetch again what is asked for when it is about to expire, fall back on expired answers; give `iterate` and `validate` the `Fetch` by which they ask further questions as children of their work.
 * Leaves to others: how the tree is asked (iterate), what DNSSEC says (validate), flags and clients (serve), which expired
 * answers are fit (serve-expired.ts), who makes room (request-slots.ts).
 *
 * Clients' questions are validated with the CD bit set too, as Unbound does, so that a lying server is noticed and asked
 * no more; CD only changes what is served (RFC 6840 §5.9).
 */

import type { CachedAnswer } from '../cache/cached-answer.ts';
import { MIN_FAILURE_SECONDS } from '../cache/failure-cache.ts';
import { BY_THE_CLOCK } from '../dnssec/signature-time.ts';
import type { Iterate } from '../iterate/iterate.ts';
import { type Failure, isKeptFailure } from '../terms/failure.ts';
import { type FoundResult, type IterationResult, isNotKept } from '../terms/iteration-result.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { TraceStep } from '../trace/events.ts';
import type { Trace } from '../trace/trace.ts';
import type { Validate, Validated } from '../validate/validate-answer.ts';
import { type Question, questionKey } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { Background } from '../work/background.ts';
import { Budget } from '../work/budget.ts';
import { Cancelled } from '../work/cancelled.ts';
import { Deadlines } from '../work/deadlines.ts';
import type { Fetch } from '../work/fetch.ts';
import { InFlight, type InFlightEntry } from '../work/in-flight.ts';
import type { Soon } from '../work/soon.ts';
import { soonOrTold, type Taker } from '../work/taker.ts';
import { Work, type WorkMode } from '../work/work.ts';
import { findForFetch, isKeptAsSet } from './cached-data.ts';
import { findReferral } from './cached-referral.ts';
import { ClientWait, type ClientWaitParts } from './client-wait.ts';
import { KeptFetch } from './kept-fetch.ts';
import { type Known, knownAlong, knownAnswer } from './known.ts';
import {
  answeredOf,
  earliestExpiry,
  hasUntriedServers,
  isGoodVerdict,
  isOnlyForClient,
  isOnlyForWork,
  refused,
} from './outcome.ts';
import type { ResolverParts } from './parts.ts';
import { refreshTime, secondsToCarry } from './prefetch.ts';
import { RequestSlots } from './request-slots.ts';
import { ExpiredAnswers } from './serve-expired.ts';
import { FROM_STORE, type SharedCache } from './shared-cache.ts';
import {
  aggressiveCounter,
  denialCounter,
  knownAnswerOf,
  type Proven,
  provenOf,
  wholeOf,
} from './synthesised-denials.ts';
import { blamedFor, type Miss, Tries } from './tries.ts';
import { WorkRun, type WorkRunSteps } from './work-run.ts';

/** How a client's question differs from the plain one. */
interface ResolveCallOptions {
  /** Gets every step; such a work is not shared. */
  readonly trace?: Trace;
  /** Ask the tree even where the cache has an answer (prefetch). */
  readonly refresh?: boolean;
  /** What `look` said a moment ago, so that the caches are not asked again. */
  readonly miss?: Miss;
}

/** What changes about one fetch from the tree. */
interface FetchTreeOptions {
  /** Servers whose data was bad. */
  readonly avoid: ReadonlySet<string>;
  readonly isLookedUp: boolean;
}

const NOBODY: ReadonlySet<string> = new Set();
/** What chains of trust are made of. */
const SHARED_CHAIN_TYPES: ReadonlySet<number> = new Set([TYPE.DS, TYPE.DNSKEY]);

/** The resolver. One for each set of caches. */
export class Resolver {
  readonly #parts: ResolverParts;
  readonly #iterate: Iterate;
  readonly #validate: Validate;
  readonly #resolutions: InFlight<Resolution>;
  readonly #fetches: InFlight<IterationResult>;
  /** Questions asked again that no client waits for. */
  readonly #refreshes: InFlight<Resolution>;
  readonly #background: Background;
  readonly #clientWaits: ClientWaitParts;
  readonly #slots: RequestSlots;
  readonly #steps: WorkRunSteps;
  readonly #expired: ExpiredAnswers;
  #lastWorkId = 0;
  #isRetired = false;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    const { clock, report, options, answers, rrsets } = parts;
    const { signatureTime = BY_THE_CLOCK } = parts;
    this.#slots = new RequestSlots(clock, options);
    this.#expired = new ExpiredAnswers({ clock, answers, rrsets, options: options.serveExpired, signatureTime });
    this.#background = new Background(report);
    this.#refreshes = new InFlight<Resolution>({ report, isCallerSpecific: isOnlyForClient, refused });
    this.#resolutions = new InFlight<Resolution>({ report, isCallerSpecific: isOnlyForClient, refused });
    this.#fetches = new InFlight<IterationResult>({ report, isCallerSpecific: isOnlyForWork, refused });
    this.#clientWaits = {
      clock,
      deadlines: new Deadlines(clock),
      wallTimeMs: options.wallTimeMs,
      staleAfterMs: options.serveExpired.clientTimeoutMs,
      hasExpired: (question) => this.#expired.has(question),
      expired: (question) => this.#expiredAnswer(question),
      report,
    };
    this.#steps = {
      findData: (work, tries, asker) => this.#findData(work, tries, asker),
      validate: (work, found) => this.#validate(work, found),
      endOfAnswer: (work, tries, found, validated) => this.#endOfAnswer(work, tries, found, validated),
      endOfFailure: (work, tries, found) => this.#endOfFailure(work, tries, found),
      cancelled: (work) => this.#fail(work, { kind: 'cancelled' }),
      renewTrust: (work) => this.#renewTrust(work),
      release: (work) => this.#slots.release(work),
    };
    this.#iterate = parts.makeIterate(this.fetch);
    this.#validate = parts.makeValidate(this.fetch);
  }

  /** Clients' questions that are worked on now. */
  get worksInProgress(): number {
    return this.#resolutions.count;
  }

  /** All works in progress, clients' and their children. */
  works(): readonly InFlightEntry[] {
    return [...this.#resolutions.list(), ...this.#refreshes.list(), ...this.#fetches.list()];
  }

  /** Aborts everything (stop, reload without keeping works). */
  abortAll(): void {
    this.#resolutions.abortAll();
    this.#refreshes.abortAll();
    this.#fetches.abortAll();
  }

  /** Another resolver with other trust has taken over the caches: what is still under way here leaves no verdict in them. */
  retire(): void {
    this.#isRetired = true;
  }

  /**
   * What is answered at once: checked data (bogus included), a denial that follows from proven ones, expired data when that
   * is to be served before fetching, a remembered failure. Null: it must be resolved.
   */
  find(question: Question): Resolution | null {
    const looked = this.look(question);
    return looked.kind === 'miss' ? null : wholeOf(looked);
  }

  /** As `find`, for who goes on to `resolve`: that takes the miss. What known records prove is not copied. */
  look(question: Question): Resolution | Proven | Miss {
    const known = this.#lookUp(question);
    if ('kind' in known) return known;
    if (known.counter !== null) this.#parts.counters.add(known.counter);
    if (known.toKeep !== null) this.#parts.answers.store(question, known.toKeep);
    if (known.refreshSeconds !== null) this.#refreshUnlessAsked(question, known.refreshSeconds);
    return known.resolution;
  }

  /** What `find` would give, for who only wants to know: nothing is counted, nothing is fetched again. */
  peek(question: Question): Resolution | null {
    const known = this.#lookUp(question);
    return 'kind' in known ? null : wholeOf(known.resolution);
  }

  #lookUp(question: Question): Known | Miss {
    const { answers, deny, clock, options } = this.#parts;
    const cached = answers.find(question);
    if (cached !== null && cached.verdict !== null)
      return knownAnswer(question, cached, cached.verdict, clock.unixSeconds());
    const denied = cached === null ? (deny?.(question) ?? null) : null;
    if (denied !== null && 'sets' in denied)
      return {
        resolution: provenOf(question, denied),
        counter: denialCounter(denied),
        refreshSeconds: null,
        toKeep: null,
      };
    if (denied !== null) {
      const resolution = answeredOf(question, denied.found, denied.verdict, denied.expiresAt);
      return { resolution, counter: aggressiveCounter(denied.found), refreshSeconds: null, toKeep: null };
    }
    const failed = this.#knownFailure(question);
    if (failed !== null) return failed;
    const along = cached === null ? (this.#parts.signedAddresses?.(question) ?? null) : null;
    // What other hosts are offered goes the whole way; who has retired keeps nothing.
    const isGiven = along !== null && (this.#parts.shared ?? null) === null && !this.#isRetired;
    const { prefetch } = options;
    const given = isGiven ? knownAlong(question, along, { now: clock.unixSeconds(), prefetch }) : null;
    return given ?? { kind: 'miss', unchecked: cached?.found ?? along };
  }

  /** What is said in place of an answer: a remembered failure, or expired data. */
  #knownFailure(question: Question): Known | null {
    const { failures, options } = this.#parts;
    const failure = failures.find(question);
    if (failure !== null) {
      const stale = this.#knownExpired(question, null);
      if (stale !== null || !('failure' in failure.why)) return stale;
      const why: Failure = { kind: 'cached-failure', of: failure.why.failure };
      return { resolution: { kind: 'failed', question, why }, counter: null, refreshSeconds: null, toKeep: null };
    }
    const isLookedFor = options.serveExpired.isOn && this.#hasWaitedEnough(question);
    return isLookedFor ? this.#knownExpired(question, 0) : null;
  }

  #knownExpired(question: Question, refreshSeconds: number | null): Known | null {
    const resolution = this.#expired.find(question);
    return resolution === null ? null : { resolution, counter: 'expired.served', refreshSeconds, toKeep: null };
  }

  /** RFC 8767 §5: true when the question has been worked on for as long as a client should wait; always when that is 0. */
  #hasWaitedEnough(question: Question): boolean {
    const { options, clock } = this.#parts;
    const { clientTimeoutMs } = options.serveExpired;
    if (clientTimeoutMs === 0) return !this.#looksIntoStoreFirst();
    const work = this.#resolutions.find(this.#key('normal', question));
    return work !== null && clock.monotonicMs() - work.startedMs >= clientTimeoutMs;
  }

  /** Before expired data is served at once, the store may have fresh data (cachedb-check-when-serve-expired). */
  #looksIntoStoreFirst(): boolean {
    const { shared = null } = this.#parts;
    return shared?.options.checksBeforeExpired === true && !shared.isDown;
  }

  /** Where expired data would be served at once but for the store: what the store has, unchecked, or else that data. */
  async #storedOrExpired(question: Question, miss: Miss): Promise<Miss | Resolution> {
    const { options } = this.#parts;
    const isForNow = options.serveExpired.isOn && options.serveExpired.clientTimeoutMs === 0;
    if (!isForNow || miss.unchecked !== null || !this.#expired.has(question)) return miss;
    const found = this.#looksIntoStoreFirst() ? await this.#findShared(question) : null;
    if (found !== null) return { kind: 'miss', unchecked: found };
    const stale = this.#expiredAnswer(question);
    if (stale === null) return miss;
    this.#refreshUnlessAsked(question, 0);
    return stale;
  }

  /** What another host has found; counted as an answer of the store. */
  async #findShared(question: Question): Promise<FoundResult | null> {
    const found = (await this.#parts.shared?.find(question)) ?? null;
    if (found !== null) this.#parts.counters.add('cachedb.hits');
    return found;
  }

  /** What may be said without recursion when `find` has nothing: the best referral that the cache holds; null: none. */
  findReferral(question: Question): Answered | null {
    return findReferral(this.#parts.rrsets, question);
  }

  /** Answers a client's question. Rejects only for bugs. */
  resolve(question: Question, call: ResolveCallOptions = {}): Promise<Resolution> {
    return new Promise((take, fail) => this.resolveFor({ take, fail }, question, call));
  }

  /** The same for a client that is told, after this has returned; of a bug, too. */
  resolveFor(client: Taker<Resolution>, question: Question, call: ResolveCallOptions = {}): void {
    try {
      const isPlain = call.trace === undefined && call.refresh !== true;
      const known = call.miss ?? (isPlain ? this.look(question) : null);
      if (known !== null && known.kind !== 'miss') tellLater(client, wholeOf(known));
      else if (known === null || (this.#parts.shared ?? null) === null) this.#begin(client, question, call, known);
      else this.#beginWithStore(client, question, call, known);
    } catch (error) {
      void Promise.resolve().then(() => client.fail(error));
    }
  }

  #beginWithStore(client: Taker<Resolution>, question: Question, call: ResolveCallOptions, miss: Miss): void {
    const begin = (looked: Miss | Resolution): void => {
      if (looked.kind === 'miss') this.#begin(client, question, call, looked);
      else client.take(looked);
    };
    this.#storedOrExpired(question, miss)
      .then(begin)
      .catch((error: unknown) => client.fail(error));
  }

  /** Joins the work that is under way for this question, or begins one where there is room. */
  #begin(client: Taker<Resolution>, question: Question, call: ResolveCallOptions, looked: Miss | null): void {
    const { trace = null, refresh = false } = call;
    const mode: WorkMode = refresh ? 'refresh' : 'normal';
    const key = trace === null ? this.#key(mode, question) : `traced ${this.#lastWorkId} ${questionKey(question)}`;
    const wait = trace === null && !refresh ? new ClientWait(this.#clientWaits, question, client) : null;
    if (this.#resolutions.find(key) === null && !this.#makeSlot()) {
      const failed: Resolution = { kind: 'failed', question, why: { kind: 'overload' } };
      tellLater(client, wait?.orExpired(failed) ?? failed);
      return;
    }
    const start = () => this.#newWork(question, mode, null, trace);
    let miss = looked;
    this.#resolutions.tell(wait ?? client, key, start, (work, end) => {
      this.#slots.take(work);
      return new WorkRun(this.#steps, work, new Tries(miss, 0), end).start();
    });
    // Who starts only after another's work has ended looks anew.
    miss = null;
    wait?.start();
  }

  /** Fetches again in the background, unless somebody is at it. */
  #refreshUnlessAsked(question: Question, secondsLeft: number): void {
    const key = questionKey(question);
    if (this.#refreshes.find(key) !== null || this.#resolutions.find(this.#key('normal', question)) !== null) return;
    const start = () => this.#newWork(question, 'refresh', null, null);
    const tries = () => new Tries(null, secondsToCarry(secondsLeft));
    const run = (work: Work, end: Taker<Resolution>) => new WorkRun(this.#steps, work, tries(), end).start();
    const isStarted = this.#background.start(() => this.#refreshes.share(key, null, start, run));
    if (isStarted) this.#parts.counters.add('prefetch');
  }

  #expiredAnswer(question: Question): Answered | null {
    const stale = this.#expired.find(question);
    if (stale !== null) this.#parts.counters.add('expired.served');
    return stale;
  }

  /** Asks a question as a child of a work: from the caches where they know it, else from the tree, unvalidated. */
  readonly fetch: Fetch = (parent, question, options = {}) => {
    const avoid = options.avoid ?? NOBODY;
    const known = findForFetch(this.#parts, question, avoid);
    if (known !== null) return known;
    const mode: WorkMode = options.mode ?? 'normal';
    // Keys are asked for where a DS or an anchor says that they are: no span can deny them and be right.
    const mayBeDenied = avoid.size === 0 && !(mode === 'for-validation' && question.type === TYPE.DNSKEY);
    const denied = mayBeDenied ? (this.#parts.deny?.(question) ?? null) : null;
    if (denied !== null) return knownAnswerOf(question, denied).found;
    // Fetches with servers to avoid are not shared: each has its own view of who lies.
    const key =
      avoid.size > 0
        ? `avoiding ${this.#lastWorkId} ${questionKey(question)}`
        : sharingKey(mode, parent.trustEpoch, question);
    const start = () => this.#newWork(question, mode, parent, parent.trace);
    let isLookedUp = true;
    const sharing = this.#fetches.share(key, parent, start, (work, end) =>
      this.#fetchWork(work, { avoid, isLookedUp }, end),
    );
    // Who starts only after another's work has ended looks anew.
    isLookedUp = false;
    return sharing;
  };

  #fetchWork(work: Work, call: FetchTreeOptions, end: Taker<IterationResult>): Soon<IterationResult> | null {
    // Of the questions of our own those for keys: each host would ask for them for every zone. They are checked as all others are.
    const isShared = SHARED_CHAIN_TYPES.has(work.question.type);
    const shared = isShared ? (this.#parts.shared ?? null) : null;
    return shared !== null ? this.#fetchShared(work, call, shared) : this.#fetchFromTree(work, call, end);
  }

  async #fetchShared(work: Work, call: FetchTreeOptions, shared: SharedCache): Promise<IterationResult> {
    const stored = call.avoid.size > 0 ? null : await shared.find(work.question);
    if (stored !== null) {
      this.#keepUnchecked(work, stored);
      return stored;
    }
    if (work.signal.aborted) throw new Cancelled();
    const found = await soonOrTold<IterationResult>((end) => this.#fetchFromTree(work, call, end));
    const mayKeep = found.kind === 'found' && !isNotKept(found) && found.aliases.length === 0;
    if (mayKeep) shared.keep(work.question, found);
    return found;
  }

  #fetchFromTree(
    work: Work,
    { avoid, isLookedUp }: FetchTreeOptions,
    end: Taker<IterationResult>,
  ): IterationResult | null {
    const followAliases = work.mode !== 'for-validation';
    const keeping = new KeptFetch(this.#keepUnchecked, work, end);
    const found = this.#iterate(work, { avoid, isLookedUp, followAliases, refresh: avoid.size > 0 }, keeping);
    if (found?.kind === 'found') this.#keepUnchecked(work, found);
    return found;
  }

  /** Keeps a fetched answer for the next client, unless better is known. */
  readonly #keepUnchecked = ({ question, mode, trustEpoch }: Work, found: FoundResult): void => {
    // Sets in it may have a verdict from before trust has changed.
    if (trustEpoch !== this.#parts.rrsets.trustEpoch) return;
    // The validator's aliases are not followed: such a chain is no answer to anybody else.
    if ((mode === 'for-validation' && found.aliases.length > 0) || isNotKept(found)) return;
    if (mode === 'for-validation' && isKeptAsSet(this.#parts, found)) return;
    const { answers, clock } = this.#parts;
    const known = answers.find(question);
    if (known !== null && known.verdict?.status === 'secure') return;
    const times = { storedAt: clock.unixSeconds(), expiresAt: earliestExpiry(found) };
    answers.store(question, { found, verdict: null, ...times });
  };

  /** Has the work validate by what is trusted now; false: it has done so. */
  #renewTrust(work: Work): boolean {
    const { trustEpoch } = this.#parts.rrsets;
    if (work.trustEpoch === trustEpoch || this.#isRetired) return false;
    work.trustEpoch = trustEpoch;
    return true;
  }

  /** How a work ends that found nothing; null: it asks again. */
  #endOfFailure(
    work: Work,
    tries: Tries,
    { why, notKept, isByMemory }: Extract<IterationResult, { readonly kind: 'failed' }>,
  ): Resolution | null {
    if (tries.best !== null) return this.#tell(tries.best);
    // What led here is forgotten, and may have been forged: its server is asked.
    const mayAskAgain = isByMemory === true && isKeptFailure(why);
    if (!mayAskAgain) return this.#fail(work, why, notKept);
    return ++tries.restarts > this.#parts.options.maxRestarts ? this.#fail(work, { kind: 'cancelled' }) : null;
  }

  /** How a work ends that found an answer; null: it was bogus, and others are asked. */
  #endOfAnswer(work: Work, tries: Tries, found: FoundResult, validated: Validated): Resolution | null {
    const { options, counters } = this.#parts;
    const { verdict } = validated;
    if (tries.dismissUnproven(found, verdict)) return null;
    this.#note(work, () => ({ kind: 'verdict', verdict }));
    const answered = this.#keep(work, validated.found, verdict);
    const counter = work.mode === 'normal' ? aggressiveCounter(validated.found) : null;
    if (counter !== null) counters.add(counter);
    if (verdict.status !== 'bogus') {
      this.#share(work.question, found, validated);
      return this.#finish(work, answered);
    }
    if (found.end.server === FROM_STORE) counters.add('cachedb.bogus');
    tries.best = answered;
    const avoid = new Set([...tries.avoid, ...blamedFor(found, validated, tries)]);
    // Every server that could be blamed was blamed: the zone itself is bogus.
    const isOver = avoid.size === tries.avoid.size || ++tries.restarts > options.maxRestarts;
    tries.avoid = avoid;
    return isOver ? this.#finish(work, answered) : null;
  }

  #finish(work: Work, answered: Answered): Answered {
    const { rcode, question } = answered;
    this.#note(work, () => ({ kind: 'finished', question, rcode }));
    return this.#tell(answered);
  }

  #note(work: Work, step: () => TraceStep): void {
    if (work.trace !== null) work.note(this.#parts.clock.monotonicMs(), step);
  }

  /** Offers to other hosts what was found here and is good. */
  #share(question: Question, before: FoundResult, { found, verdict }: Validated): void {
    if (before.end.server === FROM_STORE || !isGoodVerdict(verdict)) return;
    if (!isNotKept(found) && found.end.isSynthesised !== true) this.#parts.shared?.keep(question, found);
  }

  /** Of what ended bogus, after all servers that could be blamed were asked. */
  #tell(best: Answered): Answered {
    const { question, verdict } = best;
    if (verdict?.status === 'bogus') this.#parts.onBogus?.(question, verdict.why);
    return best;
  }

  /** Unchecked data: from the cache on the first try, else from the tree. */
  #findData(work: Work, tries: Tries, asker: Taker<IterationResult>): Soon<IterationResult> | null {
    const { miss, avoid, expiryMarginSeconds, mayUseAlong } = tries;
    tries.askedAt = this.#parts.clock.unixSeconds();
    const mayUseCache = avoid.size === 0 && work.mode === 'normal';
    const isLookedUp = mayUseCache && miss !== null;
    const unchecked = mayUseCache ? this.#lookForUnchecked(work.question, tries) : null;
    if (unchecked !== null) return unchecked;
    const call = { avoid, followAliases: true, refresh: !mayUseCache, isLookedUp, expiryMarginSeconds, mayUseAlong };
    if (!mayUseCache || (this.#parts.shared ?? null) === null) return this.#iterate(work, call, asker);
    return this.#findShared(work.question).then((shared) => {
      if (shared !== null) return shared;
      if (work.signal.aborted) throw new Cancelled();
      return soonOrTold((late) => this.#iterate(work, call, late));
    });
  }

  #lookForUnchecked(question: Question, { miss, mayUseAlong }: Tries): FoundResult | null {
    if (miss !== null && mayUseAlong) return miss.unchecked;
    const cached = this.#parts.answers.find(question);
    if (cached !== null) return cached.verdict === null ? cached.found : null;
    return mayUseAlong ? (this.#parts.signedAddresses?.(question) ?? null) : null;
  }

  /** Puts validated data into the cache and makes the answer of it. */
  #keep({ question, trustEpoch }: Work, found: FoundResult, verdict: Verdict): Answered {
    const { clock, options, counters, rrsets } = this.#parts;
    const now = clock.unixSeconds();
    if (verdict.status === 'bogus') counters.add(`bogus.${verdict.why.kind}`);
    this.#parts.onVerdict?.(verdict);
    if (trustEpoch !== rrsets.trustEpoch || this.#isRetired) return answeredOf(question, found, verdict, now);
    if (isGoodVerdict(verdict)) return this.#keepGood(question, found, verdict);
    const kept = verdict.status === 'indeterminate' ? options.failureTtlSeconds : options.bogusTtlSeconds;
    this.#keepBad(question, { found, verdict, storedAt: now, expiresAt: now + kept });
    return answeredOf(question, found, verdict, now + kept);
  }

  #keepGood(question: Question, found: FoundResult, verdict: Verdict): Answered {
    const { answers, clock, options } = this.#parts;
    // RFC 1035 §3.2.1 in spirit: as with a TTL of zero, it answers the question in progress and no other.
    if (isNotKept(found)) return answeredOf(question, found, verdict, clock.unixSeconds());
    const storedAt = clock.unixSeconds();
    const expiresAt = earliestExpiry(found);
    const refreshAt = options.prefetch ? refreshTime(storedAt, expiresAt) : expiresAt;
    answers.store(question, { found, verdict, storedAt, expiresAt, refreshAt });
    return answeredOf(question, found, verdict, refreshAt);
  }

  /** What may not be served hides neither a secure answer that is still fresh nor an expired one that may be served. */
  #keepBad(question: Question, bad: CachedAnswer & { readonly verdict: Verdict }): void {
    const { answers, failures, clock } = this.#parts;
    if (answers.find(question)?.verdict?.status === 'secure' || isNotKept(bad.found)) return;
    if (!this.#expired.has(question)) {
      answers.store(question, bad);
      return;
    }
    this.#expired.noteFailure(question);
    failures.store(question, { verdict: bad.verdict }, bad.expiresAt - clock.unixSeconds());
  }

  #fail(work: Work, why: Failure, notKept = false): Resolution {
    const { failures, options, counters } = this.#parts;
    if (why.kind === 'limit') counters.add(`limit.${why.limit}`);
    // While servers are left that were not asked, the next try may find the good one.
    const seconds = hasUntriedServers(why) ? MIN_FAILURE_SECONDS : options.failureTtlSeconds;
    if (isKeptFailure(why) && !notKept) failures.store(work.question, { failure: why }, seconds);
    this.#expired.noteFailure(work.question);
    this.#note(work, () => ({ kind: 'failed', question: work.question, why }));
    return { kind: 'failed', question: work.question, why };
  }

  /** Makes room for one more client question by the jostle rule; false when all are too young to give way. */
  #makeSlot(): boolean {
    const offer = this.#slots.offer();
    if (offer.kind === 'full') this.#parts.counters.add('requestlist.exceeded');
    if (offer.kind !== 'victim') return offer.kind === 'free';
    this.#parts.counters.add('requestlist.overwritten');
    offer.work.abort();
    return true;
  }

  /** Equal questions of clients share a work, unless trust has changed since it began. */
  #key(mode: WorkMode, question: Question): string {
    return sharingKey(mode, this.#parts.rrsets.trustEpoch, question);
  }

  #newWork(question: Question, mode: WorkMode, parent: Work | null, trace: Trace | null): Work {
    const { clock, options, rrsets, stepTrace } = this.#parts;
    const startedMs = clock.monotonicMs();
    return new Work({
      id: ++this.#lastWorkId,
      question,
      mode,
      parent,
      budget: parent?.budget ?? new Budget(options.allowance),
      startedMs,
      deadlineMs: parent?.deadlineMs ?? startedMs + options.wallTimeMs + options.graceMs,
      trace: trace ?? parent?.trace ?? stepTrace?.(question) ?? null,
      trustEpoch: this.#isRetired ? -1 : rrsets.trustEpoch,
    });
  }
}

/**
 * Equal questions share a work, unless it is for something else or trust has changed since it began. No plain key begins as the others
 * do: their fifth octet is a letter, where a name has the length of its first label.
 */
function sharingKey(mode: WorkMode, trustEpoch: number, question: Question): string {
  const plain = questionKey(question);
  return mode === 'normal' && trustEpoch === 0 ? plain : `${mode} ${trustEpoch} ${plain}`;
}

/** Has a client told after the caller has returned. */
function tellLater(client: Taker<Resolution>, resolution: Resolution): void {
  void Promise.resolve(resolution).then((known) => client.take(known));
}
