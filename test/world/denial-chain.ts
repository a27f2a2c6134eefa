/** The chain of NSEC or NSEC3 records of a test zone (RFC 4034 §4, RFC 5155 §7.1), and which of them prove what. */

import { createHash } from 'node:crypto';
import { compareBytes, concatBytes, toBase32hex, writeU16 } from '../../src/wire/bytes.ts';
import { compareNames, type Name, nameKey, prependLabel, toLowerCase } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { bitmapOf } from '../../src/wire/type-bitmap.ts';
import type { ZoneSet } from './sign.ts';

/** How absence is proven. */
export type DenialStyle =
  | { readonly kind: 'nsec' }
  | { readonly kind: 'nsec3'; readonly iterations: number; readonly salt: Uint8Array; readonly optOut: boolean };

/** A name of the zone and the types it has, as a chain shows it. */
export interface ChainName {
  readonly name: Name;
  readonly types: readonly number[];
  /** A cut without DS: opt-out leaves it out. */
  readonly isInsecureCut: boolean;
  /** A name without records that has children: NSEC leaves it out. */
  readonly isEmpty: boolean;
}

/** Gives the record that matches or covers a name. */
export interface DenialChain {
  readonly sets: readonly ZoneSet[];
  /** The record whose owner is the name; null when there is none. */
  match(name: Name): ZoneSet | null;
  /** The record whose span the name falls into. */
  cover(name: Name): ZoneSet | null;
}

/** What every set of a chain shares. */
export interface ChainZone {
  readonly apex: Name;
  readonly ttl: number;
  readonly class: number;
}

/** Builds the chain. */
export function buildChain(names: readonly ChainName[], style: DenialStyle, zone: ChainZone): DenialChain {
  return style.kind === 'nsec' ? buildNsec(names, zone) : buildNsec3(names, style, zone);
}

function buildNsec(names: readonly ChainName[], { apex, ttl, class: zoneClass }: ChainZone): DenialChain {
  const sorted = names.filter(({ isEmpty }) => !isEmpty).sort((a, b) => compareNames(a.name, b.name));
  const sets = sorted.map(({ name, types }, i): ZoneSet => {
    const next = sorted[i + 1]?.name ?? apex;
    const rdata = concatBytes(next, bitmapOf([...types, TYPE.NSEC, TYPE.RRSIG]));
    return { owner: name, type: TYPE.NSEC, class: zoneClass, ttl, rdatas: [rdata] };
  });
  return {
    sets,
    match: (name) => sets.find((set) => nameKey(set.owner) === nameKey(name)) ?? null,
    cover: (name) => sets.findLast((set) => compareNames(set.owner, name) <= 0) ?? sets.at(-1) ?? null,
  };
}

type Nsec3Style = Extract<DenialStyle, { kind: 'nsec3' }>;

/** NSEC3 hash of a name (RFC 5155 §5). */
export function hashName(name: Name, salt: Uint8Array, iterations: number): Uint8Array {
  let digest: Uint8Array = toLowerCase(name);
  for (let i = 0; i <= iterations; i++) digest = createHash('sha1').update(digest).update(salt).digest();
  return new Uint8Array(digest);
}

/** Rdata of NSEC3PARAM for a style. */
export function nsec3Param({ iterations, salt }: Nsec3Style): Uint8Array {
  return concatBytes(Uint8Array.of(1, 0, iterations >>> 8, iterations & 0xff, salt.length), salt);
}

function buildNsec3(names: readonly ChainName[], style: Nsec3Style, zone: ChainZone): DenialChain {
  const { iterations, salt, optOut } = style;
  const chained = names
    .filter(({ isInsecureCut }) => !(optOut && isInsecureCut))
    .map((entry) => ({ ...entry, hash: hashName(entry.name, salt, iterations) }))
    .sort((a, b) => compareBytes(a.hash, b.hash));
  const head = concatBytes(Uint8Array.of(1, optOut ? 1 : 0, 0, 0, salt.length), salt, Uint8Array.of(20));
  writeU16(head, 2, iterations);
  const links = chained.map(({ hash, types, isEmpty, isInsecureCut }, i) => {
    const next = chained[(i + 1) % chained.length]?.hash ?? hash;
    const shown = isEmpty || isInsecureCut ? types : [...types, TYPE.RRSIG];
    const label = new TextEncoder().encode(toBase32hex(hash));
    const owner = prependLabel(label, zone.apex);
    if (owner === null) throw new Error('the zone name is too long for NSEC3');
    const rdatas = [concatBytes(head, next, bitmapOf(shown))];
    return { hash, set: { owner, type: TYPE.NSEC3, class: zone.class, ttl: zone.ttl, rdatas } };
  });
  const hashed = (name: Name) => hashName(name, salt, iterations);
  return {
    sets: links.map((link) => link.set),
    match: (name) => links.find((link) => compareBytes(link.hash, hashed(name)) === 0)?.set ?? null,
    cover: (name) => {
      const hash = hashed(name);
      return (links.findLast((link) => compareBytes(link.hash, hash) <= 0) ?? links.at(-1))?.set ?? null;
    },
  };
}
