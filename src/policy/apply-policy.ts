/**
 * Applies policy to what is resolved: follows aliases that policy makes, looks at answers, replaces what rules say.
 *
 * Rules act on validated answers only. What is bogus, or could not be validated, stays what it is, whatever a rule would make
 * of it: policy must never turn bogus data into an answer (CVE-2026-50243). Every answer that a rule changed loses AD.
 * Leaves to others: resolving, the reply's octets (serve), the rules themselves (rpz.ts, response-rules.ts, dns64.ts).
 */

import type { Clock } from '../ports/clock.ts';
import type { Failure } from '../terms/failure.ts';
import { configuredSet, type RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { SECURE } from '../terms/verdict.ts';
import { isAtOrBelow, type Name } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetType, withOwner, withSignatures } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { type Dns64Options, ignoresAaaa, pointerName, synthesise } from './dns64.ts';
import type { LocalCname, PolicyClient } from './local-reply.ts';
import type { PolicyCase, PolicyDecision, ResponsePolicy } from './response-policy.ts';
import type { RpzRule } from './rpz-zone.ts';

/** Aliases made by policy that one question follows: as many as aliases of the tree (max-query-restarts). */
const MAX_POLICY_ALIASES = 11;

/** A question for which policy may have a say. */
export interface PolicyQuery {
  readonly question: Question;
  readonly client: PolicyClient;
  /** An alias that policy has made of the question. */
  readonly alias: LocalCname | null;
  /** A policy zone let the question through. */
  readonly isExempt: boolean;
  /** The client validates by itself (CD): nothing is made up for it (RFC 6147 §5.5). */
  readonly checksItself: boolean;
}

export interface ApplyPolicyParts {
  readonly clock: Clock;
  readonly responses: ResponsePolicy;
  readonly dns64: Dns64Options | null;
  readonly resolve: (question: Question) => Promise<Resolution>;
}

export type PolicyResult =
  | { readonly kind: 'answer'; readonly resolution: Resolution; readonly setFlags: number; readonly clearFlags: number }
  | { readonly kind: 'drop' };

/** Resolves the question as policy has it. */
export async function applyPolicy(start: PolicyQuery, parts: ApplyPolicyParts): Promise<PolicyResult> {
  const { question } = start;
  const { dns64 } = parts;
  if (dns64 === null || start.checksItself || start.alias !== null) return follow(start, parts);
  if (question.type === TYPE.PTR) return answerPointer(start, parts, dns64);
  if (question.type === TYPE.AAAA) return answerSix(start, parts, dns64);
  return follow(start, parts);
}

interface Way {
  /** Records made by policy so far. */
  readonly made: readonly RankedRRset[];
  readonly question: Question;
  readonly setFlags: number;
  readonly isRedirected: boolean;
  readonly isExempt: boolean;
}

/** Resolves and decides, on along the aliases that policy makes. */
async function follow(start: PolicyQuery, parts: ApplyPolicyParts): Promise<PolicyResult> {
  return await onward(start, parts, firstWay(start, parts));
}

async function onward(start: PolicyQuery, parts: ApplyPolicyParts, from: Way): Promise<PolicyResult> {
  const { alias, client } = start;
  const applied = alias === null ? new Set<RpzRule>() : parts.responses.aliasRulesFor(start.question, client);
  let way = from;
  for (let step = 0; step <= MAX_POLICY_ALIASES; step++) {
    const { question } = way;
    // What policy leads to is a name like any other: rules about it act before anybody is asked for it.
    const asked = { question, client, applied };
    const named = way.made.length > 0 && !way.isExempt ? parts.responses.decideByName(asked) : null;
    if (named === 'exempt') way = { ...way, isExempt: true };
    let next: Way | PolicyResult;
    if (named !== null && named !== 'exempt') next = act(start, parts, { way, decision: named, resolution: null });
    else {
      const resolution = await parts.resolve(question);
      const decision = await decideOnResolved(parts, { ...asked, isExempt: way.isExempt, resolution });
      next = act(start, parts, { way, decision, resolution });
    }
    if ('kind' in next) return next;
    way = next;
  }
  return failed(start.question);
}

function firstWay({ alias, question, isExempt }: PolicyQuery, { clock }: ApplyPolicyParts): Way {
  const way = { isRedirected: false, isExempt };
  if (alias === null) return { ...way, made: [], question, setFlags: 0 };
  const made = [rankedOf(alias.alias, clock.unixSeconds())];
  return { ...way, made, question: { ...question, name: alias.target }, setFlags: FLAG.AA };
}

/** A decision put into effect: the end, or the way on. */
function act(
  start: PolicyQuery,
  { clock }: ApplyPolicyParts,
  {
    way,
    decision,
    resolution,
  }: { readonly way: Way; readonly decision: PolicyDecision; readonly resolution: Resolution | null },
): Way | PolicyResult {
  const { made, question, setFlags, isRedirected } = way;
  switch (decision.kind) {
    case 'drop':
      return decision;
    case 'pass':
      if (resolution === null) return failed(start.question);
      return answered(start, made, resolution, { setFlags, clearFlags: 0 });
    case 'replace': {
      // An address rule on the target of an address rule's alias: nobody meant that (Unbound gives it up as well).
      if (decision.isAddressRule && isRedirected) return failed(start.question);
      const now = clock.unixSeconds();
      const records = [...made, ...decision.keep, ...decision.records.map((record) => rankedOf(record, now))];
      if (decision.target === null) return answered(start, [], replaced(start, records, decision, now), decision);
      return {
        ...way,
        made: records,
        question: { ...question, name: decision.target },
        isRedirected: decision.isAddressRule,
      };
    }
  }
}

/**
 * Decides on what was resolved. When the target of an alias cannot be resolved there is no answer to look at: then the alias is
 * looked at by itself, so that a rule about the target acts all the same.
 */
async function decideOnResolved(parts: ApplyPolicyParts, asked: PolicyCase): Promise<PolicyDecision> {
  const { resolution, question } = asked;
  const decision = await parts.responses.decide(asked);
  if (decision.kind !== 'pass' || asked.isExempt || !parts.responses.looksAtNames) return decision;
  if (resolution.kind !== 'failed' || !failedElsewhere(resolution.why, question.name)) return decision;
  const aliases = await aliasesOf(parts, question);
  return aliases === null ? decision : parts.responses.decideByAliases({ ...asked, resolution: aliases });
}

/** True when the zone that failed is not one that the name is in: only an alias leads there. */
function failedElsewhere(why: Failure, name: Name): boolean {
  if (why.kind === 'cached-failure') return failedElsewhere(why.of, name);
  if (!('zone' in why)) return false;
  const zone = parseName(why.zone);
  return zone !== null && !isAtOrBelow(name, zone);
}

/** The aliases from a name on, as far as they can be resolved, as an answer; null when there are none that may be used. */
async function aliasesOf({ resolve }: ApplyPolicyParts, question: Question): Promise<Answered | null> {
  const aliases: RankedRRset[] = [];
  let last: Answered | null = null;
  let { name } = question;
  while (aliases.length <= MAX_POLICY_ALIASES) {
    const found = await resolve({ ...question, name, type: TYPE.CNAME });
    const [target] = found.kind === 'failed' || isDoubtful(found) ? [] : aliasTargets(found);
    if (found.kind === 'failed' || target === undefined) break;
    aliases.push(...found.answer);
    last = found;
    name = target;
  }
  return last === null ? null : { ...last, question, answer: aliases };
}

/** The resolution with the aliases before it; the question is the client's own. */
function answered(
  start: PolicyQuery,
  made: readonly RankedRRset[],
  resolution: Resolution,
  flags: { readonly setFlags: number; readonly clearFlags: number },
): PolicyResult {
  const { question } = start;
  const { setFlags, clearFlags } = flags;
  if (made.length === 0) return { kind: 'answer', resolution, setFlags, clearFlags };
  if (resolution.kind === 'failed' || isDoubtful(resolution)) {
    return { kind: 'answer', resolution: { ...resolution, question }, setFlags: 0, clearFlags: 0 };
  }
  const whole: Answered = { ...resolution, question, answer: [...made, ...resolution.answer], verdict: null };
  return { kind: 'answer', resolution: whole, setFlags, clearFlags };
}

/** True for data that must not be shown to those who do not validate by themselves. */
function isDoubtful({ verdict }: Answered): boolean {
  return verdict?.status === 'bogus' || verdict?.status === 'indeterminate';
}

function replaced(
  { question }: PolicyQuery,
  answer: readonly RankedRRset[],
  { rcode, additional = [] }: Extract<PolicyDecision, { kind: 'replace' }>,
  now: number,
): Answered {
  const denied = rcode !== RCODE.NOERROR || answer.length === 0;
  return {
    kind: 'answered',
    question,
    rcode,
    denied,
    answer,
    authority: [],
    additional: additional.map((record) => rankedOf(record, now)),
    verdict: null,
    expiresAt: now,
  };
}

function failed(question: Question): PolicyResult {
  const resolution: Resolution = { kind: 'failed', question, why: { kind: 'alias-loop', at: '' } };
  return { kind: 'answer', resolution, setFlags: 0, clearFlags: 0 };
}

/** A record of configuration as the reply's builder takes it. */
function rankedOf({ rrset, ttl }: TimedRRset, now: number): RankedRRset {
  return configuredSet(rrset, ttl, null, now);
}

/** RFC 6147 §5.1: AAAA as there are; else, when they do not exist, made of the A records. */
async function answerSix(start: PolicyQuery, parts: ApplyPolicyParts, dns64: Dns64Options): Promise<PolicyResult> {
  const six = await follow(start, parts);
  if (six.kind !== 'answer' || !mayBeMade(six.resolution, dns64)) return six;
  const question = { ...start.question, type: TYPE.A };
  const four = await follow({ ...start, question }, parts);
  if (four.kind !== 'answer' || four.resolution.kind === 'failed' || isDoubtful(four.resolution)) {
    return four.kind === 'answer' && isBogus(four.resolution) ? withQuestion(four, start.question) : six;
  }
  const { answer } = four.resolution;
  if (!answer.some(({ rrset }) => rrsetType(rrset) === TYPE.A)) return six;
  const made = answer.map((ranked) =>
    rrsetType(ranked.rrset) === TYPE.A ? { ...ranked, rrset: synthesise(ranked.rrset, dns64), verdict: null } : ranked,
  );
  // Where AAAA records are ignored the zone says another thing than this answer.
  const isDenied = six.resolution.kind === 'answered' && !hasAddresses(six.resolution);
  const verdict = isDenied && restsOnSecure(six.resolution, four.resolution) ? SECURE : null;
  const resolution: Answered = { ...four.resolution, question: start.question, answer: made, verdict };
  return decideOnMade(start, parts, { ...four, resolution });
}

/**
 * RFC 6147 §5.5: a resolver that has validated that there is no AAAA and what the A records are says so with AD; it is as
 * authentic as what it was made of.
 */
function restsOnSecure(...resolutions: readonly Resolution[]): boolean {
  return resolutions.every((one) => one.kind === 'answered' && one.verdict?.status === 'secure');
}

/** Addresses made here are addresses of the answer: the rules for addresses look at them as well. */
async function decideOnMade(
  start: PolicyQuery,
  parts: ApplyPolicyParts,
  made: Extract<PolicyResult, { readonly kind: 'answer' }>,
): Promise<PolicyResult> {
  const { resolution } = made;
  if (resolution.kind === 'failed') return made;
  const { question, client, isExempt } = start;
  const decision = parts.responses.decideByAddresses({ question, client, isExempt, resolution, applied: new Set() });
  if (decision.kind === 'pass') return made;
  const way = { ...firstWay(start, parts), isExempt };
  const next = act(start, parts, { way, decision, resolution });
  return 'kind' in next ? next : await onward(start, parts, next);
}

/** RFC 6147 §5.1.1 to §5.1.4: no AAAA records, or ignored ones; NXDOMAIN is final, bogus data as well (§5.5). */
function mayBeMade(resolution: Resolution, dns64: Dns64Options): boolean {
  // §5.1.2: an error of the servers counts as an empty answer.
  if (resolution.kind === 'failed') return true;
  if (isDoubtful(resolution) || resolution.rcode === RCODE.NXDOMAIN) return false;
  return !hasAddresses(resolution) || ignoresAaaa(dns64, resolution.question.name);
}

function hasAddresses({ answer }: Answered): boolean {
  return answer.some(({ rrset }) => rrsetType(rrset) === TYPE.AAAA);
}

function isBogus(resolution: Resolution): boolean {
  return resolution.kind === 'answered' && resolution.verdict?.status === 'bogus';
}

/** RFC 6147 §5.3.1: the PTR of an address made here is that of the IPv4 address in it. */
async function answerPointer(start: PolicyQuery, parts: ApplyPolicyParts, dns64: Dns64Options): Promise<PolicyResult> {
  const name = pointerName(start.question.name, dns64);
  if (name === null) return follow(start, parts);
  const result = await follow({ ...start, question: { ...start.question, name } }, parts);
  if (result.kind !== 'answer' || result.resolution.kind === 'failed' || isDoubtful(result.resolution)) {
    return withQuestion(result, start.question);
  }
  const { resolution } = result;
  const answer = resolution.answer.map((ranked) =>
    rrsetType(ranked.rrset) === TYPE.PTR
      ? { ...ranked, rrset: withoutSignatures(ranked, start.question.name), verdict: null }
      : ranked,
  );
  const verdict = restsOnSecure(resolution) ? SECURE : null;
  return { ...result, resolution: { ...resolution, question: start.question, answer, verdict } };
}

function withoutSignatures({ rrset }: RankedRRset, owner: Name): RankedRRset['rrset'] {
  return withOwner(withSignatures(rrset, []), owner);
}

function withQuestion(result: PolicyResult, question: Question): PolicyResult {
  return result.kind === 'answer' ? { ...result, resolution: { ...result.resolution, question } } : result;
}

/** Targets of the aliases in an answer, in order. */
function aliasTargets({ answer }: Answered): Name[] {
  return answer.flatMap(({ rrset }) => {
    if (rrsetType(rrset) !== TYPE.CNAME) return [];
    const rdata = rdatasOf(rrset)[0];
    return rdata === undefined ? [] : (readTargetName(rdata) ?? []);
  });
}
