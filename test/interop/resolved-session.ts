/**
 * Session: systemd-resolved asks Hawser over TLS and believes only its certificate. Prints one line of JSON. Runs inside a network
 * namespace; the files that systemd-resolved has fixed paths for are put over those of the host in a namespace of mounts.
 */

import { execFileSync } from 'node:child_process';
import { Session, startHawser } from './daemons.ts';
import {
  findResolved,
  makeKeyFiles,
  PLAIN_PORT,
  SERVICE_NAME,
  serviceConfig,
  TLS_PORT,
  throughForwarder,
} from './encrypted.ts';

const STUB_PORT = 5304;
const USER = 'systemd-resolve';

/** What is mounted where before it starts. */
function mountScript(session: Session, authority: string): string {
  const { folder } = session;
  const configuration = [
    '[Resolve]',
    `DNS=127.0.0.1:${TLS_PORT}#${SERVICE_NAME}`,
    'DNSOverTLS=yes',
    'DNSStubListener=no',
    `DNSStubListenerExtra=127.0.0.1:${STUB_PORT}`,
    'LLMNR=no',
    'MulticastDNS=no',
    'DNSSEC=no',
    'Domains=~.',
  ];
  session.file('resolved.conf', `${configuration.join('\n')}\n`);
  return [
    `(cat /etc/passwd; echo "${USER}:x:991:991::/:/usr/sbin/nologin") > ${folder}/passwd`,
    `(cat /etc/group; echo "${USER}:x:991:") > ${folder}/group`,
    `mount --bind ${folder}/passwd /etc/passwd`,
    `mount --bind ${folder}/group /etc/group`,
    'mount -t tmpfs none /run && mkdir -p /run/systemd/resolve && chown 991:991 /run/systemd/resolve',
    `mkdir -p ${folder}/systemd && cp ${folder}/resolved.conf ${folder}/systemd/`,
    `mount --bind ${folder}/systemd /etc/systemd`,
    `mount --bind ${authority} /etc/ssl/certs/ca-certificates.crt`,
    `exec ${findResolved()}`,
  ].join(' && ');
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    // It asks nobody while the host has only loopback.
    for (const words of [
      'link add d0 type veth peer name d1',
      'addr add 192.0.2.1/24 dev d0',
      'link set d1 up',
      'link set d0 up',
      'route add default dev d0',
    ]) {
      execFileSync('ip', words.split(' '));
    }
    execFileSync('chmod', ['755', session.folder]);
    const [own, other] = [makeKeyFiles(session, 'own'), makeKeyFiles(session, 'other')];
    await startHawser(session, serviceConfig(own), PLAIN_PORT);
    const statuses: Record<string, string> = {};
    for (const [way, { certificate }] of Object.entries({ known: own, unknown: other })) {
      const script = mountScript(session, certificate);
      const child = session.startWith(`resolved-${way}`, 'unshare', ['-m', 'sh', '-c', script], {
        ...process.env,
        SSL_CERT_FILE: certificate,
      });
      statuses[`${way} authority`] = await throughForwarder(STUB_PORT);
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    console.log(JSON.stringify(statuses));
  } finally {
    await session.stop();
  }
}

await main();
