/**
 * Session: Hawser asks everything of a real Unbound over TLS and believes only the key that the TLSA record of Unbound's name holds;
 * the record comes through that same Unbound. The right key, another one, a record that nobody signed. Prints one line of JSON:
 * status and flags of an answer for each. Runs inside a network namespace.
 */

import { execFileSync } from 'node:child_process';
import { dig, parseDigReplies, Session, startHawser, waitForAnswer } from './daemons.ts';
import { AT, type Domain, mailZone, startServers, WRONG_TLSA } from './dane-world.ts';
import { type KeyFiles, makeKeyFiles } from './encrypted.ts';
import { findProgram } from './programs.ts';
import { without } from './real-signers.ts';

const FORWARDER = '127.0.2.1';
/** Names of the forwarder by what their record is like. */
const NAMES = { right: 'dns.right.org', wrong: 'dns.wrong.org', unsigned: 'dns.unsigned.org', bogus: 'dns.bogus.org' };

/** `3 1 1` of a certificate's key, by openssl. */
function recordOf({ certificate }: KeyFiles): string {
  const pipe = `openssl x509 -in ${certificate} -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum`;
  return `3 1 1 ${execFileSync('sh', ['-c', pipe], { encoding: 'utf8' }).split(' ')[0]}`;
}

function domainsFor(record: string): Domain[] {
  const zone = (name: string, tlsa: string, rest: Omit<Domain, 'zone' | 'text'>): Domain => {
    const apex = name.replace(/^dns\./, '');
    return { zone: `${apex}.`, text: mailZone(`${apex}.`, [], `_853._tcp.${name}. TLSA ${tlsa}\n`), ...rest };
  };
  return [
    zone(NAMES.right, record, { isSigned: true }),
    zone(NAMES.wrong, WRONG_TLSA, { isSigned: true }),
    zone(NAMES.unsigned, record, { isSigned: false }),
    zone(NAMES.bogus, record, { isSigned: true, edit: (text) => without(text, /^_853\._tcp\..*\sRRSIG\s+TLSA\s/) }),
  ];
}

async function startForwarder(session: Session, hints: string, { key, certificate }: KeyFiles): Promise<void> {
  const lines = [
    `interface: ${FORWARDER}@53`,
    `interface: ${FORWARDER}@853`,
    'access-control: 127.0.0.0/8 allow',
    `tls-service-key: "${key}"`,
    `tls-service-pem: "${certificate}"`,
    `root-hints: "${hints}"`,
    'module-config: "iterator"',
    ...['username: ""', 'chroot: ""', 'pidfile: ""', 'use-syslog: no', 'do-ip6: no'],
  ];
  const file = session.file('unbound.conf', `server:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  session.start('unbound', findProgram('unbound') as string, ['-d', '-c', file]);
  await waitForAnswer(FORWARDER, 53, 'org. SOA');
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const own = makeKeyFiles(session, 'own');
    const anchors = await startServers(session, domainsFor(recordOf(own)));
    const hints = session.file('hints', `. 3600000 NS r0.rootservers.\nr0.rootservers. 3600000 A ${AT.root}\n`);
    const anchor = session.file('anchor', anchors.map((rdata) => `. 3600 IN DS ${rdata}\n`).join(''));
    await startForwarder(session, hints, own);
    const statuses: Record<string, string> = {};
    for (const [i, [what, name]] of Object.entries(NAMES).entries()) {
      const port = 5300 + i;
      const configuration = [
        'server:',
        ...[
          '  interface: 127.0.0.1',
          `  port: ${port}`,
          '  do-not-query-localhost: no',
          `  trust-anchor-file: "${anchor}"`,
        ],
        'forward-zone:',
        ...[
          '  name: "."',
          '  forward-tls-upstream: yes',
          `  forward-addr: ${FORWARDER}@853#${name}`,
          '  forward-tls-dane: yes',
        ],
      ];
      const child = await startHawser(session, `${configuration.join('\n')}\n`, port);
      const [reply] = parseDigReplies(dig('127.0.0.1', port, ['right.org.', 'MX', '+dnssec', '+time=12', '+tries=1']));
      statuses[what] = [reply?.status ?? 'no reply', ...(reply?.flags.includes('ad') === true ? ['ad'] : [])].join(' ');
      child.kill('SIGTERM');
    }
    console.log(JSON.stringify({ statuses, log: session.log('hawser') }));
  } finally {
    await session.stop();
  }
}

await main();
