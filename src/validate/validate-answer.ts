/**
 * Validation of one answer: what DNSSEC says of what iteration found.
 *
 * Duties: validate each step of an alias chain and its end by themselves, all at one second; one verdict for the whole: secure
 * only when every part is (RFC 4035 §3.2.3); name the servers whose data made it bogus.
 * Leaves to others: the single checks (dnssec), how chain data is got (the fetch that it is given), what is served.
 */

import { algorithmPolicy } from '../dnssec/algorithms.ts';
import type { AliasStep, FinalAnswer, FoundResult } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { SECURE, type Verdict, worse } from '../terms/verdict.ts';
import { RCODE } from '../wire/rcode.ts';
import type { Soon } from '../work/soon.ts';
import { TurnLimiter } from '../work/turn-limiter.ts';
import type { Work } from '../work/work.ts';
import { serverToBlame } from './ask-chain.ts';
import { isDenialSet } from './prove-denial.ts';
import { SharedSteps } from './shared-steps.ts';
import { type ValidatedStep, validateAlias } from './validate-alias.ts';
import { validateDenial } from './validate-denial.ts';
import { earliestExpiry, type ValidatedEnd, validatePositive } from './validate-positive.ts';
import { validateTooLong } from './validate-too-long.ts';
import { CHECKS_PER_TURN, type ValidateParts, ValidationContext } from './validation-context.ts';

export interface Validated {
  /** Of answer and authority together (RFC 4035 §3.2.3). */
  readonly verdict: Verdict;
  /** The same data: RRsets with their verdicts, TTLs capped (RFC 4035 §5.3.3), unproven unrequested ones left out. */
  readonly found: FoundResult;
  /** Servers (`ip@port`) whose data made it bogus, to be asked no more for this question. */
  readonly badServers: readonly string[];
}

/** Validates what was found: at once, when the keys are known and their algorithms fast. Rejects only by cancellation. */
export type Validate = (work: Work, found: FoundResult) => Soon<Validated>;

export function createValidate(parts: ValidateParts): Validate {
  const policy = algorithmPolicy(parts.crypto, parts.options.algorithms);
  const shared = { policy, steps: new SharedSteps(), pace: new TurnLimiter(parts.clock, CHECKS_PER_TURN) };
  return (work, found) => validateAnswer(new ValidationContext(parts, shared, work, denialSetsOf(found)), found);
}

const NONE: readonly never[] = [];

function denialSetsOf({ aliases, end }: FoundResult): readonly RankedRRset[] {
  if (aliases.length > 0) return [...aliases.flatMap((step) => step.proof), ...end.authority].filter(isDenialSet);
  return end.authority.some(isDenialSet) ? end.authority.filter(isDenialSet) : NONE;
}

function validateAnswer(validation: ValidationContext, found: FoundResult): Soon<Validated> {
  return validateChain(validation, found, { verdict: SECURE, aliases: [], bad: [] });
}

/** What came of the steps of an alias chain that are validated. */
interface ValidatedSteps {
  verdict: Verdict;
  readonly aliases: AliasStep[];
  /** Servers to blame. */
  readonly bad: string[];
}

/** Validates the steps that are not in `done` yet, then the end. */
function validateChain(validation: ValidationContext, found: FoundResult, done: ValidatedSteps): Soon<Validated> {
  for (let step = found.aliases[done.aliases.length]; step !== undefined; step = found.aliases[done.aliases.length]) {
    const validated = validateAlias(validation, step);
    if (validated instanceof Promise) return validateChainAfter(validation, found, done, validated);
    takeStep(done, step, validated);
  }
  return concludeWith(validation, found, done);
}

// Functions of their own for what waits: one that holds a closure makes a context whenever it is called.
function validateChainAfter(
  validation: ValidationContext,
  found: FoundResult,
  done: ValidatedSteps,
  next: Promise<ValidatedStep>,
): Promise<Validated> {
  return next.then((late) => {
    takeStep(done, found.aliases[done.aliases.length] as AliasStep, late);
    return validateChain(validation, found, done);
  });
}

function takeStep(done: ValidatedSteps, asked: AliasStep, { verdict, step }: ValidatedStep): void {
  done.verdict = worse(done.verdict, verdict);
  done.aliases.push(step);
  if (isOwnFault(verdict)) blame(done.bad, [asked.alias, ...asked.proof]);
}

/** Validates the end, and makes one verdict of all. */
function concludeWith(validation: ValidationContext, found: FoundResult, steps: ValidatedSteps): Soon<Validated> {
  const end = validateEnd(validation, found.end);
  return end instanceof Promise
    ? concludeAfter(validation, found, steps, end)
    : conclude(validation, found, steps, end);
}

function concludeAfter(
  validation: ValidationContext,
  found: FoundResult,
  steps: ValidatedSteps,
  end: Promise<ValidatedEnd>,
): Promise<Validated> {
  return end.then((late) => conclude(validation, found, steps, late));
}

function conclude(
  validation: ValidationContext,
  found: FoundResult,
  { verdict: before, aliases, bad }: ValidatedSteps,
  validated: ValidatedEnd,
): Validated {
  const verdict = worse(before, validated.verdict);
  if (isOwnFault(validated.verdict)) {
    blame(bad, [...found.end.answer, ...found.end.authority]);
    if (found.end.server !== null && !bad.includes(found.end.server)) bad.push(found.end.server);
  }
  if (verdict.status === 'insecure') validation.parts.counters.add(`insecure.${verdict.why.kind}`);
  const end = withEarliestExpiry(validated.end);
  return { verdict, found: { kind: 'found', aliases, end }, badServers: bad };
}

function validateEnd(validation: ValidationContext, end: FinalAnswer): Soon<ValidatedEnd> {
  if (end.rcode === RCODE.YXDOMAIN) return validateTooLong(validation, end);
  return end.kind === 'answer' ? validatePositive(validation, end) : validateDenial(validation, end);
}

/** True when other servers could give better data; a zone that is bogus above was asked of all its servers already. */
function isOwnFault(verdict: Verdict): boolean {
  return verdict.status === 'bogus' && verdict.why.kind !== 'chain-broken-above';
}

function blame(bad: string[], sets: readonly RankedRRset[]): void {
  for (const ranked of sets) {
    const server = serverToBlame(ranked);
    if (server !== null && !bad.includes(server)) bad.push(server);
  }
}

function withEarliestExpiry(end: FinalAnswer): FinalAnswer {
  const expiresAt = earliestExpiry(end);
  return expiresAt === end.expiresAt ? end : { ...end, expiresAt };
}
