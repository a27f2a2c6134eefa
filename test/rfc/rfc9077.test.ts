/**
 * RFC 9077, TTLs of NSEC and NSEC3, played out with a whole resolver: a denial, remembered or used to make others (RFC 8198),
 * lives no longer than the SOA lets it, whatever TTL its records have.
 */

import { describe, expect, test } from 'vitest';
import { TYPE } from '../../src/wire/rr-type.ts';
import { subjectOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
/** Minimum of the zone's SOA, seconds. */
const MINIMUM = 300;
const DAY = 86_400;

/** A zone whose NSEC records have a TTL of a day, and whose SOA says five minutes. */
function zone(): Scene {
  const scene = Scene.withTest(
    `@ ${DAY} IN SOA ns admin 1 7200 3600 1209600 ${MINIMUM}\na IN A 192.0.2.80\nz IN A 192.0.2.81`,
  );
  scene.tamper(AUTH, (reply) => ({
    ...reply,
    authority: reply.authority.map((one) => (subjectOf(one) === TYPE.NSEC ? { ...one, ttl: DAY } : one)),
  }));
  return scene;
}

describe('§3, a denial', () => {
  test('lives as long as the SOA minimum', async () => {
    const scene = zone();
    await scene.start();
    expect((await scene.ask('m.test.', 'A')).status).toBe('NXDOMAIN ad');
    await scene.ports.clock.advance((MINIMUM - 5) * 1000);
    const before = scene.asked.length;
    expect((await scene.ask('m.test.', 'A')).status).toBe('NXDOMAIN ad');
    expect(scene.asked.length).toBe(before);
    await scene.ports.clock.advance(10_000);
    scene.world.add('test.', 'm.test.', 'A', '192.0.2.90');
    expect((await scene.ask('m.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('shows its SOA with a TTL of at most its minimum field (RFC 2308 §5)', async () => {
    const scene = zone();
    await scene.start();
    const { seen } = await scene.ask('m.test.', 'A');
    const soa = seen.authority.find(({ type }) => type === TYPE.SOA);
    expect(soa?.ttl).toBeLessThanOrEqual(MINIMUM);
    await scene.stop();
  });
});

describe('§3.3, aggressive use', () => {
  test('makes no denials out of an NSEC after the SOA minimum', async () => {
    const scene = zone();
    await scene.start(['server:', '\taggressive-nsec: yes']);
    expect((await scene.ask('m.test.', 'A')).status).toBe('NXDOMAIN ad');
    await scene.ports.clock.advance((MINIMUM + 5) * 1000);
    scene.world.add('test.', 'k.test.', 'A', '192.0.2.90');
    expect((await scene.ask('k.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});
