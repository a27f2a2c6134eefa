/**
 * Root hints: where the root's servers are when nothing is known yet (RFC 9609 §2).
 *
 * Duties: the built-in list (trust-anchors/named.root says where it is from), and a list out of a hints file's records.
 */

import { ipText } from '../wire/ip.ts';
import { isRoot, type Name, nameKey } from '../wire/name.ts';
import { mustParseName } from '../wire/name-text.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';

/** A server of the root with its addresses (canonical text). */
export interface Hint {
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** Letter of each root server with its addresses (named.root as of 2024-04-18; unchanged since b moved in 2023). */
const ROOT_SERVERS = [
  ['a', '198.41.0.4', '2001:503:ba3e::2:30'],
  ['b', '170.247.170.2', '2801:1b8:10::b'],
  ['c', '192.33.4.12', '2001:500:2::c'],
  ['d', '199.7.91.13', '2001:500:2d::d'],
  ['e', '192.203.230.10', '2001:500:a8::e'],
  ['f', '192.5.5.241', '2001:500:2f::f'],
  ['g', '192.112.36.4', '2001:500:12::d0d'],
  ['h', '198.97.190.53', '2001:500:1::53'],
  ['i', '192.36.148.17', '2001:7fe::53'],
  ['j', '192.58.128.30', '2001:503:c27::2:30'],
  ['k', '193.0.14.129', '2001:7fd::1'],
  ['l', '199.7.83.42', '2001:500:9f::42'],
  ['m', '202.12.27.33', '2001:dc3::35'],
] as const;

/** The hints that the program is born with. */
export const BUILT_IN_HINTS: readonly Hint[] = ROOT_SERVERS.map(([letter, ...addresses]) => ({
  name: mustParseName(`${letter}.root-servers.net.`),
  addresses,
}));

/**
 * Hints out of the records of a hints file: NS records of the root, and the addresses of the servers that they name.
 * Other records are left aside. Empty when there is no NS record of the root.
 */
export function hintsFromRecords(records: Iterable<ResourceRecord>): Hint[] {
  const addresses = new Map<string, string[]>();
  const servers = new Map<string, Name>();
  for (const record of records) {
    if (record.type === TYPE.A || record.type === TYPE.AAAA) {
      const key = nameKey(record.owner);
      addresses.set(key, [...(addresses.get(key) ?? []), ipText(record.rdata)]);
    } else if (record.type === TYPE.NS && isRoot(record.owner)) {
      const server = readTargetName(record.rdata);
      if (server !== null) servers.set(nameKey(server), server);
    }
  }
  return [...servers].map(([key, name]) => ({ name, addresses: addresses.get(key) ?? [] }));
}
