/**
 * Builds the body of a reply from a resolution: header, question, sections, without OPT.
 *
 * Duties: flags (AD and CD by RFC 4035 §3.2 and RFC 6840 §5.7 to 5.9), which records a client gets (DNSSEC records only with
 * DO, RFC 4035 §3.2.1; minimal responses), TTLs as of now, rotation of addresses, truncation at RRset borders (RFC 2181 §9).
 * Leaves to others: OPT and extended errors (reply-opt.ts), what a failure is called (explain.ts).
 */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { EDE, type ExtendedError } from '../wire/ede.ts';
import type { MessageBuilder } from '../wire/message-builder.ts';
import type { Section } from '../wire/message-view.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import {
  packRRset,
  type RRset,
  rdataCount,
  rrsetOwner,
  rrsetType,
  signatureCount,
  unpackRRset,
} from '../wire/rrset.ts';
import { failsSentinel, isSentinelQuestion } from './key-sentinel.ts';

/** What of a client's query shapes the body of its reply. */
export interface ReplyShape {
  readonly id: number;
  /** As asked: the case of the name comes back (draft-vixie-dnsext-dns0x20). */
  readonly question: Question;
  /** The query's flags field: RD and CD are copied, AD is looked at. */
  readonly flags: number;
  readonly doBit: boolean;
  /** Largest body, octets; the OPT's room is already taken off. */
  readonly maxOctets: number;
}

/** The settings that shape all replies. */
export interface ReplySettings {
  readonly minimalResponses: boolean;
  readonly roundRobin: boolean;
  readonly ignoreCd: boolean;
  readonly permissive: boolean;
  /** Key tags of the root's trust anchors; null: root key sentinels are names like others. */
  readonly rootKeyTags: (() => ReadonlySet<number>) | null;
  /** TTLs are those that the servers gave, not what is left of them. */
  readonly originalTtl: boolean;
}

/** A body that was written. */
export interface BuiltReply {
  readonly length: number;
  readonly rcode: number;
  /** True when AD may be set for a client that wants it. */
  readonly secure: boolean;
  readonly truncated: boolean;
  /** Why, where the resolution does not say it. */
  readonly error?: ExtendedError;
}

/** Record types that a client without DO gets only when it asks for them (RFC 4035 §3.2.1, and as Unbound does). */
const DNSSEC_TYPES: ReadonlySet<number> = new Set([
  TYPE.SIG,
  TYPE.KEY,
  TYPE.NXT,
  TYPE.DS,
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.DNSKEY,
  TYPE.NSEC3,
  TYPE.NSEC3PARAM,
]);
const SENTINEL: ExtendedError = { code: EDE.OTHER, text: 'root key sentinel (RFC 8509)' };
const COPIED_FLAGS = FLAG.RD | FLAG.CD;

/** True when the client is to get SERVFAIL: a failure, or data that must not be shown (RFC 4035 §5.5). */
export function isWithheld(resolution: Resolution, flags: number, settings: ReplySettings): boolean {
  if (resolution.kind === 'failed') return true;
  const status = resolution.verdict?.status;
  // RFC 6840 §5.9: with CD the client validates by itself.
  if ((flags & FLAG.CD) !== 0 && !settings.ignoreCd) return false;
  if (status === 'bogus') return !settings.permissive;
  return status === 'indeterminate' && !settings.permissive;
}

/** True when a client with DO may get another body than one without: RFC 4035 §3.2.1 leaves DNSSEC records out for the latter. */
export function dependsOnDo({ answer, authority, additional }: Answered): boolean {
  return hasDnssecRecords(answer) || hasDnssecRecords(authority) || hasDnssecRecords(additional);
}

function hasDnssecRecords(sets: readonly RankedRRset[]): boolean {
  return sets.some(({ rrset }) => signatureCount(rrset) > 0 || DNSSEC_TYPES.has(rrsetType(rrset)));
}

/**
 * True when a client with CD may get another body than one without. Only what is proven, or known to have no proof, or was not
 * validated at all is shown to both, and of that the sentinels of RFC 8509 §3.1 are not.
 */
export function dependsOnCd({ verdict }: Answered, question: Question): boolean {
  const isForAll = verdict === null || verdict.status === 'secure' || verdict.status === 'insecure';
  return !isForAll || isSentinelQuestion(question);
}

/** Writes the body of the reply to `shape` into the builder's buffer. */
export function buildReply(
  builder: MessageBuilder,
  resolution: Resolution,
  shape: ReplyShape,
  settings: ReplySettings & { readonly now: number },
): BuiltReply {
  if (resolution.kind === 'failed' || isWithheld(resolution, shape.flags, settings)) {
    return buildRcode(builder, shape, RCODE.SERVFAIL);
  }
  if (settings.rootKeyTags !== null && failsSentinel(resolution, shape, settings.rootKeyTags)) {
    return { ...buildRcode(builder, shape, RCODE.SERVFAIL), error: SENTINEL };
  }
  const secure = isAuthentic(resolution);
  const authority = resolution.ofZone?.authoritative === true ? FLAG.AA : 0;
  const flags = authority | flagsOf(shape, secure);
  builder.start({ id: shape.id, flags, rcode: resolution.rcode });
  builder.limit(shape.maxOctets);
  builder.question(shape.question);
  const writer = new SectionWriter(builder, shape, settings);
  writer.section('answer', resolution.answer);
  if (!(settings.minimalResponses && isWholeWithoutRest(resolution, shape.question.type))) {
    writer.section('authority', resolution.authority);
    // What comes along with a denial (the SOA of a policy zone) is of no use to who asked.
    const isMinimalDenial = settings.minimalResponses && resolution.denied;
    if (!isMinimalDenial) writer.section('additional', resolution.additional);
  }
  if (builder.truncated) builder.setFlags(FLAG.TC);
  return { length: builder.finish(), rcode: resolution.rcode, secure, truncated: builder.truncated };
}

/** Writes a reply that is a response code and the question. */
function buildRcode(builder: MessageBuilder, shape: ReplyShape, rcode: number): BuiltReply {
  builder.start({ id: shape.id, flags: FLAG.QR | FLAG.RA | (shape.flags & COPIED_FLAGS), rcode });
  builder.limit(shape.maxOctets);
  builder.question(shape.question);
  return { length: builder.finish(), rcode, secure: false, truncated: false };
}

/** RFC 4035 §3.2.3: AD says that answer and authority are authentic; there must be something that is. */
function isAuthentic(answered: Answered): boolean {
  return answered.verdict?.status === 'secure' && answered.answer.length + answered.authority.length > 0;
}

/** The flags of a reply to that query. `secure`: all that it says is. */
export function flagsOf(shape: Pick<ReplyShape, 'flags' | 'doBit'>, secure: boolean): number {
  return FLAG.QR | FLAG.RA | (shape.flags & COPIED_FLAGS) | (secure && wantsAd(shape) ? FLAG.AD : 0);
}

/** RFC 6840 §5.7 and §5.8: AD is for clients that set DO or AD. */
function wantsAd(shape: Pick<ReplyShape, 'flags' | 'doBit'>): boolean {
  return shape.doBit || (shape.flags & FLAG.AD) !== 0;
}

/**
 * True for a positive answer that needs no further section. Kept whole: NS answers, whose addresses are wanted, and
 * wildcard answers, whose denial proof stands in the authority section.
 */
function isWholeWithoutRest({ rcode, answer, authority }: Answered, type: number): boolean {
  if (rcode !== RCODE.NOERROR || type === TYPE.NS) return false;
  if (!answer.some((ranked) => rrsetType(ranked.rrset) === type)) return false;
  return !authority.some(({ rrset }) => rrsetType(rrset) === TYPE.NSEC || rrsetType(rrset) === TYPE.NSEC3);
}

/** Writes sections with what is the same for all of them. */
class SectionWriter {
  readonly #builder: MessageBuilder;
  readonly #shape: ReplyShape;
  readonly #settings: ReplySettings & { readonly now: number };

  constructor(builder: MessageBuilder, shape: ReplyShape, settings: ReplySettings & { readonly now: number }) {
    this.#builder = builder;
    this.#shape = shape;
    this.#settings = settings;
  }

  section(section: Section, sets: readonly RankedRRset[]): void {
    const { doBit } = this.#shape;
    const withSignatures = doBit || this.#isAskedFor(section, TYPE.RRSIG);
    for (const ranked of sets) {
      const type = rrsetType(ranked.rrset);
      if (!doBit && DNSSEC_TYPES.has(type) && !this.#isAskedFor(section, type)) continue;
      const { now, originalTtl } = this.#settings;
      const ttl = originalTtl ? ranked.originalTtl : Math.max(0, ranked.expiresAt - now);
      const options = { withSignatures, owner: this.#ownerOf(ranked.rrset) };
      this.#builder.rrset(section, this.#rotated(ranked.rrset, type), ttl, options);
      // RFC 2181 §9: what does not fit ends the message.
      if (this.#builder.truncated) return;
    }
  }

  #isAskedFor(section: Section, type: number): boolean {
    const asked = this.#shape.question.type;
    return section === 'answer' && (asked === TYPE.ANY || asked === type);
  }

  /** The owner in the case of the question, where they are the same name. */
  #ownerOf(rrset: RRset): Name {
    const owner = rrsetOwner(rrset);
    return namesEqual(owner, this.#shape.question.name) ? this.#shape.question.name : owner;
  }

  /** Addresses start at another one for each id, so that clients spread over them. */
  #rotated(rrset: RRset, type: number): RRset {
    if (!this.#settings.roundRobin || (type !== TYPE.A && type !== TYPE.AAAA)) return rrset;
    const count = rdataCount(rrset);
    const by = count < 2 ? 0 : this.#shape.id % count;
    if (by === 0) return rrset;
    const parts = unpackRRset(rrset);
    return packRRset({ ...parts, rdatas: [...parts.rdatas.slice(by), ...parts.rdatas.slice(0, by)] });
  }
}
