/**
 * What depends on what in the caches: the one place that knows what else must go when something goes, or when something that
 * caches rest on has changed.
 *
 * Answers rest on RRsets and on trust in zones, finished replies on answers and on policy, synthesised denials on answers,
 * trust in zones on keys and trust anchors. Leaves to others: when to forget (control commands, reload, anchors), and what
 * a single cache does when its own entries expire.
 */

import { someSet } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { parseMessage } from '../wire/message-view.ts';
import { isAtOrBelow, type Name, namesEqual, ROOT } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { DelegationCache } from './delegation-cache.ts';
import type { DenialCache } from './denial-cache.ts';
import type { FailureCache } from './failure-cache.ts';
import type { SecurityStatus } from './packed-trust.ts';
import type { ReplyCache } from './reply-cache.ts';
import type { RRsetCache } from './rrset-cache.ts';
import type { ServerCache } from './server-cache.ts';

/** What is known of the trust in zones, whatever a key is. */
interface KeyEntries {
  removeBelow(zone: Name): number;
  removeWhere(test: (trust: Pick<SecurityStatus<unknown>, 'status' | 'zone'>) => boolean): number;
}

export interface CacheSet {
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
  readonly replies: ReplyCache;
  readonly keys: KeyEntries;
  readonly delegations: DelegationCache;
  readonly servers: ServerCache;
  readonly failures: FailureCache;
  /** Spans of validated denials (aggressive-nsec). */
  readonly denials: DenialCache;
}

/** What is gone through a piece in each turn of the event loop: caches may hold millions of entries. */
export interface Sweep {
  readonly caches: CacheSet;
  /** Unix seconds: what was expired already is not counted as removed. */
  readonly now: number;
  /** Gives the turn to others. */
  readonly pause: () => Promise<void>;
}

/** What was removed and had still been of use. */
export interface Removed {
  rrsets: number;
  messages: number;
  keys: number;
}

/** Forgets records of a name, and every answer that is about them or holds them. */
export async function forgetTypes({ caches, pause }: Sweep, name: Name, types: ReadonlySet<number>): Promise<void> {
  const isOf = (owner: Name, type: number): boolean => types.has(type) && namesEqual(owner, name);
  const isOfSet = ({ rrset }: RankedRRset): boolean => isOf(rrsetOwner(rrset), rrsetType(rrset));
  const isAbout = (question: Question): boolean => isOf(question.name, question.type);
  for (const type of types) caches.rrsets.remove(name, type, CLASS.IN);
  await caches.answers.removeInTurns((question, cached) => isAbout(question) || someSet(cached.found, isOfSet), pause);
  caches.failures.removeWhere((failure) => isAbout(failure.question));
  if (types.has(TYPE.NS)) caches.delegations.remove(name);
  if (types.has(TYPE.DNSKEY) || types.has(TYPE.DS)) caches.keys.removeBelow(name);
  caches.denials.clear();
  // Last: until here they could be made anew of what was not removed yet.
  await caches.replies.removeInTurns((reply) => speaksOf(reply, isOf), pause);
}

export async function forgetZone({ caches, now, pause }: Sweep, zone: Name): Promise<Removed> {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  const isInZone = ({ rrset }: RankedRRset): boolean => isAtOrBelow(rrsetOwner(rrset), zone);
  await caches.rrsets.removeInTurns((ranked) => {
    const isHit = isInZone(ranked);
    if (isHit && ranked.expiresAt > now) removed.rrsets++;
    return isHit;
  }, pause);
  await caches.answers.removeInTurns((question, cached) => {
    const isHit = isAtOrBelow(question.name, zone) || someSet(cached.found, isInZone);
    if (isHit && cached.expiresAt > now) removed.messages++;
    return isHit;
  }, pause);
  caches.failures.removeWhere((failure) => isAtOrBelow(failure.question.name, zone));
  caches.delegations.removeBelow(zone);
  removed.keys = caches.keys.removeBelow(zone);
  caches.denials.clear();
  await caches.replies.removeInTurns((reply) => speaksOf(reply, (owner) => isAtOrBelow(owner, zone)), pause);
  return removed;
}

/** Forgets what did not validate, and what was made of it. */
export async function forgetBogus({ caches, now, pause }: Sweep): Promise<Removed> {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  await caches.rrsets.removeInTurns((ranked) => {
    const isHit = ranked.verdict?.status === 'bogus';
    if (isHit && ranked.expiresAt > now) removed.rrsets++;
    return isHit;
  }, pause);
  await caches.answers.removeInTurns((_, { verdict, expiresAt }) => {
    const isHit = verdict?.status === 'bogus';
    if (isHit && expiresAt > now) removed.messages++;
    return isHit;
  }, pause);
  removed.keys = caches.keys.removeWhere((trust) => trust.status === 'bogus');
  caches.denials.clear();
  await caches.replies.removeInTurns((_, bogus) => bogus, pause);
  return removed;
}

export async function forgetNegative({ caches, now, pause }: Sweep): Promise<Removed> {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  await caches.answers.removeInTurns((_, { found, expiresAt }) => {
    const isHit = found.end.kind !== 'answer' || found.end.rcode !== RCODE.NOERROR;
    if (isHit && expiresAt > now) removed.messages++;
    return isHit;
  }, pause);
  // A failed look-up of DS or DNSKEY was a negative result too.
  removed.keys = caches.keys.removeWhere(({ status }) => status === 'bogus' || status === 'indeterminate');
  caches.failures.clear();
  caches.denials.clear();
  await caches.replies.removeInTurns(isNegative, pause);
  return removed;
}

/** Forgets what is known of servers: of those that the test says yes to, or of all. Replies tell how it went with them. */
export function forgetServers({ servers, replies }: CacheSet, test: ((server: string) => boolean) | null = null): void {
  if (test === null) {
    servers.clear();
  } else {
    const known = new Set([...servers.entries()].map(({ server }) => server));
    for (const server of known) if (test(server)) servers.remove(server);
  }
  replies.clear();
}

/** Forgets where a zone's servers were found, after they were configured otherwise. Data stays, as it does in Unbound. */
export function forgetServersOfZone(zone: Name, { delegations, failures }: CacheSet): void {
  // A failure from before the change must not outlive it either, and may be of any name.
  delegations.remove(zone);
  failures.clear();
}

/** Forgets finished replies, after policy has changed that they were made by. */
export function forgetReplies({ replies }: Pick<CacheSet, 'replies'>): void {
  replies.clear();
}

/**
 * Forgets what DNSSEC said at and below a zone, when trust in it has changed: old verdicts must not go on. From the call on
 * none is found; the room that they take is given back a piece in each turn.
 */
export async function forgetTrust({ caches, pause }: Pick<Sweep, 'caches' | 'pause'>, zone: Name): Promise<void> {
  caches.rrsets.startTrustEpoch();
  forgetConclusions(zone, caches);
  const isInZone = ({ rrset }: RankedRRset): boolean => isAtOrBelow(rrsetOwner(rrset), zone);
  await Promise.all([
    caches.rrsets.banInTurns((ranked) => ranked.verdict !== null && isInZone(ranked), pause),
    caches.answers.banInTurns(
      (question, { found }) => isAtOrBelow(question.name, zone) || someSet(found, isInZone),
      pause,
    ),
  ]);
  // Whoever keeps what was found before the call, and does not mind the epoch, may have done so since.
  forgetConclusions(zone, caches);
}

/** Forgets at once what small caches hold of trust at and below a zone, and what was made of it. */
function forgetConclusions(zone: Name, { keys, failures, replies, denials }: CacheSet): void {
  keys.removeBelow(zone);
  for (const cache of [failures, replies, denials]) cache.clear();
}

/** Forgets all data from servers, as what a guessed answer may have got into. Trust in zones rests on signatures. */
export function forgetData({ rrsets, answers, replies, denials, delegations }: CacheSet): void {
  for (const cache of [rrsets, answers, replies, denials, delegations]) cache.clear();
}

/** Forgets everything, as when the clock was set back: all that is held would live on for as long as that. */
export function forgetAll(caches: CacheSet): void {
  caches.rrsets.startTrustEpoch();
  forgetData(caches);
  forgetConclusions(ROOT, caches);
  forgetServers(caches);
}

/** What reload_keep_cache keeps: data and what is known of servers. Trust in zones is found again. */
export function keptForReload<Caches extends CacheSet>(
  caches: Caches,
): Pick<Caches, 'rrsets' | 'answers' | 'servers' | 'delegations'> {
  const { rrsets, answers, servers, delegations } = caches;
  return { rrsets, answers, servers, delegations };
}

/** What a changed option keeps: all but finished replies, which may depend on it. */
export function keptForOptionChange<Caches extends CacheSet>(caches: Caches): Omit<Caches, 'replies'> {
  const { replies: _, ...kept } = caches;
  return kept;
}

/** True when the question or a record of a finished reply is such a one; one that cannot be read is not kept either. */
function speaksOf(reply: Uint8Array, isHit: (owner: Name, type: number) => boolean): boolean {
  const parsed = parseMessage(reply);
  if (!parsed.ok) return true;
  const { message } = parsed;
  if (message.questions.some(({ name, type }) => isHit(name, type))) return true;
  for (let i = 0; i < message.additional.end; i++) if (isHit(message.owner(i), message.type(i))) return true;
  return false;
}

/** A finished reply that has no record of the type that was asked for. */
function isNegative(reply: Uint8Array): boolean {
  const parsed = parseMessage(reply);
  if (!parsed.ok || parsed.message.rcode !== RCODE.NOERROR) return true;
  const { message } = parsed;
  const asked = message.questions[0]?.type;
  for (let i = 0; i < message.answer.end; i++) {
    if (message.type(i) === asked || asked === TYPE.ANY) return false;
  }
  return true;
}
