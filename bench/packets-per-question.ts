/**
 * Packets and time per cold question, Hawser beside Unbound, on the same signed tree and the same questions: the ones that a
 * mail server asks (MX, A, AAAA, TLSA). Once with all servers up, once with one of every zone's two servers dead, once with
 * the dead ones and a bad link in front of the others: 30 % of datagrams lost, 10 % doubled, 5 to 60 ms on the way, so that
 * they overtake each other. The tree is served by this script, in a network namespace. Prints a Markdown table.
 * With `hostile`: packets for one question of an attacker (test/attacks/hostile-trees.ts), each put to a fresh resolver.
 *
 *   node bench/packets-per-question.ts [domains]      (needs unshare, ip, unbound)
 *   node bench/packets-per-question.ts hostile
 */

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { createNodeNetwork } from '../src/adapters/node-network.ts';
import { concatBytes } from '../src/wire/bytes.ts';
import { HEADER_OCTETS, parseMessage } from '../src/wire/message-view.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { buildQuery } from '../src/wire/query.ts';
import { questionOf } from '../src/wire/question.ts';
import { FLAG, RCODE } from '../src/wire/rcode.ts';
import { TYPE } from '../src/wire/rr-type.ts';
import { hostileTrees, ROOT_IP, type Tree } from '../test/attacks/hostile-trees.ts';
import { messageSplitter } from '../test/fake/fake-server.ts';
import { Session, startHawser, waitForAnswer } from '../test/interop/daemons.ts';
import { findProgram, runInNamespace, whyNotHere } from '../test/interop/programs.ts';
import { responseBytes } from '../test/iterate/support.ts';
import { KeyStore } from '../test/world/keys.ts';
import { World } from '../test/world/world.ts';

const HAWSER_PORT = 5300;
const UNBOUND_PORT = 5301;
const INSIDE = '--inside';
const HOSTILE = 'hostile';
/** How long servers are listened to after the answer to a hostile question, ms. */
const AFTER_MS = 3_000;
const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
/** The second server of everything: dead in the second run. */
const SECOND = ['198.41.0.5', '192.5.6.31', '192.0.2.2', '192.0.2.12'];

interface Run {
  readonly resolver: string;
  readonly servers: string;
  readonly packets: number;
  readonly questions: number;
  readonly failed: number;
  readonly milliseconds: readonly number[];
}

function makeWorld(domains: number): World {
  const world = new World({ now: Math.floor(Date.now() / 1000), keys: new KeyStore() });
  const signing = { algorithms: [13] } as const;
  world.zone('.', { servers: { 'a.root.net.': ['198.41.0.4'], 'b.root.net.': ['198.41.0.5'] }, signing });
  world.zone('net.', { servers: { 'a.gtld.net.': ['192.5.6.30'], 'b.gtld.net.': ['192.5.6.31'] }, signing });
  world.zone('org.', { servers: { 'a.gtld.net.': ['192.5.6.30'], 'b.gtld.net.': ['192.5.6.31'] }, signing });
  world.zone('hoster.net.', {
    servers: { 'ns1.hoster.net.': ['192.0.2.11'], 'ns2.hoster.net.': ['192.0.2.12'] },
    signing,
  });
  for (let i = 0; i < domains; i++) {
    const name = `mail${i}.org.`;
    const text = `@ IN MX 10 mx\nmx IN A 203.0.113.${i % 250}\n_25._tcp.mx IN TLSA 3 1 1 ${TLSA_DIGEST}\n`;
    const own = { [`ns1.${name}`]: ['192.0.2.1'], [`ns2.${name}`]: ['192.0.2.2'] };
    const hosted = { 'ns1.hoster.net.': ['192.0.2.11'], 'ns2.hoster.net.': ['192.0.2.12'] };
    world.zone(name, { servers: i % 2 === 0 ? own : hosted, signing, text });
  }
  return world;
}

function questionsOf(domains: number): { name: string; type: number }[] {
  return Array.from({ length: domains }, (_, i) => [
    { name: `mail${i}.org.`, type: TYPE.MX },
    { name: `mx.mail${i}.org.`, type: TYPE.A },
    { name: `mx.mail${i}.org.`, type: TYPE.AAAA },
    { name: `_25._tcp.mx.mail${i}.org.`, type: TYPE.TLSA },
  ]).flat();
}

/** What servers and links are like. */
interface Condition {
  readonly name: string;
  readonly dead: ReadonlySet<string>;
  /** Shares of datagrams, 0 to 1. */
  readonly loss: number;
  readonly doubled: number;
  readonly delayMs: readonly [number, number];
}

const GOOD = { loss: 0, doubled: 0, delayMs: [10, 10] } as const;
const CONDITIONS: readonly Condition[] = [
  { name: 'all up', dead: new Set(), ...GOOD },
  { name: 'half dead', dead: new Set(SECOND), ...GOOD },
  { name: 'half dead, bad link', dead: new Set(SECOND), loss: 0.3, doubled: 0.1, delayMs: [5, 60] },
];

/** Servers at addresses: what each says to a query, null for silence. */
interface Servers {
  readonly ips: readonly string[];
  readonly reply: (asked: {
    readonly query: Uint8Array;
    readonly ip: string;
    readonly transport: 'udp' | 'tcp';
  }) => Uint8Array | null;
}

function serversOfTree(tree: Tree): Servers {
  return {
    ips: tree.ips,
    reply: ({ query, ip }) => {
      const parsed = parseMessage(query);
      const [question] = parsed.ok ? parsed.message.questions : [];
      const said = question === undefined ? null : tree.say(ip, question);
      return said === null || question === undefined || !parsed.ok
        ? null
        : responseBytes(question, said, parsed.message.id);
    },
  };
}

/** Serves at the addresses, port 53; what closes that again. */
async function serveAtHome(
  { ips, reply: replyOf }: Servers,
  condition: Condition,
  onQuery: () => void,
): Promise<() => void> {
  const network = createNodeNetwork();
  const { dead, loss, doubled, delayMs } = condition;
  const [least, most] = delayMs;
  const closers: (() => void)[] = [];
  for (const ip of ips) {
    const replyTo = (query: Uint8Array, transport: 'udp' | 'tcp', send: (reply: Uint8Array) => void): void => {
      onQuery();
      if (dead.has(ip)) return;
      const reply = replyOf({ query, ip, transport });
      if (reply === null || (transport === 'udp' && Math.random() < loss)) return;
      const times = transport === 'udp' && Math.random() < doubled ? 2 : 1;
      for (let i = 0; i < times; i++) setTimeout(() => send(reply), least + Math.random() * (most - least));
    };
    const udp = await network.openUdp({
      local: { ip, port: 53 },
      onDatagrams: (batch) => {
        for (const { bytes, from } of batch) {
          replyTo(bytes.slice(), 'udp', (reply) => udp.ok && udp.value.send(reply, reply.length, from));
        }
      },
      onError: () => {},
    });
    const tcp = await network.listen({
      local: { ip, port: 53 },
      onConnection: (stream) => ({
        onData: messageSplitter((query) =>
          replyTo(query, 'tcp', (reply) =>
            stream.write(concatBytes(Uint8Array.of(reply.length >>> 8, reply.length & 0xff), reply)),
          ),
        ),
        onClose: () => {},
      }),
      onError: () => {},
    });
    if (!udp.ok || !tcp.ok) throw new Error(`cannot serve at ${ip}`);
    closers.push(
      () => udp.value.close(),
      () => tcp.value.close(),
    );
  }
  return () => {
    for (const close of closers) close();
  };
}

/** Asks one question; milliseconds until the answer, and whether it was proven. */
function ask(port: number, name: string, type: number): Promise<{ milliseconds: number; isGood: boolean }> {
  const query = buildQuery({
    id: 1,
    question: questionOf(mustParseName(name), type),
    flags: FLAG.RD,
    edns: { udpSize: 1232, doBit: true },
  });
  const startedAt = performance.now();
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const finish = (isGood: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve({ milliseconds: performance.now() - startedAt, isGood });
    };
    const timer = setTimeout(() => finish(false), 20_000);
    socket.on('message', (reply) => {
      const rcode = (reply[3] ?? 0) & 15;
      finish(reply.length > HEADER_OCTETS && rcode === RCODE.NOERROR && ((reply[3] ?? 0) & 0x20) !== 0);
    });
    socket.send(query, port, '127.0.0.1');
  });
}

/** Where resolvers start: text of the root hints, and of the trust anchors; none: nothing is validated. */
interface Ground {
  readonly hints: string;
  readonly anchors: readonly string[];
}

const groundOf = (world: World): Ground => ({ hints: world.rootHints(), anchors: world.anchors() });
const HOSTILE_GROUND: Ground = { hints: `. 3600 IN NS a.root.\na.root. 3600 IN A ${ROOT_IP}\n`, anchors: [] };

function groundLines(session: Session, { hints, anchors }: Ground): string[] {
  const trust =
    anchors.length === 0
      ? ['  module-config: "iterator"']
      : [`  trust-anchor-file: "${session.file('anchor', `${anchors.join('\n')}\n`)}"`];
  return ['  trust-anchor-signaling: no', `  root-hints: "${session.file('hints', hints)}"`, ...trust];
}

async function startUnbound(session: Session, ground: Ground): Promise<void> {
  const configuration = [
    'server:',
    '  interface: 127.0.0.1',
    `  port: ${UNBOUND_PORT}`,
    '  username: ""',
    '  chroot: ""',
    `  directory: "${session.folder}"`,
    '  pidfile: ""',
    '  use-syslog: no',
    '  do-daemonize: no',
    '  num-threads: 1',
    ...groundLines(session, ground),
  ].join('\n');
  session.start('unbound', findProgram('unbound') as string, ['-d', '-c', session.file('unbound.conf', configuration)]);
  await waitForAnswer('127.0.0.1', UNBOUND_PORT, 'version.server CH TXT');
}

async function startOurs(session: Session, ground: Ground): Promise<void> {
  const lines = ['server:', '  interface: 127.0.0.1', `  port: ${HAWSER_PORT}`, ...groundLines(session, ground)];
  await startHawser(session, `${lines.join('\n')}\n`, HAWSER_PORT);
}

function start(resolver: 'Hawser' | 'Unbound', session: Session, ground: Ground): Promise<void> {
  return resolver === 'Hawser' ? startOurs(session, ground) : startUnbound(session, ground);
}

/** Packets that one hostile question costs, and how long its client waits. */
async function measureHostile(resolver: 'Hawser' | 'Unbound', tree: Tree): Promise<{ packets: number; ms: number }> {
  const session = new Session();
  const counted = { packets: 0 };
  const close = await serveAtHome(serversOfTree(tree), { name: tree.name, dead: new Set(), ...GOOD }, () => {
    counted.packets++;
  });
  try {
    await start(resolver, session, HOSTILE_GROUND);
    counted.packets = 0;
    const { milliseconds } = await ask(resolver === 'Hawser' ? HAWSER_PORT : UNBOUND_PORT, tree.asked, TYPE.A);
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
    return { packets: counted.packets, ms: milliseconds };
  } finally {
    await session.stop();
    close();
  }
}

async function insideHostile(): Promise<void> {
  for (const ip of new Set(hostileTrees().flatMap(({ ips }) => ips))) {
    execFileSync('ip', ['addr', 'replace', `${ip}/32`, 'dev', 'lo']);
  }
  console.log('| hostile question | Unbound: packets | ms | Hawser: packets | ms |');
  console.log('| --- | --- | --- | --- | --- |');
  for (let i = 0; i < hostileTrees().length; i++) {
    const cells: string[] = [];
    for (const resolver of ['Unbound', 'Hawser'] as const) {
      // A tree may keep count of its questions: each resolver gets a fresh one.
      const tree = hostileTrees()[i] as Tree;
      if (cells.length === 0) cells.push(tree.name);
      const { packets, ms } = await measureHostile(resolver, tree);
      cells.push(String(packets), ms.toFixed(0));
    }
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function measure(resolver: 'Hawser' | 'Unbound', condition: Condition, domains: number): Promise<Run> {
  const session = new Session();
  const world = makeWorld(domains);
  const counted = { packets: 0 };
  const close = await serveAtHome({ ips: world.ips(), reply: (asked) => world.reply(asked) }, condition, () => {
    counted.packets++;
  });
  try {
    await start(resolver, session, groundOf(world));
    counted.packets = 0;
    const milliseconds: number[] = [];
    let failed = 0;
    const questions = questionsOf(domains);
    for (const { name, type } of questions) {
      const answer = await ask(resolver === 'Hawser' ? HAWSER_PORT : UNBOUND_PORT, name, type);
      milliseconds.push(answer.milliseconds);
      if (!answer.isGood) failed++;
    }
    const servers = condition.name;
    return { resolver, servers, packets: counted.packets, questions: questions.length, failed, milliseconds };
  } finally {
    await session.stop();
    close();
  }
}

function row({ resolver, servers, packets, questions, failed, milliseconds }: Run): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);
  const mean = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  const cells = [resolver, servers, questions, failed, packets, (packets / questions).toFixed(2)];
  return `| ${[...cells, mean.toFixed(1), at(0.5), at(0.95), at(1)].join(' | ')} |`;
}

async function inside(domains: number): Promise<void> {
  for (const ip of makeWorld(0).ips().concat('192.0.2.1', '192.0.2.2')) {
    execFileSync('ip', ['addr', 'replace', `${ip}/32`, 'dev', 'lo']);
  }
  console.log(
    '| resolver | servers | questions | failed | packets | packets per question | mean ms | median | p95 | longest |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const condition of CONDITIONS) {
    for (const resolver of ['Unbound', 'Hawser'] as const)
      console.log(row(await measure(resolver, condition, domains)));
  }
}

const [first, second = '40'] = process.argv.slice(2);
if (first === INSIDE) await (second === HOSTILE ? insideHostile() : inside(Number(second)));
else {
  const why = whyNotHere(['ip', 'unbound']);
  if (why !== null) console.error(why);
  else console.log(runInNamespace(join('../../bench', 'packets-per-question.ts'), [INSIDE, first ?? second], 600_000));
}
