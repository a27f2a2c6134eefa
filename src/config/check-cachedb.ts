/** That a store which hosts share can be told from what somebody else has written there, and is one store. */

import type { Config } from './config.ts';
import type { Findings } from './finding.ts';
import { Lines } from './lines.ts';
import { isSharing, SHARED_BACKEND } from './modules.ts';
import type { Clause } from './parser.ts';

/** What unbound.conf has where nothing is said: known to everybody. */
const PUBLIC_SEED = 'default';
/** Octets below which a seed can be guessed by trying, with one value of the store at hand. */
const MIN_SEED_OCTETS = 16;

/** Adds findings about the clause `cachedb:`. */
export function checkCachedb(clauses: readonly Clause[], config: Config, findings: Findings): void {
  const lines = new Lines(clauses.filter(({ name }) => name === 'cachedb'));
  const { server, cachedb } = config;
  const isListed = server.moduleConfig.includes('cachedb');
  if (isListed && cachedb.backend === 'testframe') {
    findings.warning(
      lines.last('backend'),
      'cachedb: backend: testframe keeps nothing: write redis, or leave cachedb out',
    );
  } else if (isListed && cachedb.backend !== SHARED_BACKEND) {
    findings.error(lines.last('backend'), `cachedb: backend: '${cachedb.backend}' is not available, redis is`);
  } else if (!isListed && cachedb.backend === SHARED_BACKEND) {
    findings.warning(lines.last('backend'), 'cachedb: is not used: module-config does not list it before iterator');
  }
  if (!isSharing(config)) return;
  const seed = cachedb.secretSeed;
  if (seed === PUBLIC_SEED || seed === '') {
    const text =
      'cachedb: secret-seed must be set, the same on all hosts: without it whoever writes into the store could forge answers';
    findings.error(lines.last('secret-seed').line === 0 ? lines.last('backend') : lines.last('secret-seed'), text);
  } else if (new TextEncoder().encode(seed).length < MIN_SEED_OCTETS) {
    const text = `cachedb: secret-seed has less than ${MIN_SEED_OCTETS} octets: who reads the store may guess it, and forge answers then`;
    findings.warning(lines.last('secret-seed'), text);
  }
  checkServers(config, lines, findings);
}

function checkServers({ cachedb }: Config, lines: Lines, findings: Findings): void {
  const isCluster = cachedb.redisCluster.length > 0;
  const hasReplica = cachedb.redisReplicaServerHost !== '' || cachedb.redisReplicaServerPath !== '';
  if (isCluster && cachedb.redisSentinel.length > 0) {
    findings.error(lines.last('redis-cluster'), 'cachedb: either redis-sentinel or redis-cluster');
  }
  if (hasReplica && (isCluster || cachedb.redisSentinel.length > 0)) {
    findings.error(
      lines.last('redis-replica-server-host'),
      'cachedb: no replica beside redis-sentinel or redis-cluster',
    );
  }
  const isByPath = cachedb.redisServerPath !== '' || cachedb.redisReplicaServerPath !== '';
  if (cachedb.redisTls && isByPath) {
    findings.error(lines.last('redis-tls'), 'cachedb: redis-tls: there is no TLS to a unix socket');
  }
  if (isCluster && cachedb.redisLogicalDb !== 0) {
    findings.error(lines.last('redis-logical-db'), 'cachedb: a cluster has no logical database but 0');
  }
}
