/**
 * Unbound's order of names in lists of local data: from the root down, a shorter label before a longer one, equal ones by octet.
 *
 * Duties: sort any number of items in small steps, so that whoever lists them can give others their turn.
 * Leaves to others: when a turn is over.
 */

import { type Name, nameKey } from '../wire/name.ts';

/** Items that are looked at in one step; some microseconds. */
export const ITEMS_PER_STEP = 4;

interface Keyed<Item> {
  readonly item: Item;
  readonly key: string;
}

/** Sorts by name, yielding null after each step; returns the sorted items. */
export function* sortInSteps<Item extends { readonly name: Name }>(items: Iterable<Item>): Generator<null, Item[]> {
  const keyed = function* (): Generator<Keyed<Item>> {
    for (const item of items) yield { item, key: orderKey(item.name) };
  };
  const sorted: Item[] = [];
  for (const { item } of yield* mergeSortInSteps(keyed(), compareKeyed)) {
    if (sorted.push(item) % ITEMS_PER_STEP === 0) yield null;
  }
  return sorted;
}

/** The same for names as keys (`nameKey`), in little room: there may be a million. */
export function* sortKeysInSteps(keys: Iterable<string>): Generator<null, string[]> {
  const ordered = function* (): Generator<string> {
    for (const key of keys) yield reverseLabels(key);
  };
  const sorted = yield* mergeSortInSteps(ordered(), compareTexts);
  for (const [i, key] of sorted.entries()) {
    sorted[i] = `${reverseLabels(key)}\0`;
    if (i % ITEMS_PER_STEP === 0) yield null;
  }
  return sorted;
}

type Compare<Item> = (a: Item, b: Item) => number;

function* mergeSortInSteps<Item>(items: Iterable<Item>, compare: Compare<Item>): Generator<null, Item[]> {
  let runs: Item[][] = [];
  let run: Item[] = [];
  for (const item of items) {
    run.push(item);
    if (run.length < ITEMS_PER_STEP) continue;
    runs.push(run.sort(compare));
    run = [];
    yield null;
  }
  if (run.length > 0) runs.push(run.sort(compare));
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let i = 0; i < runs.length; i += 2)
      merged.push(yield* mergeInSteps(runs[i] ?? [], runs[i + 1] ?? [], compare));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeInSteps<Item>(a: readonly Item[], b: readonly Item[], compare: Compare<Item>): Generator<null, Item[]> {
  const merged: Item[] = [];
  let atA = 0;
  let atB = 0;
  while (merged.length < a.length + b.length) {
    const [left, right] = [a[atA], b[atB]];
    const next = right === undefined || (left !== undefined && compare(left, right) <= 0) ? left : right;
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

function compareKeyed(a: Keyed<unknown>, b: Keyed<unknown>): number {
  return compareTexts(a.key, b.key);
}

/** The labels of a key, each after its length, the last first; the other way round it is the key without its end. */
function reverseLabels(key: string): string {
  const labels: string[] = [];
  for (let at = 0; at < key.length && key.charCodeAt(at) > 0; at += 1 + key.charCodeAt(at)) {
    labels.push(key.slice(at, at + 1 + key.charCodeAt(at)));
  }
  return labels.reverse().join('');
}

/** Labels from the root down, each after its length: texts that compare as the names do. */
function orderKey(name: Name): string {
  return reverseLabels(nameKey(name));
}
