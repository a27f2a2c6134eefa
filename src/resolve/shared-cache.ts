/**
 * The second level of the cache: answers in a store that hosts share (`cachedb`).
 *
 * Nothing in it is believed for being there. A value counts only with a keyed digest over question and answer, under a key
 * that who merely writes into the store does not have; it carries no verdict, so that signatures are verified again; times
 * are cut to what the records themselves say.
 * Duties: keys and values, the wait, whether the store is worth asking, counters.
 * Leaves to others: when to look and what to keep (resolver.ts), connections (ports/shared-store.ts).
 */

import { EntryReader } from '../cache/entry-reader.ts';
import { EntryWriter } from '../cache/entry-writer.ts';
import { isSameCode, keyedDigest, MAC_OCTETS } from '../cache/keyed-digest.ts';
import { OctetReader } from '../cache/octet-reader.ts';
import { OctetWriter } from '../cache/octet-writer.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { SharedStore, StoreResult } from '../ports/shared-store.ts';
import { type FoundResult, someSet, withSets } from '../terms/iteration-result.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Counters } from '../trace/counters.ts';
import { concatBytes, toHex } from '../wire/bytes.ts';
import { type Question, questionKey } from '../wire/question.ts';
import { RepeatedLine } from '../work/repeated-line.ts';
import { TransientMap } from '../work/transient-map.ts';
import { earliestExpiry } from './outcome.ts';
import { StoreBreaker } from './store-breaker.ts';

/** Stands in the place of a server for what came out of the store: when it proves bogus, real servers are asked. */
export const FROM_STORE = 'cachedb';

/** Octets of one value: the largest message, with what is added. */
const MAX_VALUE_OCTETS = 96 * 1024;
/** Questions to the store that may be open: each waits no longer than its timeout, and none waits for another. */
const MAX_IN_FLIGHT = 1_000;
/** Commands to forget that are remembered one by one; beyond that everything that was written before is forgotten. */
const MAX_FORGOTTEN = 100;
/** Octets of the second at which a value was written. */
const TIME_OCTETS = 8;
/** Of the form of values; a value of another form is not found, since the key holds it. */
const FORM = 'hawser cachedb 2';

export interface SharedCacheOptions {
  /** What only the hosts that share the store know (secret-seed). */
  readonly secret: string;
  /** Nothing is written (cachedb-no-store). */
  readonly noStore: boolean;
  /** The store may forget values when their data ends (redis-expire-records). */
  readonly expires: boolean;
  /** Looked into before expired data is served at once (cachedb-check-when-serve-expired). */
  readonly checksBeforeExpired: boolean;
  /** Milliseconds that a question waits for the store. */
  readonly timeoutMs: number;
  /** Seconds that any data is kept (cache-max-ttl). */
  readonly maxTtl: number;
}

/** Which answers of the store are not to be taken any more. */
export type IsForgotten = (question: Question, found: FoundResult) => boolean;

/** What was written before a second is not taken. */
interface Forgotten {
  readonly atSeconds: number;
  readonly test: IsForgotten;
}

interface SharedCacheParts {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly crypto: Pick<Crypto, 'digest'>;
  readonly log: LogSink;
  readonly counters: Counters;
  readonly options: SharedCacheOptions;
  /** What data rests on besides its servers' words: hosts with other servers or rules share nothing. Called for each key. */
  readonly basis: () => Uint8Array;
}

export class SharedCache {
  readonly options: SharedCacheOptions;
  readonly #parts: SharedCacheParts;
  readonly #breaker: StoreBreaker;
  readonly #nameKey: Uint8Array;
  readonly #valueKey: Uint8Array;
  readonly #asked = new TransientMap<string, Promise<FoundResult | null>>();
  #forgotten: readonly Forgotten[] = [];
  #writes = 0;
  readonly #refusedLine: RepeatedLine;
  readonly #downLine: RepeatedLine;
  /** It was said that the store is left alone, and not yet that it is back. */
  #isDownSaid = false;

  constructor(parts: SharedCacheParts) {
    this.#parts = parts;
    this.options = parts.options;
    this.#breaker = new StoreBreaker(parts.clock);
    this.#refusedLine = new RepeatedLine(parts.clock);
    this.#downLine = new RepeatedLine(parts.clock);
    const secret = new TextEncoder().encode(parts.options.secret);
    const keyFor = (use: string): Uint8Array =>
      keyedDigest(parts.crypto, secret, new TextEncoder().encode(`${FORM} ${use}`));
    this.#nameKey = keyFor('names');
    this.#valueKey = keyFor('values');
  }

  /** The store has failed again and again: asking it is not worth a moment. */
  get isDown(): boolean {
    return this.#breaker.isDown;
  }

  /** What the store has for a question, unchecked; null when it has nothing, nothing that counts, or does not say so in time. */
  async find(question: Question): Promise<FoundResult | null> {
    const about = this.#aboutOf(question);
    const key = this.#keyOf(about);
    const asked = this.#asked.get(key);
    if (asked !== undefined) return await asked;
    if (this.#asked.size >= MAX_IN_FLIGHT || !this.#breaker.mayAsk()) {
      this.#parts.counters.add('cachedb.skipped');
      return null;
    }
    const asking = this.#ask(key, question, about);
    this.#asked.set(key, asking);
    try {
      return await asking;
    } finally {
      this.#asked.delete(key);
    }
  }

  /** Offers an answer to the other hosts; nobody waits for it. */
  keep(question: Question, found: FoundResult): void {
    const { clock, counters, options, store } = this.#parts;
    const seconds = earliestExpiry(found) - clock.unixSeconds();
    if (options.noStore || seconds <= 0 || someSet(found, ({ originalTtl }) => originalTtl === 0)) return;
    const about = this.#aboutOf(question);
    const value = this.#valueOf(about, found);
    if (value.length > MAX_VALUE_OCTETS) return;
    if (this.#writes >= MAX_IN_FLIGHT || !this.#breaker.mayAsk()) {
      counters.add('cachedb.skipped');
      return;
    }
    this.#writes++;
    const writing = this.#inTime(store.set(this.#keyOf(about), value, options.expires ? seconds : null));
    void writing.then((written) => {
      this.#writes--;
      this.#note(written);
      if (written.ok) counters.add('cachedb.stored');
    });
  }

  /**
   * From now on what was written before and the test says yes to is not taken (flush commands with `+c`). It goes from the store
   * when it is found anew here and written over it.
   */
  forget(test: IsForgotten): void {
    const atSeconds = this.#parts.clock.unixSeconds();
    const since = atSeconds - this.options.maxTtl;
    const known = this.#forgotten.filter((each) => each.atSeconds > since);
    const isFull = known.length >= MAX_FORGOTTEN;
    this.#forgotten = isFull ? [{ atSeconds, test: () => true }] : [...known, { atSeconds, test }];
  }

  async #ask(key: string, question: Question, about: Uint8Array): Promise<FoundResult | null> {
    const { counters, store } = this.#parts;
    const got = await this.#inTime(store.get(key));
    this.#note(got);
    if (!got.ok) return null;
    const found = got.value === null ? null : this.#read(question, about, got.value);
    if (found === null) counters.add('cachedb.misses');
    return found;
  }

  /** Data that has ended is not taken from others, whatever serve-expired says. */
  #read(question: Question, about: Uint8Array, value: Uint8Array): FoundResult | null {
    const body = value.subarray(0, -MAC_OCTETS);
    const isOurs =
      value.length > MAC_OCTETS &&
      value.length <= MAX_VALUE_OCTETS &&
      isSameCode(this.#codeOf(about, body), value.subarray(-MAC_OCTETS));
    const found = isOurs ? new EntryReader(body, TIME_OCTETS).found() : null;
    const writtenAt = new OctetReader(body).number();
    if (found === null) {
      this.#refuse();
      return null;
    }
    if (this.#forgotten.some(({ atSeconds, test }) => writtenAt <= atSeconds && test(question, found))) return null;
    const taken = this.#asTaken(found);
    return earliestExpiry(taken) > this.#parts.clock.unixSeconds() ? taken : null;
  }

  #refuse(): void {
    const { counters, log } = this.#parts;
    counters.add('cachedb.refused');
    if (!this.#refusedLine.isDue()) return;
    log.write(
      'warning',
      'cachedb: a value in the store is damaged, or was not written with this secret-seed: not used',
    );
  }

  /** Unchecked, of no host in particular, and for no longer than its records say: the other's clock may be wrong. */
  #asTaken(found: FoundResult): FoundResult {
    const now = this.#parts.clock.unixSeconds();
    const { maxTtl } = this.#parts.options;
    const taken = withSets(found, (ranked: RankedRRset) => ({
      ...ranked,
      verdict: null,
      rank: Math.min(ranked.rank, RANK.answerAuthoritative) as Rank,
      server: FROM_STORE,
      receivedAt: now,
      expiresAt: Math.min(ranked.expiresAt, now + Math.min(ranked.originalTtl, maxTtl)),
    }));
    const { end } = taken;
    return { ...taken, end: { ...end, server: FROM_STORE, expiresAt: Math.min(end.expiresAt, now + maxTtl) } };
  }

  /** What a value is about: it counts for no other question, and for no host with other servers or rules. */
  #aboutOf(question: Question): Uint8Array {
    return concatBytes(this.#parts.basis(), Buffer.from(questionKey(question), 'latin1'));
  }

  #keyOf(about: Uint8Array): string {
    return `hawser:${toHex(keyedDigest(this.#parts.crypto, this.#nameKey, about))}`;
  }

  #valueOf(about: Uint8Array, found: FoundResult): Uint8Array {
    const writer = new EntryWriter();
    writer.found(withSets(found, (ranked) => (ranked.verdict === null ? ranked : { ...ranked, verdict: null })));
    const time = new OctetWriter(TIME_OCTETS);
    time.number(this.#parts.clock.unixSeconds());
    const body = concatBytes(time.written(), writer.written());
    return concatBytes(body, this.#codeOf(about, body));
  }

  #codeOf(about: Uint8Array, body: Uint8Array): Uint8Array {
    const { crypto } = this.#parts;
    return keyedDigest(crypto, this.#valueKey, concatBytes(crypto.digest('sha256', about), body));
  }

  /** No later than the timeout, whatever the store does. */
  async #inTime<T>(asked: Promise<StoreResult<T>>): Promise<StoreResult<T>> {
    let cancel: CancelTimer = () => {};
    const late = new Promise<StoreResult<T>>((resolve) => {
      const { timeoutMs } = this.#parts.options;
      cancel = this.#parts.clock.after(timeoutMs, () => resolve({ ok: false, text: `no answer in ${timeoutMs} ms` }));
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      cancel();
    }
  }

  #note(result: StoreResult<unknown>): void {
    const { counters, log } = this.#parts;
    if (result.ok) {
      if (!this.#breaker.noteAnswer() || !this.#isDownSaid) return;
      this.#isDownSaid = false;
      log.write('notice', 'cachedb: the store answers again');
      return;
    }
    counters.add('cachedb.failures');
    // One that goes up and down all the time is said so once a minute, and not that it is back in between.
    if (!this.#breaker.noteFault() || !this.#downLine.isDue()) return;
    this.#isDownSaid = true;
    log.write('warning', `cachedb: the store is left alone for a while: ${result.text}`);
  }
}
