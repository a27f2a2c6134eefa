/**
 * Makes the keys and certificates of the control channel: what unbound-control-setup makes, without the openssl program.
 * Existing keys stay; certificates that exist stay unless `-r` is given.
 */

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeFiles } from '../adapters/node-files.ts';
import { type CertificateFields, pemOf, writeCertificate } from '../control/certificate.ts';

const DEFAULT_FOLDER = '/etc/unbound';
const KEY_BITS = 3072;
const DAYS = 7200;
const SECONDS_PER_DAY = 86_400;
/** Clocks of one host do not differ, but a certificate made now must hold now. */
const BACKDATE_SECONDS = 60;
const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o640;
/** RFC 7093 §2: the first 160 bits of a SHA-256. */
const KEY_ID_OCTETS = 20;
const SERIAL_OCTETS = 19;
const SERVER = { name: 'unbound', file: 'unbound_server' } as const;
const CLIENT = { name: 'unbound-control', file: 'unbound_control' } as const;

const USAGE = `usage: hawser-control-setup OPTIONS
OPTIONS
-d <dir>  used directory to store keys and certificates (default: ${DEFAULT_FOLDER})
-h        show help notice
-r        recreate certificates
`;

interface SetupArguments {
  readonly folder: string;
  readonly recreates: boolean;
}

function readArguments(words: readonly string[]): SetupArguments | string {
  let folder: string = DEFAULT_FOLDER;
  let recreates = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '-r') recreates = true;
    else if (word === '-h') return USAGE;
    else if (word.startsWith('-d')) folder = word.slice(2) || (words[++i] ?? '');
    else return `fatal error: '${word}' unknown option\n`;
  }
  return folder === '' ? "fatal error: option requires an argument -- 'd'\n" : { folder, recreates };
}

function setUp({ folder, recreates }: SetupArguments): void {
  process.stdout.write(`setup in directory ${folder}\n`);
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const serverKey = keyIn(folder, SERVER.file);
  const clientKey = keyIn(folder, CLIENT.file);
  const serverPath = join(folder, `${SERVER.file}.pem`);
  const clientPath = join(folder, `${CLIENT.file}.pem`);
  const isNewServer = recreates || !existsSync(serverPath);
  const names = { issuerName: SERVER.name, issuerKey: serverKey };
  if (isNewServer) {
    writeNew(serverPath, certificate({ ...names, commonName: SERVER.name, key: serverKey }), CERTIFICATE_MODE);
  }
  if (recreates || !existsSync(clientPath)) {
    writeNew(clientPath, certificate({ ...names, commonName: CLIENT.name, key: clientKey }), CERTIFICATE_MODE);
  }
  process.stdout.write('Setup success. Certificates created. Enable in unbound.conf file to use\n');
}

/** The private key in PEM; made when there is none. */
function keyIn(folder: string, file: string): string {
  const path = join(folder, `${file}.key`);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeNew(path, pem, KEY_MODE);
  return pem;
}

/**
 * The mode is given when the file is made, so that no other can read it in between; what stands in its place, a link too, is
 * replaced and not written into.
 */
function writeNew(path: string, content: string, mode: number): void {
  const written = createNodeFiles().replaceAtomically(path, content, mode);
  if (!written.ok) throw new Error(written.error.text);
}

interface CertificateParts {
  readonly commonName: string;
  readonly key: string;
  readonly issuerName: string;
  readonly issuerKey: string;
}

function certificate({ commonName, key, issuerName, issuerKey }: CertificateParts): string {
  const now = Math.floor(Date.now() / 1000);
  const fields: CertificateFields = {
    commonName,
    issuerName,
    serial: randomBytes(SERIAL_OCTETS).fill(0x47, 0, 1),
    notBefore: now - BACKDATE_SECONDS,
    notAfter: now + DAYS * SECONDS_PER_DAY,
    isAuthority: commonName === issuerName,
    publicKey: publicKeyOf(key),
    keyId: keyIdOf(key),
    issuerKeyId: keyIdOf(issuerKey),
  };
  const signer = createPrivateKey(issuerKey);
  return pemOf(
    'CERTIFICATE',
    writeCertificate(fields, (data) => sign('sha256', data, signer)),
  );
}

function publicKeyOf(pem: string): Uint8Array {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

function keyIdOf(pem: string): Uint8Array {
  return createHash('sha256').update(publicKeyOf(pem)).digest().subarray(0, KEY_ID_OCTETS);
}

function main(words: readonly string[]): number {
  const read = readArguments(words);
  if (typeof read === 'string') {
    if (read === USAGE) process.stdout.write(read);
    else process.stderr.write(read);
    return 1;
  }
  process.umask(0o027);
  try {
    setUp(read);
    return 0;
  } catch (error) {
    process.stderr.write(`fatal error: ${(error as Error).message}\n`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
