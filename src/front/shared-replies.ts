/**
 * Replies by question in shared memory: what the resolving thread has served from its reply cache, for every thread to serve to
 * every client that was let through (shared-clients.ts).
 *
 * Duties: key, copy, patch, the bound on an entry's life. Leaves to others: whole reads (shared-slots.ts), which replies are
 * published (serve/query-server.ts), OPT (front-server.ts).
 */

import { QuestionKey } from '../cache/question-key.ts';
import {
  type KeptReply,
  REPLY_FLAG,
  type ReplyCopies,
  type ReplyRequest,
  type ReplySecurity,
} from '../cache/reply-cache.ts';
import { answerQuery, copyQuestion } from '../cache/reply-patch.ts';
import { readU16, readU32, writeU32 } from '../wire/bytes.ts';
import { copyWords, WordViews } from '../wire/words.ts';
import { SharedSlots, WAYS } from './shared-slots.ts';
import type { SharedState } from './shared-state.ts';

/**
 * Seconds that a reply is served from shared memory at most; then one query goes to the resolving thread, which publishes it anew.
 * So its reply cache knows that the reply is in use, and no copy outlives what it was made of by more. Not configurable: less
 * costs hand-overs, more lets the cache evict what is asked for most.
 */
export const MAX_SHARED_SECONDS = 30;

/** Slots of two sizes: most replies with their signatures go into the small one; a larger reply than both is not shared. */
const SMALL_OCTETS = 512;
const LARGE_OCTETS = 2048;
/** The large slots get one part in so many of the memory. */
const LARGE_PART = 4;

/** Buffers that replies leave from: a thread has one for each datagram of a batch. */
const MOST_BUFFERS = 32;

/** Words of an entry before the reply: when it was stored, lengths of reply and options, counts and traits. */
const STORED_AT = 0;
const LENGTHS = 1;
const TRAITS = 2;
const REPLY_WORD = 3;
const REPLY_AT = REPLY_WORD * 4;
/** Word of an entry at which its question begins: behind the reply's header. */
const KEY_WORD = REPLY_WORD + 3;
const HEADER_OCTETS = 12;

/** Bits of TRAITS. */
const TTL_COUNT = 0x3fff;
const BOGUS = 0x4000;
const SECURE = 0x8000;
const MASK_SHIFT = 16;
const VALUE_SHIFT = 18;

/** The memory of the table, for other threads. */
export interface SharedReplyMemory {
  readonly small: SharedArrayBuffer;
  readonly large: SharedArrayBuffer;
}

/** Slots of one size, with the entry that was read from them last in words and octets. */
interface Table {
  readonly slots: SharedSlots;
  readonly words: Int32Array;
  readonly octets: Buffer;
}

export class SharedReplies implements ReplyCopies {
  readonly #state: SharedState;
  readonly #key: QuestionKey;
  readonly #outWords = new WordViews(MOST_BUFFERS);
  readonly #small: Table;
  readonly #large: Table;
  /** An entry that is about to be written. */
  readonly #entry: Int32Array;
  readonly #entryOctets: Uint8Array;
  /** Where the reply served last was read from. */
  #served: Table;

  constructor(state: SharedState, memory: SharedReplyMemory) {
    this.#state = state;
    this.#key = new QuestionKey(state.seed0, state.seed1);
    this.#small = tableOf(new SharedSlots(state, memory.small, SMALL_OCTETS));
    this.#large = tableOf(new SharedSlots(state, memory.large, LARGE_OCTETS));
    this.#entry = new Int32Array(this.#large.slots.capacity);
    this.#entryOctets = new Uint8Array(this.#entry.buffer);
    this.#served = this.#small;
  }

  /** Memory of about so many octets. What is never used of it is never resident. */
  static allocate(state: SharedState, octets: number): SharedReplyMemory {
    const large = Math.floor(octets / LARGE_PART);
    return {
      small: SharedSlots.create(state, octets - large, SMALL_OCTETS).memory,
      large: SharedSlots.create(state, large, LARGE_OCTETS).memory,
    };
  }

  /** Writes the reply into `request.out` and returns its length without OPT; 0 on a miss. @hot bench/serve-hot-query.ts */
  serve(request: ReplyRequest): number {
    const { query, questionEnd, flags, nowSeconds } = request;
    if (!this.#key.read(query, questionEnd)) return 0;
    const table = this.#find(this.#small, flags, nowSeconds) ?? this.#find(this.#large, flags, nowSeconds);
    if (table === null) return 0;
    const { words } = table;
    const octets = (words[LENGTHS] as number) & 0xffff;
    const elapsed = nowSeconds - ((words[STORED_AT] as number) >>> 0);
    // A clock that was set back would make TTLs longer than they were.
    if (octets > request.maxOctets || elapsed < 0) return 0;
    this.#served = table;
    this.#write(table, octets, elapsed, request);
    return octets;
  }

  /** The table whose entry answers the key, read; null: none does. @hot bench/serve-hot-query.ts */
  #find(table: Table, flags: number, now: number): Table | null {
    const { slots, words } = table;
    const { hash, count } = this.#key;
    const first = slots.firstOf(hash);
    for (let way = 0; way < WAYS; way++) {
      if (slots.read(first, way, hash, now) < KEY_WORD + count || !this.#key.isAt(words, KEY_WORD)) continue;
      const traits = words[TRAITS] as number;
      if ((((traits >>> VALUE_SHIFT) ^ flags) & (traits >>> MASK_SHIFT) & VARIANT_FLAGS) === 0) return table;
    }
    return null;
  }

  #write({ words, octets }: Table, length: number, elapsed: number, request: ReplyRequest): void {
    const { query, out, questionEnd } = request;
    const traits = words[TRAITS] as number;
    const outWords = this.#outWords.of(out);
    const count = (length + 3) >>> 2;
    if (count > outWords.length) octets.copy(out, 0, REPLY_AT, REPLY_AT + length);
    else copyWords(words, REPLY_WORD, outWords, count);
    // RFC 6840 §5.8: AD only for a client that set DO or AD.
    answerQuery(out, query, (traits & SECURE) !== 0 && (request.flags & REPLY_FLAG.ad) !== 0);
    if (this.#key.hasCapitals) copyQuestion(out, query, questionEnd);
    const from = REPLY_AT + length;
    const end = from + 2 * (traits & TTL_COUNT);
    for (let at = from; at < end; at += 2) {
      const ttlAt = readU16(octets, at);
      writeU32(out, ttlAt, readU32(out, ttlAt) - elapsed);
    }
  }

  /** Octets of the options that belong to the reply served last. @hot bench/serve-hot-query.ts */
  get optionsLength(): number {
    return (this.#served.words[LENGTHS] as number) >>> 16;
  }

  /** Copies them to `out` at `at`; returns the offset after them. */
  copyOptions(out: Uint8Array, at: number): number {
    const { words, octets } = this.#served;
    const lengths = words[LENGTHS] as number;
    const from = REPLY_AT + (lengths & 0xffff) + 2 * ((words[TRAITS] as number) & TTL_COUNT);
    octets.copy(out, at, from, from + (lengths >>> 16));
    return at + (lengths >>> 16);
  }

  /** What DNSSEC said of the reply served last. @hot bench/serve-hot-query.ts */
  get replySecurity(): ReplySecurity {
    const traits = this.#served.words[TRAITS] as number;
    if ((traits & SECURE) !== 0) return 'secure';
    return (traits & BOGUS) !== 0 ? 'bogus' : 'plain';
  }

  /** Publishes a reply; false: it is too large, or has expired. For the one writing thread. */
  publish(kept: KeptReply, questionEnd: number, now: number): boolean {
    const { reply, ttlOffsets, options } = kept;
    const octets = REPLY_AT + reply.length + ttlOffsets.length + options.length;
    const size = (octets + 3) >>> 2;
    const expiresAt = Math.min(kept.expiresAt, now + MAX_SHARED_SECONDS);
    const key = this.#key;
    if (expiresAt <= now || size > this.#large.slots.capacity || !key.read(reply, questionEnd)) return false;
    const words = this.#entry;
    words[STORED_AT] = kept.storedAt;
    words[LENGTHS] = reply.length | (options.length << 16);
    words[TRAITS] =
      (ttlOffsets.length >>> 1) |
      (kept.bogus ? BOGUS : 0) |
      (kept.secure ? SECURE : 0) |
      (kept.dependsOn << MASK_SHIFT) |
      ((kept.flags & VARIANT_FLAGS) << VALUE_SHIFT);
    words[size - 1] = 0;
    this.#entryOctets.set(reply, REPLY_AT);
    this.#entryOctets.set(key.bytes.subarray(0, key.octets), REPLY_AT + HEADER_OCTETS);
    this.#entryOctets.set(ttlOffsets, REPLY_AT + reply.length);
    this.#entryOctets.set(options, REPLY_AT + reply.length + ttlOffsets.length);
    const { slots } = size <= this.#small.slots.capacity ? this.#small : this.#large;
    slots.write({ hash: key.hash, words, size, expiresAt }, now, this.#wayOf(slots, words, now));
    return true;
  }

  /** The place of an entry that the new one takes the place of: the same question and variant. */
  #wayOf(slots: SharedSlots, words: Int32Array, now: number): number | undefined {
    const { hash } = this.#key;
    const first = slots.firstOf(hash);
    for (let way = 0; way < WAYS; way++) {
      if (slots.read(first, way, hash, now) === 0 || !this.#key.isAt(slots.copy, KEY_WORD)) continue;
      if (((slots.copy[TRAITS] as number) ^ (words[TRAITS] as number)) >>> MASK_SHIFT === 0) return way;
    }
    return undefined;
  }

  /** Takes back what is published for the question of a reply, whatever its variant. */
  drop(reply: Uint8Array, questionEnd: number): void {
    if (!this.#key.read(reply, questionEnd)) return;
    this.#small.slots.drop(this.#key.hash);
    this.#large.slots.drop(this.#key.hash);
  }

  /** Takes back everything, clients too. */
  dropAll(): void {
    this.#state.startEpoch();
  }
}

const VARIANT_FLAGS = REPLY_FLAG.do | REPLY_FLAG.cd;

function tableOf(slots: SharedSlots): Table {
  return { slots, words: slots.copy, octets: Buffer.from(slots.copy.buffer) };
}
