/** Where subcommands that look names up get their answers: a resolver of their own, or one that is named. */

import { lookUpAt } from '../dane/ask-server.ts';
import { type LookUp, lookedOf } from '../dane/look-up.ts';
import type { Address } from '../ports/network.ts';
import type { Ports } from '../ports/ports.ts';
import { DNS_PORT } from '../wire/address-text.ts';
import { ipText, parseIp } from '../wire/ip.ts';
import { questionOf } from '../wire/question.ts';
import { readProgramConfig, startOwnResolver, withFamily } from './own-resolver.ts';

/** Options of the subcommands that look up, for parseArgs. */
export const LOOK_UP_OPTIONS = {
  resolver: { type: 'string' },
  config: { type: 'string', short: 'C' },
  ip4: { type: 'boolean', short: '4' },
  ip6: { type: 'boolean', short: '6' },
} as const;

export const LOOK_UP_HELP = `  --resolver ADDR[@PORT]  ask this resolver instead of resolving from the root; its AD bit counts
                          only over loopback, since anybody on the way could set it
  -C, --config FILE       an unbound.conf for the own resolver (none is read by default)
  -4, --ip4 | -6, --ip6   IPv4 | IPv6 only
`;

/** What parseArgs made of them. */
export interface LookUpValues {
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
  stop(): void;
}

/** Address families that the flags leave. */
export function familyOf({ ip4, ip6 }: LookUpValues): 'any' | 'ip4' | 'ip6' {
  return ip4 === true && ip6 !== true ? 'ip4' : ip6 === true && ip4 !== true ? 'ip6' : 'any';
}

/** Opens the source; lines that say what is wrong, else. */
export async function openLookUpSource(values: LookUpValues, ports: Ports): Promise<LookUpSource | readonly string[]> {
  if (values.resolver !== undefined) return namedResolver(values.resolver, ports);
  const config = readProgramConfig(values.config ?? null, ports.files);
  if (!('server' in config)) return config;
  const own = await startOwnResolver(withFamily(config, familyOf(values)), ports);
  if (!('resolver' in own)) return own;
  const lookUp: LookUp = async (name, type) =>
    lookedOf(await own.resolver.resolve(questionOf(name, type)), ports.clock.unixSeconds());
  return { lookUp, remark: '', stop: own.stop };
}

function namedResolver(text: string, ports: Ports): LookUpSource | readonly string[] {
  const server = serverAddress(text);
  if (server === null) return [`not an address: ${text}`];
  const trustsAd = isLoopback(server.ip);
  const remark = trustsAd
    ? ''
    : `${server.ip} is not on loopback: its AD bit does not count, so nothing will be called secure`;
  return { lookUp: lookUpAt(ports, server, trustsAd), remark, stop: () => {} };
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
