/**
 * Finished replies by question: the answer to a cached question without resolving, copied and patched.
 *
 * Duties: key (question in lower case; DO and CD where the reply depends on them), copy, patch of id, RD, CD, AD, question
 * case and TTLs, bound in octets, eviction. A hit allocates nothing. All of it is derived data: it may be dropped at any time.
 * Leaves to others: which replies may be kept and what they depend on, OPT, whether the query is one that a kept reply answers (no options that
 * matter, one question, opcode QUERY).
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { readU8, readU16, readU32, writeU16, writeU32 } from '../wire/bytes.ts';
import { isAtOrBelow, type Name, nameEnd } from '../wire/name.ts';
import { copyWords, MAX_COPIED_BY_WORDS, WordViews } from '../wire/words.ts';
import { Arena, byteAt, MAX_BLOCK_OCTETS, NO_BLOCK, wordAt } from './arena.ts';
import { QuestionKey } from './question-key.ts';
import { answerQuery, copyQuestion } from './reply-patch.ts';
import { KEY_WORD, NO_SLOT, SLOT_OCTETS, SlotTable, VARIANT_WORD, variantBits, variantOf } from './slot-table.ts';

/** Bits of `ReplyRequest.flags`. A reply may depend on the first two; `ad` only says whether the AD bit may be set. */
export const REPLY_FLAG = { do: 1, cd: 2, ad: 4 } as const;

/**
 * One look-up. The listener owns one object and fills it anew for each query, so that a hit allocates nothing.
 * The query starts at offset 0 of its buffer, its question at 12.
 */
export interface ReplyRequest {
  query: Uint8Array;
  /** Offset after the question (name, type, class). */
  questionEnd: number;
  /** Sum of `REPLY_FLAG` bits: DO and CD of the query; `ad` when the client set DO or AD (RFC 6840 §5.8). */
  flags: number;
  /** Largest reply without OPT that the client takes; a longer one is a miss, so that the full path truncates it. */
  maxOctets: number;
  /** `Clock.unixSeconds`. */
  nowSeconds: number;
  /** Where the reply goes, from offset 0. */
  out: Uint8Array;
}

export interface ReplyToStore {
  /** The reply from header to last record, without OPT; ARCOUNT without it. TTLs as of now. */
  readonly reply: Uint8Array;
  readonly replyLength: number;
  /** Offset after its one question. */
  readonly questionEnd: number;
  /** `REPLY_FLAG` bits that it was made for (`ad` does not matter). */
  readonly flags: number;
  /** Those of the bits `do` and `cd` that the reply depends on: with another value of the others it is the same. */
  readonly dependsOn: number;
  /** True when the AD bit may be set for clients that want it. */
  readonly secure: boolean;
  /** True when it says that data is bogus; only counted. */
  readonly bogus?: boolean;
  /** Offsets of the TTL fields to count down, ascending. */
  readonly ttlOffsets: readonly number[];
  /** When it stops being usable, unix seconds; never later than its smallest TTL allows. */
  readonly expiresAt: number;
  /** Options to append in the OPT (EDE), encoded; empty when none. */
  readonly options: Uint8Array;
}

/** A reply as it is kept. The bytes are the cache's own and good until the next store or clear. */
export interface KeptReply extends Pick<ReplyToStore, 'flags' | 'dependsOn' | 'secure' | 'expiresAt' | 'options'> {
  /** From header to last record, its question in lower case, TTLs as of `storedAt`. */
  readonly reply: Uint8Array;
  readonly bogus: boolean;
  /** Offsets of the TTL fields, u16 each. */
  readonly ttlOffsets: Uint8Array;
  readonly storedAt: number;
}

/** Copies of replies elsewhere, that must not outlive those that are kept here. */
export interface ReplyCopies {
  /** Another reply is kept for the question of this one. */
  drop(reply: Uint8Array, questionEnd: number): void;
  /** Replies were forgotten. */
  dropAll(): void;
}

/** What DNSSEC said of a reply, as far as it is counted. */
export type ReplySecurity = 'secure' | 'bogus' | 'plain';

const HEADER_OCTETS = 12;
/** Flags that a reply may depend on. */
const VARIANT_FLAGS = REPLY_FLAG.do | REPLY_FLAG.cd;
/** Questions of which it is remembered that they were asked; a power of two. */
const MAX_ASKED_ONCE = 8192;
/** Most TTLs counted down in one reply; more would not fit in a block. */
const MAX_TTLS = 1_400;
/**
 * Evictions by the hand before a page is given up for a size that has no room. They seldom free a block of the right
 * size: with 16 instead of 2 the hit rate of a mixed load fell from 0.91 to 0.74.
 */
const MAX_EVICTIONS_FOR_ROOM = 2;

/** Slots that are looked at before others get their turn: about a millisecond. */
const SLOTS_PER_TURN = 256;

const QR = 0x80;
const TC = 0x02;

/** Word of a block at which the reply starts; its question, which is the key, comes after the header. */
const REPLY_WORD = KEY_WORD - HEADER_OCTETS / 4;
/** Octets from the start of a block to the reply. */
const REPLY_AT = REPLY_WORD * 4;

/**
 * The cache. A block: owner's slot; reply length, options length (u16 each); count of TTLs (14 bits), bogus bit, secure bit,
 * variant (slot-table.ts); the reply, its question in lower case; offsets of TTLs (u16 each); the options.
 */
export class ReplyCache {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #key: QuestionKey;
  readonly #outWords = new WordViews();
  readonly #arena: Arena;
  readonly #table: SlotTable;
  /** Hashes of questions that were asked once. */
  readonly #askedOnce = new Int32Array(MAX_ASKED_ONCE);
  /** Block of the reply served last, for its options; good until the next store or clear. */
  #lastBlock = NO_BLOCK;
  /** Told of what is not kept any more; null: there are no copies. */
  copies: ReplyCopies | null = null;
  hits = 0;
  misses = 0;

  constructor(start: { readonly clock: Clock; readonly random: Random; readonly maxBytes: number }) {
    this.#clock = start.clock;
    this.#maxBytes = start.maxBytes;
    const seed = start.random.bytes(8);
    this.#key = new QuestionKey(readU32(seed, 0) | 0, readU32(seed, 4) | 0);
    this.#key.mask = VARIANT_FLAGS;
    // Room for one doubling of the table is held back.
    this.#arena = new Arena((octets) => octets + 2 * this.#table.sizeBytes <= this.#maxBytes);
    this.#table = new SlotTable(this.#arena);
  }

  /** Writes the reply into `request.out` and returns its length without OPT; 0 on a miss. @hot bench/serve-cached-lookup.ts */
  serve(request: ReplyRequest): number {
    const slot = this.#find(request.query, request.questionEnd, request.flags);
    if (slot === NO_SLOT || this.#table.expiresAt(slot) <= request.nowSeconds) {
      this.misses++;
      return 0;
    }
    const block = this.#table.blockOf(slot);
    const lengths = this.#arena.wordsOf(block)[wordAt(block) + 1] as number;
    if ((lengths & 0xffff) > request.maxOctets) {
      this.misses++;
      return 0;
    }
    this.hits++;
    this.#table.visit(slot);
    this.#lastBlock = block;
    this.#write(block, request.nowSeconds - this.#table.storedAt(slot), request);
    return lengths & 0xffff;
  }

  /** Octets of the options that belong to the reply served last; 0 when none. @hot bench/serve-cached-lookup.ts */
  get optionsLength(): number {
    const block = this.#lastBlock;
    return block === NO_BLOCK ? 0 : (this.#arena.wordsOf(block)[wordAt(block) + 1] as number) >>> 16;
  }

  /** What DNSSEC said of the reply served last. @hot bench/serve-cached-lookup.ts */
  get replySecurity(): ReplySecurity {
    const block = this.#lastBlock;
    const counts = block === NO_BLOCK ? 0 : (this.#arena.wordsOf(block)[wordAt(block) + VARIANT_WORD] as number);
    if ((counts & SECURE) !== 0) return 'secure';
    return (counts & BOGUS) !== 0 ? 'bogus' : 'plain';
  }

  /** Copies the options of the reply served last to `out` at `at`; returns the offset after them. */
  copyOptions(out: Uint8Array, at: number): number {
    const block = this.#lastBlock;
    if (block === NO_BLOCK) return at;
    const words = this.#arena.wordsOf(block);
    const octets = (words[wordAt(block) + 1] as number) >>> 16;
    if (octets === 0) return at;
    const ttlCount = (words[wordAt(block) + VARIANT_WORD] as number) & TTL_COUNT;
    const replyOctets = (words[wordAt(block) + 1] as number) & 0xffff;
    const from = byteAt(block) + REPLY_AT + replyOctets + 2 * ttlCount;
    this.#arena.bytesOf(block).copy(out, at, from, from + octets);
    return at + octets;
  }

  /** The reply served last as it is kept; null: none since the last store or clear. */
  get lastServed(): KeptReply | null {
    const block = this.#lastBlock;
    if (block === NO_BLOCK) return null;
    const words = this.#arena.wordsOf(block);
    const bytes = this.#arena.bytesOf(block);
    const at = wordAt(block);
    const lengths = words[at + 1] as number;
    const counts = words[at + VARIANT_WORD] as number;
    const slot = words[at] as number;
    const replyAt = byteAt(block) + REPLY_AT;
    const ttlsAt = replyAt + (lengths & 0xffff);
    const optionsAt = ttlsAt + 2 * (counts & TTL_COUNT);
    return {
      ...variantOf(counts),
      reply: bytes.subarray(replyAt, ttlsAt),
      ttlOffsets: bytes.subarray(ttlsAt, optionsAt),
      options: bytes.subarray(optionsAt, optionsAt + (lengths >>> 16)),
      secure: (counts & SECURE) !== 0,
      bogus: (counts & BOGUS) !== 0,
      expiresAt: this.#table.expiresAt(slot),
      storedAt: this.#table.storedAt(slot),
    };
  }

  /**
   * True when the question that `serve` has just looked for in vain was asked a short while ago: of some thousands of questions each is
   * remembered until another falls to its place. For replies that are as quickly made as found, and need no room before they are asked
   * for again.
   */
  isRepeated(): boolean {
    const { hash } = this.#key;
    const place = hash & (this.#askedOnce.length - 1);
    const isKnown = this.#askedOnce[place] === hash;
    this.#askedOnce[place] = hash;
    return isKnown;
  }

  /** Keeps a reply; false when it is too large, expired, truncated, or not a reply with one question. */
  store(entry: ReplyToStore): boolean {
    const now = this.#clock.unixSeconds();
    const expiresAt = Math.min(entry.expiresAt, now + smallestTtl(entry));
    if (expiresAt <= now || !isStorable(entry)) return false;
    this.#lastBlock = NO_BLOCK;
    this.#removeVariants(entry);
    this.copies?.drop(entry.reply, entry.questionEnd);
    const octets = REPLY_AT + entry.replyLength + 2 * entry.ttlOffsets.length + entry.options.length;
    if (octets > MAX_BLOCK_OCTETS) return false;
    if (!this.#makeSlot(now)) return false;
    const block = this.#takeBlock(octets, now);
    if (block === NO_BLOCK) return false;
    this.#fillBlock(block, entry);
    this.#table.fill(this.#table.freeSlot(), { hash: this.#key.hash, block, expiresAt, storedAt: now });
    return true;
  }

  /** Removes what the entry takes the place of: each reply that would be served to a query which it answers too. */
  #removeVariants(entry: ReplyToStore): void {
    this.#readKey(entry.reply, entry.questionEnd, entry.flags);
    this.#key.mask = entry.dependsOn;
    for (let slot = this.#table.find(this.#key); slot !== NO_SLOT; slot = this.#table.find(this.#key)) {
      this.#table.remove(slot);
    }
    this.#key.mask = VARIANT_FLAGS;
  }

  /** Removes the replies to questions at or below a name; how many. Replies that lead there by an alias stay. */
  removeBelow(zone: Name): number {
    let removed = 0;
    for (let slot = 0; slot < this.#table.capacity; slot++) {
      if (!this.#table.isLive(slot) || !isAtOrBelow(this.#nameOf(slot), zone)) continue;
      this.#table.remove(slot);
      removed++;
    }
    this.#lastBlock = NO_BLOCK;
    this.copies?.dropAll();
    return removed;
  }

  /**
   * Removes every reply that the test says yes to, a piece at a time: `pause` is called between pieces. `bogus`: it tells of
   * bogus data. The bytes are the cache's own and good for the call only.
   */
  async removeInTurns(
    test: (reply: Uint8Array, bogus: boolean) => boolean,
    pause: () => Promise<void>,
  ): Promise<number> {
    let removed = 0;
    for (let slot = 0; slot < this.#table.capacity; slot++) {
      if (this.#table.isLive(slot) && this.#isHit(slot, test)) {
        this.#lastBlock = NO_BLOCK;
        this.#table.remove(slot);
        removed++;
      }
      if ((slot + 1) % SLOTS_PER_TURN === 0) await pause();
    }
    this.copies?.dropAll();
    return removed;
  }

  #isHit(slot: number, test: (reply: Uint8Array, bogus: boolean) => boolean): boolean {
    const block = this.#table.blockOf(slot);
    const words = this.#arena.wordsOf(block);
    const counts = words[wordAt(block) + VARIANT_WORD] as number;
    const from = byteAt(block) + REPLY_AT;
    const octets = (words[wordAt(block) + 1] as number) & 0xffff;
    return test(this.#arena.bytesOf(block).subarray(from, from + octets), (counts & BOGUS) !== 0);
  }

  clear(): void {
    this.#lastBlock = NO_BLOCK;
    this.copies?.dropAll();
    this.#table.clear();
    this.#arena.clear();
  }

  get count(): number {
    return this.#table.count;
  }

  /** Octets held: pages, whether full or not, and columns. */
  get sizeBytes(): number {
    return this.#arena.sizeBytes + this.#table.sizeBytes;
  }

  #find(bytes: Uint8Array, questionEnd: number, flags: number): number {
    return this.#readKey(bytes, questionEnd, flags) ? this.#table.find(this.#key) : NO_SLOT;
  }

  /** Makes the key of the question at offset 12; false when there cannot be such a question. @hot bench/serve-cached-lookup.ts */
  #readKey(bytes: Uint8Array, questionEnd: number, flags: number): boolean {
    this.#key.flags = flags & VARIANT_FLAGS;
    return this.#key.read(bytes, questionEnd);
  }

  /** Copies the reply and makes it the answer to this query. @hot bench/serve-cached-lookup.ts */
  #write(block: number, elapsed: number, request: ReplyRequest): void {
    const { query, out, questionEnd } = request;
    const words = this.#arena.wordsOf(block);
    const bytes = this.#arena.bytesOf(block);
    const replyOctets = (words[wordAt(block) + 1] as number) & 0xffff;
    const counts = words[wordAt(block) + VARIANT_WORD] as number;
    const from = byteAt(block) + REPLY_AT;
    const outWords = this.#outWords.of(out);
    const wordCount = (replyOctets + 3) >>> 2;
    if (replyOctets > MAX_COPIED_BY_WORDS || wordCount > outWords.length) bytes.copy(out, 0, from, from + replyOctets);
    else copyWords(words, wordAt(block) + REPLY_WORD, outWords, wordCount);
    // RFC 6840 §5.8: AD only for a client that set DO or AD.
    answerQuery(out, query, (counts & SECURE) !== 0 && (request.flags & REPLY_FLAG.ad) !== 0);
    if (this.#key.hasCapitals) copyQuestion(out, query, questionEnd);
    const offsets = from + replyOctets;
    const offsetsEnd = offsets + 2 * (counts & TTL_COUNT);
    for (let at = offsets; at < offsetsEnd; at += 2) {
      const ttlAt = readU16(bytes, at);
      writeU32(out, ttlAt, (readU16(out, ttlAt) << 16) + readU16(out, ttlAt + 2) - elapsed);
    }
  }

  #makeSlot(now: number): boolean {
    if (this.#table.freeSlot() !== NO_SLOT) return true;
    const grown = this.sizeBytes + this.#table.capacity * SLOT_OCTETS;
    if (grown <= this.#maxBytes) this.#table.grow();
    else this.#evict(now);
    return this.#table.freeSlot() !== NO_SLOT;
  }

  /** A block for the slot that is free when it returns: evictions on the way put other slots in front. */
  #takeBlock(octets: number, now: number): number {
    for (let evictions = 0; evictions <= MAX_EVICTIONS_FOR_ROOM; evictions++) {
      const block = this.#arena.allocate(octets, this.#table.freeSlot());
      if (block !== NO_BLOCK) return block;
      if (evictions < MAX_EVICTIONS_FOR_ROOM) this.#evict(now);
    }
    for (const owner of this.#arena.victims()) this.#table.remove(owner);
    return this.#arena.allocate(octets, this.#table.freeSlot());
  }

  #evict(now: number): void {
    const slot = this.#table.nextToEvict(now);
    if (slot !== NO_SLOT) this.#table.remove(slot);
  }

  #fillBlock(block: number, entry: ReplyToStore): void {
    const words = this.#arena.wordsOf(block);
    const bytes = this.#arena.bytesOf(block);
    const at = wordAt(block);
    words[at + 1] = entry.replyLength | (entry.options.length << 16);
    const verdict = (entry.secure ? SECURE : 0) | (entry.bogus === true ? BOGUS : 0);
    words[at + VARIANT_WORD] = entry.ttlOffsets.length | verdict | variantBits(entry.flags, entry.dependsOn);
    let to = byteAt(block) + REPLY_AT;
    bytes.set(entry.reply.subarray(0, entry.replyLength), to);
    const { bytes: key, octets } = this.#key;
    for (let i = 0; i < octets; i++) bytes[to + HEADER_OCTETS + i] = key[i] as number;
    to += entry.replyLength;
    for (let i = 0; i < entry.ttlOffsets.length; i++) {
      writeU16(bytes, to, entry.ttlOffsets[i] as number);
      to += 2;
    }
    bytes.set(entry.options, to);
  }

  #nameOf(slot: number): Name {
    const block = this.#table.blockOf(slot);
    const bytes = this.#arena.bytesOf(block);
    const start = byteAt(block) + KEY_WORD * 4;
    return new Uint8Array(bytes.buffer, start, nameEnd(bytes, start) - start) as Name;
  }
}

/** Bits of a block's third word. */
const SECURE = 0x8000;
const BOGUS = 0x4000;
const TTL_COUNT = 0x3fff;

/** Smallest TTL in the reply; what counts for a reply without any is its expiry alone. */
function smallestTtl(entry: ReplyToStore): number {
  const { reply, ttlOffsets } = entry;
  let smallest = 0xffff_ffff;
  for (let i = 0; i < ttlOffsets.length; i++) smallest = Math.min(smallest, readU32(reply, ttlOffsets[i] as number));
  return smallest;
}

function isStorable({ reply, replyLength, questionEnd, ttlOffsets }: ReplyToStore): boolean {
  if (replyLength > reply.length || questionEnd > replyLength || replyLength > MAX_BLOCK_OCTETS) return false;
  if ((readU8(reply, 2) & QR) === 0 || (readU8(reply, 2) & TC) !== 0) return false;
  if (readU16(reply, 4) !== 1 || nameEnd(reply, HEADER_OCTETS) !== questionEnd - 4) return false;
  if (ttlOffsets.length > MAX_TTLS) return false;
  for (let i = 0; i < ttlOffsets.length; i++) {
    const at = ttlOffsets[i] as number;
    if (at < questionEnd || at + 4 > replyLength) return false;
  }
  return true;
}
