/**
 * Hawser as a library: a validating resolver in the own process, DANE for peers of a Node.js mail server, and TLSA records.
 *
 * Nothing here throws for what the network says: answers and verdicts are values. Close the resolver when it is done.
 */

import { createNodeCertificates } from '../adapters/node-certificates.ts';
import { createNodeCrypto } from '../adapters/node-crypto.ts';
import { type MailConnection, openMailSocket, openTlsMailSocket } from '../adapters/node-mail-socket.ts';
import { certificateChainOf, type PeerSocket } from '../adapters/node-tls-probe.ts';
import { openLookUpSource } from '../cli/look-up-source.ts';
import { programPorts } from '../cli/own-resolver.ts';
import { lookUpAddresses, plain } from '../dane/check-host.ts';
import { findTlsa } from '../dane/find-tlsa.ts';
import type { LookedStatus, LookUp } from '../dane/look-up.ts';
import { recordsText, serviceOwner } from '../dane/make-record.ts';
import { makeTlsas } from '../dane/make-tlsa.ts';
import { type ChainVerdict, matchCertificates, outcomeText } from '../dane/match-chain.ts';
import { startDialogue } from '../dane/starttls.ts';
import { type DaneService, tlsaRdata, tlsaText } from '../dane/tlsa-record.ts';
import type { Certificate } from '../ports/certificates.ts';
import { parseName } from '../wire/name-text.ts';
import { formatRdata } from '../wire/rdata-text.ts';
import { TYPE, typeFromText } from '../wire/rr-type.ts';

/** Where answers come from. */
export interface ResolverOptions {
  /** Path of an unbound.conf; built-in defaults without. */
  readonly config?: string;
  /** `ADDR[@PORT]`: ask this resolver instead of resolving from the root. Its AD bit counts only over loopback. */
  readonly resolver?: string;
}

/** A resolver, or what is wrong with the options. */
export type CreatedResolver =
  | { readonly ok: true; readonly resolver: DaneResolver }
  | { readonly ok: false; readonly why: readonly string[] };

export interface Answer {
  /** Only `secure` data is proven (AD); `bogus` and `failed` come without data. */
  readonly status: LookedStatus;
  readonly outcome: 'data' | 'nodata' | 'nxdomain' | 'none';
  /** Rdata in presentation form. */
  readonly records: readonly string[];
  /** Seconds; null without data. */
  readonly ttl: number | null;
  /** In words, where the status is not secure. */
  readonly why: string | null;
}

/** What DANE says of a peer. */
export type DaneVerdict =
  /** A proven TLSA record matches. */
  | { readonly kind: 'verified'; readonly base: string; readonly records: readonly string[] }
  /** There are proven records and none matches: do not hand over mail. */
  | { readonly kind: 'mismatch'; readonly base: string; readonly records: readonly string[] }
  /** There are proven records and none can be used: TLS is needed, and nothing can be verified (RFC 7672 §2.2). */
  | { readonly kind: 'unusable'; readonly base: string; readonly records: readonly string[] }
  /** Proven that there is none, or not signed: DANE says nothing. */
  | { readonly kind: 'no-dane'; readonly why: string }
  /** The records or the addresses cannot be had: wait (RFC 7672 §2.1.2). */
  | { readonly kind: 'lookup-failed'; readonly why: string };

/** A certificate: DER, or an X509Certificate of node:crypto. */
export type CertificateInput = Uint8Array | { readonly raw: Uint8Array };

/** How a peer is to be verified. */
export interface VerifyOptions {
  /** `smtp` (default for port 25): mail between servers, where usages 0 and 1 do not count (RFC 7672 §3.1.3). */
  readonly service?: DaneService;
  /** Further names that usage 2 takes from the certificate: the mail domain, if its MX was secure (RFC 7672 §3.2.2). */
  readonly names?: readonly string[];
  /** Whether the public authorities vouch for the peer (usages 0 and 1): `socket.authorized`. */
  readonly pkix?: boolean;
}

/** An address as node:dns gives it. */
export interface LookupAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** The options of node:dns lookup that count here. */
export interface LookupOptions {
  readonly all?: boolean | undefined;
  readonly family?: number | string | undefined;
}

/** The callback of node:dns lookup. */
export type LookupCallback = (
  error: (Error & { readonly code: string }) | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Whether a host without DANE is sent to: at `dane` it is, with TLS as it comes; at `dane-only` it is not. */
export type DaneLevel = 'dane' | 'dane-only';

/** What nodemailer's `getSocket` is. An error has the code EDANE where DANE forbids to send: try again later. */
export type GetSocket = (
  options: {
    readonly host?: string | undefined;
    readonly port?: number | string | undefined;
    /** For EHLO. */
    readonly name?: string | undefined;
  },
  callback: (
    error: (Error & { readonly code: string }) | null,
    socket?: { readonly connection: MailConnection; readonly secured: boolean },
  ) => void,
) => void;

export interface DaneResolver {
  /** Looks up, validated. Rejects only for a name or type that is none. */
  resolve(name: string, type: string): Promise<Answer>;
  /** Checks the certificates that `host` showed on `port` (its own first) against its TLSA records. */
  verifyDane(
    host: string,
    port: number,
    certificateChain: readonly CertificateInput[],
    options?: VerifyOptions,
  ): Promise<DaneVerdict>;
  /** For the `lookup` option of node:net, node:tls, node:http: bogus addresses are an error (EAI_AGAIN), never an address. */
  readonly lookup: (host: string, options: LookupOptions, callback: LookupCallback) => void;
  /**
   * For the `getSocket` option of nodemailer, towards the host of an MX record: looks up by `lookup`, and where the host has TLSA
   * records hands over a connection inside TLS only if one of them matches.
   */
  mailSocket(level?: DaneLevel): GetSocket;
  close(): void;
}

/** Makes a resolver. */
export async function createResolver(options: ResolverOptions = {}): Promise<CreatedResolver> {
  const ports = await programPorts();
  const source = await openLookUpSource(options, ports);
  if (!('lookUp' in source)) return { ok: false, why: source };
  const { lookUp } = source;
  const now = (): number => ports.clock.unixSeconds();
  const resolver: DaneResolver = {
    resolve: (name, type) => resolveText(lookUp, name, type),
    verifyDane: (host, port, chain, verify = {}) => verifyPeer(lookUp, { host, port, now: now() }, chain, verify),
    lookup: (host, wanted, callback) => void lookUpForNode(lookUp, host, wanted, callback),
    mailSocket:
      (level = 'dane') =>
      (place, callback) =>
        void openVerified(resolver, level, place, callback),
    close: source.stop,
  };
  return { ok: true, resolver };
}

async function resolveText(lookUp: LookUp, nameText: string, typeText: string): Promise<Answer> {
  const name = parseName(nameText);
  const type = typeFromText(typeText);
  if (name === null || type === null) throw new TypeError(`not a name and type: ${nameText} ${typeText}`);
  const { status, outcome, rdatas, ttl, why } = await lookUp(name, type);
  return { status, outcome, records: rdatas.map((rdata) => formatRdata(type, rdata)), ttl, why };
}

interface Peer {
  readonly host: string;
  readonly port: number;
  /** Unix seconds. */
  readonly now: number;
}

async function verifyPeer(
  lookUp: LookUp,
  { host: hostText, port, now }: Peer,
  inputs: readonly CertificateInput[],
  { service = port === 25 ? 'smtp' : 'other', names = [], pkix }: VerifyOptions,
): Promise<DaneVerdict> {
  const host = parseName(hostText);
  if (host === null) throw new TypeError(`not a name: ${hostText}`);
  const { addresses } = await lookUpAddresses(lookUp, 'any', host);
  if (addresses.outcome === 'none') return { kind: 'lookup-failed', why: addresses.why ?? addresses.status };
  const found = await findTlsa(lookUp, { host, port, protocol: 'tcp' }, addresses);
  if (found.kind === 'broken') return { kind: 'lookup-failed', why: found.why };
  if (found.kind !== 'records') return { kind: 'no-dane', why: found.why };
  const base = plain(found.base);
  const chain = inputs.map(readInput).filter((one) => one !== null);
  const references = [base, ...names];
  const chainCase = { tlsas: found.tlsas, chain, references, service, pkix: pkix ?? null, now };
  return verdictOf(base, matchCertificates(chainCase, createNodeCrypto()));
}

function readInput(input: CertificateInput): Certificate | null {
  return createNodeCertificates().read(input instanceof Uint8Array ? input : input.raw);
}

function verdictOf(base: string, { status, records }: ChainVerdict): DaneVerdict {
  const texts = records.map((record) => `${tlsaText(record.tlsa)} ${outcomeText(record)}`);
  const kinds = { matched: 'verified', mismatched: 'mismatch', unusable: 'unusable' } as const;
  return { kind: kinds[status], base, records: texts };
}

async function lookUpForNode(
  lookUp: LookUp,
  hostText: string,
  options: LookupOptions,
  callback: LookupCallback,
): Promise<void> {
  const fail = (code: string, why: string): void =>
    callback(Object.assign(new Error(`${code}: ${hostText}: ${why}`), { code }), []);
  const host = parseName(hostText);
  if (host === null) return fail('ENOTFOUND', 'not a name');
  const family =
    options.family === 4 || options.family === 'IPv4'
      ? 'ip4'
      : options.family === 6 || options.family === 'IPv6'
        ? 'ip6'
        : 'any';
  const { ips, addresses } = await lookUpAddresses(lookUp, family, host);
  const [first] = ips;
  if (first === undefined)
    return addresses.outcome === 'none'
      ? fail('EAI_AGAIN', addresses.why ?? addresses.status)
      : fail('ENOTFOUND', 'it has no address');
  const familyOf = (ip: string): 4 | 6 => (ip.includes(':') ? 6 : 4);
  if (options.all === true)
    callback(
      null,
      ips.map((address) => ({ address, family: familyOf(address) })),
    );
  else callback(null, first, familyOf(first));
}

/** Milliseconds until a mail host has to be inside TLS: RFC 5321 §4.5.3.2.1 gives the greeting five minutes. */
const MAIL_SOCKET_MS = 300_000;

async function openVerified(
  resolver: DaneResolver,
  level: DaneLevel,
  { host = '', port: portText = 25, name = 'localhost' }: Parameters<GetSocket>[0],
  callback: Parameters<GetSocket>[1],
): Promise<void> {
  const fail = (code: string, why: string): void =>
    callback(Object.assign(new Error(`${code}: ${host}: ${why}`), { code }));
  const port = Number(portText);
  if (parseName(host) === null || !(port > 0 && port < 65_536)) return fail('EDNS', 'not a mail host');
  // Without certificates: whether there are records.
  const expected = await resolver.verifyDane(host, port, [], { service: 'smtp' });
  if (expected.kind === 'lookup-failed') return fail('EDANE', expected.why);
  const place = { host, port, lookup: resolver.lookup, timeoutMs: MAIL_SOCKET_MS };
  if (expected.kind === 'no-dane') {
    if (level === 'dane-only') return fail('EDANE', expected.why);
    const plainSocket = await openMailSocket(place);
    if (!plainSocket.ok) return fail('ECONNECTION', plainSocket.text);
    return callback(null, { connection: plainSocket.socket, secured: false });
  }
  const opened = await openTlsMailSocket({
    ...place,
    dialogue: startDialogue('smtp', name),
    serverName: expected.base,
  });
  if (!opened.ok) return fail(opened.step === 'connect' ? 'ECONNECTION' : 'EDANE', opened.text);
  const { tls, chain } = opened.socket;
  const verdict = await resolver.verifyDane(
    host,
    port,
    chain.map(({ der }) => der),
    { service: 'smtp' },
  );
  // RFC 7672 §2.2: records that cannot be used still ask for TLS.
  if (verdict.kind !== 'verified' && verdict.kind !== 'unusable') {
    tls.destroy();
    return fail('EDANE', 'records' in verdict ? verdict.records.join('; ') : verdict.why);
  }
  // The greeting was said before TLS; who takes the connection over waits for one.
  tls.unshift(Buffer.from(`220 ${host}\r\n`));
  callback(null, { connection: tls, secured: true });
}

/** The certificates that a peer showed on a TLSSocket of node:tls, its own first. Connect with `ca: []` to see no others. */
export function certificatesOf(socket: PeerSocket): readonly Uint8Array[] {
  return certificateChainOf(socket).map(({ der }) => der);
}

/** What a TLSA record is to say. */
export interface TlsaOptions {
  readonly host: string;
  /** Default 25. */
  readonly port?: number;
  /** Default 3, 1, 1. */
  readonly usage?: 0 | 1 | 2 | 3;
  readonly selector?: 0 | 1;
  readonly matchingType?: 0 | 1 | 2;
  /** Seconds, default 3600. */
  readonly ttl?: number;
}

/** A record as a line of a zone file, or why there is none. */
export type MadeTlsa =
  | { readonly ok: true; readonly line: string; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Makes the TLSA record of a certificate, chain, request or key (PEM or DER). */
export async function makeTlsa(content: Uint8Array | string, options: TlsaOptions): Promise<MadeTlsa> {
  const { host, port = 25, usage = 3, selector = 1, matchingType = 1, ttl = 3600 } = options;
  const owner = serviceOwner(host, port, 'tcp');
  if (owner === null) return { ok: false, why: `not a host and port: ${host} ${port}` };
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const material = await createNodeCertificates().readFile(bytes);
  if (material === null) return { ok: false, why: 'neither certificate, request nor key' };
  const { clock } = await programPorts();
  const wish = { usage, selector, matchingType, host, isMail: port === 25, now: clock.unixSeconds() };
  const made = makeTlsas([material], wish, createNodeCrypto());
  if (typeof made === 'string') return { ok: false, why: made };
  const records = made.tlsas.map((tlsa) => ({ owner, ttl, type: TYPE.TLSA, rdata: tlsaRdata(tlsa) }));
  return { ok: true, line: recordsText(records, 'zone').trimEnd(), warnings: made.warnings };
}
