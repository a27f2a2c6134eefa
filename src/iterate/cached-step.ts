/**
 * What the caches say to one question of a chain: a whole answer, an RRset, or the alias that leads on.
 *
 * Duties: the order in which caches are looked into. Leaves to others: which data may be used (usable-data.ts),
 * the first look of a client's question (resolve).
 */

import type { AliasStep, FinalAnswer, FoundResult } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { labelAfter, type Name, ROOT, replaceSuffix } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { packRRset, rdatasOf, rrsetOwner } from '../wire/rrset.ts';
import { isSignedFromAbove } from '../wire/signed-labels.ts';
import type { WorkMode } from '../work/work.ts';
import type { IterateParts } from './parts.ts';
import { isOwnBelow } from './stub-and-forward.ts';
import { endOfSet, isUsableAnswer, isUsableSet } from './usable-data.ts';

/** A cached answer to a question: the end, or one alias step. */
type CachedStep =
  | { readonly kind: 'found'; readonly found: FoundResult }
  | { readonly kind: 'alias'; readonly step: AliasStep };

interface CachedStepOptions {
  /** Servers whose data is not used. */
  readonly avoid: ReadonlySet<string>;
  readonly mode: WorkMode;
  /** True: data must be a whole answer (aliases need not be). */
  readonly wholeOnly: boolean;
  /** True: whole answers were looked for already, and there is none. */
  readonly isLookedUp?: boolean;
}

/** Types of sets that are asked for by themselves, since nothing else comes with them. */
const WHOLE_TYPES: ReadonlySet<number> = new Set([TYPE.CNAME, TYPE.DS, TYPE.DNSKEY]);

/** True for a set that is a client's whole answer: of what the validator has asked for that is what it has proven. */
function isWhole({ verdict }: RankedRRset, type: number): boolean {
  return type === TYPE.CNAME || verdict?.status === 'secure';
}

/** Looks into the caches; bogus data is not used. */
export function findCachedStep(parts: IterateParts, question: Question, rules: CachedStepOptions): CachedStep | null {
  const { avoid, mode } = rules;
  const cached = rules.isLookedUp === true ? null : parts.findCached(question);
  if (cached !== null && isUsableAnswer(cached, avoid)) {
    return { kind: 'found', found: cached.found };
  }
  const usable = (ranked: RankedRRset | null): ranked is RankedRRset =>
    ranked !== null && isUsableSet(ranked, question.type, avoid);
  const needsWhole = question.type === TYPE.ANY || (rules.wholeOnly && !WHOLE_TYPES.has(question.type));
  const data = needsWhole ? null : parts.rrsets.find(question.name, question.type, question.class);
  if (usable(data) && (!rules.wholeOnly || isWhole(data, question.type)))
    return { kind: 'found', found: { kind: 'found', aliases: [], end: endOfSet(question, data) } };
  if (question.type === TYPE.DS && mode === 'for-validation') return deniedByReferral(parts, question, avoid);
  // Keys stand at the top of a zone, where no alias may be (RFC 1034 §3.6.2): one that is remembered there is no answer.
  if (question.type === TYPE.DNSKEY && mode === 'for-validation') return null;
  if (question.type === TYPE.CNAME) return cnameByDname(question, dnameStep(parts, question, usable));
  // RFC 4035 §2.5: NSEC and RRSIG stand beside a CNAME; who asks for them wants them, not the alias.
  if (question.type === TYPE.ANY || question.type === TYPE.RRSIG || question.type === TYPE.NSEC) return null;
  const cname = parts.rrsets.find(question.name, TYPE.CNAME, question.class);
  const step =
    usable(cname) && speaksOf(question, cname) ? cnameStep(question, cname) : dnameStep(parts, question, usable);
  return step === null ? null : { kind: 'alias', step };
}

/**
 * The denial that came with the referral to a zone without DS answers the validator's question for that DS. It has no SOA,
 * so it is no answer for a client and is not to be kept: it expires at once.
 */
function deniedByReferral(
  { delegations, clock }: IterateParts,
  question: Question,
  avoid: ReadonlySet<string>,
): CachedStep | null {
  const now = clock.unixSeconds();
  const authority = delegations.find(question.name)?.denial ?? [];
  const isUsed =
    authority.length > 0 && authority.every((ranked) => ranked.expiresAt > now && !avoid.has(ranked.server ?? ''));
  if (!isUsed) return null;
  const [first] = authority;
  const end: FinalAnswer = {
    kind: 'nodata',
    question,
    rcode: RCODE.NOERROR,
    answer: [],
    authority,
    additional: [],
    zone: first?.zone ?? ROOT,
    server: first?.server ?? null,
    expiresAt: now,
  };
  return { kind: 'found', found: { kind: 'found', aliases: [], end } };
}

/** A CNAME that was asked for and that a cached DNAME makes: both together are the answer (RFC 6672 §3.1). */
function cnameByDname(question: Question, step: AliasStep | null): CachedStep | null {
  if (step === null || step.synthesised === null) return null;
  const end = { ...endOfSet(question, step.alias), answer: [step.alias, step.synthesised] };
  return { kind: 'found', found: { kind: 'found', aliases: [], end } };
}

function cnameStep(question: Question, alias: RankedRRset): AliasStep | null {
  const to = targetOf(alias);
  return to === null ? null : { via: 'cname', question, alias, synthesised: null, to, proof: [] };
}

/**
 * RFC 4035 §3.1.4.1: a DS is the parent's to give or to deny. An alias at that name counts for it when the parent is proven to
 * have said so; any other may be the child's own, at its apex.
 */
function speaksOf({ type }: Question, { rrset, verdict }: RankedRRset): boolean {
  return type !== TYPE.DS || (verdict?.status === 'secure' && isSignedFromAbove(rrset));
}

/** From a DNAME above only when it is proven: an unsigned one is asked for again, so that no forged one rules a subtree. */
function dnameStep(
  parts: IterateParts,
  question: Question,
  usable: (ranked: RankedRRset | null) => ranked is RankedRRset,
): AliasStep | null {
  const { name } = question;
  for (let at = 0; name[at] !== 0; ) {
    at = labelAfter(name, at);
    const ranked = parts.rrsets.find(name, TYPE.DNAME, question.class, at);
    if (!usable(ranked) || ranked.verdict?.status !== 'secure') continue;
    const above = rrsetOwner(ranked.rrset);
    // A stub, forward or local zone copy below may be private to us: the world's DNAME above it does not speak for its names.
    if (isOwnBelow(parts, question.name, above)) return null;
    const target = targetOf(ranked);
    const to = target === null ? null : replaceSuffix(question.name, above, target);
    if (to === null) return null;
    const cname = { owner: question.name, type: TYPE.CNAME, class: question.class, rdatas: [to], signatures: [] };
    const synthesised: RankedRRset = { ...ranked, rrset: packRRset(cname) };
    return { via: 'dname', question, alias: ranked, synthesised, to, proof: [] };
  }
  return null;
}

function targetOf(alias: RankedRRset): Name | null {
  return readTargetName(rdatasOf(alias.rrset)[0] ?? new Uint8Array());
}
