/**
 * Session: Postfix's own client code (posttls-finger) delivers by DANE through Hawser, to a scripted SMTP server with
 * STARTTLS, for domains that are signed and right, in rollover, wrong, without TLSA, unsigned, and bogus. Postfix finds
 * Hawser as mail hosts do: by /etc/resolv.conf, in a mount namespace of its own. Prints one line of JSON.
 */

import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { Session, startHawser } from './daemons.ts';
import { findProgram } from './programs.ts';
import { addAddress, type ServedZone, startAuthority } from './real-authorities.ts';
import { signZone, without } from './real-signers.ts';

const AT = { root: '198.51.100.1', zones: '198.51.100.2', mail: '198.51.100.25' } as const;

interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Data of a matching TLSA record: DANE-EE, SPKI, SHA-256. */
  readonly tlsa: string;
}

function makeCertificate(session: Session): Certificate {
  const path = (name: string): string => join(session.folder, name);
  const files = ['-keyout', path('key.pem'), '-out', path('cert.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...files, '-subj', '/CN=mail.test'], { stdio: 'ignore' });
  const cert = readFileSync(path('cert.pem'));
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return { key: readFileSync(path('key.pem')), cert, tlsa: `3 1 1 ${createHash('sha256').update(spki).digest('hex')}` };
}

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

function apex(zone: string, address: string): string {
  const own = zone === '.' ? 'r0.rootservers.' : `ns1.${zone}`;
  return `$TTL 300\n${zone} SOA ${own} h. 1 7200 3600 1209600 300\n${zone} NS ${own}\n${own} A ${address}\n`;
}

function mailZone(zone: string, tlsa: readonly string[], more = ''): string {
  const records = tlsa.map((data) => `_25._tcp.mx.${zone} TLSA ${data}\n`).join('');
  return `${apex(zone, AT.zones)}${zone} MX 10 mx.${zone}\nmx.${zone} A ${AT.mail}\n${records}${more}`;
}

const WRONG_TLSA = `3 1 1 ${'00'.repeat(32)}`;

interface Domain {
  readonly zone: string;
  readonly text: string;
  readonly isSigned: boolean;
  readonly edit?: (text: string) => string;
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

/** Signs and serves all of it; the root's DS. */
async function startServers(session: Session, domains: readonly Domain[]): Promise<readonly string[]> {
  const plan = { signer: 'bind', algorithms: [13], denial: 'nsec3' } as const;
  let delegations = '';
  const served = domains.map(({ zone, text, isSigned, edit }): ServedZone => {
    delegations += `${zone} NS ns1.${zone}\nns1.${zone} A ${AT.zones}\n`;
    if (!isSigned) return { zone, text };
    const signed = signZone(session.folder, { ...plan, zone, text });
    delegations += signed.ds[2].map((rdata) => `${zone} DS ${rdata}\n`).join('');
    return { zone, text: edit?.(signed.text) ?? signed.text };
  });
  const org = signZone(session.folder, { ...plan, zone: 'org.', text: apex('org.', AT.root) + delegations });
  const down = `org. NS ns1.org.\nns1.org. A ${AT.root}\n${org.ds[2].map((rdata) => `org. DS ${rdata}\n`).join('')}`;
  const root = signZone(session.folder, { ...plan, denial: 'nsec', zone: '.', text: apex('.', AT.root) + down });
  await startAuthority(session, { program: 'nsd', address: AT.root, zones: [root, org] });
  await startAuthority(session, { program: 'knot', address: AT.zones, zones: served });
  return root.ds[2];
}

/** What Postfix says about a delivery to the domain. */
function finger(session: Session, domain: string): Promise<string> {
  const folder = join(session.folder, 'postfix');
  const resolv = session.file('resolv.conf', 'nameserver 127.0.0.1\noptions trust-ad edns0\n');
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
    await startHawser(session, `${lines.join('\n')}\n`, 53);
    const said: Record<string, string> = {};
    for (const { zone } of domains) said[zone] = await finger(session, zone.slice(0, -1));
    console.log(JSON.stringify(said));
    endMail();
  } finally {
    await session.stop();
  }
}

await main();
process.exit(0);
