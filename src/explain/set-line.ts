/** Lines of a report out of wire data: RRsets with their signatures, keys. */

import { checkedAt, type SignatureTime } from '../dnssec/signature-time.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { ALGORITHM, algorithmMnemonic } from '../wire/algorithms.ts';
import { readU8, readU16 } from '../wire/bytes.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { DNSKEY_FLAG, keyTag, readDnskey } from '../wire/rdata-dnskey.ts';
import { type Rrsig, readRrsig } from '../wire/rdata-rrsig.ts';
import { formatRdata } from '../wire/record-text.ts';
import { typeText } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType, signaturesOf } from '../wire/rrset.ts';
import { serialDifference } from '../wire/serial.ts';
import type { KeyLine, ProofLine, SetLine, SignatureLine } from './report.ts';

/** What lines are made with. */
export interface ShowParts {
  /** Unix seconds. */
  readonly now: number;
  /** DNSKEY rdatas of a zone; null when they are not known. */
  readonly keysOf: (signer: Name) => readonly Uint8Array[] | null;
  /** Outcomes of checks by `owner type keytag`, as the trace names them. */
  readonly outcomes: ReadonlyMap<string, string>;
  /** The second at which signatures are checked. */
  readonly time: SignatureTime;
  /** What the denial records among the sets prove. */
  readonly proofs: readonly ProofLine[];
}

export function setLine(ranked: RankedRRset, parts: ShowParts): SetLine {
  const { rrset } = ranked;
  const type = rrsetType(rrset);
  return {
    owner: formatName(rrsetOwner(rrset)),
    type: typeText(type),
    ttl: Math.max(0, ranked.expiresAt - parts.now),
    records: rdatasOf(rrset).map((rdata) => formatRdata(type, rdata)),
    status: ranked.verdict?.status ?? 'unchecked',
    server: ranked.server,
    signatures: signaturesOf(rrset).flatMap((rdata) => {
      const rrsig = readRrsig(rdata);
      return rrsig === null ? [] : [signatureLine(ranked, rrsig, parts)];
    }),
    proves: provesText(formatName(rrsetOwner(rrset)), typeText(type), parts.proofs),
  };
}

function signatureLine(ranked: RankedRRset, rrsig: Rrsig, parts: ShowParts): SignatureLine {
  // RFC 4034 §3.1.5: times are serial numbers of 32 bits, near the present second.
  const near = (time: number): number => parts.now + serialDifference(time, parts.now);
  return {
    keyTag: rrsig.keyTag,
    algorithm: rrsig.algorithm,
    signer: formatName(rrsig.signer),
    inception: near(rrsig.inception),
    expiration: near(rrsig.expiration),
    state: stateOf(ranked, rrsig, parts),
  };
}

function stateOf({ rrset, verdict }: RankedRRset, rrsig: Rrsig, parts: ShowParts): SignatureLine['state'] {
  const seen = parts.outcomes.get(`${nameKey(rrsetOwner(rrset))} ${rrsetType(rrset)} ${rrsig.keyTag}`);
  if (seen === 'valid') return 'good';
  if (seen !== undefined) return 'wrong';
  const at = checkedAt(parts.time, parts.now, rrsig.inception);
  if (serialDifference(rrsig.expiration, at) < 0) return 'expired';
  if (serialDifference(rrsig.inception, at) > 0) return 'not yet valid';
  const keys = parts.keysOf(rrsig.signer);
  const isKey = (rdata: Uint8Array): boolean => keyTag(rdata) === rrsig.keyTag && readU8(rdata, 3) === rrsig.algorithm;
  if (keys !== null && !keys.some(isKey)) return 'no such key';
  // Checked before, and only one signature must hold (RFC 6840 §5.11).
  return verdict?.status === 'secure' && signaturesOf(rrset).length === 1 ? 'good' : 'not checked';
}

/** What one denial record does for the proofs. */
function provesText(owner: string, type: string, proofs: readonly ProofLine[]): string {
  const steps = proofs.flatMap((proof) => proof.steps);
  const own = steps.filter(({ record }) => record?.owner === owner && record.type === type);
  return [...new Set(own.map(({ text }) => text))].join('; ');
}

export function keyLine(rdata: Uint8Array, isTrusted: (tag: number, algorithm: number) => boolean): KeyLine {
  const { flags = 0, algorithm = 0, publicKey = new Uint8Array() } = readDnskey(rdata) ?? {};
  const tag = keyTag(rdata);
  return {
    keyTag: tag,
    algorithm,
    algorithmName: algorithmMnemonic(algorithm) ?? `algorithm ${algorithm}`,
    bits: keyBits(algorithm, publicKey),
    flags,
    isEntry: (flags & DNSKEY_FLAG.SEP) !== 0,
    isRevoked: (flags & DNSKEY_FLAG.REVOKE) !== 0,
    isTrusted: isTrusted(tag, algorithm),
  };
}

const RSA: ReadonlySet<number> = new Set([
  ALGORITHM.RSAMD5,
  ALGORITHM.RSASHA1,
  ALGORITHM['RSASHA1-NSEC3-SHA1'],
  ALGORITHM.RSASHA256,
  ALGORITHM.RSASHA512,
]);

const CURVES: ReadonlySet<number> = new Set([ALGORITHM.ECDSAP256SHA256, ALGORITHM.ECDSAP384SHA384]);

function keyBits(algorithm: number, key: Uint8Array): number {
  if (RSA.has(algorithm)) {
    // RFC 3110 §2: the exponent's length in one octet, or in two after an octet of zero.
    const isLong = readU8(key, 0) === 0;
    const modulus = key.subarray(isLong ? 3 + readU16(key, 1) : 1 + readU8(key, 0));
    const first = modulus.findIndex((octet) => octet !== 0);
    return first < 0 ? 0 : (modulus.length - first) * 8 - (Math.clz32(modulus[first] ?? 0) - 24);
  }
  // RFC 6605 §4: two coordinates.
  return CURVES.has(algorithm) ? key.length * 4 : key.length * 8;
}
