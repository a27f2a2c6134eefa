/** The rows of bench/against-peers.ts: what is asked in each, in which order, and the figures that come of it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../test/interop/daemons.ts';
import type { RunningResolver } from '../../test/interop/resolvers.ts';
import type { Lab } from './lab.ts';
import { type Asked, ask, type Outcome, type Pace, type Questions, writeQuestions } from './load.ts';
import { type LabServer, mainMicroseconds, processorMicroseconds, pssMegabytes } from './watch.ts';

/** Questions in flight where each has to be asked upstream. */
const COLD_WINDOW = 50;
/** Enough to keep the resolver busy; more would overflow its socket. */
const HOT_WINDOW = 100;
const HOT_NAMES = 100;
const ZIPF_NAMES = 20_000;
const ZIPF_STEPS = 1 << 20;
/** Signed zones whose names that are not there are asked for. */
const DENYING_ZONES = 500;
/** What a start leaves to do is done. */
const SETTLE_MS = 1_000;
/** Seconds left alone after the start, at most: a resolver has given back what it will. */
const REST_FIRST_SECONDS = 12;

/** Packets of a type below so many per question are not worth a line. */
const LEAST_SHARE = 0.001;

/** Every row that can be asked for. */
export const ROWS = [
  'first',
  'empty',
  'cold',
  'names',
  'nxdomain',
  'zipf',
  'hot',
  'paced',
  'mail',
  'delivery',
] as const;
export type Row = (typeof ROWS)[number];

/** How much is asked. */
export interface RowSizes {
  readonly names: number;
  readonly denials: number;
  readonly mailDomains: number;
  readonly seconds: number;
  readonly rate: number;
  /** Seconds left alone before memory is read again; 0: it is not. */
  readonly rest: number;
  /** How many parts the row `cold` is asked in, one after the other, to see what a process costs that is young; 1: not apart. */
  readonly parts: number;
}

/** The questions of each row, as files. */
export interface RowQuestions {
  readonly first: Questions;
  /** One after the other. */
  readonly cold: readonly Questions[];
  readonly names: Questions;
  readonly nxdomain: Questions;
  /** One name of each zone of `nxdomain`, asked before. */
  readonly denying: Questions;
  readonly zipf: Questions;
  /** The names of `zipf` once each, asked before. */
  readonly zipfNames: Questions;
  readonly hot: Questions;
  readonly mail: Questions;
}

/** Questions of `mail` for each domain. */
const MAIL_QUESTIONS = 4;

/** Numbers that are the same on every run, from 0 to 1. */
function seeded(): () => number {
  let seed = 20_261_129;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}

/** Ranks by Zipf's law with exponent 1. */
function zipfOrder(names: number): Uint32Array {
  const next = seeded();
  const sums = new Float64Array(names);
  let sum = 0;
  for (let i = 0; i < names; i++) sums[i] = sum += 1 / (i + 1);
  return Uint32Array.from({ length: ZIPF_STEPS }, () => {
    const wanted = next() * sum;
    let low = 0;
    for (let high = names - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** Writes the questions of all rows. */
export function writeRows(session: Session, lab: Lab, sizes: RowSizes): RowQuestions {
  const { domains } = lab;
  const next = seeded();
  const write = (name: string, asked: readonly Asked[], order?: Uint32Array): Questions =>
    writeQuestions(`${session.folder}/asked-${name}`, asked, order);
  const signed = domains.filter(({ isSigned }) => isSigned);
  const www = domains.map(({ zone, isSigned }): Asked => {
    return { name: `www.${zone}`, type: 'A', rcode: 'NOERROR', ad: isSigned };
  });
  const hosts = Array.from({ length: sizes.names }, (_, i): Asked => {
    const { zone, isSigned } = domains[i % domains.length] as (typeof domains)[number];
    return { name: `h${Math.floor(i / domains.length)}.${zone}`, type: 'A', rcode: 'NOERROR', ad: isSigned };
  });
  const denying = signed.slice(0, DENYING_ZONES);
  const absent = Array.from({ length: sizes.denials }, (): Asked => {
    const { zone } = denying[Math.floor(next() * denying.length)] as (typeof denying)[number];
    return { name: `x${Math.floor(next() * 2 ** 32).toString(36)}.${zone}`, type: 'A', rcode: 'NXDOMAIN', ad: true };
  });
  const zipfNames = hosts.slice(0, ZIPF_NAMES);
  const hosted = denying.map(({ zone }): Asked => ({ name: `h0.${zone}`, type: 'A', rcode: 'NOERROR', ad: true }));
  return {
    first: write('first', www.filter(({ ad }) => ad).slice(0, 1)),
    cold: inParts(www, sizes.parts).map((part, i) => write(`cold-${i}`, part)),
    names: write('names', hosts),
    nxdomain: write('nxdomain', absent),
    denying: write('denying', hosted),
    zipf: write('zipf', zipfNames, zipfOrder(zipfNames.length)),
    zipfNames: write('zipf-names', zipfNames),
    hot: write('hot', www.slice(0, HOT_NAMES)),
    mail: write('mail', mailQuestions(lab, sizes.mailDomains)),
  };
}

function inParts<T>(all: readonly T[], parts: number): T[][] {
  const from = (part: number): number => Math.floor((part * all.length) / parts);
  return Array.from({ length: parts }, (_, i) => all.slice(from(i), from(i + 1)));
}

/** What a mail server asks to deliver to each domain. */
function mailQuestions({ domains }: Lab, count: number): Asked[] {
  return domains.slice(0, count).flatMap(({ zone, isSigned: ad, hasTlsa }): Asked[] => [
    { name: zone, type: 'MX', rcode: 'NOERROR', ad },
    { name: `mx.${zone}`, type: 'A', rcode: 'NOERROR', ad },
    { name: `mx.${zone}`, type: 'AAAA', rcode: 'NOERROR', ad },
    { name: `_25._tcp.mx.${zone}`, type: 'TLSA', rcode: hasTlsa ? 'NOERROR' : 'NXDOMAIN', ad },
  ]);
}

/** Figures of one resolver in one round, by label. */
export type Figures = Map<string, number>;

/** What is taken down besides processor time. */
interface Counted {
  /** Packets upstream; else answers a second. */
  readonly upstream: boolean;
  readonly showsMain?: boolean;
}

/** Asks one running resolver, and takes down what it cost. */
export class Measuring {
  readonly figures: Figures = new Map();
  /** Packets upstream per question, by the type that they ask for. */
  readonly byType: Figures = new Map();
  readonly #resolver: RunningResolver;
  readonly #server: LabServer;
  /** What came back other than expected, one line each. */
  readonly complaints: string[] = [];
  wrong = 0;
  lost = 0;

  constructor(resolver: RunningResolver, server: LabServer) {
    this.#resolver = resolver;
    this.#server = server;
  }

  get #pid(): number {
    return this.#resolver.process.pid as number;
  }

  /** Asks without taking figures down. */
  ask(questions: Questions, pace: Pace): Outcome {
    const outcome = ask(this.#resolver.port, questions, pace);
    this.lost += outcome.lost;
    this.wrong += Number.isNaN(outcome.wrong) ? 0 : outcome.wrong;
    for (const { question, rcode, ad } of outcome.wrongOnes) {
      const { name, type, rcode: wanted, ad: wantedAd } = questions.asked[question] as Asked;
      this.complaints.push(`${name} ${type}: rcode ${rcode}, AD ${ad}; wanted ${wanted}, AD ${wantedAd ? 1 : 0}`);
    }
    return outcome;
  }

  #cost(label: string, questions: Questions, pace: Pace, counted: Counted): Outcome {
    const packets = counted.upstream ? this.#server.questions() : null;
    const before = processorMicroseconds(this.#pid);
    const mainBefore = mainMicroseconds(this.#pid);
    const outcome = this.ask(questions, pace);
    this.figures.set(`${label}: µs CPU`, (processorMicroseconds(this.#pid) - before) / outcome.answered);
    if (counted.showsMain) {
      this.figures.set(
        `${label}: of it the main thread`,
        (mainMicroseconds(this.#pid) - mainBefore) / outcome.answered,
      );
    }
    if (counted.upstream) {
      const asked = this.#server.questions();
      const since = (type: string): number => ((asked.get(type) ?? 0) - (packets?.get(type) ?? 0)) / outcome.answered;
      const all = [...asked.keys()].map((type) => ({ type, count: since(type) }));
      const total = all.reduce((sum, { count }) => sum + count, 0);
      this.figures.set(`${label}: packets upstream per question`, total);
      for (const { type, count } of all) if (count >= LEAST_SHARE) this.byType.set(`${label}: ${type}`, count);
    } else this.figures.set(`${label}: answers per second`, outcome.answered / outcome.seconds);
    return outcome;
  }

  /** Every name once, with what has to be asked for it. */
  once(label: string, questions: Questions): void {
    this.#cost(label, questions, { window: COLD_WINDOW }, { upstream: true });
  }

  /** The same in parts. */
  inParts(label: string, parts: readonly Questions[]): void {
    const counted = { upstream: true, showsMain: parts.length > 1 };
    for (const [i, part] of parts.entries()) {
      const name = parts.length > 1 ? `${label}, part ${i + 1} of ${parts.length}` : label;
      this.#cost(name, part, { window: COLD_WINDOW }, counted);
    }
  }

  /** The questions of `mail`, those of each domain one after the other. */
  delivery(label: string, questions: Questions): void {
    this.#cost(label, questions, { window: COLD_WINDOW, run: MAIL_QUESTIONS }, { upstream: true });
  }

  /** Names that are cached, in turn for so long. */
  cached(label: string, questions: Questions, seconds: number): void {
    this.#cost(label, questions, { window: HOT_WINDOW, seconds }, { upstream: false });
  }

  /** Latencies at a fixed rate. */
  paced(label: string, questions: Questions, { seconds, rate }: RowSizes): void {
    const { p50Ms, p99Ms, p999Ms } = this.ask(questions, { window: HOT_WINDOW, seconds, rate });
    this.figures.set(`${label}: p50, ms`, p50Ms);
    this.figures.set(`${label}: p99, ms`, p99Ms);
    this.figures.set(`${label}: p99.9, ms`, p999Ms);
  }

  /** Memory at once, and when it was left alone. */
  async memory(label: string, restSeconds: number): Promise<void> {
    await sleep(SETTLE_MS);
    this.figures.set(`PSS ${label}, MB`, pssMegabytes(this.#pid));
    if (restSeconds === 0) return;
    await sleep(restSeconds * 1_000);
    this.figures.set(`PSS ${label}, then quiet, MB`, pssMegabytes(this.#pid));
  }
}

/** Rows for which a process is filled step by step; the order counts. */
export async function measureFilling(
  measuring: Measuring,
  rows: ReadonlySet<Row>,
  questions: RowQuestions,
  sizes: RowSizes,
): Promise<void> {
  const count = (of: Questions): string => of.steps.toLocaleString('en');
  if (rows.has('empty')) await measuring.memory('empty', Math.min(REST_FIRST_SECONDS, sizes.rest));
  if (rows.has('cold')) {
    measuring.inParts('cold, validated', questions.cold);
    const asked = questions.cold.reduce((sum, { steps }) => sum + steps, 0).toLocaleString('en');
    await measuring.memory(`after ${asked} cold`, sizes.rest);
  }
  if (rows.has('names')) {
    measuring.once(`${count(questions.names)} names once`, questions.names);
    await measuring.memory(`after ${count(questions.names)} names`, sizes.rest);
  }
  if (rows.has('nxdomain')) {
    measuring.ask(questions.denying, { window: COLD_WINDOW });
    measuring.once('NXDOMAIN, random names', questions.nxdomain);
  }
  if (rows.has('zipf')) {
    measuring.ask(questions.zipfNames, { window: COLD_WINDOW });
    measuring.cached(`Zipf over ${count(questions.zipfNames)}`, questions.zipf, sizes.seconds);
  }
  if (!rows.has('hot') && !rows.has('paced')) return;
  measuring.ask(questions.hot, { window: COLD_WINDOW });
  // The engine compiles what is asked often: before it is measured.
  measuring.ask(questions.hot, { window: HOT_WINDOW, seconds: 1 });
  if (rows.has('hot')) measuring.cached('hot, cached', questions.hot, sizes.seconds);
  if (rows.has('paced')) measuring.paced(`hot, ${sizes.rate.toLocaleString('en')} q/s`, questions.hot, sizes);
}
