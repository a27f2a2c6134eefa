/** What iteration is made of and how it is called: the room's interface. */

import type { KnownAnswer } from '../cache/cached-answer.ts';
import type { DelegationCache } from '../cache/delegation-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { ServerCache } from '../cache/server-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Network } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { FoundResult, IterationResult } from '../terms/iteration-result.ts';
import type { ZoneCopies } from '../terms/upstream-zone.ts';
import type { Counters } from '../trace/counters.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import type { Fetch } from '../work/fetch.ts';
import type { Taker } from '../work/taker.ts';
import type { TurnLimiter } from '../work/turn-limiter.ts';
import type { Work } from '../work/work.ts';
import type { AddressQueries } from './address-queries.ts';
import type { AddressRules } from './address-rules.ts';
import type { NamesUnderWay } from './names-under-way.ts';
import type { IterateOptions } from './options.ts';
import type { PublishedKeys } from './server-identity.ts';
import type { Upstream } from './upstream.ts';

export interface IterateParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly rrsets: RRsetCache;
  readonly delegations: DelegationCache;
  readonly servers: ServerCache;
  /** Asks another question as a child of the work: addresses of servers, the root's own servers. */
  readonly fetch: Fetch;
  /** A fresh whole answer, checked or not; null when there is none. */
  readonly findCached: (question: Question) => KnownAnswer | null;
  /** True when the servers of the zone should give signatures (an anchor or a secure chain says so). */
  readonly expectsSignatures: (zone: Name) => boolean;
  readonly options: IterateOptions;
  readonly counters: Counters;
  /** Copies of zones that are used in place of servers; absent: there are none. */
  readonly copies?: ZoneCopies;
  /** Addresses that came along with another answer and are signed, checked or not; absent: none are used. */
  readonly signedAddresses?: (question: Question) => FoundResult | null;
  /** How often zones are asked (ratelimit); absent: as often as need be. */
  readonly zoneRates?: ZoneRateGate;
  /** Starts fetching the keys of a zone that a referral says is signed (prefetch-key); absent: they are fetched when needed. */
  readonly prefetchKey?: (work: Work, zone: Name) => void;
  /** Keys that servers of forward-tls-dane publish; absent: there are no such zones. */
  readonly publishedKeys?: PublishedKeys;
  /** The way out; the room makes one of its own when none is given. */
  readonly upstream?: Upstream;
}

/** The same with the way out, and what all iterative queries share: their pace, and which addresses may be asked. */
export interface IterativeQueryParts extends IterateParts {
  readonly upstream: Upstream;
  readonly pace: TurnLimiter;
  readonly addressRules: AddressRules;
  readonly addressQueries: AddressQueries;
  readonly namesUnderWay: NamesUnderWay;
}

/** Counts questions to the servers of zones. */
export interface ZoneRateGate {
  /** Counts one more; `let-through`: exceeded, but this question may go on by chance, and need not be counted any more. */
  count(zone: Name): 'ok' | 'let-through' | 'exceeded';
}

/** What changes about one call. */
export interface IterateCallOptions {
  /** Servers (`ip@port`) whose data was bad: not asked again, and data of theirs in the cache is not used. */
  readonly avoid?: ReadonlySet<string>;
  /** False: a CNAME or DNAME is the end (DS and DNSKEY questions of the validator). Default true. */
  readonly followAliases?: boolean;
  /** True: answers in the cache are not used, and what comes replaces them (prefetch). Default false. */
  readonly refresh?: boolean;
  /** True: the caches were just asked for the whole answer to the question and have none to use. Default false. */
  readonly isLookedUp?: boolean;
  /** True: the caller validates what it gets, and asks again without this when `signedAddresses` were not secure. Default false. */
  readonly mayUseAlong?: boolean;
  /** Delegations that do not hold for so many seconds more are asked for anew. Default 0. */
  readonly expiryMarginSeconds?: number;
}

/** What one iterative query asks, and whom not. */
export interface IterativeQueryOptions
  extends Required<Pick<IterateCallOptions, 'avoid' | 'refresh' | 'expiryMarginSeconds' | 'mayUseAlong'>> {
  readonly question: Question;
}

/**
 * Asks the tree for the work's question: what comes of it, where that is known at once; null: the asker is told, after this has
 * returned. It is told of a failure only by `Cancelled`.
 */
export type Iterate = (work: Work, call: IterateCallOptions, asker: Taker<IterationResult>) => IterationResult | null;
