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
  return (work, call = {}) => followChain(whole, work, call);
}

/** Asks for the name, then for what it is an alias of, and so on. */
async function followChain(parts: IterativeQueryParts, work: Work, call: IterateCallOptions): Promise<IterationResult> {
  const aliases: AliasStep[] = [];
  let seen: Set<string> | null = null;
  let question = work.question;
  const unvalidated: AliasStep[] = [];
  const end = (why: Extract<IterationResult, { readonly kind: 'failed' }>): IterationResult =>
    forgetting(parts, unvalidated, why);
  for (;;) {
    const known = knownOutcome(parts, work, question, call);
    const outcome = known ?? (await askTree(parts, work, question, call));
    if (known === null && outcome.kind === 'end') learnServers(parts, outcome.end);
    if (outcome.kind === 'failed') return end(outcome);
    if (outcome.kind === 'alias' && outcome.isUnvalidated === true) unvalidated.push(...outcome.steps);
    for (const step of outcome.steps) {
      work.note(parts.clock.monotonicMs(), () => ({ kind: 'alias', from: step.question.name, to: step.to }));
      aliases.push(step);
      // RFC 1034 §3.6.2: chains should be followed, loops signalled as an error.
      seen ??= new Set([nameKey(work.question.name)]);
      const isLoop = outcome.kind === 'alias' && seen.has(nameKey(step.to));
      if (isLoop) return end(failed({ kind: 'alias-loop', at: formatName(step.to) }));
      seen.add(nameKey(step.to));
      question = { ...question, name: step.to };
    }
    if (outcome.kind === 'end') return { kind: 'found', aliases, end: outcome.end };
    if (call.followAliases === false) return { kind: 'found', aliases, end: cutEnd(question, aliases) };
    if (!work.budget.spend('aliases')) return end(failed({ kind: 'limit', limit: 'aliases' }));
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

/** One step of the chain from the tree. */
function askTree(
  parts: IterativeQueryParts,
  work: Work,
  question: Question,
  { avoid = NOBODY, refresh = false, expiryMarginSeconds = 0, mayUseAlong = false }: IterateCallOptions,
): Promise<Outcome> {
  return new IterativeQuery(parts, work, { question, avoid, refresh, expiryMarginSeconds, mayUseAlong }).run();
}

/**
 * A failure after remembered aliases that nobody has validated, since no answer came that could be validated with them. They are
 * forgotten: one forged alias must not keep a name away for longer than bad data is remembered (RFC 4035 §4.7).
 */
function forgetting(
  { rrsets }: IterativeQueryParts,
  unvalidated: readonly AliasStep[],
  why: Extract<IterationResult, { readonly kind: 'failed' }>,
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
