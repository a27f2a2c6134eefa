/**
 * Clients that every thread may answer from shared memory, in shared memory: the resolving thread has looked at their address and
 * found that they may ask, and that nothing is configured for them alone.
 *
 * Only that verdict is shared. A front thread that finds no verdict for an address hands the query over.
 */

import { SharedSlots, WAYS } from './shared-slots.ts';
import type { SharedState } from './shared-state.ts';

/** Octets of the table: about 3,000 addresses. A client that is displaced is handed over once more. */
const TABLE_OCTETS = 131_072;
const SLOT_OCTETS = 48;
/** Seconds that a verdict holds at most; access control changes only with an epoch. */
const MAX_VERDICT_SECONDS = 3600;
/** Words of an entry: the family, and four of the address. */
const ENTRY_WORDS = 5;

/** An address as it stands in memory: IPv4 in the first word, the others 0. */
export interface ClientAddress {
  readonly isSix: boolean;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
}

export class SharedClients {
  readonly #state: SharedState;
  readonly #slots: SharedSlots;
  readonly #entry = new Int32Array(ENTRY_WORDS);

  constructor(state: SharedState, memory: SharedArrayBuffer) {
    this.#state = state;
    this.#slots = new SharedSlots(state, memory, SLOT_OCTETS);
  }

  static allocate(state: SharedState): SharedArrayBuffer {
    return SharedSlots.create(state, TABLE_OCTETS, SLOT_OCTETS).memory;
  }

  /** Whether this client may be answered from shared memory. `now`: unix seconds. @hot bench/serve-hot-query.ts */
  has(client: ClientAddress, now: number): boolean {
    const slots = this.#slots;
    const hash = this.#hashOf(client);
    const first = slots.firstOf(hash);
    const { copy } = slots;
    for (let way = 0; way < WAYS; way++) {
      if (
        slots.read(first, way, hash, now) === ENTRY_WORDS &&
        copy[0] === (client.isSix ? 6 : 4) &&
        copy[1] === client.word0 &&
        copy[2] === client.word1 &&
        copy[3] === client.word2 &&
        copy[4] === client.word3
      ) {
        return true;
      }
    }
    return false;
  }

  /** Publishes a verdict; `address`: its 4 or 16 octets. For the one writing thread. */
  add(address: Uint8Array, now: number): void {
    const words = this.#entry.fill(0);
    words[0] = address.length === 16 ? 6 : 4;
    new Uint8Array(words.buffer).set(address, 4);
    const [, word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words;
    const client = { isSix: address.length === 16, word0, word1, word2, word3 };
    if (this.has(client, now)) return;
    const expiresAt = now + MAX_VERDICT_SECONDS;
    this.#slots.write({ hash: this.#hashOf(client), words, size: ENTRY_WORDS, expiresAt }, now);
  }

  /** Spreads addresses by a secret: a flood of chosen ones must not displace one client. @hot bench/serve-hot-query.ts */
  #hashOf({ word0, word1, word2, word3 }: ClientAddress): number {
    let hash = this.#state.seed0;
    hash = mix(hash ^ word0, this.#state.seed1);
    hash = mix(hash ^ word1, this.#state.seed1);
    hash = mix(hash ^ word2, this.#state.seed1);
    return mix(hash ^ word3, this.#state.seed1);
  }
}

function mix(word: number, seed: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b) ^ seed;
  return Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
}
