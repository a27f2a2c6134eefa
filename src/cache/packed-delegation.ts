/** What parents said of names as octets: a cut with its servers, or that there is none. */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { DelegationSource } from '../trace/events.ts';
import type { Name } from '../wire/name.ts';
import type { DelegatedServer, Delegation } from './delegation.ts';
import type { PackedForm } from './packed-map.ts';
import { readRanked, writeRanked } from './packed-rrset.ts';
import type { Packer, Unpacker } from './packing.ts';

/** Either a delegation or the note that a name is no cut. */
export type KnownCut =
  | { readonly kind: 'cut'; readonly cut: Delegation }
  | { readonly kind: 'no-cut'; readonly name: Name; readonly expiresAt: number };

/** A cut that was given up, and when: monotonic ms. */
export interface GivenUpCut {
  readonly cut: Delegation;
  readonly atMs: number;
}

/** Stands in the place of a type, since a map has one value for each name and type. */
export const CUT = 0;
/** The same for the note that there is none. */
export const NO_CUT = 1;
/** What stands in the place of a class. */
export const NO_CLASS = 0;

const SOURCES = ['hints', 'priming', 'referral', 'cache', 'stub', 'forward', 'auth-zone'] as const;
const HAS_DS = 0x100;
/** Octets before the expiry: its own, type and class. */
const EXPIRY_AT = 8;

export const DELEGATION_FORM: PackedForm<KnownCut> = {
  write: (known, to) => {
    if (known.kind === 'cut') writeCut(known.cut, to);
    else writeHead(to, { own: 0, type: NO_CUT, expiresAt: known.expiresAt, name: known.name });
  },
  read: (from) => {
    const head = readHead(from);
    if (head.type === CUT) return { kind: 'cut', cut: readCut(from, head) };
    return { kind: 'no-cut', name: head.name, expiresAt: head.expiresAt };
  },
};

export const GIVEN_UP_FORM: PackedForm<GivenUpCut> = {
  write: ({ cut, atMs }, to) => {
    writeCut(cut, to);
    to.u32(Math.floor(Math.ceil(atMs) / 2 ** 32));
    to.u32(Math.ceil(atMs) >>> 0);
  },
  read: (from) => {
    const cut = readCut(from, readHead(from));
    return { cut, atMs: from.u32() * 2 ** 32 + from.u32() };
  },
};

/** When what is known of a name ends, unix seconds. */
export function expiryOf(from: Unpacker): number {
  from.at += EXPIRY_AT;
  return from.time();
}

function writeCut({ zone, servers, source, receivedAt, expiresAt, hasDs, denial = [] }: Delegation, to: Packer): void {
  writeHead(to, { own: SOURCES.indexOf(source) | (hasDs ? HAS_DS : 0), type: CUT, expiresAt, name: zone });
  to.time(receivedAt);
  to.u16(servers.length);
  for (const { name, addresses } of servers) {
    to.nameBelow(name, zone);
    to.u16(addresses.length);
    for (const address of addresses) to.text(address);
  }
  to.u16(denial.length);
  for (const ranked of denial) writeRanked(ranked, to);
}

interface Head {
  readonly own: number;
  readonly type: number;
  readonly expiresAt: number;
  readonly name: Name;
}

function writeHead(to: Packer, { own, type, expiresAt, name }: Head): void {
  to.u32(own);
  to.u16(type);
  to.u16(NO_CLASS);
  to.time(expiresAt);
  to.bytes(name);
}

function readHead(from: Unpacker): Head {
  const own = from.u32();
  const type = from.u16();
  from.u16();
  return { own, type, expiresAt: from.time(), name: from.name() };
}

function readCut(from: Unpacker, { own, expiresAt, name: zone }: Head): Delegation {
  const source: DelegationSource = SOURCES[own & ~HAS_DS] ?? 'referral';
  const receivedAt = from.time();
  const servers: DelegatedServer[] = [];
  for (let left = from.u16(); left > 0; left--) servers.push(readServer(from, zone));
  const cut = { zone, servers, source, receivedAt, expiresAt, hasDs: (own & HAS_DS) !== 0 };
  const denial = readDenial(from);
  return denial.length === 0 ? cut : { ...cut, denial };
}

function readServer(from: Unpacker, zone: Name): DelegatedServer {
  const name = from.nameBelow(zone);
  const addresses: string[] = [];
  for (let left = from.u16(); left > 0; left--) addresses.push(from.text());
  return { name, addresses };
}

function readDenial(from: Unpacker): RankedRRset[] {
  const denial: RankedRRset[] = [];
  for (let left = from.u16(); left > 0; left--) denial.push(readRanked(from));
  return denial;
}
