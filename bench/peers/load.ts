/**
 * Puts questions to a resolver and checks the replies: writes the input of load.c, compiles and runs it. Without a C compiler
 * dnsperf asks, which knows neither what is expected nor quantiles: those figures are then NaN.
 */

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { findProgram } from '../../test/interop/programs.ts';

/** A resolver's own time-outs are shorter: what has not come by then is lost. */
const TIMEOUT_MS = 10_000;
const MOST_MS = 900_000;
const SOURCE = join(import.meta.dirname, 'load.c');
/** Of this very source: other checkouts on the machine have theirs. */
const DIGEST = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
const PROGRAM = join(tmpdir(), `hawser-load-${process.getuid?.() ?? 0}-${DIGEST}`);

/** A question and what is to come back. */
export interface Asked {
  readonly name: string;
  readonly type: keyof typeof TYPE;
  readonly rcode: keyof typeof RCODE;
  readonly ad: boolean;
}

/** How to ask. */
export interface Pace {
  /** Questions in flight; with a rate without effect. */
  readonly window: number;
  /** Each question of the order once, or in turn for so long. */
  readonly seconds?: number;
  /** Questions a second, whatever comes back. */
  readonly rate?: number;
  /** So many questions of the order are one run: each is asked when the one before is answered; `window` counts runs. Default 1. */
  readonly run?: number;
}

/** What came back. */
export interface Outcome {
  readonly answered: number;
  readonly lost: number;
  readonly wrong: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  readonly wrongOnes: readonly { readonly question: number; readonly rcode: number; readonly ad: number }[];
}

/** Questions in an order, as a file that the asker reads. */
export interface Questions {
  readonly path: string;
  readonly asked: readonly Asked[];
  /** Steps of the order. */
  readonly steps: number;
}

/** True when the asker in C can be had: compiles it when that was not done yet. */
export function hasAsker(): boolean {
  if (existsSync(PROGRAM)) return true;
  const compiler = findProgram('gcc') ?? findProgram('cc');
  if (compiler === null) return false;
  const unready = `${PROGRAM}-${process.pid}`;
  execFileSync(compiler, ['-O2', '-o', unready, SOURCE]);
  renameSync(unready, PROGRAM);
  return true;
}

/** Writes questions for the asker, and beside them as dnsperf reads them. */
export function writeQuestions(path: string, asked: readonly Asked[], order?: Uint32Array): Questions {
  const steps = order ?? Uint32Array.from(asked, (_, i) => i);
  const packets = asked.map(({ name, type }) => {
    const question = questionOf(mustParseName(name), TYPE[type]);
    return buildQuery({ id: 0, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true } });
  });
  const table = new DataView(new ArrayBuffer(8 + asked.length * 8));
  table.setUint32(0, asked.length, true);
  table.setUint32(4, steps.length, true);
  let offset = 0;
  for (const [i, { rcode, ad }] of asked.entries()) {
    const length = packets[i]?.length ?? 0;
    table.setUint32(8 + i * 8, offset, true);
    table.setUint16(12 + i * 8, length, true);
    table.setUint8(14 + i * 8, RCODE[rcode]);
    table.setUint8(15 + i * 8, ad ? 1 : 0);
    offset += length;
  }
  writeFileSync(path, Buffer.concat([Buffer.from(table.buffer), Buffer.from(steps.buffer), ...packets]));
  const lines = [...steps].map((step) => `${asked[step]?.name} ${asked[step]?.type}`);
  if (!hasAsker()) writeFileSync(`${path}.dnsperf`, `${lines.join('\n')}\n`);
  return { path, asked, steps: steps.length };
}

/** Asks and waits until all is answered or lost. */
export function ask(port: number, questions: Questions, pace: Pace): Outcome {
  if (!hasAsker()) return askWithDnsperf(port, questions, pace);
  const most = pace.seconds === undefined ? questions.steps : 0;
  const words = [questions.path, port, pace.window, most, pace.seconds ?? 0, pace.rate ?? 0, TIMEOUT_MS, pace.run ?? 1];
  return JSON.parse(execFileSync(PROGRAM, words.map(String), { encoding: 'utf8', timeout: MOST_MS }));
}

function askWithDnsperf(port: number, { path, steps }: Questions, { window, seconds, rate }: Pace): Outcome {
  const words = ['-s', '127.0.0.1', '-p', `${port}`, '-d', `${path}.dnsperf`, '-D', '-e', '-q', `${window}`];
  const span = seconds === undefined ? ['-n', '1'] : ['-l', `${seconds}`];
  const paced = rate === undefined ? [] : ['-Q', `${rate}`];
  const text = execFileSync('dnsperf', [...words, ...span, ...paced], { encoding: 'utf8', timeout: MOST_MS });
  const read = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const answered = read(/Queries completed:\s+(\d+)/);
  const unknown = { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN, maxMs: Number.NaN };
  const lost = seconds === undefined ? steps - answered : read(/Queries lost:\s+(\d+)/);
  return { answered, lost, wrong: Number.NaN, seconds: read(/Run time \(s\):\s+([\d.]+)/), ...unknown, wrongOnes: [] };
}

/** Asks the first question again and again from now on; when the expected answer came, in ms since 1970, or null. */
export function awaitFirst(port: number, questions: Questions): Promise<number | null> {
  const child = spawn(PROGRAM, [questions.path, String(port), 'first'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve(code === 0 ? JSON.parse(text).atMs : null));
  });
}
