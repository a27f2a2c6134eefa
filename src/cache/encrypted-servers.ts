/**
 * Which servers take questions over an encrypted transport that nobody has told us of (RFC 9539 §4.2, §4.5): by address, not by zone.
 *
 * Duties: remembering for a bounded time and in bounded memory. Leaves to others: trying, and what a question does meanwhile
 * (iterate/opportunistic-tls.ts).
 */

import type { Clock } from '../ports/clock.ts';
import { ByteBoundedMap, ENTRY_OCTETS } from './byte-bounded-map.ts';

/** Octets of one server besides its entry: an object with three fields. */
const SERVER_OCTETS = 40;
/** Octets of one server in all. */
export const ENCRYPTED_SERVER_OCTETS = ENTRY_OCTETS + SERVER_OCTETS;

/** How long what was found is remembered, ms (RFC 9539 §4.3, by the names used there). */
export interface EncryptionMemory {
  /** After the last answer that came encrypted. */
  readonly persistenceMs: number;
  /** After an attempt that failed. */
  readonly dampingMs: number;
}

/** How the last attempt ended (RFC 9539 §4.5). */
type Status = 'success' | 'fail' | 'timeout';

interface Known {
  readonly status: Status;
  /** When that was, monotonic ms. */
  readonly atMs: number;
  /** Until when a question was left unanswered too recently to wait for another one, monotonic ms. */
  doubtedUntilMs: number;
}

export class EncryptedServers {
  readonly #clock: Clock;
  readonly #servers: ByteBoundedMap<Known>;

  constructor(clock: Clock, maxServers: number) {
    this.#clock = clock;
    this.#servers = new ByteBoundedMap({
      maxBytes: maxServers * ENCRYPTED_SERVER_OCTETS,
      sizeOf: () => SERVER_OCTETS,
    });
  }

  /** `encrypted`: it answers so, `plain`: it was found not to, a while ago at most; `unknown`: it may be tried. */
  standing(ip: string, { persistenceMs, dampingMs }: EncryptionMemory): 'encrypted' | 'plain' | 'unknown' {
    const known = this.#servers.get(ip);
    if (known === null) return 'unknown';
    const nowMs = this.#clock.monotonicMs();
    const isSuccess = known.status === 'success';
    if (nowMs - known.atMs >= (isSuccess ? persistenceMs : dampingMs)) return 'unknown';
    return isSuccess && nowMs >= known.doubtedUntilMs ? 'encrypted' : 'plain';
  }

  note(ip: string, status: Status): void {
    this.#servers.set(ip, { status, atMs: this.#clock.monotonicMs(), doubtedUntilMs: 0 });
  }

  /** For so long it counts as `plain`, or until something comes encrypted. */
  doubt(ip: string, forMs: number): void {
    const known = this.#servers.peek(ip);
    if (known !== null) known.doubtedUntilMs = this.#clock.monotonicMs() + forMs;
  }

  remove(ip: string): void {
    this.#servers.delete(ip);
  }

  clear(): void {
    this.#servers.clear();
  }

  /** Servers that something is known of. */
  get count(): number {
    return this.#servers.count;
  }

  get sizeBytes(): number {
    return this.#servers.sizeBytes;
  }
}
