/**
 * The attacks that resolvers have fallen to, each with the tests that play it out against a whole resolver, or the reason why
 * it cannot be played. Proves that no row is without either, and that the tests named are there.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Where an attack is played: a file, seen from here, and how its tests begin. */
interface Played {
  readonly file: string;
  readonly tests: string;
}

/** Attack -> its tests, or why there are none. */
const ATTACKS: Readonly<Record<string, Played | string>> = {
  KeyTrap: { file: 'validation-cost', tests: 'KeyTrap' },
  'KeyTrap in DS and DNSKEY sets': { file: 'keytrap-relatives', tests: 'KeyTrap in a DS set' },
  'KeyTrap across zones': { file: 'keytrap-relatives', tests: 'KeyTrap across eight zones' },
  'NSEC3 chains': { file: 'nsec3-chains', tests: 'several NSEC3 chains in one answer' },
  'SVCB parameters': { file: 'svcb-parameters', tests: 'SVCB parameters' },
  'NSEC3 encloser': { file: 'validation-cost', tests: 'NSEC3 encloser' },
  'NSEC3 loop across zones': { file: 'validation-cost', tests: 'NSEC3 loop across zones' },
  NXNSAttack: { file: 'amplification', tests: 'NXNSAttack' },
  NRDelegation: { file: 'amplification', tests: 'NRDelegation' },
  'CacheFlush, NS flood': { file: 'amplification', tests: 'CacheFlush' },
  CAMP: { file: 'amplification', tests: 'CAMP' },
  DNSBomb: { file: 'amplification', tests: 'DNSBomb' },
  'TsuNAME, cyclic dependency': { file: 'amplification', tests: 'TsuNAME' },
  TuDoor: { file: 'poisoning', tests: 'TuDoor' },
  MaginotDNS: { file: 'poisoning', tests: 'MaginotDNS' },
  RebirthDay: { file: 'poisoning', tests: 'RebirthDay' },
  'Phoenix, ghost domains': { file: 'poisoning', tests: 'ghost domains' },
  'promiscuous NS, DNAME and glue': { file: 'poisoning', tests: 'promiscuous NS, DNAME and glue' },
  'wildcard RRSIG labels': { file: 'false-proofs', tests: 'wildcard RRSIG labels' },
  'wildcard CNAME proof': { file: 'false-proofs', tests: 'wildcard CNAME proof' },
  'wildcard replay through serve-expired': { file: 'false-proofs', tests: 'wildcard replay through serve-expired' },
  'unsigned alias in place of a DS': { file: 'false-aliases', tests: 'an unsigned alias in place of a DS' },
  'forged delegation': { file: 'forged-delegations', tests: 'a forged delegation to servers that' },
  'forged alias that leads nowhere': { file: 'false-aliases', tests: 'one forged alias' },
  'NSEC outside the zone or across a cut': { file: 'false-proofs', tests: 'NSEC outside the zone' },
  'NSEC3 signer': { file: 'false-proofs', tests: 'NSEC3 signer' },
  'unvalidated negative and CD hide data': { file: 'false-proofs', tests: 'unvalidated negative under CD' },
  'spoofed FORMERR takes EDNS away': { file: 'poisoning', tests: 'spoofed FORMERR' },
  'QR=0 or odd header from an authority': { file: 'poisoning', tests: 'QR=0 and odd headers' },
  'cookie reply checks': { file: 'messages-and-policy', tests: 'cookie reply checks' },
  'prediction of ports and ids': { file: 'poisoning', tests: 'port and id prediction' },
  'compression bomb on output': { file: 'messages-and-policy', tests: 'compression bomb on output' },
  'compression pointer chain on input': { file: 'messages-and-policy', tests: 'compression pointer chain on input' },
  'many EDNS options, NSID twice': { file: 'messages-and-policy', tests: 'many EDNS options' },
  'RDATA with a name is canonicalised': { file: 'false-proofs', tests: 'RDATA with a name that is canonicalised' },
  'malformed DNSKEY, NSEC, RRSIG': { file: 'false-proofs', tests: 'malformed DNSKEY, NSEC and RRSIG' },
  'RRSIG cached before its RRset': { file: 'false-proofs', tests: 'RRSIG before its RRset' },
  'RPZ or response-ip rewrites bogus data': { file: 'messages-and-policy', tests: 'RPZ and response-ip' },
  'bogus name of a primary for transfers': { file: 'messages-and-policy', tests: 'bogus name of a primary' },
  'ZONEMD skip': { file: 'messages-and-policy', tests: 'ZONEMD skip' },
  '0.0.0.0 and :: glue': { file: 'poisoning', tests: '0.0.0.0 and :: glue' },
  'below an NXDOMAIN a stub zone is shadowed': { file: 'poisoning', tests: 'below an NXDOMAIN' },
  'jostle bypass, overload': { file: 'amplification', tests: 'jostle bypass' },
  'cache exhaustion': { file: 'amplification', tests: 'cache exhaustion' },
  'packets of one hostile question': { file: 'packets', tests: 'one hostile question costs few packets' },
  'self-pointed glue': { file: 'later-attacks', tests: 'self-pointed glue' },
  'aggressive DNSSEC fetching': { file: 'later-attacks', tests: 'aggressive DNSSEC fetching' },
  'external referral by a forwarder': { file: 'later-attacks', tests: 'external referral by a forwarder' },
  'recursion loop': { file: 'amplification', tests: 'recursion loop' },
  // A cookie belongs to the address that serving sees: the proxied client's, never the proxy's.
  'cookies and PROXY mixed': { file: '../server/proxied', tests: 'a datagram' },
  'web server limits': { file: '../control/metrics-server', tests: 'the metrics endpoint' },
  'RRSIG over meta-types': { file: 'large-messages', tests: 'RRSIG over meta-types' },
  'TCP after a wrong-id UDP reply': { file: 'large-messages', tests: 'TCP after a wrong-id UDP reply' },
  'impossible records': { file: 'impossible-records', tests: 'a record that cannot be costs nothing but itself' },
  'thousands of sets in one message': { file: 'large-messages', tests: 'thousands of sets in one message' },
  'thousands of glue addresses': { file: 'large-messages', tests: 'thousands of addresses of servers' },
};

describe('the table of attacks', () => {
  test('has all 56 of them', () => expect(Object.keys(ATTACKS)).toHaveLength(56));

  test.each(Object.entries(ATTACKS))('%s is played or cannot be', (_attack, row) => {
    if (typeof row === 'string') {
      expect(row.length).toBeGreaterThan(20);
      return;
    }
    const text = readFileSync(join(import.meta.dirname, `${row.file}.test.ts`), 'utf8');
    const start = text.indexOf(`describe('${row.tests}'`);
    expect(start).toBeGreaterThanOrEqual(0);
    const rest = text.slice(start + 1);
    const end = rest.indexOf('\ndescribe(');
    expect(end < 0 ? rest : rest.slice(0, end)).toMatch(/\n {2}test(\.each)?\(/);
  });

  test('names every file of tests beside it', () => {
    const files = new Set(Object.values(ATTACKS).map((row) => (typeof row === 'string' ? '' : `${row.file}.test.ts`)));
    const there = readdirSync(import.meta.dirname).filter(
      (name) => name.endsWith('.test.ts') && name !== 'table.test.ts',
    );
    expect(there.filter((name) => !files.has(name))).toEqual([]);
  });
});
