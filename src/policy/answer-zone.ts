/**
 * What a local zone answers: its records first, then what its type says of names and types without any.
 *
 * The types are those of unbound.conf's local-zone; AA is set and nothing is signed. No wildcards, no delegations, no
 * additional section: local data is what was written.
 * Leaves to others: which zone it is (local-zones.ts), who asks (client-policy.ts).
 */

import { unreachable } from '../terms/unreachable.ts';
import { concatBytes } from '../wire/bytes.ts';
import { EDE, type ExtendedError } from '../wire/ede.ts';
import { isWildcard, MAX_NAME_OCTETS, type Name, parentOf } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, rdatasOf, rrsetType, withOwner } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import type { LocalAnswer, LocalReply } from './local-reply.ts';
import { isRedirect, type LocalName, type LocalZone, type ZoneType } from './local-zone.ts';

/** TTL of the null addresses of always_null zones, seconds (Unbound's). */
const NULL_TTL_SECONDS = 3600;
const TOO_LONG: ExtendedError = { code: EDE.OTHER, text: 'DNAME expansion became too large' };

interface ZoneQuestion {
  readonly question: Question;
  /** The zone's own type, or the one that a tag or netblock gives it for the client. */
  readonly type: ZoneType;
  /** Records that a tag gives the client in place of the zone's (access-control-tag-data); null: none. */
  readonly tagData: readonly TimedRRset[] | null;
}

/** A reply without records. */
export function emptyReply(rcode: number, setFlags: number = FLAG.AA): LocalAnswer {
  return { kind: 'reply', rcode, setFlags, clearFlags: 0, answer: [], authority: [], error: null };
}

/** What the zone makes of the question; null: nothing, it is to be resolved. */
export function answerFromZone(zone: LocalZone, asked: ZoneQuestion): LocalReply | null {
  if (hasRecords(asked.type)) {
    const fromData = answerFromData(zone, asked);
    if (fromData !== null) return fromData;
  }
  return answerWithoutData(zone, asked);
}

/** Types that act whatever records the zone holds. */
function hasRecords(type: ZoneType): boolean {
  if (type === 'block_a' || type === 'block_aaaa' || type === 'truncate') return false;
  return !type.startsWith('always_') || type === 'always_null';
}

function answerFromData(zone: LocalZone, { question, type, tagData }: ZoneQuestion): LocalReply | null {
  const fromTag = isRedirect(type) && tagData !== null ? recordFor(tagData, question.type) : null;
  const found = fromTag ?? recordFor(recordsAt(nodeFor(zone, question.name, type)), question.type);
  if (found === null) return null;
  if (isRedirect(type) && rrsetType(found.rrset) === TYPE.CNAME && question.type !== TYPE.CNAME) {
    return aliasReply(question, found);
  }
  return { ...emptyReply(RCODE.NOERROR), answer: [{ ttl: found.ttl, rrset: withOwner(found.rrset, question.name) }] };
}

function recordsAt(name: LocalName | null): readonly TimedRRset[] {
  return name === null ? [] : name.sets.list();
}

/** The set of the type asked for or the CNAME that stands for it, whichever was written first. */
export function recordFor(rrsets: readonly TimedRRset[], type: number): TimedRRset | null {
  return rrsets.find(({ rrset }) => rrsetType(rrset) === type || rrsetType(rrset) === TYPE.CNAME) ?? null;
}

/** A redirect zone answers with what stands at its top. */
function nodeFor(zone: LocalZone, name: Name, type: ZoneType): LocalName | null {
  return zone.find(isRedirect(type) ? zone.name : name);
}

/** The reply that is an alias: a target `*.rest` stands for the name asked for, put before `rest`. */
export function aliasReply(question: Question, cname: TimedRRset): LocalReply | null {
  const rdata = rdatasOf(cname.rrset)[0];
  const written = rdata === undefined ? null : readTargetName(rdata);
  if (written === null) return null;
  const target = isWildcard(written) ? expanded(question.name, parentOf(written)) : written;
  // RFC 6672 §2.2: a name that becomes too long is YXDOMAIN.
  if (target === null) return { ...emptyReply(RCODE.YXDOMAIN), error: TOO_LONG };
  const rrset = packRRset({
    owner: question.name,
    type: TYPE.CNAME,
    class: CLASS.IN,
    rdatas: [target],
    signatures: [],
  });
  return { kind: 'alias', alias: { rrset, ttl: cname.ttl }, target };
}

function expanded(name: Name, rest: Name): Name | null {
  const octets = concatBytes(name.subarray(0, name.length - 1), rest);
  // Labels of two names, one root: well-formed by construction unless too long.
  return octets.length > MAX_NAME_OCTETS ? null : (octets as Name);
}

/** What the type says of a name or type without record. */
function answerWithoutData(zone: LocalZone, { question, type }: ZoneQuestion): LocalReply | null {
  switch (type) {
    case 'deny':
    case 'inform_deny':
    case 'always_deny':
      return { kind: 'drop' };
    case 'refuse':
    case 'always_refuse':
      return emptyReply(RCODE.REFUSED);
    case 'static':
    case 'always_nxdomain':
      return negative(zone, type === 'static' && zone.find(question.name) !== null ? RCODE.NOERROR : RCODE.NXDOMAIN);
    case 'redirect':
    case 'inform_redirect':
    case 'always_nodata':
      return negative(zone, RCODE.NOERROR);
    case 'block_a':
    case 'block_a_wdata':
      return question.type === TYPE.A ? emptyReply(RCODE.NOERROR) : null;
    case 'block_aaaa':
    case 'block_aaaa_wdata':
      return question.type === TYPE.AAAA ? emptyReply(RCODE.NOERROR) : null;
    case 'always_null':
      return nullReply(question);
    case 'truncate':
      return emptyReply(RCODE.NOERROR, FLAG.AA | FLAG.TC);
    case 'transparent':
    case 'inform':
      return recordsAt(zone.find(question.name)).length > 0 ? negative(zone, RCODE.NOERROR) : null;
    case 'typetransparent':
    case 'always_transparent':
    case 'noview':
    case 'ipset':
      return null;
    default:
      return unreachable(type);
  }
}

/** A denial, with the zone's SOA where it has one (RFC 2308 §3). */
function negative({ negativeSoa }: LocalZone, rcode: number): LocalAnswer {
  return { ...emptyReply(rcode), authority: negativeSoa === null ? [] : [negativeSoa] };
}

/** The address that is none, for lists of names to be blocked. */
export function nullReply({ name, type }: Question): LocalAnswer {
  const octets = type === TYPE.A ? 4 : type === TYPE.AAAA ? 16 : 0;
  if (octets === 0) return emptyReply(RCODE.NOERROR);
  const rrset = packRRset({ owner: name, type, class: CLASS.IN, rdatas: [new Uint8Array(octets)], signatures: [] });
  return { ...emptyReply(RCODE.NOERROR), answer: [{ rrset, ttl: NULL_TTL_SECONDS }] };
}

/**
 * True when a zone says nothing about the question, so that a zone further out may: transparent zones without a record for
 * it (used for views, RFC-less: Unbound's local_zone_does_not_cover).
 */
export function leavesOpen(zone: LocalZone, { name, type }: Question): boolean {
  switch (zone.type) {
    case 'always_transparent':
      return true;
    case 'block_a':
    case 'block_a_wdata':
      return type !== TYPE.A && !hasRecord(zone, name, type);
    case 'block_aaaa':
    case 'block_aaaa_wdata':
      return type !== TYPE.AAAA && !hasRecord(zone, name, type);
    case 'transparent':
    case 'inform':
      return zone.find(name) === null;
    case 'typetransparent':
      return !hasRecord(zone, name, type);
    default:
      return false;
  }
}

function hasRecord(zone: LocalZone, name: Name, type: number): boolean {
  return hasRecords(zone.type) && recordFor(recordsAt(zone.find(name)), type) !== null;
}
