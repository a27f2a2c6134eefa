/**
 * DNS64 (RFC 6147): AAAA records made of A records for clients without IPv4, and the PTR of such addresses.
 *
 * Duties: put addresses into the prefix and take them out (RFC 6052 §2.2), with prefixes of the six lengths; say for which
 * names AAAA records are ignored.
 * Leaves to others: when the A records are asked for (apply-policy.ts).
 */

import { readU8 } from '../wire/bytes.ts';
import { ipText, parseIp, reverseName } from '../wire/ip.ts';
import { isAtOrBelow, labelsOf, type Name } from '../wire/name.ts';
import { mustParseName } from '../wire/name-text.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, type RRset, rdatasOf, rrsetOwner } from '../wire/rrset.ts';

export interface Dns64Options {
  /** 16 octets. */
  readonly prefix: Uint8Array;
  /** 32, 40, 48, 56, 64 or 96. */
  readonly prefixLength: number;
  /** dns64-synthall: AAAA records that there are do not count. */
  readonly synthesiseAll: boolean;
  /** dns64-ignore-aaaa: at and below these names AAAA records do not count where there are A records. */
  readonly ignoreAaaa: readonly Name[];
}

/** Prefix lengths that RFC 6052 §2.2 gives a form. */
const DNS64_PREFIX_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** Octet that stays zero between prefix and address (RFC 6052 §2.2: bits 64 to 71). */
const RESERVED_OCTET = 8;
const ADDRESS_OCTETS = 4;
const IP6_ARPA = mustParseName('ip6.arpa.');
const IP6_ARPA_LABELS = 34;

/** True when AAAA records of the name are to be ignored. */
export function ignoresAaaa({ synthesiseAll, ignoreAaaa }: Dns64Options, name: Name): boolean {
  return synthesiseAll || ignoreAaaa.some((zone) => isAtOrBelow(name, zone));
}

/** Where the octets of the IPv4 address stand in the IPv6 address (RFC 6052 §2.2). */
function octetPositions(prefixLength: number): number[] {
  const positions: number[] = [];
  for (let at = prefixLength / 8; positions.length < ADDRESS_OCTETS; at++) {
    if (at !== RESERVED_OCTET) positions.push(at);
  }
  return positions;
}

/** AAAA records with the addresses of an A set, under its owner. */
export function synthesise(addresses: RRset, { prefix, prefixLength }: Dns64Options): RRset {
  const positions = octetPositions(prefixLength);
  const rdatas = rdatasOf(addresses).map((four) => {
    const six = prefix.slice();
    positions.forEach((position, i) => {
      six[position] = readU8(four, i);
    });
    return six;
  });
  return packRRset({ owner: rrsetOwner(addresses), type: TYPE.AAAA, class: CLASS.IN, rdatas, signatures: [] });
}

/** The in-addr.arpa name for the ip6.arpa name of an address within the prefix; null for any other name. */
export function pointerName(name: Name, { prefix, prefixLength }: Dns64Options): Name | null {
  const labels = labelsOf(name);
  if (labels.length !== IP6_ARPA_LABELS || !isAtOrBelow(name, IP6_ARPA)) return null;
  const nibbles = labels.slice(0, 32).map((label) => Buffer.from(label).toString('latin1'));
  if (!nibbles.every((nibble) => /^[0-9a-f]$/i.test(nibble))) return null;
  const six = Buffer.from(nibbles.reverse().join(''), 'hex');
  for (let i = 0; i < prefixLength / 8; i++) {
    if (readU8(six, i) !== readU8(prefix, i)) return null;
  }
  const four = octetPositions(prefixLength).map((position) => readU8(six, position));
  return reverseName(Uint8Array.from(four));
}

/** The prefix of dns64-prefix as options take it; a string says why not. */
export function readPrefix(text: string): Pick<Dns64Options, 'prefix' | 'prefixLength'> | string {
  const [ip = '', length = ''] = text.split('/');
  const address = parseIp(ip);
  const prefixLength = Number(length);
  if (address?.length !== 16) return `dns64-prefix: not an IPv6 prefix: ${text}`;
  if (!DNS64_PREFIX_LENGTHS.includes(prefixLength)) {
    return `dns64-prefix length must be ${DNS64_PREFIX_LENGTHS.join(', ')}, not ${length}: ${ipText(address)}`;
  }
  return { prefix: address, prefixLength };
}
