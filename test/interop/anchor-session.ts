/**
 * Session: unbound-anchor and hawser-anchor case by case, each with files of its own: the real signed root zone on the root
 * servers' own addresses (NSD), a list signed by openssl's CMS under an authority of openssl's making, served by a real HTTPS
 * server, the day by libfaketime. Prints one line of JSON: for each case exit status and what the file holds.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { realRootZone, rootServerAddresses, Session, serveWithNsd, waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const DAY = '2020-10-21 00:00:00';
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const PORT = 8443;
const EMAIL = 'signer@list.example';
const RIGHT = '20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';
const WRONG = `. IN DS 20326 8 2 ${'AB'.repeat(32)}\n`;
const NOBODY = 65534;
const session = new Session();
const served = join(session.folder, 'www');
/** Connections to the list's server since the case began: where from, and the name asked for. */
let seen: string[] = [];

/** A case: the anchor file before (null: none), and arguments besides those for the list. */
interface Case {
  readonly before: string | null;
  readonly args?: readonly string[];
  readonly day?: string;
  /** Commands of the shell around it. */
  readonly prepare?: string;
  readonly undo?: string;
}

interface Ended {
  readonly status: number;
  readonly file: string;
  readonly seen: readonly string[];
}

function sh(words: string): void {
  execFileSync('bash', ['-c', words], { cwd: session.folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** An authority, a signer, one whose certificate has expired, a certificate of the server. */
function makeIdentities(): void {
  session.file('ca.ext', 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n');
  session.file('signer.ext', 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n');
  const clock = `LD_PRELOAD=${FAKETIME} FAKETIME="@2020-01-01 00:00:00"`;
  const request = (name: string, subject: string): string =>
    `openssl req -new -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr -subj "${subject}"`;
  sh(
    `${request('ca', '/CN=List Root')} && ${clock} openssl x509 -req -in ca.csr -signkey ca.key -days 7300 -extfile ca.ext -out ca.pem`,
  );
  for (const [name, days] of [
    ['signer', 7300],
    ['expired', 30],
  ] as const) {
    const sign = `openssl x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days ${days} -extfile signer.ext -out ${name}.pem`;
    sh(`${request(name, `/CN=Signer/emailAddress=${EMAIL}`)} && ${clock} ${sign}`);
  }
  sh('openssl req -x509 -newkey rsa:2048 -nodes -keyout web.key -out web.pem -days 9000 -subj /CN=list.example');
}

function listText(until = ''): string {
  const [tag, algorithm, type, digest] = RIGHT.split(' ');
  const valid = `validFrom="2017-02-02T00:00:00+00:00"${until === '' ? '' : ` validUntil="${until}"`}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<TrustAnchor id="A" source="http://list.example/"><Zone>.</Zone>\n<KeyDigest id="K" ${valid}>\n<KeyTag>${tag}</KeyTag>\n<Algorithm>${algorithm}</Algorithm>\n<DigestType>${type}</DigestType>\n<Digest>${digest}</Digest>\n</KeyDigest>\n</TrustAnchor>\n`;
}

function publish(name: string, text: string, signer = 'signer', served_ = text): void {
  writeFileSync(join(served, `${name}.xml`), text);
  const clock = `LD_PRELOAD=${FAKETIME} FAKETIME="@2020-01-10 00:00:00"`;
  sh(
    `${clock} openssl cms -sign -binary -md sha256 -outform DER -signer ${signer}.pem -inkey ${signer}.key -in www/${name}.xml -out www/${name}.p7s`,
  );
  writeFileSync(join(served, `${name}.xml`), served_);
}

async function serveList(): Promise<void> {
  const server = createServer(
    { key: readFileSync(join(session.folder, 'web.key')), cert: readFileSync(join(session.folder, 'web.pem')) },
    (request, response) => {
      const path = join(served, String(request.url).replace(/^\/+/, ''));
      if (existsSync(path)) response.end(readFileSync(path));
      else response.writeHead(404).end();
    },
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    seen.push(`${String(socket.remoteAddress).replace('::ffff:', '')} ${socket.servername || '-'}`);
  });
  await new Promise<void>((resolve) => server.listen(PORT, '::', resolve));
}

/** What the file says, without times. */
function contentOf(path: string): string {
  if (!existsSync(path)) return 'none';
  const text = readFileSync(path, 'utf8');
  if (text.trim() === '') return 'empty';
  const keys = [...text.matchAll(/^[^;\n]*\s(DS|DNSKEY)\s+(\d+)[^\n]*?(?:;;state=(\d))?[^\n]*$/gm)];
  return keys
    .map((line) =>
      line[1] === 'DS'
        ? `DS ${line[2]}${line[0].includes('ABABAB') ? ' wrong' : ''}`
        : `DNSKEY ${/;;state=(\d)/.exec(line[0])?.[1]}`,
    )
    .sort()
    .join(', ');
}

let runs = 0;

/** Runs a program without blocking this process, which is the list's server. */
async function runAnchor(program: 'unbound' | 'hawser', { before, args = [], day = DAY }: Case): Promise<Ended> {
  const folder = join(session.folder, `run-${++runs}`);
  mkdirSync(folder);
  const path = join(folder, 'root.key');
  if (before !== null) writeFileSync(path, before);
  seen = [];
  const command =
    program === 'unbound' ? (findProgram('unbound-anchor') as string) : join(PROJECT, 'bin/hawser-anchor');
  const list = ['-a', path, '-c', join(session.folder, 'ca.pem'), '-u', '127.0.0.1', '-P', String(PORT), '-n', EMAIL];
  const env = {
    ...process.env,
    LD_PRELOAD: FAKETIME,
    FAKETIME: `@${day}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    TZ: 'UTC',
  };
  const child = session.startWith(
    `${program}-${runs}`,
    command,
    [...list, '-x', 'good.xml', '-s', 'good.p7s', ...args],
    env,
  );
  const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return { status, file: contentOf(path), seen: [...new Set(seen)] };
}

const CASES: Readonly<Record<string, Case>> = {
  'no file': { before: null },
  'empty file': { before: '' },
  'right anchor': { before: `. IN DS ${RIGHT}\n` },
  'wrong anchor': { before: WRONG },
  forced: { before: `. IN DS ${RIGHT}\n`, args: ['-F'] },
  'wrong anchor, list changed': { before: WRONG, args: ['-x', 'changed.xml', '-s', 'changed.p7s'] },
  'wrong anchor, signer expired': { before: WRONG, args: ['-x', 'expired.xml', '-s', 'expired.p7s'] },
  'wrong anchor, another signer': { before: WRONG, args: ['-n', 'other@list.example'] },
  'wrong anchor, any signer': { before: WRONG, args: ['-n', ''] },
  'wrong anchor, another authority': { before: WRONG, args: ['-c', '/dev/null'] },
  'wrong anchor, list of old keys': { before: WRONG, args: ['-x', 'old.xml', '-s', 'old.p7s'] },
  'wrong anchor, no list': { before: WRONG, args: ['-x', 'nothing.xml'] },
  'wrong anchor, nobody listens': { before: WRONG, args: ['-P', '8444'] },
  'offline, right anchor': {
    before: `. IN DS ${RIGHT}\n`,
    prepare: 'nft add rule inet t out th dport 53 reject',
    undo: 'nft flush chain inet t out',
  },
  'offline, no file': {
    before: null,
    prepare: 'nft add rule inet t out th dport 53 reject',
    undo: 'nft flush chain inet t out',
  },
  'wrong anchor, IPv6 address of the server': { before: WRONG, args: ['-u', '::1'] },
  'wrong anchor, from an address': { before: WRONG, args: ['-4', '-b', '127.0.0.3'] },
  'over IPv6 only': { before: `. IN DS ${RIGHT}\n`, args: ['-6'] },
  'over IPv4 only, without IPv4': {
    before: `. IN DS ${RIGHT}\n`,
    args: ['-4'],
    prepare: 'nft add rule inet t out meta nfproto ipv4 th dport 53 reject',
    undo: 'nft flush chain inet t out',
  },
  'by resolv.conf, name of the server': { before: WRONG, args: ['-f', 'RESOLV', '-u', 'list.example', '-4'] },
  'by resolv.conf, without SNI': { before: WRONG, args: ['-f', 'RESOLV', '-u', 'list.example', '-4', '-S'] },
  'by a resolv.conf that is dead': { before: `. IN DS ${RIGHT}\n`, args: ['-f', 'DEAD'] },
  'by a resolv.conf that is dead, or the root': { before: `. IN DS ${RIGHT}\n`, args: ['-f', 'DEAD', '-R'] },
  'by hints': { before: `. IN DS ${RIGHT}\n`, args: ['-r', 'HINTS'] },
  'by hints of nowhere': { before: `. IN DS ${RIGHT}\n`, args: ['-r', 'NOWHERE'] },
  'by configuration, another day': { before: `. IN DS ${RIGHT}\n`, args: ['-C', 'DATED'], day: '2026-11-28 00:00:00' },
  'another day': { before: `. IN DS ${RIGHT}\n`, args: ['-x', 'nothing.xml'], day: '2026-11-28 00:00:00' },
};

function withPaths(args: readonly string[]): string[] {
  return args.map((word) => (/^[A-Z]{4,}$/.test(word) ? join(session.folder, word) : word));
}

async function main(): Promise<unknown> {
  mkdirSync(served);
  makeIdentities();
  publish('good', listText());
  publish('old', listText('2019-01-11T00:00:00+00:00'));
  publish('changed', listText(), 'signer', listText().replace('E06D', 'E06E'));
  publish('expired', listText(), 'expired');
  await serveList();
  const zone = realRootZone();
  await serveWithNsd(session, '.', zone, rootServerAddresses(zone));
  sh('nft add table inet t; nft "add chain inet t out { type filter hook output priority 0; }"');
  session.file('RESOLV', 'nameserver 127.0.0.1\n');
  session.file('DEAD', 'nameserver 127.0.0.9\n');
  session.file('HINTS', '. 3600000 NS A.ROOT-SERVERS.NET.\nA.ROOT-SERVERS.NET. 3600000 A 198.41.0.4\n');
  session.file('NOWHERE', '. 3600000 NS X.ROOT-SERVERS.NET.\nX.ROOT-SERVERS.NET. 3600000 A 127.0.0.77\n');
  session.file('DATED', 'server:\n  val-override-date: "20201021000000"\n');
  const local = 'local-data: "list.example. A 127.0.0.1"';
  const config = session.file(
    'hawser.conf',
    `server:\n  interface: 127.0.0.1\n  username: ""\n  chroot: ""\n  val-override-date: "20201021000000"\n  ${local}\n`,
  );
  session.start('hawser', join(PROJECT, 'bin/hawserd'), ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', 53, 'list.example A');
  const table: Record<string, { unbound: Ended; hawser: Ended }> = {};
  for (const [name, one] of Object.entries(CASES)) {
    if (one.prepare !== undefined) sh(one.prepare);
    const run = { ...one, args: withPaths(one.args ?? []) };
    const unbound = await runAnchor('unbound', run);
    table[name] = { unbound, hawser: await runAnchor('hawser', run) };
    if (one.undo !== undefined) sh(one.undo);
  }
  return { table, states: await exchangeStates(), owner: await keepOwner() };
}

/** One program's state file given to the other, again and again. */
async function exchangeStates(): Promise<readonly string[]> {
  let text = `. IN DS ${RIGHT}\n`;
  const steps: string[] = [];
  for (const program of ['unbound', 'hawser', 'unbound', 'hawser'] as const) {
    const ended = await runAnchor(program, { before: text });
    text = readFileSync(join(session.folder, `run-${runs}`, 'root.key'), 'utf8');
    steps.push(`${program} ${ended.status} ${ended.file}`);
  }
  return steps;
}

/** Owner and mode of a file that root's run replaces. */
async function keepOwner(): Promise<string> {
  const path = join(session.folder, 'owned.key');
  writeFileSync(path, WRONG);
  chownSync(path, NOBODY, NOBODY);
  chmodSync(path, 0o640);
  const ended = await runAnchor('hawser', { before: null, args: ['-a', path] });
  const { uid, gid, mode } = statSync(path);
  return `${ended.status} ${uid} ${gid} ${(mode & 0o777).toString(8)} ${contentOf(path)}`;
}

try {
  console.log(JSON.stringify(await main()));
} finally {
  await session.stop();
}
process.exit(0);
