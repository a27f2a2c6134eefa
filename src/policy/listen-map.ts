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

/** The value for a listening address, or for all addresses of its family. */
export function findListener<V>(values: ReadonlyMap<string, V>, local: LocalAddress | null | undefined): V | null {
  if (local === null || local === undefined) return null;
  const everywhere = local.ip.includes(':') ? '::' : '0.0.0.0';
  return values.get(listenKey(local)) ?? values.get(listenKey({ ip: everywhere, port: local.port })) ?? null;
}

/** The key of a listening address. */
export function listenKey({ ip, port }: LocalAddress): string {
  return `${ip}@${port}`;
}
