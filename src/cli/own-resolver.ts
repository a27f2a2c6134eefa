/**
 * A resolver for one program run: the daemon's parts without its listeners, for programs that look names up by themselves
 * (hawser-host, hawser-anchor).
 */

import { createCrypto } from '../adapters/crypto.ts';
import { createNodeClock } from '../adapters/node-clock.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import { createNodeNetwork } from '../adapters/node-network.ts';
import { createNodeRandom } from '../adapters/node-random.ts';
import { type Config, defaultConfig } from '../config/config.ts';
import { findingText } from '../config/finding.ts';
import { loadConfig } from '../config/load-config.ts';
import { assemble, type Ports, type ResolverInstance } from '../daemon/resolver-instance.ts';
import type { Files } from '../ports/files.ts';
import type { Address } from '../ports/network.ts';
import { ROOT_ANCHORS_TEXT } from '../validate/root-anchors.ts';
import { parseIp } from '../wire/ip.ts';
import { ROOT } from '../wire/name.ts';
import { chooseConfig, readProcesses } from './running-config.ts';

const ROOT_ANCHORS = ROOT_ANCHORS_TEXT.split('\n').filter((line) => line.trim() !== '');

/** The ports of this machine, for a program that keeps no log. */
export async function programPorts(): Promise<Ports> {
  return {
    clock: createNodeClock(),
    network: createNodeNetwork(),
    random: createNodeRandom(),
    files: createNodeFiles(),
    crypto: await createCrypto(() => {}),
    log: { write: () => {} },
  };
}

/** Reads a configuration; the built-in defaults when no path is given. Lines that say what is wrong with it, else. */
export function readProgramConfig(path: string | null, files: Files): Config | readonly string[] {
  if (path === null) return defaultConfig();
  const loaded = loadConfig(files, path, 'values');
  return loaded.ok ? loaded.config : loaded.findings.map(findingText);
}

/** The same; without a path the file of the daemon that runs here, or else its usual one, where it is there. */
export function readUsualConfig(path: string | undefined, files: Files): Config | readonly string[] {
  return readProgramConfig(path ?? usualPath(files), files);
}

function usualPath(files: Files): string | null {
  const { path } = chooseConfig(readProcesses(), files);
  return files.exists(path) ? path : null;
}

/** Address families that a program's flags leave. */
export function withFamily(config: Config, family: 'any' | 'ip4' | 'ip6'): Config {
  const { server } = config;
  const doIp4 = server.doIp4 && family !== 'ip6';
  return { ...config, server: { ...server, doIp4, doIp6: server.doIp6 && family !== 'ip4' } };
}

/** The configuration with all questions going to the resolvers of a resolv.conf. */
export function withResolvConf(config: Config, path: string, files: Files): Config {
  const text = files.readText(path);
  const servers = [...(text.ok ? text.value : '').matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
  return forwardingTo(
    config,
    servers.filter((ip) => parseIp(ip) !== null).map((ip) => ({ ip, port: null })),
  );
}

/** The configuration with all questions going to one resolver, whose answers are validated here: it asks the real tree. */
export function withForwarder(config: Config, { ip, port }: Address): Config {
  const { server } = config;
  const given = [server.trustAnchor, server.trustAnchorFile, server.autoTrustAnchorFile, server.trustedKeysFile];
  const trustAnchor = given.some((each) => each.some((one) => one !== '')) ? server.trustAnchor : ROOT_ANCHORS;
  return forwardingTo({ ...config, server: { ...server, trustAnchor } }, [{ ip, port }]);
}

function forwardingTo(
  config: Config,
  servers: readonly { readonly ip: string; readonly port: number | null }[],
): Config {
  const forwardAddr = servers.map((server) => ({ ...server, tlsName: null }));
  const everything = {
    forwardHost: [],
    forwardFirst: false,
    forwardTlsUpstream: false,
    forwardTlsPin: [],
    forwardTlsDane: false,
    forwardTcpUpstream: false,
  };
  const forward = { ...everything, name: ROOT, forwardAddr, forwardNoCache: false };
  // Loopback is where the resolver of a mail host stands.
  return { ...config, server: { ...config.server, doNotQueryLocalhost: false }, forwardZones: [forward] };
}

/** Joins the resolver; lines that say what is wrong, else. The caller stops it. */
export async function startOwnResolver(config: Config, ports: Ports): Promise<ResolverInstance | readonly string[]> {
  const assembled = await assemble({ config, ports });
  return assembled.ok ? assembled.instance : assembled.findings.map(findingText);
}
