/** The questions that the lab proposes, what each shows, and what a right answer looks like. */

import { RCODE } from '../../src/wire/rcode.ts';

/** One line to try. */
export interface LabLine {
  readonly name: string;
  readonly type: string;
  /** Further words for dig. */
  readonly options?: string;
  /** What it shows. */
  readonly shows: string;
  readonly rcode: number;
  /** Expected AD bit. */
  readonly isAuthentic: boolean;
  /** Expected extended errors, any of them; absent: not looked at. */
  readonly ede?: readonly number[];
  /** Least number of records in the answer. */
  readonly answers: number;
}

const secure = { rcode: RCODE.NOERROR, isAuthentic: true } as const;
const plain = { rcode: RCODE.NOERROR, isAuthentic: false } as const;
const bogus = { rcode: RCODE.SERVFAIL, isAuthentic: false, answers: 0 } as const;

/** All lines, in the order of printing. */
export const LAB_LINES: readonly LabLine[] = [
  { name: 'dane.example.', type: 'MX', shows: 'a signed mail domain: AD is set', ...secure, answers: 1 },
  { name: '_25._tcp.mx1.dane.example.', type: 'TLSA', shows: 'the record that DANE rests on', ...secure, answers: 1 },
  { name: '_25._tcp.mx.dane.test.', type: 'TLSA', shows: 'the same below a zone with NSEC3', ...secure, answers: 1 },
  { name: '_25._tcp.mx.rsa.example.', type: 'TLSA', shows: 'signed with RSA', ...secure, answers: 1 },
  { name: 'alias.dane.example.', type: 'A', shows: 'a signed alias', ...secure, answers: 2 },
  { name: 'mx.old.dane.example.', type: 'A', shows: 'a signed DNAME into another zone', ...secure, answers: 3 },
  { name: 'news.lists.dane.example.', type: 'MX', shows: 'a wildcard, proven to apply', ...secure, answers: 1 },
  { name: 'b.c.dane.example.', type: 'A', shows: 'an empty name: NODATA with proof', ...secure, answers: 0 },
  {
    name: '_25._tcp.mx9.dane.example.',
    type: 'TLSA',
    shows: 'proof that there is no such TLSA',
    rcode: RCODE.NXDOMAIN,
    isAuthentic: true,
    answers: 0,
  },
  {
    name: 'absent.dane.test.',
    type: 'A',
    shows: 'proof by NSEC3 that a name does not exist',
    rcode: RCODE.NXDOMAIN,
    isAuthentic: true,
    answers: 0,
  },
  { name: 'plain.test.', type: 'MX', shows: 'an unsigned domain, proven unsigned: no AD', ...plain, answers: 1 },
  { name: 'plain.test.', type: 'DS', shows: 'no DS; the span is opt-out, so no AD', ...plain, answers: 0 },
  {
    name: 'unknown-algorithm.example.',
    type: 'MX',
    shows: 'signed with an algorithm that nobody knows: as if unsigned',
    ...plain,
    answers: 1,
  },
  { name: 'expired.example.', type: 'MX', shows: 'signatures out of date: EDE 7', ...bogus, ede: [7] },
  { name: 'expired.example.', type: 'MX', options: '+cd', shows: 'the same, checking disabled', ...plain, answers: 1 },
  { name: 'future.example.', type: 'MX', shows: 'signatures not valid yet: EDE 8', ...bogus, ede: [8] },
  { name: 'mx.forged.example.', type: 'A', shows: 'an address changed on the way: EDE 6', ...bogus, ede: [6] },
  { name: 'mx.stripped.example.', type: 'A', shows: 'signatures taken away: EDE 10', ...bogus, ede: [9, 10] },
  {
    name: 'mx.stranger.example.',
    type: 'A',
    shows: "signed by a key that is not the zone's",
    ...bogus,
    ede: [6, 9, 10],
  },
  { name: 'mx.wrong-ds.example.', type: 'A', shows: 'a DS that fits no key: EDE 9', ...bogus, ede: [6, 9] },
  { name: 'absent.no-denial.example.', type: 'A', shows: 'a denial without proof: EDE 12', ...bogus, ede: [6, 12] },
  { name: 'mx.no-dnskey.example.', type: 'A', shows: 'no keys at all: EDE 9', ...bogus, ede: [9] },
  { name: 'mx.refused.example.', type: 'A', shows: 'servers that refuse: EDE 22 or 23', ...bogus, ede: [22, 23] },
  { name: 'mx.lame.example.', type: 'A', shows: 'servers that do not know their zone', ...bogus, ede: [22, 23] },
  { name: 'mx.no-edns.example.', type: 'A', shows: 'a signed zone whose servers know no EDNS, so no proof', ...bogus },
  { name: 'mx.truncated.example.', type: 'A', shows: 'answers that only fit TCP', ...secure, answers: 1 },
];

/** A line as typed. */
export function digLine(line: LabLine, at: { readonly ip: string; readonly port: number }): string {
  return ['dig', `@${at.ip}`, '-p', String(at.port), line.name, line.type, '+dnssec', line.options ?? '']
    .join(' ')
    .trim();
}
