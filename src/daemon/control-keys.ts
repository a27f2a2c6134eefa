/** The daemon's key and certificate of the control channel: read once, for the daemon and for the check program. */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { TlsServerOptions } from '../ports/network.ts';
import { type PemParts, readPemPair } from './pem-files.ts';

/** The key and the certificate; null: what is wrong with them was added to `findings`. */
export function readControlKeys(config: Config, parts: PemParts, findings: Finding[]): TlsServerOptions | null {
  const { serverKeyFile, serverCertFile } = config.remoteControl;
  const pair = {
    key: { directive: 'server-key-file', path: absolutePath(config, serverKeyFile), kind: 'private key' },
    certificate: { directive: 'server-cert-file', path: absolutePath(config, serverCertFile), kind: 'certificate' },
  } as const;
  // The daemon's certificate is the authority that signs the control program's.
  return readPemPair(pair, parts, findings, (pem) => ({ ...pem, clientAuthorityPem: pem.certificatePem }));
}
