/**
 * Proves that NSEC3 records prove what a correct server would say and never anything else: against a model of a zone with
 * every subset of its chain, with and without opt-out; that hashing stays within its budget (CVE-2023-50868); and case by
 * case the refusals of RFC 5155 §8 and RFC 9276.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import type { DenialRecord } from '../../src/dnssec/denial-record.ts';
import { type Nsec3Parts, proveByNsec3, proveWildcardByNsec3, readNsec3Span } from '../../src/dnssec/nsec3.ts';
import { NSEC3_HASHES_PER_GRANT, Nsec3Hasher } from '../../src/dnssec/nsec3-hash.ts';
import type { Crypto } from '../../src/ports/crypto.ts';
import type { DenialOutcome } from '../../src/terms/denial-outcome.ts';
import { labelCount, lastLabels } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { questions, subsets, zones } from './model-questions.ts';
import {
  absolute,
  type ChainChoices,
  exists,
  isTrue,
  lookup,
  type ModelZone,
  nsec3Chain,
  type Truth,
} from './model-zone.ts';

const crypto = createNodeCrypto();
const zone = mustParseName('example.');
const PLAIN: ChainChoices = { iterations: 0, salt: new Uint8Array(), isOptOut: false };
const OPT_OUT: ChainChoices = { ...PLAIN, isOptOut: true };

function means(hashes = 50, maxIterations = 150): Nsec3Parts {
  return { hasher: new Nsec3Hasher(crypto, hashes), maxIterations };
}

function prove(records: readonly DenialRecord[], relative: string, type: number, with_ = means()): DenialOutcome {
  return proveByNsec3({ name: absolute(relative), type }, records, zone, with_);
}

const refused = (why: string) => ({ kind: 'not-proven', why });
const picked = (records: DenialRecord[], subset: number) => records.filter((_, i) => ((subset >> i) & 1) === 1);

const isDenial = (truth: Truth) => truth === 'nxdomain' || truth === 'nodata' || truth === 'wildcard-nodata';

describe('against the model of a zone', () => {
  test('no subset of the chain proves what is not so', () => {
    const property = fc.property(zones, questions, subsets, (model, { relative, type }, subset) => {
      const outcome = prove(picked(nsec3Chain(model, PLAIN), subset), relative, type);
      if (outcome.kind === 'not-proven') return;
      const isCut = model.get(relative)?.includes(TYPE.NS) ?? false;
      expect(isTrue(outcome, lookup(model, relative, type), type, isCut)).toBe(true);
    });
    fc.assert(property, { numRuns: 3000, seed: 20260301 });
  });

  test('the whole chain proves every denial', () => {
    const property = fc.property(zones, questions, (model, { relative, type }) => {
      const outcome = prove(nsec3Chain(model, PLAIN), relative, type);
      const isAliasOfDs = outcome.kind === 'no-cut' && outcome.isAlias;
      expect(outcome.kind !== 'not-proven').toBe(isDenial(lookup(model, relative, type)) || isAliasOfDs);
    });
    fc.assert(property, { numRuns: 2000, seed: 20260302 });
  });

  test('with opt-out, nothing is proven that an unsigned delegation would make wrong', () => {
    const property = fc.property(zones, questions, subsets, (model, { relative, type }, subset) => {
      const outcome = prove(picked(nsec3Chain(model, OPT_OUT), subset), relative, type);
      // Names that do not exist in the chain can hide in a span: never secure, always opt-out.
      expect(['nxdomain', 'wildcard-nodata']).not.toContain(outcome.kind);
      if (outcome.kind === 'not-proven' || outcome.kind === 'opt-out') return;
      const isCut = model.get(relative)?.includes(TYPE.NS) ?? false;
      expect(isTrue(outcome, lookup(model, relative, type), type, isCut)).toBe(true);
    });
    fc.assert(property, { numRuns: 3000, seed: 20260303 });
  });

  test('with opt-out, the whole chain gives at least opt-out for every denial and unsigned delegation', () => {
    const property = fc.property(zones, questions, (model, { relative, type }) => {
      const outcome = prove(nsec3Chain(model, OPT_OUT), relative, type);
      // An empty non-terminal above unsigned delegations only is not in the chain, and no server sends the wildcard with it.
      if (outcome.kind === 'not-proven' && outcome.why.startsWith('wildcard-')) return;
      if (isDenial(lookup(model, relative, type))) expect(outcome.kind).not.toBe('not-proven');
    });
    fc.assert(property, { numRuns: 2000, seed: 20260304 });
  });

  test('a wildcard answer is proven only when the next closer name does not exist', () => {
    const property = fc.property(zones, questions, subsets, fc.nat(4), (model, { relative }, subset, labels) => {
      const name = absolute(relative);
      const answer = { name, closestEncloserLabels: labels };
      if (proveWildcardByNsec3(answer, picked(nsec3Chain(model, PLAIN), subset), zone, means()).kind !== 'proven')
        return;
      const nextCloser = formatName(lastLabels(name, labels + 1)).replace(/\.?example\.$/, '');
      expect(labels).toBeLessThan(labelCount(name));
      // What lies beyond a cut is not in the chain, and the signer of such an answer is another zone.
      if (lookup(model, nextCloser, TYPE.TLSA) !== 'beyond') expect(exists(model, nextCloser)).toBe(false);
    });
    fc.assert(property, { numRuns: 3000, seed: 20260305 });
  });
});

const MODEL: ModelZone = new Map([
  ['', [TYPE.SOA, TYPE.NS, TYPE.DNSKEY]],
  ['a', [TYPE.A]],
  ['sub', [TYPE.NS]],
  ['secure', [TYPE.NS, TYPE.DS]],
  ['x.w', [TYPE.MX]],
]);
const CHAIN = nsec3Chain(MODEL, PLAIN);

/** The chain with one octet of each rdata replaced. */
function withOctet(at: number, octet: number): DenialRecord[] {
  return CHAIN.map((record) => {
    const rdata = Uint8Array.from(record.rdata);
    rdata[at] = octet;
    return { ...record, rdata };
  });
}

describe('records that do not speak for the zone', () => {
  test('unknown hash algorithms and flags are ignored (RFC 5155 §8.1, §8.2)', () => {
    expect(prove(withOctet(0, 2), 'a', TYPE.TLSA)).toEqual(refused('no-records'));
    expect(prove(withOctet(1, 2), 'a', TYPE.TLSA)).toEqual(refused('no-records'));
    expect(prove(withOctet(1, 3), 'a', TYPE.TLSA)).toEqual(refused('no-records'));
    expect(prove(CHAIN, 'a', TYPE.TLSA)).toEqual({ kind: 'nodata', isCompactNxdomain: false });
  });

  test('a next hash of another length is ignored', () => {
    expect(prove(withOctet(5, 19), 'b', TYPE.A)).toEqual(refused('no-records'));
  });

  test('an owner elsewhere than directly below the apex is ignored', () => {
    const move = (suffix: string) =>
      CHAIN.map((record) => {
        const hash = formatName(record.owner).split('.')[0] ?? '';
        const owner = mustParseName(`${hash}.${suffix}`);
        return { ...record, owner, signatureLabels: labelCount(owner) };
      });
    expect(prove(move('example.'), 'a', TYPE.TLSA)).toEqual({ kind: 'nodata', isCompactNxdomain: false });
    expect(prove(move('EXAMPLE.'), 'a', TYPE.TLSA)).toEqual({ kind: 'nodata', isCompactNxdomain: false });
    for (const suffix of ['other.', '', 'sub.example.', 'badexample.']) {
      expect(prove(move(suffix), 'a', TYPE.TLSA)).toEqual(refused('no-records'));
    }
  });

  test('what was read of a record for the zone that signed it is not taken for the word of another', () => {
    const read = CHAIN.map((record) => ({ ...record, span: readNsec3Span(record, zone), readFor: zone }));
    expect(prove(read, 'a', TYPE.TLSA).kind).toBe('nodata');
    const question = { name: absolute('a'), type: TYPE.TLSA };
    expect(proveByNsec3(question, read, absolute('a'), means())).toEqual(refused('no-records'));
  });

  test('an owner that is no hash, or was expanded from a wildcard, is ignored', () => {
    const renamed = CHAIN.map((record) => ({ ...record, owner: mustParseName('a.example.') }));
    expect(prove(renamed, 'a', TYPE.TLSA)).toEqual(refused('no-records'));
    const expanded = CHAIN.map((record) => ({ ...record, signatureLabels: 1 }));
    expect(prove(expanded, 'a', TYPE.TLSA)).toEqual(refused('no-records'));
  });

  test('a question outside the zone is not answered, and none at all neither', () => {
    const question = { name: mustParseName('a.other.'), type: TYPE.A };
    expect(proveByNsec3(question, CHAIN, zone, means())).toEqual(refused('name-not-in-zone'));
    expect(prove([], 'a', TYPE.A)).toEqual(refused('no-records'));
    for (const closestEncloserLabels of [0, 2, 3]) {
      const answer = { name: absolute('b'), closestEncloserLabels };
      expect(proveWildcardByNsec3(answer, CHAIN, zone, means())).toEqual(refused('name-not-in-zone'));
    }
  });

  test('rdata cut short anywhere proves nothing, and does not throw', () => {
    for (let length = 0; length < 26; length++) {
      const cut = CHAIN.map((record) => ({ ...record, rdata: record.rdata.subarray(0, length) }));
      expect(prove(cut, 'b', TYPE.A)).toEqual(refused('no-records'));
    }
  });
});

describe('zone cuts', () => {
  test('a delegation denies its DS and nothing else', () => {
    expect(prove(CHAIN, 'sub', TYPE.DS)).toEqual({ kind: 'no-ds' });
    expect(prove(CHAIN, 'secure', TYPE.DS)).toEqual(refused('type-exists'));
    expect(prove(CHAIN, 'sub', TYPE.A)).toEqual(refused('parent-side'));
    expect(prove(CHAIN, 'www.sub', TYPE.A)).toEqual(refused('below-cut'));
    expect(prove(CHAIN, 'www.sub', TYPE.DS)).toEqual(refused('below-cut'));
  });

  test('the child cannot deny its own DS', () => {
    expect(prove(CHAIN, '', TYPE.DS)).toEqual(refused('child-side'));
  });

  test('an empty non-terminal is no cut', () => {
    expect(prove(CHAIN, 'w', TYPE.DS)).toEqual({ kind: 'no-cut', isAlias: false });
    expect(prove(CHAIN, 'w', TYPE.A)).toEqual({ kind: 'nodata', isCompactNxdomain: false });
  });
});

describe('parameters', () => {
  test('proofs are not put together from chains of different parameters', () => {
    const other = nsec3Chain(MODEL, { ...PLAIN, salt: Uint8Array.of(1) });
    const chains = [CHAIN, other];
    for (const [first, second] of [chains, [...chains].reverse()]) {
      const half = [...(first ?? []).slice(0, 2), ...(second ?? []).slice(0, 2)];
      const whole = [...half, ...(second ?? [])];
      expect(prove(whole, 'b', TYPE.A)).toEqual({ kind: 'nxdomain' });
    }
    // The closest encloser from one chain, the covers from the other: nothing.
    const apexOf = (chain: DenialRecord[]) =>
      chain.filter((record) => prove([record], '', TYPE.TLSA).kind === 'nodata');
    const withoutApex = (chain: DenialRecord[]) => chain.filter((record) => !apexOf(chain).includes(record));
    expect(apexOf(CHAIN)).toHaveLength(1);
    expect(prove([...apexOf(CHAIN), ...withoutApex(other)], 'b', TYPE.A).kind).toBe('not-proven');
  });

  test('a third set of parameters is not looked at', () => {
    const salted = (salt: number) => nsec3Chain(MODEL, { ...PLAIN, salt: Uint8Array.of(salt) });
    const decoys = [...salted(1).slice(0, 1), ...salted(2).slice(0, 1)];
    const hashing = means();
    expect(prove([...decoys, ...CHAIN], 'b.c.d.e.f', TYPE.A, hashing).kind).toBe('not-proven');
    expect(hashing.hasher.hashes).toBeLessThanOrEqual(2 * 7);
  });

  test('iterations above the limit end the proof before anything is hashed (RFC 9276 §3.2)', () => {
    const high = nsec3Chain(MODEL, { ...PLAIN, iterations: 151 });
    const hashing = means();
    expect(prove(high, 'b', TYPE.A, hashing)).toEqual({ kind: 'iterations-too-high', iterations: 151 });
    expect(hashing.hasher.digests).toBe(0);
    expect(prove(high, 'b', TYPE.A, means(50, 151))).toEqual({ kind: 'nxdomain' });
    expect(prove([...CHAIN, ...high], 'b', TYPE.A).kind).toBe('iterations-too-high');
    const answer = { name: absolute('b'), closestEncloserLabels: 1 };
    expect(proveWildcardByNsec3(answer, high, zone, means()).kind).toBe('iterations-too-high');
    // Records that are ignored for other reasons do not count.
    const unknown = high.map((record) => ({ ...record, rdata: Uint8Array.of(2, ...record.rdata.subarray(1)) }));
    expect(prove([...CHAIN, ...unknown], 'b', TYPE.A)).toEqual({ kind: 'nxdomain' });
  });
});

describe('the hash budget (CVE-2023-50868)', () => {
  test('stops a deep name, and a grant goes on where it stopped', () => {
    const deep = Array.from({ length: 30 }, (_, i) => `l${i}`).join('.');
    const hashing = means(NSEC3_HASHES_PER_GRANT);
    let grants = 0;
    let outcome = prove(CHAIN, deep, TYPE.A, hashing);
    while (outcome.kind === 'hash-budget') {
      grants++;
      expect(hashing.hasher.hashes).toBe(grants * NSEC3_HASHES_PER_GRANT);
      hashing.hasher.grant(NSEC3_HASHES_PER_GRANT);
      outcome = prove(CHAIN, deep, TYPE.A, hashing);
    }
    expect(outcome).toEqual({ kind: 'nxdomain' });
    // 30 labels, the apex and the wildcard: no name twice.
    expect(hashing.hasher.hashes).toBe(32);
    expect(grants).toBe(3);
  });

  test('counts digests with their iterations, and remembers names', () => {
    let calls = 0;
    const counting: Crypto = {
      ...crypto,
      digest: (kind, data) => {
        calls++;
        return crypto.digest(kind, data);
      },
    };
    const hasher = new Nsec3Hasher(counting, 2);
    // A salt that does not fit the own loop, so that every digest goes through the port.
    const salt = new Uint8Array(40).fill(1);
    const parameters = { iterations: 10, salt };
    const first = hasher.hash(absolute('a'), parameters);
    expect(hasher.hash(absolute('A'), parameters)).toEqual(first);
    // A salt that leaves its block makes each digest count for eight.
    expect([calls, hasher.digests, hasher.hashes]).toEqual([11, 8 * 11, 1]);
    expect(hasher.hash(absolute('a'), { iterations: 10, salt: salt.subarray(1) })).not.toEqual(first);
    expect(hasher.hash(absolute('b'), parameters)).toBeNull();
    expect(hasher.hash(absolute('a'), parameters)).toEqual(first);
    hasher.grant(1);
    expect(hasher.hash(absolute('b'), parameters)).toHaveLength(20);
  });

  test('also bounds the proof of a wildcard answer', () => {
    const answer = { name: absolute('b'), closestEncloserLabels: 1 };
    expect(proveWildcardByNsec3(answer, CHAIN, zone, means(0))).toEqual({ kind: 'hash-budget' });
    expect(proveWildcardByNsec3(answer, CHAIN, zone, means(1))).toEqual({ kind: 'proven' });
  });
});
