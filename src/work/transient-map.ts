/**
 * A map for what comes and goes with each question, in the order in which it came.
 *
 * A Map of JavaScript makes a new table whenever so many keys were deleted as it has room for, and V8's old table leads to the new one.
 * Once a table has grown old, as one does with each collection of all, what stands in it when it is replaced is kept until the next
 * such collection, and so is the table that it leads to, and all that stands in that one: most of what questions are answered with
 * became old so, six kilobytes a question (bench/RESULTS.md). Here what is taken out is held by nothing.
 *
 * `clear` of a Map does the same. What is remembered until there is too much of it, and then forgotten as a whole, needs no more than a
 * new Map in place of the old one.
 */

import { FNV_PRIME, FNV_START } from '../wire/fnv.ts';

/** Lines that a map begins with, a power of two. */
const FIRST_LINES = 16;

/** One key and its value: in a line of keys with like hashes, and in the order in which all came. */
interface Entry<Key, Value> {
  readonly key: Key;
  readonly hash: number;
  value: Value;
  /** In the same line. */
  following: Entry<Key, Value> | null;
  older: Entry<Key, Value> | null;
  newer: Entry<Key, Value> | null;
}

/**
 * Its room grows with what it holds at a time and is not given back. Hashes are no secret: who chooses keys can make all share a line,
 * which costs a step each for as many as there are at a time, and that is bounded by who uses it.
 */
export class TransientMap<Key extends string | number, Value> {
  #lines: (Entry<Key, Value> | null)[] = new Array(FIRST_LINES).fill(null);
  #oldest: Entry<Key, Value> | null = null;
  #newest: Entry<Key, Value> | null = null;
  #size = 0;
  /** The key that was hashed last: mostly the same one is looked for, put and taken out again in a row. */
  #lastText = '';
  #lastHash = hashText('');

  get size(): number {
    return this.#size;
  }

  has(key: Key): boolean {
    return this.#size > 0 && this.#find(key, this.#hashOf(key)) !== null;
  }

  get(key: Key): Value | undefined {
    return this.#size === 0 ? undefined : this.#find(key, this.#hashOf(key))?.value;
  }

  /** Puts a value; one in place of another keeps its place in the order. */
  set(key: Key, value: Value): void {
    const hash = this.#hashOf(key);
    const known = this.#find(key, hash);
    if (known !== null) {
      known.value = value;
      return;
    }
    if (this.#size === this.#lines.length) this.#grow();
    const line = hash & (this.#lines.length - 1);
    const following = this.#lines[line] as Entry<Key, Value> | null;
    const entry = { key, hash, value, following, older: this.#newest, newer: null };
    this.#lines[line] = entry;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#size++;
  }

  /** True when there was one. */
  delete(key: Key): boolean {
    if (this.#size === 0) return false;
    const hash = this.#hashOf(key);
    const line = hash & (this.#lines.length - 1);
    let before: Entry<Key, Value> | null = null;
    let entry = this.#lines[line] as Entry<Key, Value> | null;
    while (entry !== null && (entry.hash !== hash || entry.key !== key)) {
      before = entry;
      entry = entry.following;
    }
    if (entry === null) return false;
    if (before === null) this.#lines[line] = entry.following;
    else before.following = entry.following;
    this.#leaveOrder(entry);
    return true;
  }

  /** Takes out the value that came first; undefined when there is none. */
  takeOldest(): Value | undefined {
    const entry = this.#oldest;
    if (entry === null) return undefined;
    this.delete(entry.key);
    return entry.value;
  }

  #leaveOrder(entry: Entry<Key, Value>): void {
    const { older, newer } = entry;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    // What has left may have grown old: it must not lead to what comes and goes after it.
    entry.following = entry.older = entry.newer = null;
    this.#size--;
  }

  /** A hash of a key's text, or its number. */
  #hashOf(key: string | number): number {
    if (typeof key === 'number') return key;
    if (key !== this.#lastText) {
      this.#lastText = key;
      this.#lastHash = hashText(key);
    }
    return this.#lastHash;
  }

  #find(key: Key, hash: number): Entry<Key, Value> | null {
    let entry = this.#lines[hash & (this.#lines.length - 1)] as Entry<Key, Value> | null;
    while (entry !== null && (entry.hash !== hash || entry.key !== key)) entry = entry.following;
    return entry;
  }

  #grow(): void {
    const lines: (Entry<Key, Value> | null)[] = new Array(this.#lines.length * 2).fill(null);
    for (let entry = this.#oldest; entry !== null; entry = entry.newer) {
      const line = entry.hash & (lines.length - 1);
      entry.following = lines[line] as Entry<Key, Value> | null;
      lines[line] = entry;
    }
    this.#lines.fill(null);
    this.#lines = lines;
  }

  /** The value that came first; undefined when there is none. */
  get oldest(): Value | undefined {
    return this.#oldest?.value;
  }

  /** All values, oldest first. */
  list(): Value[] {
    const all: Value[] = [];
    for (let entry = this.#oldest; entry !== null; entry = entry.newer) all.push(entry.value);
    return all;
  }

  clear(): void {
    this.#lines.fill(null);
    // Those that were there lead to each other, and to nothing that comes after them.
    this.#oldest = this.#newest = null;
    this.#size = 0;
  }
}

/** FNV-1a of its UTF-16 units, the high bits mixed into the low ones. */
function hashText(text: string): number {
  let hash = FNV_START;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash ^ (hash >>> 15);
}
