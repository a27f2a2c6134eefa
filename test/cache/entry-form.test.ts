/**
 * Proves that entries come back from their stored form as they were, that sets shared by answers stay shared, and that octets
 * that are no such form end as "nothing", whatever was changed in them.
 */

import { expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import type { AnswerEntry } from '../../src/cache/cached-answer.ts';
import type { Delegation } from '../../src/cache/delegation.ts';
import { EntryReader, type StoredEntry } from '../../src/cache/entry-reader.ts';
import { EntryWriter } from '../../src/cache/entry-writer.ts';
import { isSameCode, keyedDigest } from '../../src/cache/keyed-digest.ts';
import { RANK } from '../../src/terms/rank.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { fromHex, toHex } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { questionFrom, rankedAt, rrsetFrom } from '../support/records.ts';

const NOW = 1_800_000_000;
const INSECURE: Verdict = { status: 'insecure', why: { kind: 'no-ds-proven', zone: 'example.' } };
const MX = rankedAt(NOW, 300, rrsetFrom(['mx.example. A 192.0.2.1', 'mx.example. A 192.0.2.2']), { verdict: INSECURE });
const ALIAS = rankedAt(NOW, 60, rrsetFrom(['www.example. CNAME mx.example.']), { zone: null, server: null });
const PROOF = rankedAt(NOW, 900, rrsetFrom(['a.example. NSEC b.example. A']), {
  rank: RANK.validated,
  verdict: SECURE,
});
const DNAME = rankedAt(NOW, 900, rrsetFrom(['d.example. DNAME example.']), { verdict: SECURE });

const ANSWER: AnswerEntry = {
  question: questionFrom('x.d.example. A'),
  cached: {
    verdict: INSECURE,
    storedAt: NOW - 1,
    expiresAt: NOW + 60,
    refreshAt: NOW + 54,
    found: {
      kind: 'found',
      aliases: [
        {
          via: 'dname',
          question: questionFrom('x.d.example. A'),
          alias: DNAME,
          synthesised: ALIAS,
          to: mustParseName('mx.example.'),
          proof: [PROOF],
        },
      ],
      end: {
        kind: 'answer',
        question: questionFrom('mx.example. A'),
        rcode: 0,
        answer: [MX],
        authority: [],
        additional: [MX],
        zone: mustParseName('example.'),
        server: '192.0.2.1@53',
        expiresAt: NOW + 60,
      },
    },
  },
};
const DENIED: AnswerEntry = {
  question: questionFrom('no.example. TLSA'),
  cached: {
    verdict: null,
    storedAt: NOW - 2,
    expiresAt: NOW + 5,
    staleSince: NOW,
    found: {
      kind: 'found',
      aliases: [],
      end: {
        ...ANSWER.cached.found.end,
        kind: 'nxdomain',
        rcode: 3,
        answer: [],
        authority: [PROOF],
        isSynthesised: true,
      },
    },
  },
};
const CUT: Delegation = {
  zone: mustParseName('example.'),
  servers: [{ name: mustParseName('ns.example.'), addresses: ['192.0.2.1', '2001:db8::1'] }],
  source: 'referral',
  receivedAt: NOW - 3,
  expiresAt: NOW + 86_400,
  hasDs: true,
  denial: [PROOF],
};

function written(): Uint8Array {
  const writer = new EntryWriter();
  writer.delegation(CUT);
  writer.answer(ANSWER);
  writer.rrset(MX);
  writer.answer(DENIED);
  return writer.written().slice();
}

/** All entries up to the first that is none; the last item says whether all octets were read. */
function readAll(octets: Uint8Array): readonly [readonly StoredEntry[], boolean] {
  const reader = new EntryReader(octets);
  const entries: StoredEntry[] = [];
  while (!reader.isAtEnd) {
    const entry = reader.next();
    if (entry === null) return [entries, false];
    entries.push(entry);
  }
  return [entries, true];
}

test('answers, aliases, denials, sets and delegations come back as they were', () => {
  expect(readAll(written())).toEqual([
    [
      { kind: 'delegation', cut: CUT },
      { kind: 'answer', entry: ANSWER },
      { kind: 'rrset', ranked: MX },
      { kind: 'answer', entry: DENIED },
    ],
    true,
  ]);
});

test('a set that several entries hold is one object', () => {
  const [[, answer, set]] = readAll(written());
  if (answer?.kind !== 'answer' || set?.kind !== 'rrset') throw new Error('other entries');
  expect(answer.entry.cached.found.end.answer[0]).toBe(set.ranked);
  expect(answer.entry.cached.found.end.additional[0]).toBe(set.ranked);
});

test('a verdict that is never written is read as none', () => {
  const writer = new EntryWriter();
  writer.rrset({ ...MX, verdict: { status: 'bogus', why: { kind: 'no-dnskey', zone: 'example.' } } });
  expect(readAll(writer.written())).toEqual([[{ kind: 'rrset', ranked: { ...MX, verdict: null } }], true]);
});

test('a set of configured rank is none: no stored form may give it', () => {
  const writer = new EntryWriter();
  writer.rrset({ ...MX, rank: RANK.configured });
  expect(readAll(writer.written())).toEqual([[], false]);
});

test('what is cut short anywhere ends as nothing', () => {
  const whole = written();
  for (let length = 0; length < whole.length; length++) {
    const [entries, isWhole] = readAll(whole.subarray(0, length));
    expect(entries.length).toBeLessThan(4);
    expect([length, isWhole && entries.length > 0 && entries.length === 4]).toEqual([length, false]);
  }
});

test('octets that were changed at random are read without a fault of the program', () => {
  const random = new SeededRandom(1);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const octets = written();
    for (let i = 0; i <= random.below(4); i++) octets[random.below(octets.length)] = random.below(256);
    if (!readAll(octets)[1]) refused++;
  }
  expect(refused).toBeGreaterThan(1000);
});

test.each([
  [
    '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
    '4869205468657265',
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    '4a656665',
    '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'aa'.repeat(131),
    toHex(new TextEncoder().encode('Test Using Larger Than Block-Size Key - Hash Key First')),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('the keyed digest is that of RFC 4231 (key %s)', (key, text, code) => {
  const octets = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
  const made = keyedDigest(createNodeCrypto(), octets(key), octets(text));
  expect(toHex(made)).toBe(code);
  expect(isSameCode(made, octets(code))).toBe(true);
  expect(
    isSameCode(
      made,
      octets(code).map((octet, i) => (i === 31 ? octet ^ 1 : octet)),
    ),
  ).toBe(false);
  expect(isSameCode(made, made.subarray(1))).toBe(false);
});
