/** The daemon's key and certificate of the control channel: read once, for the daemon and for the check program. */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { Files } from '../ports/files.ts';
import type { TlsKeyCheck, TlsServerOptions } from '../ports/network.ts';

/** One of the two files. */
interface PemFile {
  readonly directive: 'server-key-file' | 'server-cert-file';
  readonly path: string;
  readonly what: string;
  /** Labels of its block (RFC 7468 §5.1, §10, and the older ones that OpenSSL reads). */
  readonly label: RegExp;
}

/** What was found of it. */
interface PemText {
  readonly text: string;
  /** Of the block. */
  readonly line: number;
}

const KEY_LABEL = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----$/;
const CERTIFICATE_LABEL = /^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----$/;
const BASE64_LINE = /^[A-Za-z0-9+/]*={0,2}$/;

/** The key and the certificate; null: what is wrong with them was added to `findings`. */
export function readControlKeys(
  config: Config,
  { files, check }: { readonly files: Files; readonly check: TlsKeyCheck },
  findings: Finding[],
): TlsServerOptions | null {
  const { serverKeyFile, serverCertFile } = config.remoteControl;
  const keyFile: PemFile = {
    directive: 'server-key-file',
    path: absolutePath(config, serverKeyFile),
    what: 'private key',
    label: KEY_LABEL,
  };
  const certificateFile: PemFile = {
    directive: 'server-cert-file',
    path: absolutePath(config, serverCertFile),
    what: 'certificate',
    label: CERTIFICATE_LABEL,
  };
  const key = readPem(keyFile, files, findings);
  const certificate = readPem(certificateFile, files, findings);
  if (key === null || certificate === null) return null;
  // The daemon's certificate is the authority that signs the control program's.
  const tls = { certificatePem: certificate.text, privateKeyPem: key.text, clientAuthorityPem: certificate.text };
  const fault = check(tls);
  if (fault === null) return tls;
  const [file, { line }] = fault.of === 'certificate' ? [certificateFile, certificate] : [keyFile, key];
  const text = fault.of === 'pair' ? `it is not the key of server-cert-file (${fault.text})` : fault.text;
  findings.push(errorAt(file, line, text));
  return null;
}

/** A block of base64 between two lines (RFC 7468 §2); text before it is for readers, and what follows the first is OpenSSL's. */
function readPem(file: PemFile, files: Files, findings: Finding[]): PemText | null {
  const read = files.readText(file.path);
  const fail = (line: number, text: string): null => {
    findings.push(errorAt(file, line, text));
    return null;
  };
  if (!read.ok) return fail(0, `cannot read ${file.path}: ${read.error.text}`);
  const lines = read.value.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => file.label.test(line));
  if (first < 0) return fail(1, `there is no ${file.what} in PEM form`);
  const end = (lines[first] ?? '').replace('BEGIN', 'END');
  const last = lines.indexOf(end, first);
  if (last < 0) return fail(first + 1, `its last line is missing: ${end}`);
  const bad = lines.slice(first + 1, last).findIndex((line) => !BASE64_LINE.test(line));
  if (bad >= 0) return fail(first + bad + 2, 'this is not base64');
  return { text: read.value, line: first + 1 };
}

function errorAt({ directive, path }: PemFile, line: number, text: string): Finding {
  return { file: path, line, severity: 'error', text: `${directive}: ${text}` };
}
