/**
 * The resolver: joins iteration, validation and caches behind one door.
 *
 * Duties: answer from what is known, else share one work per question; ask the tree, judge the answer, ask other servers
 * when it is bogus (val-max-restart), keep what was learnt (answers, bogus answers for a bounded time, failures by
 * RFC 9520); give `iterate` and `validate` the `Fetch` by which they ask further questions as children of their work.
 * Leaves to others: how the tree is asked (iterate), what DNSSEC says (validate), flags and clients (serve).
 *
 * Clients' questions are validated with the CD bit set too, as Unbound does, so that a lying server is noticed and asked
 * no more; CD only changes what is served (RFC 6840 §5.9).
 */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { FailureCache } from '../cache/failure-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { Iterate } from '../iterate/iterate.ts';
import type { Clock } from '../ports/clock.ts';
import type { Failure } from '../terms/failure.ts';
import type { Found } from '../terms/found.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { Counters } from '../trace/counters.ts';
import type { Trace } from '../trace/trace.ts';
import type { Validate } from '../validate/validate-answer.ts';
import { type Question, questionKey } from '../wire/question.ts';
import { type Allowance, Budget } from '../work/budget.ts';
import { Cancelled } from '../work/cancelled.ts';
import type { Fetch, FetchOptions } from '../work/fetch.ts';
import { InFlight, type InFlightEntry } from '../work/in-flight.ts';
import { Work, type WorkMode } from '../work/work.ts';
import { findForFetch } from './cached-data.ts';
import { answeredOf, earliestExpiry, type FoundData, isPersonal, isPersonalFailure } from './outcome.ts';

/** The resolver's own settings. */
export interface ResolveOptions {
  /** Times that bogus data is asked for again from other servers (val-max-restart). */
  readonly maxRestarts: number;
  /** Seconds that a bogus answer is believed to be so (val-bogus-ttl). */
  readonly bogusTtlSeconds: number;
  /** Seconds that a failure is remembered (RFC 9520 §3.2: 1 to 300). */
  readonly failureTtlSeconds: number;
  /**
   * Milliseconds that a client's question may take before it fails with `deadline`. A stub resolver of glibc gives up
   * after 2 tries of 5 s: an answer that says why must come before that.
   */
  readonly wallTimeMs: number;
  /** Clients' questions worked on at a time (num-queries-per-thread). */
  readonly maxWorks: number;
  /** Milliseconds after which a work may be thrown out to make room (jostle-timeout). */
  readonly jostleMs: number;
  /** What one client query may spend. */
  readonly allowance: Allowance;
}

/** What the resolver is made of. `makeIterate` and `makeValidate` get the fetch that only the resolver can make. */
export interface ResolverParts {
  readonly clock: Clock;
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
  readonly failures: FailureCache;
  readonly counters: Counters;
  readonly options: ResolveOptions;
  /** Takes a bug in a work that nobody waits for any more. */
  readonly report: (error: unknown) => void;
  readonly makeIterate: (fetch: Fetch) => Iterate;
  readonly makeValidate: (fetch: Fetch) => Validate;
}

/** How a client's question differs from the plain one. */
export interface ResolveCall {
  /** Gets every step; such a work is not shared. */
  readonly trace?: Trace;
  /** Ask the tree even where the cache has an answer (prefetch). */
  readonly refresh?: boolean;
}

const NOBODY: ReadonlySet<string> = new Set();

/** The resolver. One for each set of caches. */
export class Resolver {
  readonly #parts: ResolverParts;
  readonly #iterate: Iterate;
  readonly #validate: Validate;
  readonly #resolutions: InFlight<Resolution>;
  readonly #fetches: InFlight<Found>;
  #lastWorkId = 0;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    const { clock, report } = parts;
    this.#resolutions = new InFlight({ clock, report, isPersonal });
    this.#fetches = new InFlight({ clock, report, isPersonal: isPersonalFound });
    this.#iterate = parts.makeIterate(this.fetch);
    this.#validate = parts.makeValidate(this.fetch);
  }

  /** Clients' questions that are worked on now. */
  get worksInProgress(): number {
    return this.#resolutions.count;
  }

  /** All works in progress, clients' and their children. */
  works(): readonly InFlightEntry[] {
    return [...this.#resolutions.list(), ...this.#fetches.list()];
  }

  /** Aborts everything (stop, reload without keeping works). */
  abortAll(): void {
    this.#resolutions.abortAll();
    this.#fetches.abortAll();
  }

  /** What the caches answer at once: checked data (bogus included) or a remembered failure; null: it must be resolved. */
  find(question: Question): Resolution | null {
    const cached = this.#parts.answers.find(question);
    if (cached !== null && cached.verdict !== null) {
      return answeredOf(question, cached.found, cached.verdict, cached.expiresAt);
    }
    const failure = this.#parts.failures.find(question);
    if (failure === null || !('failure' in failure.why)) return null;
    return { kind: 'failed', question, why: { kind: 'cached-failure', of: failure.why.failure } };
  }

  /** Answers a client's question. Rejects only for bugs. */
  async resolve(question: Question, call: ResolveCall = {}): Promise<Resolution> {
    const known = call.refresh === true || call.trace !== undefined ? null : this.find(question);
    if (known !== null) return known;
    const mode: WorkMode = call.refresh === true ? 'refresh' : 'normal';
    const trace = call.trace ?? null;
    const key =
      trace === null ? `${mode} ${questionKey(question)}` : `traced ${this.#lastWorkId} ${questionKey(question)}`;
    if (this.#resolutions.find(key) === null && !this.#makeRoom()) {
      return { kind: 'failed', question, why: { kind: 'overload' } };
    }
    const start = () => this.#newWork({ question, mode, parent: null, trace });
    const shared = await this.#resolutions.share(key, null, start, (work) => this.#resolveUnlessStopped(work));
    return shared.kind === 'result' ? shared.value : { kind: 'failed', question, why: { kind: 'dependency-cycle' } };
  }

  /** The one place where being stopped becomes a value. */
  async #resolveUnlessStopped(work: Work): Promise<Resolution> {
    try {
      return await this.#resolveWork(work);
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
    const start = () => this.#newWork({ question, mode, parent, trace: parent.trace });
    const sharingKey = fetchKey(mode, question, options, this.#lastWorkId);
    const run = (work: Work) => this.#fetchWork(work, avoid);
    const shared = await this.#fetches.share(sharingKey, parent, start, run);
    return shared.kind === 'result' ? shared.value : { kind: 'failed', why: { kind: 'dependency-cycle' } };
  };

  async #fetchWork(work: Work, avoid: ReadonlySet<string>): Promise<Found> {
    const found = await this.#iterate(work, {
      avoid,
      followAliases: work.mode !== 'for-validation',
      refresh: avoid.size > 0,
    });
    if (found.kind === 'found') this.#keepUnchecked(work.question, found);
    return found;
  }

  /** Keeps a fetched answer for the next asker, unless better is known. */
  #keepUnchecked(question: Question, found: FoundData): void {
    const known = this.#parts.answers.find(question);
    if (known !== null && known.verdict?.status === 'secure') return;
    this.#parts.answers.store(question, { found, verdict: null, expiresAt: earliestExpiry(found) });
  }

  async #resolveWork(work: Work): Promise<Resolution> {
    const { clock, options } = this.#parts;
    const avoid = new Set<string>();
    let best: Answered | null = null;
    for (let restart = 0; restart <= options.maxRestarts; restart++) {
      const found = await this.#findData(work, avoid);
      if (found.kind === 'failed') return best ?? this.#fail(work, found.why);
      const validated = await this.#validate(work, found);
      work.note(clock.monotonicMs(), () => ({ kind: 'verdict', verdict: validated.verdict }));
      best = this.#keep(work.question, validated.found, validated.verdict);
      if (validated.verdict.status !== 'bogus') break;
      const before = avoid.size;
      for (const server of validated.badServers) avoid.add(server);
      // Every server that could be blamed was blamed: the zone itself is bogus.
      if (avoid.size === before) break;
    }
    return best ?? this.#fail(work, { kind: 'cancelled' });
  }

  /** Unchecked data: from the cache on the first try, else from the tree. */
  async #findData(work: Work, avoid: ReadonlySet<string>): Promise<Found> {
    const mayUseCache = avoid.size === 0 && work.mode === 'normal';
    const cached = mayUseCache ? this.#parts.answers.find(work.question) : null;
    if (cached !== null && cached.verdict === null) return cached.found;
    return this.#iterate(work, { avoid, followAliases: true, refresh: !mayUseCache });
  }

  /** Puts judged data into the cache and makes the answer of it. */
  #keep(question: Question, found: FoundData, verdict: Verdict): Answered {
    const { answers, clock, options, counters } = this.#parts;
    const now = clock.unixSeconds();
    const natural = earliestExpiry(found);
    const isGood = verdict.status === 'secure' || verdict.status === 'insecure';
    const kept = verdict.status === 'indeterminate' ? options.failureTtlSeconds : options.bogusTtlSeconds;
    const expiresAt = isGood ? natural : now + kept;
    if (verdict.status === 'bogus') counters.add(`bogus.${verdict.why.kind}`);
    const known = answers.find(question);
    const wouldHide = !isGood && known !== null && known.verdict?.status === 'secure';
    if (!wouldHide) answers.store(question, { found, verdict, expiresAt });
    return answeredOf(question, found, verdict, expiresAt);
  }

  #fail(work: Work, why: Failure): Resolution {
    const { failures, options, counters } = this.#parts;
    if (why.kind === 'limit') counters.add(`limit.${why.limit}`);
    if (!isPersonalFailure(why)) failures.store(work.question, { failure: why }, options.failureTtlSeconds);
    work.note(this.#parts.clock.monotonicMs(), () => ({ kind: 'failed', why }));
    return { kind: 'failed', question: work.question, why };
  }

  /** Makes room for one more client question by the jostle rule; false when all are too young to give way. */
  #makeRoom(): boolean {
    const { clock, options, counters } = this.#parts;
    if (this.#resolutions.count < options.maxWorks) return true;
    const oldEnough = clock.monotonicMs() - options.jostleMs;
    const victim = this.#resolutions.list().find((entry) => entry.startedMs <= oldEnough);
    counters.add(victim === undefined ? 'requestlist.exceeded' : 'requestlist.overwritten');
    victim?.work.abort();
    return victim !== undefined;
  }

  #newWork(start: {
    readonly question: Question;
    readonly mode: WorkMode;
    readonly parent: Work | null;
    readonly trace: Trace | null;
  }): Work {
    const nowMs = this.#parts.clock.monotonicMs();
    return new Work({
      ...start,
      id: ++this.#lastWorkId,
      startedMs: nowMs,
      budget: start.parent?.budget ?? new Budget(this.#parts.options.allowance),
      deadlineMs: start.parent?.deadlineMs ?? nowMs + this.#parts.options.wallTimeMs,
    });
  }
}

/** Fetches with servers to avoid are not shared: each has its own view of who lies. */
function fetchKey(mode: WorkMode, question: Question, options: FetchOptions, unique: number): string {
  const avoids = (options.avoid?.size ?? 0) > 0;
  return avoids ? `avoiding ${unique} ${questionKey(question)}` : `${mode} ${questionKey(question)}`;
}

function isPersonalFound(found: Found): boolean {
  return found.kind === 'failed' && isPersonalFailure(found.why);
}
