/**
 * Session: a live Unbound and Hawser with the same configuration over the same servers, and every control command by
 * Debian's unbound-control (over TLS with keys of both setup programs, and over a unix socket) and by hawser-control.
 * Prints one line of JSON. Runs inside a network namespace.
 */

import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CONTROL_STEPS, type ControlStep } from './control-steps.ts';
import { dig, Session, waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const SERVER_PORT = 5398;
const DNS_PORT = 5399;
const CONTROL_PORT = 8955;
/** Milliseconds that one command may take. */
const COMMAND_MS = 10_000;

/** What one command ended as. */
interface Ended {
  readonly status: number;
  readonly out: string;
}

/** One way to run the commands. */
interface Side {
  readonly name: string;
  readonly daemon: 'unbound' | 'hawser';
  readonly client: 'unbound-control' | 'hawser-control';
  readonly control: 'tls' | 'unix';
  readonly keys: 'hawser' | 'unbound';
}

const SIDES: readonly Side[] = [
  { name: 'unbound', daemon: 'unbound', client: 'unbound-control', control: 'tls', keys: 'unbound' },
  { name: 'hawser-tls', daemon: 'hawser', client: 'unbound-control', control: 'tls', keys: 'hawser' },
  { name: 'hawser-unix', daemon: 'hawser', client: 'unbound-control', control: 'unix', keys: 'hawser' },
  { name: 'hawser-own-client', daemon: 'hawser', client: 'hawser-control', control: 'tls', keys: 'unbound' },
];

/** Arguments of the host programs. */
const HOST_QUESTIONS: readonly string[] = [
  'www.stub.test',
  '-v www.stub.test',
  '-v c.stub.test',
  '-v nx.stub.test',
  'nx.stub.test',
  '-v -t TXT www.stub.test',
  '-t TXT mx.stub.test',
  '-v mx.stub.test',
  '-v bogus.stub.test',
  '-t NOPE x',
  'a..b',
];

const ZONE = `$ORIGIN stub.test.
$TTL 300
@ SOA ns h 7 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
www A 192.0.2.2
www TXT "hello world"
mx MX 10 www
c CNAME www
sub NS ns.sub
ns.sub A 127.0.0.9
`;

function configurationOf(session: Session, side: Side): string {
  const folder = session.folder;
  const place = side.control === 'tls' ? '127.0.0.1' : join(folder, `${side.name}.ctl`);
  const keys = join(folder, `keys-${side.keys}`);
  return `server:
  interface: 127.0.0.1
  port: ${DNS_PORT}
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/${side.name}.pid"
  use-syslog: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  root-hints: "${folder}/hints"
  trust-anchor: ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
  domain-insecure: "stub.test"
  domain-insecure: "test"
  local-zone: "test." nodefault
stub-zone:
  name: stub.test
  stub-addr: 127.0.0.1@${SERVER_PORT}
stub-zone:
  name: host.test
  stub-host: ns.stub.test
  stub-prime: yes
forward-zone:
  name: fwd.test
  forward-addr: 127.0.0.9
  forward-addr: 127.0.0.10@54
forward-zone:
  name: fh.test
  forward-host: res.example
auth-zone:
  name: az
  zonefile: "${folder}/az.zone"
view:
  name: v1
  local-zone: "vz.test" static
  local-data: "a.vz.test A 192.0.2.9"
  view-first: yes
remote-control:
  control-enable: yes
  control-interface: ${place}
  control-port: ${CONTROL_PORT}
  server-key-file: "${keys}/unbound_server.key"
  server-cert-file: "${keys}/unbound_server.pem"
  control-key-file: "${keys}/unbound_control.key"
  control-cert-file: "${keys}/unbound_control.pem"
`;
}

/** Both setup programs, each in a folder of its own. */
function makeKeys(session: Session): void {
  for (const [keys, program] of [
    ['hawser', join(PROJECT, 'bin/hawser-control-setup')],
    ['unbound', findProgram('unbound-control-setup') as string],
  ] as const) {
    const folder = join(session.folder, `keys-${keys}`);
    mkdirSync(folder);
    execFileSync(program, ['-d', folder], { stdio: 'ignore' });
  }
}

async function startServers(session: Session): Promise<void> {
  session.file('stub.zone', ZONE);
  session.file('az.zone', 'az. 300 IN SOA a. b. 7 3600 600 86400 60\naz. 300 IN NS a.\n');
  session.file('hints', '. 3600 IN NS r.\nr. 3600 IN A 127.0.0.8\n');
  const { folder } = session;
  const config = session.file(
    'nsd.conf',
    `server:
  ip-address: 127.0.0.1@${SERVER_PORT}
  zonesdir: "${folder}"
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd.state"
  zonelistfile: "${folder}/zone.list"
  database: ""
  username: ""
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: stub.test
  zonefile: stub.zone
`,
  );
  session.start('nsd', findProgram('nsd') as string, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', SERVER_PORT, 'stub.test SOA');
}

/** Servers that take every question and never answer. */
function openSilentServers(): () => void {
  const sockets = [
    ['127.0.0.9', 53],
    ['127.0.0.10', 54],
    ['127.0.0.8', 53],
  ].map(([address, port]) => {
    const socket = createSocket('udp4');
    socket.bind(port as number, address as string);
    return socket;
  });
  return () => {
    for (const socket of sockets) socket.close();
  };
}

function run(command: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    let out = '';
    const killer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
    child.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString('utf8');
    });
    child.on('close', (code) => {
      clearTimeout(killer);
      resolve({ status: code ?? -1, out });
    });
    // A client that has read its answer does not read the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

interface Client {
  readonly run: (words: readonly string[], input?: string) => Promise<Ended>;
}

/** Runs a command again until it ends as it should, 50 times at most; the last end. */
async function runUntil(client: Client, words: readonly string[], isDone: (ended: Ended) => boolean): Promise<Ended> {
  for (let left = 50; ; left--) {
    const ended = await client.run(words);
    if (left === 0 || isDone(ended)) return ended;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function clientOf(side: Side, config: string): Client {
  const command =
    side.client === 'hawser-control' ? join(PROJECT, 'bin/hawser-control') : (findProgram('unbound-control') as string);
  return { run: (words, input) => run(command, ['-c', config, ...words], input) };
}

async function startSide(session: Session, side: Side): Promise<{ readonly client: Client; readonly config: string }> {
  const config = session.file(`${side.name}.conf`, configurationOf(session, side));
  const isHawser = side.daemon === 'hawser';
  const program = isHawser ? join(PROJECT, 'bin/hawserd') : (findProgram('unbound') as string);
  session.start(side.name, program, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', DNS_PORT, 'version.server CH TXT');
  return { client: clientOf(side, config), config };
}

async function runStep(client: Client, { words, input, questions = [] }: ControlStep): Promise<Ended> {
  for (const question of questions) dig('127.0.0.1', DNS_PORT, [...question.split(' '), '+time=1', '+tries=1']);
  return await client.run(words, input);
}

/** What is worked on while questions wait for servers that never answer. */
async function requestList(client: Client): Promise<Ended> {
  const asking = spawn('dig', ['@127.0.0.1', '-p', String(DNS_PORT), 'x.fwd.test', '+time=2', '+tries=1'], {
    stdio: 'ignore',
  });
  const ended = await runUntil(client, ['dump_requestlist'], ({ out }) =>
    / x\.fwd\.test\. .*iterator wait for/.test(out),
  );
  asking.kill();
  return ended;
}

/** Sends octets, some of them late, and collects what comes; null when the connection is closed without an answer. */
function talk(path: string, pieces: readonly string[], pauseMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text === '' ? null : text));
    pieces.forEach((piece, i) => {
      setTimeout(() => socket.write(piece), i * pauseMs);
    });
  });
}

/** Clients that misbehave, over the unix socket. */
async function misbehave(session: Session, client: Client): Promise<Record<string, unknown>> {
  const path = join(session.folder, 'hawser-unix.ctl');
  const silent = Array.from({ length: 20 }, () => connect(path));
  for (const socket of silent) socket.on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = Date.now();
  const beside = await client.run(['status']);
  const besideMs = Date.now() - before;
  const result = {
    beside: beside.status,
    besideMs,
    badMagic: await talk(path, ['GET / HTTP/1.1\r\n\r\n'], 1),
    wrongVersion: await talk(path, ['UBCT9 status\n'], 1),
    oneOctetAtATime: await talk(path, [...'UBCT1 status\n'], 5),
    oversize: await talk(path, [`UBCT1 ${'x'.repeat(400_000)}`], 1),
    after: (await client.run(['status'])).status,
  };
  for (const socket of silent) socket.destroy();
  return result;
}

/** `status` by openssl in one version of TLS, with the client's certificate or without one; what came back. */
async function statusOverTls(session: Session, version: 'tls1_2' | 'tls1_3', hasCertificate: boolean): Promise<string> {
  const keys = join(session.folder, 'keys-hawser');
  const certificate = ['-cert', join(keys, 'unbound_control.pem'), '-key', join(keys, 'unbound_control.key')];
  const place = ['-connect', `127.0.0.1:${CONTROL_PORT}`, '-CAfile', join(keys, 'unbound_server.pem')];
  const checks = ['-verify_return_error', '-verify_hostname', 'unbound', '-quiet', '-no_ign_eof'];
  const args = ['s_client', `-${version}`, ...place, ...checks, ...(hasCertificate ? certificate : [])];
  const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString('utf8');
  });
  child.stdin.on('error', () => {});
  child.stdin.write('UBCT1 status\n');
  const killer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(killer);
  return out;
}

/** The same look-ups by both host programs, lines in any order (records turn). */
async function lookUps(session: Session): Promise<readonly object[]> {
  const config = session.file(
    'host.conf',
    `server:
  do-not-query-localhost: no
  root-hints: "${session.folder}/hints"
  domain-insecure: "stub.test"
  local-zone: "test." nodefault
  trust-anchor: "bogus.stub.test. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
stub-zone:
  name: stub.test
  stub-addr: 127.0.0.1@${SERVER_PORT}
`,
  );
  const results: object[] = [];
  for (const question of HOST_QUESTIONS) {
    const words = ['-C', config, ...question.split(' ')];
    const unbound = await run(findProgram('unbound-host') as string, words);
    const hawser = await run(join(PROJECT, 'bin/hawser-host'), words);
    results.push({ question, unbound, hawser });
  }
  return results;
}

/** A broken file leaves the old configuration in force, and the reply names file and line. */
async function reloadBroken(session: Session, side: Side, client: Client): Promise<Record<string, unknown>> {
  session.file(`${side.name}.conf`, `${configurationOf(session, side)}server:\n  cache-max-ttl: nonsense\n`);
  // The client reads the file too: it is given the good one.
  const good = session.file(`${side.name}.good.conf`, configurationOf(session, side));
  const own = clientOf(side, good);
  const broken = await own.run(['reload']);
  const status = await own.run(['status']);
  const answer = dig('127.0.0.1', DNS_PORT, ['www.stub.test', '+short']);
  session.file(`${side.name}.conf`, configurationOf(session, side));
  const mended = await client.run(['reload']);
  return { broken, status: status.status, answer, mended };
}

async function stopSide(client: Client): Promise<readonly Ended[]> {
  const stopped = await client.run(['stop']);
  return [stopped, await runUntil(client, ['status'], ({ status }) => status === 3), await client.run(['stats'])];
}

async function main(): Promise<void> {
  const session = new Session();
  const closeSilent = openSilentServers();
  try {
    makeKeys(session);
    await startServers(session);
    const hosts = await lookUps(session);
    const replies: Record<string, readonly Ended[]> = {};
    const requestLists: Record<string, Ended> = {};
    const stops: Record<string, readonly Ended[]> = {};
    let misbehaved: Record<string, unknown> = {};
    let reloaded: Record<string, unknown> = {};
    // Names of sides may be given, to look at one by hand.
    const chosen = process.argv.slice(2);
    for (const side of SIDES.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
      const { client } = await startSide(session, side);
      const ended: Ended[] = [];
      requestLists[side.name] = await requestList(client);
      for (const step of CONTROL_STEPS) ended.push(await runStep(client, step));
      replies[side.name] = ended;
      if (side.name === 'hawser-unix') misbehaved = await misbehave(session, client);
      if (side.name === 'hawser-tls') {
        reloaded = await reloadBroken(session, side, client);
        // A certificate that another authority signed.
        const foreign = { ...side, keys: 'unbound' } as const;
        const config = session.file('foreign.conf', configurationOf(session, foreign));
        reloaded.tls = {
          old: await statusOverTls(session, 'tls1_2', true),
          new: await statusOverTls(session, 'tls1_3', true),
          nameless: await statusOverTls(session, 'tls1_3', false),
        };
        reloaded.foreign = await clientOf(foreign, config).run(['status']);
        reloaded.afterForeign = (await client.run(['status'])).status;
      }
      stops[side.name] = await stopSide(client);
    }
    console.log(JSON.stringify({ hosts, replies, requestLists, stops, misbehaved, reloaded }));
  } finally {
    closeSilent();
    await session.stop();
  }
}

await main();
