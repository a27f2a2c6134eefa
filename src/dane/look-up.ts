/** What a look-up says to DANE: data, its standing with DNSSEC, aliases on the way; from a resolution or from a reply. */

import { failureText } from '../terms/failure-text.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { formatRdata } from '../wire/rdata-text.ts';
import { TYPE, typeText } from '../wire/rr-type.ts';
import { unpackRRset } from '../wire/rrset.ts';

/** What DNSSEC says, as far as DANE cares. `failed`: no answer, or it cannot be validated; mail waits as for `bogus`. */
export type LookedStatus = 'secure' | 'insecure' | 'bogus' | 'failed';

/** What came of a look-up. */
export interface Looked {
  readonly status: LookedStatus;
  /** In words, where the status is not secure. */
  readonly why: string | null;
  readonly outcome: 'data' | 'nodata' | 'nxdomain' | 'none';
  readonly rdatas: readonly Uint8Array[];
  /** Seconds left; null without data. */
  readonly ttl: number | null;
  /** The name at the end of the aliases; the asked one without. */
  readonly owner: Name;
  /** Names on the way, the asked one first; empty without aliases. */
  readonly aliases: readonly Name[];
  /** When the first signature of the data runs out, unix seconds; null without. */
  readonly signedUntil: number | null;
  /** NSEC and NSEC3 records that came with a denial, as text. */
  readonly denial: readonly string[];
  /** The zone that an SOA record named, with the TTL of its denials in seconds and its refresh. */
  readonly zone: { readonly name: Name; readonly negativeTtl: number; readonly refresh: number } | null;
}

/** Looks up, validated. Never rejects. */
export type LookUp = (name: Name, type: number) => Promise<Looked>;

/** RRsets of an answer, from wherever they came. */
interface LookedParts {
  readonly name: Name;
  readonly type: number;
  readonly rcode: number;
  readonly answer: readonly LookedSet[];
  readonly authority: readonly LookedSet[];
  readonly status: LookedStatus;
  readonly why: string | null;
}

interface LookedSet {
  readonly owner: Name;
  readonly type: number;
  readonly ttl: number;
  readonly rdatas: readonly Uint8Array[];
  readonly signatures: readonly Uint8Array[];
}

export function failedLookUp(name: Name, status: 'bogus' | 'failed', why: string): Looked {
  const nothing = { rdatas: [], ttl: null, aliases: [], signedUntil: null, denial: [], zone: null };
  return { ...nothing, status, why, outcome: 'none', owner: name };
}

/** What a resolution says. `now`: unix seconds. */
export function lookedOf(resolution: Resolution, now: number): Looked {
  const { question } = resolution;
  if (resolution.kind === 'failed') return failedLookUp(question.name, 'failed', failureText(resolution.why));
  const { verdict, rcode, answer, authority } = resolution;
  const { status, why } = statusOf(verdict);
  if (status === 'bogus' || status === 'failed') return failedLookUp(question.name, status, why ?? '');
  const { name, type } = question;
  const sets = (ranked: readonly RankedRRset[]): LookedSet[] => ranked.map((one) => setOf(one, now));
  return lookedFrom({ name, type, rcode, answer: sets(answer), authority: sets(authority), status, why });
}

function statusOf(verdict: Verdict | null): { readonly status: LookedStatus; readonly why: string | null } {
  if (verdict === null) return { status: 'insecure', why: 'not validated' };
  const status = verdict.status === 'indeterminate' ? 'failed' : verdict.status;
  return { status, why: status === 'secure' ? null : verdictText(verdict) };
}

function setOf({ rrset, expiresAt }: RankedRRset, now: number): LookedSet {
  const { owner, type, rdatas, signatures } = unpackRRset(rrset);
  return { owner, type, rdatas, signatures, ttl: Math.max(0, expiresAt - now) };
}

/** Follows the aliases of an answer and takes the data at their end. */
export function lookedFrom(parts: LookedParts): Looked {
  const { name, type, rcode, answer, authority, status, why } = parts;
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return failedLookUp(name, 'failed', `rcode ${rcode}`);
  const { owner, aliases } = followAliases(name, type, answer);
  const data = answer.find((set) => set.type === type && namesEqual(set.owner, owner));
  const outcome = data !== undefined ? 'data' : rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata';
  const ends = (data?.signatures ?? [])
    .map((rdata) => readRrsig(rdata)?.expiration ?? null)
    .filter((end) => end !== null);
  return {
    status,
    why,
    outcome,
    rdatas: data?.rdatas ?? [],
    ttl: data?.ttl ?? null,
    owner,
    aliases,
    signedUntil: ends.length === 0 ? null : Math.min(...ends),
    denial: data === undefined ? authority.filter(isDenial).flatMap(setTexts) : [],
    zone: zoneOf([...answer, ...authority]),
  };
}

function followAliases(name: Name, type: number, answer: readonly LookedSet[]): Pick<Looked, 'owner' | 'aliases'> {
  const aliases: Name[] = [];
  let owner = name;
  // As many steps as there are sets: a loop ends.
  for (let left = answer.length; left > 0 && type !== TYPE.CNAME; left--) {
    const alias = answer.find((set) => set.type === TYPE.CNAME && namesEqual(set.owner, owner));
    const target = alias?.rdatas[0] === undefined ? null : readTargetName(alias.rdatas[0]);
    if (target === null) break;
    aliases.push(owner);
    owner = target;
  }
  return { owner, aliases };
}

function isDenial({ type }: LookedSet): boolean {
  return type === TYPE.NSEC || type === TYPE.NSEC3;
}

function setTexts({ owner, type, rdatas }: LookedSet): string[] {
  return rdatas.map((rdata) => `${formatName(owner)} ${typeText(type)} ${formatRdata(type, rdata)}`);
}

function zoneOf(sets: readonly LookedSet[]): Looked['zone'] {
  const set = sets.find(({ type }) => type === TYPE.SOA);
  const soa = set?.rdatas[0] === undefined ? null : readSoa(set.rdatas[0]);
  if (set === undefined || soa === null) return null;
  // RFC 2308 §5: the lesser of both; the field alone here, since the TTL of a cached SOA has run down.
  return { name: set.owner, negativeTtl: soa.minimum, refresh: soa.refresh };
}
