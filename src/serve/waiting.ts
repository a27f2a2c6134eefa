/**
 * Clients that wait for the resolver: one entry for each question, all its askers in it.
 *
 * Duties: askers of one question share one resolution, whatever their flags; bounds on waiting clients, in all and for one
 * address (DNSBomb, CVE-2024-33655: an attacker lets answers pile up and come at once).
 * Leaves to others: building each client's reply, time.
 */

import type { Address } from '../ports/network.ts';
import { parseIp } from '../wire/ip.ts';
import { type Question, questionKey } from '../wire/question.ts';
import { blockOf, closestFirst, type NetblockLimit } from './netblock-limit.ts';
import type { ReplyChannel } from './reply-channel.ts';

/** One client query that waits. */
export interface Waiter {
  readonly id: number;
  readonly flags: number;
  /** In the case that the client used. */
  readonly question: Question;
  readonly hasEdns: boolean;
  readonly doBit: boolean;
  /** Largest reply that the client takes, octets. */
  readonly maxOctets: number;
  readonly wantsNsid: boolean;
  readonly wantsKeepalive: boolean;
  /** What goes back to a client that sent a cookie; null: it sent none. */
  readonly cookie: Uint8Array | null;
  /** Its cookie has shown that the client's address is its own. */
  readonly isProven: boolean;
  readonly from: Address;
  readonly channel: ReplyChannel;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** What became of a client that wanted to wait: first of its question, one more, or one too many. */
type Admission = 'first' | 'joined' | 'too-many';

/**
 * True for clients on this host. Their addresses cannot be forged from outside (the system drops such packets), so the
 * limits against forged clients do not apply to them; Unbound exempts them from wait-limit as well.
 */
export function isLocalClient(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

/** Limits on the queries of one address that may wait. */
interface WaitLimits {
  /** 0: any number. */
  readonly perAddress: number;
  /** Other limits for the clients of a netblock, -1: any number. */
  readonly blocks: readonly NetblockLimit[];
}

function sorted({ perAddress, blocks }: WaitLimits): WaitLimits {
  return { perAddress, blocks: closestFirst(blocks) };
}

export class Waiting {
  readonly #maxWaiting: number;
  readonly #plain: WaitLimits;
  readonly #proven: WaitLimits;
  readonly #byQuestion = new Map<string, Waiter[]>();
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  /** `plain.perAddress` 0: no such limit, for nobody. `proven`: for clients with a valid cookie. */
  constructor(maxWaiting: number, plain: WaitLimits, proven: WaitLimits = plain) {
    this.#maxWaiting = maxWaiting;
    this.#plain = sorted(plain);
    this.#proven = sorted(proven);
  }

  /** Clients that wait. */
  get count(): number {
    return this.#count;
  }

  /** Questions that clients wait for. */
  get questions(): number {
    return this.#byQuestion.size;
  }

  /** Adds a client, unless a bound forbids it. */
  admit(waiter: Waiter): Admission {
    if (!this.#countIn(waiter)) return 'too-many';
    const key = questionKey(waiter.question);
    const askers = this.#byQuestion.get(key);
    if (askers === undefined) this.#byQuestion.set(key, [waiter]);
    else askers.push(waiter);
    return askers === undefined ? 'first' : 'joined';
  }

  /** Counts a client whose answer is for it alone; false when a bound forbids it. */
  admitAlone(waiter: Waiter): boolean {
    return this.#countIn(waiter);
  }

  /** The end of `admitAlone`. */
  releaseAlone({ from }: Waiter): void {
    this.#count--;
    this.#forget(from.ip);
  }

  /** Takes out all askers of a question, in order of arrival. */
  release(question: Question): readonly Waiter[] {
    const key = questionKey(question);
    const askers = this.#byQuestion.get(key) ?? [];
    this.#byQuestion.delete(key);
    this.#count -= askers.length;
    for (const { from } of askers) this.#forget(from.ip);
    return askers;
  }

  /** Counts one more client of an address; false when a bound forbids it. */
  #countIn({ from: { ip }, isProven }: Waiter): boolean {
    const ofAddress = this.#byAddress.get(ip) ?? 0;
    if (this.#count >= this.#maxWaiting || ofAddress >= this.#limitOf(ip, isProven)) return false;
    this.#count++;
    this.#byAddress.set(ip, ofAddress + 1);
    return true;
  }

  #limitOf(ip: string, isProven: boolean): number {
    const { perAddress, blocks } = isProven ? this.#proven : this.#plain;
    if (this.#plain.perAddress === 0 || perAddress === 0) return Number.POSITIVE_INFINITY;
    const address = blocks.length === 0 ? null : parseIp(ip);
    const block = address === null ? undefined : blockOf(address, blocks);
    const limit = block?.limit ?? (isLocalClient(ip) ? -1 : perAddress);
    return limit < 0 ? Number.POSITIVE_INFINITY : limit;
  }

  #forget(ip: string): void {
    const left = (this.#byAddress.get(ip) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(ip, left);
    else this.#byAddress.delete(ip);
  }
}
