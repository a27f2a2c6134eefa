/** Proves that the longest matching prefix decides, that only this host may ask by default, and that memory is bounded. */

import { describe, expect, test } from 'vitest';
import { type AccessAction, AccessControl, MAX_REMEMBERED_CLIENTS } from '../../src/serve/access-control.ts';
import { parseIp } from '../../src/wire/ip.ts';

function rule(block: string, action: AccessAction) {
  const [text = '', bits = '0'] = block.split('/');
  return { address: parseIp(text) ?? new Uint8Array(4), prefixLength: Number(bits), action };
}

describe('access control', () => {
  test('lets only this host ask by default', () => {
    const access = new AccessControl([]);
    expect(['127.0.0.1', '127.8.8.8', '::1'].map((ip) => access.actionFor(ip))).toEqual(['allow', 'allow', 'allow']);
    expect(['192.0.2.1', '10.0.0.1', '2001:db8::1', '::'].map((ip) => access.actionFor(ip))).toEqual(
      new Array(4).fill('refuse'),
    );
  });

  test('takes the longest prefix, whatever the order of the rules', () => {
    const rules = [rule('10.1.0.0/16', 'deny'), rule('10.0.0.0/8', 'allow'), rule('10.1.2.3/32', 'allow_snoop')];
    for (const ordered of [rules, rules.toReversed()]) {
      const access = new AccessControl(ordered);
      expect(access.actionFor('10.2.0.1')).toBe('allow');
      expect(access.actionFor('10.1.0.1')).toBe('deny');
      expect(access.actionFor('10.1.2.3')).toBe('allow_snoop');
      expect(access.actionFor('11.0.0.1')).toBe('refuse');
    }
  });

  test('takes the later of two rules for one prefix, the default ones included', () => {
    const access = new AccessControl([
      rule('127.0.0.0/8', 'refuse'),
      rule('0.0.0.0/0', 'deny'),
      rule('0.0.0.0/0', 'allow'),
    ]);
    expect(access.actionFor('127.0.0.1')).toBe('refuse');
    expect(access.actionFor('203.0.113.9')).toBe('allow');
  });

  test('matches IPv6 prefixes that do not end at an octet', () => {
    const access = new AccessControl([rule('2001:db8::/35', 'allow')]);
    expect(access.actionFor('2001:db8:1fff::1')).toBe('allow');
    expect(access.actionFor('2001:db8:2000::1')).toBe('refuse');
  });

  test('refuses what is no address, and answers the same when its memory has been emptied', () => {
    const access = new AccessControl([rule('10.0.0.0/8', 'allow')]);
    expect(access.actionFor('')).toBe('refuse');
    for (let i = 0; i < MAX_REMEMBERED_CLIENTS + 10; i++)
      access.actionFor(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    expect(access.actionFor('10.0.0.1')).toBe('allow');
    expect(access.actionFor('192.0.2.1')).toBe('refuse');
  });
});

describe('the address that was asked', () => {
  const rules = [{ address: parseIp('10.0.0.0') ?? new Uint8Array(4), prefixLength: 8, action: 'deny' as const }];
  const access = new AccessControl(
    rules,
    new Map([
      ['192.0.2.53@53', 'allow' as const],
      ['0.0.0.0@5353', 'refuse' as const],
    ]),
  );

  test('says what clients may do that no line is about', () => {
    expect(access.actionAt('198.51.100.1', { ip: '192.0.2.53', port: 53 })).toBe('allow');
    expect(access.actionAt('127.0.0.1', { ip: '203.0.113.1', port: 5353 })).toBe('refuse');
  });

  test('says nothing for others, nor elsewhere', () => {
    expect(access.actionAt('10.0.0.1', { ip: '192.0.2.53', port: 53 })).toBe('deny');
    expect(access.actionAt('198.51.100.1', { ip: '192.0.2.53', port: 54 })).toBe('refuse');
    expect(access.actionAt('127.0.0.1', null)).toBe('allow');
  });
});
