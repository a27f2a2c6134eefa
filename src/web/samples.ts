/**
 * Statistics over time for the page: reads the lines of `stats_noreset`, keeps what was counted between two looks.
 *
 * Leaves to others: asking for the lines, and when.
 */

import { MAX_SAMPLES } from './limits.ts';
import type { Sample } from './messages.ts';

/** The values of statistics lines by name; what is no number is left out. */
export function readStatistics(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z0-9._-]+)=(-?\d+(?:\.\d+)?)$/.exec(line);
    if (match !== null) values[match[1] ?? ''] = Number(match[2]);
  }
  return values;
}

/** Mean seconds of the resolutions between two looks: statistics hold the mean since the start. */
function meanSince(before: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>): number {
  const count = (values: Readonly<Record<string, number>>): number => values['total.num.recursivereplies'] ?? 0;
  const sum = (values: Readonly<Record<string, number>>): number =>
    count(values) * (values['total.recursion.time.avg'] ?? 0);
  const added = count(now) - count(before);
  if (added < 0) return now['total.recursion.time.avg'] ?? 0;
  return added === 0 ? 0 : Math.max(0, (sum(now) - sum(before)) / added);
}

/** Samples of the last hour. */
export class Samples {
  readonly #kept: Sample[] = [];
  #before: Readonly<Record<string, number>> | null = null;

  /** Oldest first. */
  get all(): readonly Sample[] {
    return this.#kept;
  }

  /** `at`: unix seconds. */
  take(values: Readonly<Record<string, number>>, at: number): void {
    const before = this.#before;
    this.#before = values;
    if (before === null) return;
    // A counter that is less than before was set back in between: what it shows is what was counted since.
    const since = (name: string): number => {
      const now = values[name] ?? 0;
      const then = before[name] ?? 0;
      return now >= then ? now - then : now;
    };
    this.#kept.push({
      at,
      queries: since('total.num.queries'),
      cacheHits: since('total.num.cachehits'),
      cacheMisses: since('total.num.cachemiss'),
      bogus: since('num.answer.bogus'),
      recursionSeconds: meanSince(before, values),
    });
    if (this.#kept.length > MAX_SAMPLES) this.#kept.shift();
  }

  /** Nothing can be read now: the next look begins anew. */
  miss(): void {
    this.#before = null;
  }
}
