/**
 * A server as it is asked for one zone, and where what is known of both was found: held by who chooses it and asks it, so that a
 * question looks its server up once and not with each thing that it learns.
 *
 * Leaves to others: what is known (server-cache.ts, which alone reads and writes what is marked as its).
 */

import type { Name } from '../wire/name.ts';
import type { RoundTrip } from './round-trip.ts';
import type { ServerManners } from './server-manners.ts';
import { type ServerZoneInfo, serverZoneKey } from './server-zone-info.ts';

/** What is kept of one address (`ip@port`). */
export interface KnownAddress {
  readonly manners: ServerManners;
  roundTrip: RoundTrip;
  /** Longest timeout of zones that the address used to answer for and is silent for now, or of all while it answers nobody, ms. */
  suspectMs: number;
  readonly expiresAt: number;
}

/** Addresses of the own site in text: they answer although the line to the world is cut, or the other way round. */
const SITE_ADDRESS = /^(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.|^(?:::1@|f[cd]|fe[89ab])/;

export class KnownServer {
  /** `ip@port`. */
  readonly server: string;
  readonly zone: Name;
  /** Names both together. */
  readonly key: string;
  /** The cache's: entries that were found, and the changes of their maps then; null for none, and the additions to these. */
  address: KnownAddress | null = null;
  addressesAt = -1;
  info: ServerZoneInfo | null = null;
  infosAt = -1;
  #isOnSite: boolean | null = null;

  constructor(server: string, zone: Name) {
    this.server = server;
    this.zone = zone;
    this.key = serverZoneKey(server, zone);
  }

  /** Its address is one of the own site. */
  get isOnSite(): boolean {
    this.#isOnSite ??= isOnSite(this.server);
    return this.#isOnSite;
  }
}

export function isOnSite(server: string): boolean {
  return SITE_ADDRESS.test(server);
}
