/** The findings of a check as text for a terminal, for Nagios, and as a table of many domains. */

import type { CheckEnd, MtaFate } from './mta-words.ts';
import type { CheckLines, ConnectionLine, HostLines, StatusLine } from './report.ts';

const END_WORDS: Readonly<Record<CheckEnd, string>> = {
  good: 'DANE works',
  failed: 'DANE is broken',
  'no-dane': 'no DANE',
  untested: 'could not be tested',
};
/** Exit status of a check. */
const END_STATUS: Readonly<Record<CheckEnd, number>> = { good: 0, failed: 1, 'no-dane': 2, untested: 3 };
/** The same for monitoring plugins: 0 OK, 1 warning, 2 critical, 3 unknown. */
const NAGIOS_STATUS: Readonly<Record<CheckEnd, number>> = { good: 0, failed: 2, 'no-dane': 1, untested: 3 };
const NAGIOS_WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

interface TextOptions {
  /** Also proofs of denial and the certificates. */
  readonly explains: boolean;
}

export function checkText(check: CheckLines, options: TextOptions): string {
  const lines = [`${check.name}: ${END_WORDS[check.end]}`, ...mailText(check)];
  for (const host of check.hosts) lines.push(...hostText(host, options));
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Words of peers and of certificates come here: what would steer a terminal goes. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '?');
}

function mailText({ mail, hosts }: CheckLines): string[] {
  if (mail === null) return [];
  const lines = [
    `  MX: ${statusText(mail)}${mail.isImplicit ? '; no MX records, so the domain is its own mail host' : ''}`,
  ];
  if (mail.route === 'null-mx') lines.push('  the domain takes no mail (null MX)');
  if (mail.route === 'no-domain') lines.push('  there is no such domain');
  if (mail.status === 'insecure' && hosts.some(({ verdict }) => verdict === 'verified'))
    lines.push('  the MX records are not signed: somebody on the way can lead mail to another host');
  if (mail.postfix !== null) lines.push(`  Postfix: ${fateText(mail.postfix)}`);
  if (mail.mtaSts !== null) lines.push(`  MTA-STS policy ${mail.mtaSts} (DANE goes first, RFC 8461 §2)`);
  if (mail.route !== 'hosts') return lines;
  lines.push(
    mail.tlsReports.length > 0
      ? `  TLS reports go to ${mail.tlsReports.join(', ')}`
      : '  no TLS reports are asked for (RFC 8460)',
  );
  return lines;
}

function statusText({ status, why, aliases }: StatusLine): string {
  const by = aliases.length === 0 ? '' : `, by the alias ${aliases.join(', ')}`;
  return `${status}${why === null ? '' : ` (${why})`}${by}`;
}

function fateText({ fate, words }: MtaFate): string {
  return `${fate}: ${words}`;
}

function hostText(host: HostLines, options: TextOptions): string[] {
  const { addresses, tlsa, postfix } = host;
  const lines = [
    `  ${host.host}:${host.port}: ${host.sentence}`,
    `    addresses: ${statusText(addresses)}: ${addresses.ips.join(', ') || 'none'}`,
    ...(postfix !== null && addresses.aliases.length > 0
      ? ['      an MX record must not name an alias (RFC 5321 §5.1)']
      : []),
    ...tlsaText(tlsa, options),
    ...host.connections.flatMap((connection) => connectionText(connection, options)),
  ];
  if (postfix === null) return lines;
  const levels = [`level dane: ${fateText(postfix.dane)}`, `level dane-only: ${fateText(postfix.daneOnly)}`];
  lines.push(...levels.map((level) => `    Postfix at ${level}`));
  return lines;
}

function tlsaText(tlsa: HostLines['tlsa'], { explains }: TextOptions): string[] {
  if (tlsa.found === 'not-reached') return [];
  const head = tlsa.base === null ? '    TLSA' : `    TLSA of ${tlsa.base}`;
  const servers = tlsa.servers.map((remark) => `      ${remark}`);
  if (tlsa.found !== 'records') {
    const proof = explains ? tlsa.denial.map((line) => `      proof: ${line}`) : [];
    return [`${head}: ${tlsa.why}`, ...proof, ...servers];
  }
  const records = tlsa.records.map(
    ({ record, usable, why }) => `      ${record}${usable ? '' : `: cannot be used: ${why}`}`,
  );
  return [
    `${head}: secure, TTL ${tlsa.ttl}`,
    ...records,
    ...tlsa.remarks.map((remark) => `      ${remark}`),
    ...servers,
  ];
}

function connectionText(connection: ConnectionLine, { explains }: TextOptions): string[] {
  const kind = connection.signatures === 'any' ? '' : ` (${connection.signatures.toUpperCase()})`;
  const place = `    ${connection.ip}${kind}`;
  if (connection.failure !== null) return [`${place}: ${connection.failure}`];
  const certificates = connection.chain.map(
    ({ subject, names, notAfter }, depth) =>
      `      certificate ${depth}: ${subject}${names.length > 0 ? ` for ${names.join(', ')}` : ''}, until ${dateText(notAfter)}`,
  );
  const matches = connection.matches.flatMap(({ record, text, remarks }) => [
    `      ${record} ${text}`,
    ...remarks.map((remark) => `        ${remark}`),
  ]);
  return [`${place}: ${connection.tls}`, ...(explains ? certificates : []), ...matches];
}

function dateText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10);
}

/** One line for a monitoring plugin, with figures after the bar. */
export function nagiosLine(checks: readonly CheckLines[]): { readonly text: string; readonly status: number } {
  // Critical goes before unknown, as monitoring plugins do.
  const order = [2, 3, 1, 0];
  const status = order.find((one) => checks.some(({ end }) => NAGIOS_STATUS[end] === one)) ?? 3;
  const words = checks.map(({ name, end }) => `${name} ${END_WORDS[end]}`).join(', ');
  const count = (end: CheckEnd): number => checks.filter((check) => check.end === end).length;
  const figures = `good=${count('good')} failed=${count('failed')} none=${count('no-dane')} untested=${count('untested')}`;
  return { text: `${printable(`DANE ${NAGIOS_WORDS[status]} - ${words}`)} | ${figures}\n`, status };
}

/** Exit status of many checks: the worst. */
export function statusOf(checks: readonly CheckLines[]): number {
  const ends: readonly CheckEnd[] = ['failed', 'untested', 'no-dane', 'good'];
  const worst = ends.find((end) => checks.some((check) => check.end === end));
  return END_STATUS[worst ?? 'untested'];
}

/** A table of many domains, one line each. */
export function summaryTable(checks: readonly CheckLines[]): string {
  const width = Math.max(6, ...checks.map(({ name }) => name.length));
  const rows = checks.map(({ name, end, hosts }) => {
    const verdicts = hosts.map(({ host, verdict }) => `${host} ${verdict}`).join(', ');
    return `${printable(`${name.padEnd(width)}  ${END_WORDS[end].padEnd(19)}  ${verdicts}`).trimEnd()}\n`;
  });
  return `${'domain'.padEnd(width)}  ${'DANE'.padEnd(19)}  hosts\n${rows.join('')}`;
}
