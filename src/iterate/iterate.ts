/**
 * Iteration: one question until answer, denial or failure, along its aliases (RFC 1034 §5.3.3).
 *
 * Duties: the chain of aliases with its limits and loops, what is known already of each step.
 * Leaves to others: the way down the tree for one name (iterative-query.ts), verdicts, whole answers in the cache (resolve).
 */

import type { Failure } from '../terms/failure.ts';
import type { AliasStep, FinalAnswer, IterationResult } from '../terms/iteration-result.ts';
import { nameKey, ROOT } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { Taker } from '../work/taker.ts';
import { TurnLimiter } from '../work/turn-limiter.ts';
import type { Work } from '../work/work.ts';
import { AddressQueries } from './address-queries.ts';
import { AddressRules } from './address-rules.ts';
import { findCachedStep } from './cached-step.ts';
import { IterativeQuery } from './iterative-query.ts';
import { NamesUnderWay } from './names-under-way.ts';
import type { Outcome } from './outcome.ts';
import type { Iterate, IterateCallOptions, IterateParts, IterativeQueryParts } from './parts.ts';
import { learnServers } from './priming.ts';
import { STEPS_PER_TURN } from './turn-share.ts';
import { Upstream } from './upstream.ts';

/** What iterating offers to other rooms. */
export type { Iterate, IterateCallOptions, IterateParts } from './parts.ts';

const NOBODY: ReadonlySet<string> = new Set();
const NO_STEPS: readonly AliasStep[] = [];

type FailedResult = Extract<IterationResult, { readonly kind: 'failed' }>;

/** Makes the function that asks the tree. */
export function createIterate(parts: IterateParts): Iterate {
  const upstream = parts.upstream ?? new Upstream(parts);
  const addressRules = new AddressRules(parts.options);
  const addressQueries = new AddressQueries(parts.options.maxAddressQueries);
  const whole: IterativeQueryParts = {
    ...parts,
    upstream,
    pace: new TurnLimiter(parts.clock, STEPS_PER_TURN),
    addressRules,
    addressQueries,
    namesUnderWay: new NamesUnderWay(),
  };
  return (work, call, asker) => new AliasChain(whole, work, call, asker).follow();
}

/** The question and, one after the other, what it is an alias of. */
class AliasChain implements Taker<Outcome> {
  readonly #parts: IterativeQueryParts;
  readonly #work: Work;
  readonly #call: IterateCallOptions;
  readonly #asker: Taker<IterationResult>;
  readonly #aliases: AliasStep[] = [];
  /** Keys of the names so far; null: one alone. */
  #seen: Set<string> | null = null;
  #question: Question;
  #unvalidated: readonly AliasStep[] = NO_STEPS;

  constructor(parts: IterativeQueryParts, work: Work, call: IterateCallOptions, asker: Taker<IterationResult>) {
    this.#parts = parts;
    this.#work = work;
    this.#call = call;
    this.#asker = asker;
    this.#question = work.question;
  }

  /** Asks for the name, then for what it is an alias of, and so on; null: servers are asked, and the asker is told later. */
  follow(): IterationResult | null {
    for (;;) {
      const known = knownOutcome(this.#parts, this.#work, this.#question, this.#call);
      const outcome = known ?? askTree(this.#parts, { work: this.#work, question: this.#question }, this.#call, this);
      if (outcome === null) return null;
      const end = known === null ? this.#takeIn(outcome) : this.#goOnFrom(outcome);
      if (end !== null) return end;
    }
  }

  take(outcome: Outcome): void {
    let end: IterationResult | null;
    try {
      end = this.#takeIn(outcome) ?? this.follow();
    } catch (error) {
      this.#asker.fail(error);
      return;
    }
    if (end !== null) this.#asker.take(end);
  }

  fail(error: unknown): void {
    this.#asker.fail(error);
  }

  /** Of servers. */
  #takeIn(outcome: Outcome): IterationResult | null {
    if (outcome.kind === 'end') learnServers(this.#parts, outcome.end);
    return this.#goOnFrom(outcome);
  }

  /** The result; null: there is a further name to ask for. */
  #goOnFrom(outcome: Outcome): IterationResult | null {
    const { followAliases } = this.#call;
    if (outcome.kind === 'failed') return this.#failed(outcome);
    if (outcome.kind === 'alias' && outcome.isUnvalidated === true)
      this.#unvalidated = [...this.#unvalidated, ...outcome.steps];
    for (const step of outcome.steps) {
      const failure = this.#addStep(step, outcome.kind === 'alias');
      if (failure !== null) return this.#failed(failed(failure));
    }
    if (outcome.kind === 'end') return { kind: 'found', aliases: this.#aliases, end: outcome.end };
    if (followAliases === false)
      return { kind: 'found', aliases: this.#aliases, end: cutEnd(this.#question, this.#aliases) };
    return this.#work.budget.spend('aliases') ? null : this.#failed(failed({ kind: 'limit', limit: 'aliases' }));
  }

  /** The next question is for what the alias leads to. */
  #addStep(step: AliasStep, mayLoop: boolean): Failure | null {
    const work = this.#work;
    if (work.trace !== null)
      work.note(this.#parts.clock.monotonicMs(), () => ({ kind: 'alias', from: step.question.name, to: step.to }));
    this.#aliases.push(step);
    const key = nameKey(step.to);
    // RFC 1034 §3.6.2: chains should be followed, loops signalled as an error.
    this.#seen ??= new Set([nameKey(work.question.name)]);
    if (mayLoop && this.#seen.has(key)) return { kind: 'alias-loop', at: formatName(step.to) };
    this.#seen.add(key);
    this.#question = { ...this.#question, name: step.to };
    return null;
  }

  #failed(why: FailedResult): IterationResult {
    return forgetting(this.#parts, this.#unvalidated, why);
  }
}

/** One step of the chain that the caches know; null: they do not. */
function knownOutcome(
  parts: IterativeQueryParts,
  work: Work,
  question: Question,
  call: IterateCallOptions,
): Outcome | null {
  const avoid = call.avoid ?? NOBODY;
  // A client's own question is answered by whole answers only: an RRset alone lacks what else its answer brings.
  const wholeOnly = work.parent === null && question === work.question;
  const isLookedUp = call.isLookedUp === true && question === work.question;
  const rules = { avoid, mode: work.mode, wholeOnly, isLookedUp };
  const cached = call.refresh === true ? null : findCachedStep(parts, question, rules);
  if (work.trace !== null) {
    work.note(parts.clock.monotonicMs(), () => ({ kind: cached === null ? 'cache-miss' : 'cache-hit', question }));
  }
  if (cached === null) return null;
  return cached.kind === 'found'
    ? { kind: 'end', steps: cached.found.aliases, end: cached.found.end }
    : ofMemory(cached.step);
}

/** One step of the chain from the tree; null: the asker is told later. */
function askTree(
  parts: IterativeQueryParts,
  { work, question }: { readonly work: Work; readonly question: Question },
  { avoid = NOBODY, refresh = false, expiryMarginSeconds = 0, mayUseAlong = false }: IterateCallOptions,
  asker: Taker<Outcome>,
): Outcome | null {
  const options = { question, avoid, refresh, expiryMarginSeconds, mayUseAlong };
  return new IterativeQuery(parts, work, options, asker).start();
}

/**
 * A failure after remembered aliases that nobody has validated, since no answer came that could be validated with them. They are
 * forgotten: one forged alias must not keep a name away for longer than bad data is remembered (RFC 4035 §4.7).
 */
function forgetting(
  { rrsets }: IterativeQueryParts,
  unvalidated: readonly AliasStep[],
  why: FailedResult,
): IterationResult {
  for (const { alias } of unvalidated) {
    rrsets.remove(rrsetOwner(alias.rrset), rrsetType(alias.rrset), rrsetClass(alias.rrset));
  }
  return unvalidated.length > 0 ? { ...why, isByMemory: true } : why;
}

/** A remembered alias as one step. */
function ofMemory(step: AliasStep): Outcome {
  const isUnvalidated = step.alias.verdict === null;
  return { kind: 'alias', steps: [step], ...(isUnvalidated ? { isUnvalidated } : {}) };
}

function failed(why: Failure): { readonly kind: 'failed'; readonly why: Failure } {
  return { kind: 'failed', why };
}

/** The end of a chain that is not followed on purpose: nothing is said of the target. */
function cutEnd(question: Question, aliases: readonly AliasStep[]): FinalAnswer {
  const last = aliases.at(-1)?.alias;
  return {
    kind: 'nodata',
    question,
    rcode: RCODE.NOERROR,
    answer: [],
    authority: [],
    additional: [],
    zone: last?.zone ?? ROOT,
    server: last?.server ?? null,
    expiresAt: last?.expiresAt ?? 0,
  };
}
