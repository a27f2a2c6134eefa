/**
 * Session: Postfix's own client code (posttls-finger) delivers by DANE through Hawser, to a scripted SMTP server with
 * STARTTLS, for domains that are signed and right, in rollover, wrong, without TLSA, unsigned, and bogus. Postfix finds
 * Hawser as mail hosts do: by /etc/resolv.conf, in a mount namespace of its own. Prints one line of JSON.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { BLIND, startBlindResolver } from './blind-resolver.ts';
import { Session, startHawser } from './daemons.ts';
import {
  AT,
  apex,
  type Certificate,
  type Domain,
  mailZone,
  makeCertificate,
  startServers,
  WRONG_TLSA,
} from './dane-world.ts';
import { findProgram } from './programs.ts';
import { addAddress } from './real-authorities.ts';
import { without } from './real-signers.ts';

/** Answers SMTP commands; after STARTTLS over TLS. */
function talk(socket: Socket, certificate: Certificate): void {
  const say = (text: string): boolean => socket.write(`${text}\r\n`);
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    for (const line of piece.toString('latin1').split('\r\n')) {
      const command = line.slice(0, 4).toUpperCase();
      if (command === 'EHLO') say(socket instanceof TLSSocket ? '250 mail.test' : '250-mail.test\r\n250 STARTTLS');
      else if (command === 'QUIT') socket.end('221 2.0.0 Bye\r\n');
      else if (command === 'STAR') {
        socket.removeAllListeners('data');
        say('220 2.0.0 Ready');
        const secureContext = createSecureContext(certificate);
        talk(new TLSSocket(socket, { isServer: true, secureContext }), certificate);
      } else if (command !== '') say('502 5.5.1 No');
    }
  });
}

async function startMailServer(certificate: Certificate): Promise<() => void> {
  addAddress(AT.mail);
  const server = createServer((socket) => {
    socket.write('220 mail.test ESMTP\r\n');
    talk(socket, certificate);
  });
  await new Promise<void>((resolve) => server.listen(25, AT.mail, resolve));
  return () => void server.close();
}

function domainsFor({ tlsa }: Certificate): Domain[] {
  const dropSignature = (text: string): string => without(text, /^_25\._tcp\..*\sRRSIG\s+TLSA\s/);
  const alias = `${apex('alias.org.', AT.zones)}alias.org. MX 10 mx.alias.org.\nmx.alias.org. CNAME mx.good.org.\n`;
  return [
    { zone: 'good.org.', text: mailZone('good.org.', [tlsa]), isSigned: true },
    { zone: 'rollover.org.', text: mailZone('rollover.org.', [WRONG_TLSA, tlsa]), isSigned: true },
    { zone: 'alias.org.', text: alias, isSigned: true },
    { zone: 'wrong.org.', text: mailZone('wrong.org.', [WRONG_TLSA]), isSigned: true },
    { zone: 'none.org.', text: mailZone('none.org.', []), isSigned: true },
    { zone: 'unsigned.org.', text: mailZone('unsigned.org.', [tlsa]), isSigned: false },
    { zone: 'bogus.org.', text: mailZone('bogus.org.', [tlsa]), isSigned: true, edit: dropSignature },
  ];
}

const ONE = 'nameserver 127.0.0.1\noptions trust-ad edns0\n';
/** With one that does not validate in second place. */
const TWO = `nameserver 127.0.0.1\nnameserver ${BLIND}\noptions trust-ad edns0 timeout:1 attempts:1\n`;

/** What Postfix says about a delivery to the domain. */
function finger(session: Session, domain: string, resolvers = ONE): Promise<string> {
  const folder = join(session.folder, 'postfix');
  const resolv = session.file('resolv.conf', resolvers);
  const script = `mount --bind ${resolv} /etc/resolv.conf && exec ${findProgram('posttls-finger')} -c -l dane -t 10 ${domain}`;
  const child = spawn('unshare', ['-m', 'sh', '-c', script], { env: { ...process.env, MAIL_CONFIG: folder } });
  let text = '';
  child.stdout.on('data', (piece) => {
    text += piece;
  });
  child.stderr.on('data', (piece) => {
    text += piece;
  });
  return new Promise((resolve) => child.once('close', () => resolve(text)));
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const certificate = makeCertificate(session);
    const domains = domainsFor(certificate);
    const anchors = await startServers(session, domains);
    const endMail = await startMailServer(certificate);
    mkdirSync(join(session.folder, 'postfix'));
    const settings = 'compatibility_level = 3.6\ninet_protocols = ipv4\nmyhostname = client.test\n';
    writeFileSync(join(session.folder, 'postfix/main.cf'), settings);
    const hints = session.file('hints', `. 3600000 NS r0.rootservers.\nr0.rootservers. 3600000 A ${AT.root}\n`);
    const anchor = session.file('anchor', anchors.map((rdata) => `. 3600 IN DS ${rdata}\n`).join(''));
    const files = [`  root-hints: "${hints}"`, `  trust-anchor-file: "${anchor}"`];
    const lines = ['server:', '  interface: 127.0.0.1', '  port: 53', ...files];
    const hawser = await startHawser(session, `${lines.join('\n')}\n`, 53);
    const said: Record<string, string> = {};
    for (const { zone } of domains) said[zone] = await finger(session, zone.slice(0, -1));
    await startBlindResolver(session, hints);
    hawser.kill('SIGSTOP');
    const astray = await finger(session, 'wrong.org', TWO);
    hawser.kill('SIGCONT');
    console.log(JSON.stringify({ ...said, astray }));
    endMail();
  } finally {
    await session.stop();
  }
}

await main();
process.exit(0);
