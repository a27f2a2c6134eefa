/**
 * Commands that forget cached data. The reply cache is derived data: every one of them clears it whole.
 *
 * `+c` asks Unbound to forget the second-level cache as well; it is taken and changes nothing, since there is none.
 */

import type { HeldRRset } from '../../terms/held-rrset.ts';
import { ipText, parseIp } from '../../wire/ip.ts';
import { isAtOrBelow, type Name, namesEqual } from '../../wire/name.ts';
import type { Question } from '../../wire/question.ts';
import { RCODE } from '../../wire/rcode.ts';
import { TYPE, typeFromText } from '../../wire/rr-type.ts';
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

/** The commands. */
export function flushCommands({ house, clock }: ControlParts): Command[] {
  const { caches, resolver } = house;
  return [
    worded('flush', (words) => {
      const read = readName(plusOptions(words).rest);
      if (!read.ok) return read.error;
      flushTypes(caches, read.name, FLUSHED_TYPES);
      return OK;
    }),
    worded('flush_type', (words) => flushType(caches, plusOptions(words).rest)),
    worded('flush_zone', (words) => {
      const read = readName(plusOptions(words).rest);
      return read.ok ? removedText(flushZone(caches, read.name, clock.unixSeconds())) : read.error;
    }),
    worded('flush_bogus', () => removedText(flushBogus(caches, clock.unixSeconds()))),
    worded('flush_negative', () => removedText(flushNegative(caches, clock.unixSeconds()))),
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

function flushType(caches: ControlCaches, words: string): string {
  const parts = twoParts(words);
  if ('error' in parts) return parts.error;
  const read = readName(parts.first);
  if (!read.ok) return read.error;
  const type = typeFromText(parts.rest);
  if (type === null) return `error parsing RRset type: '${parts.rest}'\n`;
  flushTypes(caches, read.name, new Set([type]));
  return OK;
}

/** Forgets records of a name, and every answer that is about them or holds them. */
function flushTypes(caches: ControlCaches, name: Name, types: ReadonlySet<number>): void {
  const isFlushed = ({ rrset }: HeldRRset): boolean =>
    types.has(rrsetType(rrset)) && namesEqual(rrsetOwner(rrset), name);
  const isAbout = (question: Question): boolean => types.has(question.type) && namesEqual(question.name, name);
  caches.rrsets.removeWhere(isFlushed);
  caches.answers.removeWhere((question, cached) => isAbout(question) || heldOf(cached.found).some(isFlushed));
  caches.failures.removeWhere((failure) => isAbout(failure.question));
  if (types.has(TYPE.NS)) caches.delegations.remove(name);
  if (types.has(TYPE.DNSKEY) || types.has(TYPE.DS)) caches.keys.removeBelow(name);
  forgetDerived(caches);
}

/** Finished replies and denial spans are made of what was just removed. */
function forgetDerived(caches: ControlCaches): void {
  caches.replies.clear();
  caches.denials?.clear();
}

function flushZone(caches: ControlCaches, zone: Name, now: number): Removed {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  const isInZone = ({ rrset }: HeldRRset): boolean => isAtOrBelow(rrsetOwner(rrset), zone);
  caches.rrsets.removeWhere((held) => {
    const isHit = isInZone(held);
    if (isHit && held.expiresAt > now) removed.rrsets++;
    return isHit;
  });
  caches.answers.removeWhere((question, cached) => {
    const isHit = isAtOrBelow(question.name, zone) || heldOf(cached.found).some(isInZone);
    if (isHit && cached.expiresAt > now) removed.messages++;
    return isHit;
  });
  caches.failures.removeWhere((failure) => isAtOrBelow(failure.question.name, zone));
  caches.delegations.removeWhere((cut) => isAtOrBelow(cut.zone, zone));
  removed.keys = caches.keys.removeBelow(zone);
  forgetDerived(caches);
  return removed;
}

function flushBogus(caches: ControlCaches, now: number): Removed {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  const isBogus = (held: HeldRRset): boolean => held.verdict?.status === 'bogus';
  caches.rrsets.removeWhere((held) => {
    if (isBogus(held) && held.expiresAt > now) removed.rrsets++;
    return isBogus(held);
  });
  caches.answers.removeWhere((_, { verdict, expiresAt }) => {
    const isHit = verdict?.status === 'bogus';
    if (isHit && expiresAt > now) removed.messages++;
    return isHit;
  });
  removed.keys = caches.keys.removeWhere((trust) => trust.status === 'bogus');
  forgetDerived(caches);
  return removed;
}

function flushNegative(caches: ControlCaches, now: number): Removed {
  const removed: Removed = { rrsets: 0, messages: 0, keys: 0 };
  caches.answers.removeWhere((_, { found, expiresAt }) => {
    const isHit = found.end.kind !== 'answer' || found.end.rcode !== RCODE.NOERROR;
    if (isHit && expiresAt > now) removed.messages++;
    return isHit;
  });
  // A failed look-up of DS or DNSKEY was a negative result too.
  removed.keys = caches.keys.removeWhere(({ status }) => status === 'bogus' || status === 'indeterminate');
  caches.failures.clear();
  forgetDerived(caches);
  return removed;
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
