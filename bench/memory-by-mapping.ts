/**
 * Where the memory of a running daemon is: its mappings by kind (program, libraries, V8's heap, the C library's), and V8's own
 * spaces, empty, after cold names, after many more, and when it has been idle. In the lab of bench/against-peers.ts.
 *
 *   npm run build && node bench/memory-by-mapping.ts [options]
 *
 *   --zones N, --names N   size of the lab
 *   --idle SECONDS         how long it is left alone at the end
 *   --line TEXT            a line more for the server clause, any number of times
 *   --collect              a full collection before each look: what is held, not what lies about
 *
 * The program's own pages are shared with whatever else runs on the same Node.js: HAWSER_NODE with a copy of its own shows them in
 * full. NODE_OPTIONS and the like reach the daemon.
 */

import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { HeapSpaceInfo } from 'node:v8';
import { Session } from '../test/interop/daemons.ts';
import { runInNamespace } from '../test/interop/programs.ts';
import { startHawserThere } from '../test/interop/resolvers.ts';
import { openLab, ROOT_ADDRESS } from './peers/lab.ts';
import { Measuring, writeRows } from './peers/rows.ts';
import { LabServer } from './peers/watch.ts';

const INSIDE = 'inside-namespace';
const MOST_MS = 3_600_000;
const SETTLE_MS = 1_000;
const V8_PAGE_OCTETS = 256 * 1024;
const ARENA_OCTETS = 64 * 1024 * 1024;
const CACHE_LINES = ['rrset-cache-size: 200m', 'msg-cache-size: 100m', 'key-cache-size: 64m', 'neg-cache-size: 36m'];

/** Runs in the daemon: answers a signal with what V8 says of itself. */
const PROBE = `
const { writeFileSync, renameSync } = require('node:fs');
const { getHeapSpaceStatistics, getHeapCodeStatistics, getHeapStatistics } = require('node:v8');
const { isMainThread } = require('node:worker_threads');
if (isMainThread) process.on('SIGUSR2', () => {
  if (process.env.PROBE_COLLECTS) {
    const t = performance.now();
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    console.error('collected in', performance.now() - t);
  }
  const said = { usage: process.memoryUsage(), spaces: getHeapSpaceStatistics(), code: getHeapCodeStatistics(), heap: getHeapStatistics() };
  writeFileSync(process.env.PROBE_SAYS + '.new', JSON.stringify(said));
  renameSync(process.env.PROBE_SAYS + '.new', process.env.PROBE_SAYS);
});
`;

interface Said {
  readonly usage: NodeJS.MemoryUsage;
  readonly spaces: readonly HeapSpaceInfo[];
  readonly code: Readonly<Record<string, number>>;
  readonly heap: Readonly<Record<string, number>>;
}

interface Mapping {
  readonly kind: string;
  pss: number;
  dirty: number;
}

/** What a mapping is, from its line in smaps. */
function kindOf(rights: string, path: string, from: number, octets: number): string {
  if (path.endsWith('/node')) return `node ${rights}`;
  if (path.startsWith('/')) return path.includes('.so') || path.includes('.node') ? 'libraries' : 'files';
  if (path !== '') return path;
  if (rights.startsWith('rwx') || rights.startsWith('r-x')) return 'anonymous, code';
  // The C library aligns the heaps of threads to their greatest size.
  if (from % ARENA_OCTETS === 0) return 'heaps of threads (malloc)';
  return octets % V8_PAGE_OCTETS === 0 ? "V8's pages" : 'anonymous, other';
}

function mappingsOf(pid: number): Map<string, Mapping> {
  const found = new Map<string, Mapping>();
  let now: Mapping | undefined;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (head !== null) {
      const [, from = '', to = '', rights = '', path = ''] = head;
      const start = Number.parseInt(from, 16);
      const kind = kindOf(rights, path, start, Number.parseInt(to, 16) - start);
      now = found.get(kind) ?? { kind, pss: 0, dirty: 0 };
      found.set(kind, now);
    }
    const pair = /^(Pss|Private_Dirty):\s+(\d+)/.exec(line);
    if (pair === null || now === undefined) continue;
    if (pair[1] === 'Pss') now.pss += Number(pair[2]);
    else now.dirty += Number(pair[2]);
  }
  return found;
}

const mega = (octets: number): string => (octets / 1e6).toFixed(1).padStart(8);

async function askProbe(pid: number, path: string): Promise<Said> {
  process.kill(pid, 'SIGUSR2');
  for (let tries = 0; tries < 100; tries++) {
    await sleep(50);
    if (!existsSync(path)) continue;
    const said = JSON.parse(readFileSync(path, 'utf8')) as Said;
    unlinkSync(path);
    return said;
  }
  throw new Error('the daemon does not say anything');
}

async function look(stage: string, pid: number, path: string): Promise<void> {
  await sleep(SETTLE_MS);
  if (process.env.PROBE_COLLECTS !== undefined) await askProbe(pid, path);
  const mappings = [...mappingsOf(pid).values()].sort((a, b) => b.pss - a.pss);
  const all = mappings.reduce((sum, { pss }) => sum + pss, 0);
  const dirty = mappings.reduce((sum, each) => sum + each.dirty, 0);
  const { usage, spaces, code, heap } = await askProbe(pid, path);
  console.log(`\n${stage}: PSS ${mega(all * 1024)} MB, private and dirty ${mega(dirty * 1024)} MB`);
  for (const { kind, pss, dirty: own } of mappings.slice(0, 12)) {
    if (pss > 100) console.log(`  ${mega(pss * 1024)} ${mega(own * 1024)}  ${kind}`);
  }
  const { heapTotal, heapUsed, external, arrayBuffers } = usage;
  console.log(
    `  V8: heap ${mega(heapTotal)}, used ${mega(heapUsed)}, external ${mega(external)} with arrays ${mega(arrayBuffers)}, malloced ${mega(heap.malloced_memory ?? 0)}`,
  );
  const names = spaces.map(
    (space) => `${space.space_name} ${mega(space.physical_space_size)}/${mega(space.space_used_size)}`,
  );
  console.log(`  spaces, resident/used: ${names.join(', ').replace(/ +/g, ' ')}`);
  console.log(`  code: ${JSON.stringify(code)}`);
}

function readWords(words: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...words],
    options: {
      zones: text,
      names: text,
      idle: text,
      line: { type: 'string', multiple: true },
      collect: { type: 'boolean' },
    },
  });
  const { zones = '2000', names = '20000', idle = '0', line = [], collect = false } = values;
  return { zones: Number(zones), names: Number(names), idle: Number(idle), lines: line, collect };
}

async function run({ zones, names, idle, lines, collect }: ReturnType<typeof readWords>): Promise<void> {
  const session = new Session();
  try {
    const lab = openLab({ zones, hosts: Math.ceil(names / zones) });
    const server = await LabServer.start(session, lab);
    const says = join(session.folder, 'says');
    const probe = session.file('probe.cjs', PROBE);
    process.env.PROBE_SAYS = says;
    if (collect) process.env.PROBE_COLLECTS = 'yes';
    const options = `${process.env.NODE_OPTIONS ?? ''} --require ${probe} ${collect ? '--expose-gc' : ''}`;
    process.env.NODE_OPTIONS = options;
    const surroundings = {
      rootServers: [ROOT_ADDRESS],
      anchors: [lab.anchor],
      // Who gives up root could not write what the probe says.
      serverLines: ['username: ""', ...CACHE_LINES, ...lines],
    };
    const questions = writeRows(session, lab, {
      names,
      denials: 1,
      mailDomains: 1,
      seconds: 0,
      rate: 0,
      rest: 0,
      parts: 1,
    });
    const resolver = await startHawserThere(session, surroundings);
    const pid = resolver.process.pid as number;
    const measuring = new Measuring(resolver, server);
    await look('empty', pid, says);
    measuring.inParts('cold', questions.cold);
    await look(`after ${zones} cold`, pid, says);
    measuring.once('names', questions.names);
    await look(`after ${names} names`, pid, says);
    if (idle > 0) {
      await sleep(idle * 1000);
      await look(`idle for ${idle} s`, pid, says);
    }
    console.log([...measuring.figures].map(([label, figure]) => `${label} ${figure.toFixed(1)}`).join('; '));
    if (collect)
      console.log(
        session
          .log('hawser')
          .split('\n')
          .filter((line) => line.startsWith('collected'))
          .join(', '),
      );
    console.log(`wrong ${measuring.wrong}, lost ${measuring.lost}`);
  } finally {
    await session.stop();
  }
}

const [first, ...words] = process.argv.slice(2);
if (first === INSIDE) await run(readWords(words));
else console.log(runInNamespace('../../bench/memory-by-mapping.ts', [INSIDE, ...process.argv.slice(2)], MOST_MS));
