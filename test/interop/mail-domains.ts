/** Mail domains of every kind below `org.`, and the real Postfix that takes their mail: what the sessions of senders share. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from './daemons.ts';
import { AT, apex, type Domain, mailZone, WRONG_TLSA } from './dane-world.ts';
import { type RunningPostfix, startPostfix } from './postfix.ts';
import { addAddress } from './real-authorities.ts';
import { without } from './real-signers.ts';

/** A certificate for mx.chain.org with the authority that issued it; the authority's 2 1 1 data. */
export function makeChain(session: Session): { readonly pem: string; readonly tlsa: string } {
  const path = (name: string): string => join(session.folder, name);
  const run = (...args: string[]): string =>
    execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  run('req', '-x509', ...key, '-days', '2', '-keyout', path('ca.key'), '-out', path('ca.pem'), '-subj', '/CN=Test CA');
  run('req', ...key, '-keyout', path('leaf.key'), '-out', path('leaf.csr'), '-subj', '/CN=mx.chain.org');
  const names = session.file('names', 'subjectAltName=DNS:mx.chain.org\n');
  const by = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial'];
  run('x509', '-req', '-in', path('leaf.csr'), ...by, '-days', '2', '-out', path('leaf.pem'), '-extfile', names);
  const all = ['leaf.key', 'leaf.pem', 'ca.pem'].map((name) => readFileSync(path(name), 'utf8')).join('');
  // Independent of Hawser: openssl's digest.
  const pipe = `openssl x509 -in ${path('ca.pem')} -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum`;
  const digest = execFileSync('sh', ['-c', pipe], { encoding: 'utf8' }).split(' ')[0];
  return { pem: session.file('chain.pem', all), tlsa: `2 1 1 ${digest}` };
}

/** Good ones, broken ones, and those without DANE. `tlsa`: of the host's key; `authority`: 2 1 1 data of its authority. */
export function domainsFor(tlsa: string, authority: string): Domain[] {
  const [spki] = [tlsa.split(' ')[3]];
  const dropSignature = (text: string): string => without(text, /^_25\._tcp\..*\sRRSIG\s+TLSA\s/);
  const own = (zone: string, records: readonly string[], more = '', address?: string): Domain => ({
    zone,
    text: mailZone(zone, records, more, address),
    isSigned: true,
  });
  const elsewhere = (zone: string, isSigned: boolean): Domain => ({
    zone,
    text: `${apex(zone, AT.zones)}${zone} MX 10 mx.good.org.\n`,
    isSigned,
  });
  const implicit = (zone: string, record: string): Domain => ({
    zone,
    text: `${apex(zone, AT.zones)}${zone} A ${AT.mail}\n_25._tcp.${zone} TLSA ${record}\n`,
    isSigned: true,
  });
  const alias = `${apex('alias.org.', AT.zones)}alias.org. MX 10 mx.alias.org.\nmx.alias.org. CNAME mx.good.org.\n`;
  return [
    own('good.org.', [tlsa]),
    own('rollover.org.', [WRONG_TLSA, tlsa]),
    own('wrong.org.', [WRONG_TLSA]),
    own('plain.org.', [tlsa], '', AT.plain),
    { ...own('bogus.org.', [tlsa]), edit: dropSignature },
    { ...own('unsigned.org.', [tlsa]), isSigned: false },
    own('none.org.', []),
    own('chain.org.', [authority], '', AT.chain),
    own('othername.org.', [authority], '', AT.chain),
    { zone: 'alias.org.', text: alias, isSigned: true },
    own('tlsa-alias.org.', [], '_25._tcp.mx.tlsa-alias.org. CNAME _25._tcp.mx.good.org.\n'),
    own('pkix.org.', [`1 1 1 ${spki}`]),
    elsewhere('hosted.org.', true),
    elsewhere('unsigned-mx.org.', false),
    {
      zone: 'unsigned-host.org.',
      text: `${apex('unsigned-host.org.', AT.zones)}unsigned-host.org. MX 10 mx.unsigned.org.\n`,
      isSigned: true,
    },
    {
      zone: 'alias-out.org.',
      text: `${apex('alias-out.org.', AT.zones)}alias-out.org. MX 10 mx.alias-out.org.\nmx.alias-out.org. CNAME mx.unsigned.org.\n_25._tcp.mx.alias-out.org. TLSA ${tlsa}\n`,
      isSigned: true,
    },
    implicit('implicit.org.', tlsa),
    { zone: 'null.org.', text: `${apex('null.org.', AT.zones)}null.org. MX 0 .\n`, isSigned: true },
  ];
}

/** Receives with TLS, without, and with a chain, and throws away what it gets. */
export function startReceiver(session: Session, chain: string): RunningPostfix {
  for (const address of [AT.mail, AT.plain, AT.chain]) addAddress(address);
  const path = (name: string): string => join(session.folder, name);
  const tls = (certificates: string): string =>
    `-o smtpd_tls_security_level=may -o smtpd_tls_chain_files=${certificates}`;
  return startPostfix(session, {
    name: 'receiver',
    resolv: 'nameserver 127.0.0.1\n',
    settings: ['myhostname = mail.test', 'mydestination =', 'mynetworks = 0.0.0.0/0', 'default_transport = discard'],
    services: [
      `${AT.mail}:25 inet n - n - - smtpd ${tls(`${path('key.pem')},${path('cert.pem')}`)}`,
      `${AT.plain}:25 inet n - n - - smtpd -o smtpd_tls_security_level=none`,
      `${AT.chain}:25 inet n - n - - smtpd ${tls(chain)}`,
    ],
  });
}

/** Where the sender takes mail. */
export const SUBMIT_PORT = 2525;
const PATIENCE_MS = 60_000;

/** What receives, and the sender, which asks Hawser. */
export function startMail(session: Session, chain: string, zones: readonly string[]) {
  const receiver = startReceiver(session, chain);
  const only = zones.map((zone) => `{ only@${zone} = daneonly: }`).join(', ');
  const sender = startPostfix(session, {
    name: 'sender',
    resolv: 'nameserver 127.0.0.1\noptions trust-ad edns0\n',
    settings: [
      'myhostname = client.test',
      'mydestination =',
      'inet_interfaces = loopback-only',
      'smtp_dns_support_level = dnssec',
      'smtp_tls_security_level = dane',
      'smtp_tls_loglevel = 1',
      `transport_maps = inline:{ ${only} }`,
    ],
    services: [
      `127.0.0.1:${SUBMIT_PORT} inet n - n - - smtpd`,
      'daneonly unix - - n - - smtp -o smtp_tls_security_level=dane-only -o syslog_name=postfix/daneonly',
    ],
  });
  return { sender, receiver, stop: () => [sender, receiver].map((one) => one.stop()) };
}

/** Each recipient's end, once all have one. */
export async function deliveries(log: () => string, recipients: readonly string[]): Promise<Record<string, string>> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const text = log();
    const ends = recipients.map(
      (one) =>
        [one, text.split('\n').find((line) => line.includes(`to=<${one}>`) && line.includes('status='))] as const,
    );
    if (ends.every(([, line]) => line !== undefined) || Date.now() > giveUpAt)
      return Object.fromEntries(ends.map(([one, line]) => [one, line ?? `nothing in\n${text}`]));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
