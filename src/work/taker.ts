/** What comes later, without a promise: each question to a server would make several. */

import type { Soon } from './soon.ts';

/** Who waits for something and needs no promise for it. One of the two is called, once. */
export interface Taker<T> {
  take(value: T): void;
  fail(error: unknown): void;
}

/** What is there at once, or promised, or told of later, as a promise. */
export function soonOrTold<T>(start: (taker: Taker<T>) => Soon<T> | null): Promise<T> {
  return new Promise((take, fail) => {
    const value = start({ take, fail });
    if (value !== null) take(value);
  });
}

/** Tells somebody what is promised, in a microtask. */
export function tellOf<T>(promise: Promise<T>, taker: Taker<T>): void {
  promise.then(
    (value) => taker.take(value),
    (error: unknown) => taker.fail(error),
  );
}

/** What is told of, as a promise. */
export function promised<T>(start: (taker: Taker<T>) => void): Promise<T> {
  return new Promise((take, fail) => start({ take, fail }));
}
