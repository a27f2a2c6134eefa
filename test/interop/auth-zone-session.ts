/**
 * Session: NSD holds the real root zone of 2020, Knot a zone of ours that changes and one that it signs, with a zone digest.
 * Hawser copies them (AXFR, NOTIFY, IXFR) and answers from the copies, the root with validation (RFC 8806); another Hawser
 * takes the signed zone only with its digest and signatures checked (RFC 8976). Prints one line of JSON. Runs inside a
 * network namespace.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

function configuration(folder: string): string {
  return [
    'server:',
    '  interface: 127.0.0.1',
    `  port: ${PORT}`,
    `  val-override-date: "${REAL_ROOT_DATE}"`,
    '  do-not-query-localhost: no',
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
    await startHawser(session, configuration(session.folder), PORT);
    const first = await waitUntil('www.example.org. A', '192.0.2.1');
    await waitUntil('. SOA', ask('. SOA') || 'a');
    const authority = {
      positive: headerOf('www.example.org. A'),
      wildcard: ask('any.wild.example.org. TXT'),
      missing: headerOf('nothing.example.org. A'),
    };
    const root = {
      soa: headerOf('. SOA'),
      ds: headerOf('org. DS'),
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
    console.log(JSON.stringify({ first, authority, root, changed, gone, lines, copy, usedIxfr, checked }));
    if (changed === null || process.env.VERBOSE) console.error(log.slice(-3000), knotLog.slice(-3000));
  } finally {
    await session.stop();
  }
}

await main();
