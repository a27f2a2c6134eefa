/** Values: what each form reads, refuses and writes; writing what was read gives the same value again. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/config/form.ts';
import * as forms from '../../src/config/form.ts';
import * as network from '../../src/config/form-network.ts';

const read = <V>(form: Form<V>, ...texts: string[]): unknown => {
  const value = form.read(...texts);
  return value instanceof forms.FormError ? `error: ${value.text}` : value;
};

describe('plain forms', () => {
  test('yes and no are the only answers', () => {
    expect(read(forms.yesNo, 'yes')).toBe(true);
    expect(read(forms.yesNo, 'no')).toBe(false);
    for (const text of ['Yes', 'true', '1', '']) expect(read(forms.yesNo, text)).toBe('error: expected yes or no.');
  });

  test('numbers are whole and between their bounds', () => {
    expect(read(forms.count(0, 10), '10')).toBe(10);
    expect(read(forms.strictCount(0, 10), '11')).toBe('error: number between 0 and 10 expected');
    expect(read(forms.count(0, 10), '11')).toBe(10);
    expect(forms.count(0, 10).remark?.('11')).toBe('11 is taken as 10, which is the most');
    expect(forms.count(0, 10).remark?.('10')).toBe(null);
    expect(read(forms.count(0, 10), '-1')).toBe('error: number between 0 and 10 expected');
    expect(read(forms.count(-1, 10), '-1')).toBe(-1);
    for (const text of ['', 'x', '5x', '1.5', '1e3', '0x10', ' 1'])
      expect(read(forms.seconds, text)).toBe('error: number expected');
  });

  test.each([
    ['0', 0],
    ['4m', 4194304],
    ['512k', 524288],
    ['1g', 1073741824],
    ['10 MB', 10485760],
    ['12kb', 12288],
    ['4G', 4294967296],
  ])('size %s is %d octets', (text, octets) => {
    expect(read(forms.size, text)).toBe(octets);
  });

  test.each(['', 'm', '4q', '-1', '1.5m', '999999999999999g'])('size %j is none', (text) => {
    expect(read(forms.size, text)).toMatch(/^error: memory size expected/);
  });

  test('ports are numbers or ranges that go up', () => {
    expect(read(forms.portRange, '53')).toEqual({ first: 53, last: 53 });
    expect(read(forms.portRange, '1024-2048')).toEqual({ first: 1024, last: 2048 });
    for (const text of ['', '5-', '2048-1024', '70000', '1-70000'])
      expect(read(forms.portRange, text)).toMatch(/^error/);
  });

  test('the time of validation is the clock, none, or a date', () => {
    expect(read(forms.validationTime, '0')).toEqual({ kind: 'clock' });
    expect(read(forms.validationTime, '')).toEqual({ kind: 'clock' });
    expect(read(forms.validationTime, '-1')).toEqual({ kind: 'ignored' });
    expect(read(forms.validationTime, '20181130121755')).toEqual({ kind: 'fixed', unixSeconds: 1543580275 });
    expect(read(forms.validationTime, '1543580275')).toEqual({ kind: 'fixed', unixSeconds: 1543580275 });
    for (const text of ['0', '00', '19700101000000'])
      expect(read(forms.validationTime, text)).toEqual({ kind: 'clock' });
    for (const text of ['20180230000000', '20181130126155', '20181130250000', 'x']) {
      expect(read(forms.validationTime, text)).toMatch(/^error/);
    }
  });

  test('a server identifier is hexadecimal or marked as text', () => {
    for (const text of ['', '00ff', 'ascii_a b']) expect(read(forms.nsid, text)).toBe(text);
    for (const text of ['0', 'zz', 'Ascii']) expect(read(forms.nsid, text)).toMatch(/^error/);
  });

  test('iteration bounds are pairs with ascending key sizes', () => {
    expect(read(forms.iterationBounds, '1024 150  2048 100')).toEqual([
      { keySizeBits: 1024, iterations: 150 },
      { keySizeBits: 2048, iterations: 100 },
    ]);
    for (const text of ['', '1024', '2048 1 1024 2', 'a b'])
      expect(read(forms.iterationBounds, text)).toMatch(/^error/);
  });
});

describe('forms of places', () => {
  test('netblocks lose the bits after their prefix', () => {
    expect(read(network.netblock, '192.0.2.129/25')).toEqual({
      address: Uint8Array.of(192, 0, 2, 128),
      prefixLength: 25,
    });
    expect(network.netblock.write({ address: Uint8Array.of(192, 0, 2, 128), prefixLength: 25 })).toBe('192.0.2.128/25');
    expect(read(network.netblock, '192.0.2.1')).toMatchObject({ prefixLength: 32 });
    expect(read(network.netblock, '::/0')).toMatchObject({ prefixLength: 0 });
    for (const text of ['', '192.0.2', '192.0.2.0/33', '::/129', '192.0.2.0/', '192.0.2.0/a', '1.2.3.4@53']) {
      expect(read(network.netblock, text)).toMatch(/^error/);
    }
  });

  test('places to listen are addresses, interfaces or paths', () => {
    expect(read(network.listenTarget, '192.0.2.1@5353')).toEqual({ kind: 'address', target: '192.0.2.1', port: 5353 });
    expect(read(network.listenTarget, '2001:DB8::1')).toEqual({ kind: 'address', target: '2001:db8::1', port: null });
    expect(read(network.listenTarget, 'fe80::1%eth0@53')).toEqual({
      kind: 'address',
      target: 'fe80::1%eth0',
      port: 53,
    });
    expect(read(network.listenTarget, 'eth0')).toEqual({ kind: 'interface', target: 'eth0', port: null });
    expect(read(network.listenTargetOrPath, '/run/a.ctl')).toEqual({ kind: 'path', target: '/run/a.ctl', port: null });
    for (const text of ['1.2.3', '::g', '', 'eth0@x', '1.2.3.4@70000', 'a'.repeat(16), '/run/a.ctl']) {
      expect(read(network.listenTarget, text)).toMatch(/^error/);
    }
  });

  test('servers have an address or a name, perhaps a port and a name for TLS', () => {
    expect(read(network.serverAddress, '192.0.2.1@853#dns.example')).toEqual({
      ip: '192.0.2.1',
      port: 853,
      tlsName: 'dns.example',
    });
    expect(read(network.serverAddress, '192.0.2.1')).toEqual({ ip: '192.0.2.1', port: null, tlsName: null });
    expect(read(network.serverName, 'ns.example@5353')).toMatchObject({ port: 5353, tlsName: null });
    for (const text of ['ns.example', '192.0.2.1@x', '192.0.2'])
      expect(read(network.serverAddress, text)).toMatch(/^error/);
  });

  test('a domain that is none says why', () => {
    expect(read(network.domain, 'a..b')).toBe(`error: bad domain name 'a..b': empty label`);
    expect(read(network.domain, 'é..example')).toBe(`error: bad domain name 'é..example': empty label`);
  });
});

const FORMS: Record<string, Form<unknown>> = {
  ...{ yesNo: forms.yesNo, count: forms.count(), size: forms.size, portRange: forms.portRange, words: forms.words },
  ...{ validationTime: forms.validationTime, iterationBounds: forms.iterationBounds, counts: forms.counts(-1, 9) },
  ...{ ip: network.ip, netblock: network.netblock, domain: network.domain, listenPlace: network.listenTargetOrPath },
  ...{ serverPlace: network.serverAddress, serverName: network.serverName, override: network.localZoneOverride },
  ...{ perDomain: network.perDomain(forms.count()), perNetblock: network.perNetblock(forms.text) },
  ...{ perTag: network.perTag(network.listenTarget, 'x') },
};

describe('every form', () => {
  const word = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f.:/@#%-]{0,20}$/), fc.ipV4(), fc.ipV6(), fc.domain());

  test.each(Object.keys(FORMS))('%s never throws, and reads what it has written', (name) => {
    const form = FORMS[name];
    if (form === undefined) return;
    fc.assert(
      fc.property(fc.array(word, { minLength: 0, maxLength: 3 }), (texts) => {
        const value = form.read(...texts);
        if (value instanceof forms.FormError || form.argumentCount !== 1) return;
        expect(form.read(form.write(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });
});
