/**
 * What is configured for the addresses where the server listens (the interface-* directives), by `ip@port`.
 *
 * A socket that listens on all addresses of a family is found for a stream that was accepted on one of them.
 */

/** Where a query came in; `serve` has it from its listeners. */
export interface LocalAddress {
  readonly ip: string;
  readonly port: number;
}

/** Values by listening address. Each listener has one object for its address, so that its value is looked for once. */
export class ListenMap<V> {
  readonly #values: ReadonlyMap<string, V>;
  readonly #found = new WeakMap<LocalAddress, V | null>();

  constructor(values: ReadonlyMap<string, V>) {
    this.#values = values;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The value for a listening address, or for all addresses of its family. @hot bench/serve-hot-query.ts */
  find(local: LocalAddress | null | undefined): V | null {
    if (local === null || local === undefined || this.#values.size === 0) return null;
    const found = this.#found.get(local);
    return found === undefined ? this.#remember(local) : found;
  }

  #remember(local: LocalAddress): V | null {
    const everywhere = local.ip.includes(':') ? '::' : '0.0.0.0';
    const at = (ip: string): V | undefined => this.#values.get(listenKey({ ip, port: local.port }));
    const value = at(local.ip) ?? at(everywhere) ?? null;
    this.#found.set(local, value);
    return value;
  }
}

export function listenKey({ ip, port }: LocalAddress): string {
  return `${ip}@${port}`;
}
