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
import type { CounterName } from '../trace/counters.ts';
import type { Trace } from '../trace/trace.ts';
import { isRemembered as isFromMemory, MEMORY } from '../validate/ask-chain.ts';
import type { Validate, Validated } from '../validate/validate-answer.ts';
import { type Question, questionKey, questionText } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { Background } from '../work/background.ts';
import { Budget } from '../work/budget.ts';
import { Cancelled } from '../work/cancelled.ts';
import { Deadlines } from '../work/deadlines.ts';
import type { Fetch, FetchOptions } from '../work/fetch.ts';
import { InFlight, type InFlightEntry } from '../work/in-flight.ts';
import { Work, type WorkMode } from '../work/work.ts';
import { findForFetch } from './cached-data.ts';
import { findReferral } from './cached-referral.ts';
import { type ClientTimer, withClientTimers } from './client-timers.ts';
import {
  answeredOf,
  earliestExpiry,
  hasUntriedServers,
  isGoodVerdict,
  isOnlyForClient,
  isOnlyForWork,
} from './outcome.ts';
import type { ResolverParts } from './parts.ts';
import { refreshTime, secondsToCarry } from './prefetch.ts';
import { RequestSlots } from './request-slots.ts';
import { ExpiredAnswers } from './serve-expired.ts';
import { FROM_STORE } from './shared-cache.ts';
import {
  aggressiveCounter,
  denialCounter,
  knownAnswerOf,
  type Proven,
  provenOf,
  wholeOf,
} from './synthesised-denials.ts';

/** How a client's question differs from the plain one. */
interface ResolveCallOptions {
  /** Gets every step; such a work is not shared. */
  readonly trace?: Trace;
  /** Ask the tree even where the cache has an answer (prefetch). */
  readonly refresh?: boolean;
  /** What `look` said a moment ago, so that the caches are not asked again. */
  readonly miss?: Miss;
}

/** The caches have no answer to give at once. */
export interface Miss {
  readonly kind: 'miss';
  /** Data that iteration fetched for itself and that nobody has validated yet; null: none. */
  readonly unchecked: FoundResult | null;
}

/** What the caches say to a client's question, and what giving it entails. */
interface Known {
  readonly resolution: Resolution | Proven;
  /** Counted when it is given; null: nothing. */
  readonly counter: CounterName | null;
  /** Seconds that are left of what is to be fetched again; null: it need not be. */
  readonly refreshSeconds: number | null;
}

interface WorkStartOptions {
  /** Null or absent: the caches were not asked. */
  readonly miss?: Miss | null;
  /** Delegations that do not hold for so many seconds more are asked for anew. Default 0. */
  readonly expiryMarginSeconds?: number;
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
  /** Clients' patience. */
  readonly #deadlines: Deadlines;
  readonly #background: Background;
  readonly #slots: RequestSlots;
  readonly #expired: ExpiredAnswers;
  #lastWorkId = 0;
  #isRetired = false;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    const { clock, report, options, answers, rrsets } = parts;
    const { signatureTime = BY_THE_CLOCK } = parts;
    this.#slots = new RequestSlots(clock, options);
    this.#expired = new ExpiredAnswers({ clock, answers, rrsets, options: options.serveExpired, signatureTime });
    this.#deadlines = new Deadlines(clock);
    this.#background = new Background(report);
    this.#refreshes = new InFlight({ clock, report, isCallerSpecific: isOnlyForClient });
    this.#resolutions = new InFlight({ clock, report, isCallerSpecific: isOnlyForClient });
    this.#fetches = new InFlight({ clock, report, isCallerSpecific: isOnlyForWork });
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
    if (known.refreshSeconds !== null) this.#refreshUnlessAsked(question, known.refreshSeconds);
    return known.resolution;
  }

  /** What `find` would give, for who only wants to know: nothing is counted, nothing is fetched again. */
  peek(question: Question): Resolution | null {
    const known = this.#lookUp(question);
    return 'kind' in known ? null : wholeOf(known.resolution);
  }

  #lookUp(question: Question): Known | Miss {
    const { answers, deny } = this.#parts;
    const cached = answers.find(question);
    if (cached !== null && cached.verdict !== null) return this.#knownAnswer(question, cached, cached.verdict);
    const denied = cached === null ? (deny?.(question) ?? null) : null;
    if (denied !== null && 'sets' in denied)
      return { resolution: provenOf(question, denied), counter: denialCounter(denied), refreshSeconds: null };
    if (denied !== null) {
      const resolution = answeredOf(question, denied.found, denied.verdict, denied.expiresAt);
      return { resolution, counter: aggressiveCounter(denied.found), refreshSeconds: null };
    }
    return this.#knownFailure(question) ?? { kind: 'miss', unchecked: cached?.found ?? null };
  }

  /** What is said in place of an answer: a remembered failure, or expired data. */
  #knownFailure(question: Question): Known | null {
    const { failures, options } = this.#parts;
    const failure = failures.find(question);
    if (failure !== null) {
      const stale = this.#knownExpired(question, null);
      if (stale !== null || !('failure' in failure.why)) return stale;
      const why: Failure = { kind: 'cached-failure', of: failure.why.failure };
      return { resolution: { kind: 'failed', question, why }, counter: null, refreshSeconds: null };
    }
    const isLookedFor = options.serveExpired.isOn && this.#hasWaitedEnough(question);
    return isLookedFor ? this.#knownExpired(question, 0) : null;
  }

  #knownExpired(question: Question, refreshSeconds: number | null): Known | null {
    const resolution = this.#expired.find(question);
    return resolution === null ? null : { resolution, counter: 'expired.served', refreshSeconds };
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
  async resolve(question: Question, call: ResolveCallOptions = {}): Promise<Resolution> {
    const trace = call.trace ?? null;
    const isPlain = trace === null && call.refresh !== true;
    const known = call.miss ?? (isPlain ? this.look(question) : null);
    if (known !== null && known.kind !== 'miss') return wholeOf(known);
    const looked =
      known !== null && (this.#parts.shared ?? null) !== null ? await this.#storedOrExpired(question, known) : known;
    if (looked !== null && looked.kind !== 'miss') return looked;
    const mode: WorkMode = call.refresh === true ? 'refresh' : 'normal';
    const key = trace === null ? this.#key(mode, question) : `traced ${this.#lastWorkId} ${questionKey(question)}`;
    if (this.#resolutions.find(key) === null && !this.#makeSlot()) {
      const failed: Resolution = { kind: 'failed', question, why: { kind: 'overload' } };
      return isPlain ? this.#orExpired(failed) : failed;
    }
    const start = () => this.#newWork({ question, mode, parent: null, trace });
    let miss = looked;
    const shared = this.#resolutions.share(key, null, start, (work) => this.#runInSlot(work, miss));
    // Who starts only after another's work has ended looks anew.
    miss = null;
    const result = shared.then(
      (end): Resolution =>
        end.kind === 'result' ? end.value : { kind: 'failed', question, why: { kind: 'dependency-cycle' } },
    );
    if (!isPlain) return await result;
    const { report } = this.#parts;
    const timers = { deadlines: this.#deadlines, report };
    return this.#orExpired(await withClientTimers(timers, result, this.#earlyEnds(question)));
  }

  #knownAnswer(question: Question, cached: CachedAnswer, verdict: Verdict): Known {
    const now = this.#parts.clock.unixSeconds();
    const { refreshAt, expiresAt, found } = cached;
    const isPrefetched = refreshAt !== undefined && expiresAt > refreshAt;
    const isDue = isPrefetched && now >= refreshAt;
    const until = isDue ? now : isPrefetched ? refreshAt : expiresAt;
    const resolution = answeredOf(question, found, verdict, until);
    return { resolution, counter: null, refreshSeconds: isDue ? expiresAt - now : null };
  }

  /** Fetches again in the background, unless somebody is at it. */
  #refreshUnlessAsked(question: Question, secondsLeft: number): void {
    const key = questionKey(question);
    if (this.#refreshes.find(key) !== null || this.#resolutions.find(this.#key('normal', question)) !== null) return;
    const start = () => this.#newWork({ question, mode: 'refresh', parent: null, trace: null });
    const run = (work: Work) => this.#resolveUnlessStopped(work, { expiryMarginSeconds: secondsToCarry(secondsLeft) });
    const isStarted = this.#background.start(() => this.#refreshes.share(key, null, start, run));
    if (isStarted) this.#parts.counters.add('prefetch');
  }

  #expiredAnswer(question: Question): Answered | null {
    const stale = this.#expired.find(question);
    if (stale !== null) this.#parts.counters.add('expired.served');
    return stale;
  }

  /** When a client's wait ends before its question is resolved. The work goes on, so that its answer is there next time. */
  #earlyEnds(question: Question): readonly ClientTimer<Resolution>[] {
    const { clientTimeoutMs } = this.#parts.options.serveExpired;
    const late: ClientTimer<Resolution> = {
      afterMs: this.#parts.options.wallTimeMs,
      take: () => ({ kind: 'failed', question, why: { kind: 'deadline', record: questionText(question) } }),
    };
    // RFC 8767 §5: the client response timer.
    const stale = { afterMs: clientTimeoutMs, take: () => this.#expiredAnswer(question) };
    return this.#expired.has(question) ? [stale, late] : [late];
  }

  /** RFC 8767 §4: expired data in place of no good answer. */
  #orExpired(resolution: Resolution): Resolution {
    const isGood = resolution.kind === 'answered' && isGoodVerdict(resolution.verdict);
    return isGood ? resolution : (this.#expiredAnswer(resolution.question) ?? resolution);
  }

  /** Runs a client's work in a place of its own. */
  async #runInSlot(work: Work, miss: Miss | null): Promise<Resolution> {
    this.#slots.take(work);
    try {
      return await this.#resolveUnlessStopped(work, { miss });
    } finally {
      this.#slots.release(work);
    }
  }

  /** The one place where being stopped becomes a value. */
  async #resolveUnlessStopped(work: Work, start: WorkStartOptions): Promise<Resolution> {
    const { rrsets } = this.#parts;
    try {
      const resolution = await this.#resolveWork(work, start);
      if (work.trustEpoch === rrsets.trustEpoch || this.#isRetired) return resolution;
      // It was validated by what may not be trusted any more; who asked after that waits for it too.
      work.trustEpoch = rrsets.trustEpoch;
      return await this.#resolveWork(work, {});
    } catch (error) {
      if (error instanceof Cancelled) return this.#fail(work, { kind: 'cancelled' });
      throw error;
    }
  }

  /** Asks a question as a child of a work: from the caches where they know it, else from the tree, unvalidated. */
  readonly fetch: Fetch = async (parent, question, options = {}) => {
    const avoid = options.avoid ?? NOBODY;
    const known = findForFetch(this.#parts, question, avoid);
    if (known !== null) return known;
    const mode: WorkMode = options.mode ?? 'normal';
    // Keys are asked for where a DS or an anchor says that they are: no span can deny them and be right.
    const mayBeDenied = avoid.size === 0 && !(mode === 'for-validation' && question.type === TYPE.DNSKEY);
    const denied = mayBeDenied ? (this.#parts.deny?.(question) ?? null) : null;
    if (denied !== null) return knownAnswerOf(question, denied).found;
    const start = () => this.#newWork({ question, mode, parent, trace: parent.trace });
    const sharingKey = `${parent.trustEpoch} ${fetchKey(mode, question, options, this.#lastWorkId)}`;
    let isLookedUp = true;
    const run = (work: Work) => this.#fetchWork(work, avoid, isLookedUp);
    const sharing = this.#fetches.share(sharingKey, parent, start, run);
    // Who starts only after another's work has ended looks anew.
    isLookedUp = false;
    const shared = await sharing;
    return shared.kind === 'result' ? shared.value : { kind: 'failed', why: { kind: 'dependency-cycle' } };
  };

  async #fetchWork(work: Work, avoid: ReadonlySet<string>, isLookedUp: boolean): Promise<IterationResult> {
    // Of the questions of our own those for keys: each host would ask for them for every zone. They are checked as all others are.
    const shared = SHARED_CHAIN_TYPES.has(work.question.type) ? (this.#parts.shared ?? null) : null;
    const stored = shared === null || avoid.size > 0 ? null : await shared.find(work.question);
    if (stored !== null) {
      this.#keepUnchecked(work, stored);
      return stored;
    }
    if (work.signal.aborted) throw new Cancelled();
    const found = await this.#iterate(work, {
      avoid,
      isLookedUp,
      followAliases: work.mode !== 'for-validation',
      refresh: avoid.size > 0,
    });
    if (found.kind !== 'found') return found;
    this.#keepUnchecked(work, found);
    if (shared !== null && !isNotKept(found) && found.aliases.length === 0) shared.keep(work.question, found);
    return found;
  }

  /** Keeps a fetched answer for the next client, unless better is known. */
  #keepUnchecked({ question, mode, trustEpoch }: Work, found: FoundResult): void {
    // Sets in it may have a verdict from before trust has changed.
    if (trustEpoch !== this.#parts.rrsets.trustEpoch) return;
    // The validator's aliases are not followed: such a chain is no answer to anybody else.
    if ((mode === 'for-validation' && found.aliases.length > 0) || isNotKept(found)) return;
    const { answers, clock } = this.#parts;
    const known = answers.find(question);
    if (known !== null && known.verdict?.status === 'secure') return;
    const times = { storedAt: clock.unixSeconds(), expiresAt: earliestExpiry(found) };
    answers.store(question, { found, verdict: null, ...times });
  }

  async #resolveWork(work: Work, { miss = null, expiryMarginSeconds = 0 }: WorkStartOptions): Promise<Resolution> {
    const { clock, options, counters } = this.#parts;
    const avoid = new Set<string>();
    let best: Answered | null = null;
    for (let restart = 0; restart <= options.maxRestarts; restart++) {
      const askedAt = clock.unixSeconds();
      const found = await this.#findData(work, avoid, { miss, expiryMarginSeconds });
      if (found.kind === 'failed') {
        // What led here is forgotten, and may have been forged: its server is asked.
        if (best === null && found.isByMemory === true && isKeptFailure(found.why)) continue;
        return best === null ? this.#fail(work, found.why, found.notKept) : this.#tell(best);
      }
      const validated = await this.#validate(work, found);
      work.note(clock.monotonicMs(), () => ({ kind: 'verdict', verdict: validated.verdict }));
      best = this.#keep(work, validated.found, validated.verdict);
      const counter = work.mode === 'normal' ? aggressiveCounter(validated.found) : null;
      if (counter !== null) counters.add(counter);
      if (validated.verdict.status !== 'bogus') {
        this.#share(work.question, found, validated);
        break;
      }
      if (found.end.server === FROM_STORE) counters.add('cachedb.bogus');
      const before = avoid.size;
      for (const server of blamedFor(found, validated, { avoid, askedAt })) avoid.add(server);
      // Every server that could be blamed was blamed: the zone itself is bogus.
      if (avoid.size === before) break;
    }
    if (best === null) return this.#fail(work, { kind: 'cancelled' });
    const { rcode, question } = best;
    work.note(clock.monotonicMs(), () => ({ kind: 'finished', question, rcode }));
    return this.#tell(best);
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
  async #findData(
    work: Work,
    avoid: ReadonlySet<string>,
    { miss = null, expiryMarginSeconds = 0 }: WorkStartOptions,
  ): Promise<IterationResult> {
    const mayUseCache = avoid.size === 0 && work.mode === 'normal';
    const isLookedUp = mayUseCache && miss !== null;
    const unchecked = mayUseCache ? (miss ?? this.#lookForUnchecked(work.question)).unchecked : null;
    if (unchecked !== null) return unchecked;
    if (mayUseCache && (this.#parts.shared ?? null) !== null) {
      const shared = await this.#findShared(work.question);
      if (shared !== null) return shared;
      if (work.signal.aborted) throw new Cancelled();
    }
    return this.#iterate(work, { avoid, followAliases: true, refresh: !mayUseCache, isLookedUp, expiryMarginSeconds });
  }

  #lookForUnchecked(question: Question): Pick<Miss, 'unchecked'> {
    const cached = this.#parts.answers.find(question);
    return { unchecked: cached?.verdict === null ? cached.found : null };
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
    work.note(this.#parts.clock.monotonicMs(), () => ({ kind: 'failed', question: work.question, why }));
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
    return `${this.#parts.rrsets.trustEpoch} ${mode} ${questionKey(question)}`;
  }

  #newWork(start: {
    readonly question: Question;
    readonly mode: WorkMode;
    readonly parent: Work | null;
    readonly trace: Trace | null;
  }): Work {
    const { clock, options } = this.#parts;
    const nowMs = clock.monotonicMs();
    return new Work({
      ...start,
      trace: start.trace ?? start.parent?.trace ?? this.#parts.stepTrace?.(start.question) ?? null,
      id: ++this.#lastWorkId,
      startedMs: nowMs,
      trustEpoch: this.#isRetired ? -1 : this.#parts.rrsets.trustEpoch,
      budget: start.parent?.budget ?? new Budget(options.allowance),
      deadlineMs: start.parent?.deadlineMs ?? nowMs + options.wallTimeMs + options.graceMs,
    });
  }
}

/** Whom not to ask again: before a server is blamed for data that was remembered, the servers are asked anew (RFC 4035 §4.7). */
function blamedFor(
  found: FoundResult,
  { badServers }: Validated,
  { avoid, askedAt }: { readonly avoid: ReadonlySet<string>; readonly askedAt: number },
): readonly string[] {
  const mayBeOld = badServers.length > 0 && !avoid.has(MEMORY) && isFromMemory(found, askedAt);
  return mayBeOld ? [MEMORY] : badServers;
}

/** Fetches with servers to avoid are not shared: each has its own view of who lies. */
function fetchKey(mode: WorkMode, question: Question, options: FetchOptions, unique: number): string {
  const avoids = (options.avoid?.size ?? 0) > 0;
  return avoids ? `avoiding ${unique} ${questionKey(question)}` : `${mode} ${questionKey(question)}`;
}
