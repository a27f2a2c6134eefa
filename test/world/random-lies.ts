/**
 * A server that lies by chance in what it says of signed zones, as whoever sits on one path could: signatures gone or spoilt, data
 * changed, denials and old replies in place of answers, records where they do not belong. Not a test itself.
 */

import { nameKey } from '../../src/wire/name.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import type { SeededRandom } from '../fake/fake-random.ts';
import { type LooseMessage, recordOf, SECTIONS } from './loose-message.ts';
import { oneOf } from './random-zones.ts';
import type { Tamper } from './scene.ts';

type Lie = (reply: LooseMessage, random: SeededRandom) => LooseMessage | Uint8Array | null;

/** Old replies kept for each question. */
const MOST_OLD = 6;
const UNSIGNED: ReadonlySet<number> = new Set([TYPE.NS]);

function changed(records: readonly ResourceRecord[], change: (record: ResourceRecord) => ResourceRecord | null) {
  return records.flatMap((record) => change(record) ?? []);
}

function inAll(reply: LooseMessage, change: (record: ResourceRecord) => ResourceRecord | null): LooseMessage {
  const { answer, authority, additional } = reply;
  return {
    ...reply,
    answer: changed(answer, change),
    authority: changed(authority, change),
    additional: changed(additional, change),
  };
}

function isAddress(type: number): boolean {
  return type === TYPE.A || type === TYPE.AAAA;
}

function flipped({ rdata, ...record }: ResourceRecord, random: SeededRandom): ResourceRecord {
  const copy = rdata.slice();
  // From the end: what comes last is no name in the records of these zones that are not left out.
  const at = Math.max(0, copy.length - 1 - random.below(4));
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return { ...record, rdata: copy };
}

const isRrsig = ({ type }: ResourceRecord): boolean => type === TYPE.RRSIG;
const FLIPPED: ReadonlySet<number> = new Set([
  TYPE.A,
  TYPE.AAAA,
  TYPE.TLSA,
  TYPE.DS,
  TYPE.DNSKEY,
  TYPE.TXT,
  TYPE.NSEC3,
]);

/** Records of a referral's servers stay as they are: what is not signed cannot be told from a lie. */
const LIES: readonly Lie[] = [
  (reply) => inAll(reply, (record) => (isRrsig(record) ? null : record)),
  (reply, random) =>
    inAll(reply, (record) => (isRrsig(record) && random.below(2) === 0 ? flipped(record, random) : record)),
  (reply, random) => ({
    ...reply,
    answer: changed(reply.answer, (record) => (FLIPPED.has(record.type) ? flipped(record, random) : record)),
  }),
  (reply) => ({ ...reply, authority: reply.authority.filter(({ type }) => UNSIGNED.has(type)) }),
  (reply, random) => ({
    ...reply,
    authority: changed(reply.authority, (record) => (FLIPPED.has(record.type) ? flipped(record, random) : record)),
  }),
  (reply) => ({ ...reply, answer: [], flags: (reply.flags & ~15) | RCODE.NXDOMAIN }),
  (reply) => ({ ...reply, answer: [] }),
  (reply) => ({ ...reply, authority: reply.authority.filter(({ type }) => type !== TYPE.DS) }),
  (reply) => ({ ...reply, flags: (reply.flags & ~15) | RCODE.SERVFAIL, answer: [], authority: [], additional: [] }),
  (reply) => ({ ...reply, flags: (reply.flags & ~(15 | FLAG.AA)) | RCODE.REFUSED, answer: [], authority: [] }),
  () => null,
  // Twice, in another order, for much longer.
  (reply) => ({
    ...inAll(reply, (record) => ({ ...record, ttl: 604_800 })),
    answer: [...reply.answer, ...reply.answer].reverse(),
  }),
  // Addresses of one's own beside what was asked for.
  (reply) => {
    const owner = reply.question?.name;
    if (owner === undefined) return reply;
    const forged = { ...recordOf('x. 3600 A 203.0.113.66'), owner };
    return { ...reply, additional: [...reply.additional, forged] };
  },
  (reply) => ({ ...reply, answer: [...reply.answer, recordOf('mx.k.one. 3600 A 203.0.113.66')] }),
  (reply) => ({ ...reply, authority: [...reply.authority, recordOf('mx.l.one. 3600 A 203.0.113.66')] }),
  (reply) => ({
    ...reply,
    additional: [
      ...reply.additional,
      ...reply.answer.filter(({ type }) => isAddress(type)),
      recordOf('mx.m.two. 3600 A 203.0.113.66'),
    ],
  }),
  // Signatures before data, and in another section.
  (reply) => ({
    ...reply,
    answer: reply.answer.filter((record) => !isRrsig(record)),
    authority: [...reply.authority, ...reply.answer.filter(isRrsig)],
  }),
];

/** A server that lies in so many of a hundred replies. */
export function liar(random: SeededRandom, percent: number): Tamper {
  const old = new Map<string, LooseMessage[]>();
  const others: LooseMessage[] = [];
  return (reply) => {
    const { question } = reply;
    if (question === null) return reply;
    const key = `${nameKey(question.name)} ${question.type}`;
    const before = old.get(key) ?? [];
    old.set(key, [...before, reply].slice(-MOST_OLD));
    others.push(reply);
    if (others.length > 40) others.shift();
    if (random.below(100) >= percent) return reply;
    const kind = random.below(LIES.length + 2);
    const { id } = reply;
    if (kind === LIES.length) return { ...oneOf(random, [reply, ...before]), id, question };
    if (kind > LIES.length) {
      // The denial of another name.
      const { authority, flags } = oneOf(random, others);
      return { ...reply, answer: [], authority: authority.filter(({ type }) => !UNSIGNED.has(type)), flags };
    }
    return (LIES[kind] as Lie)(
      { ...reply, ...Object.fromEntries(SECTIONS.map((name) => [name, [...reply[name]]])) },
      random,
    );
  };
}
