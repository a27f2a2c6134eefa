/**
 * Session: NSD holds the real root zone of 2020, Knot a zone of ours that changes and one that it signs, with a zone digest.
 * Hawser copies them (AXFR, NOTIFY, IXFR), and others from web servers, and answers from the copies, the root with validation (RFC 8806); another Hawser
 * takes the signed zone only with its digest and signatures checked (RFC 8976). Prints one line of JSON. Runs inside a
 * network namespace.
 */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { dig, REAL_ROOT_DATE, realRootZone, Session, serveWithNsd, startHawser, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

const PORT = 5300;
const CHECKING_PORT = 5301;
const NSD = '127.0.0.53';
const KNOT = '127.0.0.54';
const ZONE = [
  '$ORIGIN example.org.',
  '$TTL 300',
  '@ IN SOA ns hostmaster 1 3600 900 86400 60',
  '@ IN NS ns',
  `ns IN A ${KNOT}`,
  'www IN A 192.0.2.1',
  '*.wild IN TXT "expanded"',
  'old IN A 192.0.2.9',
  'zones IN A 127.0.0.1',
  '',
].join('\n');

/** Knot with one zone, which it notifies Hawser about. */
async function serveWithKnot(session: Session): Promise<(words: readonly string[]) => void> {
  session.file('example.org.zone', ZONE);
  session.file('signed.org.zone', ZONE.replaceAll('example.org', 'signed.org'));
  const config = session.file(
    'knot.conf',
    [
      'server:',
      `  listen: [ ${KNOT}@53 ]`,
      `  rundir: "${session.folder}"`,
      'database:',
      `  storage: "${session.folder}"`,
      'remote:',
      '  - id: hawser',
      `    address: 127.0.0.1@${PORT}`,
      'acl:',
      '  - id: transfer',
      '    address: 127.0.0.0/8',
      '    action: transfer',
      'zone:',
      '  - domain: example.org',
      `    storage: "${session.folder}"`,
      '    file: example.org.zone',
      '    acl: transfer',
      '    notify: hawser',
      '    journal-content: changes',
      '    zonefile-sync: -1',
      '    semantic-checks: off',
      '  - domain: signed.org',
      `    storage: "${session.folder}"`,
      '    file: signed.org.zone',
      '    acl: transfer',
      '    dnssec-signing: on',
      '    zonemd-generate: zonemd-sha384',
      '    zonefile-sync: -1',
    ].join('\n'),
  );
  session.start('knot', findProgram('knotd') as string, ['-c', config]);
  await waitForAnswer(KNOT, 53, 'example.org. SOA');
  const knotc = findProgram('knotc') as string;
  return (words) => void execFileSync(knotc, ['-c', config, '-s', `${session.folder}/knot.sock`, ...words]);
}

/** Web servers with a zone file each: one plain and in chunks, one with a certificate for zones.example.org. */
async function serveOnTheWeb(session: Session): Promise<() => void> {
  const [key, certificate] = [`${session.folder}/web.key`, `${session.folder}/web.pem`];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=zones', '-addext', 'subjectAltName=DNS:zones.example.org'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const answer = (_request: IncomingMessage, response: ServerResponse): void => {
    for (const line of ZONE.split('\n').filter((each) => !each.startsWith('$ORIGIN'))) response.write(`${line}\n`);
    response.end();
  };
  const plain = createServer(answer).listen(8080, '127.0.0.1');
  const options = { key: readFileSync(key), cert: readFileSync(certificate) };
  const secure = createSecureServer(options, answer).listen(8443, '127.0.0.1');
  await Promise.all([once(plain, 'listening'), once(secure, 'listening')]);
  return () => {
    plain.close();
    secure.close();
  };
}

function configuration(folder: string): string {
  return [
    'server:',
    '  interface: 127.0.0.1',
    `  port: ${PORT}`,
    `  val-override-date: "${REAL_ROOT_DATE}"`,
    '  do-not-query-localhost: no',
    // The servers of org. are not here: nothing below could be proven.
    '  domain-insecure: "org"',
    `  tls-cert-bundle: "${folder}/web.pem"`,
    '  username: ""',
    `  pidfile: "${folder}/hawser.pid"`,
    '  use-syslog: no',
    '  verbosity: 1',
    'auth-zone:',
    '  name: "."',
    `  primary: ${NSD}`,
    '  for-downstream: no',
    '  for-upstream: yes',
    `  zonefile: "${folder}/root.copy"`,
    'auth-zone:',
    '  name: example.org.',
    `  primary: ${KNOT}`,
    '  allow-notify: 127.0.0.0/8',
    `  zonefile: "${folder}/example.copy"`,
    'auth-zone:',
    '  name: plain.org.',
    '  url: "http://127.0.0.1:8080/zone"',
    'auth-zone:',
    '  name: secure.org.',
    '  url: "https://zones.example.org:8443/zone"',
    'auth-zone:',
    '  name: impostor.org.',
    '  url: "https://127.0.0.1:8443/zone"',
    '',
  ].join('\n');
}

/** Another resolver, of today, with an anchor for the signed zone: it takes the copy only after all of it was checked. */
function checkingConfiguration(folder: string, anchor: string): string {
  return [
    'server:',
    '  interface: 127.0.0.1',
    `  port: ${CHECKING_PORT}`,
    `  trust-anchor: "${anchor}"`,
    '  username: ""',
    `  pidfile: "${folder}/checking.pid"`,
    '  use-syslog: no',
    'auth-zone:',
    '  name: signed.org.',
    `  primary: ${KNOT}`,
    '  for-downstream: no',
    '  zonemd-check: yes',
    '  zonemd-reject-absence: yes',
    '',
  ].join('\n');
}

/** DS of the zone as Knot's key tool tells it. */
function anchorOf(folder: string, zone: string): string {
  const text = execFileSync(findProgram('keymgr') as string, ['-c', `${folder}/knot.conf`, zone, 'ds'], {
    encoding: 'utf8',
  });
  return text.split('\n').find((line) => / DS \d+ \d+ 2 /.test(line)) ?? '';
}

/** What dig says, in short. */
function ask(words: string, port = PORT): string {
  return dig('127.0.0.1', port, ['+short', '+time=5', '+tries=1', ...words.split(' ')]).trim();
}

function headerOf(words: string, port = PORT): string {
  const reply = dig('127.0.0.1', port, ['+dnssec', '+time=5', '+tries=1', ...words.split(' ')]);
  const status = /status: (\w+)/.exec(reply)?.[1] ?? 'none';
  const flags = /^;; flags: ([^;]*);/m.exec(reply)?.[1] ?? '';
  return `${status} ${['aa', 'ad'].filter((flag) => flags.split(' ').includes(flag)).join(' ')}`.trim();
}

/** Waits until a question is answered so; the time that took, milliseconds, or null. */
async function waitUntil(words: string, expected: string, port = PORT): Promise<number | null> {
  const startedAt = Date.now();
  while (Date.now() - startedAt < 20_000) {
    if (ask(words, port) === expected) return Date.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    execFileSync('ip', ['addr', 'add', `${KNOT}/32`, 'dev', 'lo']);
    await serveWithNsd(session, '.', realRootZone(), [NSD]);
    const knotc = await serveWithKnot(session);
    const closeWeb = await serveOnTheWeb(session);
    await startHawser(session, configuration(session.folder), PORT);
    const first = await waitUntil('www.example.org. A', '192.0.2.1');
    while (!existsSync(`${session.folder}/root.copy`)) await new Promise((resolve) => setTimeout(resolve, 100));
    const authority = {
      positive: headerOf('www.example.org. A'),
      wildcard: ask('any.wild.example.org. TXT'),
      missing: headerOf('nothing.example.org. A'),
    };
    const web = {
      plain: (await waitUntil('www.plain.org. A', '192.0.2.1')) !== null,
      secure: (await waitUntil('www.secure.org. A', '192.0.2.1')) !== null,
      impostor: headerOf('www.impostor.org. A'),
    };
    closeWeb();
    const root = {
      soa: headerOf('. SOA'),
      ds: headerOf('com. DS'),
      unsigned: headerOf('no-such-tld-1. MX'),
    };
    for (const words of [
      ['zone-begin', 'example.org.'],
      ['zone-unset', 'example.org.', 'old'],
      ['zone-unset', 'example.org.', 'www'],
      ['zone-set', 'example.org.', 'www', '300', 'A', '192.0.2.2'],
      ['zone-commit', 'example.org.'],
    ]) {
      knotc(words);
    }
    const changed = await waitUntil('www.example.org. A', '192.0.2.2');
    const gone = headerOf('old.example.org. A');
    const lines = readFileSync(`${session.folder}/root.copy`, 'utf8').trimEnd().split('\n').length;
    const copy = readFileSync(`${session.folder}/example.copy`, 'utf8');
    const log = session.log('hawser');
    const knotLog = session.log('knot');
    const usedIxfr = /IXFR, outgoing/.test(knotLog);
    await startHawser(
      session,
      checkingConfiguration(session.folder, anchorOf(session.folder, 'signed.org')),
      CHECKING_PORT,
    );
    await waitUntil('www.signed.org. A', '192.0.2.1', CHECKING_PORT);
    const checked = {
      positive: headerOf('www.signed.org. A', CHECKING_PORT),
      missing: headerOf('nothing.signed.org. A', CHECKING_PORT),
      wildcard: headerOf('any.wild.signed.org. TXT', CHECKING_PORT),
    };
    console.log(JSON.stringify({ first, authority, root, changed, gone, lines, copy, usedIxfr, web, checked }));
    if (changed === null || process.env.VERBOSE) console.error(log.slice(-3000), knotLog.slice(-3000));
  } finally {
    await session.stop();
  }
}

await main();
