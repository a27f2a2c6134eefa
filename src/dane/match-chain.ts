/**
 * Matches a peer's certificates against TLSA records: each record against each certificate, and what follows for the peer
 * (RFC 6698 §2.1, RFC 7671 §5, RFC 7672 §3).
 *
 * Leaves to others: where the records come from and whether they are proven; only proven ones may come here.
 */

import type { Certificate } from '../ports/certificates.ts';
import type { Crypto } from '../ports/crypto.ts';
import { bytesEqual } from '../wire/bytes.ts';
import type { Tlsa } from '../wire/rdata-tlsa.ts';
import { matchingName } from './reference-names.ts';
import {
  associationOf,
  type DaneService,
  MATCHING,
  remarksOn,
  SELECTOR,
  selectedOf,
  USAGE,
  usabilityOf,
  usageName,
} from './tlsa-record.ts';

/** Certificates that are looked at; a longer chain is hostile or broken. */
const MAX_CHAIN_CERTIFICATES = 10;
/** TLSA records of one name that are looked at. */
export const MAX_TLSA_RECORDS = 64;

export interface ChainCase {
  readonly tlsas: readonly Tlsa[];
  /** As the peer sent them: its own first. */
  readonly chain: readonly Certificate[];
  /** Names that usages other than 3 need in the peer's certificate, the preferred one first. */
  readonly references: readonly string[];
  readonly service: DaneService;
  /** Whether the public authorities vouch for the peer (usages 0 and 1); null: not tried. */
  readonly pkix: boolean | null;
  /** Unix seconds. */
  readonly now: number;
}

type RecordOutcome =
  | { readonly kind: 'matched'; readonly depth: number; readonly note: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'unusable'; readonly why: string };

/** One record with its outcome and what is unwise about it. */
interface CheckedRecord {
  readonly tlsa: Tlsa;
  readonly outcome: RecordOutcome;
  readonly remarks: readonly string[];
}

/** What the records say of the peer. `unusable`: none may be used, so they say nothing (RFC 7672 §2.2). */
export interface ChainVerdict {
  readonly status: 'matched' | 'mismatched' | 'unusable';
  readonly records: readonly CheckedRecord[];
}

export function matchCertificates(chainCase: ChainCase, crypto: Crypto): ChainVerdict {
  const path = pathOf(chainCase.chain.slice(0, MAX_CHAIN_CERTIFICATES));
  const records = chainCase.tlsas.slice(0, MAX_TLSA_RECORDS).map((tlsa): CheckedRecord => {
    const usability = usabilityOf(tlsa, chainCase.service);
    const outcome = usability.usable
      ? tryRecord(tlsa, path, chainCase, crypto)
      : ({ kind: 'unusable', why: usability.why } as const);
    return { tlsa, outcome, remarks: remarksOn(tlsa, crypto) };
  });
  const has = (kind: RecordOutcome['kind']): boolean => records.some(({ outcome }) => outcome.kind === kind);
  return { status: has('matched') ? 'matched' : has('failed') ? 'mismatched' : 'unusable', records };
}

/** The peer's certificate, its issuer and so on; what is in no order is put in order, what does not belong is left out. */
function pathOf(chain: readonly Certificate[]): readonly Certificate[] {
  const [own, ...rest] = chain;
  if (own === undefined) return [];
  const path = [own];
  let left = rest;
  for (let last = own; ; ) {
    const issuer = left.find((one) => last.isIssuedBy(one));
    if (issuer === undefined) return path;
    path.push(issuer);
    left = left.filter((one) => one !== issuer);
    last = issuer;
  }
}

function tryRecord(tlsa: Tlsa, path: readonly Certificate[], chainCase: ChainCase, crypto: Crypto): RecordOutcome {
  const [own] = path;
  if (own === undefined) return failed('the server showed no certificate');
  const { usage } = tlsa;
  const matches = (one: Certificate): boolean =>
    bytesEqual(associationOf(selectedOf(one, tlsa.selector), tlsa.matchingType, crypto), tlsa.association);
  if (usage === USAGE.DANE_EE || usage === USAGE.PKIX_EE) {
    if (!matches(own)) return failed(endMismatch(path.slice(1).findIndex(matches) + 1));
    // RFC 7671 §5.1: names and dates of the certificate do not count, the record vouches for the key.
    if (usage === USAGE.DANE_EE) return { kind: 'matched', depth: 0, note: 'names and dates need not be right' };
    return afterPublicAuthorities(0, chainCase);
  }
  const depth = path.findIndex((one, at) => at > 0 && matches(one));
  if (usage === USAGE.PKIX_TA)
    return depth < 0 ? failed(anchorMismatch(matches(own))) : afterPublicAuthorities(depth, chainCase);
  if (depth > 0) return daneTrustAnchor(path, depth, chainCase);
  return isAnchorOutside(tlsa, path)
    ? daneTrustAnchor(path, path.length, chainCase)
    : failed(anchorMismatch(matches(own)));
}

function failed(why: string): RecordOutcome {
  return { kind: 'failed', why };
}

function endMismatch(depthOfMatch: number): string {
  return depthOfMatch > 0
    ? `it matches the certificate at depth ${depthOfMatch}, an authority's: the usage should be 2`
    : "it does not match the server's certificate";
}

function anchorMismatch(matchesOwn: boolean): string {
  return matchesOwn
    ? "it matches the server's own certificate: the usage should be 3"
    : 'it matches no authority that the server showed; with usage 2 the server must send that certificate too';
}

/** Usages 0 and 1 constrain what the public authorities say (RFC 6698 §2.1.1). */
function afterPublicAuthorities(depth: number, { pkix }: ChainCase): RecordOutcome {
  if (pkix === true) return { kind: 'matched', depth, note: 'the public authorities vouch for it as well' };
  return failed(
    pkix === null ? 'whether public authorities vouch for it was not tried' : 'no public authority vouches for it',
  );
}

/** Usage 2: the path down from the anchor must be right in names and dates (RFC 7671 §5.2, RFC 7672 §3.1.2). */
function daneTrustAnchor(path: readonly Certificate[], depth: number, chainCase: ChainCase): RecordOutcome {
  const { references, now } = chainCase;
  const used = path.slice(0, depth + 1);
  const dated = used.findIndex(({ notBefore, notAfter }) => now < notBefore || now > notAfter);
  if (dated >= 0) return failed(`the certificate at depth ${dated} is ${dateFault(used[dated], now)}`);
  const minor = used.findIndex(({ isAuthority }, at) => at > 0 && !isAuthority);
  if (minor > 0) return failed(`the certificate at depth ${minor} may not issue others`);
  const [own] = used;
  const name = own === undefined ? null : matchingName(own, references);
  if (name === null) return failed(`the certificate holds none of the names ${references.join(', ')}`);
  return { kind: 'matched', depth, note: `the certificate holds ${name}` };
}

function dateFault(certificate: Certificate | undefined, now: number): string {
  return certificate !== undefined && now < certificate.notBefore ? 'not valid yet' : 'out of date';
}

/** The whole key of an authority that the server did not send (2 1 0) signed the last certificate (RFC 7671 §5.2.3). */
function isAnchorOutside({ selector, matchingType, association }: Tlsa, path: readonly Certificate[]): boolean {
  return selector === SELECTOR.SPKI && matchingType === MATCHING.FULL && path.at(-1)?.isSignedBy(association) === true;
}

/** One record's outcome for people. */
export function outcomeText({ tlsa, outcome }: CheckedRecord): string {
  switch (outcome.kind) {
    case 'matched':
      return `matched at depth ${outcome.depth} as ${usageName(tlsa.usage)}: ${outcome.note}`;
    case 'failed':
      return `does not match: ${outcome.why}`;
    case 'unusable':
      return `cannot be used: ${outcome.why}`;
  }
}
