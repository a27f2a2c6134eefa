/** How the cost of work grows with its size, in processor time of this process: busy neighbours do not count. */

const ROUNDS = 3;

/** How many times more a run of size `factor * size` costs than one of `size`; the best of some rounds each. */
export function growth(size: number, factor: number, run: (size: number) => void): number {
  run(size);
  const small = best(() => run(size));
  const large = best(() => run(size * factor));
  return large / Math.max(1, small);
}

function best(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}
