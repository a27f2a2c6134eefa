/**
 * Fuzzes the message code: `node test/fuzz/fuzz-wire.ts`, for longer than the tests do.
 * HAWSER_FUZZ_SEED sets the seed (printed at the start), HAWSER_FUZZ_RUNS the number of inputs (default 200,000).
 */

import { checkMessage } from './check-message.ts';
import { diceOf, mutate, sampleMessages } from './mutate.ts';

/** Mutants kept as parents of others: enough for variety, few enough that the samples stay in play. */
const MAX_PARENTS = 200;
/** Longer mutants are not kept: they slow the run and hold little that is new. */
const MAX_PARENT_OCTETS = 2048;

/** What a run saw. */
export interface FuzzCount {
  readonly runs: number;
  /** Inputs that were messages. */
  readonly accepted: number;
}

/** Checks `runs` mutated messages of a seed; throws at the first for which something does not hold. */
export function fuzzMessages(seed: number, runs: number): FuzzCount {
  const dice = diceOf(seed);
  const samples = sampleMessages();
  const kept = [...samples];
  let accepted = 0;
  for (let run = 0; run < runs; run++) {
    const mutated = mutate(kept[dice(kept.length)] ?? new Uint8Array(), samples, dice);
    if (!checkMessage(mutated)) continue;
    accepted++;
    // Accepted mutants become parents now and then, so that changes pile up.
    if (dice(8) > 0 || mutated.length > MAX_PARENT_OCTETS) continue;
    if (kept.length < samples.length + MAX_PARENTS) kept.push(mutated);
    else kept[samples.length + dice(MAX_PARENTS)] = mutated;
  }
  return { runs, accepted };
}

/** Seed and number of runs from the environment. */
export function fuzzSettings(defaultRuns: number): { seed: number; runs: number } {
  const seed = Number(process.env.HAWSER_FUZZ_SEED ?? Date.now() % 0x7fffffff);
  return { seed, runs: Number(process.env.HAWSER_FUZZ_RUNS ?? defaultRuns) };
}

if (import.meta.main) {
  const { seed, runs } = fuzzSettings(200_000);
  console.log(`HAWSER_FUZZ_SEED=${seed} HAWSER_FUZZ_RUNS=${runs}`);
  const count = fuzzMessages(seed, runs);
  console.log(`${count.runs} inputs, ${count.accepted} of them messages, all held`);
}
