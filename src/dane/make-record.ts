/**
 * Makes the records that hold key material in the DNS: TLSA (RFC 6698), SMIMEA (RFC 8162), OPENPGPKEY (RFC 7929) and SSHFP
 * (RFC 4255), with their owner names, and writes them as zone files and nsupdate take them.
 */

import type { Crypto } from '../ports/crypto.ts';
import { concatBytes, readU32, toHex } from '../wire/bytes.ts';
import { type Name, prependLabel } from '../wire/name.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { formatGeneric, formatRdata } from '../wire/rdata-text.ts';
import { TYPE, typeText } from '../wire/rr-type.ts';

/** Octets of the digest of a local part that stay in an owner name (RFC 7929 §3, RFC 8162 §3). */
const LOCAL_PART_OCTETS = 28;
const MAX_PORT = 65_535;

export interface MadeRecord {
  readonly owner: Name;
  /** Seconds. */
  readonly ttl: number;
  readonly type: number;
  readonly rdata: Uint8Array;
}

export type RecordForm = 'zone' | 'generic' | 'nsupdate';

/** `_25._tcp.HOST` (RFC 6698 §3); null when that is no name. */
export function serviceOwner(host: string, port: number, protocol: string): Name | null {
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT || !/^[a-z]+$/.test(protocol)) return null;
  const base = parseName(host);
  return base === null ? null : parseName(`_${port}._${protocol}`, base);
}

/** Where a mail address has its SMIMEA or OPENPGPKEY records; null when it is no mail address. */
export function addressOwner(address: string, kind: 'smimea' | 'openpgpkey', crypto: Crypto): Name | null {
  const at = address.lastIndexOf('@');
  const domain = at < 1 ? null : parseName(address.slice(at + 1));
  if (domain === null) return null;
  // RFC 7929 §3: the local part as it stands, without case folding, in UTF-8.
  const digest = crypto.digest('sha256', new TextEncoder().encode(address.slice(0, at))).subarray(0, LOCAL_PART_OCTETS);
  const below = parseName(kind === 'smimea' ? '_smimecert' : '_openpgpkey', domain);
  const label = new TextEncoder().encode(toHex(digest));
  return below === null ? null : prependLabel(label, below);
}

/** SSHFP key algorithms by the names of public key files (RFC 4255 §3.1.1, RFC 6594, RFC 7479, RFC 8709). */
const SSH_ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ['ssh-rsa', 1],
  ['ssh-dss', 2],
  ['ecdsa-sha2-nistp256', 3],
  ['ecdsa-sha2-nistp384', 3],
  ['ecdsa-sha2-nistp521', 3],
  ['ssh-ed25519', 4],
  ['ssh-ed448', 6],
]);
/** Fingerprint type: SHA-256, which every client knows by now (RFC 6594 §4). */
const SSHFP_SHA256 = 2;

/** SSHFP rdata of each key in the text of a public key file; null where a line is none. */
export function sshfpRdatas(text: string, crypto: Crypto): readonly Uint8Array[] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const made = lines.map((line) => {
    const match = /(?:^|\s)((?:ssh|ecdsa)-[a-z0-9-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line);
    const algorithm = SSH_ALGORITHMS.get(match?.[1] ?? '');
    if (match === null || algorithm === undefined) return null;
    const blob = new Uint8Array(Buffer.from(match[2] ?? '', 'base64'));
    // RFC 4253 §6.6: the blob begins with the length and the name of its algorithm.
    const isWhole = blob.length > 4 && new TextDecoder().decode(blob.subarray(4, 4 + readU32(blob, 0))) === match[1];
    return isWhole ? concatBytes(Uint8Array.of(algorithm, SSHFP_SHA256), crypto.digest('sha256', blob)) : null;
  });
  return made.length > 0 && made.every((one) => one !== null) ? made : null;
}

/** The octets of an OpenPGP key, armoured or not (RFC 9580 §6.2); null for other text. */
export function openPgpKey(content: Uint8Array): Uint8Array | null {
  // RFC 9580 §4.2: the first bit of a packet is one; text has none.
  if (((content[0] ?? 0) & 0x80) !== 0) return content;
  const text = Buffer.from(content).toString('latin1').replaceAll('\r', '');
  const armour =
    /-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[^\n]+: [^\n]*\n)*\n?([A-Za-z0-9+/=\n]+?)(?:\n=[A-Za-z0-9+/]{4})?\n-----END/;
  const body = armour.exec(text)?.[1]?.replaceAll('\n', '');
  return body === undefined ? null : new Uint8Array(Buffer.from(body, 'base64'));
}

/** The records as text, a line each. */
export function recordsText(records: readonly MadeRecord[], form: RecordForm): string {
  const lines = records.map((record) => recordLine(record, form));
  if (form !== 'nsupdate') return lines.join('');
  // What was there goes in the same transaction (RFC 2136 §3.4: updates take effect together).
  const sets = new Set(records.map(({ owner, type }) => `update delete ${formatName(owner)} ${typeText(type)}\n`));
  return `${[...sets].join('')}${lines.join('')}send\n`;
}

function recordLine({ owner, ttl, type, rdata }: MadeRecord, form: RecordForm): string {
  const name = formatName(owner);
  if (form === 'nsupdate') return `update add ${name} ${ttl} ${typeText(type)} ${formatRdata(type, rdata)}\n`;
  if (form === 'zone') return `${name} ${ttl} IN ${typeText(type)} ${formatRdata(type, rdata)}\n`;
  // RFC 3597 §5: for servers that do not know the type.
  return `${name} ${ttl} IN TYPE${type} ${formatGeneric(rdata)}\n`;
}

/** Types by their names on the command line. */
export const RECORD_TYPES = {
  tlsa: TYPE.TLSA,
  smimea: TYPE.SMIMEA,
  openpgpkey: TYPE.OPENPGPKEY,
  sshfp: TYPE.SSHFP,
} as const;
