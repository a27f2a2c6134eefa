/** Versions of TLS, towards clients and towards servers. */

import type { TlsVersion } from '../../ports/network.ts';

/** The least and the greatest of the versions that tls-protocols names. */
export function tlsVersions(names: readonly string[]): {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
} {
  return {
    minVersion: names.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: names.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
  };
}
