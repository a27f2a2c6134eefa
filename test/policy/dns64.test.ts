/** Proves DNS64: addresses in prefixes of every length (RFC 6052 §2.4), when AAAA records are made and when not (RFC 6147). */

import { describe, expect, test } from 'vitest';
import { type Dns64Options, pointerName, readPrefix, synthesise } from '../../src/policy/dns64.ts';
import { ipText, parseIp, reverseName } from '../../src/wire/ip.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, rdatasOf } from '../../src/wire/rrset.ts';
import { PolicyBench } from './policy-bench.ts';

function optionsOf(text: string): Dns64Options {
  const prefix = readPrefix(text);
  if (typeof prefix === 'string') throw new Error(prefix);
  return { ...prefix, synthesiseAll: false, ignoreAaaa: [] };
}

describe('an address in a prefix', () => {
  // The table of RFC 6052 §2.4.
  test.each([
    ['2001:db8::/32', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
  ])('%s is %s, and comes out again', (prefix, expected) => {
    const options = optionsOf(prefix);
    const owner = mustParseName('x.example.');
    const rdatas = [Uint8Array.of(192, 0, 2, 33)];
    const made = synthesise(packRRset({ owner, type: TYPE.A, class: CLASS.IN, rdatas, signatures: [] }), options);
    const six = rdatasOf(made)[0] ?? new Uint8Array();
    expect(ipText(six)).toBe(ipText(parseIp(expected) ?? new Uint8Array(16)));
    const pointer = pointerName(reverseName(six), options);
    expect(pointer === null ? null : formatName(pointer)).toBe('33.2.0.192.in-addr.arpa.');
  });

  test.each(['64:ff9b::/95', '64:ff9b::', '192.0.2.0/24', 'x/96'])('%s is no prefix', (text) => {
    expect(typeof readPrefix(text)).toBe('string');
  });

  test('is looked for in whole ip6.arpa names within the prefix only', () => {
    const options = optionsOf('64:ff9b::/96');
    expect(pointerName(mustParseName('ip6.arpa.'), options)).toBeNull();
    expect(pointerName(reverseName(parseIp('2001:db8::1') ?? new Uint8Array(16)), options)).toBeNull();
    expect(pointerName(mustParseName(`${'x.'.repeat(32)}ip6.arpa.`), options)).toBeNull();
  });
});

describe('AAAA records', () => {
  const start = (more = ''): PolicyBench =>
    new PolicyBench(`server:\n  module-config: "dns64 validator iterator"\n  dns64-prefix: 64:ff9b::/96\n${more}`);
  const FOUR = ['w.example. A 192.0.2.33'];
  const SIX = ['w.example. AAAA 2001:db8::1'];

  test('are made where there are none', async () => {
    const bench = start().know('w.example.', 'AAAA', []).know('w.example.', 'A', FOUR);
    expect(await bench.ruled('w.example.', 'AAAA')).toBe('NOERROR secure; w.example. AAAA 64:ff9b::c000:221');
  });

  // RFC 6147 §5.5.
  test('are authentic only when both the denial and the A records are', async () => {
    const insecure = { verdict: { status: 'insecure', why: { kind: 'no-ds-proven', zone: 'example.' } } };
    const made = 'NOERROR; w.example. AAAA 64:ff9b::c000:221';
    const noDenial = start().know('w.example.', 'AAAA', [], insecure).know('w.example.', 'A', FOUR);
    expect(await noDenial.ruled('w.example.', 'AAAA')).toBe(made);
    const noAddress = start().know('w.example.', 'AAAA', []).know('w.example.', 'A', FOUR, insecure);
    expect(await noAddress.ruled('w.example.', 'AAAA')).toBe(made);
    const name = formatName(reverseName(parseIp('64:ff9b::c000:221') ?? new Uint8Array(16)));
    const pointer = start().know(
      '33.2.0.192.in-addr.arpa.',
      'PTR',
      ['33.2.0.192.in-addr.arpa. PTR w.example.'],
      insecure,
    );
    expect(await pointer.ruled(name, 'PTR')).toBe(`NOERROR; ${name} PTR w.example.`);
  });

  test.each([
    ['always_nxdomain', '', 'NXDOMAIN'],
    ['always_nodata', '', 'NOERROR'],
    ['deny', '', 'drop'],
    ['redirect', '"AAAA 2001:db8::99"', 'NOERROR; w.example. AAAA 2001:db8::99'],
    ['redirect', '"CNAME safe.example."', 'NOERROR; w.example. CNAME safe.example.; safe.example. AAAA 2001:db8::5'],
    ['inform', '', 'NOERROR secure; w.example. AAAA 64:ff9b::c000:221'],
  ])('are looked at by response-ip %s %s', async (action, data, expected) => {
    const dataLine = data === '' ? '' : `  response-ip-data: 64:ff9b::c000:200/120 ${data}\n`;
    const bench = start(`  response-ip: 64:ff9b::c000:200/120 ${action}\n${dataLine}`);
    bench.know('w.example.', 'AAAA', []).know('w.example.', 'A', FOUR);
    bench.know('safe.example.', 'AAAA', ['safe.example. AAAA 2001:db8::5']);
    expect(await bench.ruled('w.example.', 'AAAA')).toBe(expected);
  });

  // 64:ff9b::c000:200/120; where a rule denies the A records, nothing is made and the proven denial of AAAA stands.
  test.each([
    ['120.200.c000.zz.ff9b.64.rpz-ip CNAME .', 'NXDOMAIN'],
    ['120.200.c000.zz.ff9b.64.rpz-ip CNAME *.', 'NOERROR'],
    ['120.200.c000.zz.ff9b.64.rpz-ip CNAME rpz-drop.', 'drop'],
    ['120.200.c000.zz.ff9b.64.rpz-ip AAAA 2001:db8::99', 'NOERROR; w.example. AAAA 2001:db8::99'],
    ['120.200.c000.zz.ff9b.64.rpz-ip CNAME rpz-passthru.', 'NOERROR secure; w.example. AAAA 64:ff9b::c000:221'],
    ['120.100.c000.zz.ff9b.64.rpz-ip CNAME .', 'NOERROR secure; w.example. AAAA 64:ff9b::c000:221'],
    ['24.0.2.0.192.rpz-ip CNAME .', 'NOERROR secure'],
  ])('are looked at by the policy rule %s', async (rule, expected) => {
    const text =
      'server:\n  module-config: "respip dns64 validator iterator"\n  dns64-prefix: 64:ff9b::/96\nrpz:\n  name: rpz.\n';
    const bench = new PolicyBench(text, { 'rpz.': `$ORIGIN rpz.\n@ SOA . . 1 1 1 1 1\n${rule}\n` });
    bench.know('w.example.', 'AAAA', []).know('w.example.', 'A', FOUR);
    expect(await bench.ruled('w.example.', 'AAAA')).toBe(expected);
  });

  test('are as they are where there are some', async () => {
    const bench = start().know('w.example.', 'AAAA', SIX).know('w.example.', 'A', FOUR);
    expect(await bench.ruled('w.example.', 'AAAA')).toBe('NOERROR secure; w.example. AAAA 2001:db8::1');
  });

  test('are made in spite of others by dns64-synthall and dns64-ignore-aaaa, but not out of nothing', async () => {
    for (const more of ['  dns64-synthall: yes\n', '  dns64-ignore-aaaa: example.\n']) {
      const bench = start(more).know('w.example.', 'AAAA', SIX).know('w.example.', 'A', FOUR);
      expect(await bench.ruled('w.example.', 'AAAA')).toBe('NOERROR; w.example. AAAA 64:ff9b::c000:221');
      bench.know('w.example.', 'A', []);
      expect(await bench.ruled('w.example.', 'AAAA')).toBe('NOERROR secure; w.example. AAAA 2001:db8::1');
    }
  });

  test('are not made for a client that validates by itself', async () => {
    const bench = start().know('w.example.', 'AAAA', []).know('w.example.', 'A', FOUR);
    expect(await bench.ruled('w.example.', 'AAAA', { cd: true })).toBe('NOERROR secure');
  });

  test('are not made of a name that does not exist', async () => {
    const bench = start().know('w.example.', 'AAAA', [], { rcode: 3 }).know('w.example.', 'A', FOUR);
    expect(await bench.ruled('w.example.', 'AAAA')).toBe('NXDOMAIN secure');
  });

  test('are made when servers fail for AAAA (RFC 6147 §5.1.2)', async () => {
    const bench = start().know('w.example.', 'A', FOUR);
    expect(await bench.ruled('w.example.', 'AAAA')).toBe('NOERROR; w.example. AAAA 64:ff9b::c000:221');
  });

  test('follow the aliases of the A records', async () => {
    const bench = start().know('c.example.', 'AAAA', ['c.example. CNAME w.example.']);
    bench.know('c.example.', 'A', ['c.example. CNAME w.example.', ...FOUR]);
    expect(await bench.ruled('c.example.', 'AAAA')).toBe(
      'NOERROR secure; c.example. CNAME w.example.; w.example. AAAA 64:ff9b::c000:221',
    );
  });

  test('have the names of the addresses in them', async () => {
    const bench = start().know('33.2.0.192.in-addr.arpa.', 'PTR', ['33.2.0.192.in-addr.arpa. PTR w.example.']);
    const name = formatName(reverseName(parseIp('64:ff9b::c000:221') ?? new Uint8Array(16)));
    expect(await bench.ruled(name, 'PTR')).toBe(`NOERROR secure; ${name} PTR w.example.`);
  });

  test("are nobody's business without the module", () => {
    const bench = new PolicyBench('server:\n');
    expect(bench.policy.changesAnswers('127.0.0.1', null, TYPE.AAAA)).toBe(false);
  });
});
