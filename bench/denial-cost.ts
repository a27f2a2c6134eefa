/**
 * What denials cost inside of the process, by what they take: µs on the clock, octets allocated, promises made, functions called;
 * from the client's query to its reply, with sockets and servers faked and the servers' own part taken off. Mail domains with NSEC
 * and with NSEC3; mostly random names, as in the row `nxdomain` of against-peers.ts.
 *
 *   node bench/denial-cost.ts [zones] [questions] [time | promises | calls]
 *
 * `promises` and `calls` count exactly, whatever else the machine does, and say nothing of time: V8's inspector, which counts the
 * calls, has nothing compiled meanwhile.
 */

import { createHook } from 'node:async_hooks';
import { Session } from 'node:inspector/promises';
import { REPLY_BUFFER_OCTETS } from '../src/serve/query-server.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { buildQuery } from '../src/wire/query.ts';
import { questionOf } from '../src/wire/question.ts';
import { FLAG } from '../src/wire/rcode.ts';
import { TYPE } from '../src/wire/rr-type.ts';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../test/fake/fake-ports.ts';
import { InhabitedWorld, worldConfigLines } from '../test/world/inhabited-world.ts';
import { KeyStore } from '../test/world/keys.ts';
import { World } from '../test/world/world.ts';
import { NSEC3, type Signing } from '../test/world/zone.ts';

const zones = Number(process.argv[2] ?? 200);
const questions = Number(process.argv[3] ?? 20_000);
const counted = process.argv[4] ?? 'time';
const HOSTS = 5;
const FROM = { ip: '127.0.0.1', port: 40_000 };
const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
/** One question in so many is for octets, and not for time: asking V8 takes longer than the question. */
const OCTETS_EVERY = 8;
const FIRST = 500;

/** What questions of one kind took, one number for each of them. */
interface Cost {
  readonly us: number[];
  readonly octets: number[];
  readonly promises: number[];
  readonly calls: number[];
}

/** What the question under way has taken besides, by the test's own servers too. */
const now = { serversUs: 0, serversOctets: 0, packets: 0, promises: 0, countsOctets: false };
let delivered = false;
let random = 12_345;

const draw = (): number => {
  random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
  return random / 2 ** 32;
};
const below = (count: number): number => Math.floor(draw() * count);
const word = (): string => Math.floor(draw() * 2 ** 32).toString(36);
const zoneName = (n: number): string => `mail${n}.org.`;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const wholeUs = (): number => performance.now() * 1000;
const heapOctets = (): number => {
  if (!now.countsOctets) return 0;
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Kinds of questions; random names come most often. */
const KINDS = [
  { what: 'NXDOMAIN', times: 8, ask: (zone: string) => ({ name: `x${word()}.${zone}`, type: TYPE.A }) },
  { what: 'NODATA', times: 1, ask: (zone: string) => ({ name: `h${below(HOSTS)}.${zone}`, type: 256 + below(1000) }) },
  { what: 'wildcard NODATA', times: 1, ask: (zone: string) => ({ name: `y${word()}.wild.${zone}`, type: TYPE.AAAA }) },
  {
    what: 'TLSA',
    times: 1,
    ask: (zone: string) => ({ name: `_${below(65_536)}._tcp.h${below(HOSTS)}.${zone}`, type: TYPE.TLSA }),
  },
];
const weighed = KINDS.flatMap((kind) => Array.from({ length: kind.times }, () => kind));

function makeWorld(): World {
  const nsec: Signing = { algorithms: [13], singleKey: true };
  const nsec3: Signing = { ...nsec, denial: NSEC3 };
  const world = new World({ now: TEST_START_UNIX_SECONDS, keys: new KeyStore() });
  world.zone('.', { servers: { 'a.root.net.': ['198.41.0.4'] }, signing: nsec });
  world.zone('org.', { servers: { 'a.gtld.net.': ['192.5.6.30'] }, signing: nsec3 });
  const hosts = Array.from({ length: HOSTS }, (_, i) => `h${i} IN A 203.0.113.${i}\n`).join('');
  const mail = `@ IN MX 10 mx\nmx IN A 203.0.113.1\n_25._tcp.mx IN TLSA 3 1 1 ${TLSA_DIGEST}\n`;
  for (let n = 0; n < zones; n++) {
    const servers = { [`ns1.${zoneName(n)}`]: [`192.1.${n >> 8}.${n & 255}`] };
    const signing = n % 2 === 0 ? nsec : nsec3;
    world.zone(zoneName(n), { servers, signing, text: `${mail}*.wild IN A 203.0.113.9\n${hosts}` });
  }
  return world;
}

const world = makeWorld();
const ports = makeFakePorts();
for (const ip of world.ips()) {
  ports.servers.serve(ip, (query) => {
    const before = heapOctets();
    const start = wholeUs();
    const reply = world.reply({ query: query.bytes, ip, transport: query.transport });
    now.packets++;
    now.serversUs += wholeUs() - start;
    now.serversOctets += heapOctets() - before;
    if (reply !== null) query.reply(reply);
  });
}
const lines = ['server:', '\trrset-cache-size: 200m', '\tmsg-cache-size: 100m'];
const inhabited = await InhabitedWorld.start(ports, [...worldConfigLines(world), ...lines]);
const { serve } = inhabited.running.instance;
const out = new Uint8Array(REPLY_BUFFER_OCTETS);
const channel = {
  transport: 'udp',
  deliver: () => {
    delivered = true;
  },
  local: { ip: '127.0.0.1', port: 53 },
} as const;

const inspector = new Session();

/** Calls of our functions since the last time. */
async function takeCalls(): Promise<number> {
  if (counted !== 'calls') return 0;
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  const ours = result.filter(({ url }) => url.includes('/src/'));
  return sum(ours.flatMap(({ functions }) => functions.map(({ ranges }) => ranges[0]?.count ?? 0)));
}

/** Asks and waits; true when the reply was there at once. */
async function ask(name: string, type: number): Promise<boolean> {
  const question = questionOf(mustParseName(name), type);
  const query = buildQuery({ id: 1, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true } });
  delivered = false;
  const isKnown = serve.query(query, FROM, channel, out) > 0;
  if (!isKnown) await ports.clock.runUntil(() => delivered, { waitingFor: name });
  return isKnown;
}

async function measure(costs: Map<string, Cost>, i: number): Promise<void> {
  const n = below(zones);
  const kind = weighed[below(weighed.length)] as (typeof weighed)[number];
  const { name, type } = kind.ask(zoneName(n));
  await takeCalls();
  Object.assign(now, { serversUs: 0, serversOctets: 0, packets: 0, promises: 0, countsOctets: i % OCTETS_EVERY === 0 });
  const before = heapOctets();
  const start = wholeUs();
  const isKnown = await ask(name, type);
  const us = wholeUs() - start - now.serversUs;
  const octets = heapOctets() - before - now.serversOctets;
  const { promises, packets, countsOctets } = now;
  const label = `${kind.what}, ${n % 2 === 0 ? 'NSEC' : 'NSEC3'}, ${isKnown ? 'known' : `${packets} asked`}`;
  const cost = costs.get(label) ?? { us: [], octets: [], promises: [], calls: [] };
  costs.set(label, cost);
  if (!countsOctets) cost.us.push(us);
  else if (octets > 0) cost.octets.push(octets);
  cost.promises.push(promises);
  cost.calls.push(await takeCalls());
}

for (let n = 0; n < zones; n++) await ask(`h0.${zoneName(n)}`, TYPE.A);
if (counted === 'calls') {
  inspector.connect();
  await inspector.post('Profiler.enable');
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
}
const hook = createHook({
  init: (_id, type) => {
    if (type === 'PROMISE') now.promises++;
  },
});
if (counted === 'promises') hook.enable();
const costs = new Map<string, Cost>();
for (let i = 0; i < questions; i++) await measure(costs, i);
hook.disable();
process.stdout.write('| kind | questions | first 500, mean µs | last half, median µs | octets | promises | calls |\n');
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- |\n');
for (const [label, { us, octets, promises, calls }] of [...costs].sort((a, b) => b[1].us.length - a[1].us.length)) {
  if (us.length < 5) continue;
  const times = [mean(us.slice(0, FIRST)).toFixed(0), median(us.slice(us.length >> 1)).toFixed(1)];
  const counts = [median(octets.slice(octets.length >> 1)), median(promises), median(calls)];
  process.stdout.write(`| ${[label, us.length, ...times, ...counts].join(' | ')} |\n`);
}
await inhabited.stop();
