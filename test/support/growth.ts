/** Compares what work of two sizes costs, such that other programs on the machine do not matter. */

/** Runs of a round: the small size is cheap, so it runs more often and its least is soon found. */
const SMALL_RUNS = 5;
const LARGE_RUNS = 2;
/** Rounds at least, so that the small size's least is its true one, and at most, for a machine that gives no quiet moment. */
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 20;

/**
 * How many times as much processor time the large work takes as the small. Processor time, since the large work is the one
 * that loses its turn to other programs; the least of runs that alternate, since a busy machine only ever adds. When that is
 * still above `bound`, more rounds follow: what grows too fast stays above it in every one.
 */
export function growthOf(small: () => void, large: () => void, bound: number): number {
  const least = new LeastCosts();
  for (let round = 1; least.needsRound(round, bound); round++) {
    for (let i = 0; i < SMALL_RUNS; i++) least.noteSmall(processorUs(small));
    for (let i = 0; i < LARGE_RUNS; i++) least.noteLarge(processorUs(large));
  }
  return least.growth;
}

/** `growthOf` for work that waits: each run is handed the number of its round, and measures itself, microseconds. */
export async function growthOfWaiting(
  small: (round: number) => Promise<number>,
  large: (round: number) => Promise<number>,
  bound: number,
): Promise<number> {
  const least = new LeastCosts();
  for (let round = 1; least.needsRound(round, bound); round++) {
    least.noteSmall(await small(round));
    least.noteLarge(await large(round));
  }
  return least.growth;
}

class LeastCosts {
  #smallUs = Number.POSITIVE_INFINITY;
  #largeUs = Number.POSITIVE_INFINITY;

  noteSmall(us: number): void {
    this.#smallUs = Math.min(this.#smallUs, us);
  }

  noteLarge(us: number): void {
    this.#largeUs = Math.min(this.#largeUs, us);
  }

  get growth(): number {
    return this.#largeUs / this.#smallUs;
  }

  needsRound(round: number, bound: number): boolean {
    return round <= LEAST_ROUNDS || (round <= MOST_ROUNDS && !(this.growth < bound));
  }
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
