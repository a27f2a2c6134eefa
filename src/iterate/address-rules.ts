/**
 * Which addresses of servers may be asked at all.
 *
 * Duties: forbidden ranges, unspecified addresses, families that are switched off; remembering what was found, since each
 * question asks it of every server of its zone.
 * Leaves to others: how good a server is (server-selection.ts).
 */

import { parseIp } from '../wire/ip.ts';
import { isInPrefixes, isUnspecified } from '../wire/ip-prefix.ts';
import { isInNat64 } from './nat64.ts';
import type { IterateOptions } from './options.ts';

/** Addresses remembered; then all are forgotten. Near 100 octets each: at most 1 MiB. */
const MAX_REMEMBERED = 10_000;

/** The rules of one set of options. */
export class AddressRules {
  readonly #options: IterateOptions;
  readonly #remembered = new Map<string, boolean>();

  constructor(options: IterateOptions) {
    this.#options = options;
  }

  /** False for addresses (text) that must never be asked. */
  mayAsk(ip: string): boolean {
    const known = this.#remembered.get(ip);
    if (known !== undefined) return known;
    const isPermitted = mayAsk(ip, this.#options);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(ip, isPermitted);
    return isPermitted;
  }
}

function mayAsk(ip: string, options: IterateOptions): boolean {
  const octets = parseIp(ip.replace(/%.*$/, ''));
  // CVE-2026-50251: glue of 0.0.0.0 or :: would make us ask ourselves.
  if (octets === null || isUnspecified(octets)) return false;
  const { nat64Prefix } = options;
  // An address behind the NAT64 stands for an IPv4 one, so that rules about IPv6 do not forbid it.
  if (isInNat64(octets, nat64Prefix)) return true;
  const isIp6 = octets.length > 4;
  if (isIp6 ? !options.useIp6 : !options.useIp4 && nat64Prefix === null) return false;
  return !isInPrefixes(octets, options.doNotQuery);
}
