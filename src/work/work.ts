/** Work: the one context of a shared piece of resolution (Unbound: mesh state). */

import type { TraceStep } from '../trace/events.ts';
import type { Trace } from '../trace/trace.ts';
import type { Question } from '../wire/question.ts';
import type { Budget } from './budget.ts';
import { StopSource } from './stop-signal.ts';

/** What a work is for; part of its sharing key, since it changes what is done. */
export type WorkMode = 'normal' | 'for-validation' | 'refresh';

/** One shared piece of resolution. */
export class Work {
  readonly id: number;
  readonly question: Question;
  readonly mode: WorkMode;
  /** Who started it; null for a client's. */
  readonly parent: Work | null;
  /** Shared by the whole tree of the first client query. */
  readonly budget: Budget;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** Monotonic milliseconds; no wait may pass it. */
  readonly deadlineMs: number;
  readonly trace: Trace | null;
  /** When it began to judge, as verdicts go (cache/rrset-cache.ts). */
  trustEpoch: number;
  #waitsFor: Set<Work> | null = null;
  /** Server (`ip@port`) whose answer it waits for now; for request lists. */
  asks: string | null = null;
  /** Failures of servers that were asked about again without EDNS. */
  plainTrials = 0;
  /** Raised when the work is stopped: stop or reload, jostling, its own deadline. */
  readonly signal = new StopSource();

  constructor(parts: WorkParts) {
    this.id = parts.id;
    this.question = parts.question;
    this.mode = parts.mode;
    this.parent = parts.parent;
    this.budget = parts.budget;
    this.startedMs = parts.startedMs;
    this.deadlineMs = parts.deadlineMs;
    this.trace = parts.trace;
    this.trustEpoch = parts.parent?.trustEpoch ?? parts.trustEpoch ?? 0;
  }

  /** Works that it waits for now (cycle check). Most wait for none. */
  get waitsFor(): Set<Work> {
    this.#waitsFor ??= new Set();
    return this.#waitsFor;
  }

  abort(): void {
    this.signal.abort();
  }

  /** Raises a trace event of this work; `step` is built only when somebody listens. */
  note(nowMs: number, step: () => TraceStep): void {
    this.trace?.emit({ ...step(), atMs: nowMs, workId: this.id, parentId: this.parent?.id ?? null });
  }
}

/** What a work is made from. */
interface WorkParts {
  readonly id: number;
  readonly question: Question;
  readonly mode: WorkMode;
  readonly parent: Work | null;
  readonly budget: Budget;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly trace: Trace | null;
  /** Absent: the first, or the parent's. */
  readonly trustEpoch?: number;
}
