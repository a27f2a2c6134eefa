/** TLS of the platform, loaded when it is used first: a third of what Node.js needs to start, and most hosts use none. */

import type { SecureContextOptions } from 'node:tls';
import type { TlsKeyCheck } from '../ports/network.ts';

type NodeTls = typeof import('node:tls');

/** The module; loaded at the first call, at once. */
export function nodeTls(): NodeTls {
  return process.getBuiltinModule('node:tls');
}

/** What OpenSSL says of a key and a certificate: each alone, then together. */
export const tlsFault: TlsKeyCheck = ({ privateKeyPem: key, certificatePem: cert }) => {
  const parts = [
    { of: 'key', options: { key } },
    { of: 'certificate', options: { cert } },
    { of: 'pair', options: { key, cert } },
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
