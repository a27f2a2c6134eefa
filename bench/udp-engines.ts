/**
 * What datagrams cost through each engine, without a resolver behind: a bare responder under dnsperf (as fast as it goes, and at
 * low load), and questions with a socket of their own each. Rounds in turn; prints a Markdown table.
 *
 *   node bench/udp-engines.ts [rounds]      (needs dnsperf and taskset)
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeNetwork } from '../src/adapters/node-network.ts';
import type { WantedUdpEngine } from '../src/adapters/udp-engine.ts';
import type { Address, Datagram, UdpSocket } from '../src/ports/network.ts';

const ENGINES: readonly WantedUdpEngine[] = ['dgram', 'ffi'];
const SECONDS = 3;
const QUESTIONS = 20_000;
const IN_FLIGHT = 50;
/** Linux counts processor time in ticks of 10 ms. */
const MICROSECONDS_PER_TICK = 10_000;
const LOOPBACK = { ip: '127.0.0.1', port: 0 };

interface Measured {
  readonly busyMicroseconds: number;
  readonly perSecond: number;
  readonly quietMs: number;
  readonly questionMicroseconds: number;
}

/** A socket that answers each datagram with itself, marked as a response. */
async function openResponder(engine: WantedUdpEngine): Promise<UdpSocket> {
  const network = createNodeNetwork();
  await network.chooseUdpEngine(engine);
  const held: { socket?: UdpSocket } = {};
  const opened = await network.openUdp({
    local: LOOPBACK,
    isForClients: true,
    onDatagrams: (batch: readonly Datagram[]) => {
      for (const { bytes, from } of batch) {
        bytes[2] = (bytes[2] ?? 0) | 0x80;
        held.socket?.send(bytes, bytes.length, from);
      }
    },
    onError: ({ text }) => console.error(text),
  });
  if (!opened.ok) throw new Error(opened.error.text);
  held.socket = opened.value;
  return opened.value;
}

/** Questions with a socket of their own each, through the engine; microseconds of both ends, of which one is always the same. */
async function askAlone(engine: WantedUdpEngine): Promise<number> {
  const network = createNodeNetwork();
  await network.chooseUdpEngine(engine);
  const responder = await openResponder('dgram');
  const remote: Address = responder.local;
  let left = QUESTIONS;
  const question = new Uint8Array(40);
  const askOne = async (): Promise<void> => {
    let settle: () => void = () => {};
    const answered = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const local = { ip: '0.0.0.0', port: 1024 + Math.floor(Math.random() * 64_000) };
    const opened = await network.openUdp({ local, remote, onDatagrams: settle, onError: settle });
    if (!opened.ok) return;
    opened.value.send(question, question.length, remote);
    await answered;
    opened.value.close();
  };
  const start = process.cpuUsage();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await askOne();
    }),
  );
  const { user, system } = process.cpuUsage(start);
  responder.close();
  return (user + system) / QUESTIONS;
}

function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function dnsperf(port: number, file: string, words: readonly string[]): { count: number; rate: number; ms: number } {
  const args = ['-c', '1', 'dnsperf', '-s', '127.0.0.1', '-p', `${port}`, '-d', file, '-l', `${SECONDS}`, ...words];
  const text = execFileSync('taskset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const read = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    count: read(/Queries completed:\s+(\d+)/),
    rate: read(/Queries per second:\s+([\d.]+)/),
    ms: read(/Average Latency \(s\):\s+([\d.]+)/) * 1000,
  };
}

async function measure(engine: WantedUdpEngine, file: string): Promise<Measured> {
  const words = ['-c', '0', process.execPath, '--no-warnings', import.meta.filename, 'respond', engine];
  const child = spawn('taskset', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
  const pid = child.pid ?? 0;
  dnsperf(port, file, ['-q', '100']);
  const before = ticks(pid);
  const busy = dnsperf(port, file, ['-q', '100']);
  const busyMicroseconds = ((ticks(pid) - before) * MICROSECONDS_PER_TICK) / busy.count;
  const quiet = dnsperf(port, file, ['-Q', '200', '-q', '5']);
  child.kill();
  return { busyMicroseconds, perSecond: busy.rate, quietMs: quiet.ms, questionMicroseconds: await askAlone(engine) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function main(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-udp-'));
  const file = join(folder, 'questions');
  writeFileSync(file, 'www.example. A\n');
  const all = new Map(ENGINES.map((engine) => [engine, [] as Measured[]]));
  for (let round = 0; round < rounds; round++) {
    for (const engine of ENGINES) all.get(engine)?.push(await measure(engine, file));
  }
  rmSync(folder, { recursive: true });
  console.log(`Node.js ${process.version}, medians of ${rounds} rounds\n`);
  console.log('| engine | saturated: µs CPU | per second | 200 a second: mean ms | own socket each: µs CPU |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const [engine, measured] of all) {
    const of = (key: keyof Measured, digits: number): string => median(measured.map((one) => one[key])).toFixed(digits);
    const { text } = await createNodeNetwork().chooseUdpEngine(engine);
    console.log(
      `| ${text} | ${of('busyMicroseconds', 1)} | ${of('perSecond', 0)} | ${of('quietMs', 3)} | ${of('questionMicroseconds', 1)} |`,
    );
  }
}

const [, , word, value] = process.argv;
if (word === 'respond') console.log((await openResponder(value as WantedUdpEngine)).local.port);
else {
  await main(Number(word ?? 3));
  process.exit(0);
}
