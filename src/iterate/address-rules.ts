/**
 * Which addresses of servers may be asked at all.
 *
 * Duties: forbidden ranges, unspecified addresses, families that are switched off; remembering what was found, since each
 * question asks it of every server of its zone.
 * Leaves to others: how good a server is (server-selection.ts).
 */

import type { Address } from '../ports/network.ts';
import { addressText, DNS_PORT } from '../wire/address-text.ts';
import { parseIp } from '../wire/ip.ts';
import { isInPrefixes, isUnspecified } from '../wire/ip-prefix.ts';
import { isInNat64 } from './nat64.ts';
import type { IterateOptions } from './options.ts';

/** Addresses remembered; then all are forgotten. Near 200 octets each: at most 2 MiB. */
const MAX_REMEMBERED = 10_000;

/** An address that servers are asked at, with what is the same for each question to it. */
export interface ServerAddress {
  readonly address: Address;
  /** `ip@port`. */
  readonly key: string;
  /** False: it must never be asked. */
  readonly mayBeAsked: boolean;
}

/** The rules of one set of options. */
export class AddressRules {
  readonly #options: IterateOptions;
  #remembered = new Map<string, ServerAddress>();

  constructor(options: IterateOptions) {
    this.#options = options;
  }

  /** By an address in text; few servers listen at another port. */
  at(ip: string, port = DNS_PORT): ServerAddress {
    const known = this.#remembered.get(ip) ?? this.#remember(ip);
    return port === DNS_PORT ? known : addressAt(ip, port, known.mayBeAsked);
  }

  #remember(ip: string): ServerAddress {
    const made = addressAt(ip, DNS_PORT, mayAsk(ip, this.#options));
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered = new Map();
    this.#remembered.set(ip, made);
    return made;
  }
}

function addressAt(ip: string, port: number, mayBeAsked: boolean): ServerAddress {
  const address = { ip, port };
  return { address, key: addressText(address), mayBeAsked };
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
