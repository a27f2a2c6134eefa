/** Proves that `verbosity: 2` writes the steps of a resolution into the log, and that less does not. */

import { expect, test } from 'vitest';
import { Scene } from '../world/scene.ts';

async function stepsWith(line: string): Promise<string[]> {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  await scene.start(['server:', line]);
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  await scene.stop();
  return scene.ports.log.lines.map((each) => each.line).filter((text) => text.startsWith('step '));
}

test('verbosity: 2 tells who is asked for what, in the order of time', async () => {
  const steps = await stepsWith('verbosity: 2');
  const asked = steps.filter((text) => text.includes('] ask '));
  expect(asked[0]).toMatch(/^step \[\d+\] ask 198\.41\.0\.4@53 \(\.\) for /);
  expect(asked.some((text) => text.includes('ask 192.0.2.1@53 (test.) for www.test. A'))).toBe(true);
});

test('verbosity: 1, the default, does not', async () => {
  expect(await stepsWith('verbosity: 1')).toEqual([]);
});
