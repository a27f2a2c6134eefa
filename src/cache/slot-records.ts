/**
 * Slots: a few numbers for each thing that a cache holds, in chunks outside of V8's heap. Duties: free slots, order of use.
 * Leaves to others: what the numbers mean.
 */

/** Stands for no slot where a slot is named by its number. */
export const NO_SLOT = -1;
/** Numbers of a slot, by place. Those two name its neighbours by use; of a free slot `older` is the next free one. */
export const FIELD = { hash: 0, block: 1, references: 2, state: 3, newer: 4, older: 5 } as const;
type Field = (typeof FIELD)[keyof typeof FIELD];

/** What a slot is: free, found by its key, or only there for who refers to it. */
export const STATE = { free: 0, found: 1, referred: 2 } as const;

const FIELDS = 6;
const CHUNK_SHIFT = 8;
const CHUNK_SLOTS = 1 << CHUNK_SHIFT;
/** Octets of a slot. */
export const RECORD_OCTETS = FIELDS * 4;

export class SlotRecords {
  #chunks: Int32Array[] = [];
  #firstFree = NO_SLOT;
  /** Ends of the order of use. */
  newest = NO_SLOT;
  oldest = NO_SLOT;

  get(slot: number, field: Field): number {
    return (this.#chunks[slot >>> CHUNK_SHIFT] as Int32Array)[(slot & (CHUNK_SLOTS - 1)) * FIELDS + field] as number;
  }

  set(slot: number, field: Field, value: number): void {
    (this.#chunks[slot >>> CHUNK_SHIFT] as Int32Array)[(slot & (CHUNK_SLOTS - 1)) * FIELDS + field] = value;
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
    this.set(slot, FIELD.state, STATE.free);
    this.set(slot, FIELD.older, this.#firstFree);
    this.#firstFree = slot;
  }

  /** Puts a slot that is not in it at the newest end of the order of use. */
  putNewest(slot: number): void {
    this.set(slot, FIELD.older, this.newest);
    this.set(slot, FIELD.newer, NO_SLOT);
    if (this.newest === NO_SLOT) this.oldest = slot;
    else this.set(this.newest, FIELD.newer, slot);
    this.newest = slot;
  }

  /** Takes a slot out of the order of use. */
  takeOut(slot: number): void {
    const older = this.get(slot, FIELD.older);
    const newer = this.get(slot, FIELD.newer);
    if (older === NO_SLOT) this.oldest = newer;
    else this.set(older, FIELD.newer, newer);
    if (newer === NO_SLOT) this.newest = older;
    else this.set(newer, FIELD.older, older);
  }

  /** Marks a slot as used just now. */
  use(slot: number): void {
    if (slot === this.newest) return;
    this.takeOut(slot);
    this.putNewest(slot);
  }

  clear(): void {
    this.#chunks = [];
    this.#firstFree = NO_SLOT;
    this.newest = NO_SLOT;
    this.oldest = NO_SLOT;
  }

  #grow(): void {
    const first = this.capacity;
    this.#chunks.push(new Int32Array(CHUNK_SLOTS * FIELDS));
    for (let slot = first + CHUNK_SLOTS - 1; slot >= first; slot--) this.free(slot);
  }
}
