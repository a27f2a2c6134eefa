/**
 * Who may begin a TLS handshake: one costs this process about a millisecond, and its client hardly anything.
 *
 * Duties: for each client a bound on handshakes under way and on those begun within a second. A client is an IPv4 address or
 * the /64 of an IPv6 address, which one host has whole.
 * Leaves to others: how long a handshake may take, how many there are in all (the network port).
 */

import type { Clock } from '../ports/clock.ts';
import { toHex } from '../wire/bytes.ts';
import { parseIp } from '../wire/ip.ts';
import { TransientMap } from '../work/transient-map.ts';

/**
 * Handshakes of one client under way at once. Reason: half-open ones hold memory and a place in the line for as long as they may
 * take; a mail server or a proxy opens a few connections at a time.
 */
export const MAX_HANDSHAKES_UNDER_WAY = 16;
/**
 * Handshakes of one client begun within a second. Reason: 100 new P-256 handshakes take a tenth of a core; clients that keep their
 * connections or come back with a session need a few.
 */
export const MAX_HANDSHAKES_PER_SECOND = 100;
/** Clients whose handshakes of this second are counted; when there are more, newcomers wait for the next second. */
export const MAX_HANDSHAKE_CLIENTS = 10_000;

const SECOND_MS = 1000;
/** Octets of an IPv6 address that name the network of one host. */
const NETWORK_OCTETS = 8;

export class HandshakeGate {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #underWay = new TransientMap<string, number>();
  /** Of this second. */
  #begun = new Map<string, number>();
  #second = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** A handshake is to begin; false when it may not. What began must be ended with `end`. */
  begin(ip: string): boolean {
    const client = clientOf(ip);
    const underWay = this.#underWay.get(client) ?? 0;
    if (underWay >= MAX_HANDSHAKES_UNDER_WAY || !this.#countBegun(client)) return false;
    this.#underWay.set(client, underWay + 1);
    return true;
  }

  /** A handshake that had begun has ended, well or not. */
  end(ip: string): void {
    const client = clientOf(ip);
    const left = (this.#underWay.get(client) ?? 1) - 1;
    if (left > 0) this.#underWay.set(client, left);
    else this.#underWay.delete(client);
  }

  #countBegun(client: string): boolean {
    const second = Math.floor(this.#clock.monotonicMs() / SECOND_MS);
    if (second !== this.#second) this.#begun = new Map();
    this.#second = second;
    const begun = this.#begun.get(client);
    if (begun === undefined && this.#begun.size >= MAX_HANDSHAKE_CLIENTS) return false;
    if ((begun ?? 0) >= MAX_HANDSHAKES_PER_SECOND) return false;
    this.#begun.set(client, (begun ?? 0) + 1);
    return true;
  }
}

function clientOf(ip: string): string {
  const address = ip.includes(':') ? parseIp(ip) : null;
  return address === null ? ip : toHex(address.subarray(0, NETWORK_OCTETS));
}
