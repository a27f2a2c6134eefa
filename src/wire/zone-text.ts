/**
 * Reads master files (RFC 1035 §5.1): records and the directives $ORIGIN, $TTL (RFC 2308 §4) and $INCLUDE.
 *
 * Duties: defaults carried from record to record; a bad line is reported and left out, reading goes on.
 * Leaves to others: files (the caller gives texts), whether the records make a zone. $GENERATE, a BIND extension, is
 * reported as unknown.
 */

import { type Name, ROOT } from './name.ts';
import { parseName } from './name-text.ts';
import { parseRecordLine } from './record-text.ts';
import { CLASS } from './rr-type.ts';
import type { ResourceRecord } from './rrsets.ts';
import { runAtOnce, type Steps } from './steps.ts';
import { LineReader, type LogicalLine } from './text-tokens.ts';
import { parseTtl } from './ttl-text.ts';

export type ZoneRecord = ResourceRecord;

/** A line that could not be read. */
interface ZoneTextError {
  /** Name of the included file; null for the text itself. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface ZoneTextOptions {
  /** The root when absent. */
  readonly origin?: Name;
  /** Seconds, for records before any TTL is known; without it they are errors. */
  readonly defaultTtl?: number;
  /** Gives the text of a file named by $INCLUDE, null when it cannot be read; without it $INCLUDE is an error. */
  readonly include?: (path: string) => string | null;
}

export interface ZoneText {
  readonly records: readonly ZoneRecord[];
  readonly errors: readonly ZoneTextError[];
}

/** Files inside files: ends a file that includes itself; no sane zone nests deeper. */
const MAX_INCLUDE_DEPTH = 8;

/** Bad lines that are reported; no reader wants more, and a text of other things has millions. */
const MAX_REPORTED_ERRORS = 1000;
/** Characters read in one piece: some five hundred usual lines. One that is longer is a piece alone. */
const CHARACTERS_PER_PIECE = 20_000;

export function readZoneText(text: string, options: ZoneTextOptions = {}): ZoneText {
  return runAtOnce(zoneTextSteps(text, options));
}

/** Reads a whole text in pieces. */
export function* zoneTextSteps(text: string, options: ZoneTextOptions = {}): Steps<ZoneText> {
  const reader = new ZoneReader(options);
  yield* reader.read(text, null, 0);
  return { records: reader.records, errors: reader.errors };
}

class ZoneReader {
  readonly records: ZoneRecord[] = [];
  readonly errors: ZoneTextError[] = [];
  readonly #options: ZoneTextOptions;
  #origin: Name;
  #owner: Name | null = null;
  #class: number = CLASS.IN;
  /** From $TTL; it wins over the TTL of the record before (RFC 2308 §4). */
  #directiveTtl: number | null = null;
  #lastTtl: number | null;

  constructor(options: ZoneTextOptions) {
    this.#options = options;
    this.#origin = options.origin ?? ROOT;
    this.#lastTtl = options.defaultTtl ?? null;
  }

  *read(text: string, file: string | null, depth: number): Steps<void> {
    const lines = new LineReader(text);
    let until = CHARACTERS_PER_PIECE;
    for (let line = lines.next(); line !== null; line = lines.next()) {
      const problem = line.problem ?? (yield* this.#readLine(line, depth));
      if (problem !== null && this.errors.length < MAX_REPORTED_ERRORS) {
        this.errors.push({ file, line: line.line, text: problem });
      }
      if (lines.at < until) continue;
      until = lines.at + CHARACTERS_PER_PIECE;
      yield;
    }
  }

  /** Why the line is bad; null when it is good. */
  *#readLine(line: LogicalLine, depth: number): Steps<string | null> {
    const first = line.tokens[0]?.text ?? '';
    if (!line.startsBlank && first.startsWith('$')) return yield* this.#readDirective(line, depth);
    const record = parseRecordLine(line, {
      origin: this.#origin,
      ttl: this.#directiveTtl ?? this.#lastTtl,
      previousOwner: this.#owner,
      class: this.#class,
    });
    if ('error' in record) return record.error;
    this.#owner = record.owner;
    this.#class = record.class;
    this.#lastTtl = record.ttl;
    this.records.push(record);
    return null;
  }

  *#readDirective(line: LogicalLine, depth: number): Steps<string | null> {
    const [directive, argument, second] = line.tokens.map((token) => token.text);
    if (argument === undefined) return `${directive} without a value`;
    switch (directive?.toUpperCase()) {
      case '$ORIGIN': {
        const origin = parseName(argument, this.#origin);
        if (origin === null) return `not a name: ${argument}`;
        this.#origin = origin;
        return null;
      }
      case '$TTL': {
        const ttl = parseTtl(argument);
        if (ttl === null) return `not a TTL: ${argument}`;
        this.#directiveTtl = ttl;
        return null;
      }
      case '$INCLUDE':
        return yield* this.#include(argument, second, depth);
      default:
        return `unknown directive ${directive}`;
    }
  }

  /** RFC 1035 §5.1: the included file has its own origin, the present one stays what it was. */
  *#include(path: string, originText: string | undefined, depth: number): Steps<string | null> {
    if (depth >= MAX_INCLUDE_DEPTH) return `files nested more than ${MAX_INCLUDE_DEPTH} deep`;
    const origin = originText === undefined ? this.#origin : parseName(originText, this.#origin);
    if (origin === null) return `not a name: ${originText}`;
    const text = this.#options.include?.(path) ?? null;
    if (text === null) return `cannot include ${path}`;
    const before = { origin: this.#origin, owner: this.#owner };
    this.#origin = origin;
    yield* this.read(text, path, depth + 1);
    this.#origin = before.origin;
    this.#owner = before.owner;
    return null;
  }
}
