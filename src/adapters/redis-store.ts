/**
 * The shared store over Redis or Valkey, by the package iovalkey, which is loaded with the first store that is opened.
 *
 * Duties: one connection for each server, sentinels and clusters; every fault is a value; nothing waits in a queue for a server
 * that is not there. Leaves to others: whether it is worth asking (resolve/store-breaker.ts).
 */

import type { ClusterOptions, RedisOptions } from 'iovalkey';
import type { OpenStore, SharedStore, StoreResult, StoreServer, StoreServers } from '../ports/shared-store.ts';

/** Milliseconds between two tries to connect: the first, and the most. */
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;

/** What is used of a client, of one server or of a cluster. */
interface Client {
  getBuffer(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer): Promise<unknown>;
  set(key: string, value: Buffer, unit: 'EX', seconds: number): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  disconnect(): void;
}

/** Opens a store; the package is loaded only here. */
export const openRedisStore: OpenStore = async (servers) => {
  const { Redis, Cluster } = await import('iovalkey');
  const { server, replica, sentinels, cluster, tls } = servers;
  const main: Client =
    cluster.length > 0
      ? new Cluster([...cluster], clusterOptions(servers))
      : new Redis(sentinels === null ? optionsFor(server, tls) : sentinelOptions(servers));
  const reader: Client = replica === null ? main : new Redis(optionsFor(replica, tls));
  return new RedisStore(main, reader);
};

class RedisStore implements SharedStore {
  readonly #main: Client;
  readonly #reader: Client;

  constructor(main: Client, reader: Client) {
    this.#main = main;
    this.#reader = reader;
    // Without a listener the package prints to standard error. What is wrong comes with each call.
    for (const client of new Set([main, reader])) client.on('error', () => {});
  }

  async get(key: string): Promise<StoreResult<Uint8Array | null>> {
    return await attempt(async () => await this.#reader.getBuffer(key));
  }

  async set(key: string, value: Uint8Array, seconds: number | null): Promise<StoreResult<void>> {
    const octets = Buffer.from(value.buffer, value.byteOffset, value.length);
    return await attempt(async () => {
      if (seconds === null) await this.#main.set(key, octets);
      else await this.#main.set(key, octets, 'EX', seconds);
    });
  }

  close(): void {
    this.#main.disconnect();
    this.#reader.disconnect();
  }
}

async function attempt<T>(call: () => Promise<T>): Promise<StoreResult<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return { ok: false, text: (error as Error).message };
  }
}

/** A command fails at once where there is no connection, and is never sent again: a question does not wait for it. */
function optionsFor(server: StoreServer, tls: StoreServers['tls']): RedisOptions {
  const { path, host, port } = server;
  return { ...(path === '' ? { host, port } : { path }), ...commonOptions(server, tls), db: server.database };
}

function tlsOptions(tls: StoreServers['tls']): { readonly ca?: string } | undefined {
  return tls === null ? undefined : tls.authorities === null ? {} : { ca: tls.authorities };
}

function commonOptions(
  { password, commandTimeoutMs, connectTimeoutMs }: StoreServer,
  tls: StoreServers['tls'],
): RedisOptions {
  const spoken = tlsOptions(tls);
  return {
    ...(spoken === undefined ? {} : { tls: spoken }),
    ...(password === '' ? {} : { password }),
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times: number) => Math.min(FIRST_RETRY_MS * times, MAX_RETRY_MS),
  };
}

function sentinelOptions({ server, sentinels, tls }: StoreServers): RedisOptions {
  const { servers = [], name = '', password = '' } = sentinels ?? {};
  const spoken = tlsOptions(tls);
  return {
    ...commonOptions(server, tls),
    ...(spoken === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: spoken }),
    db: server.database,
    sentinels: servers.map(({ host, port }) => ({ host, port })),
    name,
    ...(password === '' ? {} : { sentinelPassword: password }),
    sentinelCommandTimeout: server.connectTimeoutMs,
    sentinelRetryStrategy: (times: number) => Math.min(FIRST_RETRY_MS * times, MAX_RETRY_MS),
  };
}

function clusterOptions({ server, tls }: StoreServers): ClusterOptions {
  return {
    redisOptions: commonOptions(server, tls),
    enableOfflineQueue: false,
    slotsRefreshTimeout: server.connectTimeoutMs,
    clusterRetryStrategy: (times: number) => Math.min(FIRST_RETRY_MS * times, MAX_RETRY_MS),
  };
}
