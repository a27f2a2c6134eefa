/** Proves that what a flood took goes back when the process has little to do, seldom, and never where that would hold it up. */

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { mappingsOf, unwrittenMappings } from '../../src/adapters/own-memory.ts';
import { giveBackWhenQuiet } from '../../src/daemon/give-back.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';

const MIB = 1024 * 1024;

/** A process that is watched: what it holds and needs in MiB, and how busy it is in percent. */
class WatchedProcess {
  readonly clock = new FakeClock(TEST_START_UNIX_SECONDS);
  held = 20;
  used = 12;
  busyPercent = 0;
  gaveBack = 0;
  #spentMs = 0;
  readonly stop = giveBackWhenQuiet(this.clock, {
    look: () => ({ used: this.used * MIB, held: this.held * MIB }),
    processorMs: () => this.#spentMs,
    giveBack: () => {
      this.gaveBack++;
      this.held = this.used;
      return this.held * MIB;
    },
  });

  async live(seconds: number): Promise<number> {
    for (let s = 0; s < seconds; s++) {
      this.#spentMs += 10 * this.busyPercent;
      await this.clock.advance(1000);
    }
    return this.gaveBack;
  }
}

test('what a start and a flood took goes back once all is quiet', async () => {
  const process = new WatchedProcess();
  expect(await process.live(10)).toBe(1);
  expect(await process.live(300)).toBe(1);
  [process.held, process.used, process.busyPercent] = [200, 80, 60];
  expect(await process.live(60)).toBe(1);
  process.busyPercent = 1;
  expect(await process.live(10)).toBe(2);
  expect(process.held).toBe(80);
});

test('who takes memory again and again is stopped once a minute at most', async () => {
  const process = new WatchedProcess();
  for (let s = 0; s < 600; s++) {
    process.held = 100;
    await process.live(1);
  }
  expect(process.gaveBack).toBeLessThanOrEqual(10);
  expect(process.gaveBack).toBeGreaterThanOrEqual(9);
});

test('nothing stops for a little, nor where much is in use', async () => {
  const process = new WatchedProcess();
  await process.live(10);
  process.held += 7;
  expect(await process.live(300)).toBe(1);
  [process.held, process.used] = [900, 400];
  expect(await process.live(300)).toBe(1);
});

test('no look comes after the end', async () => {
  const process = new WatchedProcess();
  process.stop();
  expect(await process.live(60)).toBe(0);
});

const mapping = (range: string, rights: string, path: string, anonymous: number): string =>
  `${range} ${rights} 00000000 fd:00 42                 ${path}\nRss: 8 kB\nAnonymous:  ${anonymous} kB\nVmFlags: rd\n`;

test('pages of the program go only where nothing was written', () => {
  const smaps = [
    mapping('00400000-00500000', 'r--p', '/opt/node', 0),
    mapping('00500000-00700000', 'r-xp', '/opt/node', 0),
    mapping('00700000-00710000', 'r--p', '/opt/node', 4),
    mapping('00710000-00720000', 'rw-p', '/opt/node', 0),
    mapping('00720000-00730000', 'r-xp', '/opt/node (deleted)', 0),
    mapping('7f0000000000-7f0000010000', 'r-xp', '/lib/libc.so.6', 0),
    mapping('7f0000010000-7f0000020000', 'r--p', '', 0),
  ].join('');
  expect(unwrittenMappings(smaps, '/opt/node')).toEqual([
    { start: 0x400000n, octets: 0x100000n },
    { start: 0x500000n, octets: 0x200000n },
  ]);
});

test('a real process gives back what was garbage, and goes on', () => {
  const module = resolve(import.meta.dirname, '../../src/adapters/own-memory.ts');
  const program = `
    const { ownMemory } = await import(${JSON.stringify(module)});
    const memory = ownMemory();
    let kept = [];
    for (let i = 0; i < 1_000_000; i++) kept.push({ i });
    kept = [];
    const { held } = memory.look();
    memory.giveBack();
    memory.giveBack();
    console.log(JSON.stringify({ held, after: memory.look().held, sum: [1, 2].map((n) => n * 2).join() }));`;
  const said = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
  expect(said.sum).toBe('2,4');
  expect(said.after).toBeLessThan(said.held / 2);
});

test('a host that shows no mappings, as in a chroot without /proc, loses nothing else by it', () => {
  expect(unwrittenMappings(mappingsOf('/no/such/proc/self/smaps'), process.execPath)).toEqual([]);
});
