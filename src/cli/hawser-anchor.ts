/** The anchor program's `main`: joins anchor/update-anchor.ts to the network, the files and the process. */

import { ICANN_ROOT_CA_PEM } from '../anchor/icann-ca.ts';
import {
  exitCodeOf,
  type FetchedFile,
  type ProbeOutcome,
  type UpdateOptions,
  type UpdateOutcome,
  updateAnchor,
} from '../anchor/update-anchor.ts';
import type { Config } from '../config/config.ts';
import type { Ports, ResolverInstance } from '../daemon/resolver-instance.ts';
import { VERSION } from '../daemon/version.ts';
import { unreachable } from '../terms/unreachable.ts';
import { ROOT_ANCHORS_TEXT } from '../validate/root-anchors.ts';
import { ipText, parseIp } from '../wire/ip.ts';
import { ROOT } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetType } from '../wire/rrset.ts';
import { fetchOverHttp } from '../zones/http-fetch.ts';
import { ANCHOR_DEFAULTS, type AnchorArguments, readAnchorArguments } from './anchor-arguments.ts';
import { programPorts, readProgramConfig, startOwnResolver, withFamily, withResolvConf } from './own-resolver.ts';

/** Milliseconds for the root to prove its keys: the resolver starts only after this program, so a host without a line must not wait. */
const PROBE_MS = 15_000;
/** Milliseconds for one file of the list; it has a few thousand octets. */
const FETCH_MS = 30_000;
/** Addresses of the list's server that are tried. */
const MAX_ADDRESSES = 6;

const USAGE = `Usage:	hawser-anchor [opts]
	Sets up or updates the root anchor file. All options have defaults.
	Run it before the resolver starts.

	A file that is missing or empty is begun with the built-in anchors.

-a file		anchor file, read and written, default ${ANCHOR_DEFAULTS.anchorPath}
-c file		certificates of the list's authority, default ${ANCHOR_DEFAULTS.certificatePath};
		the built-in one when the file is missing or empty
-l		list the built-in anchors and certificate
-u name		server of the list, default ${ANCHOR_DEFAULTS.server}
-S		do not name the server in the TLS handshake (SNI)
-x path		the list on the server, default ${ANCHOR_DEFAULTS.xmlPath}
-s path		its signature on the server, default ${ANCHOR_DEFAULTS.signaturePath}
-n name		the signer's emailAddress, default ${ANCHOR_DEFAULTS.signerEmail}; '' for any
-b address	ask from this address
-4 | -6		IPv4 | IPv6 only
-f resolv.conf	ask the resolvers of this file
-R		ask the root servers when those do not help
-r root.hints	root servers to start from; built-in ones by default
-C config	read this unbound.conf for the resolver
-P port		port of the list's server, default ${ANCHOR_DEFAULTS.port}
-F		fetch the list whatever the root says
-v		say what is done; twice: with the list's text
-h		this help
Exit status: 1 the anchors come from the list or are the built-in ones now; 0 nothing had to be done, the anchors were
updated by RFC 5011, or nothing could be had and the file is as it was; 2 somebody must look: wrong arguments, a file that
cannot be read or written, a signed list without a usable key.
Version ${VERSION}
`;

async function main(words: readonly string[]): Promise<number> {
  const read = readAnchorArguments(words);
  if (typeof read === 'string') {
    process.stderr.write(`hawser-anchor: ${read}\n${USAGE}`);
    return 2;
  }
  if (read.wantsHelp) process.stdout.write(USAGE);
  else if (read.lists) process.stdout.write(`${ROOT_ANCHORS_TEXT.trim()}\n\n${ICANN_ROOT_CA_PEM}\n`);
  else return update(read);
  return read.wantsHelp ? 1 : 0;
}

async function update(read: AnchorArguments): Promise<number> {
  const ports = await programPorts();
  const config = configOf(read, ports);
  if (!('server' in config)) return refuse(config.join('\n'));
  const options: UpdateOptions = {
    anchorPath: read.anchorPath,
    builtInAnchors: ROOT_ANCHORS_TEXT.trimStart(),
    authorities: authoritiesOf(read, ports),
    signerEmail: read.signerEmail,
    xmlPath: read.xmlPath,
    signaturePath: read.signaturePath,
    force: read.force,
  };
  const outcome = await updateAnchor(options, {
    files: ports.files,
    now: ports.clock.unixSeconds(),
    probe: () => probeRoot(config, read, ports),
    fetch: (path, maxOctets) => fetchFromList(path, maxOctets, { config, read, ports }),
    tell: (text, detail) => {
      if (read.verbose >= detail) process.stdout.write(`${text.trimEnd()}\n`);
    },
  });
  if (outcome.kind === 'refused') process.stderr.write(`hawser-anchor: ${outcome.why}\n`);
  else if (read.verbose > 0) process.stdout.write(`${outcomeText(outcome, read.anchorPath)}\n`);
  return exitCodeOf(outcome);
}

function refuse(text: string): number {
  process.stderr.write(`hawser-anchor: ${text}\n`);
  return 2;
}

function outcomeText(outcome: Exclude<UpdateOutcome, { kind: 'refused' }>, path: string): string {
  switch (outcome.kind) {
    case 'proven':
      return `success: the anchors of ${path} prove the root's keys`;
    case 'replaced':
      return `success: ${path} has ${outcome.keys} anchors from the signed list now`;
    case 'kept':
      return `${path} is as it was: ${outcome.why}`;
    default:
      return unreachable(outcome);
  }
}

function configOf(read: AnchorArguments, ports: Ports): Config | readonly string[] {
  const config = readProgramConfig(read.configPath, ports.files);
  if (!('server' in config)) return config;
  const { hintsPath, sourceIp } = read;
  const source = sourceIp === null ? null : parseIp(sourceIp);
  if (sourceIp !== null && source === null) return [`not an address: ${sourceIp}`];
  const server = {
    ...config.server,
    ...(hintsPath === null ? {} : { rootHints: [hintsPath] }),
    ...(source === null
      ? {}
      : { outgoingInterface: [{ block: { address: source, prefixLength: source.length * 8 }, scope: '' }] }),
  };
  return withFamily({ ...config, server }, read.family);
}

/** The file of -c, or the built-in authority. */
function authoritiesOf({ certificatePath }: AnchorArguments, { files }: Ports): string {
  const text = files.readText(certificatePath);
  return text.ok && text.value.trim() !== '' ? text.value : ICANN_ROOT_CA_PEM;
}

/** The configurations to try in order: the resolvers of -f, the root servers where nothing else is asked for. */
function waysOf(config: Config, { resolvConfPath, fallsBack }: AnchorArguments, { files }: Ports): readonly Config[] {
  if (resolvConfPath === null) return [config];
  const forwarding = withResolvConf(config, resolvConfPath, files);
  return fallsBack ? [forwarding, config] : [forwarding];
}

async function probeRoot(config: Config, read: AnchorArguments, ports: Ports): Promise<ProbeOutcome> {
  let last: ProbeOutcome = 'unreachable';
  for (const way of waysOf(config, read, ports)) {
    last = await probeOnce(way, read.anchorPath, ports);
    if (last === 'proven') return last;
  }
  return last;
}

async function probeOnce(config: Config, anchorPath: string, ports: Ports): Promise<ProbeOutcome> {
  const noAnchors = { trustAnchor: [], trustAnchorFile: [], trustedKeysFile: [], autoTrustAnchorFile: [] };
  const server = { ...config.server, ...noAnchors, autoTrustAnchorFile: [anchorPath], directory: '', chroot: '' };
  const own = await startOwnResolver({ ...config, server }, ports);
  // An anchor file that cannot be read proves nothing.
  if (!('resolver' in own)) return 'bogus';
  const outcome = await Promise.race([probeTracked(own), inTime(PROBE_MS, ports)]);
  own.stop();
  return outcome;
}

async function probeTracked({ tracker, resolver }: ResolverInstance): Promise<ProbeOutcome> {
  if (await tracker.probeNow()) return 'proven';
  // What the probe heard is known now: a set that proves nothing, or no set at all.
  const heard = await resolver.resolve(questionOf(ROOT, TYPE.DNSKEY));
  return heard.kind === 'answered' ? 'bogus' : 'unreachable';
}

function inTime(ms: number, { clock }: Ports): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    clock.after(ms, () => resolve('unreachable'));
  });
}

/** Where files of the list are fetched from. */
interface ListSource {
  readonly config: Config;
  readonly read: AnchorArguments;
  readonly ports: Ports;
}

async function fetchFromList(path: string, maxOctets: number, source: ListSource): Promise<FetchedFile> {
  const { read, ports } = source;
  const { server: host, port, usesSni, sourceIp } = read;
  let why = `${host} has no address`;
  for (const ip of (await addressesOf(source)).slice(0, MAX_ADDRESSES)) {
    const fetched = await fetchOverHttp(ports, {
      url: {
        secure: true,
        host,
        port,
        path: `/${path.replace(/^\//, '')}`,
        authority: port === 443 ? host : `${host}:${port}`,
      },
      address: { ip, port },
      authorities: null,
      // RFC 9718 §3: the list is proven by its own signature. TLS certificates depend on a clock and names, which a host
      // without an anchor may not have yet.
      tls: { serverName: null, ...(usesSni && parseIp(host) === null ? { indicatedName: host } : {}) },
      ...(sourceIp === null ? {} : { localIp: sourceIp }),
      maxOctets,
      maxMs: FETCH_MS,
      signal: AbortSignal.timeout(FETCH_MS),
    });
    if (fetched.kind === 'body') return { ok: true, bytes: fetched.body };
    why = `${ip}: ${fetched.why}`;
  }
  return { ok: false, why };
}

/** Addresses of the list's server; looked up without validation, since the anchors are what is missing. */
async function addressesOf({ config, read, ports }: ListSource): Promise<readonly string[]> {
  const given = parseIp(read.server);
  if (given !== null) return [ipText(given)];
  const name = parseName(read.server);
  if (name === null) return [];
  const found: string[] = [];
  for (const way of waysOf(config, read, ports)) {
    const own = await startOwnResolver({ ...way, server: { ...way.server, moduleConfig: ['iterator'] } }, ports);
    if (!('resolver' in own)) continue;
    for (const type of [TYPE.A, TYPE.AAAA]) {
      if (read.family === (type === TYPE.A ? 'ip6' : 'ip4')) continue;
      const resolution = await own.resolver.resolve(questionOf(name, type));
      const sets = resolution.kind === 'answered' ? resolution.answer : [];
      found.push(
        ...sets.filter(({ rrset }) => rrsetType(rrset) === type).flatMap(({ rrset }) => rdatasOf(rrset).map(ipText)),
      );
    }
    own.stop();
    if (found.length > 0) break;
  }
  return found;
}

// At once: a question that is still under way, after PROBE_MS, is nobody's any more.
void main(process.argv.slice(2)).then((status) => process.exit(status));
