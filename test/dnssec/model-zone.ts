/**
 * A small model of a zone: which names exist, what a lookup gives, and the whole NSEC or NSEC3 chain that a signer would
 * make for it. The oracle for the denial proofs. Written from RFC 4592 and RFC 5155 §7.1, not from the code under test.
 * Not a test itself.
 */

import { createHash } from 'node:crypto';
import type { DenialRecord } from '../../src/dnssec/denial-record.ts';
import type { DenialOutcome } from '../../src/terms/denial-outcome.ts';
import { concatBytes, toBase32hex } from '../../src/wire/bytes.ts';
import { compareNames, type Name, nameKey } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { bitmapOf } from '../../src/wire/type-bitmap.ts';

/** Names with their types; the apex is in it. Names are relative to `example.`, the apex is the empty text. */
export type ModelZone = ReadonlyMap<string, readonly number[]>;

/** What a correct server says of a name and type. `beyond`: it lies below a cut or DNAME, so the zone says nothing. */
export type Truth =
  | 'data'
  | 'cname'
  | 'nodata'
  | 'nxdomain'
  | 'wildcard-nodata'
  | 'wildcard-data'
  | 'referral'
  | 'beyond';

const APEX = 'example.';

/** The absolute form of a relative name. */
export function absolute(relative: string): Name {
  return mustParseName(relative === '' ? APEX : `${relative}.${APEX}`);
}

function parent(relative: string): string {
  const dot = relative.indexOf('.');
  return dot < 0 ? '' : relative.slice(dot + 1);
}

function ancestors(relative: string): string[] {
  const list: string[] = [];
  for (let name = relative; name !== ''; ) {
    name = parent(name);
    list.push(name);
  }
  return list;
}

function isCut(zone: ModelZone, relative: string): boolean {
  return relative !== '' && (zone.get(relative)?.includes(TYPE.NS) ?? false);
}

function isOccluded(zone: ModelZone, relative: string): boolean {
  return ancestors(relative).some((name) => isCut(zone, name) || zone.get(name)?.includes(TYPE.DNAME) === true);
}

/** True when the name owns records or has such a name below it (RFC 4592 §2.2.2), and belongs to the zone. */
export function exists(zone: ModelZone, relative: string): boolean {
  if (relative === '' || zone.has(relative)) return true;
  return [...zone.keys()].some((name) => name.endsWith(`.${relative}`) && !isOccluded(zone, name));
}

/** What a correct server says (RFC 1034 §4.3.2 with RFC 4592). */
export function lookup(zone: ModelZone, relative: string, type: number): Truth {
  if (isOccluded(zone, relative)) return 'beyond';
  if (exists(zone, relative)) {
    const types = zone.get(relative) ?? [];
    if (isCut(zone, relative) && type !== TYPE.DS) return 'referral';
    if (types.includes(type)) return 'data';
    return types.includes(TYPE.CNAME) ? 'cname' : 'nodata';
  }
  const encloser = ancestors(relative).find((name) => exists(zone, name)) ?? '';
  const wildcard = encloser === '' ? '*' : `*.${encloser}`;
  if (!exists(zone, wildcard)) return 'nxdomain';
  const types = zone.get(wildcard) ?? [];
  return types.includes(type) || types.includes(TYPE.CNAME) ? 'wildcard-data' : 'wildcard-nodata';
}

/** Names that the chain has, with the types of their bitmaps. */
function signedNames(zone: ModelZone, withEmpty: boolean): [string, number[]][] {
  const names = new Map<string, number[]>();
  for (const [name, types] of zone) {
    if (isOccluded(zone, name)) continue;
    names.set(name, [...types, TYPE.RRSIG]);
    if (withEmpty)
      for (const above of ancestors(name)) if (!names.has(above)) names.set(above, [...(zone.get(above) ?? [])]);
  }
  return [...names];
}

/** The NSEC chain of the zone (RFC 4034 §4). */
export function nsecChain(zone: ModelZone): DenialRecord[] {
  const names = signedNames(zone, false).map(([name, types]) => ({ owner: absolute(name), types }));
  names.sort((a, b) => compareNames(a.owner, b.owner));
  return names.map(({ owner, types }, i) => {
    const next = names[(i + 1) % names.length]?.owner ?? owner;
    return verified(owner, concatBytes(next, bitmapOf([...types, TYPE.NSEC])));
  });
}

/** What of an NSEC3 chain one may choose. */
export interface ChainChoices {
  readonly iterations: number;
  readonly salt: Uint8Array;
  /** Opt-out: cuts without DS are left out, and all records have the flag. */
  readonly isOptOut: boolean;
}

/** The NSEC3 chain of the zone (RFC 5155 §7.1). */
export function nsec3Chain(zone: ModelZone, { iterations, salt, isOptOut }: ChainChoices): DenialRecord[] {
  const isLeftOut = (name: string) => isOptOut && isCut(zone, name) && zone.get(name)?.includes(TYPE.DS) !== true;
  const kept = new Map([...zone].filter(([name]) => !isLeftOut(name)));
  // What lies below a cut that was left out stays out.
  const visible = new Map([...kept].filter(([name]) => !isOccluded(zone, name)));
  const hashed = signedNames(visible, true).map(([name, types]) => ({ hash: hashOf(name, iterations, salt), types }));
  hashed.sort((a, b) => Buffer.compare(a.hash, b.hash));
  const head = Uint8Array.of(1, isOptOut ? 1 : 0, iterations >>> 8, iterations & 255, salt.length, ...salt, 20);
  return hashed.map(({ hash, types }, i) => {
    const next = hashed[(i + 1) % hashed.length]?.hash ?? hash;
    return verified(absolute(toBase32hex(hash)), concatBytes(head, next, bitmapOf(types)));
  });
}

function hashOf(relative: string, iterations: number, salt: Uint8Array): Uint8Array {
  let hash: Uint8Array = Buffer.from(nameKey(absolute(relative)), 'latin1');
  for (let i = 0; i <= iterations; i++) hash = createHash('sha1').update(hash).update(salt).digest();
  return hash;
}

function verified(owner: Name, rdata: Uint8Array): DenialRecord {
  const text = formatName(owner);
  const labels = text.split('.').length - 1;
  return { owner, rdata, signatureLabels: text.startsWith('*.') ? labels - 1 : labels };
}

/** The outcomes that are true of a truth, `not-proven` aside. */
export function isTrue(outcome: DenialOutcome, truth: Truth, type: number, isCut: boolean): boolean {
  switch (outcome.kind) {
    case 'nxdomain':
    case 'wildcard-nodata':
      return truth === outcome.kind;
    case 'nodata':
      return truth === 'nodata' && type !== TYPE.DS;
    case 'no-ds':
      return truth === 'nodata' && type === TYPE.DS && isCut;
    case 'no-cut':
      if (type !== TYPE.DS || isCut) return false;
      return outcome.isAlias ? truth === 'cname' || truth === 'wildcard-data' : truth === 'nodata';
    default:
      return false;
  }
}
