/**
 * Works in flight: equal questions share one work, and no two works ever wait for each other for ever.
 *
 * Duties: joining, the waits-for graph (kept in `Work.waitsFor`), leaving when the asker is stopped, a second try for
 * joiners whose result was only about the work that ran.
 * Leaves to others: what a work does, budgets and deadlines, load (who is thrown out: `list` tells what it needs).
 */

import type { Clock } from '../ports/clock.ts';
import { Cancelled } from './cancelled.ts';
import type { StopSignal } from './stop-signal.ts';
import type { Work } from './work.ts';

/**
 * Works visited before a join is refused without an answer to whether it would close a cycle. Unbound's bound
 * (MAX_MESH_DETECT); a graph this large hangs together only under attack.
 */
export const MAX_WORKS_VISITED = 1024;

/** What a share ends as. `cycle`: joining would have made works wait for each other; ask another way. */
type Shared<T> =
  | { readonly kind: 'result'; readonly value: T }
  /** `with`: id of the work that was not joined. */
  | { readonly kind: 'cycle'; readonly with: number };

/** What the table is made from. */
interface InFlightParts<T> {
  readonly clock: Clock;
  /**
   * True for a result that tells about the work that ran and not about the question (cancelled, limit, refused join): a
   * joiner does not take it but starts again by itself.
   */
  readonly isCallerSpecific: (value: T) => boolean;
  /** Takes a rejection that nobody waits for any more; a bug. */
  readonly report: (error: unknown) => void;
}

/** One work in flight, for request lists and for the choice of whom to throw out. */
export interface InFlightEntry {
  readonly key: string;
  readonly work: Work;
  /** When it was started, `Clock.monotonicMs`. */
  readonly startedMs: number;
  /** Clients that wait for it. */
  readonly clients: number;
  /** Works that wait for it. */
  readonly works: number;
}

/** The mutable form of an entry, with its result. */
interface Running<T> extends InFlightEntry {
  readonly result: Promise<T>;
  clients: number;
  works: number;
}

/** How a wait for a running work ended: `caller-specific` when its result says nothing to the one who waited. */
type Waited<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'caller-specific'; readonly value: T | null };

export class InFlight<T> {
  readonly #parts: InFlightParts<T>;
  readonly #running = new Map<string, Running<T>>();
  /** Works that a joiner runs beside the table after two results that were for their callers only; for `list` and `abortAll`. */
  readonly #apart = new Set<Running<T>>();

  constructor(parts: InFlightParts<T>) {
    this.#parts = parts;
  }

  /**
   * Waits for the work of this key, starting it when there is none. `parent` is the work that asks (null for a client).
   * Rejects with `Cancelled` when `parent` is stopped meanwhile or the started work was, and with whatever `run` threw.
   */
  async share(
    key: string,
    parent: Work | null,
    start: () => Work,
    run: (work: Work) => Promise<T>,
  ): Promise<Shared<T>> {
    for (let joined = 0; ; joined++) {
      throwIfStopped(parent);
      const running = joined < 2 ? this.#running.get(key) : undefined;
      if (running === undefined) return { kind: 'result', value: await this.#begin(key, start(), parent, run) };
      if (parent !== null && wouldCycle(running.work, parent)) return { kind: 'cycle', with: running.work.id };
      const waited = await this.#join(running, parent);
      if (waited.kind === 'value') return { kind: 'result', value: waited.value };
    }
  }

  /** The work of this key, when one is in flight. */
  find(key: string): Work | null {
    return this.#running.get(key)?.work ?? null;
  }

  /** All works in flight, oldest first. */
  list(): readonly InFlightEntry[] {
    return [...this.#running.values(), ...this.#apart];
  }

  /** Stops every work (stop, reload). */
  abortAll(): void {
    for (const { work } of this.list()) work.abort();
  }

  get count(): number {
    return this.#running.size + this.#apart.size;
  }

  /**
   * Runs a work and waits for it. Both the table and the graph know of it before its first step, which may ask for more.
   * It runs to its end whether or not anybody still waits, so that what it learns reaches the caches.
   */
  #begin(key: string, work: Work, parent: Work | null, run: (work: Work) => Promise<T>): Promise<T> {
    const { promise: result, resolve, reject } = Promise.withResolvers<T>();
    const startedMs = this.#parts.clock.monotonicMs();
    const running: Running<T> = { key, work, startedMs, clients: 0, works: 0, result };
    const isApart = this.#running.has(key);
    if (isApart) this.#apart.add(running);
    else this.#running.set(key, running);
    const waiting = waitFor(running, parent);
    const leaveTable = (): void => {
      if (isApart) this.#apart.delete(running);
      else this.#running.delete(key);
    };
    callNow(run, work).then(
      (value) => {
        leaveTable();
        resolve(value);
      },
      (error: unknown) => {
        leaveTable();
        if (running.clients + running.works === 0 && !(error instanceof Cancelled)) this.#parts.report(error);
        reject(error);
      },
    );
    return waiting;
  }

  async #join(running: Running<T>, parent: Work | null): Promise<Waited<T>> {
    try {
      const value = await waitFor(running, parent);
      return this.#parts.isCallerSpecific(value) ? { kind: 'caller-specific', value } : { kind: 'value', value };
    } catch (error) {
      if (error instanceof Cancelled && !isStopped(parent)) return { kind: 'caller-specific', value: null };
      throw error;
    }
  }
}

/** Calls `run`; what it throws before its first wait becomes a rejection too. */
async function callNow<T>(run: (work: Work) => Promise<T>, work: Work): Promise<T> {
  return await run(work);
}

/** Waits for a running work; the wait is in the graph for as long as it lasts, and ends when the asker is stopped. */
async function waitFor<T>(running: Running<T>, parent: Work | null): Promise<T> {
  if (parent === null) {
    running.clients++;
    try {
      return await running.result;
    } finally {
      running.clients--;
    }
  }
  running.works++;
  parent.waitsFor.add(running.work);
  try {
    return await orStopped(running.result, parent.signal);
  } finally {
    running.works--;
    parent.waitsFor.delete(running.work);
  }
}

/** The result, or `Cancelled` as soon as the signal says so. */
function orStopped<T>(result: Promise<T>, signal: StopSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(new Cancelled());
    signal.addEventListener('abort', stop, { once: true });
    const done = (): void => signal.removeEventListener('abort', stop);
    result.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}

function isStopped(work: Work | null): boolean {
  return work?.signal.aborted ?? false;
}

function throwIfStopped(work: Work | null): void {
  if (isStopped(work)) throw new Cancelled();
}

/** True when `asker` is reached from `work` along the waits, or when there are too many works to tell. */
function wouldCycle(work: Work, asker: Work): boolean {
  const seen = new Set<Work>([work]);
  for (const at of seen) {
    if (at === asker || seen.size > MAX_WORKS_VISITED) return true;
    for (const next of at.waitsFor) seen.add(next);
  }
  return false;
}
