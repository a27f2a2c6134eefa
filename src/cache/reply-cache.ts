/**
 * Finished replies by question: the answer to a cached question without resolving, copied and patched.
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';

/** Bits of `ReplyRequest.flags`. The first three are part of the key; `ad` only says whether the AD bit may be set. */
export const REPLY_FLAG = { do: 1, cd: 2, rd: 4, ad: 8 } as const;

/** Default bound, octets. */
export const DEFAULT_REPLY_CACHE_OCTETS = 8 * 1024 * 1024;

/**
 * One look-up. The listener owns one object and fills it anew for each query, so that a hit allocates nothing.
 * The query starts at offset 0 of its buffer, its question at 12.
 */
export interface ReplyRequest {
  query: Uint8Array;
  /** Offset after the question (name, type, class). */
  questionEnd: number;
  /** Sum of `REPLY_FLAG` bits: DO, CD and RD of the query; `ad` when the client set DO or AD (RFC 6840 §5.8). */
  flags: number;
  /** Largest reply without OPT that the client takes; a longer one is a miss, so that the full path truncates it. */
  maxOctets: number;
  /** `Clock.unixSeconds`. */
  nowSeconds: number;
  /** Where the reply goes, from offset 0. */
  out: Uint8Array;
}

/** A reply to keep. */
export interface ReplyToStore {
  /** The reply from header to last record, without OPT; ARCOUNT without it. TTLs as of now. */
  readonly reply: Uint8Array;
  readonly replyLength: number;
  /** Offset after its one question. */
  readonly questionEnd: number;
  /** `REPLY_FLAG` bits that it was made for (`ad` does not matter). */
  readonly flags: number;
  /** True when the AD bit may be set for clients that want it. */
  readonly secure: boolean;
  /** Offsets of the TTL fields to count down, ascending. */
  readonly ttlOffsets: readonly number[];
  /** When it stops being usable, unix seconds; never later than its smallest TTL allows. */
  readonly expiresAt: number;
  /** Options to append in the OPT (EDE), encoded; empty when none. */
  readonly options: Uint8Array;
}

interface Kept extends ReplyToStore {
  readonly storedAt: number;
}

/** The cache. */
export class ReplyCache {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #last: Kept | null = null;
  hits = 0;
  misses = 0;

  constructor(start: { readonly clock: Clock; readonly random: Random; readonly maxBytes: number }) {
    this.#clock = start.clock;
  }

  /** Writes the reply into `request.out` and returns its length without OPT; 0 on a miss. @hot bench/serve-cached-lookup.ts */
  serve(request: ReplyRequest): number {
    const kept = this.#kept.get(keyText(request.query, request.questionEnd, request.flags));
    if (kept === undefined || kept.expiresAt <= request.nowSeconds || kept.replyLength > request.maxOctets) {
      this.misses++;
      return 0;
    }
    this.hits++;
    const { out, query } = request;
    out.set(kept.reply);
    out.set(query.subarray(0, 2));
    out.set(query.subarray(12, request.questionEnd), 12);
    out[2] = ((out[2] ?? 0) & 0xfe) | ((query[2] ?? 0) & 1);
    const ad = kept.secure && (request.flags & REPLY_FLAG.ad) !== 0 ? 0x20 : 0;
    out[3] = ((out[3] ?? 0) & 0xcf) | ((query[3] ?? 0) & 0x10) | ad;
    const view = new DataView(out.buffer, out.byteOffset);
    for (const at of kept.ttlOffsets) view.setUint32(at, view.getUint32(at) - (request.nowSeconds - kept.storedAt));
    this.#last = kept;
    return kept.replyLength;
  }

  /** Octets of the options that belong to the reply served last; 0 when none. */
  get optionsLength(): number {
    return this.#last?.options.length ?? 0;
  }

  /** Copies the options of the reply served last to `out` at `at`; returns the offset after them. */
  copyOptions(out: Uint8Array, at: number): number {
    out.set(this.#last?.options ?? new Uint8Array(), at);
    return at + this.optionsLength;
  }

  /** Keeps a reply; false when it is too large, already expired, or not a reply with one question. */
  store(entry: ReplyToStore): boolean {
    const now = this.#clock.unixSeconds();
    if (entry.expiresAt <= now) return false;
    const reply = entry.reply.slice(0, entry.replyLength);
    this.#kept.set(keyText(reply, entry.questionEnd, entry.flags), { ...entry, reply, storedAt: now });
    return true;
  }

  clear(): void {
    this.#kept.clear();
    this.#last = null;
  }

  get count(): number {
    return this.#kept.size;
  }

  get sizeBytes(): number {
    return this.#kept.size * 1000;
  }
}

function keyText(bytes: Uint8Array, questionEnd: number, flags: number): string {
  return `${flags & 7}${Buffer.from(bytes.subarray(12, questionEnd)).toString('latin1').toLowerCase()}`;
}
