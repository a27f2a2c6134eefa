/** Proves that anchors are read from zone files, RFC 5011 state files and BIND's clauses, and that the shipped ones hold. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { matchDs } from '../../src/dnssec/match-ds.ts';
import { readAnchors, readBindAnchors } from '../../src/validate/read-anchors.ts';
import { ROOT_ANCHORS_TEXT } from '../../src/validate/root-anchors.ts';
import { TrustAnchors } from '../../src/validate/trust-anchors.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { readDs } from '../../src/wire/rdata-ds.ts';

const KEY = 'AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQ';

function summary(text: ReturnType<typeof readAnchors>): string[] {
  return text.records.map(({ zone, type, rdata }) => `${formatName(zone)} ${type} ${toHex(rdata.subarray(0, 4))}`);
}

describe('the root anchors as shipped', () => {
  const file = readAnchors(readFileSync(new URL('../../trust-anchors/root-anchors.txt', import.meta.url), 'utf8'));
  const ds = file.records.filter(({ type }) => type === 'DS');
  const keys = file.records.filter(({ type }) => type === 'DNSKEY');

  test('are the two keys of the root, 20326 and 38696', () => {
    expect(file.errors).toEqual([]);
    expect(ds.map(({ rdata }) => readDs(rdata)?.keyTag)).toEqual([20326, 38696]);
    expect(keys.map(({ rdata }) => keyTag(rdata))).toEqual([20326, 38696]);
  });
  test('have digests that are those of the keys', () => {
    const crypto = createNodeCrypto();
    for (const [i, key] of keys.entries()) {
      const record = readDs(ds[i]?.rdata ?? new Uint8Array());
      expect(record === null ? null : matchDs(key.zone, record, key.rdata, crypto)).toBe('match');
    }
  });
  test('are the same in the code', () => {
    const built = readAnchors(ROOT_ANCHORS_TEXT);
    expect(built.records.map(({ rdata }) => toHex(rdata))).toEqual(ds.map(({ rdata }) => toHex(rdata)));
  });
});

describe('anchor text', () => {
  test('holds DS and DNSKEY with or without TTL and class, over several lines, with comments', () => {
    const text = `; anchors
example.com. 3600 IN DS 1 8 2 ( 00112233445566778899AABBCCDDEEFF
   00112233445566778899AABBCCDDEEFF ) ; a comment
nlnetlabs.nl DNSKEY 257 3 8 ${KEY}
example.com. IN NS ns.example.com.
`;
    expect(summary(readAnchors(text))).toEqual(['example.com. DS 00010802', 'nlnetlabs.nl. DNSKEY 01010308']);
  });
  test('reports lines that cannot be read, and reads on', () => {
    const read = readAnchors(`. IN DS what\n. IN DNSKEY 257 3 8 ${KEY}\n`);
    expect(read.errors.map(({ line }) => line)).toEqual([1]);
    expect(read.records).toHaveLength(1);
  });
  test('of an RFC 5011 state file holds only keys that are valid or missing', () => {
    const line = (state: string) => `.\t86400\tIN\tDNSKEY\t257 3 8 ${KEY} ;{id = 1} ;;state=${state} ;;count=0\n`;
    const text = line('2 [  VALID  ]') + line('1 [ ADDPEND ]') + line('4 [ REVOKED ]') + line('3 [ MISSING ]');
    expect(readAnchors(text).records).toHaveLength(2);
  });
  test('of BIND is read in all its clauses', () => {
    const text = `options { directory "/x"; };
trusted-keys { // old
  "." 257 3 8 "${KEY.slice(0, 40)}
     ";
};
trust-anchors {
  example.com. static-key 257 3 8 "${KEY}"; # comment
  example.net initial-ds 1 8 2 "0011 2233";
  broken static-key 1 2;
};
managed-keys { /* not
  this */ "a." initial-key 257 3 13 "${KEY}"; };`;
    const read = readBindAnchors(text);
    expect(summary(read)).toEqual([
      '. DNSKEY 01010308',
      'example.com. DNSKEY 01010308',
      'example.net. DS 00010802',
      'a. DNSKEY 0101030d',
    ]);
    expect(read.errors).toEqual([{ line: 9, text: 'not a trusted key' }]);
  });
});

describe('the closest anchor', () => {
  const ds = (zone: string) => ({ zone: mustParseName(zone), type: 'DS', rdata: new Uint8Array(36) }) as const;
  const anchors = new TrustAnchors([ds('.'), ds('a.example.')], [mustParseName('example.')]);
  const closest = (name: string) => {
    const anchor = anchors.closest(mustParseName(name));
    return anchor === null ? null : `${anchor.kind} ${formatName(anchor.zone)}`;
  };

  test('wins, whichever case the name has', () => {
    expect(closest('www.test.')).toBe('positive .');
    expect(closest('www.EXAMPLE.')).toBe('negative example.');
    expect(closest('x.A.example.')).toBe('positive a.example.');
    expect(new TrustAnchors().closest(mustParseName('x.'))).toBeNull();
  });
});
