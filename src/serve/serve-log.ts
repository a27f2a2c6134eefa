/**
 * The lines that serving logs, in the forms that scripts parse (features.md 1i): queries, replies, SERVFAIL, bogus answers,
 * and the bugs caught at the border of a query.
 */

import type { LogLevel, LogSink } from '../ports/log-sink.ts';
import type { Resolution } from '../terms/resolution.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { rcodeText } from '../wire/rcode.ts';
import { classText, typeText } from '../wire/rr-type.ts';
import { reasonText } from './explain.ts';
import type { ServeLogging } from './serve-options.ts';

/** What a reply's line says. */
export interface LoggedReply {
  readonly ip: string;
  readonly question: Question;
  readonly rcode: number;
  readonly seconds: number;
  readonly isCached: boolean;
  readonly octets: number;
}

/** Writes the lines. */
export class ServeLog {
  readonly #log: LogSink;
  readonly #options: ServeLogging;

  constructor(log: LogSink, options: ServeLogging) {
    this.#log = log;
    this.#options = options;
  }

  /** True when each query or reply has its line: then the fast path must take the time to write it. */
  get wantsQueries(): boolean {
    return this.#options.queries;
  }

  /** See `wantsQueries`. */
  get wantsReplies(): boolean {
    return this.#options.replies;
  }

  query(ip: string, question: Question): void {
    this.#log.write(this.#level('query'), `${ip} ${questionText(question)}`);
  }

  reply({ ip, question, rcode, seconds, isCached, octets }: LoggedReply): void {
    const line = `${ip} ${questionText(question)} ${rcodeText(rcode)} ${seconds.toFixed(6)} ${isCached ? 1 : 0} ${octets}`;
    this.#log.write(this.#level('reply'), line);
  }

  /** What an operator must know of how a question ended: once for each resolution, however many asked. */
  ended(resolution: Resolution, isWithheld: boolean): void {
    const { question } = resolution;
    const reason = reasonText(resolution);
    if (this.#options.bogusLevel > 0 && resolution.kind === 'answered' && resolution.verdict?.status === 'bogus') {
      const place = `<${formatName(question.name)} ${typeText(question.type)} ${classText(question.class)}>`;
      this.#log.write('info', `validation failure ${place}${this.#options.bogusLevel > 1 ? `: ${reason}` : ''}`);
    }
    if (this.#options.failures && isWithheld) {
      this.#log.write('error', `SERVFAIL <${questionText(question)}>: ${reason}`);
    }
  }

  /** An exception: the question it came with and where it was thrown. */
  bug(question: Question | null, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const asked = question === null ? '' : ` <${questionText(question)}>`;
    this.#log.write('error', `bug while serving${asked}, answered SERVFAIL: ${what.replaceAll('\n', ' |')}`);
  }

  #level(level: LogLevel): LogLevel {
    return this.#options.tagged ? level : 'info';
  }
}
