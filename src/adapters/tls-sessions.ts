/**
 * Sessions of TLS 1.3 with servers, taken up again by the next connection (RFC 8446 §2.2): it costs a fraction of a new handshake.
 *
 * A session stands for what was checked when it began, so it is only for connections that want exactly the same checked. It is used
 * until the server gives a newer one: that an observer could link connections by it (RFC 8446 §C.4) tells no more than the two
 * addresses, which stay the same.
 */

import type { Address, TlsClientOptions } from '../ports/network.ts';
import { TransientMap } from '../work/transient-map.ts';

/** Servers whose session is kept: as many as a host has forwarders, and a good part of busy authorities. */
const MAX_SESSIONS = 1000;
/** Texts of authorities that are remembered: one of the configuration, one from before a reload, and none. */
const MAX_AUTHORITIES = 4;

export class TlsSessions {
  /** In the order in which they were given; with TLS 1.3 each connection brings two. */
  readonly #sessions = new TransientMap<string, Buffer>();
  /** Texts of authorities, by a number that is never given twice. */
  readonly #authorities = new Map<string, number>();
  #lastId = 0;

  /** The session to take up; undefined: there is none. */
  find(remote: Address, tls: TlsClientOptions): Buffer | undefined {
    return this.#sessions.get(this.#keyOf(remote, tls));
  }

  /** Keeps the newest one of a connection whose server was found to be the right one. */
  keep(remote: Address, tls: TlsClientOptions, session: Buffer): void {
    const key = this.#keyOf(remote, tls);
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size > MAX_SESSIONS) this.#sessions.takeOldest();
  }

  #keyOf({ ip, port }: Address, { authorities = '', ...rest }: TlsClientOptions): string {
    let id = this.#authorities.get(authorities);
    if (id === undefined) {
      if (this.#authorities.size >= MAX_AUTHORITIES) this.#authorities.clear();
      id = ++this.#lastId;
      this.#authorities.set(authorities, id);
    }
    return JSON.stringify([ip, port, id, Object.entries(rest).sort()]);
  }
}
