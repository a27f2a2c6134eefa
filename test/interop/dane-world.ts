/** Signed mail domains below `org.` for sessions with real mail servers: their zones, signed and served by real programs. */

import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Session, startHawser } from './daemons.ts';
import { type ServedZone, startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';

/** Addresses of name servers and mail hosts. */
export const AT = {
  root: '198.51.100.1',
  zones: '198.51.100.2',
  mail: '198.51.100.25',
  /** Speaks no TLS. */
  plain: '198.51.100.26',
  /** Shows a chain with its authority. */
  chain: '198.51.100.27',
} as const;

/** A certificate with its key. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Data of a matching TLSA record: DANE-EE, SPKI, SHA-256. */
  readonly tlsa: string;
}

/** A self-signed one. */
export function makeCertificate(session: Session): Certificate {
  const path = (name: string): string => join(session.folder, name);
  const files = ['-keyout', path('key.pem'), '-out', path('cert.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...files, '-subj', '/CN=mail.test'], { stdio: 'ignore' });
  const cert = readFileSync(path('cert.pem'));
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return { key: readFileSync(path('key.pem')), cert, tlsa: `3 1 1 ${createHash('sha256').update(spki).digest('hex')}` };
}

/** What every zone has. */
export function apex(zone: string, address: string): string {
  const own = zone === '.' ? 'r0.rootservers.' : `ns1.${zone}`;
  return `$TTL 300\n${zone} SOA ${own} h. 1 7200 3600 1209600 300\n${zone} NS ${own}\n${own} A ${address}\n`;
}

/** A domain with a mail host of its own. */
export function mailZone(zone: string, tlsa: readonly string[], more = '', address: string = AT.mail): string {
  const records = tlsa.map((data) => `_25._tcp.mx.${zone} TLSA ${data}\n`).join('');
  return `${apex(zone, AT.zones)}${zone} MX 10 mx.${zone}\nmx.${zone} A ${address}\n${records}${more}`;
}

/** Matches nothing. */
export const WRONG_TLSA = `3 1 1 ${'00'.repeat(32)}`;

/** A domain and how it is broken after signing. */
export interface Domain {
  readonly zone: string;
  readonly text: string;
  readonly isSigned: boolean;
  readonly edit?: (text: string) => string;
}

/** Signs and serves all of it; the root's DS. */
export async function startServers(session: Session, domains: readonly Domain[]): Promise<readonly string[]> {
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

/** How the daemon of such a world differs: lines of `server:`, and clauses after it. */
interface DaemonLines {
  readonly server?: readonly string[];
  readonly clauses?: readonly string[];
}

/** The servers of these domains, and Hawser before them at port 53 of loopback. */
export async function startDaneWorld(session: Session, domains: readonly Domain[], lines: DaemonLines = {}) {
  const anchors = await startServers(session, domains);
  const hints = session.file('hints', `. 3600000 NS r0.rootservers.\nr0.rootservers. 3600000 A ${AT.root}\n`);
  const anchor = session.file('anchor', anchors.map((rdata) => `. 3600 IN DS ${rdata}\n`).join(''));
  const server = ['interface: 127.0.0.1', 'port: 53', `root-hints: "${hints}"`, `trust-anchor-file: "${anchor}"`];
  const all = ['server:', ...[...server, ...(lines.server ?? [])].map((line) => `  ${line}`), ...(lines.clauses ?? [])];
  return await startHawser(session, `${all.join('\n')}\n`, 53);
}

/** A control channel of the daemon that only this session reaches. */
export function controlClause(session: Session): readonly string[] {
  return ['remote-control:', '  control-enable: yes', `  control-interface: "${session.folder}/control"`];
}
