/** What the directives about addresses and ports mean together: where clients are answered, whom questions go to. */

import { parseIp } from '../wire/ip.ts';
import { isInPrefixes, LOOPBACK_PREFIXES } from '../wire/ip-prefix.ts';
import { formatName } from '../wire/name-text.ts';
import { checkEncryption } from './check-encryption.ts';
import type { Config } from './config.ts';
import type { Findings } from './finding.ts';
import { FormError } from './form.ts';
import { domain, listenTargetOrPath, serverAddress, serverName } from './form-network.ts';
import { Lines, NOWHERE } from './lines.ts';
import { isValidating } from './modules.ts';
import { outgoingPorts } from './outgoing-ports.ts';
import type { Clause, Entry } from './parser.ts';

/** Adds findings about addresses and ports. */
export function checkNetwork(clauses: readonly Clause[], config: Config, findings: Findings): void {
  const lines = new Lines(clauses.filter(({ name }) => name === 'server'));
  checkTransports(config, lines, findings);
  checkInterfaces(config, lines, findings);
  checkEncryption(config, lines, findings);
  checkPage(lines, findings);
  for (const clause of clauses) {
    if (clause.name === 'stub-zone' || clause.name === 'forward-zone') checkServers(clause, config, findings);
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
  if (outgoingPortRules.length > 0 && outgoingPorts(outgoingPortRules).length === 0) {
    findings.error(lines.last('outgoing-port-avoid'), 'no outgoing ports are left: all are avoided');
  }
}

function checkInterfaces({ server }: Config, lines: Lines, findings: Findings): void {
  const seen = new Set<string>();
  for (const { target, port } of server.interface) {
    const key = `${target}@${port ?? server.port}`;
    if (seen.has(key)) {
      const at = lines.of('interface').findLast((entry) => entry.values[0]?.startsWith(target) === true) ?? NOWHERE;
      findings.error(at, `interface: ${target} present twice, cannot bind same ports twice.`);
    }
    seen.add(key);
  }
  for (const word of server.interfaceAutomaticPorts.split(/\s+/)) {
    if (word === '' || (/^\d{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535)) continue;
    findings.error(lines.last('interface-automatic-ports'), `interface-automatic-ports: port expected, not '${word}'`);
  }
}

/** The page acts for who has its token, over a connection that anybody on the way could read: it is for this host. */
function checkPage(lines: Lines, findings: Findings): void {
  for (const entry of lines.of('web-interface')) {
    const read = listenTargetOrPath.read(...entry.values);
    const address = read instanceof FormError ? null : parseIp(read.target);
    if (
      read instanceof FormError ||
      read.kind === 'path' ||
      (address !== null && isInPrefixes(address, LOOPBACK_PREFIXES))
    )
      continue;
    findings.error(entry, `web-interface: ${read.target} is not of loopback: reach the page through ssh -L`);
  }
}

/** Servers of a stub or forward zone that cannot be asked as they stand. */
function checkServers(clause: Clause, config: Config, findings: Findings): void {
  const { server } = config;
  const name = domain.read(clause.entries.find(({ directive }) => directive === 'name')?.values[0] ?? '');
  if (name instanceof FormError) return;
  const zone = formatName(name);
  const kind = clause.name.replace('-zone', '');
  const isTls =
    server.tlsUpstream ||
    clause.entries.some(({ directive, values }) => /-(?:tls|ssl)-upstream$/.test(directive) && values[0] === 'yes');
  const pin = clause.entries.find(({ directive }) => directive.endsWith('-tls-pin'));
  if (pin !== undefined && !isTls) {
    findings.error(pin, `${zone} ${pin.directive}: without ${kind}-tls-upstream: yes servers are asked unencrypted`);
  }
  checkDane(clause, isTls, config, findings);
  const servers = clause.entries.filter((entry) => /-(?:addr|host)$/.test(entry.directive));
  if (servers.length === 0 && clause.name === 'stub-zone') {
    findings.warning(clause, `stub-zone ${zone} has neither stub-addr nor stub-host`);
  }
  for (const entry of servers) {
    if (entry.directive.endsWith('-host')) checkHost(entry, zone, findings);
    else if (server.doNotQueryLocalhost && isLocalhost(entry)) {
      findings.warning(
        entry,
        `${entry.directive}: '${entry.values[0]}' is specified for ${clause.name}: '${zone}', but do-not-query-localhost: yes means that the address will not be used for lookups.`,
      );
    }
  }
}

/** Keys by TLSA records need TLS, names, and addresses that nobody has to be asked for. */
function checkDane({ entries }: Clause, isTls: boolean, config: Config, findings: Findings): void {
  const dane = entries.findLast(({ directive }) => directive === 'forward-tls-dane');
  if (dane?.values[0] !== 'yes') return;
  const has = (directive: string): boolean => entries.some((entry) => entry.directive === directive);
  const refuse = (why: string): void => findings.error(dane, `forward-tls-dane: ${why}`);
  if (!isTls) refuse('without forward-tls-upstream: yes resolvers are asked unencrypted');
  if (!isValidating(config)) refuse('module-config does not list validator, so that no record is proven');
  if (has('forward-tls-pin')) refuse('either it or forward-tls-pin says which keys resolvers have');
  if (has('forward-host'))
    refuse('resolvers need addresses (forward-addr): to find that of forward-host takes one of them');
  for (const entry of entries.filter(({ directive }) => directive === 'forward-addr')) {
    const server = serverAddress.read(entry.values[0] ?? '');
    if (server instanceof FormError || server.tlsName !== null) continue;
    findings.error(
      entry,
      `forward-addr: ${entry.values[0]} needs the name of its TLSA records after # (forward-tls-dane)`,
    );
  }
}

function isLocalhost(entry: Entry): boolean {
  const server = serverAddress.read(entry.values[0] ?? '');
  const address = server instanceof FormError ? null : parseIp(server.ip.replace(/%.*$/, ''));
  return address !== null && isInPrefixes(address, LOOPBACK_PREFIXES);
}

function checkHost(entry: Entry, zone: string, findings: Findings): void {
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
