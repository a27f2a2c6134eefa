/** `hawser tlsa`: makes TLSA, SMIMEA, OPENPGPKEY and SSHFP records. */

import { createNodeCertificates } from '../adapters/node-certificates.ts';
import { createNodeCrypto } from '../adapters/node-crypto.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import { createNodeTlsProbe } from '../adapters/node-tls-probe.ts';
import {
  addressOwner,
  type MadeRecord,
  openPgpKey,
  RECORD_TYPES,
  type RecordForm,
  recordsText,
  serviceOwner,
  sshfpRdatas,
} from '../dane/make-record.ts';
import { makeTlsas, type TlsaWish } from '../dane/make-tlsa.ts';
import { readServiceName, starttlsFor } from '../dane/service-name.ts';
import { startDialogue } from '../dane/starttls.ts';
import { tlsaRdata } from '../dane/tlsa-record.ts';
import type { KeyMaterial } from '../ports/certificates.ts';
import { toHex } from '../wire/bytes.ts';
import { parseIp } from '../wire/ip.ts';
import type { Name } from '../wire/name.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { formatRdata } from '../wire/rdata-text.ts';
import { typeText } from '../wire/rr-type.ts';
import { readWords, refuseWords, type Subcommand, type WordValues } from './subcommand.ts';

const DEFAULT_TTL = 3600;
const MAX_TTL = 0x7fffffff;
const LIVE_MS = 15_000;

const USAGE = `Usage: hawser tlsa [OPTION ...] FILE
       hawser tlsa [OPTION ...] --live HOST[:PORT]
Makes the TLSA record of a host from a certificate, a chain, a certificate request, a private or a public key (PEM or DER).
The private key is only read, and only its public half is used.

  --host NAME             the host (MX name), needed with FILE
  --port N, --protocol P  default 25 and tcp
  --usage N               2 authority, 3 the host itself (default); 0 and 1 not for mail between servers
  --selector N            0 whole certificate, 1 key (default)
  --matching N            0 in full, 1 SHA2-256 (default), 2 SHA2-512
  --next FILE             also the record of the next key or certificate, for a roll-over
  --address IP            with --live: connect there
  --ttl SECONDS           default ${DEFAULT_TTL}
  --format FORM           zone (default), generic (RFC 3597, for old servers), nsupdate, json
  --type TYPE             tlsa (default), smimea or openpgpkey (with --email), sshfp (with --host)
  --email ADDRESS         whose SMIMEA or OPENPGPKEY record it is
Records go to standard output, warnings to standard error.
Exit status: 0 made, 1 made with warnings, 3 not made.

Examples:
  hawser tlsa --host mx.example.net /etc/postfix/cert.pem
  hawser tlsa --host mx.example.net --next next-key.pem key.pem
  hawser tlsa --host mx.example.net --usage 2 fullchain.pem
  hawser tlsa --live mx.example.net:25 --format nsupdate
`;

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string', default: '25' },
  protocol: { type: 'string', default: 'tcp' },
  usage: { type: 'string', default: '3' },
  selector: { type: 'string', default: '1' },
  matching: { type: 'string', default: '1' },
  next: { type: 'string' },
  live: { type: 'string' },
  address: { type: 'string' },
  ttl: { type: 'string', default: String(DEFAULT_TTL) },
  format: { type: 'string', default: 'zone' },
  type: { type: 'string', default: 'tlsa' },
  email: { type: 'string' },
} as const;

export const tlsaCommand: Subcommand = {
  name: 'tlsa',
  summary: 'makes TLSA, SMIMEA, OPENPGPKEY and SSHFP records',
  usage: USAGE,
  run: async (words) => {
    const made = await make(words);
    if (typeof made === 'string') return refuseWords('tlsa', made);
    for (const warning of made.warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(made.text);
    return made.warnings.length > 0 ? 1 : 0;
  },
};

interface Made {
  readonly text: string;
  readonly warnings: readonly string[];
}

type Values = WordValues<typeof OPTIONS>;

/** What is printed; a sentence when nothing can be made. */
async function make(words: readonly string[]): Promise<Made | string> {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return read;
  const { values, positionals } = read;
  if (!['zone', 'generic', 'nsupdate', 'json'].includes(values.format)) return `no format ${values.format}`;
  const ttl = wholeNumber(values.ttl, MAX_TTL);
  if (ttl === null) return `not a TTL: ${values.ttl}`;
  const made = await rdatasFor(values, positionals);
  if (typeof made === 'string') return made;
  const type = RECORD_TYPES[values.type as keyof typeof RECORD_TYPES];
  const records = made.rdatas.map((rdata): MadeRecord => ({ owner: made.owner, ttl, type, rdata }));
  return { warnings: made.warnings, text: textOf(records, values.format) };
}

function textOf(records: readonly MadeRecord[], format: string): string {
  if (format !== 'json') return recordsText(records, format as RecordForm);
  const plain = records.map(({ owner, ttl, type, rdata }) => ({
    owner: formatName(owner),
    ttl,
    type: typeText(type),
    rdata: formatRdata(type, rdata),
    hex: toHex(rdata),
  }));
  return `${JSON.stringify(plain, null, 2)}\n`;
}

interface OwnedRdatas {
  readonly owner: Name;
  readonly rdatas: readonly Uint8Array[];
  readonly warnings: readonly string[];
}

function rdatasFor(values: Values, files: readonly string[]): Promise<OwnedRdatas | string> | OwnedRdatas | string {
  switch (values.type) {
    case 'tlsa':
    case 'smimea':
      return certificateRdatas(values, files);
    case 'openpgpkey':
      return openPgpRdatas(values, files);
    case 'sshfp':
      return sshfpFrom(values, files);
    default:
      return `no type ${values.type}`;
  }
}

async function certificateRdatas(values: Values, files: readonly string[]): Promise<OwnedRdatas | string> {
  const place = values.live === undefined ? null : readServiceName(values.live, 25);
  if (values.live !== undefined && place === null) return `not a host and port: ${values.live}`;
  const port = place?.port ?? wholeNumber(values.port, 65_535);
  const host = values.host ?? place?.host;
  if (port === null) return `not a port: ${values.port}`;
  const owner = ownerOf(values, host, port);
  if (typeof owner === 'string') return owner;
  const material = place === null ? await readMaterial(files) : await liveMaterial(place.host, port, values.address);
  if (typeof material === 'string') return material;
  const next = values.next === undefined ? null : await readMaterial([values.next]);
  if (typeof next === 'string') return next;
  const wish = wishOf(values, { host: host ?? '', isMail: values.type === 'tlsa' && port === 25 });
  if (typeof wish === 'string') return wish;
  const crypto = createNodeCrypto();
  const made = makeTlsas([material, ...(next === null ? [] : [next])], wish, crypto);
  if (typeof made === 'string') return made;
  return { owner, rdatas: made.tlsas.map(tlsaRdata), warnings: made.warnings };
}

function ownerOf(values: Values, host: string | undefined, port: number): Name | string {
  if (values.type === 'smimea')
    return addressOwner(values.email ?? '', 'smimea', createNodeCrypto()) ?? '--email needs a mail address';
  if (host === undefined) return '--host is needed: the name that clients connect to, for mail the MX';
  return serviceOwner(host, port, values.protocol) ?? `not a host and protocol: ${host} ${values.protocol}`;
}

function wishOf(values: Values, place: Pick<TlsaWish, 'host' | 'isMail'>): TlsaWish | string {
  const usage = wholeNumber(values.usage, 3);
  const selector = wholeNumber(values.selector, 1);
  const matchingType = wholeNumber(values.matching, 2);
  if (usage === null) return `no usage ${values.usage}`;
  if (selector === null) return `no selector ${values.selector}`;
  if (matchingType === null) return `no matching type ${values.matching}`;
  return { ...place, usage, selector, matchingType, now: Math.floor(Date.now() / 1000) };
}

function wholeNumber(text: string, max: number): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : null;
}

function contentOf(files: readonly string[]): Uint8Array | string {
  const [path] = files;
  if (path === undefined || files.length > 1) return 'one file is needed';
  const content = createNodeFiles().readBytes(path);
  return content.ok ? content.value : `${path}: ${content.error.text}`;
}

async function readMaterial(files: readonly string[]): Promise<KeyMaterial | string> {
  const content = contentOf(files);
  if (typeof content === 'string') return content;
  return (await createNodeCertificates().readFile(content)) ?? `${files[0]}: neither certificate, request nor key`;
}

/** The chain that a host shows. Nothing vouches for it but the line that we sit on. */
async function liveMaterial(host: string, port: number, address: string | undefined): Promise<KeyMaterial | string> {
  const protocol = starttlsFor(port);
  const probed = await createNodeTlsProbe().probe({
    remote: { ip: address ?? host, port },
    serverName: parseIp(host) === null ? host.replace(/\.$/, '') : null,
    dialogue: protocol === null ? null : startDialogue(protocol, 'localhost'),
    timeoutMs: LIVE_MS,
    signatures: 'any',
    checksPkix: false,
  });
  if (probed.kind === 'failed') return `${host}:${port}: ${probed.text}`;
  return { kind: 'certificates', chain: probed.chain };
}

function openPgpRdatas({ email }: Values, files: readonly string[]): OwnedRdatas | string {
  const owner = addressOwner(email ?? '', 'openpgpkey', createNodeCrypto());
  if (owner === null) return '--email needs a mail address';
  const content = contentOf(files);
  if (typeof content === 'string') return content;
  const key = openPgpKey(content);
  return key === null ? `${files[0]}: no OpenPGP public key` : { owner, rdatas: [key], warnings: [] };
}

function sshfpFrom({ host }: Values, files: readonly string[]): OwnedRdatas | string {
  const owner = host === undefined ? null : parseName(host);
  if (owner === null) return '--host is needed: the name that clients connect to';
  const content = contentOf(files);
  if (typeof content === 'string') return content;
  const rdatas = sshfpRdatas(new TextDecoder().decode(content), createNodeCrypto());
  return rdatas === null ? `${files[0]}: no public keys of OpenSSH` : { owner, rdatas, warnings: [] };
}
