/**
 * Long work in pieces: a generator that yields wherever others may have their turn. Who starts it chooses whether they do.
 *
 * Duties: run to the end at once or with turns between, sort in pieces. Leaves to others: how long a piece is (each yields
 * after about a millisecond's work).
 */

/** Work that yields between pieces and ends with a result. */
export type Steps<T> = Generator<void, T>;

/** Runs work to its end at once. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Runs work with a turn of the event loop after each piece. */
export async function runInTurns<T>(steps: Steps<T>, clock: { nextTurn(): Promise<void> }): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await clock.nextTurn();
  }
}

/** Runs over items, with a pause after so many of them. */
export function* eachInPieces<T>(items: Iterable<T>, perPiece: number, run: (item: T) => void): Steps<void> {
  let count = 0;
  for (const item of items) {
    run(item);
    if (++count % perPiece === 0) yield;
  }
}

/** Items that are sorted or merged in one piece. */
const ITEMS_PER_PIECE = 1000;

/** A sorted copy; stable, as `Array.sort` is. */
export function* sortSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let from: T[] = [];
  for (let at = 0; at < items.length; at += ITEMS_PER_PIECE) {
    from = appended(from, items.slice(at, at + ITEMS_PER_PIECE).sort(compare));
    if (at + ITEMS_PER_PIECE < items.length) yield;
  }
  for (let width = ITEMS_PER_PIECE; width < from.length; width *= 2) {
    const to: T[] = [];
    for (let start = 0; start < from.length; start += 2 * width) {
      const middle = Math.min(start + width, from.length);
      const end = Math.min(start + 2 * width, from.length);
      let left = start;
      let right = middle;
      while (left < middle || right < end) {
        const takesLeft = right >= end || (left < middle && compare(from[left] as T, from[right] as T) <= 0);
        to.push(from[takesLeft ? left++ : right++] as T);
        if (to.length % ITEMS_PER_PIECE === 0) yield;
      }
    }
    from = to;
  }
  return from;
}

function appended<T>(to: T[], items: readonly T[]): T[] {
  for (const item of items) to.push(item);
  return to;
}
