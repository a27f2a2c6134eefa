/** Zones that are made to cost a validator checks: keys that share a tag, signatures that never hold, DS that fit nothing. */

import { writeU16 } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { dsOf, type SigningKey } from '../world/keys.ts';
import { allOf, collidingKeys, noisyKey, onType, replaceSet, replaceSignatures } from '../world/lies.ts';
import { isAt } from '../world/loose-message.ts';
import type { Scene, Tamper } from '../world/scene.ts';

export const ROOT_IP = '198.41.0.4';
/** Tag that an attacker's keys share. */
export const TAG = 4711;

/** Algorithms with keys that can be made up: octets of a key and of a signature. */
const MADE_UP: Readonly<Record<number, { readonly key: number; readonly signature: number }>> = {
  13: { key: 64, signature: 64 },
  15: { key: 32, signature: 64 },
  16: { key: 57, signature: 114 },
};

/** What is wrong with a zone. Its honest entry key proves its keys unless told otherwise. */
export interface Trap {
  readonly zone: string;
  readonly ip: string;
  /** Types whose sets have signatures that never hold, by keys with the tag. */
  readonly flooded?: readonly number[];
  /** Algorithms of those. Default 15. */
  readonly algorithms?: readonly number[];
  /** In place of the honest DS set. */
  readonly ds?: readonly Uint8Array[];
  /** In place of the honest DNSKEY set and its signatures. */
  readonly dnskeys?: readonly Uint8Array[];
  readonly signers?: readonly SigningKey[];
}

/** Signatures of each flooded set. */
const FLOOD = 30;

/** Sets the traps: the root's server and those of the zones lie from now on. */
export function setTraps(scene: Scene, traps: readonly Trap[]): void {
  scene.tamper(ROOT_IP, allOf(...traps.map((trap) => lieAboutDs(scene, trap))));
  for (const trap of traps) scene.tamper(trap.ip, allOf(lieAboutKeys(scene, trap), ...floods(scene, trap)));
}

function lieAboutDs(scene: Scene, { zone, ds }: Trap): Tamper {
  const owner = mustParseName(zone);
  if (ds === undefined) return (reply) => reply;
  const signed = scene.signed(
    '.',
    ds.map((rdata) => recordAt(zone, TYPE.DS, rdata)),
  );
  return (reply) => {
    const isAsked = [...reply.answer, ...reply.authority].some((one) => one.type === TYPE.DS && isAt(one, owner));
    return isAsked ? replaceSet(reply, TYPE.DS, signed) : reply;
  };
}

function lieAboutKeys(scene: Scene, trap: Trap): Tamper {
  const { entryKeys, zoneKeys } = scene.world.get(trap.zone);
  const { algorithms = [15], signers = entryKeys } = trap;
  const colliding = algorithms.flatMap((algorithm) => collidingKeys(20, TAG, algorithm, MADE_UP[algorithm]?.key));
  const rdatas = trap.dnskeys ?? [...entryKeys, ...zoneKeys].map(({ dnskey }) => dnskey).concat(colliding);
  const set = { ...recordAt(trap.zone, TYPE.DNSKEY, new Uint8Array()), rdatas };
  const records = rdatas.map((rdata) => recordAt(trap.zone, TYPE.DNSKEY, rdata));
  const shown = [...records, ...signers.map((key) => scene.signature(trap.zone, set, { key }))];
  return onType(TYPE.DNSKEY, (reply) => ({ ...reply, answer: [...shown] }));
}

function floods(scene: Scene, { zone, flooded = [], algorithms = [15] }: Trap): Tamper[] {
  const keys = algorithms.map((algorithm) => noisyKey(TAG, algorithm, MADE_UP[algorithm]?.signature));
  return flooded.map((type) =>
    replaceSignatures(type, (records) => {
      const owners = Map.groupBy(records, ({ owner }) => owner.toString());
      return [...owners.values()].flatMap((set) =>
        Array.from({ length: FLOOD }, (_, i) =>
          scene.signed(zone, set, { key: keys[i % keys.length] as SigningKey }).slice(-1),
        ).flat(),
      );
    }),
  );
}

export function recordAt(owner: string, type: number, rdata: Uint8Array): ResourceRecord {
  return { owner: mustParseName(owner), type, class: CLASS.IN, ttl: 3600, rdata };
}

/** DS records that name the tag and fit no key. */
export function strayDs(count: number, algorithm = 15): Uint8Array[] {
  const random = new SeededRandom(count);
  return Array.from({ length: count }, () => {
    const rdata = new Uint8Array(36);
    writeU16(rdata, 0, TAG);
    rdata[2] = algorithm;
    rdata[3] = 2;
    rdata.set(random.bytes(32), 4);
    return rdata;
  });
}

/**
 * Keys that are each trusted by a DS, and sign with noise; so many of each tag. Three of one tag have more DS that do not fit
 * than are allowed.
 */
export function trustedLiars(zone: string, tags: number, ofEach = 1): { keys: SigningKey[]; ds: Uint8Array[] } {
  const keys = Array.from({ length: tags }, (_, i) =>
    collidingKeys(ofEach, TAG + i).map((dnskey) => ({ ...noisyKey(TAG + i), dnskey })),
  ).flat();
  return { keys, ds: keys.map((key) => dsOf(mustParseName(zone), key)) };
}

/** Keys that would have the tag if they had the zone key bit. */
export function keysWithoutBit(count: number): Uint8Array[] {
  return collidingKeys(count, TAG).map((dnskey) => {
    dnskey[0] = 0;
    return dnskey;
  });
}
