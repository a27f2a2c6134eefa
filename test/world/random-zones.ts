/**
 * Zones made by chance, small enough that questions often meet what is there: data, aliases, wildcards, empty non-terminals,
 * delegations signed and unsigned, names that differ in one octet. And questions about them. Not a test itself.
 */

import type { SeededRandom } from '../fake/fake-random.ts';

/** Owners in a mail domain by chance (its records, aliases, wildcards, zones below), and two that lead nowhere or to another zone. */
export const MAIL_OWNERS: readonly string[] = [
  'mx',
  '_25._tcp.mx',
  'to',
  '_25._tcp.to',
  'mx.dn',
  '_25._tcp.mx.dn',
  'x.w',
  'y.c.w',
  'b.c.d.w',
  'z.d.w',
  'dn',
  'mx.u',
  'mx.v.u',
  'u',
  'none',
];

/** What of a zone is its own, and which zones hang from it. */
export interface RandomZone {
  /** Records in master-file form, relative to the zone. */
  readonly text: string;
  /** Names of zones below it, relative to it. */
  readonly cuts: readonly string[];
}

/** Labels near each other in the canonical order of names (RFC 4034 §6.1), and some that sort by octets, not by letters. */
const LABELS = ['a', 'b', 'B', 'a\\000', 'a-', '_tcp', '_25', '\\000', '\\255', 'ab', 'x', 'a\\.b'];
const TYPES = [
  'A',
  'AAAA',
  'MX',
  'TXT',
  'TLSA',
  'DS',
  'CNAME',
  'DNAME',
  'NSEC',
  'NSEC3',
  'NSEC3PARAM',
  'SOA',
  'NS',
  'DNSKEY',
  'ANY',
];

/** One of the list, by chance. */
export function oneOf<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)] as T;
}

function nameOf(random: SeededRandom, most: number, labels: readonly string[]): string {
  return Array.from({ length: 1 + random.below(most) }, () => oneOf(random, labels)).join('.');
}

/** Records that may stand at a name: each list is the whole of one. */
const NODES: readonly ((name: string) => readonly string[])[] = [
  (name) => [`${name} IN A 192.0.2.10`],
  (name) => [`${name} IN A 192.0.2.11`, `${name} IN AAAA 2001:db8::11`],
  (name) => [`${name} IN MX 10 a`, `${name} IN TXT "mail"`],
  (name) => [`${name} IN TLSA 3 1 1 00`],
  (name) => [`${name} IN CNAME target`],
  (name) => [`${name} IN CNAME nowhere`],
];

/** A zone of up to so many names. */
export function randomZone(random: SeededRandom, most: number): RandomZone {
  // What aliases lead to is no alias, so that none leads back.
  const lines = ['target IN A 192.0.2.13', 'x.target IN TXT "y"'];
  const cuts: string[] = [];
  const taken = new Set<string>();
  const occluding: string[] = [];
  for (let n = random.below(most + 1); n > 0; n--) {
    const isWildcard = random.below(4) === 0;
    const below = nameOf(random, 3, LABELS);
    const name = isWildcard ? oneOf(random, [`*.${below}`, `*.${below}`, `a.*.${below}`, '*']) : below;
    const key = name.toLowerCase();
    // Nothing stands below a cut or a DNAME, nor does one come above what is there already.
    if (taken.has(key) || occluding.some((above) => key.endsWith(`.${above}`))) continue;
    const kind = random.below(10);
    const isFree = !isWildcard && ![...taken].some((other) => other.endsWith(`.${key}`));
    taken.add(key);
    if (kind < 2 && isFree) {
      occluding.push(key);
      if (kind === 0) cuts.push(name);
      else lines.push(`${name} IN DNAME ${oneOf(random, ['target', 'nowhere'])}`, `${name} IN A 192.0.2.12`);
    } else lines.push(...oneOf(random, NODES)(name));
  }
  return { text: `${lines.join('\n')}\n`, cuts };
}

/** A question about something at or below the zone: absolute name and type. */
export function randomQuestion(random: SeededRandom, zone: string): readonly [string, string] {
  const labels = random.below(8) === 0 ? [...LABELS, '*'] : LABELS;
  const relative = random.below(10) === 0 ? '' : `${nameOf(random, 4, labels)}.`;
  return [`${relative}${zone}`, oneOf(random, TYPES)];
}
