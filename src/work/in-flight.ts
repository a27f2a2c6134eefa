/**
 * Works in flight: equal questions share one work, and no two works ever wait for each other for ever.
 *
 * Duties: joining, the waits-for graph (kept in `Work.waitsFor`), leaving when the asker is stopped, a second try for
 * joiners whose result was only about the work that ran.
 * Leaves to others: what a work does, budgets and deadlines, load (who is thrown out: `list` tells what it needs).
 */

import type { Clock } from '../ports/clock.ts';
import { Cancelled } from './cancelled.ts';
import type { Stoppable } from './stop-signal.ts';
import type { Work } from './work.ts';

/**
 * Works visited before a join is refused without an answer to whether it would close a cycle. Unbound's bound
 * (MAX_MESH_DETECT); a graph this large hangs together only under attack.
 */
export const MAX_WORKS_VISITED = 1024;

interface SharedResult<T> {
  readonly kind: 'result';
  readonly value: T;
}

/** What a share ends as. `cycle`: joining would have made works wait for each other; ask another way. */
type Shared<T> =
  | SharedResult<T>
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

/** A work that runs, and who waits for it. */
class Running<T> implements InFlightEntry {
  readonly key: string;
  readonly work: Work;
  readonly startedMs: number;
  clients = 0;
  works = 0;
  readonly #waiters: Waiter<T>[] = [];

  constructor(key: string, work: Work, startedMs: number) {
    this.key = key;
    this.work = work;
    this.startedMs = startedMs;
  }

  /** Waits for it; the wait is in the graph for as long as it lasts, and ends when the asker is stopped. */
  wait(parent: Work | null): Promise<SharedResult<T>> {
    const waiter = new Waiter(this, parent);
    this.#waiters.push(waiter);
    return waiter.result;
  }

  /** Somebody waits no more, since it was stopped. */
  drop(waiter: Waiter<T>): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
  }

  end(value: T): void {
    const result: SharedResult<T> = { kind: 'result', value };
    for (const waiter of this.#waiters) waiter.end(result);
  }

  fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error);
  }
}

/** One wait for a work that runs. */
class Waiter<T> implements Stoppable {
  readonly #running: Running<T>;
  /** Null: a client. */
  readonly #parent: Work | null;
  readonly result: Promise<SharedResult<T>>;
  #resolve!: (result: SharedResult<T>) => void;
  #reject!: (error: unknown) => void;

  constructor(running: Running<T>, parent: Work | null) {
    this.#running = running;
    this.#parent = parent;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (parent === null) running.clients++;
    else {
      running.works++;
      parent.waitsFor.add(running.work);
      parent.signal.add(this);
    }
  }

  end(result: SharedResult<T>): void {
    this.#leave();
    this.#resolve(result);
  }

  fail(error: unknown): void {
    this.#leave();
    this.#reject(error);
  }

  stop(): void {
    this.#running.drop(this);
    this.fail(new Cancelled());
  }

  #leave(): void {
    const running = this.#running;
    if (this.#parent === null) {
      running.clients--;
      return;
    }
    running.works--;
    this.#parent.waitsFor.delete(running.work);
    this.#parent.signal.remove(this);
  }
}

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
  share(key: string, parent: Work | null, start: () => Work, run: (work: Work) => Promise<T>): Promise<Shared<T>> {
    if (isStopped(parent)) return Promise.reject(new Cancelled());
    const isFirst = !this.#running.has(key);
    return isFirst ? this.#begin(key, start(), parent, run) : this.#joinOrBegin(key, parent, start, run);
  }

  async #joinOrBegin(
    key: string,
    parent: Work | null,
    start: () => Work,
    run: (work: Work) => Promise<T>,
  ): Promise<Shared<T>> {
    for (let joined = 0; ; joined++) {
      if (isStopped(parent)) throw new Cancelled();
      const running = joined < 2 ? this.#running.get(key) : undefined;
      if (running === undefined) return await this.#begin(key, start(), parent, run);
      if (parent !== null && wouldCycle(running.work, parent)) return { kind: 'cycle', with: running.work.id };
      const result = await this.#join(running, parent);
      if (result !== null) return result;
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
  #begin(key: string, work: Work, parent: Work | null, run: (work: Work) => Promise<T>): Promise<SharedResult<T>> {
    const running = new Running<T>(key, work, this.#parts.clock.monotonicMs());
    const isApart = this.#running.has(key);
    if (isApart) this.#apart.add(running);
    else this.#running.set(key, running);
    const waiting = running.wait(parent);
    callNow(run, work).then(
      (value) => {
        this.#leave(running);
        running.end(value);
      },
      (error: unknown) => {
        this.#leave(running);
        if (running.clients + running.works === 0 && !(error instanceof Cancelled)) this.#parts.report(error);
        running.fail(error);
      },
    );
    return waiting;
  }

  /** Takes a work that has ended out of the table, before who waits for it goes on. */
  #leave(running: Running<T>): void {
    if (!this.#apart.delete(running)) this.#running.delete(running.key);
  }

  /** Null: the result says nothing to the one who waited. */
  async #join(running: Running<T>, parent: Work | null): Promise<SharedResult<T> | null> {
    try {
      const result = await running.wait(parent);
      return this.#parts.isCallerSpecific(result.value) ? null : result;
    } catch (error) {
      if (error instanceof Cancelled && !isStopped(parent)) return null;
      throw error;
    }
  }
}

/** Calls `run`; what it throws before its first wait becomes a rejection too. */
function callNow<T>(run: (work: Work) => Promise<T>, work: Work): Promise<T> {
  try {
    return run(work);
  } catch (error) {
    return Promise.reject(error);
  }
}

function isStopped(work: Work | null): boolean {
  return work?.signal.aborted ?? false;
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
