/**
 * Session: NSD holds a zone (`root`: the real root of 2020; `types`: one of many record types), Hawser and Unbound copy it,
 * each into a file of its own; Unbound then serves from Hawser's file. Prints one line of JSON. Runs inside a network
 * namespace.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dig, realRootZone, Session, serveWithNsd, startHawser } from './daemons.ts';
import { findProgram } from './programs.ts';

const NSD = '127.0.0.53';
const HASH = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
/** A zone of many types, in the forms that are easy to get wrong. */
const TYPES = [
  '$ORIGIN example.org.',
  '$TTL 300',
  '@ IN SOA ns host\\.master 1 3600 900 86400 60',
  '@ IN NS ns',
  'ns IN A 127.0.0.53',
  'Mixed.Case IN AAAA 2001:DB8::A',
  'a\\.dot IN A 192.0.2.1',
  'a\\032space IN A 192.0.2.2',
  'bin\\000\\255 IN A 192.0.2.3',
  '*.wild IN TXT "one" "two words" "quote \\" back \\\\ high \\200"',
  'mx IN MX 10 mail.example.net.',
  'srv IN SRV 1 2 25 mail',
  `_25._tcp.mail IN TLSA 3 1 1 ${HASH}`,
  `ssh IN SSHFP 4 2 ${HASH}`,
  'caa IN CAA 0 issue "ca.example.net; account=1"',
  'naptr IN NAPTR 10 20 "u" "E2U+sip" "!^.*$!sip:x@example.org!" .',
  'loc IN LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m',
  'hinfo IN HINFO "a b" "c"',
  'uri IN URI 10 1 "https://example.org/x"',
  'svc IN SVCB 1 . alpn=h2,h3 port=853 ipv4hint=192.0.2.1',
  'https IN HTTPS 0 svc',
  'cert IN CERT PGP 1 2 AQIDBA==',
  'dname IN DNAME example.net.',
  `ds IN DS 1 13 2 ${HASH}`,
  'cds IN CDS 0 0 0 00',
  'openpgp IN OPENPGPKEY AQIDBA==',
  'eui IN EUI48 00-11-22-33-44-55',
  'unknown IN TYPE65400 \\# 4 01020304',
  'apl IN APL 1:192.0.2.0/24 !2:2001:db8::/32',
  'rp IN RP host.master txt',
  '',
].join('\n');

async function main(which: string): Promise<void> {
  const session = new Session();
  try {
    const name = which === 'root' ? '.' : 'example.org.';
    const configuration = (port: number, file: string, isCopying: boolean): string =>
      [
        ...['server:', '  interface: 127.0.0.1', `  port: ${port}`, '  username: ""', '  use-syslog: no'],
        ...[`  pidfile: "${session.folder}/${port}.pid"`, '  do-not-query-localhost: no', '  chroot: ""'],
        ...['auth-zone:', `  name: ${name}`, `  zonefile: "${session.folder}/${file}"`],
        ...(isCopying ? [`  primary: ${NSD}`] : []),
        '',
      ].join('\n');
    const startUnbound = (port: number, file: string, isCopying: boolean): void => {
      const config = session.file(`unbound-${port}.conf`, configuration(port, file, isCopying));
      session.start(`unbound-${port}`, findProgram('unbound') as string, ['-d', '-c', config]);
    };
    await serveWithNsd(session, name, which === 'root' ? realRootZone() : TYPES, [NSD]);
    await startHawser(session, configuration(5300, 'ours', true), 5300);
    startUnbound(5301, 'theirs', true);
    const paths = [`${session.folder}/ours`, `${session.folder}/theirs`];
    while (!paths.every((path) => existsSync(path))) await new Promise((resolve) => setTimeout(resolve, 100));
    const [ours = [], theirs = []] = paths.map((path) => readFileSync(path, 'utf8').split('\n'));
    const different = ours.flatMap((line, i) => (line === theirs[i] ? [] : [[line, theirs[i]]]));
    startUnbound(5302, 'ours', false);
    let served = '';
    for (let i = 0; i < 50 && !served.includes('NOERROR'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      served = dig('127.0.0.1', 5302, [name, 'SOA', '+norecurse', '+time=1', '+tries=1']);
    }
    const lines = { ours: ours.length, theirs: theirs.length };
    console.log(JSON.stringify({ lines, different: different.slice(0, 20), isServed: served.includes('NOERROR') }));
  } finally {
    await session.stop();
  }
}

await main(process.argv[2] ?? 'root');
