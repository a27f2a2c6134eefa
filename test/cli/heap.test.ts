/** Proves that a heap that fills up is said in time, once, and that configuration larger than it is refused with a sentence. */

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  hasRoomForPolicy,
  loadWithinHeap,
  scarceMemoryText,
  textRoom,
  watchHeap,
  withinHeap,
} from '../../src/cli/heap.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { loadConfig, loadConfigInPieces } from '../../src/config/load-config.ts';
import { runAtOnce } from '../../src/wire/steps.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';

const MIB = 1024 * 1024;

test('a heap that is nearly full is a line in the log, once until it has eased', async () => {
  const [clock, log] = [new FakeClock(TEST_START_UNIX_SECONDS), new FakeLog()];
  let used = 70 * MIB;
  const stop = watchHeap(clock, log, () => ({ used, limit: 100 * MIB }));
  const linesAt = async (mib: number): Promise<number> => {
    used = mib * MIB;
    await clock.advance(20_000);
    return log.lines.length;
  };
  expect(await linesAt(70)).toBe(0);
  expect(await linesAt(90)).toBe(1);
  expect(log.text()).toContain("error: memory is nearly used up (90 of 100 MiB of V8's heap)");
  expect(await linesAt(70)).toBe(1);
  expect(await linesAt(95)).toBe(1);
  expect(await linesAt(60)).toBe(1);
  expect(await linesAt(95)).toBe(2);
  stop();
  used = 0;
  expect(await linesAt(95)).toBe(2);
});

test('less memory than the process may need is said, a usual limit is not', () => {
  expect(scarceMemoryText(64 * MIB)).toBe(
    'there are 64 MiB of memory for this process, which may come to need 160 MiB: the system may end it',
  );
  expect(scarceMemoryText(160 * MIB)).toBeNull();
  expect(scarceMemoryText(Number.POSITIVE_INFINITY)).toBeNull();
});

const heapOf = (used: number, limit: number) => ({
  look: () => ({ used: used * MIB, limit: limit * MIB }),
  collect: () => {},
});

test('configuration that the heap cannot hold is refused with a sentence, its includes together', () => {
  const lines = '  local-zone: "a.test." static\n'.repeat(20_000);
  const files = new FakeFiles({ '/main': 'server:\ninclude: /a\ninclude: /b\n', '/a': lines, '/b': lines });
  const port = withinHeap(files, heapOf(20, 24));
  const loaded = loadConfig(port, '/main');
  expect(loaded.ok).toBe(false);
  if (loaded.ok) return;
  expect(loaded.findings.map(({ text }) => text).join()).toContain("too large for V8's heap of 24 MiB");
  expect(loadConfig(withinHeap(files, heapOf(20, 840)), '/main').ok).toBe(true);
});

/** A heap that each look finds fuller; `held` of it stays when garbage is collected. */
function fillingHeap(growth: number, held: (used: number) => number) {
  let used = 10 * MIB;
  const collected: number[] = [];
  return {
    collected,
    look: () => {
      used += growth;
      return { used, limit: 100 * MIB };
    },
    collect: () => {
      collected.push(used);
      used = held(used);
    },
  };
}

test('loading ends with a sentence where the heap would, and goes on where it is only garbage', () => {
  const files = new FakeFiles({ '/main': `server:\n${'  local-zone: "a.test." static\n'.repeat(60_000)}` });
  const load = (heap: ReturnType<typeof fillingHeap>) =>
    runAtOnce(loadWithinHeap(loadConfigInPieces(files, '/main'), heap));
  const garbage = fillingHeap(MIB, () => 20 * MIB);
  expect(load(garbage)?.ok).toBe(true);
  expect(garbage.collected.length).toBeGreaterThan(1);
  const held = fillingHeap(MIB, (used) => used);
  expect(load(held)).toBeNull();
  expect(held.collected.length).toBe(1);
  // From 80 % on V8 aborts when collections bring little.
  expect(held.collected[0]).toBeLessThan(80 * MIB);
});

test('policy that does not fit beside its configuration is refused', () => {
  const config = defaultConfig();
  const localData = Array.from({ length: 200_000 }, () => 'a.test A 192.0.2.1');
  const heap = heapOf(20, 60);
  expect(hasRoomForPolicy(config, heap)).toBe(true);
  expect(hasRoomForPolicy({ ...config, server: { ...config.server, localData } }, heap)).toBe(false);
});

test('text that comes later has room until the heap is nearly full', () => {
  expect(textRoom({ used: 18 * MIB, limit: 100 * MIB })).toBe(MIB);
  expect(textRoom({ used: 78 * MIB, limit: 100 * MIB })).toBe(0);
  expect(textRoom({ used: 99 * MIB, limit: 100 * MIB })).toBe(0);
});

test("the limit is the old generation's, by whose end the process aborts", () => {
  const script = `import { heapUse } from ${JSON.stringify(resolve('src/cli/heap.ts'))}; console.log(heapUse().limit);`;
  const run = (mib: number, flags: readonly string[] = []): number => {
    const args = [`--max-old-space-size=${mib}`, ...flags, '--input-type=module', '-e', script];
    return (
      Number(execFileSync(resolve(`node_modules/node-linux-${process.arch}/bin/node`), args, { encoding: 'utf8' })) /
      MIB
    );
  };
  expect([64, 256, 1024].map((mib) => run(mib))).toEqual([64, 256, 1024]);
  // As bin/launch starts the daemon.
  expect(run(512, ['--max-semi-space-size=8'])).toBe(512);
});
