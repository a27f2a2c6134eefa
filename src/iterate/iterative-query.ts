/**
 * The way down the tree for one name: ask servers of the deepest zone known, follow referrals, until somebody answers.
 *
 * Duties: the loop of choosing, asking, classifying and acting; one small method per class of response; limits.
 * Leaves to others: aliases across names (iterate.ts), waiting for packets (exchange.ts), classifying (classify-response.ts).
 */

import type { KnownServer } from '../cache/known-server.ts';
import type { Lameness } from '../cache/server-zone-info.ts';
import type { Failure } from '../terms/failure.ts';
import type { Limit } from '../terms/limit.ts';
import type { ServerOutcome } from '../terms/server-outcome.ts';
import { unreachable } from '../terms/unreachable.ts';
import { closestUpstreamZone, type UpstreamZone, type ZoneCopy } from '../terms/upstream-zone.ts';
import type { TraceStep } from '../trace/events.ts';
import type { MessageView } from '../wire/message-view.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';
import type { Taker } from '../work/taker.ts';
import type { Work } from '../work/work.ts';
import { type Asked, askServer } from './ask-server.ts';
import { type Classified, hasSignatures } from './classify-response.ts';
import { type DelegationPoint, type Start, serversOfDelegation, serversUnprimed, startFor } from './delegation.ts';
import { betterEmpty, confirmsEmpty, isNoBetter } from './empty-responses.ts';
import { finalAnswer, saysNoCut } from './final-answer.ts';
import { expiryOf, keepReferral, keepResponse, type ResponseSource } from './keep-response.ts';
import { addParentAndChildSideServers, toParent } from './last-resort.ts';
import { CacheShare } from './message-bounds.ts';
import { Minimiser } from './minimise.ts';
import { NameShare, type UnderWay } from './names-under-way.ts';
import type { NextStep, Outcome } from './outcome.ts';
import type { IterativeQueryOptions, IterativeQueryParts } from './parts.ts';
import { prime } from './priming.ts';
import { type Response, type ResponseOrigin, readResponse, responseOfCopy, speaksForZone } from './read-response.ts';
import { publishingServer } from './server-identity.ts';
import { type Candidate, type Choice, chooseServer, countUntried, knownOf } from './server-selection.ts';
import { StepWaits } from './step-waits.ts';
import { transportOf } from './stub-and-forward.ts';
import { awaitAddresses, lookUpTarget } from './target-addresses.ts';
import type { UpstreamResult } from './upstream-query.ts';
import { isKnownNoCut } from './usable-data.ts';
import { whyNoServer } from './why-no-server.ts';

/** Timeouts of minimised questions until the full name is sent (Unbound MAX_MINIMISE_TIMEOUT_COUNT). */
const MINIMISED_TIMEOUTS = 3;
/** Servers found to strip signatures until what they say is taken as it is (Unbound DNSSEC_LAME_DETECT_COUNT). */
const DNSSEC_LAME_SERVERS = 4;

const NONE_IGNORED: ReadonlySet<UpstreamZone> = new Set();

/** Used once. */
export class IterativeQuery {
  readonly #parts: IterativeQueryParts;
  readonly #work: Work;
  readonly #question: Question;
  readonly #call: IterativeQueryOptions;
  #ignored: ReadonlySet<UpstreamZone> = NONE_IGNORED;
  #minimiser: Minimiser;
  #servers!: DelegationPoint;
  /** False at and below a zone whose servers' words are used once (stub-no-cache, forward-no-cache). */
  #mayStore = true;
  #sent = 0;
  #referrals = 0;
  #minimisedTimeouts = 0;
  #emptyResponses = 0;
  #dnssecLame = 0;
  /** The rate of a zone was exceeded, and this question let through by chance: it is not counted any more. */
  #isExempt = false;
  /** Unsigned where signatures were expected, or empty: used when no server does better. */
  #fallback: Response | null = null;
  /** Questions that were of no use, in all delegations. */
  #failedQueries = 0;
  #wentUp = false;
  /** What a server is being asked. */
  #asked: Asked | null = null;
  readonly #waits: StepWaits;
  readonly #nameShare: NameShare;

  constructor(parts: IterativeQueryParts, work: Work, call: IterativeQueryOptions, asker: Taker<Outcome>) {
    this.#parts = parts;
    this.#work = work;
    this.#question = call.question;
    this.#call = call;
    this.#waits = new StepWaits(this, parts.pace, asker);
    this.#minimiser = this.#newMinimiser();
    this.#nameShare = new NameShare(parts.namesUnderWay);
  }

  /** Goes down until somebody answers: the outcome if that is at once; null: its asker is told later. To be called once. */
  start(): Outcome | null {
    return this.#waits.start();
  }

  begin(): Outcome | null {
    const start = this.#findStart();
    const primed = start.kind === 'prime' ? this.#prime(start.zone) : this.#enterAt(start);
    return primed === null ? this.#goFirst() : this.#waits.after(primed, (failed) => failed ?? this.#goFirst());
  }

  #goFirst(): Outcome | null {
    this.#parts.addressQueries.restart(this.#work);
    return this.#goDown();
  }

  /** The next question, if there is to be one. Null: there is something to wait for. */
  #goDown(): Outcome | null {
    const limited = this.#limitOutcome();
    if (limited !== null) return this.#end(limited);
    const { copy } = this.#servers;
    if (copy !== null) return this.#end(this.#answerFromCopy(copy));
    const other = this.#findOther();
    if (other !== null) {
      return this.#waits.after(other.wait(this.#parts.upstream.deadlines, this.#work), () => this.#goOnAfterOther());
    }
    const choice = this.#choose();
    const ready = this.#readyStep(choice);
    return ready !== null
      ? this.#follow(ready)
      : this.#waits.after(this.#nextStep(choice), (next) => this.#follow(next));
  }

  #follow(next: NextStep): Outcome | null {
    if (next.kind === 'failed') return this.#end(next);
    if (next.kind === 'restart') return this.#end(null);
    if (next.kind === 'use-fallback') return this.#end(this.#useFallback(next.response));
    const refused = this.#charge();
    if (refused !== null) return this.#end(refused);
    const asked = this.#originOf(next.candidate);
    this.#asked = asked;
    // Others may wait for what the server says about the name: for one exchange.
    this.#nameShare.end();
    const { zone, configured } = this.#servers;
    if (this.#mayStore && publishingServer(configured, asked.candidate) === null)
      this.#nameShare.begin(zone, asked.asked);
    askServer(this.#parts, this.#work, this.#servers, asked);
    return null;
  }

  /** A server has answered, or has not. */
  takeIn(result: UpstreamResult): Outcome | null {
    this.#servers.stopLookingAhead();
    return this.#end(this.#takeResult(this.#asked as Asked, result));
  }

  giveUp(): void {
    this.#servers?.stopLookingAhead();
    this.#nameShare.end();
  }

  /** One step has come to this: the end, or null, and what follows is the next. */
  #end(outcome: Outcome | null): Outcome | null {
    // A response that is only kept may be used next: what it says is not in the caches yet.
    if (outcome !== null || this.#fallback === null) this.#nameShare.end();
    if (outcome === null) return this.#goDown();
    // Who asks again soon gets to other servers. As long as another one answered, who failed is as good as before.
    if (outcome.kind === 'failed') this.#servers.failures.remember(this.#parts.servers, this.#servers.zone);
    return outcome;
  }

  /** Whoever asks the same servers already about the name that is asked only to learn whether it is a cut: one waits once. */
  #findOther(): UnderWay | null {
    if (this.#minimiser.isFull || this.#call.avoid.size > 0 || this.#call.refresh) return null;
    return this.#nameShare.findOther(this.#servers.zone, this.#minimiser.current.name);
  }

  /** What the other learned is in the caches: the answer itself, or the way down; when nothing is, this question asks for itself. */
  #goOnAfterOther(): Outcome | null {
    const along = this.#call.mayUseAlong ? (this.#parts.signedAddresses?.(this.#question) ?? null) : null;
    if (along !== null) return this.#end({ kind: 'end', steps: along.aliases, end: along.end });
    const start = this.#findStart();
    if (this.isNoCut(this.#minimiser.current.name)) this.#minimiser.advance();
    else if (start.kind === 'servers' && start.servers.zone.length > this.#servers.zone.length)
      this.#enter(start.servers);
    return this.#goDown();
  }

  #newMinimiser(): Minimiser {
    const { options, findCached } = this.#parts;
    // Only a client's AAAA is preceded by A (minimise.ts): no other question is worth a look for it.
    const mayPrecede = this.#work.parent === null && this.#question.type === TYPE.AAAA;
    return new Minimiser(this.#question, options.minimisation, {
      delegations: this,
      asksForAFirst: mayPrecede && findCached({ ...this.#question, type: TYPE.A }) === null,
    });
  }

  /** True when the name, or the one above it whose first label is at `at`, is known to be no cut. */
  isNoCut(name: Name, at = 0): boolean {
    return isKnownNoCut(this.#parts, name, this.#servers.zone, at);
  }

  #findStart(): Start {
    const { avoid, expiryMarginSeconds } = this.#call;
    return startFor(this.#question, this.#parts, { ignored: this.#ignored, avoid, expiryMarginSeconds });
  }

  /** Learns of the root's servers, or of those of a zone that is primed; not null when that fails. */
  async #prime(zone: Name): Promise<Outcome | null> {
    const before = this.#work.budget.left('upstream-queries');
    const why = await prime(this.#parts, this.#work, zone);
    // For others it may have been under way for long, and have met a timeout that is over by now.
    const wasOthers = this.#work.budget.left('upstream-queries') === before;
    const mayGoOn = why?.kind === 'all-servers-lame' || why?.kind === 'dependency-cycle' || wasOthers;
    if (why !== null && !mayGoOn) return this.#failed(why);
    return this.#enterAt(this.#findStart());
  }

  #enterAt(start: Start): null {
    this.#enter(start.kind === 'servers' ? start.servers : serversUnprimed(start.zone, this.#parts, this.#ignored));
    return null;
  }

  #enter(servers: DelegationPoint): void {
    this.#servers = servers;
    const { configuredZones } = this.#parts.options;
    this.#mayStore = closestUpstreamZone(configuredZones, servers.zone, this.#ignored)?.noCache !== true;
    this.#sent = 0;
    this.#minimisedTimeouts = 0;
    this.#emptyResponses = 0;
    this.#dnssecLame = 0;
    this.#fallback = null;
    if (servers.isForward) this.#minimiser.sendFullName();
    this.#minimiser.enter(servers.zone);
    const { zone, source, knownServers } = servers;
    if (servers.refusedAddresses > 0) this.#parts.counters.add('limit.server-addresses', servers.refusedAddresses);
    if (this.#isTraced) this.#note({ kind: 'delegation', zone, source, targets: knownServers });
  }

  /** Steps are made only when somebody listens. */
  get #isTraced(): boolean {
    return this.#work.trace !== null;
  }

  #note(step: TraceStep): void {
    this.#work.note(this.#parts.clock.monotonicMs(), () => step);
  }

  #limitOutcome(): Outcome | null {
    const { options, clock } = this.#parts;
    if (clock.monotonicMs() >= this.#work.deadlineMs) return this.#failed({ kind: 'deadline' });
    if (this.#sent >= options.maxSentCount) return this.#failed({ kind: 'limit', limit: 'sent-count' });
    if (this.#referrals > options.maxReferrals) return this.#failed({ kind: 'limit', limit: 'referrals' });
    if (this.#failedQueries < options.maxFailedQueries) return null;
    return this.#failed({ kind: 'limit', limit: 'failed-queries' });
  }

  #failed(why: Failure): Extract<Outcome, { readonly kind: 'failed' }> {
    if (why.kind === 'limit' && this.#isTraced) this.#note({ kind: 'limit', limit: why.limit });
    return this.#mayStore ? { kind: 'failed', why } : { kind: 'failed', why, notKept: true };
  }

  /** A limit that is not the reason given: that says what the servers did. */
  #noteLimit(limit: Limit): void {
    this.#parts.counters.add(`limit.${limit}`);
    if (this.#isTraced) this.#note({ kind: 'limit', limit });
  }

  #choose(): Choice | null {
    const { zone, candidates } = this.#servers;
    return chooseServer(candidates, { zone, type: this.#minimiser.current.type }, this.#call.avoid, this.#parts);
  }

  /** Asking a server that is asked before any other is looked for; null for one that is not. */
  #readyStep(choice: Choice | null): NextStep | null {
    if (choice === null || choice.isLastChoice || this.#isNoBetterThanFallback(choice)) return null;
    return this.#isOutOfPatience() ? null : { kind: 'ask', candidate: choice.candidate };
  }

  /** Dead or lame servers without number must not cost a packet each. */
  #isOutOfPatience(): boolean {
    return this.#servers.failures.areEnough(this.#parts.options, this.#servers.knownServers);
  }

  /** Waits until there is a server to ask, or none can be found any more. `first`: the choice there is now. */
  async #nextStep(first: Choice | null): Promise<NextStep> {
    for (let choice = first; ; choice = this.#choose()) {
      const servers = this.#servers;
      const mayExplore = !this.#isOutOfPatience() || (choice === null && servers.failures.allowMore());
      if (!mayExplore) return await this.#endOfPatience();
      const isNoBetter = choice !== null && this.#isNoBetterThanFallback(choice);
      if (choice !== null && !choice.isLastChoice && !isNoBetter) return { kind: 'ask', candidate: choice.candidate };
      // Who has failed waits until the servers that are not known yet had their turn.
      const lookup = lookUpTarget(this.#parts, this.#work, servers);
      const fallback = this.#fallback;
      const wasSilent = choice !== null && choice.candidate.timeouts > 0 && fallback === null;
      if (lookup === 'under-way') this.#nameShare.end();
      if (lookup === 'under-way' && (await awaitAddresses(this.#parts, this.#work, { servers, wasSilent }))) continue;
      if (choice !== null && !isNoBetter) return { kind: 'ask', candidate: choice.candidate };
      if (fallback !== null) return { kind: 'use-fallback', response: fallback };
      if (addParentAndChildSideServers(this.#parts, servers)) continue;
      const limit = typeof lookup === 'string' ? null : lookup.limit;
      return await this.#nextStartingPoint({ limit, untriedCount: 0 });
    }
  }

  /** Too many servers failed: what one of them said is used, or one is asked that said that it recurses, or this is the end. */
  async #endOfPatience(): Promise<NextStep> {
    if (this.#fallback !== null) return { kind: 'use-fallback', response: this.#fallback };
    const mayRecurse = (each: Candidate): boolean =>
      !each.isUseless && each.attempts === 1 && this.#isRecursionLame(each);
    const { zone, candidates } = this.#servers;
    const recursive = candidates.find(mayRecurse);
    if (recursive !== undefined) return { kind: 'ask', candidate: recursive };
    this.#noteLimit('failed-servers');
    const asked = { zone, type: this.#minimiser.current.type };
    const untriedCount = countUntried(candidates, asked, this.#call.avoid, this.#parts);
    return await this.#nextStartingPoint({ limit: null, untriedCount });
  }

  /** An unsigned or empty answer is there, and the server left to ask has given such a one before, or may not give any. */
  #isNoBetterThanFallback(choice: Choice): boolean {
    return this.#fallback !== null && isNoBetter(this.#fallback, choice, this.#emptyResponses);
  }

  /** Acts on a response for which no better one was found. */
  #useFallback(response: Response): Outcome | null {
    this.#fallback = null;
    if (response.classified.kind !== 'empty') return this.#act(response);
    return response.isFull ? this.#finish(response) : this.#advanceName(response);
  }

  /** No server of the zone is left, or too many failed: start anew above or beside, or give up. */
  async #nextStartingPoint({ limit, untriedCount }: { limit: Limit | null; untriedCount: number }): Promise<NextStep> {
    this.#nameShare.end();
    const { configured } = this.#servers;
    if (configured?.first === true && !this.#ignored.has(configured)) {
      this.#ignored = new Set([...this.#ignored, configured]);
    } else if (untriedCount === 0 && !this.#wentUp && toParent(this.#parts, this.#servers)) {
      // Also when all that they say is bogus: a referral is not signed, and may have been forged.
      this.#wentUp = true;
    } else {
      return this.#failed(limit === null ? whyNoServer(this.#servers, untriedCount) : { kind: 'limit', limit });
    }
    this.#minimiser = this.#newMinimiser();
    const start = this.#findStart();
    const failed = start.kind === 'prime' ? await this.#prime(start.zone) : this.#enterAt(start);
    return failed?.kind === 'failed' ? failed : { kind: 'restart' };
  }

  /** Answers from the local copy of the zone: no server learns the name. Null when a referral was followed. */
  #answerFromCopy(copy: ZoneCopy): Outcome | null {
    const unusable = this.#failed({ kind: 'zone-unusable', zone: formatName(copy.zone) });
    const message = responseOfCopy(copy, this.#question);
    if (message === null) return unusable;
    const before = this.#servers;
    const from = { candidate: null, server: copy.key, asked: this.#question, isFull: true, recursion: false };
    const outcome = this.#act(this.#read(message, from));
    return outcome === null && this.#servers === before ? unusable : outcome;
  }

  /** Counts one more question against all limits; not null when there is one that forbids it. */
  #charge(): Outcome | null {
    const { addressQueries, counters } = this.#parts;
    if (this.#chargeRate() === 'exceeded') {
      return this.#failed({ kind: 'rate-limited', zone: formatName(this.#servers.zone) });
    }
    if (!addressQueries.spend(this.#work)) {
      counters.add('limit.address-queries');
      return this.#failed({ kind: 'limit', limit: 'address-queries' });
    }
    if (!this.#work.budget.spend('upstream-queries')) return this.#failed({ kind: 'limit', limit: 'upstream-queries' });
    return null;
  }

  #isRecursionLame(candidate: Candidate): boolean {
    return this.#parts.servers.lameness(this.#known(candidate), this.#minimiser.current.type) === 'recursion-lame';
  }

  /** What a server is about to be asked. */
  #originOf(candidate: Candidate): Asked {
    const { options } = this.#parts;
    this.#sent++;
    candidate.attempts++;
    const { zone, configured, isForward } = this.#servers;
    const { current: asked, isFull } = this.#minimiser;
    const { key } = candidate;
    const recursion = isForward || this.#isRecursionLame(candidate);
    const transport = transportOf(configured, options);
    if (this.#isTraced) this.#note({ kind: 'ask', zone, server: key, question: asked, transport });
    const needsSignatures = this.#isSigned();
    const asker = this.#waits;
    return { candidate, server: key, asked, isFull, recursion, transport, needsSignatures, isUnproven: false, asker };
  }

  /** Acts on what came of a question; null when the loop must go on. */
  #takeResult(asked: Asked, result: UpstreamResult): Outcome | null {
    if (asked.isUnproven) this.#mayStore = false;
    if (result.kind === 'failed') return this.#noteTimeout(asked.candidate, result.outcome);
    const response = this.#read(result.message, asked);
    const { classified, server } = response;
    const { kind } = classified;
    const { rttMs, transport } = result;
    if (this.#isTraced) this.#note({ kind: 'response', server, rttMs, transport, classified: kind });
    if (kind !== 'answer' && this.#parts.clock.monotonicMs() >= this.#work.deadlineMs) return null;
    return this.#keepIfStripped(response) === 'kept' ? null : this.#act(response);
  }

  /** Counts a question to the zone against its rate. Forwarders stand for no zone, and are not counted. */
  #chargeRate(): 'ok' | 'exceeded' {
    const { zoneRates, counters } = this.#parts;
    if (zoneRates === undefined || this.#isExempt || this.#servers.isForward) return 'ok';
    const rate = zoneRates.count(this.#servers.zone);
    this.#isExempt = rate === 'let-through';
    if (rate !== 'exceeded') return 'ok';
    counters.add('ratelimit.zone');
    return 'exceeded';
  }

  /** A question was of no use. */
  #noteFailure({ key }: Candidate, outcome: ServerOutcome): void {
    this.#failedQueries++;
    this.#servers.failures.note(key, outcome);
    if (this.#isTraced) this.#note({ kind: 'exchange-failed', server: key, outcome });
  }

  #noteTimeout(candidate: Candidate, outcome: ServerOutcome): null {
    this.#noteFailure(candidate, outcome);
    if (outcome === 'timeout') {
      candidate.timeouts++;
      const isEnough = !this.#minimiser.isFull && ++this.#minimisedTimeouts >= MINIMISED_TIMEOUTS;
      if (isEnough) this.#minimiser.giveUpMinimising();
    } else {
      candidate.isUseless = true;
    }
    return null;
  }

  #read(message: MessageView, from: ResponseOrigin): Response {
    return readResponse(this.#parts, this.#servers, from, {
      message,
      note: this.#isTraced ? (step) => this.#work.note(this.#parts.clock.monotonicMs(), step) : null,
    });
  }

  /** Keeps a response whose server left out the signatures that were to be expected: others are asked first. */
  #keepIfStripped(response: Response): 'kept' | 'fine' {
    const { isForward } = this.#servers;
    const { classified, candidate } = response;
    const { kind } = classified;
    const couldBeSigned = kind === 'answer' || kind === 'denial' || kind === 'alias' || kind === 'referral';
    if (this.#parts.options.ignoreDnssecLame || isForward || !couldBeSigned || candidate === null) return 'fine';
    if (this.#dnssecLame >= DNSSEC_LAME_SERVERS) return 'fine';
    if (!this.#isSigned() || hasSignatures(response.scrubbed)) return 'fine';
    this.#dnssecLame++;
    this.#fallback = this.#fallback?.classified.kind === 'empty' ? response : (this.#fallback ?? response);
    candidate.isDnssecLame = true;
    this.#noteFailure(candidate, 'dnssec-lame');
    if (speaksForZone(response, this.#servers)) this.#reportLame(response, 'dnssec-lame');
    return 'kept';
  }

  /** The zone is known to be signed. */
  #isSigned(): boolean {
    return this.#servers.hasDs || this.#parts.expectsSignatures(this.#servers.zone);
  }

  #reportLame({ candidate, asked: { type } }: Response, lameness: Lameness): void {
    if (candidate === null) return;
    this.#parts.servers.report(this.#known(candidate), { kind: 'lame', lameness, type });
  }

  #known(candidate: Candidate): KnownServer {
    return knownOf(candidate, this.#servers.zone, this.#parts.servers);
  }

  /** Acts on a response; null when the loop must go on. */
  #act(response: Response): Outcome | null {
    const { classified, candidate } = response;
    const isOfUse = classified.kind !== 'empty' && classified.kind !== 'lame' && classified.kind !== 'unusable';
    if (isOfUse) {
      this.#fallback = null;
      if (candidate !== null) this.#parts.servers.recentFailures.forget(this.#known(candidate));
    }
    switch (classified.kind) {
      case 'referral':
        return this.#followReferral(response, classified.servers);
      case 'answer':
      case 'denial':
      case 'alias':
      case 'yxdomain':
        return response.isFull ? this.#finish(response) : this.#advanceName(response);
      case 'empty':
        return this.#countEmpty(response);
      case 'lame':
        return this.#noteLame(response, classified.how);
      case 'unusable':
        return this.#tryOther(response, classified.outcome);
      default:
        return unreachable(classified);
    }
  }

  /** Some servers say NODATA with nothing at all, others are broken: others are asked, if there are any, before it is believed. */
  #countEmpty(response: Response): Outcome | null {
    const { candidate } = response;
    if (candidate === null) return this.#finish(response);
    this.#noteFailure(candidate, 'empty');
    if (!response.isFull && this.#parts.options.minimisation !== 'strict') {
      this.#minimiser.sendFullName();
      return null;
    }
    this.#emptyResponses++;
    // Each server is asked for its own word: twice the same one says no more than once, as long as there are others.
    if (confirmsEmpty(this.#fallback, response, this.#servers)) return this.#useFallback(response);
    candidate.wasEmpty = true;
    this.#fallback = betterEmpty(this.#fallback, response);
    return null;
  }

  #source({ isAuthoritative, server }: Response): ResponseSource {
    const { rrsets, options, clock, counters } = this.#parts;
    const { zone } = this.#servers;
    const mayStore = this.#mayStore;
    const force = this.#call.refresh;
    const share = new CacheShare(rrsets.maxBytes, counters);
    const now = clock.unixSeconds();
    return { rrsets, options, now, server, zone, isAuthoritative, mayStore, force, share };
  }

  #followReferral(response: Response, ns: KeyedRRset): null {
    const { delegations } = this.#parts;
    const delegation = keepReferral(response.scrubbed, ns, this.#servers, this.#source(response));
    if (this.#mayStore) delegations.store(delegation);
    this.#referrals++;
    if (delegation.hasDs) this.#parts.prefetchKey?.(this.#work, delegation.zone);
    this.#enter(serversOfDelegation(delegation, this.#parts));
    return null;
  }

  /** A minimised question was answered: go on with a longer name, or believe that there is nothing below. */
  #advanceName(response: Response): Outcome | null {
    const { classified, asked, scrubbed } = response;
    const source = this.#source(response);
    const kept = keepResponse(scrubbed, asked, source);
    const isNxdomain = classified.kind === 'denial' && classified.denial === 'nxdomain';
    if (isNxdomain) {
      const { minimisation } = this.#parts.options;
      // Servers of signed zones know their empty non-terminals; unsigned ones may get them wrong (RFC 8020 §5).
      const isBelievable = minimisation === 'strict' || this.#isSigned();
      if (isBelievable) return this.#finish(response);
      this.#minimiser.sendFullName();
      return null;
    }
    if (source.mayStore && (classified.kind === 'denial' || classified.kind === 'answer')) {
      this.#parts.delegations.noteNoCut(asked.name, expiryOf(kept, classified.kind === 'denial', source.now));
    }
    this.#minimiser.advance();
    // A new question: what failed before does not count against it, nor do attempts against who answered.
    this.#servers.failures.reset();
    if (response.candidate !== null) {
      response.candidate.attempts = 0;
      response.candidate.timeouts = 0;
    }
    return null;
  }

  #finish(response: Response): Outcome {
    const { classified, scrubbed } = response;
    const source = this.#source(response);
    const kept = keepResponse(scrubbed, this.#question, source);
    if (scrubbed.chain.trouble === 'loop') {
      return this.#failed({ kind: 'alias-loop', at: formatName(scrubbed.chain.end) });
    }
    const isAlias = classified.kind === 'alias' && scrubbed.chain.trouble !== 'below-itself';
    if (isAlias) return { kind: 'alias', steps: kept.steps };
    const end = finalAnswer(response, kept, { question: this.#question, zone: this.#servers.zone, now: source.now });
    if (!source.mayStore) return { kind: 'end', steps: kept.steps, end: { ...end, notKept: true } };
    const { name } = this.#question;
    if (saysNoCut(response, end, this.#servers, this.#question)) {
      this.#parts.delegations.noteNoCut(name, end.expiresAt);
    }
    return { kind: 'end', steps: kept.steps, end };
  }

  #noteLame(response: Response, how: Extract<Classified, { kind: 'lame' }>['how']): null {
    const { candidate } = response;
    if (candidate === null) return null;
    if (how === 'upward-referral' && !this.#servers.isForward) this.#reportLame(response, 'lame');
    if (how === 'recursive') {
      this.#reportLame(response, 'recursion-lame');
      this.#noteFailure(candidate, 'recursion-lame');
      this.#minimiser.giveUpMinimising();
      return null;
    }
    return this.#tryOther(response, how === 'upward-referral' ? 'upward-referral' : 'lame');
  }

  /** The response is of no use: asks another server, or the same one for the full name when the shortened one may be the cause. */
  #tryOther({ candidate, isFull }: Response, outcome: ServerOutcome): null {
    if (candidate === null) return null;
    this.#noteFailure(candidate, outcome);
    if (isFull || this.#parts.options.minimisation === 'strict') candidate.isUseless = true;
    else this.#minimiser.sendFullName();
    return null;
  }
}
