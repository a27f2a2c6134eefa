/**
 * The cache as text, in the form of `dump_cache`: RRsets with `;rrset TTL RRS SIGNATURES RANK STATUS` before them, then
 * messages that refer to them.
 *
 * Duties: Unbound's numbers for ranks and DNSSEC statuses; text made as it is read, an empty piece for what is left out, so that others get their turn.
 * Leaves to others: reading it back (load-cache.ts).
 */

import type { AnswerEntry } from '../cache/cached-answer.ts';
import type { CacheSet } from '../cache/forget.ts';
import { edeOf } from '../terms/ede-of.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Verdict } from '../terms/verdict.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { isAtOrBelow, type Name } from '../wire/name.ts';
import { questionText } from '../wire/question.ts';
import { formatRecord } from '../wire/record-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import {
  rdataCount,
  rdatasOf,
  rrsetClass,
  rrsetOwner,
  rrsetType,
  signatureCount,
  signaturesOf,
} from '../wire/rrset.ts';

/** Unbound's number for each rank of data. */
export const RANK_NUMBER: Readonly<Record<Rank, number>> = {
  [RANK.additionalNonAuthoritative]: 1,
  [RANK.authorityNonAuthoritative]: 2,
  [RANK.additionalAuthoritative]: 3,
  [RANK.answerNonAuthoritative]: 5,
  [RANK.glue]: 6,
  [RANK.authorityAuthoritative]: 7,
  [RANK.answerAuthoritative]: 8,
  [RANK.validated]: 11,
  [RANK.configured]: 12,
};

/** Unbound's number for each DNSSEC status; unchecked is 0. */
const STATUS_NUMBER = { bogus: 1, indeterminate: 2, insecure: 3, secure: 5 } as const;

/** QR and RA: the flags that every kept message has. */
const MESSAGE_FLAGS = 0x8080;
/** Unbound's mark on a SOA that bounds a negative answer. */
const SOA_NEGATIVE = 4;
/** What stands for "no extended error". */
const NO_EDE = -1;

/** The whole dump, or only what is at or below some names; nothing expired. The caches go on changing while it is read. */
export function* dumpCache(caches: CacheSet, now: number, below: readonly Name[] | null = null): Generator<string> {
  const isWanted = (name: Name): boolean => below === null || below.some((each) => isAtOrBelow(name, each));
  yield 'START_RRSET_CACHE\n';
  for (const ranked of caches.rrsets.unordered()) {
    yield ranked.expiresAt > now && isWanted(rrsetOwner(ranked.rrset)) ? rrsetText(ranked, now) : '';
  }
  yield 'END_RRSET_CACHE\nSTART_MSG_CACHE\n';
  for (const entry of caches.answers.unordered()) {
    yield entry.cached.expiresAt > now && isWanted(entry.question.name) ? messageText(entry, now) : '';
  }
  yield 'END_MSG_CACHE\nEOF\n';
}

export function rrsetText(ranked: RankedRRset, now: number): string {
  const { rrset, rank, verdict } = ranked;
  const owner = rrsetOwner(rrset);
  const common = { owner, ttl: Math.max(0, ranked.expiresAt - now), class: rrsetClass(rrset) };
  const counts = `${common.ttl} ${rdataCount(rrset)} ${signatureCount(rrset)}`;
  const head = `;rrset ${counts} ${RANK_NUMBER[rank]} ${statusNumber(verdict)}\n`;
  const records = rdatasOf(rrset).map((rdata) => formatRecord({ ...common, type: rrsetType(rrset), rdata }));
  const signatures = signaturesOf(rrset).map((rdata) => formatRecord({ ...common, type: TYPE.RRSIG, rdata }));
  return `${head}${[...records, ...signatures].map((line) => `${line}\n`).join('')}`;
}

function statusNumber(verdict: Verdict | null): number {
  return verdict === null ? 0 : STATUS_NUMBER[verdict.status];
}

function messageText({ question, cached }: AnswerEntry, now: number): string {
  const { found, verdict, expiresAt } = cached;
  const { aliases, end } = found;
  const answer = [
    ...aliases.flatMap((step) => (step.synthesised === null ? [step.alias] : [step.alias, step.synthesised])),
    ...end.answer,
  ];
  const authority = [...aliases.flatMap((step) => step.proof), ...end.authority];
  const counts = `${answer.length} ${authority.length} ${end.additional.length}`;
  const error = verdict === null ? null : edeOf(verdict);
  const reason = error === null || verdict === null ? '' : verdictText(verdict);
  const numbers = `${MESSAGE_FLAGS | end.rcode} 1 ${expiresAt - now} ${statusNumber(verdict)} ${counts}`;
  const isDenied = end.kind !== 'answer';
  const references = [...answer, ...authority, ...end.additional].map((ranked) => referenceText(ranked, isDenied));
  return `msg ${inUnboundOrder(questionText(question))} ${numbers} ${error?.code ?? NO_EDE} ${reason}\n${references.join('')}`;
}

function referenceText({ rrset }: RankedRRset, isDenied: boolean): string {
  const type = rrsetType(rrset);
  const text = questionText({ name: rrsetOwner(rrset), type, class: rrsetClass(rrset) });
  return `${inUnboundOrder(text)} ${isDenied && type === TYPE.SOA ? SOA_NEGATIVE : 0}\n`;
}

/** `name TYPE CLASS` as `name CLASS TYPE`. */
function inUnboundOrder(text: string): string {
  const [name, type, rrClass] = text.split(' ');
  return `${name} ${rrClass} ${type}`;
}
