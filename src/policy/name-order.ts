/**
 * Unbound's order of names in lists of local data: from the root down, a shorter label before a longer one, equal ones by octet.
 *
 * Duties: sort any number of items in small steps, so that whoever lists them can give others their turn.
 * Leaves to others: when a turn is over.
 */

/** Items that are looked at in one step; some microseconds. */
export const ITEMS_PER_STEP = 4;

/** Sorts names, given as keys (`nameKey`), yielding null after each step; in little room, since there may be a million. */
export function* sortKeysInSteps(keys: Iterable<string>): Generator<null, string[]> {
  const ordered = function* (): Generator<string> {
    for (const key of keys) yield reverseLabels(key);
  };
  const sorted = yield* mergeSortInSteps(ordered());
  for (const [i, key] of sorted.entries()) {
    sorted[i] = `${reverseLabels(key)}\0`;
    if (i % ITEMS_PER_STEP === 0) yield null;
  }
  return sorted;
}

function* mergeSortInSteps(texts: Iterable<string>): Generator<null, string[]> {
  let runs: string[][] = [];
  let run: string[] = [];
  for (const text of texts) {
    run.push(text);
    if (run.length < ITEMS_PER_STEP) continue;
    runs.push(run.sort(compareTexts));
    run = [];
    yield null;
  }
  if (run.length > 0) runs.push(run.sort(compareTexts));
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* mergeInSteps(runs[i] ?? [], runs[i + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeInSteps(a: readonly string[], b: readonly string[]): Generator<null, string[]> {
  const merged: string[] = [];
  let atA = 0;
  let atB = 0;
  while (merged.length < a.length + b.length) {
    const [left, right] = [a[atA], b[atB]];
    const next = right === undefined || (left !== undefined && left <= right) ? left : right;
    if (next === undefined) break;
    if (next === left) atA++;
    else atB++;
    if (merged.push(next) % ITEMS_PER_STEP === 0) yield null;
  }
  return merged;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The labels of a key, each after its length, the last first: texts that compare as the names do. The other way round it is the
 * key without its end.
 */
function reverseLabels(key: string): string {
  const labels: string[] = [];
  for (let at = 0; at < key.length && key.charCodeAt(at) > 0; at += 1 + key.charCodeAt(at)) {
    labels.push(key.slice(at, at + 1 + key.charCodeAt(at)));
  }
  return labels.reverse().join('');
}
