/**
 * One question to one address: what is sent, what follows from a reply that is no plain answer.
 *
 * Duties: EDNS and falling back from it, cookies refused or renewed (RFC 7873), 0x20 and falling back from it, TC to TCP,
 * TCP or TLS only where configured.
 * Leaves to others: datagrams (udp-attempt.ts), connections (stream-attempt.ts), what a timeout or an error teaches about the
 * server (note-failure.ts), sharing equal questions (upstream.ts), whom to ask, what the answer says.
 */

import type { ServerManners } from '../cache/server-manners.ts';
import type { MessageView } from '../wire/message-view.ts';
import { isAtOrBelow } from '../wire/name.ts';
import { RCODE } from '../wire/rcode.ts';
import { promised, type Taker, tellOf } from '../work/taker.ts';
import type { Work } from '../work/work.ts';
import { isFailing, isGood, isMinding } from './learn-manners.ts';
import { noteNetworkError, noteTimeout } from './note-failure.ts';
import type { IterateOptions } from './options.ts';
import { clientStringFor } from './query-options.ts';
import { attemptStream } from './stream-attempt.ts';
import { attemptUdp, type UdpAsker, UdpAttempt, type UdpAttemptEnd, type UdpEnd } from './udp-attempt.ts';
import type { Attempt, ExchangeParts, UpstreamQuery, UpstreamResult } from './upstream-query.ts';

/** Failures without OPT that one work has asked again about without EDNS at most; those of lame servers look the same. */
const MAX_PLAIN_TRIALS = 2;
/** Timeouts of a zone's servers, all together, until one that never answered with EDNS is tried without. */
const ZONE_SILENCES_TO_LEAVE_OUT = 4;

/** What is sent first: all that may go along, that without options, or a question without EDNS. */
type FirstKind = 'full' | 'bare' | 'plain';

/** Asks one server one question. Rejects with `Cancelled` only. */
export function exchange(parts: ExchangeParts, work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
  return promised((asker) => new Exchange(parts, work, query, asker).start());
}

/**
 * One question to one server. Mostly the first datagram is answered and there is nothing to fall back from: this object is all
 * that waits for that. Whatever else comes of it goes to functions that wait.
 *
 * The asker is told after `start` has returned, once, by the turn in which the answer came.
 */
export class Exchange implements UdpAsker {
  readonly #parts: ExchangeParts;
  readonly #work: Work;
  readonly #kind: FirstKind;
  readonly #made: Attempt;
  readonly #asker: Taker<UpstreamResult>;

  constructor(parts: ExchangeParts, work: Work, query: UpstreamQuery, asker: Taker<UpstreamResult>) {
    this.#parts = parts;
    this.#work = work;
    this.#asker = asker;
    const manners = parts.servers.manners(query.known);
    const kind = firstKind(parts, query, manners);
    this.#kind = kind;
    this.#made = firstAttempt(parts, query, { kind, manners });
  }

  /** To be called once. */
  start(): void {
    if (this.#made.query.transport === 'udp') new UdpAttempt(this.#parts, this.#work, this.#made, this).start();
    else this.#follow(attemptStream(this.#parts, this.#work, this.#made));
  }

  ended(end: UdpAttemptEnd): void {
    try {
      if (end.kind !== 'response' || !isGood(end.message)) {
        this.#follow(afterUdp(this.#parts, this.#work, this.#made, end));
        return;
      }
      noteGood(this.#parts, this.#made, this.#kind);
    } catch (error) {
      this.broke(error);
      return;
    }
    this.#asker.take(end);
  }

  /** Who stops a work, or starts an attempt, is in the midst of something. */
  broke(error: unknown): void {
    void Promise.resolve().then(() => this.#asker.fail(error));
  }

  /** Waits for the end of the first attempt, and asks again where that may help. */
  #follow(first: Promise<UpstreamResult>): void {
    const result = first.then((sent) => afterFirst(this.#parts, this.#work, this.#made, { sent, kind: this.#kind }));
    tellOf(result, this.#asker);
  }
}

function firstKind({ servers }: ExchangeParts, query: UpstreamQuery, manners: ServerManners): FirstKind {
  const leavesOut = manners.shouldLeaveOut(servers.timeoutsInRow(query.known));
  const mayBeEdns = !manners.ednsSeen && (leavesOut || isZoneSilent(query));
  // Without DO a signed zone is of no use: there only options are left out.
  const isPlain = !query.needsSignatures && (!manners.takesEdns || mayBeEdns);
  return isPlain ? 'plain' : leavesOut ? 'bare' : 'full';
}

function firstAttempt(
  parts: ExchangeParts,
  query: UpstreamQuery,
  { kind, manners }: { readonly kind: FirstKind; readonly manners: ServerManners },
): Attempt {
  if (kind === 'plain') return plainAttempt(query);
  const full = fullAttempt(parts, query, manners);
  return kind === 'bare' ? withoutOptions(full) : full;
}

/** What an answer to the first attempt shows. Nobody leaves something out for another reason than that the server may mind it. */
function noteGood(parts: ExchangeParts, made: Attempt, kind: FirstKind): void {
  const { known } = made.query;
  if (kind === 'plain') parts.servers.report(known, { kind: 'edns-refused' });
  else if (kind === 'bare') parts.servers.report(known, { kind: 'options-refused' });
  else if (hasStringOrPadding(parts, made)) parts.servers.report(known, { kind: 'options-taken' });
}

/** Asks again where the end of the first attempt may be about EDNS or options. */
async function afterFirst(
  parts: ExchangeParts,
  work: Work,
  made: Attempt,
  { sent, kind }: { readonly sent: UpstreamResult; readonly kind: FirstKind },
): Promise<UpstreamResult> {
  if (sent.kind === 'response' && isGood(sent.message)) {
    noteGood(parts, made, kind);
    return sent;
  }
  if (kind === 'plain') return sent;
  const first = kind === 'bare' ? sent : ((await askAgain(parts, work, made, sent)) ?? sent);
  if (first.kind === 'failed' || !mayMindEdns(parts, work, made.query, first.message)) return first;
  const plain = await askOnce(parts, work, plainAttempt(made.query), 'plain');
  return plain.kind === 'failed' && isFailing(first.message) ? first : plain;
}

/** True when so many of the zone's servers were silent that EDNS may be the reason; every second time, as with one of them. */
function isZoneSilent({ zoneTimeouts }: UpstreamQuery): boolean {
  return zoneTimeouts >= ZONE_SILENCES_TO_LEAVE_OUT && zoneTimeouts % 2 === 0;
}

/** The question with all that may go along. */
function fullAttempt({ options }: ExchangeParts, query: UpstreamQuery, manners: ServerManners): Attempt {
  // A server that is sent a client string is one of the operator's own: it gets that and nothing else.
  const mayHaveCookie =
    options.sendCookies && query.transport === 'udp' && clientStringFor(options, query.server) === null;
  return {
    query,
    withEdns: true,
    withOptions: manners.takesOptions,
    withCookie: mayHaveCookie && manners.takesCookies,
    randomCase: usesRandomCase(options, query),
  };
}

/** True when something of ours besides EDNS goes along. */
function hasOptions(parts: ExchangeParts, made: Attempt): boolean {
  return made.withCookie || hasStringOrPadding(parts, made);
}

function hasStringOrPadding({ options }: ExchangeParts, { query, withOptions }: Attempt): boolean {
  const isPadded = query.transport === 'tls' && options.paddingBlockOctets > 0;
  return withOptions && (isPadded || clientStringFor(options, query.server) !== null);
}

/** Without EDNS. */
function plainAttempt(query: UpstreamQuery): Attempt {
  return { query, withEdns: false, withOptions: false, withCookie: false, randomCase: false };
}

/** Without what besides EDNS may meet an error or silence. */
function withoutOptions(made: Attempt): Attempt {
  return { ...made, withOptions: false, withCookie: false };
}

async function askOnce(parts: ExchangeParts, work: Work, made: Attempt, kind: FirstKind): Promise<UpstreamResult> {
  const end = await attempt(parts, work, made);
  if (end.kind === 'response' && isGood(end.message)) noteGood(parts, made, kind);
  return end;
}

/** Asks once more, without options when these may be what the server minds or is silent about; null: there is no reason to. */
async function askAgain(
  parts: ExchangeParts,
  work: Work,
  made: Attempt,
  first: UpstreamResult,
): Promise<UpstreamResult | null> {
  if (wantsCookie(parts, made, first)) return await attempt(parts, work, { ...made, withCookie: true });
  if (!mayMindOptions(parts, made, first)) return null;
  const second = await askOnce(parts, work, withoutOptions(made), 'bare');
  return second.kind === 'failed' && first.kind === 'response' ? first : second;
}

/** True when the server answers nobody without a cookie. */
function wantsCookie({ options }: ExchangeParts, { query, withCookie }: Attempt, end: UpstreamResult): boolean {
  if (withCookie || !options.sendCookies || query.transport !== 'udp') return false;
  return end.kind === 'response' && end.message.rcode === RCODE.BADCOOKIE;
}

function usesRandomCase({ useCapsForId, capsExempt }: IterateOptions, { question }: UpstreamQuery): boolean {
  return useCapsForId && !capsExempt.some((zone) => isAtOrBelow(question.name, zone));
}

/**
 * True when the failure may be about the options. RFC 6891 §6.1.2 wants unknown ones ignored; some servers answer with an
 * error, or not at all. Who has taken its own cookie before fails and is silent for other reasons.
 */
function mayMindOptions(parts: ExchangeParts, made: Attempt, end: UpstreamResult): boolean {
  if (!hasOptions(parts, made)) return false;
  if (end.kind === 'response' && isMinding(end.message)) return true;
  // RFC 7873 §5.3: over TCP too it takes no cookie, not even the one that it has just given.
  if (end.kind === 'response' && made.withCookie && end.message.rcode === RCODE.BADCOOKIE) return true;
  if (!made.withCookie || parts.servers.manners(made.query.known).hasTakenCookie) return false;
  return end.kind === 'response' ? isFailing(end.message) : end.outcome === 'timeout';
}

/** True when the error may be about EDNS itself. A failure that may have any reason is looked into seldom. */
function mayMindEdns({ servers }: ExchangeParts, work: Work, query: UpstreamQuery, message: MessageView): boolean {
  const { ednsSeen } = servers.manners(query.known);
  if (isMinding(message)) return message.optIndex < 0 || !ednsSeen;
  if (ednsSeen || query.needsSignatures || message.optIndex >= 0 || !isFailing(message)) return false;
  return work.plainTrials++ < MAX_PLAIN_TRIALS;
}

/** One attempt over UDP, then over TCP where that is needed; or over a stream where that is configured. */
async function attempt(parts: ExchangeParts, work: Work, made: Attempt): Promise<UpstreamResult> {
  if (made.query.transport !== 'udp') return await attemptStream(parts, work, made);
  return await afterUdp(parts, work, made, await attemptUdp(parts, work, made));
}

/** What comes of a datagram: mostly that is it, else the answer is to be had over TCP. */
async function afterUdp(
  parts: ExchangeParts,
  work: Work,
  made: Attempt,
  first: UdpAttemptEnd,
): Promise<UpstreamResult> {
  const { options } = parts;
  if (first.kind === 'response' && first.message.rcode !== RCODE.BADCOOKIE) return first;
  const end = await endOfUdp(parts, work, made, first);
  if (end.kind === 'response' || end.kind === 'failed') return end;
  // A reply in the wrong case, or with a cookie that it should not hold, may be forged: TCP tells. The cookie goes along,
  // so that it comes to light what the server makes of it.
  const isAboutCookie = end.kind === 'without-cookie' || end.kind === 'bad-cookie';
  if (options.useTcp) {
    const overTcp = await attemptStream(parts, work, { ...made, randomCase: false, withCookie: isAboutCookie });
    if (overTcp.kind === 'response') return overTcp;
  }
  if (end.kind === 'truncated') return tcpFailed();
  const twice = await withoutCase(parts, work, made);
  if (isAboutCookie && twice.kind === 'response') {
    parts.servers.report(made.query.known, { kind: 'options-refused' });
  }
  return twice;
}

function tcpFailed(): UpstreamResult {
  return { kind: 'failed', outcome: 'tcp-failed' };
}

/**
 * The last resort for a server that does not keep the case of letters and cannot be reached over TCP: the question is asked
 * twice more in plain case, and both answers must say the same. Whoever forges must hit id and port three times.
 */
async function withoutCase(parts: ExchangeParts, work: Work, made: Attempt): Promise<UpstreamResult> {
  const plain: Attempt = { ...made, randomCase: false, withCookie: false };
  const first = await tryUdp(parts, work, plain);
  if (first.kind !== 'response') return first.kind === 'failed' ? first : tcpFailed();
  const second = await tryUdp(parts, work, plain);
  if (second.kind !== 'response') return second.kind === 'failed' ? second : tcpFailed();
  return saysTheSame(first.message, second.message) ? second : { kind: 'failed', outcome: 'malformed' };
}

/** Same rcode and same counts of records; orders may differ. */
function saysTheSame(a: MessageView, b: MessageView): boolean {
  return a.rcode === b.rcode && a.recordCount === b.recordCount && a.bytes.length === b.bytes.length;
}

async function tryUdp(parts: ExchangeParts, work: Work, made: Attempt): Promise<UdpEnd> {
  return await endOfUdp(parts, work, made, await attemptUdp(parts, work, made));
}

/** What comes of a first attempt; a cookie that the server wants renewed (RFC 7873 §5.3, BADCOOKIE) is sent once more. */
async function endOfUdp(parts: ExchangeParts, work: Work, made: Attempt, first: UdpAttemptEnd): Promise<UdpEnd> {
  if (first.kind === 'error') return noteNetworkError(parts, made.query, first.error);
  if (first.kind === 'timeout') return noteTimeout(parts, made.query, first);
  if (first.kind !== 'response' || first.message.rcode !== RCODE.BADCOOKIE || !made.withCookie) return first;
  const second = await attemptUdp(parts, work, made);
  if (second.kind === 'error') return noteNetworkError(parts, made.query, second.error);
  if (second.kind === 'timeout') return noteTimeout(parts, made.query, second);
  const isStillBad = second.kind === 'response' && second.message.rcode === RCODE.BADCOOKIE;
  return isStillBad ? { kind: 'without-cookie' } : second;
}
