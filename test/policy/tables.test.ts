/** Proves the two tables that policy looks things up in: prefixes by longest match, last labels by hash. */

import { describe, expect, test } from 'vitest';
import { NameFilter } from '../../src/policy/name-filter.ts';
import { parseIp } from '../../src/wire/ip.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { PrefixMap } from '../../src/wire/prefix-map.ts';

const ip = (text: string): Uint8Array => parseIp(text) ?? new Uint8Array(4);

describe('a prefix map', () => {
  const map = new PrefixMap<string>();
  for (const [prefix, length] of [
    ['0.0.0.0', 0],
    ['10.0.0.0', 8],
    ['10.1.0.0', 17],
    ['10.1.2.3', 32],
    ['2001:db8::', 33],
  ] as const) {
    map.set(ip(prefix), length, `${prefix}/${length}`);
  }
  test.each([
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.4', '10.1.0.0/17'],
    ['10.1.128.1', '10.0.0.0/8'],
    ['11.0.0.1', '0.0.0.0/0'],
    ['2001:db8:7fff::1', '2001:db8::/33'],
    ['2001:db8:8000::1', undefined],
    ['::1', undefined],
  ])('finds for %s the prefix %s', (address, expected) => {
    expect(map.longestMatch(ip(address))?.value).toBe(expected);
  });

  test('replaces, gives and deletes exactly one prefix', () => {
    map.set(ip('10.0.0.0'), 8, 'other');
    expect([map.size, map.get(ip('10.9.9.9'), 8)]).toEqual([5, 'other']);
    expect(map.delete(ip('10.0.0.0'), 8)).toBe(true);
    expect(map.longestMatch(ip('10.200.0.1'))?.value).toBe('0.0.0.0/0');
    expect(map.delete(ip('10.0.0.0'), 8)).toBe(false);
  });
});

describe('the name filter', () => {
  test('knows last labels, whatever their case', () => {
    const filter = new NameFilter();
    filter.add(mustParseName('10.in-addr.arpa.'));
    expect(filter.mayMatch(mustParseName('x.ARPA.'), 0)).toBe(true);
    expect(filter.mayMatch(mustParseName('arpa.com.'), 0)).toBe(false);
    expect(filter.mayMatch(mustParseName('.'), 0)).toBe(false);
  });

  test('lets every name through once the root is in it', () => {
    const filter = new NameFilter();
    filter.add(mustParseName('.'));
    expect(filter.mayMatch(mustParseName('x.com.'), 0)).toBe(true);
    expect(filter.mayMatch(mustParseName('.'), 0)).toBe(true);
  });
});
