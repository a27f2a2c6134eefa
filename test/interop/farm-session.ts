/**
 * Session: the farm of docs/farm.md, and what happens when its parts are stopped, killed, emptied and poisoned. Prints one line of
 * JSON. Runs inside a network namespace, as root.
 */

import { readFileSync } from 'node:fs';
import { type AskedType, askAt, eachOf, quantile, type Reply } from './asking.ts';
import { Session } from './daemons.ts';
import { AT, Farm, type Host, NAMES } from './farm-world.ts';

const PATIENCE_MS = 4_000;
/** Questions at a time. */
const WIDTH = 20;
/** Processor ticks of Linux, a second. */
const TICKS = 100;

/** Names of one zone, a part of all. */
function names(zone: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `mx${from + i}.${zone}.`);
}

/** What is wrong with a reply: the truth of the world is known. */
function faultOf(name: string, { rcode, ad, answers }: Reply): string | null {
  const number = Number(/^mx(\d+)/.exec(name)?.[1] ?? 0);
  if (rcode === null) return `${name} silent`;
  if (rcode !== 'NOERROR') return `${name} ${rcode}`;
  if (ad !== name.includes('example')) return `${name} ad ${ad}`;
  return answers.join() === `A 192.0.2.${number % 250}` ? null : `${name} ${answers.join()}`;
}

interface Asked {
  /** The first of what was wrong; empty: nothing was. */
  readonly faults: readonly string[];
  readonly p50Ms: number;
  readonly maxMs: number;
  readonly cpuMicrosEach: number;
}

function cpuMicros({ child }: Host): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS;
}

async function askAll(host: Host, wanted: readonly string[]): Promise<Asked> {
  const faults: string[] = [];
  const times: number[] = [];
  const before = cpuMicros(host);
  await eachOf(wanted, WIDTH, async (name) => {
    const reply = await askAt(host, name, 'A', PATIENCE_MS);
    times.push(reply.milliseconds);
    const fault = faultOf(name, reply);
    if (fault !== null) faults.push(fault);
  });
  const cpuMicrosEach = Math.round((cpuMicros(host) - before) / wanted.length);
  return {
    faults: faults.slice(0, 5),
    p50Ms: Math.round(quantile(times, 0.5) * 100) / 100,
    maxMs: Math.round(Math.max(...times)),
    cpuMicrosEach,
  };
}

async function until(isTrue: () => boolean | Promise<boolean>, seconds = 20): Promise<boolean> {
  const giveUpAt = Date.now() + seconds * 1_000;
  while (Date.now() < giveUpAt) {
    if (await isTrue()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function statusOf(host: Host, name: string, type: AskedType): Promise<string> {
  const { rcode, ad } = await askAt(host, name, type, PATIENCE_MS);
  return `${rcode}${ad ? ' ad' : ''}`;
}

/** Until a host has found its way to both zones: on a busy machine the first questions may take long. */
async function warm(host: Host): Promise<void> {
  await until(async () => (await statusOf(host, 'mx.example.org.', 'A')) === 'NOERROR ad');
  await until(async () => (await statusOf(host, 'mx.plain.org.', 'A')) === 'NOERROR');
}

/** Questions to the store and writes that were not done in time, or not tried after such: nobody waits for it (redis-timeout). */
function late(count: (name: string) => number): number {
  return count('num.cachedb.failures') + count('num.cachedb.skipped');
}

/** What another host of the tier saves by the store: the same names, found by the first, with the store and without. */
async function shareAnswers(farm: Farm, first: Host, second: Host) {
  const wanted = [...names('example.org', 0, 100), ...names('plain.org', 0, 100)];
  await warm(first);
  await warm(second);
  const lateSoFar = (): number => [first, second].reduce((sum, host) => sum + late(farm.statistics(host)), 0);
  const lateBefore = lateSoFar();
  const found = await askAll(first, wanted);
  const before = farm.statistics(second)('num.query.cachedb');
  const shared = await askAll(second, wanted);
  const hits = farm.statistics(second)('num.query.cachedb') - before;
  return { found, shared, hits, late: lateSoFar() - lateBefore, of: wanted.length };
}

/** The same names by a host without a store. */
async function withoutStore(farm: Farm): Promise<Asked> {
  const host = await farm.startTier(
    0,
    (text) => text.replace('validator cachedb iterator', 'validator iterator'),
    'alone',
  );
  await warm(host);
  const asked = await askAll(host, [...names('example.org', 0, 100), ...names('plain.org', 0, 100)]);
  await farm.stop(host);
  return asked;
}

/** The store stopped, killed, and emptied, while new names are asked. */
async function breakStore(farm: Farm, host: Host, redis: { child: ReturnType<Session['start']> }) {
  redis.child.kill('SIGSTOP');
  const stopped = await askAll(host, names('example.org', 100, 150));
  redis.child.kill('SIGCONT');
  await until(() => farm.redis(['PING']).includes('PONG'));
  redis.child.kill('SIGKILL');
  const killed = await askAll(host, names('example.org', 150, 200));
  redis.child = await farm.startRedis();
  const before = farm.statistics(host)('num.cachedb.stored');
  let next = 200;
  const isBack = await until(async () => {
    await askAll(host, names('example.org', next, ++next));
    return farm.statistics(host)('num.cachedb.stored') > before;
  }, 45);
  farm.redis(['FLUSHALL']);
  const emptied = await askAll(host, names('example.org', 250, 300));
  return { stopped, killed, isBack, emptied };
}

/** Somebody writes into the store: values under each other's keys, damaged ones, and nonsense. */
async function poison(farm: Farm, first: Host, second: Host) {
  const wanted = [...names('example.org', 300, 330), ...names('plain.org', 300, 330)];
  await askAll(first, wanted);
  const script = `local keys = redis.call('KEYS', '*')
local values = {}
for i, key in ipairs(keys) do values[i] = redis.call('GET', key) end
for i, key in ipairs(keys) do
  local other = values[i % #keys + 1]
  if i % 3 == 0 then redis.call('SET', key, other)
  elseif i % 3 == 1 then redis.call('SET', key, (values[i]:gsub('\\192', '\\193')))
  else redis.call('SET', key, string.rep('x', 5000)) end
end
return #keys`;
  const poisoned = Number(farm.redis(['EVAL', script, '0']).trim());
  // Its caches are empty: all that it knows could only come out of the store.
  await farm.stop(second, 'SIGKILL');
  await farm.restart(second);
  // Until the connection is there the store is passed over.
  let next = 331;
  const isUsed = await until(async () => {
    await askAll(second, names('example.org', next, ++next));
    return farm.statistics(second)('num.cachedb.stored') > 0;
  });
  if (!isUsed) throw new Error('the store is not used again');
  const asked = await askAll(second, wanted);
  const count = farm.statistics(second);
  return { poisoned: poisoned > 0, asked, refused: count('num.cachedb.refused'), hits: count('num.query.cachedb') };
}

/** A mail host is restarted under load, and nothing beyond it is there any more. */
async function restartMailHost(farm: Farm, mailHost: Host, dnsdist: ReturnType<Session['start']>) {
  const usual = [...names('example.org', 0, 50), ...names('plain.org', 0, 50)];
  const before = await askAll(mailHost, usual);
  let isLoaded = true;
  const load = (async () => {
    while (isLoaded) await eachOf(usual, WIDTH, async (name) => void (await askAt(mailHost, name, 'A', 200)));
  })();
  await farm.stop(mailHost);
  dnsdist.kill('SIGKILL');
  const from = performance.now();
  await farm.restart(mailHost);
  const startMs = Math.round(performance.now() - from);
  let firstMs = 0;
  const isThere = await until(async () => {
    const reply = await askAt(mailHost, usual[0] ?? '', 'A', 200);
    firstMs = Math.round(performance.now() - from);
    return faultOf(usual[0] ?? '', reply) === null;
  });
  isLoaded = false;
  await load;
  const after = await askAll(mailHost, usual);
  const answers = farm.statistics(mailHost)('num.cachefile.answers');
  return { before, isThere, startMs, startToFirstMs: firstMs, after, answers: answers >= usual.length };
}

/** Sentinels: the master dies, its replica takes over. */
async function failOver(farm: Farm) {
  const common = ['masterauth change-this-password', 'repl-diskless-sync-delay 0'];
  const master = await farm.startRedis('master', ['port 6401', ...common]);
  await farm.startRedis('replica', ['port 6402', `replicaof ${AT.redis} 6401`, ...common]);
  const lines = [
    'port 26379',
    `bind ${AT.redis}`,
    `sentinel monitor mymaster ${AT.redis} 6401 1`,
    'sentinel auth-pass mymaster change-this-password',
    'sentinel down-after-milliseconds mymaster 500',
    'sentinel failover-timeout mymaster 2000',
  ];
  farm.session.start('sentinel', 'redis-sentinel', [farm.session.file('sentinel.conf', `${lines.join('\n')}\n`)]);
  await until(() => farm.redis(['INFO', 'replication'], '6402').includes('master_link_status:up'));
  const host = await farm.startTier(
    0,
    (text) => text.replace(`redis-server-host: ${AT.redis}`, `redis-sentinel: ${AT.redis}`),
    'sentinel-tier',
  );
  let next = 330;
  const isStoring = async (): Promise<boolean> => {
    const before = farm.statistics(host)('num.cachedb.stored');
    await askAll(host, names('plain.org', next, ++next));
    return farm.statistics(host)('num.cachedb.stored') > before;
  };
  const before = await until(isStoring);
  master.kill('SIGKILL');
  const hasPromoted = await until(() => farm.redis(['ROLE'], '6402').startsWith('master'));
  const after = await until(isStoring, 45);
  await farm.stop(host);
  return { before, hasPromoted, after };
}

/** A cluster of one server is one: keys have their slots, and the client finds them. */
async function useCluster(farm: Farm) {
  const port = '6411';
  await farm.startRedis('cluster', [
    `port ${port}`,
    'cluster-enabled yes',
    'cluster-config-file nodes.conf',
    `cluster-announce-ip ${AT.redis}`,
  ]);
  farm.redis(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'], port);
  await until(() => farm.redis(['CLUSTER', 'INFO'], port).includes('cluster_state:ok'));
  const host = await farm.startTier(
    0,
    (text) => text.replace(`redis-server-host: ${AT.redis}`, `redis-cluster: ${AT.redis}@${port}`),
    'cluster-tier',
  );
  let next = 360;
  const isStoring = await until(async () => {
    await askAll(host, names('plain.org', next, ++next));
    return farm.statistics(host)('num.cachedb.stored') > 0;
  });
  const keys = Number(farm.redis(['DBSIZE'], port).trim()) > 0;
  await farm.stop(host);
  return { isStoring, keys };
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const farm = new Farm(session);
    await farm.startWorld();
    const redis = { child: await farm.startRedis() };
    const [first, second] = [await farm.startTier(0), await farm.startTier(1)];
    const sharing = await shareAnswers(farm, first, second);
    const dnsdist = farm.startDnsdist();
    const mailHost = await farm.startMailHost();
    await until(async () => (await statusOf(mailHost, 'mx.example.org.', 'A')) === 'NOERROR ad');
    const throughAll = {
      signed: await statusOf(mailHost, '_25._tcp.mx.example.org.', 'TLSA'),
      unsigned: await statusOf(mailHost, 'mx.plain.org.', 'A'),
      denied: await statusOf(mailHost, 'no.example.org.', 'A'),
      proxied: farm.statistics(first)('num.proxy.malformed') + farm.statistics(second)('num.proxy.malformed'),
    };
    const store = await breakStore(farm, second, redis);
    const writer = await poison(farm, first, second);
    first.child.kill('SIGSTOP');
    await until(async () => (await askAll(mailHost, names('example.org', 380, 381))).faults.length === 0);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const withOneTier = await askAll(mailHost, names('example.org', 381, NAMES));
    first.child.kill('SIGCONT');
    const restarted = await restartMailHost(farm, mailHost, dnsdist);
    await farm.stop(first);
    const sentinels = await failOver(farm);
    const cluster = await useCluster(farm);
    const alone = await withoutStore(farm);
    console.log(
      JSON.stringify({ alone, sharing, throughAll, store, writer, withOneTier, restarted, sentinels, cluster }),
    );
  } catch (error) {
    for (const name of ['tier0', 'tier1', 'mail-host', 'dnsdist']) {
      try {
        console.error(name, session.log(name).slice(-2_000));
      } catch {
        // It was not started.
      }
    }
    throw error;
  } finally {
    await session.stop();
  }
}

await main();
