/** Proves in a whole resolver with real signatures what loaded data is worth: nothing until it has been validated. */

import { afterEach, expect, test } from 'vitest';
import { dumpCache } from '../../src/control/dump-cache.ts';
import { CacheLoader } from '../../src/control/load-cache.ts';
import { Scene } from '../world/scene.ts';

let scene: Scene;
afterEach(async () => scene.stop());

const TEXT = 'www IN A 192.0.2.10\nmx IN MX 10 www\nc IN CNAME www\n';

function dump(): string {
  return [...dumpCache(scene.instance.caches, scene.ports.clock.unixSeconds())].join('');
}

function load(text: string): string {
  const { caches } = scene.instance;
  const loader = new CacheLoader({ caches, now: scene.ports.clock.unixSeconds(), maxTtl: 86_400 });
  const faults = text
    .split('\n')
    .filter((line) => !loader.isEnd(line))
    .map((line, i) => loader.take(line, i + 1))
    .filter((fault) => fault !== null);
  return faults.join('\n') + loader.finish();
}

function forget(): void {
  for (const cache of Object.values(scene.instance.caches)) cache.clear();
}

async function start(): Promise<void> {
  scene = Scene.withTest(TEXT);
  await scene.start();
}

test('data that is loaded is validated again before it is served as secure', async () => {
  await start();
  for (const [name, type] of [
    ['www.test.', 'A'],
    ['mx.test.', 'MX'],
    ['c.test.', 'A'],
    ['no.test.', 'A'],
  ] as const) {
    await scene.ask(name, type);
  }
  const text = dump();
  forget();
  expect(load(text)).toBe('ok\n');
  for (const { verdict } of scene.instance.caches.rrsets.entries()) expect(verdict).toBeNull();
  const before = scene.asked.length;
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  expect((await scene.ask('mx.test.', 'MX')).status).toBe('NOERROR ad');
  expect((await scene.ask('c.test.', 'A')).status).toBe('NOERROR ad');
  expect((await scene.ask('no.test.', 'A')).status).toBe('NXDOMAIN ad');
  // The data itself was not asked for again.
  const isForData = (line: string): boolean => / (?:www|mx|no)\.test\. (?:A|MX)\b/.test(line);
  expect(scene.asked.slice(before).filter(isForData)).toEqual([]);
  expect(scene.asked.slice(0, before).filter(isForData)).toHaveLength(3);
});

test('forged data is found out, and the servers are asked in its place', async () => {
  await start();
  await scene.ask('www.test.', 'A');
  const text = dump().replaceAll('192.0.2.10', '192.0.2.66');
  forget();
  expect(load(text)).toBe('ok\n');
  const reply = await scene.ask('www.test.', 'A');
  expect(reply.status).toBe('NOERROR ad');
  expect(reply.answer.join()).toContain('192.0.2.10');
});

test('data whose signatures were taken away is not served', async () => {
  await start();
  await scene.ask('www.test.', 'A');
  const text = dump()
    .split('\n')
    .filter((line) => !line.includes('\tRRSIG\t'))
    .map((line) => line.replace(/^(;rrset \d+ \d+) \d+/, '$1 0'))
    .join('\n');
  forget();
  expect(load(text)).toBe('ok\n');
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
});
