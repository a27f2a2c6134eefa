/** What the checks look at: the host, its network, the configuration, and the resolver's own word. */

import type { Config } from '../config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { Host } from '../ports/host.ts';
import type { Address, Network } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { Resolution } from '../terms/resolution.ts';

/** Servers that answers come from: the root's, or the forwarders of everything. */
export interface Upstreams {
  readonly kind: 'root' | 'forwarders';
  readonly addresses: readonly Address[];
  /** Forwarders that are asked over TLS only: port 53 does not matter then. */
  readonly usesTls: boolean;
}

export interface Patient {
  readonly config: Config;
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly files: Files;
  readonly host: Host;
  readonly upstreams: Upstreams;
  /** A file's path as the daemon sees it. */
  readonly pathOf: (path: string) => string;
  /** Asks for `. DNSKEY` through the resolver itself, validated; a text when it cannot be started. */
  readonly resolveRootKeys: () => Promise<Resolution | string>;
  /** What is to be said of the cache sizes against the heap; null when they fit. */
  readonly cacheWarning: string | null;
  /** True inside the daemon: what listens on its port is this process. */
  readonly isDaemon: boolean;
}

/** Where the resolver listens by configuration, without zones: as a client of this host reaches it. */
export function listenAddresses({ server }: Config): readonly Address[] {
  const standard = ['127.0.0.1', '::1'].filter((ip) => (ip.includes(':') ? server.doIp6 : server.doIp4));
  const given = server.interface.map(({ target, port }) => ({ ip: target, port: port ?? server.port }));
  const all = given.length > 0 ? given : standard.map((ip) => ({ ip, port: server.port }));
  return all.filter(({ ip }) => /^[0-9a-fA-F:.]+$/.test(ip)).map(({ ip, port }) => ({ ip: reachable(ip), port }));
}

/** A socket bound to any address is reached over loopback. */
function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' || ip === '::0' ? '::1' : ip;
}
