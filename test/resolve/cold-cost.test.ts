/**
 * Proves what questions cost that have to be asked: packets upstream, octets allocated, octets held. Counts and no times, so
 * that a dearer path fails here and not at an operator's. A bound lies just above what was measured when it was written; who
 * makes a path cheaper lowers it, and who has to raise one says in the commit what it buys.
 *
 * To measure again: `HAWSER_SHOW_COSTS=1 npx vitest run test/resolve/cold-cost.test.ts` prints each value beside its bound;
 * bench/against-peers.ts prints the same counts with real servers, beside other resolvers.
 */

import { createHook } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { InhabitedWorld, worldConfigLines } from '../world/inhabited-world.ts';
import { KeyStore } from '../world/keys.ts';
import { World } from '../world/world.ts';
import { NSEC3, type Signing } from '../world/zone.ts';

const DOMAINS = 160;
/** Domains asked before octets are counted: the engine compiles, tables grow. */
const WARM_UP = 100;
/** A domain of its own for each pattern of packets. */
const FIRST = 0;
const SECOND = 1;
const NSEC_DOMAIN = 2;
const NSEC3_DOMAIN = 3;
const COUNTED = [4, 6, 8];
const FROM = 10;
const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';

/** Hosts without TLSA in the zone whose denials are counted. */
const HOSTS = 6;

const nsec: Signing = { algorithms: [13], singleKey: true };
const nsec3: Signing = { ...nsec, denial: NSEC3 };

/** Mail domains below org., by turns with NSEC and NSEC3; their servers are their own. */
function makeWorld(): World {
  const world = new World({ now: TEST_START_UNIX_SECONDS, keys: new KeyStore() });
  world.zone('.', { servers: { 'a.root.net.': ['198.41.0.4'] }, signing: nsec });
  world.zone('org.', { servers: { 'a.gtld.net.': ['192.5.6.30'] }, signing: nsec3 });
  for (let i = 0; i < DOMAINS; i++) {
    const text = `@ IN MX 10 mx\nmx IN A 203.0.113.1\nmx IN AAAA 2001:db8::1\n_25._tcp.mx IN TLSA 3 1 1 ${TLSA_DIGEST}\n`;
    const servers = { [`ns1.mail${i}.org.`]: [`192.0.2.${i}`] };
    world.zone(`mail${i}.org.`, { servers, signing: i % 2 === 0 ? nsec : nsec3, text });
  }
  const hosts = Array.from({ length: HOSTS }, (_, i) => `mx${i} IN A 203.0.113.${i}\n`).join('');
  const servers = { 'ns1.denying.org.': ['192.0.2.250'] };
  const text = `${hosts}*.wild IN A 203.0.113.9\nunsigned IN NS ns.unsigned\nns.unsigned IN A 192.0.2.251\n`;
  world.zone('denying.org.', { servers, signing: nsec3, text });
  world.zone('ordered.org.', { servers: { 'ns1.ordered.org.': ['192.0.2.252'] }, signing: nsec, text: hosts });
  world.zone('unsigned.denying.org.', { servers: { 'ns.unsigned.denying.org.': ['192.0.2.251'] } });
  return world;
}

const world = makeWorld();
const ports = makeFakePorts({ seed: 1 });
let inhabited: InhabitedWorld;
/** Octets that the test's own servers allocated. */
let servers = 0;

const heapOctets = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

beforeAll(async () => {
  for (const ip of world.ips()) {
    ports.servers.serve(ip, (query) => {
      const before = heapOctets();
      const reply = world.reply({ query: query.bytes, ip, transport: query.transport });
      servers += heapOctets() - before;
      if (reply !== null) query.reply(reply);
    });
  }
  inhabited = await InhabitedWorld.start(ports, worldConfigLines(world));
});
afterAll(async () => inhabited.stop());

const packets = (): number => [...world.asked.values()].reduce((sum, count) => sum + count, 0);

/** Asks; packets that it took. */
async function packetsFor(name: string, type: string, rcode = 0): Promise<number> {
  const before = packets();
  const reply = await inhabited.ask(name, type);
  expect(reply.rcode).toBe(rcode);
  return packets() - before;
}

function expectAtMost(what: string, value: number, bound: number): void {
  if (process.env.HAWSER_SHOW_COSTS !== undefined) console.log(`${what}: ${value}, bound ${bound}`);
  expect(value, what).toBeLessThanOrEqual(bound);
}

describe('packets upstream', () => {
  test('for the first question of a process, root keys and referrals included', async () => {
    expectAtMost('first MX', await packetsFor(`mail${FIRST}.org.`, 'MX'), 7);
  });

  test('for what a mail server asks of a further domain', async () => {
    const name = `mail${SECOND}.org.`;
    expectAtMost('MX of a further domain', await packetsFor(name, 'MX'), 3);
    expectAtMost('A of its mail host, which came along', await packetsFor(`mx.${name}`, 'A'), 0);
    expectAtMost('AAAA of its mail host, which came along', await packetsFor(`mx.${name}`, 'AAAA'), 0);
    expectAtMost('TLSA of its mail host', await packetsFor(`_25._tcp.mx.${name}`, 'TLSA'), 1);
    expectAtMost('MX again', await packetsFor(name, 'MX'), 0);
    expectAtMost('its DS, which was validated', await packetsFor(name, 'DS'), 0);
    expectAtMost('its keys, which were validated', await packetsFor(name, 'DNSKEY'), 0);
  });

  test.each([
    ['NSEC', NSEC_DOMAIN],
    ['NSEC3', NSEC3_DOMAIN],
  ])('for names that are not there, by %s: few until the zone is known, then none', async (denial, domain) => {
    const zone = `mail${domain}.org.`;
    let asked = 0;
    for (let i = 0; i < 20; i++) asked += await packetsFor(`absent${i}.${zone}`, 'A', 3);
    expectAtMost(`20 absent names, ${denial}`, asked, denial === 'NSEC' ? 3 : 6);
    let later = 0;
    for (let i = 0; i < 20; i++) later += await packetsFor(`later${i}.${zone}`, 'A', 3);
    expectAtMost(`20 absent names more, ${denial}`, later, 0);
    expectAtMost(`TLSA below an absent name, ${denial}`, await packetsFor(`_25._tcp.absent.${zone}`, 'TLSA', 3), 0);
  });
});

test.each([
  // Two for each host: as minimisation asks for it, and what is absent below it; for the zone with NSEC its referral and keys too.
  ['NSEC3 without opt-out', 'denying.org.', 2 * HOSTS],
  ['NSEC', 'ordered.org.', 2 * HOSTS + 2],
])(
  'TLSA that a zone with %s denies: of one mail host after the other, then nobody is asked',
  async (_, zone, bound) => {
    let asked = 0;
    for (let i = 0; i < HOSTS; i++) asked += await packetsFor(`_25._tcp.mx${i}.${zone}`, 'TLSA', 3);
    expectAtMost(`TLSA denials of ${HOSTS} hosts`, asked, bound);
    let later = 0;
    for (let i = 0; i < HOSTS; i++) {
      later += await packetsFor(`_465._tcp.mx${i}.${zone}`, 'TLSA', 3);
      later += await packetsFor(`mx${i}.${zone}`, 'TLSA');
      later += await packetsFor(`_25._tcp.absent${i}.mx${i}.${zone}`, 'TLSA', 3);
    }
    expectAtMost('TLSA of another port, of the host itself and of one that is absent', later, 0);
  },
);

describe('denials of a zone with NSEC3 without opt-out, asked one after the other', () => {
  const below = (label: string): string => `${label}.denying.org.`;

  test('NODATA of a host, and of a wildcard', async () => {
    expectAtMost('AAAA of a host', await packetsFor(below('mx0'), 'AAAA'), 0);
    expectAtMost('another type of it', await packetsFor(below('mx0'), 'MX'), 0);
    expectAtMost('AAAA by a wildcard', await packetsFor(below('one.wild'), 'AAAA'), 0);
    expectAtMost('another type by it', await packetsFor(below('one.wild'), 'MX'), 0);
    expectAtMost('another name by it', await packetsFor(below('two.wild'), 'AAAA'), 0);
  });

  test('DS of a delegation without one, after the referral', async () => {
    expectAtMost('SOA of an unsigned zone', await packetsFor(below('unsigned'), 'SOA'), 2);
    expectAtMost('its DS', await packetsFor(below('unsigned'), 'DS'), 0);
  });
});

/** Promises made until the answer is there, the test's clients and servers among them. */
async function promisesFor(name: string, type: string): Promise<number> {
  let made = 0;
  const hook = createHook({
    init: (_id, kind) => {
      if (kind === 'PROMISE') made++;
    },
  });
  hook.enable();
  await inhabited.ask(name, type);
  hook.disable();
  return made;
}

test('a question to a server makes no promise, but for a validation that waits for it', async () => {
  // Known already: what is left is the test's own.
  await inhabited.ask(`mail${SECOND}.org.`, 'MX');
  const own: number[] = [];
  const cold: number[] = [];
  const warm: number[] = [];
  for (const domain of COUNTED) {
    own.push(await promisesFor(`mail${SECOND}.org.`, 'MX'));
    cold.push(await promisesFor(`mail${domain}.org.`, 'MX'));
    warm.push(await promisesFor(`_25._tcp.mx.mail${domain}.org.`, 'TLSA'));
  }
  // The test runner makes some now and then.
  const least = (counts: readonly number[]): number => Math.min(...counts) - Math.min(...own);
  expectAtMost('promises, MX of a new domain', least(cold), 58);
  expectAtMost('promises, TLSA below it', least(warm), 18);
});

/** Asks the four of a mail server; octets allocated for each, but for what servers took. Collections give less than nothing. */
async function octetsFor(domain: number): Promise<number[]> {
  const octets: number[] = [];
  const host = `mx.mail${domain}.org.`;
  for (const [name, type] of [
    [`mail${domain}.org.`, 'MX'],
    [host, 'A'],
    [host, 'AAAA'],
    [`_25._tcp.${host}`, 'TLSA'],
  ] as const) {
    servers = 0;
    const before = heapOctets();
    await inhabited.ask(name, type);
    octets.push(heapOctets() - before - servers);
  }
  return octets;
}

function median(values: readonly number[]): number {
  const grown = values.filter((value) => value > 0).sort((a, b) => a - b);
  return grown[grown.length >> 1] ?? Number.NaN;
}

test('octets allocated and held for a mail domain stay what they are', async () => {
  for (let domain = FROM; domain < FROM + WARM_UP; domain++) await octetsFor(domain);
  const { caches } = inhabited.running.instance;
  const { replies, answers, rrsets, delegations, keys, denials, servers: known, failures } = caches;
  const all = [replies, answers, rrsets, delegations, keys, denials, known, failures];
  const held = (): number => all.reduce((sum, cache) => sum + cache.sizeBytes, 0);
  const before = held();
  const measured: number[][] = [];
  for (let domain = FROM + WARM_UP; domain < DOMAINS; domain++) measured.push(await octetsFor(domain));
  const per = (held() - before) / measured.length;
  // The clients of the test are in it; they cost each question the same.
  expectAtMost('octets allocated, MX of a new domain', median(measured.map(([mx = 0]) => mx)), 170_000);
  expectAtMost('octets allocated, A that came along', median(measured.map(([, a = 0]) => a)), 30_000);
  expectAtMost('octets allocated, TLSA below it', median(measured.map(([, , , tlsa = 0]) => tlsa)), 69_000);
  expectAtMost('octets counted by all caches, one domain', per, 6_500);
});
