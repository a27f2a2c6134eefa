/**
 * KeyTrap's relatives (CVE-2023-50387): keys, signatures and DS records of one tag wherever a validator meets them. Proves by
 * counting that checks, imports, digests and hashes stay within their limits for each question and each turn, that nothing of
 * it is called secure or insecure, and that an honest zone is served meanwhile.
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { VALIDATE_LIMITS } from '../../src/validate/options.ts';
import { CHECKS_PER_TURN } from '../../src/validate/validation-context.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { FIXED_ALLOWANCE } from '../../src/work/budget.ts';
import { KEY_FLAGS, KeyStore } from '../world/keys.ts';
import { type Reply, Scene } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';
import { type CountedWork, countWork } from './counted-work.ts';
import { keysWithoutBit, setTraps, strayDs, type Trap, trustedLiars } from './traps.ts';

const PER_SET = VALIDATE_LIMITS.signatureChecks;
const IP = '192.0.2.1';
const TEST = { zone: 'test.', ip: IP };
/** What the root, and the honest keys of a zone with traps, need besides. */
const HONEST_CHECKS = 8;
/** Imports in one turn: those that wait for it, and what comes with the check that proves a set. */
const IMPORTS_PER_TURN = 2 * CHECKS_PER_TURN;
/** Digests of one DS set: those that may fit, the failures allowed when keys are looked for, and again for what is wrong with them. */
const DIGESTS_PER_ZONE = 32 + 2 * (VALIDATE_LIMITS.dsMatchFailures + 1);

afterEach(() => {
  vi.restoreAllMocks();
});

/** A whole resolver that counts, with the zone `calm.` beside. */
async function started(scene: Scene): Promise<CountedWork> {
  const work = countWork(scene.ports.clock);
  scene.crypto = work.crypto;
  scene.zone('calm.', { servers: { 'ns.calm.': ['192.0.2.200'] }, signing: {}, text: 'www IN A 192.0.2.90' });
  await scene.start();
  return work;
}

/** Asks beside a question for an honest zone, whose keys are known but not its data: that is answered first. */
async function askBesideCalm(scene: Scene, question: string): Promise<Reply> {
  expect((await scene.ask('calm.', 'SOA')).status).toBe('NOERROR ad');
  const answered = await scene.askTogether([question, 'www.calm. A']);
  const [first, second] = answered;
  expect(`${first?.question} ${first?.reply.status}`).toBe('www.calm. A NOERROR ad');
  if (second === undefined) throw new Error('no answer');
  return second.reply;
}

interface Allowed {
  /** Checks of signatures besides the honest ones. */
  readonly checks: number;
  readonly zones?: number;
  /** True when a limit on checks is reached. Default: when there are any. */
  readonly isCut?: boolean;
}

/** The question is refused with a reason, at the cost that limits allow. */
async function expectBounded(scene: Scene, question: string, allowed: Allowed) {
  const { checks, zones = 1, isCut = checks > 0 } = allowed;
  // What is allowed is reached at least once: the trap is none that nobody steps into.
  const least = checks === 0 ? 0 : PER_SET;
  const work = await started(scene);
  const reply = await askBesideCalm(scene, question);
  expect(reply.status).toBe('SERVFAIL');
  expect(reply.edes.length).toBeGreaterThan(0);
  const first = work.checks.all;
  expect(first).toBeLessThanOrEqual(checks + HONEST_CHECKS);
  expect(first).toBeGreaterThanOrEqual(least);
  expect(scene.count('limit.signature-checks') > 0).toBe(isCut);
  expectTurnsBounded(work);
  expect(work.imports.all).toBeLessThanOrEqual((zones + 2) * VALIDATE_LIMITS.zoneKeys);
  expect(work.digests.all).toBeLessThanOrEqual((zones + 2) * DIGESTS_PER_ZONE);
  // Again: the verdict is remembered.
  const [name = '', type = ''] = question.split(' ');
  for (let i = 0; i < 5; i++) expect((await scene.ask(name, type)).status).toBe('SERVFAIL');
  expect(work.checks.all).toBe(first);
  await scene.stop();
  return { reply, work };
}

function expectTurnsBounded({ checks, imports, digests }: CountedWork): void {
  expect(checks.mostInTurn).toBeLessThanOrEqual(CHECKS_PER_TURN);
  expect(imports.mostInTurn).toBeLessThanOrEqual(IMPORTS_PER_TURN);
  expect(digests.mostInTurn).toBeLessThanOrEqual(DIGESTS_PER_ZONE);
}

const trapped = (trap: Partial<Trap>, text = 'www IN A 192.0.2.80', spec = {}): Scene => {
  const scene = Scene.withTest(text, spec);
  setTraps(scene, [{ ...TEST, ...trap }]);
  return scene;
};

describe('KeyTrap in a DS set', () => {
  test('of 500 digests with one tag, with 20 keys of it', async () => {
    const { work } = await expectBounded(trapped({ ds: strayDs(500) }), 'www.test. A', { checks: 0 });
    expect(work.digests.all).toBeLessThan(40);
  });

  test('of 300 digests with the tag that 300 keys would have with their zone key bit', async () => {
    await expectBounded(trapped({ ds: strayDs(300), dnskeys: keysWithoutBit(300) }), 'www.test. A', { checks: 0 });
  });

  test('of 300 digests that all fit a key of the set', async () => {
    const { keys, ds } = trustedLiars('test.', 300);
    const dnskeys = keys.map(({ dnskey }) => dnskey);
    await expectBounded(trapped({ ds, dnskeys, signers: keys.slice(0, 30) }), 'www.test. A', {
      checks: PER_SET,
      isCut: false,
    });
  });
});

describe('KeyTrap in the DNSKEY set', () => {
  test('of two trusted keys with one tag and eight signatures by both costs the checks of one RRset', async () => {
    const { keys, ds } = trustedLiars('test.', 1, 2);
    const dnskeys = keys.map(({ dnskey }) => dnskey);
    // Whose of the two a signature is nobody can tell: by the tag it is both's.
    const signers = Array.from({ length: 8 }, () => keys[0]).filter((key) => key !== undefined);
    const { reply } = await expectBounded(trapped({ ds, dnskeys, signers }), 'www.test. A', { checks: PER_SET });
    expect(reply.edeTexts.join()).toContain('zone test. is bogus');
  });

  test('of 300 keys imports as many as are allowed, a few in each turn, and the zone is secure', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    const { entryKeys, zoneKeys } = scene.world.get('test.');
    const store = new KeyStore();
    const spare = Array.from({ length: 300 }, (_, i) =>
      store.key({ algorithm: 15, seed: `spare ${i}`, flags: KEY_FLAGS.zone }),
    );
    setTraps(scene, [{ ...TEST, dnskeys: [...entryKeys, ...zoneKeys, ...spare].map(({ dnskey }) => dnskey) }]);
    const work = await started(scene);
    expect((await askBesideCalm(scene, 'www.test. A')).status).toBe('NOERROR ad');
    expect(work.imports.all).toBeLessThanOrEqual(VALIDATE_LIMITS.zoneKeys + HONEST_CHECKS);
    expectTurnsBounded(work);
    await scene.stop();
  });
});

describe('KeyTrap in an answer', () => {
  test('by keys of three algorithms with the same tag', async () => {
    const scene = trapped({ flooded: [TYPE.A], algorithms: [13, 15, 16] });
    await expectBounded(scene, 'www.test. A', { checks: PER_SET });
  });

  test.each([
    ['NSEC sets of a denied name', { kind: 'nsec' } as const, 'nothing.test. A', [TYPE.NSEC], 3],
    ['NSEC set of a denied type', { kind: 'nsec' } as const, 'www.test. TXT', [TYPE.NSEC], 1],
    ['NSEC3 sets of a denied name', NSEC3, 'nothing.test. A', [TYPE.NSEC3], 3],
    ['NSEC3 sets of a denied name in an opt-out zone', NSEC3_OPT_OUT, 'nothing.test. A', [TYPE.NSEC3], 3],
    ['NSEC3 set of a denied type', NSEC3, 'www.test. TXT', [TYPE.NSEC3], 1],
    ['SOA beside a denial', { kind: 'nsec' } as const, 'nothing.test. A', [TYPE.SOA], 1],
    ['proof of a wildcard by NSEC', { kind: 'nsec' } as const, 'made.wild.test. A', [TYPE.NSEC], 1],
    ['proof of a wildcard by NSEC3', NSEC3, 'made.wild.test. A', [TYPE.NSEC3], 1],
    ['wildcard itself', NSEC3, 'made.wild.test. A', [TYPE.A], 1],
    ['wildcard and its proof', NSEC3, 'made.wild.test. A', [TYPE.A, TYPE.NSEC3], 2],
  ] as const)('over the %s', async (_what, denial, question, flooded, sets) => {
    const text = 'www IN A 192.0.2.80\n*.wild IN A 192.0.2.81';
    const scene = trapped({ flooded }, text, { signing: { denial } });
    await expectBounded(scene, question, { checks: sets * PER_SET });
  });

  test('over the denial of a DS', async () => {
    const scene = Scene.withTest('', { signing: { denial: NSEC3 } });
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.81' });
    setTraps(scene, [{ ...TEST, flooded: [TYPE.NSEC3] }]);
    await expectBounded(scene, 'www.sub.test. A', { checks: FIXED_ALLOWANCE['signature-checks'] });
  });
});

describe('KeyTrap across eight zones', () => {
  const zones = Array.from({ length: 8 }, (_, i) => ({ zone: `z${i}.`, ip: `192.0.2.${10 + i}` }));

  function chained(flooded: readonly number[], spoilt: (index: number) => boolean): Scene {
    const scene = Scene.withTest('www IN CNAME www.z0.');
    for (const [i, { zone, ip }] of zones.entries()) {
      const text = i === 7 ? 'www IN A 192.0.2.80' : `www IN CNAME www.z${i + 1}.`;
      scene.zone(zone, { servers: { [`ns.${zone}`]: [ip] }, signing: {}, text });
    }
    setTraps(
      scene,
      zones.map((zone, i) => (spoilt(i) ? { ...zone, flooded } : zone)),
    );
    return scene;
  }

  test('joined by aliases, each with a flood of signatures', async () => {
    const scene = chained([TYPE.CNAME, TYPE.A], () => true);
    await expectBounded(scene, 'www.test. A', { checks: 8 * PER_SET + 20, zones: 9 });
  });

  test('joined by aliases that hold, with the flood at the end', async () => {
    const scene = chained([TYPE.A], (i) => i === 7);
    await expectBounded(scene, 'www.test. A', { checks: PER_SET + 40, zones: 9 });
  });

  test('in which the servers of one zone have their names', async () => {
    const scene = Scene.withTest('');
    const servers: Record<string, string[]> = {};
    for (const { zone, ip } of zones) {
      scene.zone(zone, { servers: { [`ns.${zone}`]: [ip] }, signing: {}, text: 'out IN A 192.0.2.40' });
      servers[`out.${zone}`] = ['192.0.2.40'];
    }
    scene.zone('hub.', { servers, signing: {}, text: 'www IN A 192.0.2.80' });
    setTraps(
      scene,
      zones.map((zone) => ({ ...zone, flooded: [TYPE.A] })),
    );
    const work = await started(scene);
    const reply = await askBesideCalm(scene, 'www.hub. A');
    expect(reply.status).toBe('NOERROR ad');
    expect(work.checks.all).toBeLessThanOrEqual(8 * PER_SET + 2 * HONEST_CHECKS);
    expectTurnsBounded(work);
    await scene.stop();
  });
});
