/** Trace: a bounded ring of events of one client query's works. Does nothing where nobody listens: it is null there. */

import type { TraceEvent } from './events.ts';

/** Events kept; a resolution with 200 upstream queries makes about 1,500. */
const MAX_TRACE_EVENTS = 4096;

/** A ring of events. Works raise them by `Work.note`, which builds a step only when somebody listens. */
export class Trace {
  #events: TraceEvent[] = [];
  /** Events that fell out of the ring. */
  dropped = 0;
  readonly #listener: ((event: TraceEvent) => void) | null;

  /** `listener` is called for each event as it comes (log lines, streaming explain). */
  constructor(listener: ((event: TraceEvent) => void) | null = null) {
    this.#listener = listener;
  }

  emit(event: TraceEvent): void {
    if (this.#events.length >= MAX_TRACE_EVENTS) {
      this.#events = this.#events.slice(MAX_TRACE_EVENTS / 2);
      this.dropped += MAX_TRACE_EVENTS / 2;
    }
    this.#events.push(event);
    this.#listener?.(event);
  }

  /** Events in order, oldest first. */
  events(): readonly TraceEvent[] {
    return this.#events;
  }
}
