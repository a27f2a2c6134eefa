/** Proves that what a flood took goes back, at once when the process has little to do, seldom, and never where that would hold it up. */

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { mappingsOf, unwrittenMappings } from '../../src/adapters/own-memory.ts';
import { giveBackMemory } from '../../src/daemon/give-back.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';

const MIB = 1024 * 1024;

/** What a busy process keeps for new objects. */
const ROOM_FOR_NEW = 25;

/** A process that is watched: what it holds and needs in MiB, and how busy it is in percent. */
class WatchedProcess {
  readonly clock = new FakeClock(TEST_START_UNIX_SECONDS);
  held = 20;
  used = 12;
  busyPercent = 0;
  takesEffect = true;
  /** What was done about it, in order. */
  readonly deeds: string[] = [];
  #spentMs = 0;
  readonly stop = giveBackMemory(this.clock, {
    look: () => ({ used: this.used * MIB, held: this.held * MIB }),
    processorMs: () => this.#spentMs,
    beginCollection: (small) => {
      this.deeds.push(small ? 'make small' : 'collect');
      if (this.takesEffect) this.held = this.used + (small ? 0 : ROOM_FOR_NEW);
    },
    trim: () => this.deeds.push('trim'),
    letGoOfProgram: () => this.deeds.push('let go'),
  });

  async live(seconds: number): Promise<readonly string[]> {
    for (let s = 0; s < seconds; s++) {
      this.#spentMs += 10 * this.busyPercent;
      await this.clock.advance(1000);
    }
    return this.deeds.splice(0);
  }
}

const QUIET_DEEDS = ['make small', 'trim', 'let go'];

test('what a start and a flood took goes back once all is quiet', async () => {
  const process = new WatchedProcess();
  expect(await process.live(15)).toEqual(QUIET_DEEDS);
  expect(await process.live(300)).toEqual([]);
  [process.held, process.used, process.busyPercent] = [35, 30, 60];
  expect(await process.live(60)).toEqual([]);
  process.busyPercent = 1;
  expect(await process.live(15)).toEqual(QUIET_DEEDS);
  expect(process.held).toBe(30);
});

test('a process that stays busy gives back what has been too much for a while, and keeps its room for new objects', async () => {
  const process = new WatchedProcess();
  await process.live(100);
  [process.held, process.used, process.busyPercent] = [90, 20, 60];
  expect(await process.live(10)).toEqual([]);
  process.held = 20;
  expect(await process.live(60)).toEqual([]);
  process.held = 90;
  expect(await process.live(25)).toEqual(['collect', 'trim']);
  expect(process.held).toBe(20 + ROOM_FOR_NEW);
  process.busyPercent = 1;
  expect(await process.live(15)).toEqual(QUIET_DEEDS);
  expect(process.held).toBe(20);
});

test('what had no effect is tried once more, a minute later', async () => {
  const process = new WatchedProcess();
  process.takesEffect = false;
  expect(await process.live(60)).toEqual(QUIET_DEEDS);
  expect(await process.live(300)).toEqual(QUIET_DEEDS);
});

test('work that comes while a collection is under way finds the program where it was', async () => {
  const process = new WatchedProcess();
  expect(await process.live(5)).toEqual(['make small']);
  process.busyPercent = 60;
  expect(await process.live(5)).toEqual(['trim']);
});

test.each([1, 60])(
  'who takes memory again and again is held up once a minute at most, busy for %i percent',
  async (busy) => {
    const process = new WatchedProcess();
    process.busyPercent = busy;
    let begun = 0;
    for (let s = 0; s < 600; s++) {
      process.held = 100;
      begun += (await process.live(1)).filter((deed) => deed === 'collect' || deed === 'make small').length;
    }
    expect(begun).toBeLessThanOrEqual(10);
    expect(begun).toBeGreaterThanOrEqual(1);
  },
);

test('nothing stops for a little, nor where much is in use', async () => {
  const process = new WatchedProcess();
  await process.live(15);
  process.held += 7;
  expect(await process.live(300)).toEqual([]);
  [process.held, process.used] = [900, 400];
  expect(await process.live(300)).toEqual([]);
});

test('no look comes after the end', async () => {
  const process = new WatchedProcess();
  process.stop();
  expect(await process.live(60)).toEqual([]);
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

/** What the program prints as JSON, in a process of its own. */
function inOwnProcess<Said>(program: string): Said {
  const module = resolve(import.meta.dirname, '../../src/adapters/own-memory.ts');
  const whole = `const { ownMemory } = await import(${JSON.stringify(module)});\n${program}`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', whole], { encoding: 'utf8' })) as Said;
}

test('a real process gives back what was garbage, room for new objects too, and goes on', () => {
  const said = inOwnProcess<{ held: number; after: number; sum: string }>(`
    const { setTimeout } = await import('node:timers/promises');
    const memory = ownMemory();
    let kept = [];
    for (let i = 0; i < 1_000_000; i++) kept.push({ i });
    kept = [];
    const { held } = memory.look();
    let tries = 0;
    do {
      memory.beginCollection(true);
      await setTimeout(100);
    } while (memory.look().held > held / 3 && ++tries < 100);
    memory.trim();
    memory.letGoOfProgram();
    console.log(JSON.stringify({ held, after: memory.look().held, sum: [1, 2].map((n) => n * 2).join() }));`);
  expect(said.sum).toBe('2,4');
  expect(said.after).toBeLessThan(said.held / 3);
});

test('functions that nobody calls meanwhile keep their compiled code', () => {
  const said = inOwnProcess<{ before: number; after: number }>(`
    const { setTimeout } = await import('node:timers/promises');
    const { getHeapCodeStatistics } = await import('node:v8');
    const memory = ownMemory();
    const texts = Array.from({ length: 2000 }, (_, n) => 'return ' + 'a+'.repeat(200) + n);
    const functions = texts.map((text) => new Function('a', text));
    for (const each of functions) each(1);
    const bytecode = () => getHeapCodeStatistics().bytecode_and_metadata_size;
    memory.beginCollection(true);
    await setTimeout(300);
    const before = bytecode();
    let kept = [];
    for (let n = 0; n < 12; n++) {
      for (let i = 0; i < 100_000; i++) kept.push({ i });
      kept = [];
      memory.beginCollection(true);
      await setTimeout(50);
    }
    console.log(JSON.stringify({ before, after: bytecode(), sum: functions[7](1) }));`);
  expect(said.after).toBeGreaterThan(said.before * 0.9);
});

test('a host that shows no mappings, as in a chroot without /proc, loses nothing else by it', () => {
  expect(unwrittenMappings(mappingsOf('/no/such/proc/self/smaps'), process.execPath)).toEqual([]);
});
