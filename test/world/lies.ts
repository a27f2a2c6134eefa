/**
 * Ways for a server of a scene to lie: change only replies to one type, exchange signatures, show other keys than the zone
 * has, and keys that are made to collide (KeyTrap).
 */

import { concatBytes, readU16, writeU16 } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { dsOf, type SigningKey } from './keys.ts';
import { isAt, type LooseMessage, SECTIONS, subjectOf } from './loose-message.ts';
import type { Scene, Tamper } from './scene.ts';

/** Lies only where the question is of a type. */
export function onType(type: number, lie: (reply: LooseMessage) => ReturnType<Tamper>): Tamper {
  return (reply) => (reply.question?.type === type ? lie(reply) : reply);
}

/** Several lies, one after the other. */
export function allOf(...tampers: readonly Tamper[]): Tamper {
  return (reply, query) => {
    let current: ReturnType<Tamper> = reply;
    for (const tamper of tampers) {
      if (current === null || current instanceof Uint8Array) return current;
      current = tamper(current, query);
    }
    return current;
  };
}

/** The records of a type in all sections go, with their signatures; `put` stands in their place. */
export function replaceSet(reply: LooseMessage, type: number, put: readonly ResourceRecord[]): LooseMessage {
  for (const section of SECTIONS) {
    const at = reply[section].findIndex((record) => subjectOf(record) === type);
    if (at < 0) continue;
    const rest = reply[section].filter((record) => subjectOf(record) !== type);
    rest.splice(at, 0, ...put);
    reply[section] = rest;
    return reply;
  }
  return reply;
}

/** The signatures over a type go; `make` makes others out of the set. */
export function replaceSignatures(
  type: number,
  make: (records: readonly ResourceRecord[]) => readonly ResourceRecord[],
): Tamper {
  return (reply) => {
    for (const section of SECTIONS) {
      const records = reply[section].filter((record) => record.type === type);
      if (records.length === 0) continue;
      const others = reply[section].filter((record) => record.type !== type && subjectOf(record) !== type);
      reply[section] = [...records, ...make(records), ...others];
    }
    return reply;
  };
}

/** Keys to show. */
export interface ShownKeys {
  readonly entry: readonly SigningKey[];
  /** Further DNSKEY records. Default: the keys that sign the zone's data. */
  readonly others?: readonly ResourceRecord[];
  /** Default: one for each of `entry`. */
  readonly ds?: readonly Uint8Array[];
}

/** Shows other keys for a zone: a DS for each of `entry` at the parent's server, the DNSKEY set at the zone's; `more` lies besides. */
export function showKeys(
  scene: Scene,
  where: { readonly zone: string; readonly parent: string; readonly parentIp: string; readonly ip: string },
  keys: ShownKeys,
  more: Tamper = (reply) => reply,
): void {
  const owner = mustParseName(where.zone);
  const record = (type: number, rdata: Uint8Array): ResourceRecord => ({
    owner,
    type,
    class: CLASS.IN,
    ttl: 3600,
    rdata,
  });
  const ds = (keys.ds ?? keys.entry.map((key) => dsOf(owner, key))).map((rdata) => record(TYPE.DS, rdata));
  const others = keys.others ?? scene.world.get(where.zone).zoneKeys.map((key) => record(TYPE.DNSKEY, key.dnskey));
  const dnskeys = [...keys.entry.map(({ dnskey }) => record(TYPE.DNSKEY, dnskey)), ...others];
  const set = { owner, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600, rdatas: dnskeys.map(({ rdata }) => rdata) };
  const shown = [...dnskeys, ...keys.entry.map((key) => scene.signature(where.zone, set, { key }))];
  scene.tamper(where.parentIp, (reply) => {
    const isAsked = [...reply.answer, ...reply.authority].some((one) => one.type === TYPE.DS && isAt(one, owner));
    return isAsked ? replaceSet(reply, TYPE.DS, scene.signed(where.parent, ds)) : reply;
  });
  const showDnskeys = onType(TYPE.DNSKEY, (reply) => ({ ...reply, answer: [...shown] }));
  scene.tamper(where.ip, allOf(showDnskeys, more));
}

/** A key with another first part of its rdata: flags, protocol. */
export function keyWith(key: SigningKey, { flags, protocol = 3 }: { flags?: number; protocol?: number }): SigningKey {
  const dnskey = key.dnskey.slice();
  if (flags !== undefined) writeU16(dnskey, 0, flags);
  dnskey[2] = protocol;
  return { ...key, dnskey, tag: keyTag(dnskey) };
}

/** Keys of one algorithm that all have the same tag: the points are random, two octets make up the sum. */
export function collidingKeys(count: number, tag: number, algorithm = 15, octets = 32): Uint8Array[] {
  const random = new SeededRandom(tag);
  const keys: Uint8Array[] = [];
  while (keys.length < count) {
    const dnskey = concatBytes(Uint8Array.of(1, 0, 3, algorithm), random.bytes(octets));
    writeU16(dnskey, 4, 0);
    // The tag is a sum of 16-bit words with its carry added (RFC 4034 appendix B): what is missing goes into one word.
    const missing = (tag - keyTag(dnskey) + 0x10000) & 0xffff;
    for (const value of [missing, (missing + 0xffff) & 0xffff]) {
      writeU16(dnskey, 4, value);
      if (keyTag(dnskey) === tag) break;
    }
    if (keyTag(dnskey) === tag) keys.push(dnskey);
  }
  return keys;
}

/** A key that signs with nothing but noise, for signatures that cost a check and never hold. */
export function noisyKey(tag: number, algorithm = 15, octets = 64): SigningKey {
  const random = new SeededRandom(tag + 1);
  return { algorithm, tag, dnskey: new Uint8Array(), sign: () => random.bytes(octets) };
}

/** The TTL-free identity of a signature: which key made it. */
export function signerTag({ rdata }: ResourceRecord): number {
  return readU16(rdata, 16);
}

/** Shows eight keys of one tag, and signatures that each of them might have made: as many checks as they multiply to. */
export function showCollidingKeys(scene: Scene, where: Parameters<typeof showKeys>[1]): void {
  const owner = mustParseName(where.zone);
  const key = { owner, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600 };
  const others = collidingKeys(8, 4711).map((rdata) => ({ ...key, rdata }));
  const noisy = noisyKey(4711);
  const flood = replaceSignatures(TYPE.A, (set) =>
    Array.from({ length: 8 }, () => scene.signed(where.zone, set, { key: noisy }).at(-1) ?? []).flat(),
  );
  showKeys(scene, where, { entry: scene.world.get(where.zone).entryKeys, others }, flood);
}
