/** Commands about servers and work in progress: dump_infra, lookup, dump_requestlist. */

import type { Delegation } from '../../cache/delegation.ts';
import type { ServerReport } from '../../cache/server-cache.ts';
import { RANK } from '../../terms/rank.ts';
import { closestUpstreamZone, type UpstreamZone } from '../../terms/upstream-zone.ts';
import { addressText, DNS_PORT, ipOfAddressText } from '../../wire/address-text.ts';
import { parseIp } from '../../wire/ip.ts';
import type { Name } from '../../wire/name.ts';
import { formatName } from '../../wire/name-text.ts';
import { CLASS, classText, TYPE, typeText } from '../../wire/rr-type.ts';
import { packRRset } from '../../wire/rrset.ts';
import { type OwnCommand, plain, worded } from '../command.ts';
import { rrsetText } from '../dump-cache.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';

type InFlightEntry = ReturnType<ControlParts['instance']['resolver']['works']>[number];

export function serverCommands({ clock, instance }: ControlParts): OwnCommand[] {
  const { caches, resolver } = instance;
  return [
    plain('dump_infra', () => [...caches.servers.entries()].map(infraLine)),
    plain('dump_requestlist', () => requestListText(resolver.works(), clock.monotonicMs())),
    worded('lookup', (words) => {
      const read = readName(words);
      return read.ok ? lookupText(read.name, { clock, instance }) : read.error;
    }),
  ];
}

/** `ip@53` as `ip`. */
function serverText(server: string): string {
  const ip = ipOfAddressText(server);
  return server === addressText({ ip, port: DNS_PORT }) ? ip : server;
}

/** A line for each zone that the server was asked for. */
function infraLine(report: ServerReport): string {
  const { ednsSeen, ednsRefused, lameness } = report;
  const edns = `ednsknown ${ednsSeen || ednsRefused ? 1 : 0} edns ${ednsRefused ? -1 : 0}`;
  const times = `ttl ${report.secondsLeft} ${pingText(report)} rto ${Math.round(report.timeoutMs)}`;
  const { A, AAAA, other } = report.timeouts;
  const counts = `tA ${A} tAAAA ${AAAA} tother ${other}`;
  const lame = `dnssec ${Number(lameness === 'dnssec-lame')} rec ${Number(lameness === 'recursion-lame')}`;
  const types = `A ${Number(report.isLameForA)} other ${Number(report.isLameForOther)}`;
  return `${serverText(report.server)} ${report.zone} ${times} ${counts} ${edns} delay ${report.probeDelaySeconds} lame ${lame} ${types}\n`;
}

function pingText({ smoothedMs, variationMs }: ServerReport): string {
  const rtt = Math.round(smoothedMs + 4 * variationMs);
  return `ping ${Math.round(smoothedMs)} var ${Math.round(variationMs)} rtt ${rtt}`;
}

type LookupParts = Pick<ControlParts, 'clock' | 'instance'>;

/** Which servers a question for the name would go to. */
function lookupText(name: Name, parts: LookupParts): string {
  const { instance } = parts;
  const head = `The following name servers are used for lookup of ${formatName(name)}\n`;
  const configured = closestUpstreamZone(instance.serverZones.all, name);
  if (configured?.kind === 'forward') return `${head}forwarding request:\n${configuredText(configured, parts)}`;
  const cut = instance.caches.delegations.findDeepest(name);
  if (configured !== null && (cut === null || configured.zone.length >= cut.zone.length)) {
    const how = configured.prime
      ? 'The stub is primed first, using servers:\n'
      : 'The noprime stub servers are used:\n';
    return `${head}${how}${configuredText(configured, parts)}`;
  }
  if (cut === null) return `${head}no delegation from cache; goes to configured roots\n`;
  return `${head}${cutRecords(cut, parts)}${cutText(cut, parts)}`;
}

function configuredText({ zone, hosts, addresses }: UpstreamZone, parts: LookupParts): string {
  const servers = addresses.map(addressText);
  return `${countsText(hosts.length, hosts.length, servers.length)}${servers.map((each) => addressLine(each, zone, parts)).join('')}`;
}

function countsText(names: number, lookable: number, addresses: number): string {
  return (
    `Delegation with ${names} names, of which ${lookable} can be examined to query further addresses.\n` +
    `It provides ${addresses} IP addresses.\n`
  );
}

function addressLine(server: string, zone: Name, { instance }: LookupParts): string {
  const ip = ipOfAddressText(server);
  const text = formatName(zone);
  const report = [...instance.caches.servers.entries()].find((each) => each.server === server && each.zone === text);
  const column = ip.padEnd(16);
  if (report === undefined) return `${column}\tnot in infra cache.\n`;
  const { timeoutMs, secondsLeft, timeouts, ednsSeen, ednsRefused } = report;
  const edns = `EDNS ${ednsRefused ? -1 : 0} ${ednsSeen || ednsRefused ? 'probed' : 'assumed'}.`;
  const counts = `tA ${timeouts.A}, tAAAA ${timeouts.AAAA}, tother ${timeouts.other}`;
  return `${column}\trto ${Math.round(timeoutMs)} msec, ttl ${secondsLeft}, ${pingText(report)}, ${counts}, ${edns}\n`;
}

/** The NS set and the addresses of a delegation as in a dump. */
function cutRecords({ zone, servers, receivedAt, expiresAt }: Delegation, { clock }: LookupParts): string {
  const now = clock.unixSeconds();
  const times = { receivedAt, expiresAt, originalTtl: expiresAt - now };
  const common = { ...times, rank: RANK.glue, verdict: null, server: null, zone };
  const text = (owner: Name, type: number, rdatas: readonly Uint8Array[]): string =>
    rdatas.length === 0
      ? ''
      : rrsetText({ ...common, rrset: packRRset({ owner, type, class: CLASS.IN, rdatas, signatures: [] }) }, now);
  const names = servers.map(({ name }) => name);
  const addresses = servers.map(({ name, addresses: known }) => {
    const octets = known.map(parseIp).filter((each) => each !== null);
    const of = (length: number): Uint8Array[] => octets.filter((each) => each.length === length);
    return `${text(name, TYPE.A, of(4))}${text(name, TYPE.AAAA, of(16))}`;
  });
  return `${text(zone, TYPE.NS, names)}${addresses.join('')}`;
}

function cutText({ zone, servers }: Delegation, parts: LookupParts): string {
  const addresses = [...new Set(servers.flatMap((server) => server.addresses))];
  const lines = addresses.map((ip) => addressLine(addressText({ ip, port: DNS_PORT }), zone, parts));
  return `${countsText(servers.length, servers.length, addresses.length)}${lines.join('')}`;
}

/** What is worked on; seconds only where a client waits. */
function requestListText(works: readonly InFlightEntry[], nowMs: number): string {
  const rows = works.map(({ work, clients }, i) => {
    const { name, type, class: rrClass } = work.question;
    const seconds = clients > 0 ? ((nowMs - work.startedMs) / 1000).toFixed(6) : '-';
    const what = `${typeText(type).padStart(4)} ${classText(rrClass).padStart(2)} ${formatName(name)}`;
    return `${String(i).padStart(3)} ${what} ${seconds} ${statusText(work)}\n`;
  });
  return `thread #0\n#   type cl name    seconds    module status\n${rows.join('')}`;
}

function statusText(work: InFlightEntry['work']): string {
  if (work.asks !== null) return `iterator wait for ${serverText(work.asks)}`;
  const wanted = [...work.waitsFor].map(({ question }) => {
    return ` ${typeText(question.type)} ${classText(question.class)} ${formatName(question.name)}`;
  });
  return wanted.length > 0 ? `iterator wants${wanted.join('')}` : 'validator is module_state_initial';
}
