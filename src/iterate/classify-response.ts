/**
 * What a scrubbed response is: a pure function of the response and of who was asked what.
 *
 * Duties: tell answers, denials, referrals, aliases, lame servers and unusable replies apart.
 * Leaves to others: acting on it.
 */

import type { ServerOutcome } from '../terms/server-outcome.ts';
import { isAtOrBelow, isBelow, type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import { signatureCount } from '../wire/rrset.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';
import type { Scrubbed } from './scrub.ts';

/** What the classification looks at. */
interface ResponseFacts {
  readonly rcode: number;
  /** AA. */
  readonly isAuthoritative: boolean;
  /** RA. */
  readonly offersRecursion: boolean;
  /** RD was set: a server that recurses is not lame for it. */
  readonly askedForRecursion: boolean;
  /** The server is a forwarder: it answers, and refers to nobody. */
  readonly isForwarder: boolean;
  readonly question: Question;
  readonly zone: Name;
  readonly scrubbed: Scrubbed;
}

export type Classified =
  | { readonly kind: 'answer' }
  | { readonly kind: 'denial'; readonly denial: 'nxdomain' | 'nodata' }
  /** Below the zone asked only. */
  | { readonly kind: 'referral'; readonly zone: Name; readonly servers: KeyedRRset }
  /** The chain ends at a name that the response does not speak of (or denies: that is to be asked anew). */
  | { readonly kind: 'alias' }
  /** RFC 6672 §2.2: a DNAME that makes too long a name. */
  | { readonly kind: 'yxdomain' }
  | { readonly kind: 'lame'; readonly how: 'not-authoritative' | 'recursive' | 'upward-referral' }
  /** No record at all: some servers do so for NODATA, others when they are broken. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unusable'; readonly outcome: ServerOutcome };

const CONCLUSIVE: ReadonlySet<number> = new Set([RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.YXDOMAIN]);

export function classifyResponse(facts: ResponseFacts): Classified {
  const { rcode, scrubbed } = facts;
  const { chain } = scrubbed;
  if (!CONCLUSIVE.has(rcode)) return { kind: 'unusable', outcome: outcomeOf(rcode) };
  if (scrubbed.wasLost) return { kind: 'unusable', outcome: 'malformed' };
  if (chain.trouble === 'malformed') return { kind: 'unusable', outcome: 'alias-unusable' };
  if (chain.trouble === 'too-long') return { kind: 'yxdomain' };
  // RFC 6672 §2.2: YXDOMAIN speaks of a DNAME that makes too long a name; without one it says nothing.
  if (rcode === RCODE.YXDOMAIN) return { kind: 'unusable', outcome: outcomeOf(rcode) };
  if (rcode === RCODE.NXDOMAIN) return classifyNxdomain(facts);
  // RFC 2181 §5.4.1: with AA set the answer section is the zone's own word.
  if (chain.data.length > 0 && facts.isAuthoritative) return { kind: 'answer' };
  if (chain.data.length === 0 && chain.steps.length > 0) return { kind: 'alias' };
  return classifyWithoutData(facts);
}

/** True for a server that recursed though nobody asked it to: it speaks from its cache, not for the zone. */
function recursed(facts: ResponseFacts): boolean {
  return facts.offersRecursion && !facts.isAuthoritative && !facts.askedForRecursion;
}

function classifyNxdomain(facts: ResponseFacts): Classified {
  if (recursed(facts)) return { kind: 'lame', how: 'recursive' };
  const { chain } = facts.scrubbed;
  if (chain.data.length > 0) return { kind: 'answer' };
  // RFC 2308 §2.1: with aliases the NXDOMAIN is about the end of the chain, which is asked for by itself.
  return chain.steps.length > 0 ? { kind: 'alias' } : { kind: 'denial', denial: 'nxdomain' };
}

/** NOERROR without authoritative data: NODATA, referral, or a server that should not have been asked. */
function classifyWithoutData(facts: ResponseFacts): Classified {
  const { chain, authority, wasEmpty } = facts.scrubbed;
  const natural: Classified = chain.data.length > 0 ? { kind: 'answer' } : { kind: 'denial', denial: 'nodata' };
  // RFC 2308 §2.2: an SOA in the authority section marks a NODATA answer.
  const hasSoa = authority.some((group) => group.type === TYPE.SOA && isAtOrBelow(facts.question.name, group.owner));
  if (hasSoa) return recursed(facts) ? { kind: 'lame', how: 'recursive' } : natural;
  for (const group of authority) {
    const classified = group.type === TYPE.NS ? classifyByNs(group, facts, natural) : null;
    if (classified !== null) return classified;
  }
  if (recursed(facts)) return { kind: 'lame', how: 'recursive' };
  return wasEmpty ? { kind: 'empty' } : natural;
}

/** What an NS set in the authority section makes of a response; null when it says nothing. */
function classifyByNs(group: KeyedRRset, facts: ResponseFacts, natural: Classified): Classified | null {
  const { zone, question, askedForRecursion, isForwarder } = facts;
  if (namesEqual(group.owner, zone)) {
    if (recursed(facts)) return { kind: 'lame', how: 'recursive' };
    // RFC 2308 §2.2.1: a referral to the same zone without AA is no NODATA; this server does not know the zone.
    const isLame = natural.kind === 'denial' && !facts.isAuthoritative && !askedForRecursion;
    return isLame ? { kind: 'lame', how: 'not-authoritative' } : natural;
  }
  if (isAtOrBelow(zone, group.owner)) return { kind: 'lame', how: 'upward-referral' };
  if (!isBelow(group.owner, zone)) return null;
  if (isForwarder) return natural;
  if (!isAtOrBelow(question.name, group.owner)) return null;
  return { kind: 'referral', zone: group.owner, servers: group };
}

function outcomeOf(rcode: number): ServerOutcome {
  switch (rcode) {
    case RCODE.FORMERR:
      return 'formerr';
    case RCODE.SERVFAIL:
      return 'servfail';
    case RCODE.NOTIMP:
      return 'notimp';
    case RCODE.REFUSED:
      return 'refused';
    default:
      return 'rcode-unusable';
  }
}

/** True when anything in the response is signed or proves a denial: the server gives DNSSEC records. */
export function hasSignatures({ chain, authority }: Scrubbed): boolean {
  for (const { alias } of chain.steps) if (isOfDnssec(alias)) return true;
  return chain.data.some(isOfDnssec) || authority.some(isOfDnssec);
}

function isOfDnssec({ type, rrset }: KeyedRRset): boolean {
  return type === TYPE.RRSIG || type === TYPE.NSEC3 || signatureCount(rrset) > 0;
}
