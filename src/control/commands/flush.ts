/**
 * Commands that forget cached data, finished replies made of it included, a piece in each turn of the event loop.
 *
 * `+c` asks Unbound to forget the second-level cache as well; it is taken and changes nothing, since there is none.
 */

import type { HeldRRset } from '../../terms/held-rrset.ts';
import { ipText, parseIp } from '../../wire/ip.ts';
import { parseMessage } from '../../wire/message-view.ts';
import { isAtOrBelow, type Name, namesEqual } from '../../wire/name.ts';
import type { Question } from '../../wire/question.ts';
import { RCODE } from '../../wire/rcode.ts';
import { CLASS, TYPE, typeFromText } from '../../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../../wire/rrset.ts';
import { type Command, OK, plain, plusOptions, twoParts, worded } from '../command.ts';
import { heldOf } from '../dump-cache.ts';
import { readName } from '../names.ts';
import type { ControlCaches, ControlParts } from '../parts.ts';

/** What `flush` forgets of a name: Unbound's types. TLSA is not among them: `flush_type NAME TLSA` does that. */
const FLUSHED_TYPES: ReadonlySet<number> = new Set([
  TYPE.A,
  TYPE.AAAA,
  TYPE.NS,
  TYPE.SOA,
  TYPE.CNAME,
  TYPE.DNAME,
  TYPE.MX,
  TYPE.PTR,
  TYPE.SRV,
  TYPE.NAPTR,
  TYPE.SVCB,
  TYPE.HTTPS,
]);

/** What a flush goes through, and with whose turns between: caches may hold millions of entries. */
interface Sweep {
  readonly caches: ControlCaches;
  /** Unix seconds: what was expired already is not counted as removed. */
  readonly now: number;
  readonly pause: () => Promise<void>;
}

/** The commands. */
export function flushCommands({ house, clock }: ControlParts): Command[] {
  const { caches, resolver } = house;
  const sweep = (): Sweep => ({ caches, now: clock.unixSeconds(), pause: () => clock.nextTurn() });
  return [
    worded('flush', async (words) => {
      const read = readName(plusOptions(words).rest);
      if (!read.ok) return read.error;
      await flushTypes(sweep(), read.name, FLUSHED_TYPES);
      return OK;
    }),
    worded('flush_type', (words) => flushType(sweep(), plusOptions(words).rest)),
    worded('flush_zone', async (words) => {
      const read = readName(plusOptions(words).rest);
      return read.ok ? removedText(await flushZone(sweep(), read.name)) : read.error;
    }),
    worded('flush_bogus', async () => removedText(await flushBogus(sweep()))),
    worded('flush_negative', async () => removedText(await flushNegative(sweep()))),
    plain('flush_requestlist', () => {
      resolver.abortAll();
      return OK;
    }),
    worded('flush_infra', (words) => flushInfra(caches, words)),
  ];
}

/** What was removed and had still been of use. */
interface Removed {
  rrsets: number;
  messages: number;
  keys: number;
}

function removedText({ rrsets, messages, keys }: Removed): string {
  return `ok removed ${rrsets} rrsets, ${messages} messages and ${keys} key entries\n`;
}

async function flushType(sweep: Sweep, words: string): Promise<string> {
  const parts = twoParts(words);
  if ('error' in parts) return parts.error;
  const read = readName(parts.first);
  if (!read.ok) return read.error;
  const type = typeFromText(parts.rest);
  if (type === null) return `error parsing RRset type: '${parts.rest}'\n`;
  await flushTypes(sweep, read.name, new Set([type]));
  return OK;
}

/** Forgets records of a name, and every answer that is about them or holds them. */
async function flushTypes({ caches, pause }: Sweep, name: Name, types: ReadonlySet<number>): Promise<void> {
  const isOf = (owner: Name, type: number): boolean => types.has(type) && namesEqual(owner, name);
  const isFlushed = ({ rrset }: HeldRRset): boolean => isOf(rrsetOwner(rrset), rrsetType(rrset));
  const isAbout = (question: Question): boolean => isOf(question.name, question.type);
  for (const type of types) caches.rrsets.remove(name, type, CLASS.IN);
  await caches.answers.removeInTurns(
    (question, cached) => isAbout(question) || heldOf(cached.found).some(isFlushed),
    pause,
  );
  caches.failures.removeWhere((failure) => isAbout(failure.question));
  if (types.has(TYPE.NS)) caches.delegations.remove(name);
  if (types.has(TYPE.DNSKEY) || types.has(TYPE.DS)) caches.keys.removeBelow(name);
  caches.denials?.clear();
  // Last: until here they could be made anew of what was not removed yet.
  await caches.replies.removeInTurns((reply) => speaksOf(reply, isOf), pause);
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

async function flushZone({ caches, now, pause }: Sweep, zone: Name): Promise<Removed> {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  const isInZone = ({ rrset }: HeldRRset): boolean => isAtOrBelow(rrsetOwner(rrset), zone);
  await caches.rrsets.removeInTurns((held) => {
    const isHit = isInZone(held);
    if (isHit && held.expiresAt > now) removed.rrsets++;
    return isHit;
  }, pause);
  await caches.answers.removeInTurns((question, cached) => {
    const isHit = isAtOrBelow(question.name, zone) || heldOf(cached.found).some(isInZone);
    if (isHit && cached.expiresAt > now) removed.messages++;
    return isHit;
  }, pause);
  caches.failures.removeWhere((failure) => isAtOrBelow(failure.question.name, zone));
  caches.delegations.removeWhere((cut) => isAtOrBelow(cut.zone, zone));
  removed.keys = caches.keys.removeBelow(zone);
  caches.denials?.clear();
  await caches.replies.removeInTurns((reply) => speaksOf(reply, (owner) => isAtOrBelow(owner, zone)), pause);
  return removed;
}

async function flushBogus({ caches, now, pause }: Sweep): Promise<Removed> {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  await caches.rrsets.removeInTurns((held) => {
    const isHit = held.verdict?.status === 'bogus';
    if (isHit && held.expiresAt > now) removed.rrsets++;
    return isHit;
  }, pause);
  await caches.answers.removeInTurns((_, { verdict, expiresAt }) => {
    const isHit = verdict?.status === 'bogus';
    if (isHit && expiresAt > now) removed.messages++;
    return isHit;
  }, pause);
  removed.keys = caches.keys.removeWhere((trust) => trust.status === 'bogus');
  caches.denials?.clear();
  await caches.replies.removeInTurns((_, bogus) => bogus, pause);
  return removed;
}

async function flushNegative({ caches, now, pause }: Sweep): Promise<Removed> {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  await caches.answers.removeInTurns((_, { found, expiresAt }) => {
    const isHit = found.end.kind !== 'answer' || found.end.rcode !== RCODE.NOERROR;
    if (isHit && expiresAt > now) removed.messages++;
    return isHit;
  }, pause);
  // A failed look-up of DS or DNSKEY was a negative result too.
  removed.keys = caches.keys.removeWhere(({ status }) => status === 'bogus' || status === 'indeterminate');
  caches.failures.clear();
  caches.denials?.clear();
  await caches.replies.removeInTurns(isNegative, pause);
  return removed;
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

function flushInfra({ servers, replies }: ControlCaches, words: string): string {
  if (words === 'all') {
    servers.clear();
  } else {
    const [written = '', port] = words.split('@');
    const address = parseIp(written);
    if (address === null) return `error parsing ip addr: '${words}'\n`;
    const prefix = `${ipText(address)}@`;
    const known = new Set([...servers.entries()].map(({ server }) => server));
    for (const server of known) {
      if (port === undefined ? server.startsWith(prefix) : server === `${prefix}${port}`) servers.remove(server);
    }
  }
  replies.clear();
  return OK;
}
