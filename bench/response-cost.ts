/**
 * What one response of a server costs inside of the process, from its octets to what the caches and the validator have of it: calls
 * of our functions, octets allocated, µs on the clock. Typical shapes, signed with P-256; sockets, choice of servers and validation
 * are not in it.
 *
 *   node bench/response-cost.ts
 *
 * Calls count exactly, all inlining undone (V8's inspector); octets are those of a warm process, memory outside of the heap included.
 */

import { Session } from 'node:inspector/promises';
import { DelegationCache } from '../src/cache/delegation-cache.ts';
import { RRsetCache } from '../src/cache/rrset-cache.ts';
import { acceptResponse } from '../src/iterate/accept-response.ts';
import { AddressRules } from '../src/iterate/address-rules.ts';
import { serversOfHints } from '../src/iterate/delegation.ts';
import { keepReferral, keepResponse } from '../src/iterate/keep-response.ts';
import { CacheShare } from '../src/iterate/message-bounds.ts';
import { readResponse } from '../src/iterate/read-response.ts';
import { Counters } from '../src/trace/counters.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { buildQuery } from '../src/wire/query.ts';
import { type Question, questionOf } from '../src/wire/question.ts';
import { TYPE } from '../src/wire/rr-type.ts';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../test/fake/fake-ports.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../test/support/default-options.ts';
import { KeyStore } from '../test/world/keys.ts';
import { World } from '../test/world/world.ts';
import { NSEC3, type Signing } from '../test/world/zone.ts';

const ROUNDS = 20_000;
const WARM_UP = 5_000;
const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
const ORG = '192.5.6.30';

const nsec: Signing = { algorithms: [13], singleKey: true };
const nsec3: Signing = { ...nsec, denial: NSEC3 };
const world = new World({ now: TEST_START_UNIX_SECONDS, keys: new KeyStore() });
const text = `@ IN MX 10 mx\nmx IN A 203.0.113.1\nmx IN AAAA 2001:db8::1\nalias IN CNAME mx\n_25._tcp.mx IN TLSA 3 1 1 ${TLSA_DIGEST}\n`;
world.zone('.', { servers: { 'a.root.net.': ['198.41.0.4'] }, signing: nsec });
world.zone('org.', { servers: { 'a.gtld.net.': [ORG] }, signing: nsec3 });
const servers = (zone: string, ip: string) => ({ [`ns1.${zone}`]: [ip], [`ns2.${zone}`]: [ip] });
world.zone('a.org.', { servers: servers('a.org.', '192.0.2.1'), signing: nsec, text });
world.zone('b.org.', { servers: servers('b.org.', '192.0.2.2'), signing: nsec3, text });
world.zone('plain.org.', { servers: servers('plain.org.', '192.0.2.3'), text });

/** Of what name and type which server is asked, as one of which zone. */
const SHAPES: readonly (readonly [string, string, number, string, string])[] = [
  ['answer: MX with addresses', 'a.org.', TYPE.MX, '192.0.2.1', 'a.org.'],
  ['answer: A, signed', 'mx.a.org.', TYPE.A, '192.0.2.1', 'a.org.'],
  ['answer: TLSA, signed', '_25._tcp.mx.a.org.', TYPE.TLSA, '192.0.2.1', 'a.org.'],
  ['answer: by an alias, signed', 'alias.a.org.', TYPE.A, '192.0.2.1', 'a.org.'],
  ['answer: A, unsigned', 'mx.plain.org.', TYPE.A, '192.0.2.3', 'plain.org.'],
  ['answer: DNSKEY', 'a.org.', TYPE.DNSKEY, '192.0.2.1', 'a.org.'],
  ['referral with DS and glue', 'a.org.', TYPE.MX, ORG, 'org.'],
  ['referral without DS', 'plain.org.', TYPE.MX, ORG, 'org.'],
  ['NODATA, NSEC', 'mx.a.org.', TYPE.MX, '192.0.2.1', 'a.org.'],
  ['NODATA, NSEC3', 'mx.b.org.', TYPE.MX, '192.0.2.2', 'b.org.'],
  ['NXDOMAIN, NSEC', 'x.a.org.', TYPE.A, '192.0.2.1', 'a.org.'],
  ['NXDOMAIN, NSEC3', 'x.b.org.', TYPE.A, '192.0.2.2', 'b.org.'],
];

const ports = makeFakePorts();
const { random } = ports;
/** Each response finds what the one before it left expired, as if its names were new. */
let seconds = ports.clock.unixSeconds();
const clock = { ...ports.clock, unixSeconds: () => seconds } as typeof ports.clock;
const DAY_SECONDS = 86_400;
const maxBytes = 4_000_000;
const rrsets = new RRsetCache({ clock, random, maxBytes });
const delegations = new DelegationCache({ clock, random, maxBytes });
const options = DEFAULT_ITERATE_OPTIONS;
const parts = { options, delegations, expectsSignatures: () => true, counters: new Counters() };
const root = serversOfHints({ options, addressRules: new AddressRules(options) });
const note = (): void => {};

/** Times are kept in 32 bits. */
function passDay(): void {
  seconds += DAY_SECONDS;
  if (seconds < 2 ** 32 - DAY_SECONDS) return;
  seconds = ports.clock.unixSeconds();
  rrsets.clear();
}

/** Takes a datagram in as an iterative query does; how many sets it keeps. */
function takeIn(bytes: Uint8Array, asked: Question, zone: typeof root): number {
  const accepted = acceptResponse(bytes, { id: 1, question: asked, checkCase: false });
  if (accepted.kind !== 'accepted') throw new Error(accepted.kind);
  const from = { candidate: null, server: '192.0.2.1@53', asked, isFull: true, recursion: false };
  const response = readResponse(parts, zone, from, { message: accepted.message, note });
  const { isAuthoritative, classified, scrubbed } = response;
  const share = new CacheShare(maxBytes, parts.counters);
  passDay();
  const common = { rrsets, options, now: seconds, server: from.server, zone: zone.zone };
  const source = { ...common, isAuthoritative, mayStore: true, force: false, share };
  if (classified.kind === 'referral') {
    return keepReferral(scrubbed, classified.servers, zone, source).servers.length;
  }
  const kept = keepResponse(scrubbed, asked, source);
  return kept.steps.length + kept.answer.length + kept.authority.length + kept.additional.length;
}

const octetsNow = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const prepared = SHAPES.map(([what, name, type, ip, zoneName]) => {
  const asked = questionOf(mustParseName(name), type);
  const query = buildQuery({ id: 1, question: asked, flags: 0, edns: { udpSize: 1232, doBit: true } });
  const bytes = world.reply({ query, ip, transport: 'udp' });
  if (bytes === null) throw new Error(what);
  const zone = Object.assign(Object.create(root) as typeof root, { zone: mustParseName(zoneName), hasDs: true });
  const records = (bytes[7] as number) + (bytes[9] as number) + (bytes[11] as number);
  return { what, bytes, asked, zone, records };
});
for (let i = 0; i < WARM_UP; i++) for (const { bytes, asked, zone } of prepared) takeIn(bytes, asked, zone);

const measured = prepared.map(({ bytes, asked, zone }) => {
  const octets: number[] = [];
  const us: number[] = [];
  for (let i = 0; i < ROUNDS / 100; i++) {
    const [before, start] = [octetsNow(), performance.now()];
    for (let j = 0; j < 100; j++) takeIn(bytes, asked, zone);
    us.push((performance.now() - start) * 10);
    const grown = (octetsNow() - before) / 100;
    if (grown > 0) octets.push(grown);
  }
  return { octets: median(octets), us: median(us) };
});

const inspector = new Session();
inspector.connect();
await inspector.post('Profiler.enable');
await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const byFile = process.env.HAWSER_SHOW_CALLS;
process.stdout.write('| response | records | octets of it | sets kept | calls | octets allocated | µs |\n');
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- |\n');
for (const [i, { what, bytes, asked, zone, records }] of prepared.entries()) {
  await inspector.post('Profiler.takePreciseCoverage');
  const kept = takeIn(bytes, asked, zone);
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  let calls = 0;
  for (const { url, functions } of result) {
    if (!url.includes('/src/')) continue;
    for (const { functionName, ranges } of functions) {
      const count = ranges[0]?.count ?? 0;
      calls += count;
      if (byFile === what && count > 0) console.log(count, url.replace(/.*src./, ''), functionName);
    }
  }
  const { octets, us } = measured[i] ?? { octets: 0, us: 0 };
  const cells = [what, records, bytes.length, kept, calls, Math.round(octets), us.toFixed(1)];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
inspector.disconnect();
