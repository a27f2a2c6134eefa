/**
 * RFC 4035 §5: authenticating answers, played out with a whole resolver: islands and anchors (§5), referrals (§5.2), RRsets
 * (§5.3), denials (§5.4), what follows when signatures do not validate (§5.5). With RFC 4033 §5, the four states.
 */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { onType } from '../world/lies.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const TEXT = 'www IN A 192.0.2.80\n*.wild IN A 192.0.2.81';
const HOUR = 3_600;

async function statusOf(scene: Scene, name = 'www.test.', type = 'A', config: readonly string[] = []): Promise<string> {
  await scene.start(config);
  const { status } = await scene.ask(name, type);
  await scene.stop();
  return status;
}

function resigned(choices: Parameters<Scene['signed']>[2], ttl = 300): Scene {
  const scene = Scene.withTest(TEXT);
  const answer = scene.signed('test.', [recordOf(`www.test. ${ttl} A 192.0.2.80`)], choices);
  scene.tamper(
    AUTH,
    onType(TYPE.A, (reply) => ({ ...reply, answer: [...answer] })),
  );
  return scene;
}

describe('RFC 4033 §5, the four states', () => {
  test.each([
    ['secure', (scene: Scene) => scene, 'NOERROR ad'],
    ['insecure', (scene: Scene) => scene.world.break('test.', 'ds-unknown-algorithm'), 'NOERROR'],
    ['bogus', (scene: Scene) => scene.world.break('test.', 'signatures-corrupt'), 'SERVFAIL'],
    [
      'indeterminate',
      (scene: Scene) =>
        scene.tamper(
          AUTH,
          onType(TYPE.DNSKEY, () => null),
        ),
      'SERVFAIL',
    ],
  ])('%s', async (_state, prepare, expected) => {
    const scene = Scene.withTest(TEXT);
    prepare(scene);
    expect(await statusOf(scene)).toBe(expected);
  });
});

describe('§5, islands of security', () => {
  test('a zone without DS in a signed parent is insecure, with an anchor of its own secure', async () => {
    const island = () => Scene.withTest(TEXT, { withoutDs: true });
    expect(await statusOf(island())).toBe('NOERROR');
    const scene = island();
    expect(
      await statusOf(scene, 'www.test.', 'A', [
        'server:',
        ...scene.world.anchors('test.').map((line) => `\ttrust-anchor: "${line}"`),
      ]),
    ).toBe('NOERROR ad');
  });

  test('a wrong anchor of its own makes it bogus, whatever the parent says', async () => {
    const ds = `test. IN DS 1 15 2 ${'00'.repeat(32)}`;
    expect(await statusOf(Scene.withTest(TEXT), 'www.test.', 'A', ['server:', `\ttrust-anchor: "${ds}"`])).toBe(
      'SERVFAIL',
    );
  });
});

describe('§5.2, referrals', () => {
  test('a referral whose parent neither gives nor denies a DS is bogus', async () => {
    const scene = Scene.withTest('');
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' });
    scene.world.get('test.').break({ fault: 'denial-missing' });
    expect(await statusOf(scene, 'www.sub.test.')).toBe('SERVFAIL');
  });

  test('a denial of the DS that shows the SOA bit is the child’s own and proves nothing', async () => {
    const scene = Scene.withTest('');
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' });
    const nsec = scene.signed('test.', [recordOf('sub.test. 300 NSEC test. NS SOA RRSIG NSEC')]);
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      authority: reply.authority.some((one) => one.type === TYPE.NSEC)
        ? [...reply.authority.filter(({ type }) => type === TYPE.NS || type === TYPE.SOA), ...nsec]
        : reply.authority,
    }));
    expect(await statusOf(scene, 'www.sub.test.')).toBe('SERVFAIL');
  });

  test('a DS of an unknown algorithm beside a known one does not make the zone insecure', async () => {
    const scene = Scene.withTest(TEXT, { signing: { algorithms: [15], digestTypes: [2, 4] } });
    expect(await statusOf(scene)).toBe('NOERROR ad');
  });
});

describe('§5.3.1, whether a signature may be used', () => {
  const now = TEST_START_UNIX_SECONDS;

  test.each([
    ['the right one', {}, 'NOERROR ad'],
    ['with another signer', { signer: mustParseName('.') }, 'SERVFAIL'],
    ['with a signer below the owner', { signer: mustParseName('x.www.test.') }, 'SERVFAIL'],
    ['with more labels than the owner', { labels: 3 }, 'SERVFAIL'],
    ['that expired two days ago', { inception: now - 100 * HOUR, expiration: now - 48 * HOUR }, 'SERVFAIL'],
    ['that begins in two days', { inception: now + 48 * HOUR, expiration: now + 100 * HOUR }, 'SERVFAIL'],
    ['that expires this second', { inception: now - HOUR, expiration: now }, 'NOERROR ad'],
    ['that begins this second', { inception: now, expiration: now + HOUR }, 'NOERROR ad'],
  ])('%s', async (_what, choices, expected) => {
    expect(await statusOf(resigned(choices))).toBe(expected);
  });

  test('one good signature among bad ones is enough', async () => {
    const scene = Scene.withTest(TEXT);
    const set = [recordOf('www.test. 300 A 192.0.2.80')];
    const bad = scene.signed('test.', set, { expiration: TEST_START_UNIX_SECONDS - 50 * HOUR, inception: 1 }).slice(1);
    const wrong = scene.signed('test.', [recordOf('www.test. 300 A 192.0.2.66')]).slice(1);
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({
        ...reply,
        answer: [...set, ...bad, ...wrong, ...scene.signed('test.', set).slice(1)],
      })),
    );
    expect(await statusOf(scene)).toBe('NOERROR ad');
  });
});

describe('§5.3.2, what is signed', () => {
  test('the original TTL stands in the signature: a cache on the way may have counted down', async () => {
    expect(await statusOf(resigned({ originalTtl: 300 }, 17))).toBe('NOERROR ad');
  });
});

describe('§5.3.3, the TTL', () => {
  test('is at most the original TTL', async () => {
    const scene = resigned({ originalTtl: 60 }, 60_000);
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).seen.answer[0]?.ttl).toBeLessThanOrEqual(60);
    await scene.stop();
  });

  test('is at most what the signature has left', async () => {
    const scene = resigned({ expiration: TEST_START_UNIX_SECONDS + 40 });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).seen.answer[0]?.ttl).toBeLessThanOrEqual(40);
    await scene.stop();
  });
});

describe('§5.3.4, positive answers from wildcards', () => {
  test.each([
    ['with its proof is secure', false, 'NOERROR ad'],
    ['without is bogus', true, 'SERVFAIL'],
  ])('%s', async (_what, isCut, expected) => {
    const scene = Scene.withTest(TEXT);
    if (isCut)
      scene.tamper(
        AUTH,
        onType(TYPE.A, (reply) => ({ ...reply, authority: [] })),
      );
    expect(await statusOf(scene, 'any.wild.test.')).toBe(expected);
  });
});

describe('§5.4, denials', () => {
  test.each([
    ['nothing.test.', 'A', 'NXDOMAIN ad'],
    ['www.test.', 'TXT', 'NOERROR ad'],
    ['any.wild.test.', 'TXT', 'NOERROR ad'],
    ['wild.test.', 'A', 'NOERROR ad'],
    ['test.', 'DS', 'NOERROR ad'],
  ])('%s %s is %s', async (name, type, expected) => {
    expect(await statusOf(Scene.withTest(TEXT), name, type)).toBe(expected);
  });

  test('an NSEC that shows the type proves nothing', async () => {
    const scene = Scene.withTest(TEXT);
    const { rdata } = recordOf('www.test. 300 NSEC test. A TXT RRSIG NSEC');
    const nsec = { owner: mustParseName('www.test.'), type: TYPE.NSEC, class: CLASS.IN, ttl: 300, rdata };
    scene.tamper(
      AUTH,
      onType(TYPE.TXT, (reply) => ({
        ...reply,
        authority: [
          ...reply.authority.filter((one) => one.type !== TYPE.NSEC && one.rdata[1] !== TYPE.NSEC),
          ...scene.signed('test.', [nsec]),
        ],
      })),
    );
    expect(await statusOf(scene, 'www.test.', 'TXT')).toBe('SERVFAIL');
  });
});

describe('§5.5, when signatures do not validate', () => {
  test('the answer is SERVFAIL, remembered for a short time, and asked for again after it', async () => {
    const scene = Scene.withTest(TEXT);
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    const before = scene.asked.length;
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(scene.asked.length).toBe(before);
    scene.world.mend('test.');
    await scene.ports.clock.advance(61_000);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('bad data of one type leaves others alone (§4.7)', async () => {
    const scene = Scene.withTest(`${TEXT}\nwww IN TXT "good"`);
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    expect((await scene.ask('www.test.', 'TXT')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});
