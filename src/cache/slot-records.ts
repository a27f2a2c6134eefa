/**
 * Slots: a few numbers for each thing that a cache holds, in chunks outside of V8's heap. Duties: free slots, order of use.
 * Leaves to others: what the numbers mean.
 */

/** Stands for no slot where a slot is named by its number. */
export const NO_SLOT = -1;
/**
 * Numbers of a slot, by place. The last two name its neighbours by use; of a free slot `older` is the next free one. The mark is
 * what the slot is, and above that the count of moves at which it became the newest.
 */
export const FIELD = { hash: 0, block: 1, references: 2, mark: 3, newer: 4, older: 5 } as const;
type Field = (typeof FIELD)[keyof typeof FIELD];

/** What a slot is: free, found by its key, or only there for who refers to it. */
export const STATE = { free: 0, found: 1, referred: 2 } as const;
type State = (typeof STATE)[keyof typeof STATE];
const STATE_BITS = 2;
const STATE_MASK = 2 ** STATE_BITS - 1;
const MOST_MOVES = 2 ** (32 - STATE_BITS) - 1;

/**
 * Part of all slots that may have become the newest after one that is used, for that one to stay where it is: it is among the
 * newest as it is, and to move it touches three others, each somewhere else in memory.
 */
const STAYING_SHARE = 1 / 8;

const FIELDS = 6;
const CHUNK_SHIFT = 8;
const CHUNK_SLOTS = 1 << CHUNK_SHIFT;
/** Octets of a slot. */
export const RECORD_OCTETS = FIELDS * 4;

export class SlotRecords {
  #chunks: Int32Array[] = [];
  #firstFree = NO_SLOT;
  /** How often a slot became the newest, and how many are in order of use. */
  #moves = 0;
  #count = 0;
  /** Ends of the order of use. */
  newest = NO_SLOT;
  oldest = NO_SLOT;

  get(slot: number, field: Field): number {
    return (this.#chunks[slot >>> CHUNK_SHIFT] as Int32Array)[(slot & (CHUNK_SLOTS - 1)) * FIELDS + field] as number;
  }

  set(slot: number, field: Field, value: number): void {
    (this.#chunks[slot >>> CHUNK_SHIFT] as Int32Array)[(slot & (CHUNK_SLOTS - 1)) * FIELDS + field] = value;
  }

  stateOf(slot: number): State {
    return (this.get(slot, FIELD.mark) & STATE_MASK) as State;
  }

  setState(slot: number, state: State): void {
    this.set(slot, FIELD.mark, (this.get(slot, FIELD.mark) & ~STATE_MASK) | state);
  }

  /** Slots, free ones too. */
  get capacity(): number {
    return this.#chunks.length * CHUNK_SLOTS;
  }

  /** A slot that was free; all that is known of it is whatever it was before. */
  take(): number {
    if (this.#firstFree === NO_SLOT) this.#grow();
    const slot = this.#firstFree;
    this.#firstFree = this.get(slot, FIELD.older);
    return slot;
  }

  /** Makes a slot free that is not in order of use. */
  free(slot: number): void {
    this.setState(slot, STATE.free);
    this.set(slot, FIELD.older, this.#firstFree);
    this.#firstFree = slot;
  }

  /** Puts a slot that is not in it at the newest end of the order of use. */
  putNewest(slot: number): void {
    this.#count++;
    this.#moves = (this.#moves + 1) & MOST_MOVES;
    this.set(slot, FIELD.mark, (this.#moves << STATE_BITS) | this.stateOf(slot));
    this.set(slot, FIELD.older, this.newest);
    this.set(slot, FIELD.newer, NO_SLOT);
    if (this.newest === NO_SLOT) this.oldest = slot;
    else this.set(this.newest, FIELD.newer, slot);
    this.newest = slot;
  }

  /** Takes a slot out of the order of use. */
  takeOut(slot: number): void {
    this.#count--;
    const older = this.get(slot, FIELD.older);
    const newer = this.get(slot, FIELD.newer);
    if (older === NO_SLOT) this.oldest = newer;
    else this.set(older, FIELD.newer, newer);
    if (newer === NO_SLOT) this.newest = older;
    else this.set(newer, FIELD.older, older);
  }

  /** Marks a slot as used just now: it is among the newest afterwards. */
  use(slot: number): void {
    if (slot === this.newest) return;
    const movesSince = (this.#moves - (this.get(slot, FIELD.mark) >>> STATE_BITS)) & MOST_MOVES;
    if (movesSince < this.#count * STAYING_SHARE) return;
    this.takeOut(slot);
    this.putNewest(slot);
  }

  clear(): void {
    this.#chunks = [];
    this.#firstFree = NO_SLOT;
    this.#count = 0;
    this.newest = NO_SLOT;
    this.oldest = NO_SLOT;
  }

  #grow(): void {
    const first = this.capacity;
    this.#chunks.push(new Int32Array(CHUNK_SLOTS * FIELDS));
    for (let slot = first + CHUNK_SLOTS - 1; slot >= first; slot--) this.free(slot);
  }
}
