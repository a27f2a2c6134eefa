/**
 * Session: Hawser forwards over TLS to a real Unbound, whose certificate holds the right name, another one, or is not
 * checked. Prints one line of JSON: the status of an answer for each. Runs inside a network namespace.
 */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { dig, parseDigReplies, Session, startHawser, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

const UPSTREAM_PORT = 5310;
const TLS_PORT = 8853;
const NAME = 'resolver.example';

/** How Hawser is told to reach the upstream. */
const WAYS = {
  'right name': { port: 5300, server: `127.0.0.1@${TLS_PORT}#${NAME}`, knowsAuthority: true },
  'wrong name': { port: 5301, server: `127.0.0.1@${TLS_PORT}#other.example`, knowsAuthority: true },
  'unknown authority': { port: 5302, server: `127.0.0.1@${TLS_PORT}#${NAME}`, knowsAuthority: false },
  'no name': { port: 5303, server: `127.0.0.1@${TLS_PORT}`, knowsAuthority: false },
  'right key': { port: 5304, server: `127.0.0.1@${TLS_PORT}`, knowsAuthority: false, pin: 'own' },
  'wrong key': { port: 5305, server: `127.0.0.1@${TLS_PORT}`, knowsAuthority: false, pin: 'other' },
} as const;

function makeCertificate(session: Session): { key: string; certificate: string } {
  const key = join(session.folder, 'key.pem');
  const certificate = join(session.folder, 'cert.pem');
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`, '-days', '2'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', certificate, ...subject], {
    stdio: 'ignore',
  });
  return { key, certificate };
}

/** The digest of the key, by the command that the documentation gives. */
function pinOf(certificate: string): string {
  const command = `openssl x509 -in ${certificate} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary`;
  return execFileSync('sh', ['-c', `${command} | openssl base64`], { encoding: 'utf8' }).trim();
}

async function startUpstream(session: Session, { key, certificate }: ReturnType<typeof makeCertificate>) {
  const configuration = [
    'server:',
    `  interface: 127.0.0.1@${UPSTREAM_PORT}`,
    `  interface: 127.0.0.1@${TLS_PORT}`,
    `  tls-port: ${TLS_PORT}`,
    `  tls-service-key: "${key}"`,
    `  tls-service-pem: "${certificate}"`,
    '  username: ""',
    '  chroot: ""',
    '  pidfile: ""',
    '  use-syslog: no',
    '  module-config: "iterator"',
    '  local-zone: "example." static',
    '  local-data: "www.example. A 192.0.2.80"',
  ].join('\n');
  session.start('unbound', findProgram('unbound') as string, ['-d', '-c', session.file('unbound.conf', configuration)]);
  await waitForAnswer('127.0.0.1', UPSTREAM_PORT, 'www.example. A');
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const made = makeCertificate(session);
    await startUpstream(session, made);
    const statuses: Record<string, string> = {};
    const pins = { own: pinOf(made.certificate), other: `${'A'.repeat(43)}=` };
    for (const [way, { port, server, knowsAuthority, ...more }] of Object.entries(WAYS)) {
      const configuration = [
        'server:',
        '  interface: 127.0.0.1',
        `  port: ${port}`,
        '  do-not-query-localhost: no',
        '  module-config: "iterator"',
        ...(knowsAuthority ? [`  tls-cert-bundle: "${made.certificate}"`] : []),
        'forward-zone:',
        '  name: "."',
        '  forward-tls-upstream: yes',
        `  forward-addr: ${server}`,
        ...('pin' in more ? [`  forward-tls-pin: "${pins[more.pin]}"`] : []),
      ];
      const child = await startHawser(session, `${configuration.join('\n')}\n`, port);
      const [reply] = parseDigReplies(dig('127.0.0.1', port, ['www.example.', 'A', '+time=12', '+tries=1']));
      statuses[way] = reply?.status ?? 'no reply';
      child.kill('SIGTERM');
    }
    console.log(JSON.stringify(statuses));
  } finally {
    await session.stop();
  }
}

await main();
