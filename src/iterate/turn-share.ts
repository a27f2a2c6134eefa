/**
 * What iteration does in one turn of the event loop: when hundreds of servers' answers are there at once, the questions of
 * clients that wait meanwhile (most of which the caches answer in microseconds) are taken in between.
 */

/** Steps in one turn: some 0.1 ms each, so that a turn stays near one millisecond. With fewer, turns cost more than others gain. */
export const STEPS_PER_TURN = 8;
/** Octets of a message that count as one step more: thousands of records take milliseconds, so the largest have a turn each. */
const OCTETS_PER_STEP = 4096;

/** Steps that a message of so many octets counts for. */
export function stepsFor(octets: number): number {
  return 1 + Math.floor(octets / OCTETS_PER_STEP);
}
