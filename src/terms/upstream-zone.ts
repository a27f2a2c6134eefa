/** Zones whose servers an operator names (stub-zone, forward-zone, control channel), and local copies of zones. */

import { isAtOrBelow, type Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';

/** A server of such a zone, by address. */
export interface UpstreamServer {
  readonly ip: string;
  readonly port: number;
  /** Over TLS: the name that its certificate must hold; null: it is not checked. */
  readonly tlsName: string | null;
}

/** A server of such a zone, by name; its addresses are looked up. */
export interface UpstreamHost {
  readonly name: Name;
  readonly port: number;
  readonly tlsName: string | null;
}

/** A zone whose servers are given. */
export interface UpstreamZone {
  /** `stub`: the servers are authoritative. `forward`: they recurse for us (RD is set, no minimisation). */
  readonly kind: 'stub' | 'forward';
  readonly zone: Name;
  /** `stub-addr`, `forward-addr`. */
  readonly addresses: readonly UpstreamServer[];
  /** `stub-host`, `forward-host`: looked up when needed. */
  readonly hosts: readonly UpstreamHost[];
  /** `stub-prime`: ask the servers for the zone's own NS set first and use that. */
  readonly prime: boolean;
  /** `stub-first`, `forward-first`: when the servers fail, resolve from the root instead. */
  readonly first: boolean;
  /** `stub-tcp-upstream`, `forward-tcp-upstream`: ask over TCP only. */
  readonly tcp: boolean;
  /** `stub-tls-upstream`, `forward-tls-upstream`: ask over TLS only. */
  readonly tls: boolean;
  /** `stub-tls-pin`, `forward-tls-pin`: digests of keys in base64, of which servers must have one over TLS; absent or empty: any. */
  readonly tlsPins?: readonly string[];
  /** `forward-tls-dane`: servers must have a key that the TLSA records of their names hold; absent: no. */
  readonly tlsDane?: boolean;
  /** `stub-no-cache`, `forward-no-cache`: answers are used once and not stored. */
  readonly noCache: boolean;
}

const NONE: ReadonlySet<UpstreamZone> = new Set();

/** The deepest of the zones at or above the name, of stub and forward of one name the forward; null when there is none. */
export function closestUpstreamZone(
  zones: readonly UpstreamZone[],
  name: Name,
  ignored: ReadonlySet<UpstreamZone> = NONE,
): UpstreamZone | null {
  let closest: UpstreamZone | null = null;
  for (const each of zones) {
    if (ignored.has(each) || !isAtOrBelow(name, each.zone)) continue;
    const further = each.zone.length - (closest?.zone.length ?? 0);
    if (further > 0 || (further === 0 && each.kind === 'forward')) closest = each;
  }
  return closest;
}

/** A local copy of a zone, asked in place of its servers (`auth-zone` with `for-upstream`, RFC 8806). */
export interface ZoneCopy {
  readonly zone: Name;
  /** Stands where a server's address does in what is remembered of data. */
  readonly key: string;
  /** The response to a question, octets of a message; null: the copy cannot be used and the servers may not be asked. */
  respond(question: Question): Uint8Array | null;
}

/** The local copies that there are. */
export interface ZoneCopies {
  /** The deepest copy at or above a name; `avoid` holds keys of copies whose data was bad. */
  closest(name: Name, avoid: ReadonlySet<string>): ZoneCopy | null;
}
