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

/** The value for a place, or for all addresses of its family. */
export function findPlace<V>(values: ReadonlyMap<string, V>, place: ListeningPlace | null | undefined): V | null {
  if (place === null || place === undefined) return null;
  const everywhere = place.ip.includes(':') ? '::' : '0.0.0.0';
  return values.get(placeKey(place)) ?? values.get(placeKey({ ip: everywhere, port: place.port })) ?? null;
}

/** The key of a place. */
export function placeKey({ ip, port }: ListeningPlace): string {
  return `${ip}@${port}`;
}
