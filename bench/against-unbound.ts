/**
 * Hawser beside Unbound in one run: processor time per cached answer (hot), per question that has to be asked and validated
 * (cold), and memory. The real root zone is served by NSD in a network namespace; dnsperf asks. Prints a Markdown table.
 *
 *   node bench/against-unbound.ts [rounds]      (needs unshare, ip, nsd, unbound, dnsperf, and the root zone's file)
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  REAL_ROOT_DATE,
  realRootZone,
  rootServerAddresses,
  Session,
  serveWithNsd,
  startHawser,
  waitForAnswer,
} from '../test/interop/daemons.ts';
import { findProgram, runInNamespace, whyNotHere } from '../test/interop/programs.ts';

const HAWSER_PORT = 5300;
const UNBOUND_PORT = 5301;
/** Linux counts processor time in ticks of 10 ms (sysconf _SC_CLK_TCK is 100 on every port that Node runs on). */
const MICROSECONDS_PER_TICK = 10_000;
const HOT_SECONDS = 5;

interface Measured {
  readonly coldMicroseconds: number;
  readonly hotMicroseconds: number;
  readonly hotPerSecond: number;
  readonly memoryMiB: number;
}

/** Processor time of a process so far, all threads, in microseconds. */
function processorMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** Runs dnsperf; the number of answered questions and its rate. */
function ask(port: number, questions: string, words: readonly string[]): { answered: number; perSecond: number } {
  const args = ['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-D', '-e', ...words];
  const text = execFileSync('dnsperf', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return {
    answered: Number(/Queries completed:\s+(\d+)/.exec(text)?.[1] ?? 0),
    perSecond: Number(/Queries per second:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
  };
}

function measure(pid: number, port: number, cold: string, hot: string): Measured {
  const start = processorMicroseconds(pid);
  const coldRun = ask(port, cold, ['-n', '1', '-q', '20']);
  const afterCold = processorMicroseconds(pid);
  ask(port, hot, ['-l', '1', '-q', '50']);
  const beforeHot = processorMicroseconds(pid);
  const hotRun = ask(port, hot, ['-l', String(HOT_SECONDS), '-q', '50']);
  return {
    coldMicroseconds: (afterCold - start) / coldRun.answered,
    hotMicroseconds: (processorMicroseconds(pid) - beforeHot) / hotRun.answered,
    hotPerSecond: hotRun.perSecond,
    memoryMiB: residentMiB(pid),
  };
}

function questionsOf(zone: string): { cold: string; hot: string } {
  const tlds = [...new Set([...zone.matchAll(/^([^.\s]+\.)\s+\d+\s+IN\s+NS\s/gm)].map((match) => match[1] as string))];
  return {
    cold: `${tlds.map((tld) => `${tld} DS`).join('\n')}\n`,
    hot: `${tlds
      .slice(0, 100)
      .map((tld) => `${tld} DS`)
      .join('\n')}\n`,
  };
}

async function startUnbound(session: Session): Promise<number> {
  const anchor = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';
  const config = session.file(
    'unbound.conf',
    `server:
  interface: 127.0.0.1
  port: ${UNBOUND_PORT}
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  directory: "${session.folder}"
  use-syslog: no
  module-config: "validator iterator"
  trust-anchor: "${anchor}"
  val-override-date: "${REAL_ROOT_DATE}"
  aggressive-nsec: no
remote-control:
  control-enable: no
`,
  );
  const child = session.start('unbound', findProgram('unbound') as string, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', UNBOUND_PORT, 'version.server CH TXT');
  return child.pid as number;
}

async function startOurs(session: Session): Promise<number> {
  const configuration = `server:
  interface: 127.0.0.1
  port: ${HAWSER_PORT}
  aggressive-nsec: no
  val-override-date: "${REAL_ROOT_DATE}"
`;
  return (await startHawser(session, configuration, HAWSER_PORT)).pid as number;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function printTable(ours: readonly Measured[], theirs: readonly Measured[]): void {
  const rows: readonly [string, keyof Measured][] = [
    ['cold: processor time per question, µs', 'coldMicroseconds'],
    ['hot: processor time per answer, µs', 'hotMicroseconds'],
    ['hot: answers per second', 'hotPerSecond'],
    ['memory after the run, MiB', 'memoryMiB'],
  ];
  console.log('| figure (median) | Hawser | Unbound | ratio |\n| --- | --- | --- | --- |');
  for (const [label, key] of rows) {
    const our = median(ours.map((each) => each[key]));
    const their = median(theirs.map((each) => each[key]));
    console.log(`| ${label} | ${our.toFixed(1)} | ${their.toFixed(1)} | ${(our / their).toFixed(2)} |`);
  }
}

async function compare(rounds: number): Promise<void> {
  const outer = new Session();
  try {
    const zone = realRootZone();
    await serveWithNsd(outer, '.', zone, rootServerAddresses(zone));
    const questions = questionsOf(zone);
    const cold = outer.file('cold', questions.cold);
    const hot = outer.file('hot', questions.hot);
    const ours: Measured[] = [];
    const theirs: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      const session = new Session();
      ours.push(measure(await startOurs(session), HAWSER_PORT, cold, hot));
      theirs.push(measure(await startUnbound(session), UNBOUND_PORT, cold, hot));
      await session.stop();
    }
    printTable(ours, theirs);
  } finally {
    await outer.stop();
  }
}

const INSIDE = 'inside-namespace';
if (process.argv[2] === INSIDE) {
  await compare(Number(process.argv[3]));
} else {
  const why = whyNotHere(['nsd', 'unbound', 'dnsperf', 'ip']);
  if (why !== null) throw new Error(why);
  const rounds = process.argv[2] ?? '3';
  const self = join('..', '..', 'bench', 'against-unbound.ts');
  spawnSync('uname', ['-srm'], { stdio: 'inherit' });
  console.log(runInNamespace(self, [INSIDE, rounds], 600_000));
}
