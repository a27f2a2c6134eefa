/**
 * The way down the tree for one name: ask servers of the deepest zone known, follow referrals, until somebody answers.
 *
 * Duties: the loop of choosing, asking, classifying and acting; one small method per class of response; limits.
 * Leaves to others: aliases across names (iterate.ts), waiting for packets (exchange.ts), judging (classify-response.ts).
 */

import type { Failure } from '../terms/failure.ts';
import type { AliasStep, End, Found } from '../terms/found.ts';
import type { Limit } from '../terms/limit.ts';
import type { ServerOutcome } from '../terms/server-outcome.ts';
import { unreachable } from '../terms/unreachable.ts';
import { parseMessage } from '../wire/message-view.ts';
import { isAtOrBelow, isBelow, type Name, namesEqual, parentOf } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { RRsetGroup } from '../wire/rrsets.ts';
import type { Work } from '../work/work.ts';
import { type Classified, classifyResponse, hasSignatures } from './classify-response.ts';
import { serversOfDelegation, serversOfHints, startFor, type ZoneServers } from './delegation.ts';
import { expiryOf, keepReferral, keepResponse, type ResponseSource } from './keep-response.ts';
import { adoptOtherSides, goUp } from './last-resort.ts';
import { Minimiser } from './minimise.ts';
import type { ConfiguredZone, IterateOptions, UpstreamTransport } from './options.ts';
import type { DescentParts, IterateParts } from './parts.ts';
import { prime } from './priming.ts';
import { type Scrubbed, scrub } from './scrub.ts';
import { type Candidate, candidateOf, chooseServer } from './server-selection.ts';
import { closestConfigured } from './stub-and-forward.ts';
import { lookUpTargets } from './target-addresses.ts';
import type { Exchanged } from './upstream-room.ts';
import { whyNoServer } from './why-no-server.ts';
import type { ZoneCopy } from './zone-copies.ts';

/** Timeouts of minimised questions until the full name is sent (Unbound MAX_MINIMISE_TIMEOUT_COUNT). */
const MINIMISED_TIMEOUTS = 3;
/** Responses without any record until that counts as "no such data" (Unbound EMPTY_NODATA_RETRY_COUNT). */
const EMPTY_RESPONSES = 2;
/** Servers found to strip signatures until what they say is taken as it is (Unbound DNSSEC_LAME_DETECT_COUNT). */
const DNSSEC_LAME_SERVERS = 4;

/** How one name ended. */
export type Outcome =
  | { readonly kind: 'end'; readonly steps: readonly AliasStep[]; readonly end: End }
  | { readonly kind: 'alias'; readonly steps: readonly AliasStep[] }
  | Extract<Found, { readonly kind: 'failed' }>;

/** A response that may be acted upon. */
interface Response {
  readonly candidate: Candidate;
  readonly asked: Question;
  readonly isFull: boolean;
  readonly scrubbed: Scrubbed;
  readonly classified: Classified;
  readonly rcode: number;
  readonly isAuthoritative: boolean;
}

/** What is asked, and whom not. */
export interface DescentStart {
  readonly question: Question;
  readonly avoid: ReadonlySet<string>;
  /** What comes replaces what is cached. */
  readonly refresh: boolean;
  /** Delegations that do not hold for so many seconds more are asked for anew. */
  readonly carrySeconds: number;
}

/** One descent. Used once. */
export class Descent {
  readonly #parts: DescentParts;
  readonly #work: Work;
  readonly #question: Question;
  readonly #avoid: ReadonlySet<string>;
  readonly #refresh: boolean;
  readonly #carrySeconds: number;
  readonly #ignored = new Set<ConfiguredZone>();
  #minimiser: Minimiser;
  #servers!: ZoneServers;
  /** False at and below a zone whose servers' words are used once (stub-no-cache, forward-no-cache). */
  #mayStore = true;
  #sent = 0;
  #referrals = 0;
  #minimisedTimeouts = 0;
  #emptyResponses = 0;
  #dnssecLame = 0;
  /** The rate of a zone was exceeded, and this question let through by chance: it is not counted any more. */
  #isExempt = false;
  /** Unsigned where signatures were expected: used when no server does better. */
  #spare: Response | null = null;
  #wentUp = false;

  constructor(parts: DescentParts, work: Work, { question, avoid, refresh, carrySeconds }: DescentStart) {
    this.#parts = parts;
    this.#work = work;
    this.#question = question;
    this.#avoid = avoid;
    this.#refresh = refresh;
    this.#carrySeconds = carrySeconds;
    this.#minimiser = this.#newMinimiser();
  }

  /** Goes down until somebody answers. Rejects with `Cancelled` only. */
  async run(): Promise<Outcome> {
    await this.#parts.pace.step();
    const started = await this.#start();
    if (started !== null) return started;
    for (;;) {
      const limit = this.#exceeded();
      if (limit !== null) return this.#failed(limit);
      const { copy } = this.#servers;
      if (copy !== null) {
        const outcome = this.#askCopy(copy);
        if (outcome !== null) return outcome;
        continue;
      }
      const choice = await this.#nextServer();
      if (choice.kind === 'failed') return choice;
      if (choice.kind === 'restart') continue;
      const outcome = choice.kind === 'spare' ? this.#act(choice.response) : await this.#ask(choice.candidate);
      if (outcome !== null) return outcome;
    }
  }

  #newMinimiser(): Minimiser {
    const { options, delegations, findCached } = this.#parts;
    const isClients = this.#work.parent === null;
    return new Minimiser(this.#question, options.minimisation, {
      isKnownNoCut: (name) => delegations.isNoCut(name),
      asksForAFirst: isClients && findCached({ ...this.#question, type: TYPE.A }) === null,
    });
  }

  /** Finds where to start; not null when that fails. */
  async #start(): Promise<Outcome | null> {
    let start = startFor(this.#question, this.#ignored, this.#startParts(), this.#carrySeconds);
    if (start.kind === 'prime') {
      const why = await prime(this.#parts, this.#work, start.zone);
      if (why !== null && why.kind !== 'all-servers-lame' && why.kind !== 'dependency-cycle') return this.#failed(why);
      start = startFor(this.#question, this.#ignored, this.#startParts(), this.#carrySeconds);
    }
    // Priming that gave nothing: the hints themselves are all there is.
    this.#enter(start.kind === 'servers' ? start.servers : serversOfHints(this.#parts.options));
    return null;
  }

  #startParts(): IterateParts & { readonly avoid: ReadonlySet<string> } {
    return { ...this.#parts, avoid: this.#avoid };
  }

  #enter(servers: ZoneServers): void {
    this.#servers = servers;
    const { configuredZones } = this.#parts.options;
    this.#mayStore = closestConfigured(configuredZones, servers.zone, this.#ignored)?.noCache !== true;
    this.#sent = 0;
    this.#minimisedTimeouts = 0;
    this.#emptyResponses = 0;
    this.#dnssecLame = 0;
    this.#spare = null;
    if (servers.isForward) this.#minimiser.giveUp();
    this.#minimiser.enter(servers.zone);
    const { zone, source, targets, candidates } = servers;
    const count = Math.max(targets.length, candidates.length);
    this.#note(() => ({ kind: 'delegation', zone, source, targets: count }));
  }

  #note(step: Parameters<Work['note']>[1]): void {
    this.#work.note(this.#parts.clock.monotonicMs(), step);
  }

  #exceeded(): Failure | null {
    const { options, clock } = this.#parts;
    if (clock.monotonicMs() >= this.#work.deadlineMs) return { kind: 'deadline' };
    if (this.#sent >= options.maxSentCount) return { kind: 'limit', limit: 'sent-count' };
    if (this.#referrals > options.maxReferrals) return { kind: 'limit', limit: 'referrals' };
    return null;
  }

  #failed(why: Failure): Extract<Outcome, { readonly kind: 'failed' }> {
    if (why.kind === 'limit') this.#note(() => ({ kind: 'limit', limit: why.limit }));
    return this.#mayStore ? { kind: 'failed', why } : { kind: 'failed', why, notKept: true };
  }

  /** Waits until there is a server to ask, or none can be found any more. */
  async #nextServer(): Promise<
    | { readonly kind: 'server'; readonly candidate: Candidate }
    | { readonly kind: 'spare'; readonly response: Response }
    | { readonly kind: 'restart' }
    | { readonly kind: 'failed'; readonly why: Failure }
  > {
    for (;;) {
      const servers = this.#servers;
      const candidate = chooseServer(servers.candidates, servers.zone, this.#avoid, this.#parts);
      const spare = this.#spare;
      const isNoBetter = spare !== null && candidate?.isDnssecLame === true;
      if (candidate !== null && !isNoBetter) return { kind: 'server', candidate };
      if (servers.running.size > 0) {
        await Promise.race(servers.running);
        continue;
      }
      const lookup = lookUpTargets(this.#parts, this.#work, servers);
      if (lookup === 'under-way') continue;
      if (spare !== null) return { kind: 'spare', response: spare };
      if (adoptOtherSides(this.#parts, servers)) continue;
      const limit = lookup === 'nothing-left' ? null : lookup.limit;
      return await this.#goElsewhere(limit);
    }
  }

  /** No server of the zone is left: start anew above or beside, or give up. */
  async #goElsewhere(
    limit: Limit | null,
  ): Promise<{ readonly kind: 'restart' } | { readonly kind: 'failed'; readonly why: Failure }> {
    const { configured } = this.#servers;
    if (configured?.first === true && !this.#ignored.has(configured)) {
      this.#ignored.add(configured);
    } else if (!this.#wentUp && this.#avoid.size === 0 && goUp(this.#parts, this.#servers)) {
      this.#wentUp = true;
    } else {
      return this.#failed(limit === null ? whyNoServer(this.#servers) : { kind: 'limit', limit });
    }
    this.#minimiser = this.#newMinimiser();
    const failed = await this.#start();
    return failed?.kind === 'failed' ? failed : { kind: 'restart' };
  }

  /** Asks the copy of the zone that is held here, with the full name: nobody is told. Null when a referral was followed. */
  #askCopy(copy: ZoneCopy): Outcome | null {
    const unusable = this.#failed({ kind: 'zone-unusable', zone: formatName(copy.zone) });
    const octets = copy.respond(this.#question);
    const parsed = octets === null ? null : parseMessage(octets);
    if (parsed === null || !parsed.ok) return unusable;
    const exchanged = { kind: 'response', message: parsed.message, transport: 'udp', rttMs: 0 } as const;
    const candidate = { ...candidateOf({ ip: '', port: 0 }), key: copy.key };
    const before = this.#servers;
    const response = this.#read(exchanged, { candidate, asked: this.#question, isFull: true, recursion: false });
    const outcome = this.#act(response);
    return outcome === null && this.#servers === before ? unusable : outcome;
  }

  /** Asks one server; null when the loop must go on. */
  async #ask(candidate: Candidate): Promise<Outcome | null> {
    const { servers: known, clock, upstream } = this.#parts;
    if (this.#isTooOften()) return this.#failed({ kind: 'rate-limited', zone: formatName(this.#servers.zone) });
    if (!this.#work.budget.spend('upstream-queries')) return this.#failed({ kind: 'limit', limit: 'upstream-queries' });
    this.#sent++;
    candidate.attempts++;
    const { zone, configured, isForward } = this.#servers;
    const recursion = isForward || known.lameness(candidate.key, zone) === 'recursion-lame';
    const question = this.#minimiser.current;
    const { isFull } = this.#minimiser;
    const transport = transportOf(configured, this.#parts.options);
    this.#note(() => ({ kind: 'ask', zone, server: candidate.key, question, transport }));
    const { address, key, tlsName } = candidate;
    const asked = { server: address, key, tlsName, zone, question, recursion, transport };
    const exchanged = await upstream.ask(this.#work, asked);
    await this.#parts.pace.step();
    if (exchanged.kind === 'failed') return this.#noteSilence(candidate, exchanged.outcome);
    const response = this.#read(exchanged, { candidate, asked: question, isFull, recursion });
    const { classified } = response;
    const { rttMs } = exchanged;
    this.#note(() => ({ kind: 'response', server: candidate.key, rttMs, classified: classified.kind }));
    if (clock.monotonicMs() >= this.#work.deadlineMs && classified.kind !== 'answer') return null;
    return this.#isStripped(response) ? null : this.#act(response);
  }

  /** Counts a question to the zone; true when its rate is exceeded. Forwarders stand for no zone, and are not counted. */
  #isTooOften(): boolean {
    const { zoneRates, counters } = this.#parts;
    if (zoneRates === undefined || this.#isExempt || this.#servers.isForward) return false;
    const rate = zoneRates.count(this.#servers.zone);
    this.#isExempt = rate === 'let-through';
    if (rate === 'exceeded') counters.add('ratelimit.zone');
    return rate === 'exceeded';
  }

  #noteSilence(candidate: Candidate, outcome: ServerOutcome): null {
    this.#servers.failures.push(`${candidate.key} ${outcome}`);
    this.#note(() => ({ kind: 'exchange-failed', server: candidate.key, outcome }));
    if (outcome === 'timeout') {
      candidate.silences++;
      if (!this.#minimiser.isFull && ++this.#minimisedTimeouts >= MINIMISED_TIMEOUTS) this.#giveUpMinimising();
    } else {
      candidate.isUseless = true;
    }
    return null;
  }

  #giveUpMinimising(): void {
    if (this.#parts.options.minimisation !== 'strict') this.#minimiser.giveUp();
  }

  #read(
    exchanged: Extract<Exchanged, { kind: 'response' }>,
    from: Pick<Response, 'candidate' | 'asked' | 'isFull'> & { readonly recursion: boolean },
  ): Response {
    const { message } = exchanged;
    const { zone } = this.#servers;
    const scrubbed = scrub(message, {
      question: from.asked,
      zone,
      options: this.#parts.options,
      ...(this.#parts.copies === undefined ? {} : { copies: this.#parts.copies }),
      isJudged: this.#servers.hasDs || this.#parts.expectsSignatures(zone),
      isInZone: (name) => this.#isInZone(name, from.asked.name),
      onDropped: (_section, { owner, type }, why) => this.#note(() => ({ kind: 'scrubbed', owner, type, why })),
    });
    const isAuthoritative = message.has(FLAG.AA);
    const classified = classifyResponse({
      rcode: message.rcode,
      isAuthoritative,
      offersRecursion: message.has(FLAG.RA),
      askedForRecursion: from.recursion,
      isForwarder: this.#servers.isForward,
      question: from.asked,
      zone,
      scrubbed,
    });
    return { ...from, scrubbed, classified, rcode: message.rcode, isAuthoritative };
  }

  /**
   * True when no zone cut lies between the zone asked and a name below it, as is known from other answers or from this one to
   * `asked`. A forwarder and a held copy see to that themselves.
   */
  #isInZone(name: Name, asked: Name): boolean {
    const { zone, isForward, copy } = this.#servers;
    if (isForward || copy !== null) return true;
    for (let at = name; isBelow(at, zone); at = parentOf(at)) {
      if (!this.#parts.delegations.isNoCut(at) && !isAtOrBelow(asked, at)) return false;
    }
    return true;
  }

  /** True when signatures were to be expected and the server left them out: others are asked first. */
  #isStripped(response: Response): boolean {
    const { zone, isForward, hasDs } = this.#servers;
    const { kind } = response.classified;
    const couldBeSigned = kind === 'answer' || kind === 'denial' || kind === 'alias' || kind === 'referral';
    if (this.#parts.options.ignoreDnssecLame || isForward || !couldBeSigned || this.#dnssecLame >= DNSSEC_LAME_SERVERS)
      return false;
    if (!(hasDs || this.#parts.expectsSignatures(zone)) || hasSignatures(response.scrubbed)) return false;
    this.#dnssecLame++;
    this.#spare ??= response;
    const { candidate } = response;
    candidate.isDnssecLame = true;
    this.#servers.failures.push(`${candidate.key} dnssec-lame`);
    if (speaksForZone(response, this.#servers)) this.#parts.servers.noteLame(candidate.key, zone, 'dnssec-lame');
    return true;
  }

  /** Acts on a response; null when the loop must go on. */
  #act(response: Response): Outcome | null {
    this.#spare = null;
    const { classified } = response;
    switch (classified.kind) {
      case 'referral':
        return this.#followReferral(response, classified.servers);
      case 'answer':
      case 'denial':
      case 'alias':
      case 'yxdomain':
        return response.isFull ? this.#finish(response) : this.#stepDown(response);
      case 'empty':
        return this.#weighEmpty(response);
      case 'lame':
        return this.#noteLame(response, classified.how);
      case 'unusable':
        return this.#tryOther(response, classified.outcome);
      default:
        return unreachable(classified);
    }
  }

  /** Some servers say NODATA with nothing at all, others are broken: one more is asked before it is believed. */
  #weighEmpty(response: Response): Outcome | null {
    if (++this.#emptyResponses >= EMPTY_RESPONSES) {
      return response.isFull ? this.#finish(response) : this.#stepDown(response);
    }
    this.#servers.failures.push(`${response.candidate.key} empty`);
    if (!response.isFull) this.#giveUpMinimising();
    return null;
  }

  #source(response: Response): ResponseSource {
    const { rrsets, options, clock } = this.#parts;
    const { zone } = this.#servers;
    const mayStore = this.#mayStore;
    const { isAuthoritative, candidate } = response;
    const force = this.#refresh;
    return { rrsets, options, now: clock.unixSeconds(), server: candidate.key, zone, isAuthoritative, mayStore, force };
  }

  #followReferral(response: Response, ns: RRsetGroup): null {
    const { delegations } = this.#parts;
    const delegation = keepReferral(response.scrubbed, ns, this.#servers, this.#source(response));
    if (this.#mayStore) delegations.store(delegation);
    this.#referrals++;
    if (delegation.hasDs) this.#parts.prefetchKey?.(this.#work, delegation.zone);
    this.#enter(serversOfDelegation(delegation, this.#parts));
    return null;
  }

  /** A minimised question was answered: go on with a longer name, or believe that there is nothing below. */
  #stepDown(response: Response): Outcome | null {
    const { classified, asked, scrubbed } = response;
    const source = this.#source(response);
    const kept = keepResponse(scrubbed, asked, source);
    const isNxdomain = classified.kind === 'denial' && classified.denial === 'nxdomain';
    if (isNxdomain) {
      const { minimisation } = this.#parts.options;
      const { zone, hasDs } = this.#servers;
      // Servers of signed zones know their empty non-terminals; unsigned ones may get them wrong (RFC 8020 §5).
      const isBelievable = minimisation === 'strict' || hasDs || this.#parts.expectsSignatures(zone);
      if (isBelievable) return this.#finish(response);
      this.#minimiser.giveUp();
      return null;
    }
    if (source.mayStore && (classified.kind === 'denial' || classified.kind === 'answer')) {
      this.#parts.delegations.noteNoCut(asked.name, expiryOf(kept, classified.kind === 'denial', source.now));
    }
    this.#minimiser.advance();
    // A new question: the attempts of the last one do not count against who answered it.
    response.candidate.attempts = 0;
    response.candidate.silences = 0;
    return null;
  }

  #finish(response: Response): Outcome {
    const { classified, scrubbed, rcode } = response;
    const source = this.#source(response);
    const kept = keepResponse(scrubbed, this.#question, source);
    if (scrubbed.chain.trouble === 'loop') {
      return this.#failed({ kind: 'alias-loop', at: formatName(scrubbed.chain.end) });
    }
    const isAlias = classified.kind === 'alias' && scrubbed.chain.trouble !== 'below-itself';
    if (isAlias) return { kind: 'alias', steps: kept.steps };
    // RFC 6672 §2.2: the DNAME that makes too long a name is given with YXDOMAIN.
    const isAnswer = classified.kind === 'answer' || classified.kind === 'yxdomain';
    const isNxdomain = classified.kind === 'denial' && classified.denial === 'nxdomain';
    const end: End = {
      kind: isAnswer ? 'answer' : isNxdomain ? 'nxdomain' : 'nodata',
      question: response.isFull ? { ...this.#question, name: scrubbed.chain.end } : this.#question,
      rcode: classified.kind === 'yxdomain' ? RCODE.YXDOMAIN : isNxdomain ? rcode : RCODE.NOERROR,
      // What is no answer must not carry data: nobody would judge it.
      answer: isAnswer ? kept.answer : [],
      authority: kept.authority,
      additional: kept.additional,
      zone: this.#servers.zone,
      server: response.candidate.key,
      expiresAt: expiryOf(kept, !isAnswer, source.now),
    };
    if (!source.mayStore) return { kind: 'end', steps: kept.steps, end: { ...end, notKept: true } };
    this.#noteNoCut(response, end);
    return { kind: 'end', steps: kept.steps, end };
  }

  /** Who answers for a name is no cut's parent; but DS and NSEC at a cut are the parent's (RFC 4035 §2.4, §2.3). */
  #noteNoCut({ isFull, isAuthoritative, scrubbed }: Response, end: End): void {
    const { zone, isForward, copy } = this.#servers;
    const { name, type } = this.#question;
    const isOwn = isFull && isAuthoritative && !isForward && copy === null && scrubbed.chain.steps.length === 0;
    const isParents = type === TYPE.DS || type === TYPE.NSEC || type === TYPE.ANY || type === TYPE.RRSIG;
    if (!isOwn || isParents || end.kind === 'nxdomain' || namesEqual(name, zone)) return;
    this.#parts.delegations.noteNoCut(name, end.expiresAt);
  }

  #noteLame(response: Response, how: Extract<Classified, { kind: 'lame' }>['how']): null {
    const { candidate } = response;
    const { zone, isForward } = this.#servers;
    if (how === 'recursive') this.#parts.servers.noteLame(candidate.key, zone, 'recursion-lame');
    if (how === 'upward-referral' && !isForward) this.#parts.servers.noteLame(candidate.key, zone, 'lame');
    if (how === 'recursive') {
      this.#servers.failures.push(`${candidate.key} recursion-lame`);
      this.#giveUpMinimising();
      return null;
    }
    return this.#tryOther(response, how === 'upward-referral' ? 'upward-referral' : 'lame');
  }

  /** The response is of no use: another server, or the same with the full name when it may be that which it minds. */
  #tryOther({ candidate, isFull }: Response, outcome: ServerOutcome): null {
    this.#servers.failures.push(`${candidate.key} ${outcome}`);
    this.#note(() => ({ kind: 'exchange-failed', server: candidate.key, outcome }));
    if (isFull || this.#parts.options.minimisation === 'strict') candidate.isUseless = true;
    else this.#minimiser.giveUp();
    return null;
  }
}

/** How servers are asked: as their zone says, else as for all. */
function transportOf(configured: ConfiguredZone | null, { transport }: IterateOptions): UpstreamTransport {
  if (configured?.tls === true || transport === 'tls') return 'tls';
  return configured?.tcp === true ? 'tcp' : transport;
}

/** True when the response is surely of the zone asked, not of a parent or child on the same server. */
function speaksForZone({ scrubbed, classified }: Response, { zone }: ZoneServers): boolean {
  const isApex = (group: RRsetGroup): boolean =>
    namesEqual(group.owner, zone) && (group.type === TYPE.SOA || group.type === TYPE.NS || group.type === TYPE.DNSKEY);
  if (classified.kind === 'referral') return false;
  return [...scrubbed.chain.data, ...scrubbed.authority].some(isApex);
}
