/** Proves which lines each `verbosity` adds to the log: ends of questions, servers asked, all steps, clients. */

import { expect, test } from 'vitest';
import { Scene } from '../world/scene.ts';

/** Lines of the log after one question. */
async function linesWith(line: string): Promise<string[]> {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  await scene.start(['server:', line]);
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  await scene.stop();
  return scene.ports.log.lines.map(({ level, line: text }) => `${level}: ${text}`);
}

test('verbosity: 2 tells how each question ended, and not who was asked', async () => {
  const lines = await linesWith('verbosity: 2');
  expect(lines.some((text) => /^info: step \[\d+\] finished: www\.test\. A IN: NOERROR$/.test(text))).toBe(true);
  expect(lines.filter((text) => text.includes('] ask '))).toEqual([]);
});

test('verbosity: 3 tells who is asked for what, in the order of time', async () => {
  const lines = await linesWith('verbosity: 3');
  const asked = lines.filter((text) => text.includes('] ask '));
  expect(asked[0]).toMatch(/^info: step \[\d+\] ask 198\.41\.0\.4@53 \(\.\) for /);
  expect(asked.some((text) => text.includes('ask 192.0.2.1@53 (test.) for www.test. A'))).toBe(true);
  expect(lines.filter((text) => text.includes('signature of'))).toEqual([]);
});

test('verbosity: 4 tells each step, those for experts as debug', async () => {
  const lines = await linesWith('verbosity: 4');
  expect(lines.some((text) => /^debug: step \[\d+\] signature of www\.test\. A by key/.test(text))).toBe(true);
  expect(lines.filter((text) => text.includes('client '))).toEqual([]);
});

test('verbosity: 5 tells which client asked what the caches cannot answer', async () => {
  const lines = await linesWith('verbosity: 5');
  expect(lines.filter((text) => /^debug: client \S+@\d+ udp asks www\.test\. A IN$/.test(text))).toHaveLength(1);
});

test('verbosity: 1, the default, tells none of this', async () => {
  expect((await linesWith('verbosity: 1')).filter((text) => /step |client /.test(text))).toEqual([]);
});
