/**
 * What a second thread brings (num-threads): processor time for each cached answer, answers in a second and memory, with one and two
 * threads, Hawser and Unbound in turn. Everything is cached, so this is the best case; thread 0 alone resolves.
 *
 *   npm run build && node bench/threads.ts [rounds]      (needs dnsperf and unbound)
 *
 * On a host with two processors the asker takes half of what two threads would need: there the rate says little, and the
 * time for each answer says whether threads stand in each other's way.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = 100;
const SECONDS = 3;
const CLIENTS = 64;
const IN_FLIGHT = 100;
/** Milliseconds that a server gets to start. */
const START_MS = 60_000;
const UPSTREAM_PORT = 5591;
const BIN = join(import.meta.dirname, '..', 'bin', 'hawserd');

interface Contestant {
  readonly name: string;
  readonly program: string;
  readonly threads: number;
  readonly port: number;
}

const CONTESTANTS: readonly Contestant[] = [
  { name: 'Hawser, 1 thread', program: BIN, threads: 1, port: 5592 },
  { name: 'Hawser, 2 threads', program: BIN, threads: 2, port: 5593 },
  { name: 'Unbound, 1 thread', program: 'unbound', threads: 1, port: 5594 },
  { name: 'Unbound, 2 threads', program: 'unbound', threads: 2, port: 5595 },
];

/** What one round gave. */
interface Measured {
  readonly microseconds: number;
  readonly perSecond: number;
  readonly pssMb: number;
  readonly lost: number;
}

const folder = mkdtempSync(join(tmpdir(), 'hawser-threads-'));
const running: ChildProcess[] = [];

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const COMMON = `  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  do-not-query-localhost: no
`;

function upstreamConfiguration(): string {
  const data = Array.from({ length: NAMES }, (_, i) => `  local-data: "n${i}.example. 3600 IN A 192.0.2.${i + 1}"\n`);
  return `server:\n  interface: 127.0.0.1@${UPSTREAM_PORT}\n${COMMON}  local-zone: "example." static\n${data.join('')}remote-control:\n  control-enable: no\n`;
}

function configurationOf({ threads, port }: Contestant): string {
  const sizes = '  msg-cache-size: 16m\n  rrset-cache-size: 32m\n';
  return `server:\n  interface: 127.0.0.1@${port}\n  num-threads: ${threads}\n${COMMON}${sizes}forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@${UPSTREAM_PORT}\nremote-control:\n  control-enable: no\n`;
}

function run(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: 'ignore' });
  running.push(child);
  return child;
}

/** Asks for all names, from many ports, until the server answers them. */
function warmUp(port: number, list: string): void {
  const until = Date.now() + START_MS;
  for (let answered = 0; answered < 20; ) {
    if (Date.now() > until) throw new Error(`nothing answers at port ${port}`);
    const { completed } = ask(port, list, 0.2);
    answered = completed > 0 ? answered + 1 : 0;
  }
}

function ask(port: number, list: string, seconds: number): { readonly completed: number; readonly lost: number } {
  const words = ['-s', '127.0.0.1', '-p', `${port}`, '-d', list, '-l', `${seconds}`, '-c', `${CLIENTS}`];
  const said = execFileSync('dnsperf', [...words, '-q', `${IN_FLIGHT}`, '-t', '1'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const read = (name: string): number => Number(new RegExp(`Queries ${name}:\\s+(\\d+)`).exec(said)?.[1] ?? 0);
  return { completed: read('completed'), lost: read('lost') };
}

/** Nanoseconds that all threads of a process have run. */
function ranFor(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );
}

function measure(pid: number, port: number, list: string): Measured {
  const [before, since] = [ranFor(pid), performance.now()];
  const { completed, lost } = ask(port, list, SECONDS);
  const seconds = (performance.now() - since) / 1000;
  const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return {
    microseconds: (ranFor(pid) - before) / 1000 / completed,
    perSecond: completed / seconds,
    pssMb: Number(pss) / 1024,
    lost,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function main(rounds: number): Promise<void> {
  const list = file('names', Array.from({ length: NAMES }, (_, i) => `n${i}.example A\n`).join(''));
  run('unbound', ['-d', '-c', file('upstream.conf', upstreamConfiguration())]);
  const started = CONTESTANTS.map((one) => {
    const child = run(one.program, ['-d', '-c', file(`${one.port}.conf`, configurationOf(one))]);
    return { one, pid: child.pid ?? 0, measured: [] as Measured[] };
  });
  for (const { one } of started) warmUp(one.port, list);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < started.length; i++) {
      const each = started[(i + round) % started.length];
      each?.measured.push(measure(each.pid, each.one.port, list));
    }
  }
  console.log('| | µs CPU for an answer | answers/s | PSS, MB | lost |\n| --- | --- | --- | --- | --- |');
  for (const { one, measured } of started) {
    const of = (pick: (from: Measured) => number): number => median(measured.map(pick));
    const rate = Math.round(of(({ perSecond }) => perSecond)).toLocaleString('en');
    const [cost, pss] = [of(({ microseconds }) => microseconds).toFixed(1), of(({ pssMb }) => pssMb).toFixed(1)];
    console.log(`| ${one.name} | ${cost} | ${rate} | ${pss} | ${of(({ lost }) => lost)} |`);
  }
}

try {
  await main(Number(process.argv[2] ?? 5));
} finally {
  for (const child of running) child.kill();
  rmSync(folder, { recursive: true });
}
