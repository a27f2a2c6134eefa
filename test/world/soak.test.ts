/**
 * Proves that a day of use leaves nothing behind: 24 hours of fake time with repeated and new questions over a bad link,
 * broken zones among them; afterwards no work, timer, socket or stream is left, and every cache is within its bound.
 */

import { expect, test } from 'vitest';
import { RCODE } from '../../src/wire/rcode.ts';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { badLink } from '../fake/link.ts';
import { InhabitedWorld, worldConfigLines } from './inhabited-world.ts';
import { KeyStore } from './keys.ts';
import { World } from './world.ts';
import { NSEC3 } from './zone.ts';

const TICK_MS = 10 * 60_000;
const TICKS = 24 * 6;
const QUESTIONS_PER_TICK = 36;
const CACHE_BYTES = 256 * 1024;
/** Fake milliseconds after the last question in which everything must come to rest. */
const REST_MS = 10 * 60_000;

/** Names that are asked again and again; some are broken in one way or another. */
const POPULAR: readonly (readonly [string, string])[] = [
  ['mail.example.', 'MX'],
  ['_25._tcp.mx.mail.example.', 'TLSA'],
  ['mx.mail.example.', 'AAAA'],
  ['any.lists.mail.example.', 'TXT'],
  ['plain.example.', 'MX'],
  ['expired.example.', 'MX'],
  ['dead.example.', 'MX'],
  ['truncated.example.', 'MX'],
  ['mx.n3.example.', 'A'],
];

function makeWorld(): World {
  const world = new World({ now: TEST_START_UNIX_SECONDS, keys: new KeyStore() });
  const text = `$TTL 900\n@ IN MX 10 mx\nmx IN A 192.0.2.25\n_25._tcp.mx IN TLSA 3 1 1 ${'ab'.repeat(32)}\n*.lists IN TXT "x"\n`;
  world.zone('.', { servers: { 'k.root.': ['198.41.0.4'], 'l.root.': ['198.41.0.5'] }, signing: {} });
  world.zone('example.', { servers: { 'ns1.example.': ['192.0.2.1'], 'ns2.example.': ['192.0.2.2'] }, signing: {} });
  world.zone('mail.example.', { servers: { 'ns.mail.example.': ['192.0.2.3'] }, signing: {}, text });
  world.zone('n3.example.', { servers: { 'ns.n3.example.': ['192.0.2.4'] }, signing: { denial: NSEC3 }, text });
  world.zone('plain.example.', { servers: { 'ns.plain.example.': ['192.0.2.5'] }, text });
  for (const [i, [label, fault]] of (
    [
      ['expired', 'signatures-expired'],
      ['dead', 'dead'],
      ['truncated', 'always-truncated'],
    ] as const
  ).entries()) {
    world.zone(`${label}.example.`, { servers: { [`ns.${label}.example.`]: [`192.0.2.1${i}`] }, signing: {}, text });
    world.break(`${label}.example.`, fault);
  }
  return world;
}

test('a day of use leaves nothing behind', async () => {
  const ports = makeFakePorts({ seed: 24 });
  const { clock, network, random } = ports;
  const world = makeWorld();
  world.attach(ports.servers);
  network.link = badLink(random, { loss: 0.02, duplication: 0.02, delayMs: [2, 60] });
  const config = ['server:', `\tmsg-cache-size: ${CACHE_BYTES}`, `\trrset-cache-size: ${CACHE_BYTES}`];
  const inhabited = await InhabitedWorld.start(ports, [...worldConfigLines(world), ...config]);
  const { instance, daemon } = inhabited.running;
  const idle = network.openCounts();
  const rcodes = new Map<number, number>();
  for (let tick = 0; tick < TICKS; tick++) {
    for (let i = 0; i < QUESTIONS_PER_TICK; i++) {
      const popular = POPULAR[random.below(POPULAR.length)] ?? ['example.', 'SOA'];
      const isNew = random.below(3) === 0;
      const [name, type] = isNew ? [`x${random.u32()}.mail.example.`, 'A'] : popular;
      const { rcode } = await inhabited.ask(name, type).catch(() => ({ rcode: -1 }));
      rcodes.set(rcode, (rcodes.get(rcode) ?? 0) + 1);
    }
    await clock.advance(TICK_MS);
  }
  await clock.advance(REST_MS);

  expect(rcodes.get(RCODE.NOERROR)).toBeGreaterThan(1_500);
  expect(rcodes.get(RCODE.NXDOMAIN)).toBeGreaterThan(900);
  expect(rcodes.get(RCODE.SERVFAIL)).toBeGreaterThan(300);
  expect(instance.resolver.worksInProgress).toBe(0);
  expect(instance.serve.waiting()).toBe(0);
  expect(daemon.connections).toBe(0);
  expect(clock.timerCount).toBe(0);
  expect(network.openCounts()).toEqual(idle);
  const { answers, replies, rrsets, keys, delegations, failures } = instance.caches;
  for (const cache of [answers, replies, rrsets]) expect(cache.sizeBytes).toBeLessThanOrEqual(CACHE_BYTES);
  for (const cache of [keys, delegations, failures]) expect(cache.sizeBytes).toBeLessThan(4 * 1024 * 1024);

  await inhabited.stop();
  expect(network.openCounts()).toEqual({ udp: 0, streams: 0, listeners: 0 });
});
