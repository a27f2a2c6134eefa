/**
 * What directives mean together, once each is read: contradictions, duplicates, names that nothing defines, records that
 * are none. Needs nothing but the text.
 *
 * Leaves to others: the form of a value (form*.ts), addresses and ports (check-network.ts), policy (check-policy.ts), what is on
 * this machine (check-files.ts).
 */

import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { parseRecord } from '../wire/record-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { eachInPieces, type Steps } from '../wire/steps.ts';
import { checkCacheFile } from './check-cache-file.ts';
import { checkCachedb } from './check-cachedb.ts';
import { checkNetwork } from './check-network.ts';
import { checkPolicy } from './check-policy.ts';
import type { Config } from './config.ts';
import type { Findings } from './finding.ts';
import { FormError } from './form.ts';
import { domain } from './form-network.ts';
import { Lines, NOWHERE } from './lines.ts';
import { checkModules } from './modules.ts';
import { rowOf } from './options-table.ts';
import type { Clause } from './parser.ts';

/** TTL for records that are written without one; its value is of no account here. */
const ANY_TTL_SECONDS = 3600;

/** Lines that are looked at in one piece. */
const ENTRIES_PER_PIECE = 1000;

/** Adds findings about the configuration as a whole. */
export function* checkConfig(clauses: readonly Clause[], config: Config, findings: Findings): Steps<void> {
  const lines = new Lines(clauses.filter(({ name }) => name === 'server'));
  checkNetwork(clauses, config, findings);
  checkCachedb(clauses, config, findings);
  checkModules(config, (text, severity) => findings[severity](lines.last('module-config'), text));
  warnOfDuplicates(clauses, findings);
  checkAnchors(lines, findings);
  checkViews(clauses, config, lines, findings);
  yield* checkPolicy(clauses, config, findings);
  checkTimes(config, lines, findings);
  checkCacheFile(config, lines, findings);
  yield* warnOfRawNames(clauses, findings);
}

/** What becomes of several clauses of one name: as in Unbound, of those that say whom to ask the last counts. */
const DUPLICATES = {
  'stub-zone': { counts: 'last', text: 'ignored: the last one counts' },
  'forward-zone': { counts: 'last', text: 'ignored: the last one counts' },
  'auth-zone': { counts: 'first', text: 'only adds to the lists of the first one' },
  rpz: { counts: 'first', text: 'adds to the lists of the first one, and the last one says what the policy does' },
} as const;

function warnOfDuplicates(clauses: readonly Clause[], findings: Findings): void {
  for (const [kind, { counts, text }] of Object.entries(DUPLICATES)) {
    const seen = new Set<string>();
    const all = clauses.filter((clause) => clause.name === kind);
    for (const clause of counts === 'last' ? all.reverse() : all) {
      const name = nameOf(clause);
      if (name === null) continue;
      const key = nameKey(name);
      if (seen.has(key)) {
        findings.warning(clause, `duplicate ${kind} ${formatName(name)} ${text}`);
      }
      seen.add(key);
    }
  }
}

function nameOf(clause: Clause): Name | null {
  const text = clause.entries.find((entry) => entry.directive === 'name')?.values[0] ?? '';
  const name = domain.read(text);
  return name instanceof FormError ? null : name;
}

function checkAnchors(lines: Lines, findings: Findings): void {
  for (const entry of lines.of('trust-anchor')) {
    const record = parseRecord(entry.values[0] ?? '', { ttl: ANY_TTL_SECONDS });
    if ('error' in record) findings.error(entry, `error in trust-anchor: ${record.error}: "${entry.values[0]}"`);
    else if (record.type !== TYPE.DS && record.type !== TYPE.DNSKEY) {
      findings.error(entry, `error in trust-anchor: a DS or DNSKEY record expected: "${entry.values[0]}"`);
    }
  }
}

function checkViews(clauses: readonly Clause[], config: Config, lines: Lines, findings: Findings): void {
  const names = new Set<string>();
  for (const clause of clauses.filter(({ name }) => name === 'view')) {
    const name = clause.entries.find((entry) => entry.directive === 'name')?.values[0];
    if (name !== undefined && names.has(name)) findings.error(clause, `duplicate view: ${name}`);
    if (name !== undefined) names.add(name);
  }
  const used = {
    'access-control-view': config.server.accessControlView,
    'interface-view': config.server.interfaceView,
  };
  for (const [directive, values] of Object.entries(used)) {
    for (const { value } of values) {
      if (names.has(value)) continue;
      const at = lines.of(directive).find((entry) => entry.values.at(-1) === value) ?? NOWHERE;
      findings.error(at, `cannot find view for ${directive}: ${value}`);
    }
  }
}

function checkTimes({ server }: Config, lines: Lines, findings: Findings): void {
  if (server.cacheMinTtl > server.cacheMaxTtl) {
    findings.warning(lines.last('cache-min-ttl'), 'cache-min-ttl is larger than cache-max-ttl, which wins');
  }
  if (server.valSigSkewMin > server.valSigSkewMax) {
    findings.warning(lines.last('val-sig-skew-min'), 'val-sig-skew-min is larger than val-sig-skew-max, which wins');
  }
  if (!server.hardenDnssecStripped) {
    findings.warning(
      lines.last('harden-dnssec-stripped'),
      'harden-dnssec-stripped: no: whoever leaves the keys of a zone with a trust anchor out of an answer makes its names insecure',
    );
  }
}

/** Names outside of ASCII are taken octet by octet, as in Unbound; programs ask for their other form (RFC 5891 §4.4). */
function* warnOfRawNames(clauses: readonly Clause[], findings: Findings): Steps<void> {
  for (const { name, entries } of clauses) {
    yield* eachInPieces(entries, ENTRIES_PER_PIECE, (entry) => {
      const phrase = rowOf(name, entry.directive)?.row.form.phrase ?? '';
      if (!/domain name|resource record|<zone>/.test(phrase)) return;
      const raw = entry.values.find((value) => /[\u0080-\uffff]/.test(value));
      if (raw === undefined) return;
      findings.warning(entry, `'${raw}' is taken octet by octet: programs ask for the form that begins with xn--`);
    });
  }
}
