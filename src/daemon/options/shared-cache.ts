/** The store that hosts share, out of the configuration (cachedb). */

import { absolutePath } from '../../config/check-files.ts';
import type { Config } from '../../config/config.ts';
import { isSharing } from '../../config/modules.ts';
import type { StoreServer, StoreServers } from '../../ports/shared-store.ts';
import type { SharedCacheOptions } from '../../resolve/shared-cache.ts';

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;
/** Milliseconds where the configuration says 0 to all: nothing waits for ever. */
const DEFAULT_TIMEOUT_MS = 100;
/**
 * Milliseconds that connecting may take beyond what a question waits: nobody waits for it, and a first connection after a loss of
 * packets needs a second.
 */
const MIN_CONNECT_MS = 1_000;

/** Where the store is and how it is used. */
export function sharedCacheOptions(
  config: Config,
  tlsAuthorities: string | null = null,
): {
  readonly isOn: boolean;
  readonly servers: StoreServers;
  readonly options: SharedCacheOptions;
} {
  const { server, cachedb } = config;
  const servers = { ...serversOf(config), tls: cachedb.redisTls ? { authorities: tlsAuthorities } : null };
  return {
    isOn: isSharing(config),
    servers,
    options: {
      secret: cachedb.secretSeed,
      noStore: cachedb.cachedbNoStore,
      // As in Unbound: data that is served for ever is kept for ever.
      expires: cachedb.redisExpireRecords && !(server.serveExpired && server.serveExpiredTtl === 0),
      checksBeforeExpired: cachedb.cachedbCheckWhenServeExpired,
      timeoutMs: (servers.replica ?? servers.server).commandTimeoutMs,
      maxTtl: server.cacheMaxTtl,
    },
  };
}

function serversOf(config: Config): Omit<StoreServers, 'tls'> {
  const { cachedb } = config;
  const { redisReplicaServerHost: replicaHost, redisReplicaServerPath: replicaPath } = cachedb;
  const sentinels = cachedb.redisSentinel.map(({ host, port }) => ({ host, port: port ?? SENTINEL_PORT }));
  const replica: StoreServer = {
    host: replicaHost,
    port: cachedb.redisReplicaServerPort,
    path: absolutePath(config, replicaPath),
    password: cachedb.redisReplicaServerPassword,
    database: cachedb.redisReplicaLogicalDb,
    ...timeouts(cachedb.redisReplicaTimeout, cachedb.redisReplicaCommandTimeout, cachedb.redisReplicaConnectTimeout),
  };
  return {
    server: {
      host: cachedb.redisServerHost,
      port: cachedb.redisServerPort,
      path: absolutePath(config, cachedb.redisServerPath),
      password: cachedb.redisServerPassword,
      database: cachedb.redisLogicalDb,
      ...timeouts(cachedb.redisTimeout, cachedb.redisCommandTimeout, cachedb.redisConnectTimeout),
    },
    replica: replicaHost === '' && replicaPath === '' ? null : replica,
    sentinels:
      sentinels.length === 0
        ? null
        : { servers: sentinels, name: cachedb.redisSentinelName, password: cachedb.redisSentinelPassword },
    cluster: cachedb.redisCluster.map(({ host, port }) => ({ host, port: port ?? REDIS_PORT })),
  };
}

function timeouts(
  all: number,
  command: number,
  connect: number,
): Pick<StoreServer, 'commandTimeoutMs' | 'connectTimeoutMs'> {
  const usual = all || DEFAULT_TIMEOUT_MS;
  return { commandTimeoutMs: command || usual, connectTimeoutMs: connect || Math.max(usual, MIN_CONNECT_MS) };
}
