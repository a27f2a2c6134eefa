/**
 * Works in flight: equal questions share one work, and no two works ever wait for each other for ever.
 *
 * Duties: joining, the waits-for graph (kept in `Work.waitsFor`), leaving when the asker is stopped, a second try for
 * joiners whose result was only about the work that ran.
 * Leaves to others: what a work does, budgets and deadlines, load (who is thrown out: `list` tells what it needs).
 */

import type { Question } from '../wire/question.ts';
import { Cancelled } from './cancelled.ts';
import type { Soon } from './soon.ts';
import type { Stoppable } from './stop-signal.ts';
import type { Taker } from './taker.ts';
import { TransientMap } from './transient-map.ts';
import type { Work } from './work.ts';

/**
 * Works visited before a join is refused without an answer to whether it would close a cycle. Unbound's bound
 * (MAX_MESH_DETECT); a graph this large hangs together only under attack.
 */
export const MAX_WORKS_VISITED = 1024;

/** What the table is made from. */
interface InFlightParts<T> {
  /**
   * True for a result that tells about the work that ran and not about the question (cancelled, limit, refused join): a
   * joiner does not take it but starts again by itself.
   */
  readonly isCallerSpecific: (value: T) => boolean;
  /** What an asker gets whose joining would make works wait for each other for ever: it asks another way. */
  readonly refused: (question: Question) => T;
  /** Takes a rejection that nobody waits for any more, or what somebody who is told throws; a bug. */
  readonly report: (error: unknown) => void;
}

/** One work in flight, for request lists and for the choice of whom to throw out. */
export interface InFlightEntry {
  readonly key: string;
  readonly work: Work;
  /** Clients that wait for it. */
  readonly clients: number;
  /** Works that wait for it. */
  readonly works: number;
}

/** Hears of the end of a work, before who waits for it goes on. */
interface RunningWatch<T> {
  readonly ended: (running: Running<T>) => void;
  readonly report: (error: unknown) => void;
}

/** A work that runs, and who waits for it. Its run tells it of the end, once. */
class Running<T> implements InFlightEntry, Taker<T> {
  readonly key: string;
  readonly work: Work;
  clients = 0;
  works = 0;
  readonly #watch: RunningWatch<T>;
  readonly #waiting: Taker<T>[] = [];

  constructor(key: string, work: Work, watch: RunningWatch<T>) {
    this.key = key;
    this.work = work;
    this.#watch = watch;
  }

  /** Waits for it; the wait is in the graph for as long as it lasts, and ends when the asker is stopped. */
  wait(parent: Work | null): Promise<T> {
    const waiter = new Waiter(this, parent);
    this.#waiting.push(waiter);
    return waiter.result;
  }

  /** Has a client told, whom nothing stops. */
  tell(client: Taker<T>): void {
    this.clients++;
    this.#waiting.push(client);
  }

  /** Somebody waits no more, since it was stopped. */
  drop(waiter: Waiter<T>): void {
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
  }

  take(value: T): void {
    this.#watch.ended(this);
    this.#end((waiting) => waiting.take(value));
  }

  fail(error: unknown): void {
    const { ended, report } = this.#watch;
    ended(this);
    if (this.clients + this.works === 0 && !(error instanceof Cancelled)) report(error);
    this.#end((waiting) => waiting.fail(error));
  }

  /** Tells all who wait: what one of them throws, a bug, is for `report` and keeps it from no other. */
  #end(tell: (waiting: Taker<T>) => void): void {
    for (const waiting of this.#waiting) {
      try {
        tell(waiting);
      } catch (bug) {
        this.#watch.report(bug);
      }
    }
  }
}

/** One wait for a work that runs, as a promise. */
class Waiter<T> implements Taker<T>, Stoppable {
  readonly #running: Running<T>;
  /** Null: a client. */
  readonly #parent: Work | null;
  readonly result: Promise<T>;
  #resolve!: (value: T) => void;
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

  take(value: T): void {
    this.#leave();
    this.#resolve(value);
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
  readonly #running = new TransientMap<string, Running<T>>();
  /**
   * Works that a joiner runs beside the table after two results that were for their callers only, by id; for `list` and
   * `abortAll`.
   */
  readonly #apart = new TransientMap<number, Running<T>>();
  readonly #watch: RunningWatch<T>;

  constructor(parts: InFlightParts<T>) {
    this.#parts = parts;
    this.#watch = { ended: (running) => this.#leave(running), report: parts.report };
  }

  /**
   * Waits for the work of this key, starting it when there is none. `parent` is the work that asks (null for a client).
   * Rejects with `Cancelled` when `parent` is stopped meanwhile or the started work was, and with whatever `run` threw.
   */
  share(key: string, parent: Work | null, start: () => Work, run: Run<T>): Promise<T> {
    if (isStopped(parent)) return Promise.reject(new Cancelled());
    return this.#running.has(key) ? this.#joinOrBegin(key, parent, start, run) : this.#begin(key, start(), parent, run);
  }

  /** The same for a client, who is told after this has returned. */
  tell(client: Taker<T>, key: string, start: () => Work, run: Run<T>): void {
    if (this.#running.has(key)) {
      this.#joinOrBegin(key, null, start, run).then(
        (value) => client.take(value),
        (error: unknown) => client.fail(error),
      );
      return;
    }
    const running = this.#add(key, start());
    running.tell(client);
    this.#run(running, run);
  }

  async #joinOrBegin(key: string, parent: Work | null, start: () => Work, run: Run<T>): Promise<T> {
    for (let joined = 0; ; joined++) {
      if (isStopped(parent)) throw new Cancelled();
      const running = joined < 2 ? this.#running.get(key) : undefined;
      if (running === undefined) return await this.#begin(key, start(), parent, run);
      if (parent !== null && wouldCycle(running.work, parent)) return this.#parts.refused(running.work.question);
      const joining = await this.#join(running, parent);
      if (joining !== null) return joining.value;
    }
  }

  /** The work of this key, when one is in flight. */
  find(key: string): Work | null {
    return this.#running.get(key)?.work ?? null;
  }

  /** All works in flight, oldest first. */
  list(): readonly InFlightEntry[] {
    return [...this.#running.list(), ...this.#apart.list()];
  }

  /** Stops every work (stop, reload). */
  abortAll(): void {
    for (const { work } of this.list()) work.abort();
  }

  get count(): number {
    return this.#running.size + this.#apart.size;
  }

  /** Runs a work and waits for it. */
  #begin(key: string, work: Work, parent: Work | null, run: Run<T>): Promise<T> {
    const running = this.#add(key, work);
    const waiting = running.wait(parent);
    this.#run(running, run);
    return waiting;
  }

  #add(key: string, work: Work): Running<T> {
    const running = new Running<T>(key, work, this.#watch);
    if (this.#running.has(key)) this.#apart.set(work.id, running);
    else this.#running.set(key, running);
    return running;
  }

  /**
   * Runs a work, of which both the table and the graph know before its first step: that may ask for more. It runs to its end
   * whether or not anybody still waits, so that what it learns reaches the caches.
   */
  #run(running: Running<T>, run: Run<T>): void {
    const end = callNow(run, running);
    if (end === null) return;
    // Whoever began it is told after that has returned.
    Promise.resolve(end).then(
      (value) => running.take(value),
      (error: unknown) => running.fail(error),
    );
  }

  /** Takes a work that has ended out of the table, before who waits for it goes on. */
  #leave(running: Running<T>): void {
    if (!this.#apart.delete(running.work.id)) this.#running.delete(running.key);
  }

  /** Null: the result says nothing to the one who waited. */
  async #join(running: Running<T>, parent: Work | null): Promise<{ readonly value: T } | null> {
    try {
      const value = await running.wait(parent);
      return this.#parts.isCallerSpecific(value) ? null : { value };
    } catch (error) {
      if (error instanceof Cancelled && !isStopped(parent)) return null;
      throw error;
    }
  }
}

/** What a work does: its value, now or as a promise; null: `end` is told of it, after this has returned. */
type Run<T> = (work: Work, end: Taker<T>) => Soon<T> | null;

/** Calls `run`; what it throws before its first wait becomes a rejection too. */
function callNow<T>(run: Run<T>, running: Running<T>): Soon<T> | null {
  try {
    return run(running.work, running);
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
