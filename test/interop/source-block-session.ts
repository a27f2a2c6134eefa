/**
 * Session: Hawser asks a real Unbound over UDP, TCP and TLS out of a netblock that is routed to this host and whose addresses
 * no interface has. Prints one line of JSON: for each way the addresses that the questions came from. Runs inside a network namespace.
 */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { dig, parseDigReplies, Session, startHawser, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

const BLOCK = '2001:db8:7::/64';
const PLAIN_PORT = 5310;
const TLS_PORT = 8853;
const QUESTIONS = 8;
/** Zones, and how they are forwarded. */
const WAYS = {
  udp: [`forward-addr: ::1@${PLAIN_PORT}`],
  tcp: [`forward-addr: ::1@${PLAIN_PORT}`, 'forward-tcp-upstream: yes'],
  tls: [`forward-addr: ::1@${TLS_PORT}`, 'forward-tls-upstream: yes'],
} as const;

async function startUpstream(session: Session): Promise<void> {
  const [key, certificate] = [join(session.folder, 'key.pem'), join(session.folder, 'cert.pem')];
  const curve = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=up',
    '-days',
    '2',
  ];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const configuration = [
    'server:',
    ...[`  interface: ::1@${PLAIN_PORT}`, `  interface: ::1@${TLS_PORT}`, `  tls-port: ${TLS_PORT}`],
    ...[`  tls-service-key: "${key}"`, `  tls-service-pem: "${certificate}"`],
    ...['  username: ""', '  chroot: ""', '  pidfile: ""', '  use-syslog: no', '  log-queries: yes'],
    ...['  module-config: "iterator"', `  access-control: ${BLOCK} allow`],
    ...Object.keys(WAYS).map(
      (way) => `  local-zone: "${way}.test." redirect\n  local-data: "${way}.test. A 192.0.2.80"`,
    ),
  ].join('\n');
  session.start('unbound', findProgram('unbound') as string, ['-d', '-c', session.file('unbound.conf', configuration)]);
  await waitForAnswer('::1', PLAIN_PORT, 'www.udp.test. A');
}

const session = new Session();
try {
  execFileSync('ip', ['-6', 'route', 'add', 'local', BLOCK, 'dev', 'lo']);
  await startUpstream(session);
  const zones = Object.entries(WAYS).flatMap(([way, lines]) => ['forward-zone:', `  name: ${way}.test`, ...lines]);
  const common = ['  username: ""', '  use-syslog: no', '  do-not-query-localhost: no', '  domain-insecure: test'];
  const configuration = [
    ...['server:', '  interface: 127.0.0.1', '  port: 5300', '  local-zone: "test." nodefault', ...common],
    ...[`  outgoing-interface: ${BLOCK}`, ...zones, ''],
  ].join('\n');
  await startHawser(session, configuration, 5300);
  const found: Record<string, { statuses: string[]; from: string[] }> = {};
  for (const way of Object.keys(WAYS)) {
    const asked = Array.from({ length: QUESTIONS }, (_, i) =>
      dig('127.0.0.1', 5300, [`q${i}.${way}.test`, 'A', '+tries=1']),
    );
    const statuses = asked.flatMap((text) => parseDigReplies(text).map(({ status }) => status));
    const lines = session.log('unbound').matchAll(new RegExp(`(2001:db8:7:\\S+) (?:q\\d+\\.)?${way}\\.test\\.`, 'g'));
    found[way] = { statuses, from: [...new Set([...lines].map(([, ip]) => ip as string))] };
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
} finally {
  await session.stop();
}
