/**
 * A test zone: its records, its cuts, its keys, its chain of denials, and signatures made when they are first asked for.
 *
 * Leaves to others: which records answer a question (answer.ts), who serves it (world.ts).
 */

import { compareNames, isAtOrBelow, isBelow, type Name, nameKey, parentOf } from '../../src/wire/name.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ZoneRecord } from '../../src/wire/zone-text.ts';
import { Breakages } from './breakage.ts';
import { buildChain, type ChainName, type DenialChain, type DenialStyle, nsec3Param } from './denial-chain.ts';
import { KEY_FLAGS, type KeyStore, type SigningAlgorithm, type SigningKey } from './keys.ts';
import { type SignRequest, signSet, type ZoneSet } from './sign.ts';

/** Days before and after "now" that signatures are good for. */
const SIGNED_BEFORE_SECONDS = 7 * 86_400;
const SIGNED_AFTER_SECONDS = 30 * 86_400;
/** Iterations of a zone whose NSEC3 nobody should follow. */
const ABSURD_ITERATIONS = 2_000;

/** One of the keys that a zone has one after another. */
export interface ZoneKeyPlan {
  readonly algorithm: SigningAlgorithm;
  readonly generation: number;
}

/** Which keys do what at one moment of a rollover (RFC 6781 §4.1); all that sign are published too. */
export interface KeyPlan {
  /** Keys that the parent's DS set is made of. */
  readonly ds: readonly ZoneKeyPlan[];
  /** Keys that sign the DNSKEY set. */
  readonly entry: readonly ZoneKeyPlan[];
  /** Keys that sign everything else. */
  readonly zone: readonly ZoneKeyPlan[];
  /** Keys for everything else that are published and sign nothing. */
  readonly standby: readonly ZoneKeyPlan[];
}

/** How a zone is signed. */
export interface Signing {
  /** In place of `algorithms`: keys in the middle of a rollover. */
  readonly keys?: KeyPlan;
  /** Default 15: deterministic and quick. Several: the zone is signed with each. */
  readonly algorithms?: readonly SigningAlgorithm[];
  /** Default NSEC. */
  readonly denial?: DenialStyle;
  readonly rsaBits?: number;
  /** Digest types of the DS set in the parent. Default 2. */
  readonly digestTypes?: readonly (1 | 2 | 4)[];
  /** One key for everything instead of a key-signing and a zone-signing key. */
  readonly singleKey?: boolean;
  /** Default: seven days before the start to 30 days after it, unix seconds. */
  readonly inception?: number;
  readonly expiration?: number;
}

/** NSEC3 without salt and further iterations, as RFC 9276 wants it. */
export const NSEC3: DenialStyle = { kind: 'nsec3', iterations: 0, salt: new Uint8Array(), optOut: false };
/** The same, leaving unsigned delegations out. */
export const NSEC3_OPT_OUT: DenialStyle = { ...NSEC3, optOut: true };

/** Where a zone comes from. */
export interface ZoneParts {
  readonly apex: Name;
  readonly signing: Signing | null;
  readonly keys: KeyStore;
  /** Time that signatures are made around, unix seconds. */
  readonly now: number;
}

/** One zone. */
export class Zone {
  readonly apex: Name;
  #signing: Signing | null;
  readonly breakages = new Breakages();
  readonly #keys: KeyStore;
  readonly #now: number;
  readonly #sets = new Map<string, Map<number, ZoneSet>>();
  readonly #names = new Map<string, Name>();
  readonly #signatures = new Map<ZoneSet, Uint8Array[]>();
  #chain: DenialChain | null = null;
  #chainNames: ChainName[] | null = null;
  /** Names without records that have names with records below them. */
  #empty = new Map<string, Name>();

  constructor({ apex, signing, keys, now }: ZoneParts) {
    this.apex = apex;
    this.#signing = signing;
    this.#keys = keys;
    this.#now = now;
    if (signing?.denial?.kind === 'nsec3') {
      this.add({ owner: apex, type: TYPE.NSEC3PARAM, class: CLASS.IN, ttl: 0, rdata: nsec3Param(signing.denial) });
    }
  }

  /** Adds a record; sets of one owner and type share the first one's TTL. */
  add(record: ZoneRecord): void {
    const key = nameKey(record.owner);
    const types = this.#sets.get(key) ?? new Map<number, ZoneSet>();
    const before = types.get(record.type);
    const rdatas = [...(before?.rdatas ?? []), record.rdata];
    types.set(record.type, { ...record, ttl: before?.ttl ?? record.ttl, rdatas });
    this.#sets.set(key, types);
    this.#names.set(key, record.owner);
    this.forget();
  }

  /** Takes a set away. */
  remove(owner: Name, type: number): void {
    this.#sets.get(nameKey(owner))?.delete(type);
    if (this.#sets.get(nameKey(owner))?.size === 0) {
      this.#sets.delete(nameKey(owner));
      this.#names.delete(nameKey(owner));
    }
    this.forget();
  }

  /** Adds a fault; what was signed before is made again. */
  break(breakage: Parameters<Breakages['add']>[0]): void {
    this.breakages.add(breakage);
    this.forget();
  }

  get signing(): Signing | null {
    return this.#signing;
  }

  /** Signs the zone in another way from now on; its chain of denials stays what it was. */
  sign(signing: Signing): void {
    this.#signing = { ...signing, ...(this.#signing?.denial === undefined ? {} : { denial: this.#signing.denial }) };
    this.forget();
  }

  /** Drops everything derived. */
  forget(): void {
    this.#chain = null;
    this.#chainNames = null;
    this.#signatures.clear();
  }

  /** Keys that sign the DNSKEY set; the first kind in the parent's DS. */
  get entryKeys(): SigningKey[] {
    const planned = this.signing?.keys?.entry;
    return planned === undefined ? this.#keysWith(KEY_FLAGS.entry, 'entry') : this.#planned(planned, 'entry');
  }

  /** Keys that the DS set in the parent is made of. */
  get dsKeys(): SigningKey[] {
    const planned = this.signing?.keys?.ds;
    return planned === undefined ? this.entryKeys : this.#planned(planned, 'entry');
  }

  /** Keys in the DNSKEY set that sign nothing. */
  get standbyKeys(): SigningKey[] {
    return this.#planned(this.signing?.keys?.standby ?? [], 'zone');
  }

  /** Keys that sign everything else. */
  get zoneKeys(): SigningKey[] {
    const planned = this.signing?.keys?.zone;
    if (planned !== undefined) return this.#planned(planned, 'zone');
    return this.signing?.singleKey === true ? this.entryKeys : this.#keysWith(KEY_FLAGS.zone, 'zone');
  }

  #planned(plans: readonly ZoneKeyPlan[], role: 'entry' | 'zone'): SigningKey[] {
    const flags = KEY_FLAGS[role];
    const seedOf = (generation: number) => `${formatName(this.apex)} ${role} ${generation}`;
    return plans.map(({ algorithm, generation }) => this.#keys.key({ algorithm, seed: seedOf(generation), flags }));
  }

  #keysWith(flags: number, role: string): SigningKey[] {
    const { algorithms = [15], rsaBits = 2048 } = this.signing ?? {};
    let shown: number = flags;
    if (this.breakages.has('dnskey-without-zone-flag')) shown &= ~KEY_FLAGS.zone;
    if (this.breakages.has('dnskey-revoked')) shown |= KEY_FLAGS.revoked;
    return algorithms.map((algorithm) =>
      this.#keys.key({ algorithm, seed: `${formatName(this.apex)} ${role}`, flags: shown, rsaBits }),
    );
  }

  /** The set of a name and type; DNSKEY and the chain included. */
  find(owner: Name, type: number): ZoneSet | null {
    if (type === TYPE.DNSKEY && this.signing !== null && nameKey(owner) === nameKey(this.apex)) return this.#dnskeys();
    return this.#sets.get(nameKey(owner))?.get(type) ?? null;
  }

  #dnskeySet: { readonly set: ZoneSet; readonly key: string } | null = null;

  #dnskeys(): ZoneSet | null {
    if (this.breakages.has('dnskey-missing')) return null;
    const keys = [
      ...new Map([...this.entryKeys, ...this.zoneKeys, ...this.standbyKeys].map((key) => [key.tag, key])).values(),
    ];
    const key = keys.map(({ tag }) => tag).join();
    if (this.#dnskeySet?.key !== key) {
      const rdatas = keys.map(({ dnskey }) => dnskey);
      this.#dnskeySet = { key, set: { owner: this.apex, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600, rdatas } };
    }
    return this.#dnskeySet.set;
  }

  /** All sets of a name, DNSKEY and its NSEC included. */
  setsAt(owner: Name): ZoneSet[] {
    const sets = [...(this.#sets.get(nameKey(owner))?.values() ?? [])];
    const dnskeys = this.find(owner, TYPE.DNSKEY);
    if (dnskeys !== null) sets.push(dnskeys);
    const nsec = this.signing !== null && this.#denialStyle().kind === 'nsec' ? this.chain().match(owner) : null;
    return nsec === null ? sets : [...sets, nsec];
  }

  /** True when the name has records. */
  hasName(name: Name): boolean {
    return this.#sets.has(nameKey(name));
  }

  /** True when the name exists at all: with records, or only with names below it. */
  exists(name: Name): boolean {
    return this.hasName(name) || (this.chainNames().length > 0 && this.#empty.has(nameKey(name)));
  }

  /** The cut at or above a name and below the apex that is nearest to the apex; null when there is none. */
  cutFor(name: Name): Name | null {
    let cut: Name | null = null;
    for (let at = name; isBelow(at, this.apex); at = parentOf(at)) if (this.find(at, TYPE.NS) !== null) cut = at;
    return cut;
  }

  /** All names as a chain shows them. */
  chainNames(): readonly ChainName[] {
    this.#chainNames ??= this.#listNames();
    return this.#chainNames;
  }

  #listNames(): ChainName[] {
    this.#empty = new Map();
    const names: ChainName[] = [];
    for (const name of this.#names.values()) {
      const cut = this.cutFor(name);
      if (cut !== null && isBelow(name, cut)) continue;
      const types = this.#typesShownAt(name, cut);
      names.push({ name, types, isInsecureCut: cut !== null && !types.includes(TYPE.DS), isEmpty: false });
      for (let above = parentOf(name); isBelow(above, this.apex); above = parentOf(above)) {
        if (!this.#sets.has(nameKey(above))) this.#empty.set(nameKey(above), above);
      }
    }
    for (const name of this.#empty.values()) {
      const children = names.filter((child) => !child.isEmpty && isBelow(child.name, name));
      const isInsecureCut = children.every((child) => child.isInsecureCut);
      names.push({ name, types: [], isInsecureCut, isEmpty: true });
    }
    return names;
  }

  #typesShownAt(name: Name, cut: Name | null): number[] {
    const types = [...(this.#sets.get(nameKey(name))?.keys() ?? [])];
    if (cut !== null) return types.filter((type) => type === TYPE.NS || type === TYPE.DS);
    return nameKey(name) === nameKey(this.apex) && this.signing !== null ? [...types, TYPE.DNSKEY] : types;
  }

  #denialStyle(): DenialStyle {
    const style = this.signing?.denial ?? { kind: 'nsec' };
    if (style.kind === 'nsec' || !this.breakages.has('nsec3-iterations')) return style;
    return { ...style, iterations: ABSURD_ITERATIONS };
  }

  /** Which kind of denial records the zone has; null when it is not signed. */
  get denialKind(): DenialStyle['kind'] | null {
    return this.signing === null ? null : this.#denialStyle().kind;
  }

  /** The chain of denials. */
  chain(): DenialChain {
    if (this.#chain === null) {
      const soa = this.find(this.apex, TYPE.SOA);
      const zone = { apex: this.apex, ttl: soa?.ttl ?? 3600, class: CLASS.IN };
      this.#chain = buildChain(this.chainNames(), this.#denialStyle(), zone);
    }
    return this.#chain;
  }

  /** RRSIG rdatas over a set, faulty when the zone is broken so. */
  signaturesOf(set: ZoneSet): readonly Uint8Array[] {
    if (this.signing === null || this.breakages.has('signatures-stripped', { type: set.type })) return [];
    const made = this.#signatures.get(set);
    if (made !== undefined) return made;
    const keys = set.type === TYPE.DNSKEY ? [...new Set([...this.entryKeys])] : this.zoneKeys;
    const signatures = keys.map((key) => this.#sign(set, key));
    this.#signatures.set(set, signatures);
    return signatures;
  }

  #sign(set: ZoneSet, key: SigningKey): Uint8Array {
    const { type } = set;
    const { breakages } = this;
    const now = this.#now;
    const request: SignRequest = {
      signer: breakages.has('signatures-by-wrong-signer', { type }) ? this.#wrongSigner() : this.apex,
      key: breakages.has('signatures-by-unknown-key', { type }) ? this.#unknownKey(key) : key,
      inception: this.signing?.inception ?? now - SIGNED_BEFORE_SECONDS,
      expiration: this.signing?.expiration ?? now + SIGNED_AFTER_SECONDS,
    };
    if (breakages.has('signatures-expired', { type })) {
      return signSet(set, {
        ...request,
        inception: now - SIGNED_AFTER_SECONDS,
        expiration: now - SIGNED_BEFORE_SECONDS,
      });
    }
    if (breakages.has('signatures-not-yet-valid', { type })) {
      return signSet(set, { ...request, inception: now + SIGNED_BEFORE_SECONDS });
    }
    const signature = signSet(set, request);
    if (breakages.has('signatures-corrupt', { type })) signature[signature.length - 5] = (signature.at(-5) ?? 0) ^ 0x10;
    return signature;
  }

  #wrongSigner(): Name {
    return this.apex.length === 1 ? this.apex : parentOf(this.apex);
  }

  #unknownKey(key: SigningKey): SigningKey {
    const seed = `${formatName(this.apex)} stranger`;
    const stranger = this.#keys.key({ algorithm: key.algorithm as SigningAlgorithm, seed, flags: KEY_FLAGS.zone });
    return stranger;
  }

  /** Every name with records, in canonical order. */
  names(): Name[] {
    return [...this.#names.values()].filter((name) => isAtOrBelow(name, this.apex)).sort(compareNames);
  }
}
