/**
 * Splits master-file text into logical lines of tokens (RFC 1035 §5.1): parentheses, comments, quoted strings, escapes.
 *
 * Duties: token borders and line numbers in one linear pass; octets of a token with its escapes resolved.
 * Leaves to others: directives and defaults (zone-text.ts), meaning of tokens.
 */

/** A token; `text` keeps its escapes, outer quotes are gone. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
  /** True when no white space divides it from the token before: `key="value"` is two tokens (RFC 9460 §2.1). */
  readonly glued: boolean;
}

/** One entry of a master file: a record or directive, over as many lines as its parentheses span. */
export interface LogicalLine {
  /** Number of its first line, from 1. */
  readonly line: number;
  readonly tokens: readonly Token[];
  /** True when it begins with white space: the owner is that of the record before. */
  readonly startsBlank: boolean;
  /** Why it cannot be read; null when it can. */
  readonly problem: string | null;
}

/**
 * Characters of one entry, whatever parentheses it is in. The longest honest one is a bitmap of all types by number, 660,000; the
 * largest rdata in escapes has 262,140.
 */
const MAX_ENTRY_CHARACTERS = 1024 * 1024;
/** Tokens of one entry: rdata of 65,535 fields of an octet each, and what stands before it. */
const MAX_ENTRY_TOKENS = 65_600;

/** Reads logical lines one by one; a line that cannot be read is given with its problem, reading goes on after it. */
export class LineReader {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Characters read so far. */
  get at(): number {
    return this.#at;
  }

  /** The next line that is not empty; null at the end. */
  next(): LogicalLine | null {
    while (this.#at < this.#text.length) {
      const found = this.#readLine();
      if (found.tokens.length > 0 || found.problem !== null) return found;
    }
    return null;
  }

  #readLine(): LogicalLine {
    const line = this.#line;
    const end = this.#at + MAX_ENTRY_CHARACTERS;
    const startsBlank = isBlank(this.#text.charCodeAt(this.#at));
    const tokens: Token[] = [];
    let depth = 0;
    let glued = false;
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      const followsToken = glued;
      glued = false;
      if (char === '\n') {
        this.#at++;
        this.#line++;
        if (depth === 0) return { line, tokens, startsBlank, problem: null };
      } else if (char === ';') {
        this.#skipComment();
      } else if (char === '(' || char === ')') {
        depth += char === '(' ? 1 : -1;
        this.#at++;
        if (depth < 0) return this.#broken(line, 'closing parenthesis without an opening one');
      } else if (isBlank(this.#text.charCodeAt(this.#at))) {
        this.#at++;
      } else {
        const text = char === '"' ? this.#readQuoted() : this.#readPlain();
        if (text === null) return this.#broken(line, 'quoted string without an end');
        tokens.push({ text, quoted: char === '"', glued: followsToken });
        glued = true;
      }
      if (this.#at > end || tokens.length > MAX_ENTRY_TOKENS) return this.#broken(line, 'entry too long');
    }
    const problem = depth > 0 ? 'opening parenthesis without a closing one' : null;
    return { line, tokens, startsBlank, problem };
  }

  #broken(line: number, problem: string): LogicalLine {
    this.#skipComment();
    return { line, tokens: [], startsBlank: false, problem };
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #readQuoted(): string | null {
    const end = closingQuote(this.#text, this.#at + 1);
    if (end < 0) return null;
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  #readPlain(): string {
    const start = this.#at;
    let at = start;
    const end = Math.min(this.#text.length, start + MAX_ENTRY_CHARACTERS + 1);
    for (; at < end; at++) {
      const char = this.#text.charAt(at);
      if (char === '\\' && this.#text.charAt(at + 1) !== '\n') at++;
      else if (isBlank(char.charCodeAt(0)) || '\n;()"'.includes(char)) break;
    }
    this.#at = Math.min(at, this.#text.length);
    return this.#text.slice(start, this.#at);
  }
}

/** Offset of the quote that ends a string; -1 when the line, or what an entry may have, ends first. */
function closingQuote(text: string, from: number): number {
  const end = Math.min(text.length, from + MAX_ENTRY_CHARACTERS);
  for (let at = from; at < end; at++) {
    const char = text.charAt(at);
    if (char === '"') return at;
    if (char === '\n') return -1;
    if (char === '\\') at++;
  }
  return -1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

/** All tokens of one line of text; a string when it cannot be read or is more than one line. */
export function tokensOf(text: string): readonly Token[] | string {
  const reader = new LineReader(text);
  const first = reader.next();
  if (first === null) return [];
  if (first.problem !== null) return first.problem;
  return reader.next() === null ? first.tokens : 'more than one line';
}

const encoder = new TextEncoder();

/** Octets of a token: `\DDD` and `\X` resolved, other characters as UTF-8; null when an escape is malformed. */
export function textOctets(text: string): Uint8Array | null {
  if (!text.includes('\\')) return encoder.encode(text);
  const octets: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) !== '\\') {
      const point = text.codePointAt(at) ?? 0;
      if (point < 0x80) {
        octets.push(point);
      } else {
        const char = String.fromCodePoint(point);
        octets.push(...encoder.encode(char));
        at += char.length - 1;
      }
      continue;
    }
    const digits = /^[0-9]{3}/.exec(text.slice(at + 1, at + 4));
    if (digits !== null) {
      if (Number(digits[0]) > 255) return null;
      octets.push(Number(digits[0]));
      at += 3;
      continue;
    }
    const code = text.charCodeAt(at + 1);
    // RFC 1035 §5.1: a backslash and a character other than a digit.
    if (Number.isNaN(code) || code > 0x7f || (code >= 0x30 && code <= 0x39)) return null;
    octets.push(code);
    at++;
  }
  return Uint8Array.from(octets);
}

/** Octets as text for inside quotes: `"` and `\` with a backslash, what is not printable ASCII as `\DDD`. */
export function escapeOctets(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    if (octet === 0x22 || octet === 0x5c) text += `\\${String.fromCharCode(octet)}`;
    else if (octet >= 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
}
