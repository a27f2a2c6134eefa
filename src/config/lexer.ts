/**
 * Text of unbound.conf to tokens.
 *
 * Duties: keywords that end in a colon, values bare or in quotes of either kind, comments, include directives, line
 * numbers. Several directives may share a line and a value may stand on a later one, as in Unbound's lexer; a backslash
 * keeps the character after it from ending a value, and stays in it.
 * Leaves to others: opening included files (source.ts), which directive belongs where (parser.ts).
 */

import type { Steps } from '../wire/steps.ts';
import type { Findings, Position } from './finding.ts';
import { SECRET_DIRECTIVES } from './option.ts';
import { closestWord } from './suggest.ts';

/** The start of a clause, the start of a directive, one of its values, or a file to read at this place. */
export type Token = Position &
  (
    | { readonly kind: 'clause' | 'directive' | 'value'; readonly text: string }
    | { readonly kind: 'include'; readonly pattern: string; readonly isToplevel: boolean }
  );

/** What the lexer must know of the table: 0 for a clause, the number of values for a directive, null for neither. */
export type ArgumentCount = (keyword: string) => number | null;

/** What lexing needs besides the text. */
interface LexOptions {
  readonly file: string;
  readonly argumentCount: ArgumentCount;
  /** All keywords, for suggestions. */
  readonly keywords: readonly string[];
  readonly findings: Findings;
}

const BLANKS = /[ \t\f\v]+/y;
const COMMENT = /#[^\n\r]*/y;
const LINE_END = /\r\n|\n|\r/y;
const REST_OF_LINE = /[^\n\r]*/y;
/** What ends a keyword, a bare value, and text in quotes of either kind. */
const KEYWORD_ENDS = '\'"\n\r \t\f\v:';
const VALUE_ENDS = '\'"\n\r \t\f\v';
const QUOTED_ENDS = { '"': '"\n\r', "'": "'\n\r" };

/** Keywords with their values that are read in one piece: about a millisecond. */
const KEYWORDS_PER_PIECE = 500;

export function* lex(text: string, options: LexOptions): Steps<readonly Token[]> {
  return yield* new Lexer(text, options).run();
}

class Lexer {
  readonly #text: string;
  readonly #options: LexOptions;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** Where the last secret ended; 0: there was none. */
  #secretLine = 0;

  constructor(text: string, options: LexOptions) {
    this.#text = text;
    this.#options = options;
  }

  *run(): Steps<readonly Token[]> {
    let count = 0;
    for (this.#skip(); this.#at < this.#text.length; this.#skip()) {
      this.#keyword();
      if (++count % KEYWORDS_PER_PIECE === 0) yield;
    }
    return this.#tokens;
  }

  get #position(): Position {
    return { file: this.#options.file, line: this.#line };
  }

  #error(text: string): void {
    this.#options.findings.error(this.#position, text);
  }

  /** Takes what the pattern matches here; null when it does not. */
  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  /** Takes the characters before the first of `ends`; a backslash takes the character after it along. '' when none. */
  #takeUntil(ends: string): string {
    const start = this.#at;
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      if (ends.includes(char)) break;
      if (char === '\\') {
        const next = this.#text.charAt(this.#at + 1);
        if (next === '' || next === '\n' || next === '\r') break;
        this.#at++;
      }
      this.#at++;
    }
    return this.#text.slice(start, this.#at);
  }

  /** Goes over blanks, comments and line ends. */
  #skip(): void {
    for (;;) {
      if (this.#take(LINE_END) !== null) this.#line++;
      else if (this.#take(BLANKS) === null && this.#take(COMMENT) === null) return;
    }
  }

  /** A clause, a directive with its values, or what should have been one. */
  #keyword(): void {
    const word = this.#takeUntil(KEYWORD_ENDS);
    if (word === '' || this.#text[this.#at] !== ':') {
      this.#error(word === '' ? `stray '${this.#text[this.#at]}'` : this.#unknownText(word, false));
      // What follows on the line belongs to the mistake: complaining about each word would hide it.
      this.#take(REST_OF_LINE);
      return;
    }
    this.#at++;
    if (word === 'include' || word === 'include-toplevel') {
      this.#include(word);
      return;
    }
    const count = this.#options.argumentCount(word);
    if (count === null) {
      this.#error(this.#unknownText(word, true));
      this.#take(REST_OF_LINE);
      return;
    }
    this.#tokens.push({ ...this.#position, kind: count === 0 ? 'clause' : 'directive', text: word });
    const line = this.#line;
    for (let i = 0; i < count; i++) {
      const value = this.#value(word, line);
      if (value === null) return;
      this.#tokens.push({ ...this.#position, kind: 'value', text: value });
    }
    if (SECRET_DIRECTIVES.has(word)) this.#secretLine = this.#line;
  }

  #unknownText(word: string, hasColon: boolean): string {
    if (this.#line === this.#secretLine) return 'unknown keyword (not shown: it may belong to the secret before it)';
    if (!hasColon && this.#options.argumentCount(word) !== null)
      return `unknown keyword '${word}': its colon is missing`;
    const guess = hasColon ? closestWord(word, this.#options.keywords) : null;
    return `unknown keyword '${word}'${guess === null ? '' : ` (did you mean '${guess}'?)`}`;
  }

  /** The next value of a directive; null after a finding. */
  #value(directive: string, directiveLine: number): string | null {
    this.#skip();
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") return this.#quoted(quote);
    const start = this.#at;
    const word = this.#takeUntil(VALUE_ENDS);
    if (word === '') {
      const isEnd = this.#at >= this.#text.length;
      this.#error(isEnd ? `syntax error: value expected for '${directive}'` : `stray '${this.#text[this.#at]}'`);
      this.#take(REST_OF_LINE);
      return null;
    }
    const isNextDirective = this.#line > directiveLine && this.#isKeyword(word);
    if (!isNextDirective) return word;
    this.#error(`syntax error: value expected for '${directive}' of line ${directiveLine} before '${word}'`);
    this.#at = start;
    return null;
  }

  /** True for a known keyword with its colon, with or without a value glued to it. */
  #isKeyword(word: string): boolean {
    const colon = word.indexOf(':');
    const keyword = word.slice(0, colon);
    return colon > 0 && (keyword.startsWith('include') || this.#options.argumentCount(keyword) !== null);
  }

  #quoted(quote: '"' | "'"): string | null {
    this.#at++;
    const content = this.#takeUntil(QUOTED_ENDS[quote]);
    if (this.#text[this.#at] === quote) {
      this.#at++;
      return content;
    }
    const isEnd = this.#at >= this.#text.length;
    this.#error(isEnd ? 'EOF inside quoted string' : `newline inside quoted string, no end ${quote}`);
    this.#take(REST_OF_LINE);
    return null;
  }

  #include(word: 'include' | 'include-toplevel'): void {
    const position = this.#position;
    const pattern = this.#value(word, this.#line);
    if (pattern === null) return;
    this.#tokens.push({ ...position, kind: 'include', pattern, isToplevel: word === 'include-toplevel' });
  }
}
