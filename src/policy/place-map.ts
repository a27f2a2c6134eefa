/**
 * What is configured for the places where the server listens (the interface-* directives), by `ip@port`.
 *
 * A socket that listens on all addresses of a family is found for a stream that was accepted on one of them.
 */

/** Where a query came in; `serve` has it from its listeners. */
export interface ListeningPlace {
  readonly ip: string;
  readonly port: number;
}

/** Values by place. Each listener has one object for its place, so that its value is looked for once. */
export class PlaceMap<V> {
  readonly #values: ReadonlyMap<string, V>;
  readonly #found = new WeakMap<ListeningPlace, V | null>();

  constructor(values: ReadonlyMap<string, V>) {
    this.#values = values;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The value for a place, or for all addresses of its family. @hot bench/serve-hot-query.ts */
  find(place: ListeningPlace | null | undefined): V | null {
    if (place === null || place === undefined || this.#values.size === 0) return null;
    const found = this.#found.get(place);
    return found === undefined ? this.#remember(place) : found;
  }

  #remember(place: ListeningPlace): V | null {
    const everywhere = place.ip.includes(':') ? '::' : '0.0.0.0';
    const at = (ip: string): V | undefined => this.#values.get(placeKey({ ip, port: place.port }));
    const value = at(place.ip) ?? at(everywhere) ?? null;
    this.#found.set(place, value);
    return value;
  }
}

/** The key of a place. */
export function placeKey({ ip, port }: ListeningPlace): string {
  return `${ip}@${port}`;
}
