/**
 * Session: real clients ask Hawser over TLS: kdig, stubby, dnsdist, Unbound, openssl; Unbound's own service beside it. Prints one
 * line of JSON. Runs inside a network namespace.
 */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session, startHawser, waitForAnswer } from './daemons.ts';
import {
  control,
  type KeyFiles,
  kdig,
  makeKeyFiles,
  outputOf,
  PLAIN_PORT,
  SERVICE_NAME,
  serviceConfig,
  statistics,
  TLS_PORT,
  throughForwarder,
} from './encrypted.ts';
import { findProgram, PROJECT } from './programs.ts';

const [STUBBY_PORT, DNSDIST_PORT, UNBOUND_PORT, YARDSTICK_PORT] = [5301, 5302, 5303, 9853];

function startForwarders(session: Session, authority: string): void {
  const stubby = [
    'resolution_type: GETDNS_RESOLUTION_STUB',
    'dns_transport_list: [ GETDNS_TRANSPORT_TLS ]',
    'tls_authentication: GETDNS_AUTHENTICATION_REQUIRED',
    `tls_ca_file: "${authority}"`,
    `listen_addresses: [ 127.0.0.1@${STUBBY_PORT} ]`,
    'upstream_recursive_servers:',
    `  - { address_data: 127.0.0.1, tls_port: ${TLS_PORT}, tls_auth_name: "${SERVICE_NAME}" }`,
  ];
  session.start('stubby', 'stubby', ['-C', session.file('stubby.yml', `${stubby.join('\n')}\n`)]);
  const backend = `address="127.0.0.1:${TLS_PORT}", tls="openssl", subjectName="${SERVICE_NAME}", caStore="${authority}"`;
  const dnsdist = [
    `setLocal("127.0.0.1:${DNSDIST_PORT}")`,
    'setSecurityPollSuffix("")',
    `newServer({${backend}, validateCertificates=true, checkName="www.example.", mustResolve=true})`,
  ];
  const dnsdistConfig = session.file('dnsdist.conf', dnsdist.join('\n'));
  session.start('dnsdist', 'dnsdist', ['--supervised', '--disable-syslog', '-C', dnsdistConfig]);
  const unbound = [
    `server:\n  interface: 127.0.0.1@${UNBOUND_PORT}\n  do-not-query-localhost: no\n  username: ""\n  chroot: ""`,
    `  pidfile: ""\n  use-syslog: no\n  module-config: "iterator"\n  tls-cert-bundle: "${authority}"`,
    'forward-zone:\n  name: "."\n  forward-tls-upstream: yes',
    `  forward-addr: 127.0.0.1@${TLS_PORT}#${SERVICE_NAME}`,
  ];
  session.start('unbound', findProgram('unbound') as string, ['-d', '-c', session.file('u.conf', unbound.join('\n'))]);
}

/** Unbound's own DNS over TLS, for the same questions. */
async function startYardstick(session: Session, keys: KeyFiles): Promise<void> {
  const text = serviceConfig(keys)
    .replaceAll(`@${TLS_PORT}`, `@${YARDSTICK_PORT}`)
    .replace(`tls-port: ${TLS_PORT}`, `tls-port: ${YARDSTICK_PORT}`)
    .replace(`@${PLAIN_PORT}`, '@5310');
  session.start('yardstick', findProgram('unbound') as string, ['-d', '-c', session.file('y.conf', text)]);
  await waitForAnswer('127.0.0.1', 5310, 'www.example. A');
}

/** Padding and size of a reply to a query with padding. */
function paddingOf(port: number): string {
  const text = outputOf('kdig', ['@127.0.0.1', '-p', String(port), '+tls', '+padding', 'www.example', 'A']);
  return `${/PADDING: (\d+) B/.exec(text)?.[1]} of ${/Received (\d+) B/.exec(text)?.[1]}`;
}

const checked = (authority: string, name = SERVICE_NAME): string[] => [`+tls-ca=${authority}`, `+tls-hostname=${name}`];

/** How openssl's client ends its handshake. */
function handshake(words: readonly string[]): string {
  const text = outputOf('sh', ['-c', `echo | openssl s_client -connect 127.0.0.1:${TLS_PORT} ${words.join(' ')} 2>&1`]);
  return /alert ([a-z ]+)/.exec(text)?.[1] ?? /New, (TLSv\S+),/.exec(text)?.[1] ?? text.slice(0, 200);
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const [own, renewed] = [makeKeyFiles(session, 'own'), makeKeyFiles(session, 'renewed')];
    const remote = 'remote-control:\n  control-enable: yes\n  control-interface: ';
    const configuration = `${serviceConfig(own)}${remote}${session.folder}/control\n`;
    await startHawser(session, configuration, PLAIN_PORT);
    await startYardstick(session, own);
    startForwarders(session, own.certificate);
    const results: Record<string, unknown> = {
      kdig: kdig(['+tls', ...checked(own.certificate)]),
      'kdig, other name': kdig(['+tls', ...checked(own.certificate, 'other.example')]),
      'plain TCP': kdig(['+tcp']),
      'plain UDP': kdig(['+notcp']),
      'TLS at the plain port': outputOf('sh', [
        '-c',
        `echo | timeout 3 openssl s_client -connect 127.0.0.1:${PLAIN_PORT} 2>&1 | grep -c 'New, TLS' || true`,
      ]).trim(),
      'TLS 1.1': handshake(['-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0']),
      'HTTP/2': handshake(['-alpn', 'h2']),
      'padding here': paddingOf(TLS_PORT),
      'padding of Unbound': paddingOf(YARDSTICK_PORT),
      stubby: await throughForwarder(STUBBY_PORT),
      dnsdist: await throughForwarder(DNSDIST_PORT),
      unbound: await throughForwarder(UNBOUND_PORT),
    };
    const counted = statistics(session);
    const [tls, handshakes] = [counted('num.query.tls'), counted('num.tls.handshakes')];
    results.counted = tls >= 5 && tls === counted('num.query.tcp') && handshakes >= 5;
    // The files change, as after a renewal, and a reload takes them; one that is damaged is not taken.
    copyFileSync(renewed.key, own.key);
    results['reload with half a pair'] = control(session, 'reload').includes('error');
    results['kdig after it'] = kdig(['+tls', ...checked(own.certificate)]);
    const before = join(session.folder, 'before.pem');
    copyFileSync(own.certificate, before);
    copyFileSync(renewed.certificate, own.certificate);
    results.reload = control(session, 'reload').trim();
    results['kdig with the new one'] = kdig(['+tls', ...checked(own.certificate)]);
    results['kdig with the old one'] = kdig(['+tls', ...checked(before)]);
    const broken = session.file('broken.conf', serviceConfig({ ...own, key: `${session.folder}/missing.key` }));
    for (const program of ['hawserd', 'hawser-checkconf']) {
      const args = program === 'hawserd' ? ['-d', '-c', broken] : [broken];
      results[`${program} without a key`] = /tls-service-key: cannot read \S+missing\.key/.test(
        outputOf(join(PROJECT, 'bin', program), args),
      );
    }
    console.log(JSON.stringify(results));
  } finally {
    await session.stop();
  }
}

await main();
