/** Files with a private key or a certificate in PEM form, read once, for the daemon and for the check program. */

import type { Finding } from '../config/finding.ts';
import type { FileResult, Files } from '../ports/files.ts';
import type { TlsKeyCheck, TlsServerOptions } from '../ports/network.ts';

interface PemFile {
  readonly directive: string;
  readonly path: string;
  readonly kind: 'private key' | 'certificate';
}

/** A key and its certificate, by the directives that name their files. */
interface PemPair {
  readonly key: PemFile;
  readonly certificate: PemFile;
}

/** What was found of a file. */
interface PemText {
  readonly text: string;
  /** Of the block. */
  readonly line: number;
}

/** What reading is done with. */
export interface PemParts {
  readonly files: Files;
  readonly check: TlsKeyCheck;
}

/** Labels of blocks (RFC 7468 §5.1, §10, and the older ones that OpenSSL reads). */
const LABELS = {
  'private key': /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----$/,
  certificate: /^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----$/,
};
const BASE64_LINE = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads both, and has TLS try them with the other rules; null: what is wrong was added to `findings`. */
export function readPemPair(
  { key: keyFile, certificate: certificateFile }: PemPair,
  { files, check }: PemParts,
  findings: Finding[],
  rules: (pem: Pick<TlsServerOptions, 'privateKeyPem' | 'certificatePem'>) => TlsServerOptions = (pem) => pem,
): TlsServerOptions | null {
  const key = readPem(keyFile, files.readText(keyFile.path), findings);
  const certificate = readPem(certificateFile, files.readText(certificateFile.path), findings);
  if (key === null || certificate === null) return null;
  const tls = rules({ certificatePem: certificate.text, privateKeyPem: key.text });
  const fault = check(tls);
  if (fault === null) return tls;
  if (fault.of === 'rules') {
    findings.push({ file: '', line: 0, severity: 'error', text: `TLS cannot be set up as configured: ${fault.text}` });
    return null;
  }
  const [file, { line }] = fault.of === 'certificate' ? [certificateFile, certificate] : [keyFile, key];
  const text = fault.of === 'pair' ? `it is not the key of ${certificateFile.directive} (${fault.text})` : fault.text;
  findings.push(errorAt(file, line, text));
  return null;
}

/** A block of base64 between two lines (RFC 7468 §2); text before it is for readers, and what follows the first is OpenSSL's. */
function readPem(file: PemFile, read: FileResult<string>, findings: Finding[]): PemText | null {
  const fail = (line: number, text: string): null => {
    findings.push(errorAt(file, line, text));
    return null;
  };
  if (!read.ok) return fail(0, `cannot read ${file.path}: ${read.error.text}`);
  const lines = read.value.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => LABELS[file.kind].test(line));
  if (first < 0) return fail(1, `there is no ${file.kind} in PEM form`);
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
