/** A mail domain: where its mail goes (RFC 5321 §5.1, RFC 7505), what each of its hosts is worth, and what it says beside DANE. */

import { type Name, namesEqual, ROOT } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { readMx } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type CheckParts, checkHost, type HostReport, plain } from './check-host.ts';
import type { Looked, LookUp } from './look-up.ts';

/** Mail hosts of one domain that are looked at. */
const MAX_MAIL_HOSTS = 20;
const SMTP_PORT = 25;

export type Route =
  | { readonly kind: 'hosts'; readonly hosts: readonly MailHost[]; readonly isImplicit: boolean }
  /** The domain takes no mail (RFC 7505). */
  | { readonly kind: 'null-mx' }
  | { readonly kind: 'no-domain' }
  | { readonly kind: 'broken'; readonly why: string };

interface MailHost {
  readonly name: Name;
  /** Null for the domain itself, without MX records. */
  readonly preference: number | null;
}

/** Policies that receivers publish beside DANE; a note, since DANE goes before them (RFC 8461 §2). */
export interface SidePolicies {
  /** The id of the MTA-STS policy; null: none. */
  readonly mtaSts: string | null;
  /** Where TLS reports go (RFC 8460 §3); empty: nowhere. */
  readonly tlsReports: readonly string[];
}

/** The findings of one mail domain. */
export interface DomainReport {
  readonly domain: Name;
  readonly mx: Looked;
  readonly route: Route;
  readonly hosts: readonly HostReport[];
  readonly side: SidePolicies;
}

export async function checkMailDomain(parts: CheckParts, domain: Name): Promise<DomainReport> {
  const mx = await parts.lookUp(domain, TYPE.MX);
  const route = routeOf(domain, mx);
  const side = sidePolicies(parts.lookUp, domain);
  const hosts = route.kind === 'hosts' ? route.hosts.slice(0, MAX_MAIL_HOSTS) : [];
  const references = referencesOf(domain, mx);
  // Without MX records nobody but the sender named the host.
  const isNamedSecurely = mx.status === 'secure' || mx.outcome === 'nodata';
  const place = { port: SMTP_PORT, protocol: 'tcp', service: 'smtp', starttls: 'smtp' } as const;
  const checked = hosts.map(({ name }) => checkHost(parts, { ...place, host: name, references, isNamedSecurely }));
  return { domain, mx, route, hosts: await Promise.all(checked), side: await side };
}

/** RFC 7672 §3.2.2: the domain is a name of the host only when its MX records are proven. */
function referencesOf(domain: Name, mx: Looked): readonly string[] {
  if (mx.status !== 'secure') return [];
  const names = namesEqual(mx.owner, domain) ? [domain] : [domain, mx.owner];
  return names.map(plain);
}

function routeOf(domain: Name, mx: Looked): Route {
  switch (mx.outcome) {
    case 'none':
      return { kind: 'broken', why: mx.why ?? mx.status };
    case 'nxdomain':
      return { kind: 'no-domain' };
    case 'nodata':
      // RFC 5321 §5.1: a domain without MX records is its own mail host.
      return { kind: 'hosts', isImplicit: true, hosts: [{ name: domain, preference: null }] };
    case 'data':
      return routeByMx(mx);
  }
}

function routeByMx(mx: Looked): Route {
  const records = mx.rdatas.map(readMx).filter((record) => record !== null);
  // RFC 7505 §3: one record with the root as its host.
  if (records.length === 1 && records.every(({ exchange }) => namesEqual(exchange, ROOT))) return { kind: 'null-mx' };
  const hosts = records.map(({ preference, exchange }) => ({ name: exchange, preference }));
  return { kind: 'hosts', isImplicit: false, hosts: hosts.sort((a, b) => a.preference - b.preference) };
}

async function sidePolicies(lookUp: LookUp, domain: Name): Promise<SidePolicies> {
  const [sts, reports] = await Promise.all([
    textsAt(lookUp, '_mta-sts', domain),
    textsAt(lookUp, '_smtp._tls', domain),
  ]);
  // RFC 8461 §3.1, RFC 8460 §3: more than one record of the version is as good as none.
  const policy = onlyOne(sts.filter((text) => /^v=STSv1\s*;/.test(text)));
  const report = onlyOne(reports.filter((text) => /^v=TLSRPTv1\s*;/.test(text)));
  const id = /;\s*id=([A-Za-z0-9]{1,32})\s*(?:;|$)/.exec(policy ?? '')?.[1] ?? null;
  const rua = /;\s*rua=([^;]+)/.exec(report ?? '')?.[1] ?? '';
  return {
    mtaSts: id,
    tlsReports: rua
      .split(',')
      .map((uri) => uri.trim())
      .filter((uri) => uri !== ''),
  };
}

function onlyOne(texts: readonly string[]): string | null {
  return texts.length === 1 ? (texts[0] ?? null) : null;
}

async function textsAt(lookUp: LookUp, prefix: string, domain: Name): Promise<readonly string[]> {
  const name = parseName(prefix, domain);
  if (name === null) return [];
  return (await lookUp(name, TYPE.TXT)).rdatas.map(txtText);
}

/** The strings of a TXT record, joined. */
function txtText(rdata: Uint8Array): string {
  let text = '';
  for (let at = 0; at < rdata.length; at += 1 + (rdata[at] ?? 0))
    text += new TextDecoder('latin1').decode(rdata.subarray(at + 1, at + 1 + (rdata[at] ?? 0)));
  return text;
}
