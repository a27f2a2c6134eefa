/** Proves of which hosts records speak: those whose name stands where the type has it, few or many, and of no others. */

import { describe, expect, test } from 'vitest';
import { SpokenHosts } from '../../src/iterate/spoken-hosts.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../../src/wire/rrset.ts';
import type { KeyedRRset } from '../../src/wire/rrsets.ts';
import { rrsetFrom } from '../support/records.ts';

function keyed(lines: readonly string[]): KeyedRRset {
  const rrset = rrsetFrom(lines);
  return { owner: rrsetOwner(rrset), type: rrsetType(rrset), class: rrsetClass(rrset), ttl: 60, rrset };
}

/** So many records of a type, each about a host `h0.x.`, `h1.x.` and so on. */
const linesOf = (rdata: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `example. ${rdata.replace('HOST', `h${i}.x.`)}`);

describe.each([1, 3, 40])('of %i records', (count) => {
  test.each([
    'NS HOST',
    'MX 10 HOST',
    'KX 10 HOST',
    'AFSDB 1 HOST',
    'SRV 1 2 25 HOST',
    'SVCB 1 HOST',
    'HTTPS 1 HOST port=443',
  ])('%s speaks of its hosts, in any case, and of nothing else', (rdata) => {
    const hosts = new SpokenHosts([keyed(linesOf(rdata, count))]);
    for (const text of ['h0.x.', `H${count - 1}.X.`]) expect(hosts.has(mustParseName(text))).toBe(true);
    for (const text of ['.', 'x.', 'example.', `h${count}.x.`, 'a.h0.x.', '0.x.']) {
      expect(hosts.has(mustParseName(text)), text).toBe(false);
    }
  });

  test.each(['CNAME HOST', 'DNAME HOST', 'PTR HOST', 'TXT "h0.x."'])('%s speaks of none', (rdata) => {
    const hosts = new SpokenHosts([keyed(linesOf(rdata, count))]);
    expect(hosts.has(mustParseName('h0.x.'))).toBe(false);
  });
});
