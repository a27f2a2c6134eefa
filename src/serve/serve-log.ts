/**
 * The lines that serving logs, in the forms of Unbound's that scripts parse: queries, replies, SERVFAIL, bogus answers,
 * and the bugs caught at the border of a query.
 */

import type { LogFields, LogLevel, LogSink } from '../ports/log-sink.ts';
import type { Address } from '../ports/network.ts';
import type { Resolution } from '../terms/resolution.ts';
import { bugText } from '../terms/unreachable.ts';
import type { Followers } from '../trace/followers.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { FLAG, RCODE, rcodeText } from '../wire/rcode.ts';
import { classText, typeText } from '../wire/rr-type.ts';
import type { ClientQuery, PendingClient } from './client-query.ts';
import { extendedErrorsOf, reasonText } from './explain.ts';
import type { ReplyChannel } from './reply-channel.ts';
import type { ServeLogging } from './serve-options.ts';

/** What a reply's line says. */
interface LoggedReply {
  readonly from: Address;
  /** Null: not known. */
  readonly channel: Pick<ReplyChannel, 'transport' | 'layer' | 'local'> | null;
  /** Null: it could not be read. */
  readonly question: Question | null;
  readonly rcode: number;
  readonly seconds: number;
  readonly isCached: boolean;
  /** AD bit. */
  readonly isAuthentic: boolean;
  readonly octets: number;
}

export class ServeLog {
  readonly #log: LogSink;
  readonly #options: ServeLogging;
  readonly #followers: Followers | undefined;

  constructor(log: LogSink, options: ServeLogging, followers?: Followers) {
    this.#log = log;
    this.#options = options;
    this.#followers = followers;
  }

  /** True when each query or reply has its line: then the fast path must take the time to write it. */
  get wantsQueries(): boolean {
    return this.#options.queries;
  }

  /** See `wantsQueries`; those who follow want to see replies as well. */
  get wantsReplies(): boolean {
    return this.#options.replies || (this.#followers?.count ?? 0) > 0;
  }

  query(ip: string, question: Question): void {
    const fields = (): LogFields => ({ event: 'query', client: ip, ...questionFields(question) });
    this.#log.write(this.#level('query'), `${ip} ${questionText(question)}`, fields);
  }

  /** Who asks what the caches cannot answer (verbosity 5). */
  client({ from, channel, question }: Pick<PendingClient, 'from' | 'channel' | 'question'>): void {
    const fields = (): LogFields => ({
      event: 'miss',
      client: from.ip,
      port: from.port,
      transport: carrierText(channel),
      ...questionFields(question),
    });
    const asked = questionText(question);
    this.#log.write('debug', `client ${from.ip}@${from.port} ${carrierText(channel)} asks ${asked}`, fields);
  }

  /** A reply that is given at once. */
  immediateReply(query: ClientQuery, octets: number, rcode: number): void {
    const { from, channel } = query;
    const question = query.hasQuestion ? query.question() : null;
    const isAuthentic = hasAdBit(query.out);
    this.reply({ from, channel, question, rcode, seconds: 0, isCached: true, isAuthentic, octets });
  }

  reply(reply: LoggedReply): void {
    this.#tellFollowers(reply);
    if (this.#options.replies) this.#writeReply(reply);
  }

  #tellFollowers({ from, question, rcode, seconds, isCached, isAuthentic }: LoggedReply): void {
    if (this.#followers === undefined || this.#followers.count === 0 || question === null) return;
    this.#followers.reply({ client: from.ip, question, rcode, isAuthentic, waitedMs: seconds * 1000, isCached });
  }

  #writeReply(reply: LoggedReply): void {
    const { from, channel, question, rcode, seconds, isCached, octets } = reply;
    const fields = (): LogFields => ({
      event: 'reply',
      client: from.ip,
      ...(question === null ? {} : questionFields(question)),
      rcode: rcodeText(rcode),
      seconds: Number(seconds.toFixed(6)),
      cached: isCached,
      octets,
      ...destinationFields(channel),
    });
    const where = this.#options.destination ? destinationText(channel) : '';
    const asked = question === null ? UNREAD_QUESTION : questionText(question);
    // Unbound's form for what could not be read.
    const line =
      rcode === RCODE.FORMERR
        ? `${from.ip} - - - FORMERR - - -${where}`
        : `${from.ip} ${asked} ${rcodeText(rcode)} ${seconds.toFixed(6)} ${isCached ? 1 : 0} ${octets}${where}`;
    this.#log.write(this.#level('reply'), line, fields);
  }

  /** What an operator must know of how a question ended: once for each resolution, however many asked. */
  ended(resolution: Resolution, isWithheld: boolean): void {
    const { question } = resolution;
    const reason = reasonText(resolution);
    const { bogusLevel, failures } = this.#options;
    if (bogusLevel > 0 && resolution.kind === 'answered' && resolution.verdict?.status === 'bogus') {
      const { kind } = resolution.verdict.why;
      const fields = (): LogFields => ({
        event: 'bogus',
        ...questionFields(question),
        kind,
        reason,
        ...errorFields(resolution),
      });
      // Unbound's two forms: without the reason there are no brackets.
      const hasReason = bogusLevel > 1 || failures;
      const text = hasReason ? `<${questionText(question)}>: ${reason}` : questionText(question);
      this.#log.write('info', `validation failure ${text}`, fields);
    }
    if (failures && isWithheld) {
      const fields = (): LogFields => ({
        event: 'servfail',
        ...questionFields(question),
        reason,
        ...errorFields(resolution),
      });
      this.#log.write('error', `SERVFAIL <${questionText(question)}>: ${reason}`, fields);
    }
  }

  /** An exception: the question it came with and where it was thrown. */
  bug(question: Question | null, error: unknown): void {
    const asked = question === null ? '' : ` <${questionText(question)}>`;
    this.#log.write('error', `bug while serving${asked}, answered SERVFAIL: ${bugText(error)}`);
  }

  #level(level: LogLevel): LogLevel {
    return this.#options.tagged ? level : 'info';
  }
}

/** What stands for a question that could not be read. */
const UNREAD_QUESTION = 'null TYPE0 CLASS0';

/** AD bit of a message (RFC 4035 §3.2.3). */
export function hasAdBit(message: Uint8Array): boolean {
  return ((message[3] ?? 0) & FLAG.AD) !== 0;
}

function questionFields({ name, type, class: rrClass }: Question): LogFields {
  return { name: formatName(name), type: typeText(type), class: classText(rrClass) };
}

/** The extended error that the client gets, so that a line can be found by it. */
function errorFields(resolution: Resolution): LogFields {
  const error = extendedErrorsOf(resolution, false)[0];
  return error === undefined ? {} : { ede: error.code };
}

/** What a query came in, in one word. */
function carrierText({ transport, layer }: Pick<ReplyChannel, 'transport' | 'layer'>): string {
  if (layer === undefined) return transport;
  return { tls: 'dot', https: 'doh', http: 'http' }[layer];
}

/** ` on udp 192.0.2.1 53` (log-destaddr). */
function destinationText(channel: LoggedReply['channel']): string {
  const local = channel?.local ?? null;
  return channel === null || local === null ? '' : ` on ${carrierText(channel)} ${local.ip} ${local.port}`;
}

function destinationFields(channel: LoggedReply['channel']): LogFields {
  const local = channel?.local ?? null;
  if (channel === null) return {};
  const transport = { transport: carrierText(channel) };
  return local === null ? transport : { ...transport, server: local.ip, port: local.port };
}
