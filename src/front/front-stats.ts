/**
 * What a front thread counts, in memory that the resolving thread reads: shown with the statistics of the whole.
 *
 * The front thread alone writes, so nothing is lost between two; who reads sets back by keeping what there was and showing the
 * difference.
 */

import type { ReplySecurity } from '../cache/reply-cache.ts';
import type { ClientQuery } from '../serve/client-query.ts';
import type { ReplyChannel } from '../serve/reply-channel.ts';
import { ServeStats } from '../serve/serve-stats.ts';

/** The single counters that a front thread counts, in order of the memory; those of TLSA come behind. */
const SINGLE = [
  'queries',
  'cacheHits',
  'secureAnswers',
  'bogusAnswers',
  'nodata',
  'otherTypes',
  'otherClasses',
  'overLimit',
] as const;
const TLSA = ['secure', 'insecure', 'absent', 'bogus'] as const;
const ARRAYS_AT = SINGLE.length + TLSA.length;
/** Room for all counters of ServeStats. */
const COUNTERS = 1024;
const COUNTER_OCTETS = 8;
const UDP: Pick<ReplyChannel, 'transport'> = { transport: 'udp' };

/** Statistics whose arrays stand in the memory. */
function statsOver(counters: Float64Array): ServeStats {
  let used = ARRAYS_AT;
  return new ServeStats((count) => {
    used += count;
    return counters.subarray(used - count, used);
  });
}

/** The writing side. */
export class FrontStats {
  readonly #counters: Float64Array;
  readonly #stats: ServeStats;

  /** Goes on with what the memory holds: a thread that is started again has not lost count. */
  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Float64Array(memory);
    this.#stats = statsOver(this.#counters);
    takeSingle(this.#stats, this.#counters);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTERS * COUNTER_OCTETS);
  }

  /** Counts a query that was answered, with its reply in `query.out`. @hot bench/serve-hot-query.ts */
  countAnswered(query: ClientQuery, isSix: boolean, security: ReplySecurity): void {
    const stats = this.#stats;
    stats.countQuery(query, UDP, isSix);
    stats.cacheHits++;
    stats.countReply(query.out, query.type, security);
  }

  /** Counts a query that could be neither answered nor handed over: the resolving thread has too many to take. */
  countLost(): void {
    this.#stats.queries++;
    this.#stats.overLimit++;
  }

  /** Shows what was counted to the reader; to be called now and then. @hot bench/serve-hot-query.ts */
  show(): void {
    const counters = this.#counters;
    const stats = this.#stats;
    for (let i = 0; i < SINGLE.length; i++) counters[i] = stats[SINGLE[i] as (typeof SINGLE)[number]];
    for (let i = 0; i < TLSA.length; i++) counters[SINGLE.length + i] = stats.tlsa[TLSA[i] as (typeof TLSA)[number]];
  }
}

function takeSingle(stats: ServeStats, counters: Float64Array): void {
  SINGLE.forEach((name, i) => {
    stats[name] = counters[i] ?? 0;
  });
  TLSA.forEach((name, i) => {
    stats.tlsa[name] = counters[SINGLE.length + i] ?? 0;
  });
}

/** The reading side. */
export class FrontStatsView {
  readonly #counters: Float64Array;
  readonly #before: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Float64Array(memory);
    this.#before = new Float64Array(this.#counters.length);
  }

  /** What was counted since the last reset. */
  read(): ServeStats {
    const since = this.#counters.map((count, i) => count - (this.#before[i] ?? 0));
    const stats = statsOver(since);
    takeSingle(stats, since);
    return stats;
  }

  reset(): void {
    this.#before.set(this.#counters);
  }
}
