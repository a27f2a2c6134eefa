/** Proves that one client cannot keep the process busy with handshakes, and that it does not keep others out. */

import { expect, test } from 'vitest';
import {
  HandshakeGate,
  MAX_HANDSHAKE_CLIENTS,
  MAX_HANDSHAKES_PER_SECOND,
  MAX_HANDSHAKES_UNDER_WAY,
} from '../../src/server/handshake-gate.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';

const [underWay, perSecond] = [MAX_HANDSHAKES_UNDER_WAY, MAX_HANDSHAKES_PER_SECOND];

function gate(): { gate: HandshakeGate; clock: FakeClock } {
  const clock = new FakeClock(TEST_START_UNIX_SECONDS);
  return { gate: new HandshakeGate(clock), clock };
}

const beginMany = (at: HandshakeGate, ip: string, times: number): number =>
  Array.from({ length: times }, () => at.begin(ip)).filter(Boolean).length;

test('a client has so many handshakes under way and no more, until one ends', () => {
  const { gate: at } = gate();
  expect(beginMany(at, '192.0.2.1', underWay + 5)).toBe(underWay);
  expect(at.begin('192.0.2.2')).toBe(true);
  at.end('192.0.2.1');
  expect(beginMany(at, '192.0.2.1', 5)).toBe(1);
});

test('a client begins so many handshakes in a second, also when each ends at once', async () => {
  const { gate: at, clock } = gate();
  const beginAndEnd = (ip: string): boolean => {
    const began = at.begin(ip);
    if (began) at.end(ip);
    return began;
  };
  const begun = Array.from({ length: perSecond + 20 }, () => beginAndEnd('192.0.2.1')).filter(Boolean);
  expect(begun).toHaveLength(perSecond);
  expect(beginAndEnd('192.0.2.2')).toBe(true);
  await clock.advance(1000);
  expect(beginAndEnd('192.0.2.1')).toBe(true);
});

test('an IPv6 client is its network: it has as many addresses as it likes', () => {
  const { gate: at } = gate();
  const begun = Array.from({ length: 50 }, (_, i) => at.begin(`2001:db8::${i.toString(16)}`)).filter(Boolean);
  expect(begun).toHaveLength(underWay);
  expect(at.begin('2001:db8:0:1::1')).toBe(true);
});

test('clients beyond those that can be counted wait for the next second', async () => {
  const { gate: at, clock } = gate();
  for (let i = 0; i < MAX_HANDSHAKE_CLIENTS; i++) at.begin(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  expect(at.begin('192.0.2.1')).toBe(false);
  await clock.advance(1000);
  expect(at.begin('192.0.2.1')).toBe(true);
});
