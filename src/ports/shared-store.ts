/** A store of octets by key that several hosts share (Redis, Valkey). Whoever can write to it may have put anything there. */

/** What asking it ends as: octets, null when it has none under the key, or why it did not answer. */
export type StoreResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly text: string };

export interface SharedStore {
  /** Resolves in any case, with a fault at the latest after the command timeout that it was opened with. */
  get(key: string): Promise<StoreResult<Uint8Array | null>>;
  /** `seconds`: when the store may forget it; null: it decides. Resolves as `get` does. */
  set(key: string, value: Uint8Array, seconds: number | null): Promise<StoreResult<void>>;
  /** Closes connections; what is asked after that fails. */
  close(): void;
}

/** One server of a store, by how it is reached. */
export interface StoreServer {
  /** Address or name. Without meaning where there is a path. */
  readonly host: string;
  readonly port: number;
  /** Unix socket; empty: none. */
  readonly path: string;
  /** Empty: none is sent. */
  readonly password: string;
  readonly database: number;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Where a store is. */
export interface StoreServers {
  readonly server: StoreServer;
  /** Asked in place of the server where something is only read; null: none. */
  readonly replica: StoreServer | null;
  /** Who tells which server is the master now, and under which name it is known to them; null: `server` itself is asked. */
  readonly sentinels: {
    readonly servers: readonly { readonly host: string; readonly port: number }[];
    readonly name: string;
    readonly password: string;
  } | null;
  /** TLS to all of them: their certificates hold the name or address that they are reached by, of these authorities. Null: none. */
  readonly tls: {
    /** PEM text; null: those that come with the program. */
    readonly authorities: string | null;
  } | null;
  /** Some servers of a cluster, in the place of `server`; empty: it is none. */
  readonly cluster: readonly { readonly host: string; readonly port: number }[];
}

/** Opens a store. Connecting goes on beside; a store that is down is one that answers with faults. */
export type OpenStore = (servers: StoreServers) => Promise<SharedStore>;
