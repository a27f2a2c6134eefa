/** `hawser dane check`: words, ports and output; the check itself is in src/dane. */

import { hostname } from 'node:os';
import { domainToASCII } from 'node:url';
import { createNodeTlsProbe } from '../adapters/node-tls-probe.ts';
import { askServer } from '../dane/ask-server.ts';
import { type CheckParts, checkHost } from '../dane/check-host.ts';
import { checkMailDomain } from '../dane/mail-domain.ts';
import { type CheckLines, domainLines, type ReportOptions, singleHostLines } from '../dane/report.ts';
import { checkText, nagiosLine, statusOf, summaryTable } from '../dane/report-text.ts';
import { readServiceName, starttlsFor } from '../dane/service-name.ts';
import { DNS_PORT } from '../wire/address-text.ts';
import type { Name } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { familyOf, LOOK_UP_HELP, LOOK_UP_OPTIONS, openChosenSource, SOURCE_HELP } from './look-up-source.ts';
import { programPorts } from './own-resolver.ts';
import { ProgressBar } from './progress-bar.ts';
import { readWords, refuseWords, type WordValues } from './subcommand.ts';

const DAY_SECONDS = 86_400;
const DEFAULT_TIMEOUT_S = 20;
/** Domains that are checked at once: each opens a handful of connections. */
const AT_ONCE = 8;
/** Signatures that run out sooner are said: signers renew earlier than that. */
const DEFAULT_EXPIRY_DAYS = 3;

/** Ports of the flags that name a service. */
const SERVICE_PORTS = { smtp: 25, submission: 587, imap: 143, https: 443 } as const;

export const DANE_CHECK_USAGE = `Usage: hawser dane check [OPTION ...] DOMAIN|HOST:PORT ...
Looks at a mail domain as a sender does: MX, addresses, TLSA records and their proofs, STARTTLS and certificates of every
address; says what matches, what does not and why, and what Postfix would do. HOST:PORT looks at one service.
${SOURCE_HELP}

${LOOK_UP_HELP}  --mx HOST               look at this mail host only, as one of the domain
  --smtp, --submission, --imap, --https
                          take the words for hosts with that service (ports 25, 587, 143, 443)
  --no-connect            records only, no connections
  --servers               also ask each server of the zone whether it shows the same TLSA set
  --key-kinds             ask each address for its RSA and its ECDSA certificate
  --days N                check dates and signatures as if N days had passed
  --expiry DAYS           say when signatures run out within so many days, default ${DEFAULT_EXPIRY_DAYS}
  --timeout SECONDS       for each connection, default ${DEFAULT_TIMEOUT_S}
  --explain               also proofs and certificates
  --json | --nagios       for programs
Exit status: 0 all usable, 1 failed, 2 no DANE, 3 could not be tested; with --nagios 0 OK, 1 no DANE, 2 failed, 3 unknown.

Examples:
  hawser dane check example.org
  hawser dane check --nagios --resolver 127.0.0.1 example.org
  hawser dane check imap.example.org:993
`;

const OPTIONS = {
  ...LOOK_UP_OPTIONS,
  mx: { type: 'string' },
  smtp: { type: 'boolean' },
  submission: { type: 'boolean' },
  imap: { type: 'boolean' },
  https: { type: 'boolean' },
  'no-connect': { type: 'boolean' },
  servers: { type: 'boolean' },
  'key-kinds': { type: 'boolean' },
  days: { type: 'string', default: '0' },
  expiry: { type: 'string', default: String(DEFAULT_EXPIRY_DAYS) },
  timeout: { type: 'string', default: String(DEFAULT_TIMEOUT_S) },
  explain: { type: 'boolean' },
  json: { type: 'boolean' },
  nagios: { type: 'boolean' },
} as const;

type Values = WordValues<typeof OPTIONS>;

type Target =
  | { readonly kind: 'domain'; readonly domain: Name }
  | { readonly kind: 'host'; readonly host: Name; readonly port: number; readonly references: readonly string[] };

/** Runs it; the exit status. */
export async function runDaneCheck(words: readonly string[]): Promise<number> {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return refuseWords('dane check', read);
  const { values, positionals } = read;
  const targets = targetsOf(values, positionals);
  if (typeof targets === 'string') return refuseWords('dane check', targets);
  const numbers = [values.days, values.expiry, values.timeout].map(Number);
  if (!numbers.every((one) => Number.isInteger(one) && Math.abs(one) <= 36_500) || Number(values.timeout) < 1)
    return refuseWords('dane check', '--days, --expiry and --timeout take whole numbers');
  const ports = await programPorts();
  const source = await openChosenSource(values, ports);
  if (!('lookUp' in source)) return refuseWords('dane check', source.join('; '));
  if (source.remark !== '') process.stderr.write(`warning: ${source.remark}\n`);
  const now = ports.clock.unixSeconds() + Number(values.days) * DAY_SECONDS;
  const parts: CheckParts = {
    lookUp: source.lookUp,
    crypto: ports.crypto,
    tls: values['no-connect'] === true ? null : createNodeTlsProbe(),
    ask: values.servers === true ? (ip, question) => askServer(ports, { ip, port: DNS_PORT }, question, 0) : null,
    now,
    options: {
      family: familyOf(values),
      timeoutMs: Number(values.timeout) * 1000,
      ehlo: hostname(),
      bothKeyKinds: values['key-kinds'] === true,
    },
  };
  const checks = await checkAll(targets, parts, { now, days: Number(values.expiry) });
  source.stop();
  return print(checks, values);
}

function targetsOf(values: Values, words: readonly string[]): readonly Target[] | string {
  if (words.length === 0) return 'a domain or HOST:PORT is needed';
  const flags = (['smtp', 'submission', 'imap', 'https'] as const).filter((flag) => values[flag] === true);
  if (values.mx !== undefined && (words.length > 1 || flags.length > 0)) return '--mx takes one domain and no service';
  const targets: Target[] = [];
  for (const word of words) {
    const place = readServiceName(word, flags[0] === undefined ? 25 : SERVICE_PORTS[flags[0]]);
    const name = place === null ? null : parseName(domainToASCII(place.host.replace(/\.$/, '')) || place.host);
    if (place === null || name === null) return `not a domain or HOST:PORT: ${word}`;
    if (values.mx !== undefined) {
      const host = parseName(values.mx);
      if (host === null) return `not a host: ${values.mx}`;
      targets.push({ kind: 'host', host, port: 25, references: [place.host] });
    } else if (/:\d+$/.test(word)) targets.push({ kind: 'host', host: name, port: place.port, references: [] });
    else if (flags.length === 0) targets.push({ kind: 'domain', domain: name });
    else
      targets.push(
        ...flags.map((flag): Target => ({ kind: 'host', host: name, port: SERVICE_PORTS[flag], references: [] })),
      );
  }
  return targets;
}

async function checkAll(
  targets: readonly Target[],
  parts: CheckParts,
  options: ReportOptions,
): Promise<readonly CheckLines[]> {
  const checks: CheckLines[] = [];
  const progress = new ProgressBar(process.stderr, targets.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < targets.length; at = next++) {
      checks[at] = await checkOne(targets[at] as Target, parts, options);
      progress.step();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
  progress.end();
  return checks;
}

async function checkOne(target: Target, parts: CheckParts, options: ReportOptions): Promise<CheckLines> {
  if (target.kind === 'domain') return domainLines(await checkMailDomain(parts, target.domain), options);
  const { host, port, references } = target;
  const starttls = starttlsFor(port);
  // Mail between servers is port 25; submission and the rest take all usages (RFC 7673 §3).
  const service = port === 25 ? 'smtp' : 'other';
  const checked = { host, port, protocol: 'tcp', service, starttls, references, isNamedSecurely: true } as const;
  return singleHostLines(await checkHost(parts, checked), options);
}

function print(checks: readonly CheckLines[], values: Values): number {
  if (values.nagios === true) {
    const { text, status } = nagiosLine(checks);
    process.stdout.write(text);
    return status;
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
  else {
    process.stdout.write(checks.map((check) => checkText(check, { explains: values.explain === true })).join('\n'));
    if (checks.length > 1) process.stdout.write(`\n${summaryTable(checks)}`);
  }
  return statusOf(checks);
}
