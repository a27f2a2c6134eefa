/**
 * How long an attack keeps the daemon's event loop busy in one piece, and what clients with cached answers
 * feel of it: KeyTrap with each algorithm (as many checks as the limits allow, by aliases), NSEC3 with 150 iterations and
 * the longest names, messages of 64 KiB full of glue, of proofs, of types for ANY. The real daemon on loopback; the attacker's
 * server runs in this process. Prints a Markdown table.
 *
 *   node bench/longest-block.ts [seconds for each load]
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { concatBytes, writeU16 } from '../src/wire/bytes.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { FLAG } from '../src/wire/rcode.ts';
import { CLASS, TYPE } from '../src/wire/rr-type.ts';
import { KEY_FLAGS, KeyStore, type KeyStore as Keys, type SigningAlgorithm } from '../test/world/keys.ts';
import { type LooseMessage, loosen, recordOf, subjectOf, tighten } from '../test/world/loose-message.ts';
import { queryOf } from '../test/world/scene.ts';
import { signSet } from '../test/world/sign.ts';
import { World } from '../test/world/world.ts';

const RESOLVER_PORT = 25_399;
const SERVER_PORT = 25_398;
const SERVER_IP = '127.0.0.1';
const PROJECT = join(import.meta.dirname, '..');
/** Aliases of the attack: one less than are followed. */
const ALIASES = 10;
/** Signatures of each set: as many as are looked at. */
const SIGNATURES = 8;
/** Octets of the records of a full message: with header and question it fits into a datagram. */
const FULL_OCTETS = 64_000;
/** Owner of records: the name of the question, by a pointer. */
const OF_QUESTION = Uint8Array.of(0xc0, 0x0c);
/** Where the glue points to: addresses that the daemon must not ask, so nothing leaves the machine. */
const GLUE_NET = '127.1.0.0/16';
/** Attack questions in flight. */
const AT_ONCE = 20;
const CACHED = 'www.calm.';

/** Measures the loop from inside; prints and starts anew on SIGUSR2. */
const INSIDE = `
import { monitorEventLoopDelay } from 'node:perf_hooks';
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let turnMs = 0;
let before = process.threadCpuUsage();
setInterval(() => {
  const now = process.threadCpuUsage();
  turnMs = Math.max(turnMs, (now.user + now.system - before.user - before.system) / 1000);
  before = now;
}, 1).unref();
process.on('SIGUSR2', () => {
  console.log('LOOP ' + delay.max / 1e6 + ' ' + delay.percentile(99) / 1e6 + ' ' + turnMs);
  delay.reset();
  turnMs = 0;
});
`;

interface Load {
  readonly name: string;
  readonly question: (i: number) => readonly [string, string];
}

const ALGORITHMS: readonly (readonly [SigningAlgorithm, string])[] = [
  [8, 'RSASHA256, 4096 bits'],
  [13, 'ECDSAP256SHA256'],
  [14, 'ECDSAP384SHA384'],
  [15, 'ED25519'],
  [16, 'ED448'],
];

const LOADS: readonly Load[] = [
  { name: 'no attack', question: (i) => [`n${i}.calm.`, 'A'] },
  ...ALGORITHMS.map(([algorithm, text]) => ({
    name: `KeyTrap, ${text}`,
    question: (i: number) => [`n${i}x0.trap${algorithm}.`, 'A'] as const,
  })),
  { name: 'referral full of glue addresses', question: (i) => [`n${i}.sub.glue.`, 'A'] },
  { name: 'denial full of NSEC3 sets', question: (i) => [`n${i}.proofs.`, 'A'] },
  { name: 'answer full of types for ANY', question: (i) => [`n${i}.types.`, 'ANY'] },
  { name: 'NSEC3, 150 iterations, 122 labels, two chains', question: (i) => [`n${i}.${'a.'.repeat(118)}hash.`, 'A'] },
];

/** The zones: a calm one, one for each algorithm, one with dear hashes. */
function makeWorld(keys: Keys): World {
  const world = new World({ now: Math.floor(Date.now() / 1000), keys });
  const servers = { 'ns.elsewhere.': [SERVER_IP] };
  world.zone('calm.', { servers, signing: {}, text: 'www IN A 192.0.2.80\n*.x IN A 192.0.2.81' });
  for (const [algorithm] of ALGORITHMS) {
    world.zone(`trap${algorithm}.`, { servers, signing: { algorithms: [algorithm], rsaBits: 4096, singleKey: true } });
  }
  for (const zone of ['glue.', 'proofs.', 'types.']) world.zone(zone, { servers });
  const denial = { kind: 'nsec3', iterations: 150, salt: new Uint8Array(), optOut: false } as const;
  world.zone('hash.', { servers, signing: { denial } });
  return world;
}

/** A record in octets; the owner may be a pointer. */
function recordBytes(owner: Uint8Array, type: number, rdata: Uint8Array): Uint8Array {
  const fixed = Uint8Array.of(type >> 8, type & 255, 0, CLASS.IN, 0, 0, 1, 44, rdata.length >> 8, rdata.length & 255);
  return concatBytes(owner, fixed, rdata);
}

/** As many records as fit, of a kind. */
function fullOf(make: (i: number) => Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let i = 0, octets = 0; octets < FULL_OCTETS; i++) {
    const record = make(i);
    octets += record.length;
    records.push(record);
  }
  return records;
}

/** Full messages by the zone that is asked: flags, and records of each section. */
const FULL: ReadonlyMap<string, readonly [number, ...(readonly Uint8Array[])[]]> = new Map([
  [
    'glue',
    [
      FLAG.QR,
      [],
      Array.from({ length: 20 }, (_, i) =>
        recordBytes(mustParseName('sub.glue.'), TYPE.NS, mustParseName(`n${i}.sub.glue.`)),
      ),
      fullOf((i) => recordBytes(mustParseName(`n${i % 20}.sub.glue.`), TYPE.A, Uint8Array.of(127, 1, i >> 8, i & 255))),
    ],
  ],
  [
    'proofs',
    [
      FLAG.QR | FLAG.AA,
      [],
      fullOf((i) =>
        recordBytes(mustParseName(`${i}.proofs.`), TYPE.NSEC3, Uint8Array.of(1, 0, 0, 0, 0, 2, i >> 8, i & 255)),
      ),
      [],
    ],
  ],
  [
    'types',
    [FLAG.QR | FLAG.AA, fullOf((i) => recordBytes(OF_QUESTION, 1000 + i, Uint8Array.of(i >> 8, i & 255))), [], []],
  ],
]);

/** The full message to a query; null: its zone has none. */
function fullReply(query: Uint8Array): Uint8Array | null {
  const end = 12 + query.subarray(12).indexOf(0) + 5;
  const labels = new TextDecoder('latin1').decode(query.subarray(12, end - 5));
  const zone = [...FULL.keys()].find((name) => labels.endsWith(name) && labels.length > name.length + 1);
  const full = zone === undefined ? undefined : FULL.get(zone);
  if (full === undefined) return null;
  const [flags, ...sections] = full;
  const head = query.slice(0, end);
  for (const [at, value] of [flags, 1, ...sections.map((records) => records.length)].entries()) {
    writeU16(head, 2 + 2 * at, value);
  }
  return concatBytes(head, ...sections.flat());
}

/** Answers as the attacker's server does. */
class Attacker {
  readonly #world: World;
  readonly #keys: Keys;
  readonly #noise = new Map<string, Uint8Array>();

  constructor(world: World, keys: Keys) {
    this.#world = world;
    this.#keys = keys;
  }

  answer(query: Uint8Array): Uint8Array | null {
    const full = fullReply(query);
    if (full !== null) return full;
    const honest = this.#world.reply({ query, ip: SERVER_IP, transport: 'tcp' });
    if (honest === null) return null;
    const reply = loosen(honest);
    const name = reply.question === null ? '' : new TextDecoder('latin1').decode(reply.question.name);
    const trap = /trap(\d+)/.exec(name);
    if (trap !== null) return tighten(this.#trap(reply, Number(trap[1]) as SigningAlgorithm, name));
    return tighten(name.includes('\u0004hash') ? this.#hash(reply) : reply);
  }

  /** An alias to the next name, with eight signatures by eight keys, none of which holds. */
  #trap(reply: LooseMessage, algorithm: SigningAlgorithm, name: string): LooseMessage {
    const zone = `trap${algorithm}.`;
    const spares = Array.from({ length: SIGNATURES }, (_, i) =>
      this.#keys.key({ algorithm, seed: `spare ${i}`, flags: KEY_FLAGS.zone, rsaBits: 4096 }),
    );
    const owner = reply.question?.name;
    if (owner === undefined) return reply;
    if (reply.question?.type === TYPE.DNSKEY) {
      const rdatas = [
        ...reply.answer.filter(({ type }) => type === TYPE.DNSKEY).map(({ rdata }) => rdata),
        ...spares.map((key) => key.dnskey),
      ];
      return { ...reply, answer: this.#signed(zone, owner, TYPE.DNSKEY, rdatas) };
    }
    const step = /n(\d+)x(\d+)/.exec(name);
    if (step === null || reply.question?.type === TYPE.DS) return reply;
    const last = Number(step[2]) >= ALIASES;
    const record = last
      ? recordOf(`n${step[1]}x${step[2]}.${zone} 300 A 192.0.2.1`)
      : recordOf(`n${step[1]}x${Number(step[2]) + 1}.${zone} 300 PTR n${step[1]}x${Number(step[2]) + 1}.${zone}`);
    const alias = { ...record, owner, type: last ? TYPE.A : TYPE.CNAME };
    const signatures = spares.map((key) => {
      const id = `${algorithm} ${key.tag} ${alias.type}`;
      const made = this.#noise.get(id) ?? this.#rrsig(zone, { ...alias, rdatas: [alias.rdata] }, key);
      this.#noise.set(id, made);
      return { ...alias, type: TYPE.RRSIG, rdata: made };
    });
    return { ...reply, flags: reply.flags & 0xfff0, answer: [alias, ...signatures], authority: [] };
  }

  #rrsig(zone: string, set: Parameters<typeof signSet>[0], key: Parameters<typeof signSet>[1]['key']): Uint8Array {
    const now = Math.floor(Date.now() / 1000);
    return signSet(set, { signer: mustParseName(zone), key, inception: now - 86_400, expiration: now + 86_400 });
  }

  #signed(zone: string, owner: LooseMessage['answer'][number]['owner'], type: number, rdatas: readonly Uint8Array[]) {
    const set = { owner, type, class: CLASS.IN, ttl: 300, rdatas };
    const keys = this.#world.get(zone).entryKeys;
    const record = { owner, class: CLASS.IN, ttl: 300 };
    return [
      ...rdatas.map((rdata) => ({ ...record, type, rdata })),
      ...keys.map((key) => ({ ...record, type: TYPE.RRSIG, rdata: this.#rrsig(zone, set, key) })),
    ];
  }

  /** A second chain of other parameters in front: every ancestor is hashed for it as well. */
  #hash(reply: LooseMessage): LooseMessage {
    const denials = reply.authority.filter((one) => subjectOf(one) === TYPE.NSEC3);
    if (denials.length === 0) return reply;
    const label = 'v'.repeat(32);
    const other = recordOf(`${label}.hash. 300 NSEC3 1 0 150 ab ${label.replace('v', '0')} A`);
    const [key] = this.#world.get('hash.').zoneKeys;
    if (key === undefined) return reply;
    const signature = {
      ...other,
      type: TYPE.RRSIG,
      rdata: this.#rrsig('hash.', { ...other, rdatas: [other.rdata] }, key),
    };
    return { ...reply, authority: [other, signature, ...reply.authority] };
  }
}

function bind(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve) => socket.bind(port, '127.0.0.1', resolve));
}

function configText(world: World): string {
  const zones = world.zones().map(({ name }) => name);
  const signed = world.zones().filter(({ zone }) => zone.signing !== undefined);
  const anchors = signed
    .map(({ name }) => name)
    .flatMap((zone) => world.anchors(zone))
    .map((line) => `  trust-anchor: "${line}"`);
  const stubs = zones.map((zone) => `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.1@${SERVER_PORT}`);
  return `server:
  interface: 127.0.0.1
  port: ${RESOLVER_PORT}
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  trust-anchor-signaling: no
  do-not-query-address: ${GLUE_NET}
${anchors.join('\n')}
remote-control:
  control-enable: no
${stubs.join('\n')}
`;
}

/** The daemon, and the lines that it prints. */
class Daemon {
  readonly #child: ChildProcess;
  #text = '';

  constructor(folder: string, world: World) {
    const config = join(folder, 'hawser.conf');
    const inside = join(folder, 'inside.mjs');
    writeFileSync(config, configText(world));
    writeFileSync(inside, INSIDE);
    const args = ['--import', inside, join(PROJECT, 'src/cli/hawserd.ts'), '-d', '-c', config];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.#text += data.toString();
    });
  }

  /** Since the last call: longest and 99th percentile delay of the loop, and the most CPU that its thread took in one turn, ms. */
  async loop(): Promise<{ readonly max: number; readonly p99: number; readonly cpu: number }> {
    this.#text = '';
    this.#child.kill('SIGUSR2');
    for (let i = 0; i < 100; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const found = /LOOP ([\d.]+) ([\d.]+) ([\d.]+)/.exec(this.#text);
      if (found !== null) {
        return { max: Number(found[1]), p99: Number(found[2]), cpu: Number(found[3]) };
      }
    }
    return { max: Number.NaN, p99: Number.NaN, cpu: Number.NaN };
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }
}

/** A client that keeps so many questions in flight, and one that asks for a cached answer again and again. */
class Clients {
  readonly #attack = createSocket('udp4');
  readonly #calm = createSocket('udp4');
  #sent = 0;
  answered = 0;
  /** Milliseconds that cached answers took. */
  waits: number[] = [];
  #load: Load | null = null;
  readonly #pending = new Map<number, number>();
  #calmId = 0;

  async open(): Promise<void> {
    await Promise.all([bind(this.#attack, 0), bind(this.#calm, 0)]);
    this.#attack.on('message', () => {
      this.answered++;
      this.#attackOnce();
    });
    this.#calm.on('message', (bytes) => {
      const id = bytes.readUInt16BE(0);
      const since = this.#pending.get(id);
      this.#pending.delete(id);
      if (since !== undefined) this.waits.push(performance.now() - since);
    });
  }

  #attackOnce(): void {
    if (this.#load === null) return;
    const [name, type] = this.#load.question(this.#sent++);
    this.#attack.send(queryOf(name, type), RESOLVER_PORT, '127.0.0.1');
  }

  #askCached(): void {
    const query = queryOf(CACHED, 'A');
    this.#calmId = (this.#calmId + 1) & 0xffff;
    writeU16(query, 0, this.#calmId);
    this.#pending.set(this.#calmId, performance.now());
    this.#calm.send(query, RESOLVER_PORT, '127.0.0.1');
  }

  async warm(): Promise<void> {
    for (let i = 0; i < 100 && this.waits.length === 0; i++) {
      this.#askCached();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (this.waits.length === 0) throw new Error('the daemon gives no answer');
  }

  async run(load: Load, seconds: number): Promise<void> {
    this.#load = load;
    this.answered = 0;
    this.waits = [];
    for (let i = 0; i < AT_ONCE; i++) this.#attackOnce();
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      this.#askCached();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.#load = null;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }

  close(): void {
    this.#attack.close();
    this.#calm.close();
  }
}

const seconds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
const keys = new KeyStore();
const world = makeWorld(keys);
const attacker = new Attacker(world, keys);
// Keys and signatures are made before anything is measured: this process must not stall while it does.
for (const load of LOADS) {
  const [name, type] = load.question(0);
  const apex = name.split('.').at(-2) ?? '';
  for (const asked of [
    [name, type],
    [name.replace('x0.', `x${ALIASES}.`), type],
    [`${apex}.`, 'DNSKEY'],
  ] as const) {
    attacker.answer(queryOf(asked[0], asked[1]));
  }
}
const server = createSocket('udp4');
server.on('message', (query, from) => {
  const reply = attacker.answer(new Uint8Array(query));
  if (reply !== null) server.send(reply, from.port, from.address);
});
await bind(server, SERVER_PORT);
const daemon = new Daemon(folder, world);
const clients = new Clients();
try {
  await clients.open();
  await clients.warm();
  await daemon.loop();
  console.log(
    '| load | attack questions answered | longest block, ms | 99 %, ms | most CPU in a turn, ms | cached answer: longest wait, ms | median, ms |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const load of LOADS) {
    await clients.run(load, seconds);
    const { max, p99, cpu } = await daemon.loop();
    const waits = clients.waits.toSorted((a, b) => a - b);
    const cells = [max, p99, cpu, waits.at(-1) ?? Number.NaN, waits[waits.length >> 1] ?? Number.NaN].map((ms) =>
      ms.toFixed(1),
    );
    console.log(`| ${load.name} | ${clients.answered} | ${cells.join(' | ')} |`);
  }
} finally {
  daemon.stop();
  clients.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
