/**
 * Session: Hawser sends copies of its messages to a real fstrm_capture over a unix socket and over TCP, where nobody listens at
 * first and the collector is killed and comes again; bind's dnstap-read prints what came. Another Hawser sends by TLS, with its
 * certificate, to one that checks it. Prints one line of JSON. Runs inside a network namespace.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { dig, Session, serveWithNsd } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const ZONE = `$ORIGIN tap.test.
$TTL 300
@ SOA ns h 7 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.1
`;
/** What the copies of a question that was resolved take at least. */
const LEAST_OCTETS = 500;
const ALL = ['resolver', 'client', 'forwarder'].flatMap((who) =>
  ['query', 'response'].map((what) => `  dnstap-log-${who}-${what}-messages: yes`),
);

function configurationOf(session: Session, port: number, dnstap: readonly string[]): string {
  return [
    ...['server:', '  interface: 127.0.0.1', `  port: ${port}`, '  username: ""', '  use-syslog: no', '  pidfile: ""'],
    ...['  do-not-query-localhost: no', '  domain-insecure: test', '  local-zone: "test." nodefault'],
    ...[`  directory: "${session.folder}"`, 'stub-zone:', '  name: tap.test', '  stub-addr: 192.0.2.53'],
    ...['forward-zone:', '  name: fwd.test', '  forward-addr: 192.0.2.53'],
    ...['remote-control:', '  control-enable: yes', `  control-interface: "${session.folder}/control-${port}"`],
    ...['dnstap:', '  dnstap-enable: yes', ...dnstap, ''],
  ].join('\n');
}

async function start(session: Session, name: string, port: number, dnstap: readonly string[]) {
  const config = session.file(`${name}.conf`, configurationOf(session, port, dnstap));
  const child = session.start(name, join(PROJECT, 'bin/hawserd'), ['-d', '-c', config]);
  await untilLogged(session, name, 'start of service');
  return child;
}

function ask(port: number, ...questions: string[]): void {
  for (const question of questions) dig('127.0.0.1', port, [...question.split(' '), '+time=5', '+tries=1']);
}

/** Waits until something is so; a loaded machine takes its time. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (!isSo()) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await pause(100);
  }
}

/** Waits until a daemon has said so, so often. */
function untilLogged(session: Session, name: string, text: string, times = 1): Promise<void> {
  return until(`${name} to say ${text}`, () => session.log(name).split(text).length > times);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function stopped(child: { kill(signal: NodeJS.Signals): boolean; once(event: 'exit', run: () => void): unknown }) {
  return new Promise<void>((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
}

function capture(session: Session, name: string, where: readonly string[]) {
  const file = join(session.folder, `${name}.fstrm`);
  const words = ['-t', 'protobuf:dnstap.Dnstap', ...where, '-w', file];
  return { child: session.start(name, findProgram('fstrm_capture') as string, words), file };
}

/** Lines of bind's reader. */
function printed(file: string, ...options: string[]): string {
  return execFileSync('dnstap-read', [...options, file], { encoding: 'utf8', maxBuffer: 1 << 26 });
}

/** A unix socket; the collector comes after Hawser, goes, and comes again. */
async function overUnixSocket(session: Session) {
  const path = join(session.folder, 'tap.sock');
  const identity = ['  dnstap-send-identity: yes', '  dnstap-identity: "mx1"', '  dnstap-send-version: yes'];
  const daemon = await start(session, 'unix', 5300, [`  dnstap-socket-path: "${path}"`, ...identity, ...ALL]);
  ask(5300, 'www.tap.test A');
  const first = capture(session, 'first', ['-u', path]);
  await untilLogged(session, 'unix', 'again');
  ask(5300, 'www.tap.test A', 'www.tap.test AAAA +tcp', 'x.fwd.test A');
  await pause(1000);
  await stopped(first.child);
  ask(5300, 'while-away.tap.test A');
  await pause(500);
  execFileSync('rm', ['-f', path]);
  const second = capture(session, 'second', ['-u', path]);
  await untilLogged(session, 'unix', 'again', 2);
  ask(5300, 'after.tap.test A');
  await stopped(daemon);
  await pause(500);
  await stopped(second.child);
  return {
    first: printed(first.file),
    yaml: printed(first.file, '-y'),
    second: printed(second.file),
    log: session.log('unix'),
  };
}

/** TCP without TLS, sampled; then a collector that reads nothing. */
async function overTcp(session: Session) {
  const tcp = capture(session, 'tcp', ['-a', '127.0.0.1', '-p', '6000']);
  const words = ['  dnstap-ip: 127.0.0.1@6000', '  dnstap-tls: no', '  dnstap-log-client-query-messages: yes'];
  const daemon = await start(session, 'tcp-daemon', 5301, [...words, '  dnstap-sample-rate: 4']);
  ask(5301, ...Array.from({ length: 16 }, (_, i) => `q${i}.tap.test A`));
  await pause(500);
  await stopped(daemon);
  await pause(300);
  await stopped(tcp.child);
  return printed(tcp.file);
}

/** TLS with a client certificate; the collector is one of ours that speaks the handshake and keeps what comes. */
async function overTls(session: Session) {
  const made = (name: string): { key: string; cert: string } => {
    const [key, cert] = [join(session.folder, `${name}.key`), join(session.folder, `${name}.pem`)];
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '2'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
    return { key, cert };
  };
  const [collector, client] = [made('collector.example'), made('client.example')];
  const seen = { octets: 0, subject: '', start: '' };
  const keys = { key: readFileSync(collector.key), cert: readFileSync(collector.cert), ca: readFileSync(client.cert) };
  const server = createServer({ ...keys, requestCert: true, rejectUnauthorized: true }, (socket) => {
    seen.subject = String(socket.getPeerCertificate().subject.CN);
    socket.on('error', () => {});
    socket.on('data', (octets) => {
      seen.start ||= octets.toString('latin1').replace(/[^ -~]/g, '');
      seen.octets += octets.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(6001, '127.0.0.1', resolve));
  const daemon = await start(session, 'tls-daemon', 5302, [
    ...['  dnstap-ip: 127.0.0.1@6001', '  dnstap-bidirectional: no', '  dnstap-tls-server-name: collector.example'],
    ...[`  dnstap-tls-cert-bundle: "${collector.cert}"`, `  dnstap-tls-client-key-file: "${client.key}"`],
    ...[`  dnstap-tls-client-cert-file: "${client.cert}"`, ...ALL],
  ]);
  ask(5302, 'www.tap.test A');
  await until('the collector to get the copies', () => seen.octets > LEAST_OCTETS);
  const wrong = await start(session, 'wrong-name', 5303, [
    ...['  dnstap-ip: 127.0.0.1@6001', '  dnstap-bidirectional: no', '  dnstap-tls-server-name: other.example'],
    ...[`  dnstap-tls-cert-bundle: "${collector.cert}"`, ...ALL],
  ]);
  ask(5303, 'www.tap.test A');
  await untilLogged(session, 'wrong-name', 'does not match');
  for (const child of [daemon, wrong]) await stopped(child);
  server.close();
  return { ...seen, refused: session.log('wrong-name') };
}

const session = new Session();
try {
  session.file('extended.conf', 'remote-control:\n  control-enable: yes\n');
  await serveWithNsd(session, 'tap.test', ZONE, ['192.0.2.53']);
  const unix = await overUnixSocket(session);
  const tcp = await overTcp(session);
  const tls = await overTls(session);
  process.stdout.write(`${JSON.stringify({ unix, tcp, tls })}\n`);
} finally {
  await session.stop();
}
