/**
 * Session: one daemon (the first argument: unbound or hawser) with each directive of each named clause given twice, in each
 * order and at each place. Prints what it does in each case as one line of JSON. Runs inside a network namespace of its own.
 */

import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket as Stream } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { eachOf } from './asking.ts';
import {
  CASES,
  type Case,
  clauseConfig,
  FAILING_SERVER,
  HTTP_PORT,
  nameOf,
  ROOT_SERVER,
  SERVER_PORT,
  secondOf,
  zoneFilesOf,
  zoneLines,
} from './clause-duplicates.ts';
import { Session, waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const AA = 1 << 10;
const RD = 1 << 8;
const RA = 1 << 7;
const REPLY_BITS = AA | RA;
const SERVFAIL = 2;
const OPCODE_NOTIFY = 4 << 11;
/** Where the header counts the records behind the question, which a server here has no use for. */
const COUNTS_AFTER_QUESTIONS = 6;
const TLS_HANDSHAKE = 0x16;
const ASKED_AT_A_TIME = 8;
const PATIENCE_MS = 20_000;
/** A transfer may take a moment. */
const TRIES = 12;

/** What the servers were asked for, by name, with how: `127.1.0.2 udp`. */
const seen = new Map<string, string[]>();
/** Addresses that somebody has begun TLS with. */
const tlsAt = new Set<string>();
const caseAt = new Map(CASES.flatMap((one) => [one.address, secondOf(one.address)].map((ip) => [ip, one] as const)));

const addressRecord = (name: string, data: string): Answer => ({ type: 'A', name, ttl: 60, data });

/** The last octet of the addresses that a server gives. */
function ownAddress(server: string): string {
  const one = caseAt.get(server);
  if (one === undefined) return '192.0.2.200';
  return one.address === server ? '192.0.2.11' : '192.0.2.12';
}

function soa(zone: string): Answer {
  const data = {
    mname: `ns.${zone}`,
    rname: `h.${zone}`,
    serial: 1,
    refresh: 3600,
    retry: 3600,
    expire: 360_000,
    minimum: 60,
  };
  return { type: 'SOA', name: zone, ttl: 60, data };
}

function recordsFor(server: string, name: string, type: string): { answers: Answer[]; additionals?: Answer[] } {
  const one = caseAt.get(server);
  const zone = one?.zone ?? '';
  if (type === 'A') {
    const host = /^h(\d)\.hosts\.dup$/.exec(name)?.[1];
    return { answers: [addressRecord(name, host === undefined ? ownAddress(server) : `127.0.18.${host}`)] };
  }
  if (type === 'NS' && name === '.') {
    return {
      answers: [{ type, name, ttl: 60, data: 'root.dup' }],
      additionals: [addressRecord('root.dup', ROOT_SERVER)],
    };
  }
  if (type === 'NS' && one !== undefined) {
    // Whoever primes goes on at the second server.
    return {
      answers: [{ type, name, ttl: 60, data: `ns.${zone}` }],
      additionals: [addressRecord(`ns.${zone}`, secondOf(one.address))],
    };
  }
  if (type === 'SOA' && name === zone) return { answers: [soa(zone)] };
  if (type === 'AXFR' && one !== undefined) {
    const owner = one.subject.clause === 'rpz' ? `${nameOf(one)}.${zone}` : nameOf(one);
    return {
      answers: [
        soa(zone),
        { type: 'NS', name: zone, ttl: 60, data: `ns.${zone}` },
        addressRecord(owner, ownAddress(server)),
        soa(zone),
      ],
    };
  }
  return { answers: [] };
}

/** A server's reply; null to what is no question. */
function replyOf(query: Buffer, server: string, how: 'udp' | 'tcp'): Buffer | null {
  const head = Buffer.from(query);
  head.fill(0, COUNTS_AFTER_QUESTIONS, COUNTS_AFTER_QUESTIONS + 6);
  const { id = 0, questions: [question] = [] } = decode(head) as Packet;
  if (question === undefined) return null;
  const name = question.name.toLowerCase() || '.';
  if (question.type === 'A') seen.set(name, [...(seen.get(name) ?? []), `${server} ${how}`]);
  const fails = server === FAILING_SERVER;
  const records = fails ? { answers: [] } : recordsFor(server, name, question.type);
  return encode({
    type: 'response',
    id,
    flags: REPLY_BITS | (fails ? SERVFAIL : 0),
    questions: [question],
    ...records,
  });
}

function serveUdp(address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const reply = replyOf(query, address, 'udp');
    if (reply !== null) socket.send(reply, from.port, from.address);
  });
  return new Promise((resolve) => socket.bind(port, address, () => resolve(socket)));
}

function serveStream(stream: Stream): void {
  const server = stream.localAddress ?? '';
  let held = Buffer.alloc(0);
  stream.on('error', () => stream.destroy());
  stream.on('data', (octets) => {
    held = Buffer.concat([held, octets]);
    if (held[0] === TLS_HANDSHAKE) {
      tlsAt.add(server);
      stream.destroy();
      return;
    }
    for (
      let size = held[0] === undefined || held.length < 2 ? -1 : held.readUInt16BE(0);
      size >= 0 && held.length >= size + 2;
    ) {
      const reply = replyOf(held.subarray(2, size + 2), server, 'tcp');
      held = held.subarray(size + 2);
      if (reply !== null) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        stream.write(Buffer.concat([length, reply]));
      }
      size = held.length < 2 ? -1 : held.readUInt16BE(0);
    }
  });
}

async function serveAll(): Promise<void> {
  const own = CASES.filter(({ subject: { clause } }) => clause !== 'view').flatMap(({ address }) => [
    address,
    secondOf(address),
  ]);
  for (const address of [FAILING_SERVER, ...own]) await serveUdp(address, SERVER_PORT);
  const primed = CASES.filter(({ subject: { directive } }) => directive === 'stub-prime');
  const usual = [ROOT_SERVER, '127.0.18.1', '127.0.18.2', ...primed.map(({ address }) => secondOf(address))];
  for (const address of usual) await serveUdp(address, 53);
  createServer(serveStream).listen(SERVER_PORT, '0.0.0.0');
  createHttpServer((request, response) => {
    const server = request.socket.localAddress ?? '';
    const one = caseAt.get(server);
    if (one === undefined) response.writeHead(404).end();
    else {
      const owner = one.subject.clause === 'rpz' ? nameOf(one) : 'x';
      response.end(`${zoneLines(one.zone, owner, ownAddress(server)).join('\n')}\n`);
    }
  }).listen(HTTP_PORT, '0.0.0.0');
}

/** One message to the daemon from an address; the reply, or null. */
function exchange(message: Buffer, from: string): Promise<Packet | null> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const finish = (reply: Packet | null): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(() => finish(null), PATIENCE_MS);
    socket.on('message', (octets) => finish(decode(octets) as Packet));
    socket.bind(0, from, () => socket.send(message, 53, '127.0.0.1'));
  });
}

/** A reply in a line: code, flags that tell where it came from, records. */
function lineOf(reply: Packet | null): string {
  if (reply === null) return 'none';
  const {
    rcode,
    answers = [],
    flag_aa,
    flag_ra,
  } = reply as Packet & { rcode: string; flag_aa: boolean; flag_ra: boolean };
  const records = answers.map((answer) => {
    const { type, ttl = 0, data } = answer as { type: string; ttl?: number; data?: unknown };
    return `${type} ${String(data)} ${Math.ceil(ttl / 30) * 30}`;
  });
  return [rcode, flag_aa ? 'aa' : '', flag_ra ? 'ra' : '', ...records.sort()].filter((word) => word !== '').join(' ');
}

async function askOnce(one: Case): Promise<string> {
  const type = one.subject.directive === 'local-data-ptr' ? 'PTR' : 'A';
  const from = one.subject.clause === 'rpz' || one.subject.clause === 'view' ? one.client : '127.0.0.1';
  const id = 1 + Math.floor(Math.random() * 60_000);
  return lineOf(
    await exchange(encode({ type: 'query', id, flags: RD, questions: [{ type, name: nameOf(one) }] }), from),
  );
}

function notify(one: Case, from: string): Promise<string> {
  const questions = [{ type: 'SOA', name: one.zone }] as const;
  return exchange(encode({ type: 'query', id: 77, flags: OPCODE_NOTIFY | AA, questions: [...questions] }), from).then(
    lineOf,
  );
}

const COMES_OVER = new Set(['primary', 'master', 'url']);

/** What the daemon does in a case. */
async function observe(one: Case): Promise<unknown> {
  const { directive } = one.subject;
  let reply = await askOnce(one);
  for (let tries = 1; COMES_OVER.has(directive) && tries < TRIES && !/192\.0\.2\.1[12]/.test(reply); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    reply = await askOnce(one);
  }
  const again = await askOnce(one);
  const isOwn = (server: string): boolean => server === one.address || server === secondOf(one.address);
  const all = seen.get(nameOf(one)) ?? [];
  const questions = directive.endsWith('-no-cache') ? all.length : 0;
  const servers = [...new Set(all)].map((text) =>
    text.replace(one.address, 'first').replace(secondOf(one.address), 'second'),
  );
  const tls = [...tlsAt].some(isOwn);
  // Of two servers either is asked: what is listed shows both.
  if (/-(?:addr|host)$/.test(directive)) return {};
  if (directive !== 'allow-notify') return { reply, again, questions, servers: servers.sort(), tls };
  return { reply: await notify(one, '127.0.0.2'), again: await notify(one, '127.0.0.3') };
}

async function run(program: string): Promise<void> {
  const session = new Session();
  const controlSocket = join(session.folder, 'control');
  const files = clauseConfig(session.folder, controlSocket);
  for (const one of CASES) Object.assign(files, zoneFilesOf(one));
  for (const [name, text] of Object.entries(files)) session.file(name, text);
  await serveAll();
  const command = program === 'unbound' ? (findProgram('unbound') as string) : join(PROJECT, 'bin/hawserd');
  const config = join(session.folder, 'clauses.conf');
  session.start('daemon', command, ['-d', '-c', config]);
  const control = async (words: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('unbound-control', ['-c', config, ...words]);
    return stdout;
  };
  await waitUntilUp();
  const acts: Record<string, unknown> = {};
  await eachOf(CASES, ASKED_AT_A_TIME, async (one) => {
    acts[one.label] = await observe(one);
  });
  const lists = `${await control(['list_stubs'])}${await control(['list_forwards'])}`.split('\n');
  const plainControl = (await control(['-s', '127.0.0.1', 'status'])).includes('is running');
  const logged = session
    .log('daemon')
    .split('\n')
    .filter((line) => line.includes('rpz: applied'));
  for (const { label, zone, subject } of CASES) {
    // Unbound shows no port, and a blank where there is no server.
    const listed = lists.filter((line) => line.startsWith(`${zone}. `));
    const comparable = listed.map((line) => line.replaceAll(`@${SERVER_PORT}`, '').trim());
    const names = logged.flatMap((line) => new RegExp(`\\[(${zone}(?:\\.one|\\.two)?)\\]`).exec(line)?.[1] ?? []);
    acts[label] = {
      ...(acts[label] as object),
      listed: comparable,
      logged: subject.directive.startsWith('rpz-log') ? [...new Set(names)] : [],
    };
  }
  await session.stop();
  process.stdout.write(JSON.stringify({ acts, plainControl }), () => process.exit(0));
}

/** Until the daemon answers; dig would stand in the way of the servers of this process. */
async function waitUntilUp(): Promise<void> {
  await waitForAnswer('127.0.0.1', 53, 'version.server CH TXT');
}

await run(process.argv[2] ?? 'hawser');
