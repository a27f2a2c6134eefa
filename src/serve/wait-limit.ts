/** How many queries of one client address may wait for the resolver (wait-limit and its kin; DNSBomb, CVE-2024-33655). */

import { parseIp } from '../wire/ip.ts';
import { blockOf, closestFirst, type NetblockLimit } from './netblock-limit.ts';

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
  /** Other limits for the clients of a netblock; the longest prefix counts; -1: any number. */
  readonly blocks: readonly NetblockLimit[];
}

/** The limits of one kind of client. */
export class WaitLimit {
  readonly #perAddress: number;
  readonly #blocks: readonly NetblockLimit[];

  constructor({ perAddress, blocks }: WaitLimits) {
    this.#perAddress = perAddress;
    this.#blocks = closestFirst(blocks);
  }

  /** True when there is no limit for anybody. */
  get isOff(): boolean {
    return this.#perAddress === 0;
  }

  /** Queries of this address that may wait; infinity: any number. */
  of(ip: string): number {
    if (this.isOff) return Number.POSITIVE_INFINITY;
    const address = this.#blocks.length === 0 ? null : parseIp(ip);
    const block = address === null ? undefined : blockOf(address, this.#blocks);
    const limit = block?.limit ?? (isLocalClient(ip) ? -1 : this.#perAddress);
    return limit < 0 ? Number.POSITIVE_INFINITY : limit;
  }
}
