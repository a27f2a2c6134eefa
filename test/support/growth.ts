/** Compares what work of two sizes costs, such that other programs on the machine do not matter. */

/** Runs of a round: the small size is cheap, so it runs more often and its least is soon found. */
const SMALL_RUNS = 10;
const LARGE_RUNS = 3;
/** Rounds at least, so that the small size's least is its true one, and at most, for a machine that gives no quiet moment. */
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 20;

/**
 * How many times as much processor time the large work takes as the small. Processor time, since the large work is the one
 * that loses its turn to other programs; the least of runs that alternate, since a busy machine only ever adds. When that is
 * still above `bound`, more rounds follow: what grows too fast stays above it in every one.
 */
export function growthOf(small: () => void, large: () => void, bound: number): number {
  let [smallUs, largeUs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    for (let i = 0; i < SMALL_RUNS; i++) smallUs = Math.min(smallUs, processorUs(small));
    for (let i = 0; i < LARGE_RUNS; i++) largeUs = Math.min(largeUs, processorUs(large));
    if (round >= LEAST_ROUNDS && largeUs / smallUs < bound) break;
  }
  return largeUs / smallUs;
}

/** Between the 8 of what costs the same each, with the noise of a busy machine, and the 64 of what costs as much as there are. */
export const MOST_GROWTH = 28;

/** How many times as much processor time eight times as many take as `count`. */
export function growthOfEight(run: (count: number) => void, count: number): number {
  return growthOf(
    () => run(count),
    () => run(8 * count),
    MOST_GROWTH,
  );
}

/** Processor time that this process has used so far, microseconds. */
export function processorNow(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function processorUs(work: () => void): number {
  const before = processorNow();
  work();
  return processorNow() - before;
}
