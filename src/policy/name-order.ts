/**
 * Unbound's order of names in lists of local data: from the root down, a shorter label before a longer one, equal ones by octet.
 *
 * Duties: sort any number of items in small steps, so that whoever lists them can give others their turn.
 * Leaves to others: when a turn is over.
 */

import { labelsOf, type Name, toLowerCase } from '../wire/name.ts';

/** Items that are looked at in one step; some microseconds. */
export const ITEMS_PER_STEP = 4;

interface Keyed<Item> {
  readonly item: Item;
  readonly key: string;
}

/** Sorts by name, yielding null after each step; returns the sorted items. */
export function* sortInSteps<Item extends { readonly name: Name }>(items: Iterable<Item>): Generator<null, Item[]> {
  let runs: Keyed<Item>[][] = [];
  let run: Keyed<Item>[] = [];
  for (const item of items) {
    run.push({ item, key: orderKey(item.name) });
    if (run.length < ITEMS_PER_STEP) continue;
    runs.push(run.sort(compareKeys));
    run = [];
    yield null;
  }
  if (run.length > 0) runs.push(run.sort(compareKeys));
  while (runs.length > 1) {
    const merged: Keyed<Item>[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* mergeInSteps(runs[i] ?? [], runs[i + 1] ?? []));
    runs = merged;
  }
  const sorted: Item[] = [];
  for (const { item } of runs[0] ?? []) if (sorted.push(item) % ITEMS_PER_STEP === 0) yield null;
  return sorted;
}

function* mergeInSteps<Item>(a: readonly Keyed<Item>[], b: readonly Keyed<Item>[]): Generator<null, Keyed<Item>[]> {
  const merged: Keyed<Item>[] = [];
  let atA = 0;
  let atB = 0;
  while (merged.length < a.length + b.length) {
    const [left, right] = [a[atA], b[atB]];
    const next = right === undefined || (left !== undefined && left.key <= right.key) ? left : right;
    if (next === undefined) break;
    if (next === left) atA++;
    else atB++;
    if (merged.push(next) % ITEMS_PER_STEP === 0) yield null;
  }
  return merged;
}

function compareKeys(a: Keyed<unknown>, b: Keyed<unknown>): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** Labels from the root down, each after its length: texts that compare as the names do. */
function orderKey(name: Name): string {
  let key = '';
  for (const label of labelsOf(toLowerCase(name)).reverse()) {
    key +=
      String.fromCharCode(label.length) + Buffer.from(label.buffer, label.byteOffset, label.length).toString('latin1');
  }
  return key;
}
