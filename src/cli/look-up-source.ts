/**
 * Where subcommands that look names up get their answers: the running daemon, a resolver of their own, or one that is named.
 */

import type { Config } from '../config/config.ts';
import { DEFAULT_PATHS } from '../config/default-path.ts';
import { lookUpBy, lookUpExplained } from '../daemon/explained-look-up.ts';
import { lookUpAt } from '../dane/ask-server.ts';
import type { LookUp } from '../dane/look-up.ts';
import { listenAddresses } from '../doctor/patient.ts';
import type { Files } from '../ports/files.ts';
import type { Address } from '../ports/network.ts';
import type { Ports } from '../ports/ports.ts';
import { DNS_PORT } from '../wire/address-text.ts';
import { ipText, parseIp } from '../wire/ip.ts';
import { ROOT } from '../wire/name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { askDaemon } from './control-connection.ts';
import { daemonReport } from './daemon-report.ts';
import { readProgramConfig, readUsualConfig, startOwnResolver, withFamily } from './own-resolver.ts';

/** Options of the subcommands that look up, for parseArgs. */
export const LOOK_UP_OPTIONS = {
  daemon: { type: 'boolean' },
  own: { type: 'boolean' },
  resolver: { type: 'string' },
  config: { type: 'string', short: 'C' },
  ip4: { type: 'boolean', short: '4' },
  ip6: { type: 'boolean', short: '6' },
} as const;

/** Says of each subcommand where answers come from. */
export const SOURCE_HELP = `Answers come from the running daemon where its control channel is open to you, else from a resolver of its own, from the
root down.`;

export const DAEMON_HELP = `  --daemon                only the running daemon will do
  --own                   resolve from the root, without the daemon and its cache
`;

export const LOOK_UP_HELP = `${DAEMON_HELP}  --resolver ADDR[@PORT]  ask this resolver instead of resolving from the root; its AD bit counts
                          only over loopback, since anybody on the way could set it
  -C, --config FILE       an unbound.conf: of the daemon, default ${DEFAULT_PATHS}; for the own resolver, default none
  -4, --ip4 | -6, --ip6   IPv4 | IPv6 only
`;

/** What parseArgs made of them. */
export interface LookUpValues {
  readonly daemon?: boolean | undefined;
  readonly own?: boolean | undefined;
  readonly resolver?: string | undefined;
  readonly config?: string | undefined;
  readonly ip4?: boolean | undefined;
  readonly ip6?: boolean | undefined;
}

/** Looks up until it is stopped. */
interface LookUpSource {
  readonly lookUp: LookUp;
  /** What the user should know of the source; empty when there is nothing. */
  readonly remark: string;
  /** What is asked, in words. */
  readonly asked: string;
  stop(): void;
}

/** Address families that the flags leave. */
export function familyOf({ ip4, ip6 }: LookUpValues): 'any' | 'ip4' | 'ip6' {
  return ip4 === true && ip6 !== true ? 'ip4' : ip6 === true && ip4 !== true ? 'ip6' : 'any';
}

/** A Hawser that runs here and lets us ask it, or why there is none. */
type FoundDaemon = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly why: string };

/**
 * Looks for the running daemon, unless the words say not to. Unbound does not count: it knows neither `explain` nor `trace`, and
 * `list_bogus` tells them apart.
 */
export async function findDaemon(values: LookUpValues, files: Files): Promise<FoundDaemon> {
  if (values.own === true || values.resolver !== undefined) return { ok: false, why: 'another source was asked for' };
  const config = readUsualConfig(values.config, files);
  if (!('server' in config)) return { ok: false, why: config.join('; ') };
  const reply = await askDaemon(config, ['list_bogus']);
  return reply.ok ? { ok: true, config } : reply;
}

/** Words of the source that exclude each other; null when they do not. */
export function sourceFault({ daemon, own, resolver }: LookUpValues): string | null {
  const given = [daemon === true, own === true, resolver !== undefined].filter(Boolean).length;
  return given > 1 ? 'of --daemon, --own and --resolver only one can be' : null;
}

/** Opens the source that the words choose: the daemon where there is one. Lines that say what is wrong, else. */
export async function openChosenSource(values: LookUpValues, ports: Ports): Promise<LookUpSource | readonly string[]> {
  const fault = sourceFault(values);
  if (fault !== null) return [fault];
  const found = await findDaemon(values, ports.files);
  const through = found.ok ? await throughDaemon(found.config, ports) : found.why;
  if (typeof through !== 'string') return through;
  return values.daemon === true ? [`no running daemon answers: ${through}`] : await openLookUpSource(values, ports);
}

/** The daemon's listener: its AD bit counts, since nobody stands between on this host. A text: it does not let us ask. */
async function throughDaemon(config: Config, ports: Ports): Promise<LookUpSource | string> {
  const [address] = listenAddresses(config);
  if (address === undefined) return 'it listens on no address that is known';
  const lookUp = lookUpExplained(lookUpAt(ports, address, true), (question) => daemonReport(config, question));
  const { status, why } = await lookUp(ROOT, TYPE.NS);
  if (status === 'failed') return `${address.ip}@${address.port}: ${why}`;
  return { lookUp, remark: '', asked: `the running daemon at ${address.ip}@${address.port}`, stop: () => {} };
}

/** Opens a resolver of our own, or the one that is named; lines that say what is wrong, else. */
export async function openLookUpSource(values: LookUpValues, ports: Ports): Promise<LookUpSource | readonly string[]> {
  if (values.resolver !== undefined) return namedResolver(values.resolver, ports);
  const config = readProgramConfig(values.config ?? null, ports.files);
  if (!('server' in config)) return config;
  const own = await startOwnResolver(withFamily(config, familyOf(values)), ports);
  if (!('resolver' in own)) return own;
  return { lookUp: lookUpBy(own, ports.clock), remark: '', asked: 'a resolver of its own', stop: own.stop };
}

function namedResolver(text: string, ports: Ports): LookUpSource | readonly string[] {
  const server = serverAddress(text);
  if (server === null) return [`not an address: ${text}`];
  const trustsAd = isLoopback(server.ip);
  const remark = trustsAd
    ? ''
    : `${server.ip} is not on loopback: its AD bit does not count, so nothing will be called secure`;
  return { lookUp: lookUpAt(ports, server, trustsAd), remark, asked: text, stop: () => {} };
}

/** `ADDR` or `ADDR@PORT`, as Unbound writes it; null when it is neither. */
export function serverAddress(text: string): Address | null {
  const [ip = '', port = String(DNS_PORT)] = text.split('@');
  const bytes = parseIp(ip);
  if (bytes === null || !/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) return null;
  return { ip: ipText(bytes), port: Number(port) };
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}
