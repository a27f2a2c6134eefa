/**
 * Session: a live Unbound and Hawser with the same configuration over the same server get the same questions; what
 * unbound-control says of their statistics, with and without zeros, and what they logged. Prints one line of JSON. Runs
 * inside a network namespace.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dig, Session, serveWithNsd, waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const ZONE = `$ORIGIN stub.test.
$TTL 300
@ SOA ns h 7 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.1
_25._tcp.mx TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
`;

/** What each resolver is asked, with dig's options. */
const QUESTIONS: readonly string[] = [
  'a.test A',
  'a.test MX',
  'a.test A +tcp',
  'a.test A +noedns',
  'a.test A +dnssec +cdflag',
  'a.test TYPE700',
  'gone.test A',
  'www.stub.test A',
  'www.stub.test A',
  'www.stub.test AAAA',
  'gone.stub.test A +noadflag',
  'gone.stub.test A',
  '_25._tcp.mx.stub.test TLSA +dnssec',
  'version.bind TXT CH',
  'a.test A +zflag',
  'a.test A -b 127.0.0.2',
];

interface Side {
  readonly name: 'unbound' | 'hawser';
  readonly port: number;
}

function configurationOf(session: Session, { name, port }: Side, inhibitsZero: boolean): string {
  const { folder } = session;
  return session.file(
    `${name}.conf`,
    `server:
  interface: 127.0.0.1
  port: ${port}
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  logfile: "${folder}/${name}-lines-${inhibitsZero}"
  log-queries: yes
  log-replies: yes
  log-tag-queryreply: yes
  log-local-actions: yes
  module-config: "validator iterator"
  do-not-query-localhost: no
  extended-statistics: yes
  statistics-inhibit-zero: ${inhibitsZero ? 'yes' : 'no'}
  access-control: 127.0.0.2/32 refuse
  local-data: "a.test. A 192.0.2.9"
  domain-insecure: "stub.test"
  local-zone: "stub.test." transparent
stub-zone:
  name: stub.test
  stub-addr: 192.0.2.53
remote-control:
  control-enable: yes
  control-interface: "${folder}/${name}.control"
`,
  );
}

function statisticsOf(config: string): string {
  return execFileSync(findProgram('unbound-control') as string, ['-c', config, 'stats_noreset'], { encoding: 'utf8' });
}

/** Starts one side, asks everything, and reads its statistics. */
async function observe(session: Session, side: Side, inhibitsZero: boolean) {
  const { name, port } = side;
  const config = configurationOf(session, side, inhibitsZero);
  const program = name === 'unbound' ? (findProgram('unbound') as string) : join(PROJECT, 'bin/hawserd');
  const child = session.start(name, program, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', port, 'version.server CH TXT');
  execFileSync(findProgram('unbound-control') as string, ['-c', config, 'flush_stats']);
  for (const question of QUESTIONS) dig('127.0.0.1', port, [...question.split(' '), '+time=5', '+tries=1']);
  const statistics = statisticsOf(config);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  const lines = readFileSync(join(session.folder, `${name}-lines-${inhibitsZero}`), 'utf8');
  return { statistics, lines };
}

const session = new Session();
try {
  await serveWithNsd(session, 'stub.test', ZONE, ['192.0.2.53']);
  const unbound: Side = { name: 'unbound', port: 5301 };
  const hawser: Side = { name: 'hawser', port: 5302 };
  const whole = { unbound: await observe(session, unbound, false), hawser: await observe(session, hawser, false) };
  const brief = { unbound: await observe(session, unbound, true), hawser: await observe(session, hawser, true) };
  process.stdout.write(`${JSON.stringify({ whole, brief })}\n`);
} finally {
  await session.stop();
}
