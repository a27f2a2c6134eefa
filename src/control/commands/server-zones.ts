/** Commands about zones whose servers are given, and about zones that are not validated. */

import { forgetServersOfZone, forgetTrust } from '../../cache/forget.ts';
import { FormError } from '../../config/form.ts';
import { serverAddress, serverName } from '../../config/form-network.ts';
import type { UpstreamHost, UpstreamServer, UpstreamZone } from '../../terms/upstream-zone.ts';
import { DNS_PORT, TLS_PORT } from '../../wire/address-text.ts';
import { isRoot, type Name, namesEqual, ROOT } from '../../wire/name.ts';
import { formatName } from '../../wire/name-text.ts';
import { OK, type OwnCommand, plain, plusOptions, type Reply, twoParts, worded } from '../command.ts';
import { compareForList, readName } from '../names.ts';
import type { ControlParts, InstanceView } from '../parts.ts';

/** What commands that change something work on. */
type Changing = Pick<ControlParts, 'instance' | 'clock'>;

export function serverZoneCommands(parts: ControlParts): OwnCommand[] {
  const { instance } = parts;
  return [
    plain('list_stubs', () => stubLines(instance)),
    plain('list_forwards', () => zonesOf(instance, 'forward').map((zone) => forwardLine(zone, instance))),
    plain('list_insecure', () =>
      [...instance.insecure.negative()].sort(compareForList).map((zone) => `${formatName(zone)}\n`),
    ),
    worded('forward_add', (words) => addZone('forward', words, parts)),
    worded('forward_remove', (words) => removeZone('forward', words, parts)),
    worded('stub_add', (words) => addZone('stub', words, parts)),
    worded('stub_remove', (words) => removeZone('stub', words, parts)),
    worded('forward', (words) => forward(words, parts)),
    worded('insecure_add', (words) => changeInsecure(words, parts, true)),
    worded('insecure_remove', (words) => changeInsecure(words, parts, false)),
  ];
}

function zonesOf(instance: InstanceView, kind: UpstreamZone['kind']): UpstreamZone[] {
  const zones = instance.serverZones.all.filter((zone) => zone.kind === kind);
  return zones.sort((a, b) => compareForList(a.zone, b.zone));
}

function stubLines(instance: InstanceView): string[] {
  const stubs = zonesOf(instance, 'stub');
  const { hints } = instance;
  // The hints are shown as the root's stub, unless a stub zone stands in their place.
  const names = hints.map(({ name }) => formatName(name));
  const root = `. IN stub prime ${[...names, ...hints.flatMap(({ addresses }) => addresses)].join(' ')}\n`;
  const lines = stubs.map((stub) => `${formatName(stub.zone)} IN stub ${stubWords(stub, instance)}\n`);
  return stubs.some(({ zone }) => isRoot(zone)) || hints.length === 0 ? lines : [root, ...lines];
}

function stubWords(stub: UpstreamZone, instance: InstanceView): string {
  return [stub.prime ? 'prime' : 'noprime', ...insecureMark(stub.zone, instance), ...serverWords(stub)].join(' ');
}

function forwardLine(zone: UpstreamZone, instance: InstanceView): string {
  return `${[formatName(zone.zone), 'IN forward', ...insecureMark(zone.zone, instance), ...serverWords(zone)].join(' ')}\n`;
}

function insecureMark(zone: Name, { insecure }: InstanceView): string[] {
  return insecure.negative().some((each) => namesEqual(each, zone)) ? ['+i'] : [];
}

/** Names, then addresses, each with what is not the default about it. */
function serverWords({ hosts, addresses }: UpstreamZone): string[] {
  const suffix = ({ port, tlsName }: { readonly port: number; readonly tlsName: string | null }): string =>
    `${port === DNS_PORT ? '' : `@${port}`}${tlsName === null ? '' : `#${tlsName}`}`;
  return [
    ...hosts.map((host) => `${formatName(host.name)}${suffix(host)}`),
    ...addresses.map((address) => `${address.ip}${suffix(address)}`),
  ];
}

/** Servers out of the words of a command. */
interface ReadServers {
  readonly addresses: UpstreamServer[];
  readonly hosts: UpstreamHost[];
}

/** Each word is `ip[@port][#name]`, or else the name of a server. */
function readServers(words: string, standardPort: number): ReadServers | { readonly error: string } {
  const servers: ReadServers = { addresses: [], hosts: [] };
  for (const word of words.split(/\s+/).filter((each) => each !== '')) {
    const place = serverAddress.read(word);
    const host = place instanceof FormError ? serverName.read(word) : null;
    const port = place instanceof FormError ? (host instanceof FormError ? null : host?.port) : place.port;
    // A colon is in no name of a host: that is an address with a slip in it.
    if (port === 0 || (host !== null && word.includes(':'))) return { error: `error cannot parse address ${word}\n` };
    if (!(place instanceof FormError)) {
      servers.addresses.push({ ip: place.ip, port: place.port ?? standardPort, tlsName: place.tlsName });
    } else if (host === null || host instanceof FormError) {
      const read = readName(word.replace(/[@#].*$/, ''));
      return read.ok ? { error: `error cannot parse address ${word}\n` } : read;
    } else servers.hosts.push({ name: host.name, port: host.port ?? standardPort, tlsName: host.tlsName });
  }
  return servers;
}

/** `+i`: also not validated. `+p`: stub zone with priming. `+t`: over TLS. */
function addZone(kind: UpstreamZone['kind'], words: string, parts: Changing): Reply | Promise<Reply> {
  const { options, rest } = plusOptions(words);
  const unknown = (kind === 'stub' ? /[^ipt]/ : /[^it]/).exec(options)?.[0];
  if (unknown !== undefined) return `error: unknown option ${unknown}\n`;
  const split = twoParts(rest);
  if ('error' in split) return split.error;
  const read = readName(split.first);
  if (!read.ok) return read.error;
  return putZone({ kind, zone: read.name, words: split.rest, options }, parts);
}

interface NewZone {
  readonly kind: UpstreamZone['kind'];
  readonly zone: Name;
  /** Servers. */
  readonly words: string;
  /** Letters after the plus. */
  readonly options: string;
}

async function putZone({ kind, zone, words, options }: NewZone, parts: Changing): Promise<string> {
  const { instance } = parts;
  const tls = options.includes('t');
  const servers = readServers(words, tls ? TLS_PORT : DNS_PORT);
  if ('error' in servers) return servers.error;
  const prime = options.includes('p');
  instance.serverZones.put({ kind, zone, ...servers, prime, tls, first: false, tcp: false, noCache: false });
  forgetServersOfZone(zone, instance.caches);
  if (options.includes('i')) await setInsecure(zone, parts, true);
  return OK;
}

async function removeZone(kind: UpstreamZone['kind'], words: string, parts: Changing): Promise<string> {
  const { instance } = parts;
  const { options, rest } = plusOptions(words);
  const unknown = /[^i]/.exec(options)?.[0];
  if (unknown !== undefined) return `error: unknown option ${unknown}\n`;
  const read = readName(rest);
  if (!read.ok) return read.error;
  instance.serverZones.remove(kind, read.name);
  forgetServersOfZone(read.name, instance.caches);
  if (options.includes('i')) await setInsecure(read.name, parts, false);
  return OK;
}

/** Without words: what the root is forwarded to. `off`, or the servers to forward it to. */
function forward(words: string, parts: Changing): Reply | Promise<Reply> {
  const { instance } = parts;
  if (words === '') {
    const root = instance.serverZones.all.find(({ kind, zone }) => kind === 'forward' && isRoot(zone));
    return root === undefined ? 'off (using root hints)\n' : `${serverWords(root).join(' ')}\n`;
  }
  if (words !== 'off') return putZone({ kind: 'forward', zone: ROOT, words, options: '' }, parts);
  instance.serverZones.remove('forward', ROOT);
  forgetServersOfZone(ROOT, instance.caches);
  return OK;
}

async function changeInsecure(words: string, parts: Changing, isInsecure: boolean): Promise<string> {
  const read = readName(words);
  if (!read.ok) return read.error;
  await setInsecure(read.name, parts, isInsecure);
  return OK;
}

/** Trust in zones at and below, and verdicts that rest on it, are forgotten: both ways must take effect at once. */
async function setInsecure(zone: Name, { instance, clock }: Changing, isInsecure: boolean): Promise<void> {
  const { insecure, caches } = instance;
  if (isInsecure) insecure.addNegative(zone);
  else insecure.removeNegative(zone);
  await forgetTrust({ caches, pause: () => clock.nextTurn() }, zone);
}
