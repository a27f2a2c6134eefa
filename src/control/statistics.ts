/**
 * The statistics of a daemon: as `unbound-control stats` shows them, as lines of the log, and back to 0.
 *
 * Duties: Unbound's order and forms of numbers; what is left out without extended-statistics and with
 * statistics-inhibit-zero; the times. The daemon serves with one event loop, so there is one thread, thread0, and `total`
 * says the same.
 * Leaves to others: what is counted (the rooms), names and sources (stats-names.ts).
 */

import type { Clock } from '../ports/clock.ts';
import { HISTOGRAM_SPANS, spanEnd } from '../serve/serve-stats.ts';
import { Counters } from '../trace/counters.ts';
import type { Statistics } from './parts.ts';
import { quantile, type StatForm, type StatisticsSnapshot, type StatRow } from './stat-row.ts';
import { extendedRows, MEMORY_ROWS, THREAD_ROWS } from './stats-names.ts';

/** What a thread has that does not resolve. */
const NO_COUNTERS = new Counters();
const NO_REQUESTS = { all: 0, user: 0, replies: 0 };

export interface StatisticsOptions {
  /** Unbound `extended-statistics`. */
  readonly extended: boolean;
  /** Unbound `statistics-inhibit-zero`. */
  readonly inhibitZero: boolean;
  /** Unbound `statistics-cumulative`: showing them does not set them back. */
  readonly cumulative: boolean;
}

interface StatisticsParts {
  readonly clock: Clock;
  /** When the daemon started, monotonic milliseconds. */
  readonly startedMs: number;
  /** Seconds since 1970, with a fraction. */
  readonly unixTime: () => number;
  readonly snapshot: () => StatisticsSnapshot;
  /** Sets what serving has counted to 0, in all threads. */
  readonly resetServe: () => void;
  readonly options: () => StatisticsOptions;
}

/** The times of a moment, seconds. */
interface StatisticsTimes {
  readonly now: number;
  /** Since the daemon started. */
  readonly up: number;
  /** Since the statistics were last set back. */
  readonly elapsed: number;
}

/** The statistics of one daemon, over reloads. */
export class DaemonStatistics implements Statistics {
  readonly #parts: StatisticsParts;
  #sinceMs: number;

  constructor(parts: StatisticsParts) {
    this.#parts = parts;
    this.#sinceMs = parts.startedMs;
  }

  /** What they are read from now. */
  get snapshot(): StatisticsSnapshot {
    return this.#parts.snapshot();
  }

  times(): StatisticsTimes {
    const { clock, startedMs, unixTime } = this.#parts;
    const nowMs = clock.monotonicMs();
    return { now: unixTime(), up: (nowMs - startedMs) / 1000, elapsed: (nowMs - this.#sinceMs) / 1000 };
  }

  text(): string {
    const { extended, inhibitZero } = this.#parts.options();
    const snapshot = this.#parts.snapshot();
    const { now, up, elapsed } = this.times();
    const lines = [
      ...snapshot.threads.flatMap((_, i) =>
        linesOf(THREAD_ROWS, threadSnapshot(snapshot, i), { prefix: `thread${i}.`, inhibitZero }),
      ),
      ...linesOf(THREAD_ROWS, snapshot, { prefix: 'total.', inhibitZero }),
    ];
    const times = { 'time.now': now, 'time.up': up, 'time.elapsed': elapsed };
    for (const [name, seconds] of Object.entries(times)) lines.push(`${name}=${secondsText(seconds)}`);
    if (extended) {
      lines.push(...linesOf(MEMORY_ROWS, snapshot, { prefix: '', inhibitZero }));
      lines.push(...histogramLines(snapshot.serve.histogram));
      lines.push(...linesOf(extendedRows(), snapshot, { prefix: '', inhibitZero }));
    }
    return `${lines.join('\n')}\n`;
  }

  textOnce(): string {
    const text = this.text();
    if (this.#parts.options().cumulative) this.#sinceMs = this.#parts.clock.monotonicMs();
    else this.reset();
    return text;
  }

  reset(): void {
    const { counters, policyActions } = this.#parts.snapshot();
    this.#parts.resetServe();
    counters.reset();
    policyActions.clear();
    this.#sinceMs = this.#parts.clock.monotonicMs();
  }

  /** What the log says at the end of statistics-interval and of the daemon, a line each. */
  logLines(): string[] {
    const { serve, counters } = this.#parts.snapshot();
    const { queries, cacheMisses, overRate, requestListSum, requestListMax } = serve;
    const thread = 'server stats for thread 0:';
    const cached = Math.max(0, queries - cacheMisses);
    const prefetches = counters.get('prefetch');
    const average = generalText(cacheMisses === 0 ? 0 : requestListSum / cacheMisses);
    const exceeded = counters.get('requestlist.exceeded');
    const jostled = counters.get('requestlist.overwritten');
    const lines = [
      `${thread} ${queries} queries, ${cached} answers from cache, ${cacheMisses} recursions, ${prefetches} prefetch, ${overRate} rejected by ip ratelimiting`,
      `${thread} requestlist max ${requestListMax} avg ${average} exceeded ${exceeded} jostled ${jostled}`,
    ];
    if (serve.recursions > 0) lines.push(...recursionLines(serve));
    return lines;
  }
}

/** What one thread counted: works, and what they count, are the first one's. */
export function threadSnapshot(snapshot: StatisticsSnapshot, thread: number): StatisticsSnapshot {
  const serve = snapshot.threads[thread] ?? snapshot.serve;
  if (thread === 0) return { ...snapshot, serve };
  return { ...snapshot, serve, counters: NO_COUNTERS, requestList: NO_REQUESTS, tcpUsage: 0 };
}

function linesOf(
  rows: readonly StatRow[],
  snapshot: StatisticsSnapshot,
  { prefix, inhibitZero }: { readonly prefix: string; readonly inhibitZero: boolean },
): string[] {
  const lines: string[] = [];
  for (const { name, form, isOptional, read } of rows) {
    const value = read(snapshot);
    if (value !== 0 || !isOptional || !inhibitZero) lines.push(`${prefix}${name}=${valueText(value, form)}`);
  }
  return lines;
}

function histogramLines(histogram: Float64Array): string[] {
  return Array.from({ length: HISTOGRAM_SPANS }, (_, span) => {
    const [low, high] = spanTexts(span, 6);
    return `histogram.${low}.to.${high}=${histogram[span] ?? 0}`;
  });
}

/** Ends of a span as seconds, the whole part with so many places. */
function spanTexts(span: number, listeners: number, fill = '0'): [low: string, high: string] {
  const text = (microseconds: number): string =>
    `${String(Math.floor(microseconds / 1e6)).padStart(listeners, fill)}.${String(microseconds % 1e6).padStart(6, '0')}`;
  return [text(span === 0 ? 0 : spanEnd(span - 1)), text(spanEnd(span))];
}

function recursionLines({ histogram, recursionMs, recursions }: StatisticsSnapshot['serve']): string[] {
  const [quarter, half, most] = [0.25, 0.5, 0.75].map((part) => generalText(quantile(histogram, part)));
  const lines = [
    `average recursion processing time ${secondsText(recursionMs / recursions / 1000)} sec`,
    'histogram of recursion processing times',
    `[25%]=${quarter} median[50%]=${half} [75%]=${most}`,
    'lower(secs) upper(secs) recursions',
  ];
  histogram.forEach((count, span) => {
    if (count > 0) lines.push(`${spanTexts(span, 4, ' ').join(' ')} ${count}`);
  });
  return lines;
}

function valueText(value: number, form: StatForm): string {
  switch (form) {
    case 'integer':
      return String(Math.round(value));
    case 'seconds':
      return secondsText(value);
    case 'general':
      return generalText(value);
    default:
      return form satisfies never;
  }
}

/** `sec.microseconds`. */
export function secondsText(seconds: number): string {
  const microseconds = Math.max(0, Math.round(seconds * 1e6));
  return `${Math.floor(microseconds / 1e6)}.${String(microseconds % 1e6).padStart(6, '0')}`;
}

/** Six digits, as `%g` of C writes them. */
export function generalText(value: number): string {
  if (value === 0) return '0';
  const exponent = Number(value.toExponential(5).split('e')[1]);
  if (exponent < -4 || exponent > 5) {
    const [digits = '', power = ''] = value.toExponential(5).split('e');
    return `${Number(digits)}e${power.startsWith('-') ? '-' : '+'}${power.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  return String(Number(value.toFixed(5 - exponent)));
}
