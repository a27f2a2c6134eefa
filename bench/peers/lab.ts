/**
 * The signed internet of bench/against-peers.ts: a root, five top-level domains and thousands of mail domains, written as zone
 * files for one NSD, and what each question is to be answered. Kept on disk, as signing takes longer than asking.
 *
 * Signed with P-256, RSA-2048 and Ed25519, denied with NSEC and NSEC3, opt-out where most delegations are; one domain in ten
 * is not signed. Every second domain's servers are its own, the others' are a provider's.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBelow } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { formatGeneric, formatRdata } from '../../src/wire/rdata-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { readZoneText } from '../../src/wire/zone-text.ts';
import { dsOf, KeyStore, type SigningAlgorithm, type SigningKey } from '../../test/world/keys.ts';
import { signSet, type ZoneSet } from '../../test/world/sign.ts';
import { NSEC3, NSEC3_OPT_OUT, type Signing, Zone } from '../../test/world/zone.ts';

/** Changes whenever what is written changes: a lab of another one is made anew. */
const EDITION = 1;
/** Signatures hold for 30 days: a lab is made anew long before. */
const LASTS_MS = 7 * 86_400_000;
const ZONE_TTL = 86_400;
const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
const RSA_KEYS = 24;
const PROVIDERS = 10;
const UNSIGNED_OF = 10;
export const ROOT_ADDRESS = '198.51.100.1';
const PROVIDER_ADDRESS = '198.51.100.9';
/** Addresses that mail domains' servers have, two each. */
const DOMAIN_ADDRESSES = Array.from({ length: 32 }, (_, i) => `198.51.100.${10 + i}`);

/** Levels of the tree. */
export const LEVELS = ['root', 'tlds', 'domains'] as const;
type Level = (typeof LEVELS)[number];

/** How large the lab is. */
export interface LabSize {
  /** Mail domains. */
  readonly zones: number;
  /** Hosts of each beside its mail host and web server. */
  readonly hosts: number;
}

/** A lab that is on disk. */
export interface Lab {
  readonly folder: string;
  readonly addresses: readonly { readonly ip: string; readonly level: Level }[];
  /** Rdata of the root's DS as text. */
  readonly anchor: string;
  readonly domains: readonly LabDomain[];
}

/** A mail domain. */
export interface LabDomain {
  readonly zone: string;
  readonly isSigned: boolean;
  /** Its mail host has a TLSA record. */
  readonly hasTlsa: boolean;
}

/** One top-level domain: how it is signed and how many of ten domains lie in it. */
const TLDS = [
  { zone: 'com.', address: '198.51.100.2', algorithm: 13, denial: NSEC3_OPT_OUT, share: 4 },
  { zone: 'org.', address: '198.51.100.3', algorithm: 8, denial: NSEC3_OPT_OUT, share: 2 },
  { zone: 'net.', address: '198.51.100.4', algorithm: 8, denial: NSEC3, share: 1 },
  { zone: 'de.', address: '198.51.100.5', algorithm: 15, denial: NSEC3, share: 2 },
  { zone: 'se.', address: '198.51.100.6', algorithm: 13, denial: { kind: 'nsec' }, share: 1 },
] as const;
const TLD_OF = TLDS.flatMap((tld) => Array.from({ length: tld.share }, () => tld));

/** Making an RSA key takes a tenth of a second: zones share a few, which no resolver can tell. */
class FewRsaKeys extends KeyStore {
  override key(request: Parameters<KeyStore['key']>[0]): SigningKey {
    if (request.algorithm > 10) return super.key(request);
    const [octet = 0] = createHash('sha1').update(request.seed).digest();
    return super.key({ ...request, seed: `${octet % RSA_KEYS}` });
  }
}

/** Algorithm and denial by the number of the domain: of twenty, two unsigned, eleven P-256, five RSA, two Ed25519. */
function signingOf(n: number): Signing | null {
  if (n % UNSIGNED_OF === 9) return null;
  const kind = Math.floor(n / 2) % 10;
  const algorithm: SigningAlgorithm = kind < 6 ? 13 : kind < 9 ? 8 : 15;
  return { algorithms: [algorithm], denial: n % 3 === 0 ? { kind: 'nsec' } : NSEC3, singleKey: n % 4 === 0 };
}

function domainAt(n: number): LabDomain {
  const tld = TLD_OF[Math.floor(n / 2) % TLD_OF.length] as (typeof TLDS)[number];
  return { zone: `d${n}.${tld.zone}`, isSigned: signingOf(n) !== null, hasTlsa: n % 2 === 0 };
}

class LabWriter {
  readonly #folder: string;
  readonly #keys = new FewRsaKeys();
  readonly #now = Math.floor(Date.now() / 1000);
  /** Delegations of each parent, as lines. */
  readonly #delegations = new Map<string, string[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  writeDomain(n: number, { zone, hasTlsa }: LabDomain, hosts: number): void {
    const [parent] = zone.split('.').slice(1);
    const own = n % 4 < 2;
    const provider = `provider${n % PROVIDERS}.net.`;
    const servers = own ? [`ns1.${zone}`, `ns2.${zone}`] : [`ns1.${provider}`, `ns2.${provider}`];
    const addresses = [0, 1].map((i) => DOMAIN_ADDRESSES[(n + i * 7) % DOMAIN_ADDRESSES.length]);
    const glue = own ? servers.map((server, i) => `${server} A ${addresses[i]}`) : [];
    const lines = [
      '@ MX 10 mx',
      `mx A 203.0.113.${n % 250}`,
      `mx AAAA 2001:db8::${(n & 0xffff).toString(16)}`,
      `www A 203.0.113.${n % 250}`,
      ...(hasTlsa ? [`_25._tcp.mx TLSA 3 1 1 ${TLSA_DIGEST}`] : []),
      ...Array.from({ length: hosts }, (_, i) => `h${i} A 203.0.113.${i % 250}`),
    ];
    this.#write(zone, [...servers.map((server) => `@ NS ${server}`), ...glue, ...lines], signingOf(n), `${parent}.`);
    this.#delegate(`${parent}.`, [...servers.map((server) => `${zone} NS ${server}`), ...glue]);
  }

  /** Zones of providers, whose names mail domains are delegated to. */
  writeProviders(): void {
    for (let n = 0; n < PROVIDERS; n++) {
      const zone = `provider${n}.net.`;
      const servers = [1, 2].map((i) => `ns${i}.${zone}`);
      const glue = servers.map((server) => `${server} A ${PROVIDER_ADDRESS}`);
      this.#write(zone, [...servers.map((server) => `@ NS ${server}`), ...glue], { algorithms: [13] }, 'net.');
      this.#delegate('net.', [...servers.map((server) => `${zone} NS ${server}`), ...glue]);
    }
  }

  /** Writes the top-level domains and the root, which have had their delegations by now; the root's DS. */
  writeTop(): string {
    for (const { zone, address, algorithm, denial } of TLDS) {
      const server = `a.nic.${zone}`;
      const lines = [`@ NS ${server}`, `${server} A ${address}`, ...(this.#delegations.get(zone) ?? [])];
      this.#write(zone, lines, { algorithms: [algorithm], denial }, '.');
      this.#delegate('.', [`${zone} NS ${server}`, `${server} A ${address}`]);
    }
    const root = ['@ NS a.root-servers.test.', `a.root-servers.test. A ${ROOT_ADDRESS}`];
    this.#write('.', [...root, ...(this.#delegations.get('.') ?? [])], { algorithms: [8] }, '');
    return (this.#delegations.get('')?.[0] ?? '').replace(/^.* DS /, '');
  }

  #delegate(parent: string, lines: readonly string[]): void {
    const all = this.#delegations.get(parent) ?? [];
    for (const line of lines) all.push(line);
    this.#delegations.set(parent, all);
  }

  #write(name: string, lines: readonly string[], signing: Signing | null, parent: string): void {
    const apex = mustParseName(name);
    const zone = new Zone({ apex, signing, keys: this.#keys, now: this.#now });
    const at = name === '.' ? '' : name;
    const text = `@ SOA ns1.${at} hostmaster.${at} 1 7200 3600 1209600 3600\n${lines.join('\n')}\n`;
    const { records, errors } = readZoneText(text, { origin: apex, defaultTtl: ZONE_TTL });
    if (errors[0] !== undefined) throw new Error(`${name} line ${errors[0].line}: ${errors[0].text}`);
    for (const record of records) zone.add(record);
    writeFileSync(join(this.#folder, `${name === '.' ? 'root' : name}zone`), linesOf(zone, this.#now).join('\n'));
    if (signing !== null) {
      const [key] = zone.entryKeys as [SigningKey];
      this.#delegate(parent, [`${name} DS ${formatRdata(TYPE.DS, dsOf(apex, key))}`]);
    }
  }
}

/** A zone in text form, signed where it has authority. */
function linesOf(zone: Zone, now: number): string[] {
  const lines: string[] = [];
  const line = (owner: string, set: ZoneSet, rdata: string): number =>
    lines.push(`${owner} ${set.ttl} IN TYPE${set.type} ${rdata}`);
  const put = (set: ZoneSet, isSigned: boolean): void => {
    const owner = formatName(set.owner);
    for (const rdata of set.rdatas) line(owner, set, formatGeneric(rdata));
    const signatures = isSigned ? signaturesOf(zone, set, now) : [];
    for (const rdata of signatures) lines.push(`${owner} ${set.ttl} IN RRSIG ${formatRdata(TYPE.RRSIG, rdata)}`);
  };
  for (const owner of zone.names()) {
    const cut = zone.cutFor(owner);
    for (const type of TYPES) {
      const set = zone.find(owner, type);
      if (set !== null) put(set, cut === null || (type === TYPE.DS && !isBelow(owner, cut)));
    }
  }
  if (zone.signing !== null) for (const set of zone.chain().sets) put(set, true);
  return [...lines, ''];
}

/** Every type that a lab has, but for those of the chain. */
const { SOA, NS, MX, A, AAAA, TLSA, DS, DNSKEY, NSEC3PARAM } = TYPE;
const TYPES = [SOA, NS, MX, A, AAAA, TLSA, DS, DNSKEY, NSEC3PARAM];

function signaturesOf(zone: Zone, set: ZoneSet, now: number): Uint8Array[] {
  if (zone.signing === null) return [];
  const keys = set.type === TYPE.DNSKEY ? zone.entryKeys : zone.zoneKeys;
  const times = { inception: now - 86_400, expiration: now + 30 * 86_400 };
  return keys.map((key) => signSet(set, { signer: zone.apex, key, ...times }));
}

/** The lab of that size: made, or as an earlier run left it. */
export function openLab({ zones, hosts }: LabSize): Lab {
  const folder = join(tmpdir(), `hawser-lab-${EDITION}-${zones}-${hosts}`);
  const anchorPath = join(folder, 'anchor');
  const domains = Array.from({ length: zones }, (_, n) => domainAt(n));
  if (!existsSync(anchorPath) || Date.now() - statSync(anchorPath).mtimeMs > LASTS_MS) {
    mkdirSync(folder, { recursive: true });
    const writer = new LabWriter(folder);
    for (const [n, domain] of domains.entries()) writer.writeDomain(n, domain, hosts);
    writer.writeProviders();
    const anchor = writer.writeTop();
    writeFileSync(`${anchorPath}.new`, anchor);
    renameSync(`${anchorPath}.new`, anchorPath);
  }
  const addresses = [
    { ip: ROOT_ADDRESS, level: 'root' },
    ...TLDS.map(({ address: ip }) => ({ ip, level: 'tlds' }) as const),
    ...[PROVIDER_ADDRESS, ...DOMAIN_ADDRESSES].map((ip) => ({ ip, level: 'domains' }) as const),
  ] as const;
  return { folder, addresses, anchor: readFileSync(anchorPath, 'utf8').trim(), domains };
}

/** A zone as a server is told of it. */
export interface LabZone {
  readonly zone: string;
  readonly file: string;
  readonly level: Level;
}

/** Every zone, the root first. */
export function zonesOf({ domains }: Lab): LabZone[] {
  const at = (zone: string, level: Level): LabZone => ({ zone, file: `${zone}zone`, level });
  const providers = Array.from({ length: PROVIDERS }, (_, n) => `provider${n}.net.`);
  return [
    { zone: '.', file: 'rootzone', level: 'root' },
    ...TLDS.map(({ zone }) => at(zone, 'tlds')),
    ...[...providers, ...domains.map(({ zone }) => zone)].map((zone) => at(zone, 'domains')),
  ];
}
