/** The findings of a check as plain data (`--json`), from which the text is made too, so that both say the same. */

import { toHex } from '../wire/bytes.ts';
import { formatName } from '../wire/name-text.ts';
import { serverRemarks } from './authorities.ts';
import type { Connection, HostReport, HostVerdict } from './check-host.ts';
import { plain } from './check-host.ts';
import type { Looked, LookedStatus } from './look-up.ts';
import type { DomainReport, Route, SidePolicies } from './mail-domain.ts';
import { outcomeText } from './match-chain.ts';
import { type CheckEnd, endOf, type MtaFate, postfixFate, postfixRouteFate, verdictSentence } from './mta-words.ts';
import { rolloverRemarks, signatureRemarks } from './rollover-health.ts';
import { tlsaText, usabilityOf } from './tlsa-record.ts';

/** What DNSSEC says of one look-up. */
export interface StatusLine {
  readonly status: LookedStatus;
  readonly why: string | null;
  readonly aliases: readonly string[];
}

interface CertificateLine {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly notAfter: number;
}

interface TlsaLine {
  readonly record: string;
  readonly association: string;
  readonly usable: boolean;
  readonly why: string | null;
}

export interface ConnectionLine {
  readonly ip: string;
  readonly port: number;
  readonly signatures: 'any' | 'rsa' | 'ecdsa';
  readonly tls: string | null;
  readonly failure: string | null;
  readonly chain: readonly CertificateLine[];
  readonly matches: readonly {
    readonly record: string;
    readonly matched: boolean;
    readonly text: string;
    readonly remarks: readonly string[];
  }[];
}

export interface HostLines {
  readonly host: string;
  readonly port: number;
  readonly verdict: HostVerdict;
  readonly sentence: string;
  readonly addresses: StatusLine & { readonly ips: readonly string[] };
  readonly tlsa: {
    readonly found: 'records' | 'absent' | 'not-asked' | 'broken' | 'not-reached';
    readonly base: string | null;
    readonly why: string | null;
    readonly ttl: number | null;
    readonly signedUntil: number | null;
    readonly records: readonly TlsaLine[];
    readonly denial: readonly string[];
    readonly remarks: readonly string[];
    /** How the servers of the zone agree; empty: they were not asked. */
    readonly servers: readonly string[];
  };
  readonly connections: readonly ConnectionLine[];
  /** What Postfix does at either level; null for what is not mail between servers. */
  readonly postfix: { readonly dane: MtaFate; readonly daneOnly: MtaFate } | null;
}

/** One domain or one host by itself. */
export interface CheckLines {
  readonly name: string;
  readonly end: CheckEnd;
  /** Null for a host that was named by itself. */
  readonly mail:
    | (StatusLine & {
        readonly route: Route['kind'];
        readonly isImplicit: boolean;
        readonly postfix: MtaFate | null;
        readonly mtaSts: string | null;
        readonly tlsReports: readonly string[];
      })
    | null;
  readonly hosts: readonly HostLines[];
}

/** What the lines are made with. */
export interface ReportOptions {
  /** Unix seconds. */
  readonly now: number;
  /** Signatures that run out within so many days are said. */
  readonly days: number;
}

export function domainLines(report: DomainReport, options: ReportOptions): CheckLines {
  const { domain, mx, route, hosts } = report;
  const name = plain(domain);
  return {
    name,
    end: route.kind === 'hosts' ? endOf(hosts) : route.kind === 'broken' ? 'failed' : 'no-dane',
    mail: mailLines(name, mx, route, report.side),
    hosts: hosts.map((host) => hostLines(host, options)),
  };
}

function mailLines(name: string, mx: Looked, route: Route, side: SidePolicies): CheckLines['mail'] {
  const isImplicit = route.kind === 'hosts' && route.isImplicit;
  return { ...statusLine(mx), route: route.kind, isImplicit, postfix: postfixRouteFate(route, name), ...side };
}

export function singleHostLines(host: HostReport, options: ReportOptions): CheckLines {
  const lines = hostLines(host, options);
  return { name: `${lines.host}:${lines.port}`, end: endOf([host]), mail: null, hosts: [lines] };
}

function statusLine({ status, why, aliases }: Looked): StatusLine {
  return { status, why, aliases: aliases.map(formatName) };
}

function hostLines(report: HostReport, options: ReportOptions): HostLines {
  const { checked, verdict, addresses, ips, connections } = report;
  return {
    host: plain(checked.host),
    port: checked.port,
    verdict,
    sentence: verdictSentence(verdict),
    addresses: { ...statusLine(addresses), ips },
    tlsa: tlsaLines(report, options),
    connections: connections.map(connectionLine),
    postfix: checked.service === 'smtp' ? postfixFates(report) : null,
  };
}

function postfixFates(report: HostReport): HostLines['postfix'] {
  return { dane: postfixFate(report, 'dane'), daneOnly: postfixFate(report, 'dane-only') };
}

function tlsaLines({ tlsa, checked, authorities }: HostReport, { now, days }: ReportOptions): HostLines['tlsa'] {
  const servers = authorities === null ? [] : serverRemarks(authorities);
  const nothing = {
    base: null,
    why: null,
    ttl: null,
    signedUntil: null,
    records: [],
    denial: [],
    remarks: [],
    servers,
  };
  if (tlsa === null) return { ...nothing, found: 'not-reached' };
  if (tlsa.kind === 'not-asked') return { ...nothing, found: tlsa.kind, why: tlsa.why };
  const base = plain(tlsa.base);
  if (tlsa.kind === 'broken') return { ...nothing, found: tlsa.kind, base, why: tlsa.why };
  const { ttl, signedUntil, denial } = tlsa.looked;
  if (tlsa.kind === 'absent') return { ...nothing, found: tlsa.kind, base, why: tlsa.why, denial };
  const records = tlsa.tlsas.map((one): TlsaLine => {
    const usability = usabilityOf(one, checked.service);
    const why = usability.usable ? null : usability.why;
    return { record: tlsaText(one), association: toHex(one.association), usable: usability.usable, why };
  });
  const remarks = [...rolloverRemarks(tlsa.tlsas, checked.service), ...signatureRemarks(tlsa.looked, now, days)];
  return { ...nothing, found: 'records', base, ttl, signedUntil, records, remarks };
}

function connectionLine({ address, signatures, probed, verdict }: Connection): ConnectionLine {
  const { ip, port } = address;
  const nothing = { ip, port, signatures, tls: null, failure: null, chain: [], matches: [] };
  if (probed.kind === 'failed') return { ...nothing, failure: `${probed.step}: ${probed.text}` };
  const chain = probed.chain.map(({ subject, issuer, dnsNames, notAfter }) => ({
    subject,
    issuer,
    names: dnsNames,
    notAfter,
  }));
  const matches = (verdict?.records ?? []).map((checked) => ({
    record: tlsaText(checked.tlsa),
    matched: checked.outcome.kind === 'matched',
    text: outcomeText(checked),
    remarks: checked.remarks,
  }));
  return { ...nothing, tls: `${probed.protocol} ${probed.cipher}`, chain, matches };
}
