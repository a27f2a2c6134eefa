/**
 * Broken zones for the table of extended errors (zoo.test.ts): ways to spoil one thing of `test.` or its servers and nothing
 * else. Keys are spoiled with their set signed again (an operator's mistake) or not (a damaged zone file).
 */

import type { Name } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { dsOf, type SigningKey } from '../world/keys.ts';
import { onType, replaceSet } from '../world/lies.ts';
import { isAt, type LooseMessage, recordOf, SECTIONS, subjectOf } from '../world/loose-message.ts';
import { Scene, type Tamper } from '../world/scene.ts';
import type { SignRequest } from '../world/sign.ts';
import type { ZoneSpec } from '../world/world.ts';
import { NSEC3, type Signing } from '../world/zone.ts';

/** Server of `test.`, and of its parent. */
export const AUTH = '192.0.2.1';
const ROOT_SERVER = '198.41.0.4';
const DAY = 86_400;

/** Enough names that the records of one proof differ. */
const TEXT = `
www IN A 192.0.2.80
*.wild IN A 192.0.2.81
*.alias IN CNAME www
old IN DNAME new
${Array.from({ length: 24 }, (_, i) => `n${i} IN A 192.0.2.${100 + i}`).join('\n')}
`;

/** How the zone says no. */
export type Style = 'nsec' | 'nsec3';

/** What to do to a scene. */
export type Spoil = (scene: Scene) => void;

/** A scene with `test.` broken. */
export function spoilt(spoil: Spoil, style: Style = 'nsec', signing: Signing = {}): Scene {
  const denial = style === 'nsec3' ? { denial: NSEC3 } : {};
  const scene = Scene.withTest(TEXT, { signing: { ...denial, ...signing } });
  spoil(scene);
  return scene;
}

const isDenialType = (type: number) => type === TYPE.NSEC || type === TYPE.NSEC3;

/** Lies about the denial records of a reply only, with the signatures over them. */
export function onDenials(change: (records: ResourceRecord[], scene: Scene) => ResourceRecord[]): Spoil {
  return (scene) =>
    scene.tamper(AUTH, (reply) => {
      const denials = reply.authority.filter((one) => isDenialType(subjectOf(one)));
      const others = reply.authority.filter((one) => !isDenialType(subjectOf(one)));
      return denials.length === 0 ? reply : { ...reply, authority: [...others, ...change(denials, scene)] };
    });
}

/** The denial records without those of one owner. */
export function withoutDenial(owner: (scene: Scene) => Name | undefined): Spoil {
  return onDenials((records, scene) => {
    const gone = owner(scene);
    return gone === undefined ? records : records.filter((record) => !isAt(record, gone));
  });
}

/** Owner of the record that matches a name. */
export const matching = (name: string) => (scene: Scene) =>
  scene.world.get('test.').chain().match(mustParseName(name))?.owner;

/** Owner of the record that covers a name. */
export const covering = (name: string) => (scene: Scene) =>
  scene.world.get('test.').chain().cover(mustParseName(name))?.owner;

/** The denial records changed, each signed again. */
export function remadeDenials(
  change: (record: ResourceRecord) => ResourceRecord,
  choices: Partial<SignRequest> = {},
  which: (record: ResourceRecord, i: number) => boolean = () => true,
): Spoil {
  return onDenials((records, scene) => {
    const plain = records.filter(({ type }) => isDenialType(type));
    return plain.flatMap((record, i) =>
      which(record, i)
        ? scene.signed('test.', [change(record)], choices)
        : records.filter((one) => isAt(one, record.owner)),
    );
  });
}

/** Rdata with one octet changed. */
export const withOctet =
  (at: number, value: number) =>
  (record: ResourceRecord): ResourceRecord => ({ ...record, rdata: withOctetOf(record.rdata, at, value) });

/** Octets with one changed. */
export function withOctetOf(octets: Uint8Array, at: number, value: number): Uint8Array {
  const changed = octets.slice();
  changed[at] = value;
  return changed;
}

/** NSEC3 with another salt: one octet where there was none. */
export function saltedNsec3(record: ResourceRecord): ResourceRecord {
  const { rdata } = record;
  return { ...record, rdata: Uint8Array.of(...rdata.subarray(0, 4), 1, 0xab, ...rdata.subarray(5)) };
}

/** The owner's hash with another first digit. */
export function misplacedNsec3(record: ResourceRecord): ResourceRecord {
  const [hash = '', ...rest] = formatName(record.owner).split('.');
  const other = (hash.startsWith('0') ? '1' : '0') + hash.slice(1);
  return { ...record, owner: mustParseName([other, ...rest].join('.')) };
}

/** Times of signatures. */
export const EXPIRED = { inception: TEST_START_UNIX_SECONDS - 30 * DAY, expiration: TEST_START_UNIX_SECONDS - 7 * DAY };
export const TOO_EARLY = {
  inception: TEST_START_UNIX_SECONDS + 7 * DAY,
  expiration: TEST_START_UNIX_SECONDS + 30 * DAY,
};

/** Records as they were. */
export const asIs = (record: ResourceRecord): ResourceRecord => record;

/** One set of a reply to a type signed otherwise. */
export function resigned(type: number, choices: Partial<SignRequest>): Spoil {
  return (scene) =>
    scene.tamper(
      AUTH,
      onType(type, (reply) => {
        const set = reply.answer.filter((one) => one.type === type);
        return { ...reply, answer: scene.signed('test.', set, choices) };
      }),
    );
}

/** Several spoils of different servers. */
export const both =
  (...spoils: readonly Spoil[]): Spoil =>
  (scene) => {
    for (const spoil of spoils) spoil(scene);
  };

/** What the DNSKEY set of `test.` looks like, and who signs it. */
export interface KeySet {
  /** Rdatas shown. */
  readonly shown: readonly SigningKey[];
  /** Keys whose signatures over the shown set come along; `stale`: those over the true set do. */
  readonly signers: readonly SigningKey[] | 'stale';
  /** Keys that the parent's DS set names; absent: the true ones. */
  readonly ds?: readonly SigningKey[];
}

/** Another DNSKEY set. */
export function keySet(make: (keys: { readonly entry: SigningKey; readonly zone: SigningKey }) => KeySet): Spoil {
  return (scene) => {
    const { entryKeys, zoneKeys } = scene.world.get('test.');
    const { shown, signers, ds } = make({ entry: entryKeys[0] as SigningKey, zone: zoneKeys[0] as SigningKey });
    const owner = mustParseName('test.');
    const record = (type: number, rdata: Uint8Array) => ({ owner, type, class: 1, ttl: 3600, rdata });
    const dnskeys = shown.map(({ dnskey }) => record(TYPE.DNSKEY, dnskey));
    const set = { owner, type: TYPE.DNSKEY, class: 1, ttl: 3600, rdatas: shown.map(({ dnskey }) => dnskey) };
    scene.tamper(
      AUTH,
      onType(TYPE.DNSKEY, (reply) => {
        const stale = reply.answer.filter((one) => one.type === TYPE.RRSIG);
        const made = signers === 'stale' ? stale : signers.map((key) => scene.signature('test.', set, { key }));
        return { ...reply, answer: [...dnskeys, ...made] };
      }),
    );
    if (ds !== undefined) dsSet(ds.map((key) => dsOf(owner, key)))(scene);
  };
}

/** Another DS set at the parent; `choices` as it is signed. */
export function dsSet(rdatas: readonly Uint8Array[], choices: Partial<SignRequest> | 'unsigned' = {}): Spoil {
  const owner = mustParseName('test.');
  const records = rdatas.map((rdata) => ({ owner, type: TYPE.DS, class: 1, ttl: 3600, rdata }));
  return (scene) =>
    scene.tamper(ROOT_SERVER, (reply) => {
      const isShown = SECTIONS.some((name) => reply[name].some((one) => one.type === TYPE.DS && isAt(one, owner)));
      const put = choices === 'unsigned' ? records : scene.signed('.', records, choices);
      return isShown ? replaceSet(reply, TYPE.DS, put) : reply;
    });
}

/** DS rdatas of `test.` as they are, changed. */
export function changedDs(change: (rdata: Uint8Array) => void, choices: Partial<SignRequest> | 'unsigned' = {}): Spoil {
  return (scene) => {
    const ds = scene.world.get('test.').entryKeys.map((key) => dsOf(mustParseName('test.'), key));
    for (const rdata of ds) change(rdata);
    dsSet(ds, choices)(scene);
  };
}

/** An unsigned child zone `sub.test.`. */
export const CHILD: ZoneSpec = { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.83' };

/** `test.` with the child, and a lie about what comes from the parent's server. */
export function withChild(spoil: Spoil, child: Partial<ZoneSpec> = {}): Spoil {
  return (scene) => {
    scene.zone('sub.test.', { ...CHILD, ...child });
    spoil(scene);
  };
}

/** The denial of the DS comes from the child's own apex. */
export const childDeniesDs: Spoil = onDenials((records, scene) => {
  if (!records.some((one) => one.type === TYPE.NSEC)) return records;
  const nsec = recordOf('sub.test. 300 NSEC www.sub.test. NS SOA RRSIG NSEC DNSKEY');
  return scene.signed('sub.test.', [nsec]);
});

/** Only some servers' replies to a type, changed. */
export function toType(type: number, change: (reply: LooseMessage) => ReturnType<Tamper>): Spoil {
  return (scene) => scene.tamper(AUTH, onType(type, change));
}
