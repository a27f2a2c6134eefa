/**
 * Steps of resolutions as lines, each complete in itself: what a server said comes with the question that it was asked.
 *
 * For people a line of text, indented by how deep its work hangs below the client's question; for programs an object.
 */

import { formatName } from '../wire/name-text.ts';
import { questionText } from '../wire/question.ts';
import type { TraceEvent } from './events.ts';
import { stepText } from './step-text.ts';

/** Works and open questions that are remembered: more than one client's question may have at a time. */
const MAX_REMEMBERED = 4096;

/** An exchange, by name of its parts. */
interface Exchange {
  readonly server: string;
  readonly zone: string;
  readonly question: string;
  readonly transport: string;
}

/** Makes the lines of one stream of steps, which come in the order of time. */
export class StepLines {
  readonly #startedMs: number;
  readonly #depths = new Map<number, number>();
  /** What each work has asked each server last. */
  readonly #asked = new Map<string, Exchange>();

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  text(event: TraceEvent): string {
    const time = (event.atMs - this.#startedMs).toFixed(1).padStart(8);
    const depth = this.#depthOf(event);
    return `${time} ms ${'  '.repeat(depth)}[${event.workId}] ${this.#wordsOf(event)}\n`;
  }

  json(event: TraceEvent): object {
    const { atMs, workId: work, parentId: parent, kind } = event;
    const step = { atMs, sinceMs: round(atMs - this.#startedMs), work, parent, kind };
    const exchange = this.#exchangeOf(event);
    const said =
      event.kind === 'response'
        ? { said: event.classified, rttMs: round(event.rttMs) }
        : event.kind === 'exchange-failed'
          ? { said: event.outcome, rttMs: null }
          : {};
    return { ...step, ...exchange, ...said, text: stepText(event) };
  }

  #wordsOf(event: TraceEvent): string {
    const exchange = this.#exchangeOf(event);
    if (exchange === null || event.kind === 'ask') return stepText(event);
    const { server, zone, question, transport } = exchange;
    const asked = `${server} (${zone}) ${question} over ${transport}`;
    if (event.kind === 'response') return `${asked}: ${event.classified}, ${event.rttMs.toFixed(1)} ms`;
    return event.kind === 'exchange-failed' ? `${asked}: failed, ${event.outcome}` : stepText(event);
  }

  /** What was asked, of a question and of what came back to it; null for other steps. */
  #exchangeOf(event: TraceEvent): Exchange | null {
    if (event.kind !== 'ask' && event.kind !== 'response' && event.kind !== 'exchange-failed') return null;
    const key = `${event.workId} ${event.server}`;
    if (event.kind !== 'ask') {
      const asked = this.#asked.get(key);
      if (asked === undefined) return null;
      // The question may have gone on over another one than it was asked over first.
      return event.kind === 'response' ? { ...asked, transport: event.transport } : asked;
    }
    const { server, transport } = event;
    const exchange = { server, zone: formatName(event.zone), question: questionText(event.question), transport };
    remember(this.#asked, key, exchange);
    return exchange;
  }

  #depthOf({ workId, parentId }: TraceEvent): number {
    const known = this.#depths.get(workId);
    if (known !== undefined) return known;
    const depth = parentId === null ? 0 : (this.#depths.get(parentId) ?? 0) + 1;
    remember(this.#depths, workId, depth);
    return depth;
  }
}

/** Keeps the newest. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
