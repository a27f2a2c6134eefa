/**
 * A small internet for tests: zones with real signatures, delegated from each other, served at addresses, broken on wish.
 *
 * A zone is added with its records; NS records with their glue and the DS set go into the parent by themselves, at the
 * first question. The root must be one of the zones, and must delegate, since the resolver starts there.
 * The world answers through fake servers (`attach`) or hands out octets for any transport (`reply`).
 */

import { parseIp } from '../../src/wire/ip.ts';
import { isAtOrBelow, isBelow, type Name, nameKey, namesEqual } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { formatRdata, parseRdata } from '../../src/wire/record-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { readZoneText } from '../../src/wire/zone-text.ts';
import type { FakeServers } from '../fake/fake-server.ts';
import type { Fault } from './breakage.ts';
import { dsOf, KeyStore } from './keys.ts';
import { type ReplyRequest, replyTo } from './reply.ts';
import { type Signing, Zone } from './zone.ts';

/** TTL of what the world adds by itself. */
const WORLD_TTL_SECONDS = 3600;
/** Algorithm and digest numbers that nobody implements (unassigned at IANA). */
const UNKNOWN_ALGORITHM = 200;
const UNKNOWN_DIGEST = 200;

/** A zone of the world. */
export interface ZoneSpec {
  /** Server names and their addresses: `{'ns1.example.': ['192.0.2.1']}`. */
  readonly servers: Readonly<Record<string, readonly string[]>>;
  /** How it is signed; absent: not at all. */
  readonly signing?: Signing;
  /** Records in master-file form, relative to the zone. A SOA is made when there is none. */
  readonly text?: string;
  /** No DS in the parent although signed (an island). */
  readonly withoutDs?: boolean;
  /** Server names are not given addresses in the parent. */
  readonly withoutGlue?: boolean;
}

interface Entry {
  readonly zone: Zone;
  readonly spec: ZoneSpec;
}

/** What a world starts from. */
export interface WorldOptions {
  /** Time that signatures are made around, unix seconds. */
  readonly now: number;
  /** Shared keys, where many worlds are made. */
  readonly keys?: KeyStore;
}

/** The internet of a test. */
export class World {
  readonly #now: number;
  readonly #keys: KeyStore;
  readonly #entries = new Map<string, Entry>();
  #isJoined = false;
  /** Questions answered so far, by server ip. */
  readonly asked = new Map<string, number>();

  constructor({ now, keys = new KeyStore() }: WorldOptions) {
    this.#now = now;
    this.#keys = keys;
  }

  /** Adds a zone. */
  zone(name: string, spec: ZoneSpec): Zone {
    const apex = mustParseName(name);
    const zone = new Zone({ apex, signing: spec.signing ?? null, keys: this.#keys, now: this.#now });
    const { records, errors } = readZoneText(spec.text ?? '', { origin: apex, defaultTtl: WORLD_TTL_SECONDS });
    const [error] = errors;
    if (error !== undefined) throw new Error(`zone ${name}, line ${error.line}: ${error.text}`);
    for (const record of records) zone.add(record);
    if (zone.find(apex, TYPE.SOA) === null) {
      this.#add(
        zone,
        apex,
        'SOA',
        `ns.${name === '.' ? '' : name} admin.${name === '.' ? '' : name} 1 7200 3600 1209600 300`,
      );
    }
    for (const [host, ips] of Object.entries(spec.servers)) {
      this.#add(zone, apex, 'NS', host);
      if (isAtOrBelow(mustParseName(host), apex)) this.#addAddresses(zone, host, ips);
    }
    this.#entries.set(nameKey(apex), { zone, spec });
    this.#isJoined = false;
    return zone;
  }

  /** The zone of that name; throws when the world has none. */
  get(name: string): Zone {
    const entry = this.#entries.get(nameKey(mustParseName(name)));
    if (entry === undefined) throw new Error(`the world has no zone ${name}`);
    return entry.zone;
  }

  /** Adds faults to a zone. */
  break(name: string, ...faults: readonly Fault[]): void {
    for (const fault of faults) this.get(name).break({ fault });
    this.#rejoin();
  }

  /** Signs a zone in another way from now on; the parent's DS set follows. */
  sign(name: string, signing: Signing): void {
    this.get(name).sign(signing);
    this.#rejoin();
  }

  /** Takes all faults of a zone away. */
  mend(name: string): void {
    const zone = this.get(name);
    zone.breakages.clear();
    zone.forget();
    this.#rejoin();
  }

  /** Every address that serves something. */
  ips(): string[] {
    return [...new Set([...this.#entries.values()].flatMap(({ spec }) => Object.values(spec.servers).flat()))];
  }

  /** DS lines of a zone's keys, for use as trust anchors. */
  anchors(name = '.'): string[] {
    const zone = this.get(name);
    return zone.entryKeys.map(
      (key) => `${name} ${WORLD_TTL_SECONDS} IN DS ${formatRdata(TYPE.DS, dsOf(zone.apex, key))}`,
    );
  }

  /** The root's servers in the form of a root hints file. */
  rootHints(): string {
    const servers = Object.entries(this.#entries.get(nameKey(mustParseName('.')))?.spec.servers ?? {});
    const lines = servers.flatMap(([host, ips]) => [
      `. 518400 IN NS ${host}`,
      ...ips.map((ip) => `${host} 518400 IN ${ip.includes(':') ? 'AAAA' : 'A'} ${ip}`),
    ]);
    return `${lines.join('\n')}\n`;
  }

  /** Serves at all addresses of the world through fake servers. */
  attach(servers: FakeServers): void {
    for (const ip of this.ips()) {
      servers.serve(ip, (query) => {
        const reply = this.reply({ query: query.bytes, ip, transport: query.transport });
        if (reply !== null) query.reply(reply);
      });
    }
  }

  /** What the server at an address says; null: nothing. */
  reply(request: ReplyRequest): Uint8Array | null {
    this.#join();
    this.asked.set(request.ip, (this.asked.get(request.ip) ?? 0) + 1);
    const served = [...this.#entries.values()].filter(({ spec }) =>
      Object.values(spec.servers).some((ips) => ips.includes(request.ip)),
    );
    return replyTo(
      request,
      served.map(({ zone }) => zone),
    );
  }

  /** Adds one record to a zone, in text form. */
  add(zoneName: string, owner: string, type: string, rdata: string): void {
    this.#add(this.get(zoneName), mustParseName(owner), type, rdata);
  }

  #add(zone: Zone, owner: Name, typeName: string, text: string): void {
    const type = TYPE[typeName as keyof typeof TYPE];
    const rdata = parseRdata(type, text);
    if (!(rdata instanceof Uint8Array)) throw new Error(`${typeName} ${text}: ${rdata.error}`);
    zone.add({ owner, type, class: CLASS.IN, ttl: WORLD_TTL_SECONDS, rdata });
  }

  #addAddresses(zone: Zone, host: string, ips: readonly string[]): void {
    const owner = mustParseName(host);
    for (const ip of ips) {
      const type = ip.includes(':') ? TYPE.AAAA : TYPE.A;
      const rdata = parseIp(ip);
      if (rdata === null) throw new Error(`not an address: ${ip}`);
      const known = zone.find(owner, type)?.rdatas.some((other) => Buffer.compare(other, rdata) === 0) ?? false;
      if (!known) zone.add({ owner, type, class: CLASS.IN, ttl: WORLD_TTL_SECONDS, rdata });
    }
  }

  #rejoin(): void {
    this.#isJoined = false;
  }

  /** Puts delegations into parents; again after zones or faults have changed. */
  #join(): void {
    if (this.#isJoined) return;
    this.#isJoined = true;
    for (const entry of this.#entries.values()) {
      const parent = this.#parentOf(entry.zone);
      if (parent !== null) this.#delegate(parent, entry);
    }
  }

  #parentOf(child: Zone): Zone | null {
    let parent: Zone | null = null;
    for (const { zone } of this.#entries.values()) {
      if (isBelow(child.apex, zone.apex) && (parent === null || isBelow(zone.apex, parent.apex))) parent = zone;
    }
    return parent;
  }

  #delegate(parent: Zone, { zone, spec }: Entry): void {
    parent.remove(zone.apex, TYPE.NS);
    parent.remove(zone.apex, TYPE.DS);
    for (const [host, ips] of Object.entries(spec.servers)) {
      this.#add(parent, zone.apex, 'NS', host);
      const isInside = isAtOrBelow(mustParseName(host), parent.apex);
      const isChildOwn = isAtOrBelow(mustParseName(host), zone.apex);
      if (isInside && (isChildOwn || !this.#isHostedElsewhere(host, parent)) && spec.withoutGlue !== true) {
        this.#addAddresses(parent, host, ips);
      }
    }
    if (zone.signing === null || spec.withoutDs === true || parent.signing === null) return;
    if (zone.breakages.has('ds-unproven')) return;
    for (const rdata of this.#dsSet(zone)) {
      parent.add({ owner: zone.apex, type: TYPE.DS, class: CLASS.IN, ttl: WORLD_TTL_SECONDS, rdata });
    }
  }

  /** True when another zone than the parent speaks for the host. */
  #isHostedElsewhere(host: string, parent: Zone): boolean {
    const name = mustParseName(host);
    return [...this.#entries.values()].some(
      ({ zone }) =>
        !namesEqual(zone.apex, parent.apex) && isBelow(zone.apex, parent.apex) && isAtOrBelow(name, zone.apex),
    );
  }

  #dsSet(zone: Zone): Uint8Array[] {
    const { digestTypes = [2] } = zone.signing ?? {};
    const set = zone.dsKeys.flatMap((key) => digestTypes.map((digestType) => dsOf(zone.apex, key, digestType)));
    for (const ds of set) {
      if (zone.breakages.has('ds-wrong')) ds.fill(0x5a, 4);
      if (zone.breakages.has('ds-unknown-algorithm')) ds[2] = UNKNOWN_ALGORITHM;
      if (zone.breakages.has('ds-unknown-digest')) ds[3] = UNKNOWN_DIGEST;
    }
    return set;
  }

  /** All zones with the text of their names, for tools that print them. */
  zones(): { readonly name: string; readonly zone: Zone; readonly spec: ZoneSpec }[] {
    this.#join();
    return [...this.#entries.values()].map(({ zone, spec }) => ({ name: formatName(zone.apex), zone, spec }));
  }
}
