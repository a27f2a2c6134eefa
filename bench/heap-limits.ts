/**
 * Whether a daemon outlives its caches: in control groups of several sizes, with caches small and larger than there is memory, names
 * that differ are asked until each cache has been filled twice over. Says what was held at most, and whether it still answers.
 *
 *   npm run build && node bench/heap-limits.ts [MEMORY:CACHES | MEMORY:silent ...]
 *
 * MiB each, such as 512:2048. With `silent` no server answers, and thousands of questions are under way at once. Needs root and NSD.
 */

import { type ChildProcess, execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session, serveWithNsd, startHawser } from '../test/interop/daemons.ts';
import { PROJECT, runInNamespace } from '../test/interop/programs.ts';
import { type Asked, ask, writeQuestions } from './peers/load.ts';
import { pssMegabytes } from './peers/watch.ts';

const INSIDE = 'inside-namespace';
const MOST_MS = 3_600_000;
const CASES = ['128:16', '512:16', '512:2048', '1024:4096', '2048:4096', '128:silent'];
const PORT = 5300;
const SERVER = '192.0.2.53';
const SILENT_SERVER = '192.0.2.54';
/** Questions at once to a server that is silent, more than a daemon takes by default. */
const SILENT_WINDOW = 10_000;
const SILENT_SECONDS = 20;
const MIB = 1024 * 1024;
const WINDOW = 50;
/** Octets of text in the larger of two sets, and what a name of each takes of the cache of sets, about. */
const TEXT_OCTETS = 1000;
const OCTETS_PER_PAIR = 1_500;
/** Names asked at once; then it is looked whether the daemon is there. */
const PIECE = 20_000;
/** Part of V8's heap that all caches together may take, of which that of sets is two fifths here (daemon/options/rooms.ts). */
const SETS_OF_MEMORY = 0.5 * 0.75 * 0.4;
const VERSION_1 = '/sys/fs/cgroup/memory';

/** A control group of so many MiB. */
class Group {
  readonly path: string;
  readonly #isOld = existsSync(VERSION_1);

  constructor(name: string, mib: number) {
    this.path = join(this.#isOld ? VERSION_1 : '/sys/fs/cgroup', name);
    mkdirSync(this.path);
    writeFileSync(join(this.path, this.#isOld ? 'memory.limit_in_bytes' : 'memory.max'), `${mib * MIB}`);
  }

  /** Processes that the kernel has ended for want of memory. */
  get killed(): number {
    const text = readFileSync(join(this.path, this.#isOld ? 'memory.oom_control' : 'memory.events'), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  remove(): void {
    rmdirSync(this.path);
  }
}

const zoneText = (): string => {
  const text = Array.from({ length: TEXT_OCTETS / 250 }, () => `"${'x'.repeat(249)}"`).join(' ');
  return `$ORIGIN wild.test.
$TTL 86400
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A ${SERVER}
* A 192.0.2.1
* TXT ${text}
`;
};

const configText = (cacheMib: number, server = SERVER): string => `server:
  interface: 127.0.0.1@${PORT}
  username: ""
  pidfile: ""
  chroot: ""
  local-zone: "test." nodefault
  domain-insecure: "test."
  rrset-cache-size: ${Math.floor((cacheMib * 2) / 5)}m
  msg-cache-size: ${Math.floor(cacheMib / 5)}m
stub-zone:
  name: "wild.test."
  stub-addr: ${server}
`;

/** Two sets of each name. */
function asked(from: number, names: number): Asked[] {
  return Array.from({ length: names }, (_, i) => i + from).flatMap((n) =>
    (['A', 'TXT'] as const).map((type) => ({ name: `n${n}.wild.test.`, type, rcode: 'NOERROR' as const, ad: false })),
  );
}

/** Starts a daemon in a group, and removes both when it has been looked at. */
async function within(
  memoryMib: number,
  config: string,
  look: (daemon: Watched) => Promise<void> | void,
): Promise<void> {
  const session = new Session();
  const group = new Group(`hawser-heap-limits-${process.pid}-${memoryMib}`, memoryMib);
  try {
    const text = `#!/bin/sh\necho $$ >${group.path}/cgroup.procs\nexec ${PROJECT}/bin/hawserd "$@"\n`;
    process.env.HAWSER = session.file('hawserd-in-group', text);
    execFileSync('chmod', ['755', process.env.HAWSER]);
    const daemon = await startHawser(session, config, PORT);
    await look({ session, group, daemon });
    for (const line of session.log('hawser').split('\n'))
      if (/memory|caches need|heap/.test(line)) console.log(`  ${line}`);
  } finally {
    await session.stop();
    group.remove();
  }
}

interface Watched {
  readonly session: Session;
  readonly group: Group;
  readonly daemon: ChildProcess;
}

/** Thousands of questions under way at once. */
async function floodSilent(memoryMib: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(53, SILENT_SERVER, resolve));
  await within(memoryMib, configText(16, SILENT_SERVER), ({ session, group, daemon }) => {
    const questions = writeQuestions(join(session.folder, 'questions'), asked(0, 50_000));
    const outcome = ask(PORT, questions, { window: SILENT_WINDOW, seconds: SILENT_SECONDS });
    const ended = group.killed > 0 || !existsSync(`/proc/${daemon.pid}`);
    const most = ended ? 0 : pssMegabytes(daemon.pid as number);
    console.log(
      `${memoryMib} MiB, silent servers: ${ended ? 'ENDED' : 'answers'}; ${outcome.answered} answered, ${outcome.lost} not, PSS ${most.toFixed(0)} MB`,
    );
  });
  socket.close();
}

async function flood(memoryMib: number, cacheMib: number): Promise<void> {
  await within(memoryMib, configText(cacheMib), ({ session, group, daemon }) => {
    const sets = Math.min((cacheMib * 2) / 5, memoryMib * SETS_OF_MEMORY);
    const names = Math.ceil((2 * sets * MIB) / OCTETS_PER_PAIR);
    let [most, done, lost, wrong] = [0, 0, 0, 0];
    for (; done < names && daemon.exitCode === null && daemon.signalCode === null; done += PIECE / 2) {
      const questions = writeQuestions(join(session.folder, 'questions'), asked(done, PIECE / 2));
      const outcome = ask(PORT, questions, { window: WINDOW });
      lost += outcome.lost;
      wrong += outcome.wrong;
      if (group.killed > 0 || outcome.answered === 0) break;
      most = Math.max(most, pssMegabytes(daemon.pid as number));
    }
    const ended = group.killed > 0 || done < names;
    const figures = `${done} names of two sets, PSS at most ${most.toFixed(0)} MB, wrong ${wrong}, lost ${lost}`;
    console.log(`${memoryMib} MiB, caches of ${cacheMib}: ${ended ? 'ENDED' : 'answers'}; ${figures}`);
  });
}

async function run(cases: readonly string[]): Promise<void> {
  const outer = new Session();
  try {
    await serveWithNsd(outer, 'wild.test.', zoneText(), [SERVER]);
    execFileSync('ip', ['addr', 'add', `${SILENT_SERVER}/32`, 'dev', 'lo']);
    for (const each of cases) {
      const [memory, caches] = each.split(':');
      if (caches === 'silent') await floodSilent(Number(memory));
      else await flood(Number(memory), Number(caches));
    }
  } finally {
    await outer.stop();
  }
}

const [first, ...words] = process.argv.slice(2);
if (first === INSIDE) await run(words);
else {
  const cases = first === undefined ? CASES : [first, ...words];
  console.log(runInNamespace('../../bench/heap-limits.ts', [INSIDE, ...cases], MOST_MS));
}
