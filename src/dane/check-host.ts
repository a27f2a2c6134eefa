/**
 * Checks one host by DANE: its addresses, the TLSA records that speak for it, and each address's certificates. Says what it found
 * as data; mta-words.ts says what a mail server would make of it.
 */

import type { Crypto } from '../ports/crypto.ts';
import type { Address } from '../ports/network.ts';
import type { TlsProbe, TlsProbed } from '../ports/tls-probe.ts';
import { ipText } from '../wire/ip.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type AskAddress, type AuthoritiesSay, askAuthorities } from './authorities.ts';
import { type FoundTlsa, findTlsa, type ServiceName } from './find-tlsa.ts';
import type { Looked, LookUp } from './look-up.ts';
import { serviceOwner } from './make-record.ts';
import { type ChainVerdict, matchCertificates } from './match-chain.ts';
import { type StartTlsProtocol, startDialogue } from './starttls.ts';
import { type DaneService, USAGE, usabilityOf } from './tlsa-record.ts';

/** Addresses of one host that are connected to. */
const MAX_ADDRESSES = 16;

/** What a check stands on. */
export interface CheckParts {
  readonly lookUp: LookUp;
  readonly crypto: Crypto;
  /** Null: nothing is connected to. */
  readonly tls: TlsProbe | null;
  /** Asks the servers of the zone one by one whether they show the same TLSA set; null: they are not asked. */
  readonly ask: AskAddress | null;
  /** Unix seconds at which dates of certificates and signatures are checked. */
  readonly now: number;
  readonly options: CheckOptions;
}

export interface CheckOptions {
  readonly family: 'any' | 'ip4' | 'ip6';
  /** Milliseconds for each connection. */
  readonly timeoutMs: number;
  /** The name that this host gives itself in EHLO. */
  readonly ehlo: string;
  /** Each address once for each kind of key. */
  readonly bothKeyKinds: boolean;
}

interface HostCase extends ServiceName {
  readonly service: DaneService;
  /** What is said before TLS; null: nothing. */
  readonly starttls: StartTlsProtocol | null;
  /** Further names that usage 2 takes from a certificate (RFC 7672 §3.2.2): the mail domain. */
  readonly references: readonly string[];
  /** False when an MX record that is not signed named the host: then whoever forged that can have named it. */
  readonly isNamedSecurely: boolean;
}

export interface Connection {
  readonly address: Address;
  readonly signatures: 'any' | 'rsa' | 'ecdsa';
  readonly probed: TlsProbed;
  /** What the TLSA records say of the chain; null without either. */
  readonly verdict: ChainVerdict | null;
}

export type HostVerdict =
  /** Each address that answered showed a certificate that a record matches. */
  | 'verified'
  /** As far as can be seen without connecting. */
  | 'usable'
  /** Some address showed a certificate that no record matches. */
  | 'mismatch'
  /** There are records, so TLS is needed, and some address has none (RFC 7672 §2.2). */
  | 'no-tls'
  /** No record may be used: TLS without authentication (RFC 7672 §2.2). */
  | 'unusable'
  /** No proven records: TLS as it comes. */
  | 'no-dane'
  /** The records cannot be had (RFC 7672 §2.1.2). */
  | 'tlsa-lookup-failed'
  | 'address-lookup-failed'
  | 'no-address'
  /** No address let itself be connected to. */
  | 'unreachable';

export interface HostReport {
  readonly checked: HostCase;
  readonly addresses: Looked;
  readonly ips: readonly string[];
  readonly tlsa: FoundTlsa | null;
  /** What each server of the zone says of the TLSA set; null: not asked. */
  readonly authorities: AuthoritiesSay | null;
  readonly connections: readonly Connection[];
  readonly verdict: HostVerdict;
}

export async function checkHost(parts: CheckParts, checked: HostCase): Promise<HostReport> {
  const { addresses, ips } = await lookUpAddresses(parts.lookUp, parts.options.family, checked.host);
  const nothing = { checked, addresses, ips, tlsa: null, authorities: null, connections: [] };
  if (ips.length === 0) {
    const isBroken = addresses.status === 'bogus' || addresses.status === 'failed';
    return { ...nothing, verdict: isBroken ? 'address-lookup-failed' : 'no-address' };
  }
  const tlsa = await findTlsa(parts.lookUp, checked, addresses);
  const authorities = await authoritiesOf(parts, checked, tlsa);
  if (tlsa.kind === 'broken') return { ...nothing, tlsa, authorities, verdict: 'tlsa-lookup-failed' };
  const connections = await connectAll(parts, checked, { ips: ips.slice(0, MAX_ADDRESSES), tlsa });
  return { ...nothing, tlsa, authorities, connections, verdict: verdictOf(parts, checked, { tlsa, connections }) };
}

async function authoritiesOf(
  { lookUp, ask }: CheckParts,
  { port, protocol }: HostCase,
  tlsa: FoundTlsa,
): Promise<AuthoritiesSay | null> {
  const owner = 'base' in tlsa ? serviceOwner(formatName(tlsa.base), port, protocol) : null;
  return ask === null || owner === null ? null : askAuthorities(lookUp, ask, owner);
}

/** The addresses of a host, and the look-up that speaks for them. */
export async function lookUpAddresses(
  lookUp: LookUp,
  family: CheckOptions['family'],
  host: Name,
): Promise<Pick<HostReport, 'addresses' | 'ips'>> {
  const types = [...(family === 'ip6' ? [] : [TYPE.A]), ...(family === 'ip4' ? [] : [TYPE.AAAA])];
  const looked = await Promise.all(types.map((type) => lookUp(host, type)));
  const ips = looked.flatMap(({ rdatas }) => rdatas.map(ipText));
  // What has data speaks for the host; where nothing has, the worst does, since an address may be hidden behind it.
  const withData = looked.find(({ outcome }) => outcome === 'data');
  const broken = looked.find(({ outcome }) => outcome === 'none');
  return { ips, addresses: withData ?? broken ?? (looked[0] as Looked) };
}

interface Targets {
  readonly ips: readonly string[];
  readonly tlsa: FoundTlsa;
}

async function connectAll(
  parts: CheckParts,
  checked: HostCase,
  { ips, tlsa }: Targets,
): Promise<readonly Connection[]> {
  const { tls, options } = parts;
  if (tls === null) return [];
  const kinds = options.bothKeyKinds ? (['rsa', 'ecdsa'] as const) : (['any'] as const);
  const tries = ips.flatMap((ip) => kinds.map((signatures) => ({ address: { ip, port: checked.port }, signatures })));
  return Promise.all(tries.map((one) => connectOnce(parts, checked, { ...one, tlsa, tls })));
}

type ConnectionCase = Pick<Connection, 'address' | 'signatures'> & { readonly tlsa: FoundTlsa; readonly tls: TlsProbe };

async function connectOnce(parts: CheckParts, checked: HostCase, target: ConnectionCase): Promise<Connection> {
  const { address, signatures, tlsa, tls } = target;
  const { timeoutMs, ehlo } = parts.options;
  const tlsas = tlsa.kind === 'records' ? tlsa.tlsas : [];
  const base = plain('base' in tlsa ? tlsa.base : checked.host);
  const probed = await tls.probe({
    remote: address,
    serverName: base,
    dialogue: checked.starttls === null ? null : startDialogue(checked.starttls, ehlo),
    timeoutMs,
    signatures,
    checksPkix: checked.service === 'other' && tlsas.some(({ usage }) => usage < USAGE.DANE_TA),
  });
  if (probed.kind === 'failed' || tlsas.length === 0) return { address, signatures, probed, verdict: null };
  const { chain, pkix } = probed;
  const references = [base, ...checked.references];
  const chainCase = { tlsas, chain, pkix, references, service: checked.service, now: parts.now };
  return { address, signatures, probed, verdict: matchCertificates(chainCase, parts.crypto) };
}

/** A name as TLS and certificates have it: without the final dot. */
export function plain(name: Name): string {
  return formatName(name).replace(/(.)\.$/, '$1');
}

function verdictOf(
  parts: CheckParts,
  { service }: HostCase,
  { tlsa, connections }: Pick<HostReport, 'connections'> & { readonly tlsa: FoundTlsa },
): HostVerdict {
  if (tlsa.kind !== 'records') return 'no-dane';
  if (!tlsa.tlsas.some((one) => usabilityOf(one, service).usable)) return 'unusable';
  if (parts.tls === null) return 'usable';
  return worstOf(connections);
}

/** A client may get any address, so the worst counts; those that are down count only when all are. */
function worstOf(connections: readonly Connection[]): HostVerdict {
  const spoken = connections.filter((one) => one.probed.kind === 'tls' || isWithoutTls(one));
  const has = (status: ChainVerdict['status']): boolean => spoken.some(({ verdict }) => verdict?.status === status);
  if (has('mismatched')) return 'mismatch';
  if (spoken.some(isWithoutTls)) return 'no-tls';
  return has('matched') ? 'verified' : 'unreachable';
}

/** It speaks, but TLS does not come about. That a kind of key is not there is no fault: servers need only one. */
function isWithoutTls({ probed, signatures }: Connection): boolean {
  if (probed.kind === 'tls') return false;
  return probed.step === 'no-starttls' || (probed.step === 'tls' && signatures === 'any');
}
