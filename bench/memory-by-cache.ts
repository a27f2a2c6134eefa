/**
 * What each cache really holds for a name: a whole resolver on fake ports asks for signed zones (MX, A, AAAA, TLSA of one
 * host each), then gives up its caches one after another; what the process holds less after a collection was that cache's alone
 * (what two caches share counts for the one that is cleared last). Memory of the crypto library is not in it: see `keys`.
 *
 *   node --expose-gc bench/memory-by-cache.ts [zones]     by cache
 *   node --expose-gc bench/memory-by-cache.ts keys [most] resident octets of imported keys, so many loaded at most
 */

import { createNodeCrypto, MAX_LOADED_KEYS } from '../src/adapters/node-crypto.ts';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../test/fake/fake-ports.ts';
import { InhabitedWorld, worldConfigLines } from '../test/world/inhabited-world.ts';
import { KeyStore } from '../test/world/keys.ts';
import { World } from '../test/world/world.ts';

const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
const ROOMY = ['msg', 'rrset', 'key', 'neg'].map((cache) => `\t${cache}-cache-size: 1000m`);
const KEYS = 20_000;

/** Octets that the process holds outside of the crypto library, after a collection. */
async function held(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function makeWorld(zones: number): World {
  const world = new World({ now: TEST_START_UNIX_SECONDS, keys: new KeyStore() });
  const signing = { algorithms: [13], singleKey: true } as const;
  world.zone('.', { servers: { 'a.root.net.': ['198.41.0.4'] }, signing });
  world.zone('org.', { servers: { 'a.gtld.net.': ['192.5.6.30'] }, signing });
  for (let i = 0; i < zones; i++) {
    const text = `@ IN MX 10 mx\nmx IN A 203.0.113.${i % 250}\n_25._tcp.mx IN TLSA 3 1 1 ${TLSA_DIGEST}\n`;
    const ip = `192.0.${i % 200}.${i % 250}`;
    world.zone(`mail${i}.org.`, { servers: { [`ns1.mail${i}.org.`]: [ip] }, signing, text });
  }
  return world;
}

async function byCache(zones: number): Promise<void> {
  const world = makeWorld(zones);
  const ports = makeFakePorts({ seed: 1 });
  world.attach(ports.servers);
  const instance = await InhabitedWorld.start(ports, [...worldConfigLines(world), 'server:', ...ROOMY]);
  for (let i = 0; i < zones; i++) {
    await instance.ask(`mail${i}.org.`, 'MX');
    for (const type of ['A', 'AAAA']) await instance.ask(`mx.mail${i}.org.`, type);
    await instance.ask(`_25._tcp.mx.mail${i}.org.`, 'TLSA');
  }
  const { replies, answers, rrsets, delegations, keys, denials, servers, failures } = instance.running.instance.caches;
  const caches = { replies, answers, rrsets, delegations, keys, denials, servers, failures };
  const filled = Object.entries(caches).map(([name, cache]) => ({ name, cache, counted: cache.sizeBytes }));
  let before = await held();
  const per = (octets: number): string => (octets / zones).toFixed(0).padStart(7);
  console.log('cache         octets held and counted for a zone');
  for (const { name, cache, counted } of filled) {
    cache.clear();
    const after = await held();
    console.log(`${name.padEnd(12)} ${per(before - after)} ${per(counted)}`);
    before = after;
  }
  await instance.stop();
}

/** Imports keys as the validator does, with the collections that a process has meanwhile. */
function byKey(most: number): void {
  const store = new KeyStore();
  const fields = Array.from({ length: KEYS }, (_, i) =>
    store.key({ algorithm: 13, seed: `${i}`, flags: 256 }).dnskey.subarray(4),
  );
  const crypto = createNodeCrypto({}, most);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const keys = fields.map((field, i) => {
    if (i % 1000 === 0) globalThis.gc?.();
    return crypto.importKey(13, field);
  });
  globalThis.gc?.();
  const octets = (process.memoryUsage.rss() - before) / keys.length;
  console.log(`P-256, ${KEYS} keys, ${most} loaded at most: ${octets.toFixed(0)} resident octets a key`);
}

console.log(`node ${process.version}`);
if (process.argv[2] === 'keys') byKey(Number(process.argv[3] ?? MAX_LOADED_KEYS));
else await byCache(Number(process.argv[2] ?? 1000));
process.exit(0);
