/**
 * What Postfix would do, in the words of its log (smtp(8), levels `dane` and `dane-only`), so that they can be searched for
 * there. Measured with Postfix 3.7; test/interop/dane-check.test.ts holds both together.
 */

import { ipText, parseIp } from '../wire/ip.ts';
import { type HostReport, type HostVerdict, plain } from './check-host.ts';
import type { Route } from './mail-domain.ts';

type MtaLevel = 'dane' | 'dane-only';

/** What becomes of the mail, and the log's words. */
export interface MtaFate {
  readonly fate: 'delivered' | 'deferred' | 'bounced';
  readonly words: string;
}

/** What Postfix does with mail for the host. */
export function postfixFate(report: HostReport, level: MtaLevel): MtaFate {
  const host = plain(report.checked.host);
  const { port, isNamedSecurely } = report.checked;
  // RFC 7672 §2.2.1: without a proof of the MX there is no DANE for the domain; at level `dane` Postfix verifies the host all
  // the same (smtp_tls_dane_insecure_mx_policy), and calls it Trusted instead since 3.7.13.
  if (level === 'dane-only' && !isNamedSecurely && report.ips.length > 0) return deferred('non DNSSEC destination');
  switch (report.verdict) {
    case 'verified':
    case 'usable':
      return delivered(`Verified TLS connection established to ${peerText(report)}`);
    case 'mismatch':
      return deferred('Server certificate not verified');
    case 'no-tls':
      return deferred(noTlsWords(report));
    case 'unusable':
      if (level === 'dane-only') return deferred('TLSA records unusable');
      // RFC 7672 §2.2: records that nobody can use still say that there is TLS.
      if (isWithoutTls(report)) return deferred(noTlsWords(report));
      return delivered(`Untrusted TLS connection established to ${peerText(report)}`);
    case 'no-dane':
      if (level === 'dane-only') return deferred('no TLSA records found');
      return withoutDane(report);
    case 'tlsa-lookup-failed':
      return deferred(`TLSA lookup error for ${host}:${port}`);
    case 'address-lookup-failed':
      return deferred(
        `Host or domain name not found. Name service error for name=${host} type=A: Host not found, try again`,
      );
    case 'no-address':
      return {
        fate: 'bounced',
        words: `Host or domain name not found. Name service error for name=${host} type=A: Host not found`,
      };
    case 'unreachable':
      return deferred(
        `connect to ${peerText(report)}: ${report.connections[0]?.probed.kind === 'failed' ? report.connections[0].probed.text : ''}`,
      );
  }
}

function delivered(words: string): MtaFate {
  return { fate: 'delivered', words };
}

function deferred(words: string): MtaFate {
  return { fate: 'deferred', words };
}

/** How TLS did not come about, at the address that tells it. */
function noTlsWords(report: HostReport): string {
  const peer = peerText(report).replace(/:\d+$/, '');
  const failures = report.connections.flatMap(({ probed }) => (probed.kind === 'failed' ? [probed] : []));
  const refused = failures.find(({ step }) => step === 'no-starttls');
  if (refused === undefined) return 'Cannot start TLS: handshake failure';
  const reply = /^it answers STARTTLS with: (.*)$/.exec(refused.text)?.[1];
  if (reply !== undefined) return `TLS is required, but host ${peer} refused to start TLS: ${reply}`;
  return `TLS is required, but was not offered by host ${peer}`;
}

/** Some address speaks, but TLS does not come about. */
function isWithoutTls({ connections }: HostReport): boolean {
  return connections.some(
    ({ probed }) => probed.kind === 'failed' && (probed.step === 'no-starttls' || probed.step === 'tls'),
  );
}

/** RFC 7435: TLS as it comes, clear text without. */
function withoutDane(report: HostReport): MtaFate {
  const { connections } = report;
  if (isWithoutTls(report)) return delivered('no TLS: the mail goes in clear text');
  if (connections.length > 0 && connections.every(({ probed }) => probed.kind === 'failed'))
    return deferred(`connect to ${peerText(report)}: no answer`);
  return delivered(`Untrusted TLS connection established to ${peerText(report)}`);
}

/** `mx.example[192.0.2.1]:25`: the address that tells most, or the first. */
function peerText({ checked, connections, ips, verdict }: HostReport): string {
  const telling = connections.find(({ probed }) => (verdict === 'no-tls') === (probed.kind === 'failed'));
  const ip = telling?.address.ip ?? ips[0] ?? '';
  const bytes = parseIp(ip);
  return `${plain(checked.host)}[${bytes === null ? ip : ipText(bytes)}]:${checked.port}`;
}

/** What Postfix does where it does not come to hosts; null where it does. */
export function postfixRouteFate(route: Route, domain: string): MtaFate | null {
  switch (route.kind) {
    case 'hosts':
      return null;
    case 'null-mx':
      return { fate: 'bounced', words: `Domain ${domain} does not accept mail (nullMX)` };
    case 'no-domain':
      return {
        fate: 'bounced',
        words: `Host or domain name not found. Name service error for name=${domain} type=MX: Host not found`,
      };
    case 'broken':
      return deferred(
        `Host or domain name not found. Name service error for name=${domain} type=MX: Host not found, try again`,
      );
  }
}

/** A verdict's sentence for people. */
export function verdictSentence(verdict: HostVerdict): string {
  return SENTENCES[verdict];
}

const SENTENCES: Readonly<Record<HostVerdict, string>> = {
  verified: 'DANE verifies it',
  usable: 'its records can be used; its certificate was not looked at',
  mismatch: 'it shows a certificate that no TLSA record matches: mail does not arrive',
  'no-tls': 'it has TLSA records but no working STARTTLS: mail does not arrive',
  unusable: 'none of its TLSA records can be used: TLS without authentication',
  'no-dane': 'it has no DANE: TLS as it comes, which somebody on the way can take away',
  'tlsa-lookup-failed': 'its TLSA records cannot be had: mail does not arrive',
  'address-lookup-failed': 'its addresses cannot be had: mail does not arrive',
  'no-address': 'it has no address',
  unreachable: 'it does not answer',
};

/** How a check ends for those who only see a number. */
export type CheckEnd = 'good' | 'failed' | 'no-dane' | 'untested';

/** What hosts come to together; a domain is as weak as its weakest host and as the record that names them (RFC 7672 §2.2.1). */
export function endOf(hosts: readonly HostReport[]): CheckEnd {
  const verdicts = hosts.map(({ verdict }) => verdict);
  const has = (...kinds: readonly HostVerdict[]): boolean => verdicts.some((one) => kinds.includes(one));
  if (has('mismatch', 'no-tls', 'tlsa-lookup-failed', 'address-lookup-failed')) return 'failed';
  const isDane = has('verified', 'usable');
  // RFC 7672 §2.2.1: who can keep a client from one host leads it to another, which has no protection.
  if (isDane && has('no-dane', 'unusable')) return 'failed';
  if (isDane) return hosts.every(({ checked }) => checked.isNamedSecurely) ? 'good' : 'no-dane';
  return has('no-dane', 'unusable') ? 'no-dane' : 'untested';
}
