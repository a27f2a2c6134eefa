/**
 * What directives mean together, once each is read: contradictions, duplicates, names that nothing defines, records that
 * are none. Needs nothing but the text.
 *
 * Leaves to others: the form of a value (form*.ts), what is on this machine (check-files.ts).
 */

import { parseIp } from '../wire/ip.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { parseRecord } from '../wire/record-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Config } from './config.ts';
import type { Findings, Position } from './finding.ts';
import { FormError } from './form.ts';
import { domain, serverName } from './form-network.ts';
import { checkModules } from './modules.ts';
import { outgoingPorts } from './outgoing-ports.ts';
import type { Clause, Entry } from './parser.ts';

/** TTL for records that are written without one; its value is of no account here. */
const ANY_TTL_SECONDS = 3600;

/** Adds findings about the configuration as a whole. */
export function checkConfig(clauses: readonly Clause[], config: Config, findings: Findings): void {
  const lines = new Lines(clauses);
  checkTransports(config, lines, findings);
  checkModules(config.server.moduleConfig, (text, severity) => findings[severity](lines.last('module-config'), text));
  checkInterfaces(config, lines, findings);
  checkZones(clauses, findings);
  checkRecords(lines, findings);
  checkViews(clauses, config, lines, findings);
  checkTags(config, lines, findings);
  checkTimes(config, lines, findings);
  checkDns64(config, lines, findings);
}

/** Prefix lengths that addresses can be put into (RFC 6052 §2.2). */
const DNS64_PREFIX_LENGTHS: readonly string[] = ['32', '40', '48', '56', '64', '96'];

function checkDns64({ server }: Config, lines: Lines, findings: Findings): void {
  if (!server.moduleConfig.includes('dns64')) return;
  const [ip = '', length = ''] = server.dns64Prefix.split('/');
  if (parseIp(ip)?.length === 16 && DNS64_PREFIX_LENGTHS.includes(length)) return;
  findings.error(
    lines.last('dns64-prefix'),
    `dns64-prefix: IPv6 prefix of length ${DNS64_PREFIX_LENGTHS.join(', ')} expected`,
  );
}

const NOWHERE: Position = { file: '', line: 0 };

/** The lines of `server:`, by directive. */
class Lines {
  readonly #entries: readonly Entry[];

  constructor(clauses: readonly Clause[]) {
    this.#entries = clauses.filter((clause) => clause.name === 'server').flatMap((clause) => clause.entries);
  }

  of(directive: string): readonly Entry[] {
    return this.#entries.filter((entry) => entry.directive === directive);
  }

  last(directive: string): Position {
    return this.of(directive).at(-1) ?? NOWHERE;
  }
}

function checkTransports({ server, outgoingPortRules }: Config, lines: Lines, findings: Findings): void {
  if (!server.doIp4 && !server.doIp6) {
    findings.error(lines.last('do-ip6'), 'ip4 and ip6 are both disabled, pointless');
  }
  if (!server.doUdp && !server.doTcp) {
    findings.error(lines.last('do-tcp'), 'udp and tcp are both disabled, pointless');
  }
  if (server.preferIp4 && server.preferIp6) {
    findings.warning(lines.last('prefer-ip6'), 'ip4 and ip6 are both preferred: neither is');
  }
  if (outgoingPorts(outgoingPortRules).length === 0) {
    findings.error(lines.last('outgoing-port-avoid'), 'no outgoing ports are left: all are avoided');
  }
}

function checkInterfaces({ server }: Config, lines: Lines, findings: Findings): void {
  const seen = new Set<string>();
  for (const { place, port } of server.interface) {
    const key = `${place}@${port ?? server.port}`;
    if (seen.has(key)) {
      const at = lines.of('interface').findLast((entry) => entry.values[0]?.startsWith(place) === true) ?? NOWHERE;
      findings.error(at, `interface: ${place} present twice, cannot bind same ports twice.`);
    }
    seen.add(key);
  }
}

/** Stub and forward zones: one of each name, with servers that can be asked. */
function checkZones(clauses: readonly Clause[], findings: Findings): void {
  warnOfDuplicates(clauses, findings);
  for (const clause of clauses) {
    if (clause.name !== 'stub-zone' && clause.name !== 'forward-zone') continue;
    const name = nameOf(clause);
    if (name === null) continue;
    const servers = clause.entries.filter((entry) => /-(?:addr|host)$/.test(entry.directive));
    if (servers.length === 0 && clause.name === 'stub-zone') {
      findings.warning(clause, `stub-zone ${formatName(name)} has neither stub-addr nor stub-host`);
    }
    for (const entry of servers) checkHost(entry, formatName(name), findings);
  }
}

/** Which of several clauses of one name counts: as in Unbound, the last of those that say whom to ask, else the first. */
const DUPLICATES = { 'stub-zone': 'last', 'forward-zone': 'last', 'auth-zone': 'first', rpz: 'first' } as const;

function warnOfDuplicates(clauses: readonly Clause[], findings: Findings): void {
  for (const [kind, counts] of Object.entries(DUPLICATES)) {
    const seen = new Set<string>();
    const all = clauses.filter((clause) => clause.name === kind);
    for (const clause of counts === 'last' ? all.reverse() : all) {
      const name = nameOf(clause);
      if (name === null) continue;
      const key = nameKey(name);
      if (seen.has(key)) {
        findings.warning(clause, `duplicate ${kind} ${formatName(name)} ignored: the ${counts} one counts`);
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

function checkHost(entry: Entry, zone: string, findings: Findings): void {
  if (!entry.directive.endsWith('-host')) return;
  const host = entry.values[0] ?? '';
  const read = serverName.read(host);
  if (read instanceof FormError) return;
  const address = parseIp(formatName(read.name).replace(/\.$/, '')) ?? parseIp(host);
  if (address === null) return;
  const family = address.length === 4 ? 4 : 6;
  findings.warning(
    entry,
    `${zone} ${entry.directive}: "${host}" is an IP${family} address, and when looked up as a host name during use may not resolve.`,
  );
}

function checkRecords(lines: Lines, findings: Findings): void {
  for (const entry of lines.of('trust-anchor')) {
    const record = parseRecord(entry.values[0] ?? '', { ttl: ANY_TTL_SECONDS });
    if ('error' in record) findings.error(entry, `error in trust-anchor: ${record.error}: "${entry.values[0]}"`);
    else if (record.type !== TYPE.DS && record.type !== TYPE.DNSKEY) {
      findings.error(entry, `error in trust-anchor: a DS or DNSKEY record expected: "${entry.values[0]}"`);
    }
  }
  for (const entry of lines.of('local-data')) {
    const record = parseRecord(entry.values[0] ?? '', { ttl: ANY_TTL_SECONDS });
    if ('error' in record) findings.error(entry, `error parsing local-data '${entry.values[0]}': ${record.error}`);
  }
  for (const entry of lines.of('local-data-ptr')) {
    const [address = '', ...rest] = (entry.values[0] ?? '').trim().split(/\s+/);
    const name = rest.at(-1) ?? '';
    if (parseIp(address) === null) findings.error(entry, `local-data-ptr: cannot parse ip address '${address}'`);
    else if (domain.read(name) instanceof FormError)
      findings.error(entry, `local-data-ptr: name expected in '${entry.values[0]}'`);
  }
  for (const entry of [...lines.of('local-zone'), ...lines.of('local-zone-override')]) {
    // An ipset is filled for a firewall, which would let through or keep out what nobody expects.
    if (entry.values.at(-1) === 'ipset')
      findings.error(entry, `local-zone type ipset is not supported: ${entry.values[0]}`);
  }
  const zones = new Set<string>();
  for (const entry of lines.of('local-zone')) {
    const name = domain.read(entry.values[0] ?? '');
    if (name instanceof FormError) continue;
    if (zones.has(nameKey(name))) findings.warning(entry, `duplicate local-zone ${formatName(name)}`);
    zones.add(nameKey(name));
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

/** Directives whose last or second value is a list of tags. */
const TAG_LISTS = { 'access-control-tag': 1, 'interface-tag': 1, 'local-zone-tag': 1, 'response-ip-tag': 1 };

function checkTags({ server }: Config, lines: Lines, findings: Findings): void {
  const defined = new Set(server.defineTag.flat());
  for (const [directive, at] of Object.entries(TAG_LISTS)) {
    for (const entry of lines.of(directive)) {
      const unknown = (entry.values[at] ?? '').split(/\s+/).filter((tag) => tag !== '' && !defined.has(tag));
      if (unknown.length > 0) {
        findings.error(entry, `unknown tag: ${unknown.join(' ')} could not parse tags, (define-tag them first)`);
      }
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
}
