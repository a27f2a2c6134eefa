/**
 * Enforces policy on what is resolved: follows aliases that policy makes, looks at answers, replaces what rules say.
 *
 * Rules act on validated answers only. What is bogus, or could not be judged, stays what it is, whatever a rule would make
 * of it: policy must never turn bogus data into an answer (CVE-2026-50243). Every answer that a rule changed loses AD.
 * Leaves to others: resolving, the reply's octets (serve), the rules themselves (rpz.ts, response-rules.ts, dns64.ts).
 */

import type { Clock } from '../ports/clock.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { TRUST } from '../terms/trust.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetType, withOwner, withSignatures } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { type Dns64Options, ignoresAaaa, pointerName, synthesise } from './dns64.ts';
import type { AnswerJudge, Judged } from './judge-answer.ts';
import type { Asker, MadeAlias } from './local-reply.ts';

/** Aliases made by policy that one question follows: as many as aliases of the tree (max-query-restarts). */
export const MAX_POLICY_ALIASES = 11;

/** A question for which policy may have a say. */
export interface EnforceStart {
  readonly question: Question;
  readonly asker: Asker;
  /** An alias that policy has made of the question. */
  readonly alias: MadeAlias | null;
  /** A policy zone let the question through. */
  readonly isExempt: boolean;
  /** The client judges by itself (CD): nothing is made up for it (RFC 6147 §5.5). */
  readonly checksItself: boolean;
}

/** What enforcing needs. */
export interface EnforceParts {
  readonly clock: Clock;
  readonly judge: AnswerJudge;
  readonly dns64: Dns64Options | null;
  readonly resolve: (question: Question) => Promise<Resolution>;
}

/** What the client gets. */
export type Ruling =
  | { readonly kind: 'answer'; readonly resolution: Resolution; readonly setFlags: number; readonly clearFlags: number }
  | { readonly kind: 'drop' };

/** Resolves the question as policy has it. */
export async function enforce(start: EnforceStart, parts: EnforceParts): Promise<Ruling> {
  const { question } = start;
  const { dns64 } = parts;
  if (dns64 === null || start.checksItself || start.alias !== null) return follow(start, parts);
  if (question.type === TYPE.PTR) return answerPointer(start, parts, dns64);
  if (question.type === TYPE.AAAA) return answerSix(start, parts, dns64);
  return follow(start, parts);
}

/** Resolves and judges, on along the aliases that policy makes. */
async function follow(start: EnforceStart, parts: EnforceParts): Promise<Ruling> {
  const { alias, asker } = start;
  let made: readonly HeldRRset[] = alias === null ? [] : [heldOf(alias.alias, parts.clock.unixSeconds())];
  let question: Question = alias === null ? start.question : { ...start.question, name: alias.target };
  let setFlags = alias === null ? 0 : FLAG.AA;
  let isRedirected = false;
  for (let step = 0; step <= MAX_POLICY_ALIASES; step++) {
    const resolution = await parts.resolve(question);
    const judged: Judged = await parts.judge.judge({ question, asker, isExempt: start.isExempt, resolution });
    switch (judged.kind) {
      case 'drop':
        return judged;
      case 'pass':
        return answered(start, made, resolution, { setFlags, clearFlags: 0 });
      case 'replace': {
        // An address rule on the target of an address rule's alias: nobody meant that (Unbound gives it up as well).
        if (judged.isAddressRule && isRedirected) return failed(start.question);
        const now = parts.clock.unixSeconds();
        const records = [...made, ...judged.keep, ...judged.records.map((record) => heldOf(record, now))];
        if (judged.target === null) return answered(start, [], replaced(start, records, judged, now), judged);
        isRedirected = judged.isAddressRule;
        made = records;
        question = { ...question, name: judged.target };
        setFlags |= 0;
        break;
      }
    }
  }
  return failed(start.question);
}

/** The resolution with the aliases before it; the question is the client's own. */
function answered(
  start: EnforceStart,
  made: readonly HeldRRset[],
  resolution: Resolution,
  flags: { readonly setFlags: number; readonly clearFlags: number },
): Ruling {
  const { question } = start;
  const { setFlags, clearFlags } = flags;
  if (made.length === 0) return { kind: 'answer', resolution, setFlags, clearFlags };
  if (resolution.kind === 'failed' || isDoubtful(resolution)) {
    return { kind: 'answer', resolution: { ...resolution, question }, setFlags: 0, clearFlags: 0 };
  }
  const whole: Answered = { ...resolution, question, answer: [...made, ...resolution.answer], verdict: null };
  return { kind: 'answer', resolution: whole, setFlags, clearFlags };
}

/** True for data that must not be shown to those who do not judge by themselves. */
export function isDoubtful({ verdict }: Answered): boolean {
  return verdict?.status === 'bogus' || verdict?.status === 'indeterminate';
}

function replaced(
  { question }: EnforceStart,
  answer: readonly HeldRRset[],
  { rcode }: Extract<Judged, { kind: 'replace' }>,
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
    additional: [],
    verdict: null,
    expiresAt: now,
  };
}

function failed(question: Question): Ruling {
  const resolution: Resolution = { kind: 'failed', question, why: { kind: 'alias-loop', at: '' } };
  return { kind: 'answer', resolution, setFlags: 0, clearFlags: 0 };
}

/** A record of configuration as the reply's builder takes it. */
export function heldOf({ rrset, ttl }: TimedRRset, now: number): HeldRRset {
  return {
    rrset,
    expiresAt: now + ttl,
    originalTtl: ttl,
    trust: TRUST.configured,
    verdict: null,
    server: null,
    zone: null,
  };
}

/** RFC 6147 §5.1: AAAA as there are; else, when they do not exist, made of the A records. */
async function answerSix(start: EnforceStart, parts: EnforceParts, dns64: Dns64Options): Promise<Ruling> {
  const six = await follow(start, parts);
  if (six.kind !== 'answer' || !mayBeMade(six.resolution, dns64)) return six;
  const question = { ...start.question, type: TYPE.A };
  const four = await follow({ ...start, question }, parts);
  if (four.kind !== 'answer' || four.resolution.kind === 'failed' || isDoubtful(four.resolution)) {
    return four.kind === 'answer' && isBogus(four.resolution) ? withQuestion(four, start.question) : six;
  }
  const { answer } = four.resolution;
  if (!answer.some(({ rrset }) => rrsetType(rrset) === TYPE.A)) return six;
  const made = answer.map((held) =>
    rrsetType(held.rrset) === TYPE.A ? { ...held, rrset: synthesise(held.rrset, dns64), verdict: null } : held,
  );
  // RFC 6147 §5.5: what is made up is not authentic.
  const resolution: Answered = { ...four.resolution, question: start.question, answer: made, verdict: null };
  return { ...four, resolution };
}

/** RFC 6147 §5.1.1 to §5.1.4: no AAAA records, or ignored ones; NXDOMAIN is final, bogus data as well (§5.5). */
function mayBeMade(resolution: Resolution, dns64: Dns64Options): boolean {
  // §5.1.2: an error of the servers counts as an empty answer.
  if (resolution.kind === 'failed') return true;
  if (isDoubtful(resolution) || resolution.rcode === RCODE.NXDOMAIN) return false;
  const owners = resolution.answer.filter(({ rrset }) => rrsetType(rrset) === TYPE.AAAA);
  return owners.length === 0 || ignoresAaaa(dns64, resolution.question.name);
}

function isBogus(resolution: Resolution): boolean {
  return resolution.kind === 'answered' && resolution.verdict?.status === 'bogus';
}

/** RFC 6147 §5.3.1: the PTR of an address made here is that of the IPv4 address in it. */
async function answerPointer(start: EnforceStart, parts: EnforceParts, dns64: Dns64Options): Promise<Ruling> {
  const name = pointerName(start.question.name, dns64);
  if (name === null) return follow(start, parts);
  const ruling = await follow({ ...start, question: { ...start.question, name } }, parts);
  if (ruling.kind !== 'answer' || ruling.resolution.kind === 'failed' || isDoubtful(ruling.resolution)) {
    return withQuestion(ruling, start.question);
  }
  const { resolution } = ruling;
  const answer = resolution.answer.map((held) =>
    rrsetType(held.rrset) === TYPE.PTR
      ? { ...held, rrset: withoutSignatures(held, start.question.name), verdict: null }
      : held,
  );
  return { ...ruling, resolution: { ...resolution, question: start.question, answer, verdict: null } };
}

function withoutSignatures({ rrset }: HeldRRset, owner: Name): HeldRRset['rrset'] {
  return withOwner(withSignatures(rrset, []), owner);
}

function withQuestion(ruling: Ruling, question: Question): Ruling {
  return ruling.kind === 'answer' ? { ...ruling, resolution: { ...ruling.resolution, question } } : ruling;
}

/** Targets of the aliases in an answer, in order. */
export function aliasTargets({ answer }: Answered): Name[] {
  return answer.flatMap(({ rrset }) => {
    if (rrsetType(rrset) !== TYPE.CNAME) return [];
    const rdata = rdatasOf(rrset)[0];
    return rdata === undefined ? [] : (readTargetName(rdata) ?? []);
  });
}
