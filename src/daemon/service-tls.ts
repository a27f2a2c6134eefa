/**
 * TLS towards clients: key, certificate and rules, read at start, at each reload and by the check program.
 *
 * A key is often for root alone, and the daemon has given up being root when it reloads: then the pair that it has goes on. Any
 * other fault is one of the configuration, which is refused as a whole.
 */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import { needsServiceKey } from '../config/listen-protocol.ts';
import type { Files } from '../ports/files.ts';
import type { TlsServerOptions } from '../ports/network.ts';
import { tlsVersions } from './options/tls.ts';
import { type PemParts, readPemPair } from './pem-files.ts';

/** Octets of a file with a secret of session tickets, as Unbound has them (`openssl rand 80`). */
const TICKET_SECRET_OCTETS = 80;

/** What serves over TLS, and out of which configuration it came. */
export interface ServiceTls {
  readonly options: TlsServerOptions;
  readonly config: Config;
}

interface ServiceTlsParts extends PemParts {
  /** What serves now; null at start, and for the check program. */
  readonly inForce: ServiceTls | null;
}

/** Null: nothing that is listened on speaks TLS, or what is wrong was added to `findings`. */
export function readServiceTls(config: Config, parts: ServiceTlsParts, findings: Finding[]): ServiceTls | null {
  if (!needsServiceKey(config)) return null;
  const { files, inForce } = parts;
  const kept = inForce !== null && hasSameFiles(inForce.config, config) ? inForce : null;
  const unreadable = kept === null ? null : filesOf(config).find((path) => isForOthers(path, files));
  if (kept !== null && unreadable !== undefined && unreadable !== null) {
    const text = `TLS goes on with the key and the certificate of before: ${unreadable} may not be read any more`;
    findings.push({ file: '', line: 0, severity: 'warning', text });
    return kept;
  }
  const { tlsServiceKey, tlsServicePem } = config.server;
  const pair = {
    key: { directive: 'tls-service-key', path: absolutePath(config, tlsServiceKey), kind: 'private key' },
    certificate: { directive: 'tls-service-pem', path: absolutePath(config, tlsServicePem), kind: 'certificate' },
  } as const;
  const secret = readTicketSecrets(config, files, findings);
  const options = readPemPair(pair, parts, findings, (pem) => ({ ...pem, ...tlsRules(config), ...secret }));
  return options === null ? null : { options, config };
}

/** Versions and ciphers. */
function tlsRules({ server }: Config): Partial<TlsServerOptions> {
  const { tlsCiphers, tlsCiphersuites } = server;
  return {
    ...tlsVersions(server.tlsProtocols),
    ...(tlsCiphers === '' ? {} : { ciphers: tlsCiphers }),
    ...(tlsCiphersuites === '' ? {} : { cipherSuites: tlsCiphersuites }),
  };
}

/** The first of the files encrypts tickets; tickets of another lead to a new handshake, as those of a host without it. */
function readTicketSecrets(config: Config, files: Files, findings: Finding[]): { readonly ticketSecret?: Uint8Array } {
  const secrets = ticketPaths(config).map((path) => {
    const read = files.readBytes(path);
    const fault = !read.ok
      ? `cannot read ${path}: ${read.error.text}`
      : read.value.length === TICKET_SECRET_OCTETS
        ? null
        : `${path} has ${read.value.length} octets, not ${TICKET_SECRET_OCTETS} (openssl rand ${TICKET_SECRET_OCTETS})`;
    if (fault === null) return read.ok ? read.value : null;
    findings.push({ file: path, line: 0, severity: 'error', text: `tls-session-ticket-keys: ${fault}` });
    return null;
  });
  const [first, ...more] = secrets;
  if (more.length > 0 && !secrets.includes(null)) {
    const text = `tls-session-ticket-keys: of ${secrets.length} files the first encrypts and decrypts tickets; those of another one cost their clients a new handshake`;
    findings.push({ file: '', line: 0, severity: 'warning', text });
  }
  return first === undefined || first === null ? {} : { ticketSecret: first };
}

function ticketPaths(config: Config): readonly string[] {
  return config.server.tlsSessionTicketKeys.filter((path) => path !== '').map((path) => absolutePath(config, path));
}

function filesOf(config: Config): readonly string[] {
  const { tlsServiceKey, tlsServicePem } = config.server;
  return [...[tlsServiceKey, tlsServicePem].map((path) => absolutePath(config, path)), ...ticketPaths(config)];
}

function hasSameFiles(a: Config, b: Config): boolean {
  return JSON.stringify(filesOf(a)) === JSON.stringify(filesOf(b));
}

function isForOthers(path: string, files: Files): boolean {
  const read = files.readBytes(path);
  return !read.ok && read.error.kind === 'not-permitted';
}
