/**
 * What one statistic is: its names, how it is written, where its value comes from.
 *
 * Leaves to others: which statistics there are (stats-names.ts).
 */

import { type ServeStats, spanEnd } from '../serve/serve-stats.ts';
import type { Counters } from '../trace/counters.ts';

/** A cache as it is counted. */
interface Sized {
  readonly count: number;
  readonly sizeBytes: number;
}

/** What statistics are read from, at the moment of asking. */
export interface StatisticsSnapshot {
  /** Of all threads. */
  readonly serve: ServeStats;
  /** Of each thread that serves, in their order; the first one alone resolves. */
  readonly threads: readonly ServeStats[];
  readonly counters: Counters;
  readonly caches: {
    readonly rrsets: Sized;
    readonly answers: Sized;
    readonly replies: Sized;
    readonly servers: Sized;
    readonly keys: Sized;
    readonly denials: Sized;
    readonly delegations: Sized;
    readonly failures: Sized;
  };
  /** Questions in progress: all, those of clients, and clients that wait for them. */
  readonly requestList: { readonly all: number; readonly user: number; readonly replies: number };
  /** Open connections of clients. */
  readonly tcpUsage: number;
  /** Octets of HTTP that are held: of bodies that are not whole, of replies that are not read. */
  readonly httpOctets: { readonly queries: number; readonly replies: number };
  /** Names whose signatures run out soon. */
  readonly expiring: number;
  /** Answers that policy zones changed, by action. */
  readonly policyActions: Map<string, number>;
}

/** How a value is written: a whole number, `sec.microseconds`, or with six digits as `%g` of C does. */
export type StatForm = 'integer' | 'seconds' | 'general';

export interface StatRow {
  /** Unbound's name, or one of ours in its manner. Names of threads are without `thread0.`. */
  readonly name: string;
  /** Name as a metric, without the program's prefix. */
  readonly metric: string;
  /** Label of the metric; null: none. */
  readonly label: readonly [name: string, value: string] | null;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly form: StatForm;
  /** Left out while it is 0, with statistics-inhibit-zero. */
  readonly isOptional: boolean;
  readonly read: (snapshot: StatisticsSnapshot) => number;
}

export type Read = StatRow['read'];
export type Label = readonly [name: string, value: string];

export function counter(name: string, metric: string, help: string, read: Read): StatRow {
  return { name, metric, label: null, kind: 'counter', help, form: 'integer', isOptional: false, read };
}

export function gauge(name: string, metric: string, help: string, read: Read): StatRow {
  return { ...counter(name, metric, help, read), kind: 'gauge' };
}

export function labelled(row: StatRow, label: Label): StatRow {
  return { ...row, label };
}

export const none: Read = () => 0;

/** The time that a part of all waits did not exceed, seconds, straight between the ends of its span; 0 for fewer than 4. */
export function quantile(histogram: Float64Array, part: number): number {
  const count = histogram.reduce((sum, each) => sum + each, 0);
  if (count < 4) return 0;
  const wanted = count * part;
  let passed = 0;
  let span = 0;
  while (span + 1 < histogram.length && passed + (histogram[span] ?? 0) < wanted) passed += histogram[span++] ?? 0;
  const low = span === 0 ? 0 : spanEnd(span - 1);
  return (low + ((wanted - passed) * (spanEnd(span) - low)) / (histogram[span] ?? 1)) / 1e6;
}
