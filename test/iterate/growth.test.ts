/**
 * Proves that nothing in `iterate` is more than linear in a message: eight times the records take about eight times as
 * long, where a quadratic step would take 64 times.
 */

import { describe, expect, test } from 'vitest';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { AddressRules } from '../../src/iterate/address-rules.ts';
import { classifyResponse } from '../../src/iterate/classify-response.ts';
import { serversOfDelegation, serversOfHints } from '../../src/iterate/delegation.ts';
import { keepReferral, keepResponse, type ResponseSource } from '../../src/iterate/keep-response.ts';
import { CacheShare } from '../../src/iterate/message-bounds.ts';
import { scrub } from '../../src/iterate/scrub.ts';
import { chooseServer } from '../../src/iterate/server-selection.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { growthOf } from '../support/growth.ts';
import { questionFrom, recordFrom } from '../support/records.ts';
import { tighten } from '../world/loose-message.ts';
import { Bench } from './support.ts';

const ZONE = mustParseName('example.');
const FEW = 250;
const FACTOR = 8;
/** Between the 8 of linear work and the 64 of quadratic. */
const MOST = 24;

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const soa = recordFrom('example. 300 SOA ns.example. h.example. 1 2 3 4 300');
/** A record whose owner and data are short, so that thousands fit into a message. */
const small = (owner: string, type: number, ...octets: number[]): ResourceRecord => ({
  ...{ owner: mustParseName(owner), type, class: CLASS.IN, ttl: 300, rdata: Uint8Array.from(octets) },
});
const a = (owner: string, i: number) => small(owner, TYPE.A, 10, i >> 16, (i >> 8) & 255, i & 255);
const rrsig = (owner: string, covered: number, i: number) =>
  small(owner, TYPE.RRSIG, covered >> 8, covered & 255, ...many(14, () => 0), i >> 8, i & 255, 0, 1);
const ns = (i: number) => recordFrom(`w.example. 300 NS n${i}.w.example.`);
const host = (i: number) => `${i.toString(36)}.example.`;

type Sections = Partial<Record<'answer' | 'authority' | 'additional', ResourceRecord[]>>;

/** Hostile messages of so many records, each of another shape. */
const SHAPES: Record<string, (count: number) => Sections> = {
  'glue of twenty servers': (n) => ({
    authority: many(20, ns),
    additional: many(n, (i) => a(`n${i % 20}.w.example.`, i)),
  }),
  'glue of nobody': (n) => ({ authority: many(20, ns), additional: many(n, (i) => a(host(i), i)) }),
  'servers of a referral': (n) => ({ authority: many(n, ns), additional: many(n, (i) => a(`n${i}.w.example.`, i)) }),
  'NSEC3 sets': (n) => ({ authority: [soa, ...many(n, (i) => small(host(i), TYPE.NSEC3, 1, 0, 0, 0, 0, 1, i & 255))] }),
  'NSEC sets of a referral': (n) => ({
    authority: [ns(0), ...many(n, (i) => small(host(i), TYPE.NSEC, 0))],
  }),
  'SOA sets': (n) => ({ authority: many(n, (i) => ({ ...soa, owner: mustParseName(host(i)) })) }),
  'types in the authority section': (n) => ({ authority: [soa, ...many(n, (i) => small('w.example.', 1000 + i, 1))] }),
  'types for ANY': (n) => ({ answer: many(n, (i) => small('w.example.', 1000 + i, 1)) }),
  'addresses in one set': (n) => ({ answer: many(n, (i) => a('w.example.', i)) }),
  'equal addresses': (n) => ({ answer: many(n, () => a('w.example.', 1)) }),
  'answers that nobody asked for': (n) => ({ answer: [a('w.example.', 1), ...many(n, (i) => a(host(i), i))] }),
  'aliases in a row': (n) => ({
    answer: [
      recordFrom(`w.example. 300 CNAME ${host(0)}`),
      ...many(n, (i) => recordFrom(`${host(i)} 300 CNAME ${host(i + 1)}`)),
    ],
  }),
  'aliases of one name': (n) => ({ answer: many(n, (i) => recordFrom(`w.example. 300 CNAME ${host(i)}`)) }),
  'signatures of one set': (n) => ({ answer: [a('w.example.', 1), ...many(n, (i) => rrsig('w.example.', TYPE.A, i))] }),
  'signatures in another section': (n) => ({
    answer: [a('w.example.', 1)],
    additional: many(n, (i) => rrsig('w.example.', TYPE.A, i)),
  }),
  'signatures of nothing': (n) => ({ answer: [a('w.example.', 1), ...many(n, (i) => rrsig('w.example.', i, i))] }),
  'mail hosts': (n) => ({
    answer: many(n, (i) => recordFrom(`w.example. 300 MX 1 ${host(i)}`)),
    additional: many(n, (i) => a(host(i), i)),
  }),
  'records that cannot be': (n) => ({ answer: [a('w.example.', 1), ...many(n, (i) => small(host(i), TYPE.A, 1))] }),
};

const bench = new Bench();
const rules = new AddressRules(DEFAULT_ITERATE_OPTIONS);

function messageOf(sections: Sections, type: number): Uint8Array {
  const question = { ...questionFrom('w.example. A'), type };
  const whole = { id: 1, flags: FLAG.QR | (sections.answer === undefined ? 0 : FLAG.AA), question, ...sections };
  return tighten({ answer: [], authority: [], additional: [], ...whole });
}

/** Takes a message in as a iterative query does: reads, scrubs, classifies, keeps, and chooses a server where it refers. */
function takeIn(bytes: Uint8Array, type: number): void {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { message } = parsed;
  const options = DEFAULT_ITERATE_OPTIONS;
  const question = { ...questionFrom('w.example. A'), type };
  const scrubbed = scrub(message, { question, zone: ZONE, options });
  const isAuthoritative = message.has(FLAG.AA);
  const classified = classifyResponse({
    ...{ rcode: message.rcode, isAuthoritative, offersRecursion: false, askedForRecursion: false, isForwarder: false },
    ...{ question, zone: ZONE, scrubbed },
  });
  const rrsets = new RRsetCache({ ...bench.ports, maxBytes: 4_000_000 });
  const share = new CacheShare(rrsets.maxBytes, bench.counters);
  const now = bench.ports.clock.unixSeconds();
  const source: ResponseSource = {
    ...{
      rrsets,
      options,
      now,
      server: '192.0.2.1@53',
      zone: ZONE,
      isAuthoritative,
      mayStore: true,
      force: false,
      share,
    },
  };
  if (classified.kind !== 'referral') {
    keepResponse(scrubbed, question, source);
    return;
  }
  const cut = keepReferral(scrubbed, classified.servers, serversOfHints({ options, addressRules: rules }), source);
  const parts = { rrsets, options, addressRules: rules, clock: bench.ports.clock, delegations: bench.delegations };
  const { candidates } = serversOfDelegation(cut, parts);
  const selection = { servers: bench.servers, random: bench.ports.random, options };
  for (let i = 0; i < 32; i++) {
    const chosen = chooseServer(candidates, { zone: cut.zone, type: TYPE.A }, new Set(), selection);
    if (chosen !== null) chosen.candidate.attempts++;
  }
}

describe('eight times as many records take no more than linear time', () => {
  test.each(Object.keys(SHAPES))('%s', (name) => {
    const shape = SHAPES[name];
    if (shape === undefined) throw new Error(name);
    const type = name.endsWith('ANY') ? TYPE.ANY : name === 'mail hosts' ? TYPE.MX : TYPE.A;
    const few = messageOf(shape(FEW), type);
    const lots = messageOf(shape(FEW * FACTOR), type);
    // Warm up both, so that the compiler has done what it will do.
    for (let i = 0; i < 3; i++) for (const each of [few, lots]) takeIn(each, type);
    const growth = growthOf(
      () => takeIn(few, type),
      () => takeIn(lots, type),
      MOST,
    );
    expect(growth).toBeLessThan(MOST);
  });
});
