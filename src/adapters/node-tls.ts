/** TLS of the platform, loaded when it is used first: a third of what Node.js needs to start, and most hosts use none. */

import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { TlsKeyCheck, TlsServerOptions } from '../ports/network.ts';

type NodeTls = typeof import('node:tls');

/** The module; loaded at the first call, at once. */
export function nodeTls(): NodeTls {
  return process.getBuiltinModule('node:tls');
}

/** Suites of TLS 1.3 are told from ciphers by their names. */
const SUITE_PREFIX = 'TLS_';

/** A server's TLS options in Node's form. */
export function tlsServerOptions(options: TlsServerOptions): TlsOptions {
  const { certificatePem, privateKeyPem, clientAuthorityPem, minVersion, maxVersion, ticketSecret } = options;
  const ciphers = cipherList(options);
  return {
    cert: certificatePem,
    key: privateKeyPem,
    // RFC 7858 §3.2, RFC 8310 §9: TLS 1.2 at least. A client that wants new keys makes a new connection.
    minVersion: minVersion ?? 'TLSv1.2',
    maxVersion: maxVersion ?? 'TLSv1.3',
    secureOptions: process.getBuiltinModule('node:crypto').constants.SSL_OP_NO_RENEGOTIATION,
    ...(clientAuthorityPem === undefined ? {} : { ca: clientAuthorityPem }),
    ...(ciphers === null ? {} : { ciphers }),
    ...(ticketSecret === undefined ? {} : { ticketKeys: ticketKeys(ticketSecret) }),
  };
}

/** One list for all versions, as Node wants it; what is not given is as by default. Null: nothing is given. */
function cipherList({ ciphers, cipherSuites }: TlsServerOptions): string | null {
  if (ciphers === undefined && cipherSuites === undefined) return null;
  const standard = nodeTls().DEFAULT_CIPHERS.split(':');
  const isSuite = (name: string): boolean => name.startsWith(SUITE_PREFIX);
  return [
    cipherSuites ?? standard.filter(isSuite).join(':'),
    ciphers ?? standard.filter((name) => !isSuite(name)).join(':'),
  ].join(':');
}

/** A name and two keys of 16 octets each, out of a secret of any length. */
function ticketKeys(secret: Uint8Array): Buffer {
  return process.getBuiltinModule('node:crypto').createHash('sha384').update(secret).digest();
}

/** What OpenSSL says of a key and a certificate: each alone, then together, then with the rules. */
export const tlsFault: TlsKeyCheck = (tls) => {
  const { privateKeyPem: key, certificatePem: cert } = tls;
  // Node.js takes an empty text for none given.
  if (key === '') return { of: 'key', text: 'it is empty' };
  if (cert === '') return { of: 'certificate', text: 'it is empty' };
  const parts = [
    { of: 'key', options: { key } },
    { of: 'certificate', options: { cert } },
    { of: 'pair', options: { key, cert } },
    { of: 'rules', options: tlsServerOptions(tls) },
  ] as const;
  for (const { of, options } of parts) {
    const text = refusalOf(options);
    if (text !== null) return { of, text };
  }
  return null;
};

function refusalOf(options: SecureContextOptions): string | null {
  try {
    nodeTls().createSecureContext(options);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
