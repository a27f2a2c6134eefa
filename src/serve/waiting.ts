/**
 * Clients that wait for the resolver: one entry for each question, all its askers in it.
 *
 * Duties: askers of one question share one resolution, whatever their flags; bounds on waiting clients, in all and for one
 * address (DNSBomb, CVE-2024-33655: an attacker lets answers pile up and come at once).
 * Leaves to others: building each client's reply, time.
 */

import type { Address } from '../ports/network.ts';
import { type Question, questionKey } from '../wire/question.ts';
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
  readonly from: Address;
  readonly channel: ReplyChannel;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** What became of a client that wanted to wait: first of its question, one more, or one too many. */
export type Admission = 'first' | 'joined' | 'too-many';

/**
 * True for clients on this host. Their addresses cannot be forged from outside (the system drops such packets), so the
 * limits against forged clients do not apply to them; Unbound exempts them from wait-limit as well.
 */
export function isLocalClient(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

/** The waiting clients. */
export class Waiting {
  readonly #maxWaiting: number;
  readonly #maxPerAddress: number;
  readonly #byQuestion = new Map<string, Waiter[]>();
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  /** `maxPerAddress` 0: no such limit. */
  constructor(maxWaiting: number, maxPerAddress: number) {
    this.#maxWaiting = maxWaiting;
    this.#maxPerAddress = maxPerAddress;
  }

  /** Clients that wait. */
  get count(): number {
    return this.#count;
  }

  /** Adds a client, unless a bound forbids it. */
  admit(waiter: Waiter): Admission {
    const { ip } = waiter.from;
    const ofAddress = this.#byAddress.get(ip) ?? 0;
    if (this.#count >= this.#maxWaiting) return 'too-many';
    if (this.#maxPerAddress > 0 && ofAddress >= this.#maxPerAddress && !isLocalClient(ip)) return 'too-many';
    this.#count++;
    this.#byAddress.set(ip, ofAddress + 1);
    const key = questionKey(waiter.question);
    const askers = this.#byQuestion.get(key);
    if (askers === undefined) this.#byQuestion.set(key, [waiter]);
    else askers.push(waiter);
    return askers === undefined ? 'first' : 'joined';
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

  #forget(ip: string): void {
    const left = (this.#byAddress.get(ip) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(ip, left);
    else this.#byAddress.delete(ip);
  }
}
