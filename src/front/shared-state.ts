/**
 * The words that the resolving thread and the front threads share: the epoch of all that is published, and the few settings
 * that a reply from shared memory depends on.
 *
 * One thread writes, the resolving one. Whatever it published holds only in the epoch that it was published in: a new epoch
 * takes it all back at once, in every thread. Settings change before their epoch begins, so a thread that reads them anew
 * with each epoch never answers by settings that are newer than what it serves.
 */

/** What a reply from shared memory depends on beside the reply. */
export interface FrontSettings {
  /** Largest reply over UDP, octets. Unbound `max-udp-size`. */
  readonly maxUdpOctets: number;
  /** Datagram size that our OPT announces. Unbound `edns-buffer-size`. */
  readonly ednsUdpSize: number;
  /** Unbound `harden-short-bufsize`. */
  readonly hardensShortSize: boolean;
  /** Unbound `harden-large-queries`. */
  readonly dropLargeQueries: boolean;
  /** Unbound `rrset-roundrobin`. */
  readonly roundRobin: boolean;
  /** Queries with a cookie are the resolving thread's. Unbound `answer-cookie`. */
  readonly checksCookies: boolean;
}

const EPOCH = 0;
const MAX_UDP = 1;
const EDNS_SIZE = 2;
const FLAGS = 3;
const SEED = 4;
const WORDS = 8;

const HARDENS_SHORT = 1;
const DROPS_LARGE = 2;
const ROUND_ROBIN = 4;
const CHECKS_COOKIES = 8;

/** Epoch, settings and the seeds of hashes, over memory that all threads have. */
export class SharedState {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** Seeds of hashes. */
  readonly seed0: number;
  readonly seed1: number;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.seed0 = this.#words[SEED] ?? 0;
    this.seed1 = this.#words[SEED + 1] ?? 0;
  }

  /** New memory, in its first epoch. `seed`: 8 random octets, so that nobody outside can choose names of one bucket. */
  static create(seed: Uint8Array): SharedState {
    const memory = new SharedArrayBuffer(WORDS * 4);
    new Uint8Array(memory).set(seed.subarray(0, 8), SEED * 4);
    const state = new SharedState(memory);
    state.startEpoch();
    return state;
  }

  /** The epoch now. @hot bench/serve-hot-query.ts */
  get epoch(): number {
    return Atomics.load(this.#words, EPOCH);
  }

  /** Takes back all that was published until now. */
  startEpoch(): void {
    // 0 is what was never written, and what was taken back.
    if (Atomics.add(this.#words, EPOCH, 1) === -1) Atomics.add(this.#words, EPOCH, 1);
  }

  get settings(): FrontSettings {
    const flags = Atomics.load(this.#words, FLAGS);
    return {
      maxUdpOctets: Atomics.load(this.#words, MAX_UDP),
      ednsUdpSize: Atomics.load(this.#words, EDNS_SIZE),
      hardensShortSize: (flags & HARDENS_SHORT) !== 0,
      dropLargeQueries: (flags & DROPS_LARGE) !== 0,
      roundRobin: (flags & ROUND_ROBIN) !== 0,
      checksCookies: (flags & CHECKS_COOKIES) !== 0,
    };
  }

  /** Puts settings in force and takes back what was published by those before. */
  change(settings: FrontSettings): void {
    // Between the two nothing holds that was published by either.
    this.startEpoch();
    Atomics.store(this.#words, MAX_UDP, settings.maxUdpOctets);
    Atomics.store(this.#words, EDNS_SIZE, settings.ednsUdpSize);
    Atomics.store(
      this.#words,
      FLAGS,
      (settings.hardensShortSize ? HARDENS_SHORT : 0) |
        (settings.dropLargeQueries ? DROPS_LARGE : 0) |
        (settings.roundRobin ? ROUND_ROBIN : 0) |
        (settings.checksCookies ? CHECKS_COOKIES : 0),
    );
    this.startEpoch();
  }
}
