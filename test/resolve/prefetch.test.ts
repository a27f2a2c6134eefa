/** Proves when answers are fetched again before they expire, once at a time, and that clients never wait for it. */

import { afterEach, describe, expect, test } from 'vitest';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const TEXT = `
$TTL 1000
www IN A 192.0.2.80
short 9 IN A 192.0.2.81
`;

let scene: Scene;
afterEach(async () => scene.stop());

async function instance(config: readonly string[]): Promise<void> {
  scene = Scene.withTest(TEXT);
  await scene.start(['server:', ...config.map((line) => `\t${line}`)]);
}

function asked(name: string): number {
  return scene.asked.filter((line) => line === `${AUTH} ${name} A`).length;
}

async function settle(): Promise<void> {
  await scene.ports.clock.runUntil(() => scene.instance.resolver.works().length === 0);
}

describe('prefetch', () => {
  test('fetches again in the last tenth of the life, once, and answers from the cache meanwhile', async () => {
    await instance(['prefetch: yes']);
    await scene.ask('www.test.', 'A');
    scene.ports.clock.skip(899_000);
    await scene.ask('www.test.', 'A');
    await settle();
    expect(asked('www.test.')).toBe(1);
    scene.ports.clock.skip(1_000);
    const replies = await scene.askTogether(['www.test. A', 'www.test. A', 'www.test. A']);
    expect(replies.map(({ reply }) => reply.seen.answer[0]?.ttl)).toEqual([100, 100, 100]);
    await settle();
    expect(asked('www.test.')).toBe(2);
    expect(scene.count('prefetch')).toBe(1);
    expect((await scene.ask('www.test.', 'A')).seen.answer[0]?.ttl).toBe(1000);
  });

  test('that fails leaves the answer as it is', async () => {
    await instance(['prefetch: yes']);
    await scene.ask('www.test.', 'A');
    scene.ports.clock.skip(950_000);
    scene.tamper(AUTH, () => null);
    await scene.ask('www.test.', 'A');
    await settle();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  });

  test('that gives bogus data leaves the secure answer as it is', async () => {
    await instance(['prefetch: yes']);
    await scene.ask('www.test.', 'A');
    scene.ports.clock.skip(950_000);
    scene.world.break('test.', 'rdata-forged');
    await scene.ask('www.test.', 'A');
    await settle();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  });

  test('is not for answers that live for less than ten seconds', async () => {
    await instance(['prefetch: yes']);
    await scene.ask('short.test.', 'A');
    scene.ports.clock.skip(8_000);
    await scene.ask('short.test.', 'A');
    await settle();
    expect(asked('short.test.')).toBe(1);
  });

  test('is off by default', async () => {
    await instance([]);
    await scene.ask('www.test.', 'A');
    scene.ports.clock.skip(950_000);
    await scene.ask('www.test.', 'A');
    await settle();
    expect(asked('www.test.')).toBe(1);
  });
});

describe('prefetch-key', () => {
  test('asks for keys when the referral comes, before the answer does', async () => {
    await instance(['prefetch-key: yes', 'qname-minimisation: no']);
    await scene.ask('www.test.', 'A');
    const ofAuth = scene.asked.filter((line) => line.startsWith(AUTH));
    expect(new Set(ofAuth.slice(0, 2))).toEqual(new Set([`${AUTH} test. DNSKEY`, `${AUTH} www.test. A`]));
    expect(ofAuth.filter((line) => line.endsWith('DNSKEY')).length).toBe(1);
  });
});
