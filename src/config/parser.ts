/**
 * Tokens to clauses: which directives stand in which clause, with their positions.
 *
 * Duties: the grammar of the file (a directive needs a clause, and the right one). Every mistake is one finding; reading
 * goes on after it.
 * Leaves to others: what the values are (read-values.ts).
 */

import type { Steps } from '../wire/steps.ts';
import type { Findings, Position } from './finding.ts';
import { CLAUSES, type ClauseName, rowOf } from './options-table.ts';
import type { SourcePieces, SourceToken } from './source.ts';

/** A directive as it stands in a file, its older spelling replaced. */
export interface Entry extends Position {
  readonly directive: string;
  readonly values: readonly string[];
}

/** A clause as it stands in a file. */
export interface Clause extends Position {
  readonly name: ClauseName;
  readonly entries: readonly Entry[];
}

/** Characters of a value that is likely to come again (types, yes and no), and how many such are kept once. */
const MAX_SHARED_CHARACTERS = 20;
const MAX_SHARED_VALUES = 200;

/** The clauses of the tokens, in order. */
export function* parseClauses(pieces: SourcePieces, findings: Findings): Steps<readonly Clause[]> {
  const parser = new Parser(findings);
  for (const tokens of pieces) {
    parser.take(tokens);
    yield;
  }
  return parser.clauses;
}

class Parser {
  readonly clauses: (Clause & { readonly entries: Entry[] })[] = [];
  readonly #findings: Findings;
  #current: (typeof this.clauses)[number] | null = null;
  readonly #shared = new Map<string, string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Takes the next tokens; the values of a directive are among them. */
  take(tokens: readonly SourceToken[]): void {
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      if (token === undefined) break;
      const { file, line } = token;
      switch (token.kind) {
        case 'toplevel':
          this.#current = null;
          break;
        case 'clause':
          this.#current = { file, line, name: token.text as ClauseName, entries: [] };
          this.clauses.push(this.#current);
          break;
        case 'directive': {
          const values = valuesAfter(tokens, i);
          i += values.length;
          this.#directive(token, token.text, values);
          break;
        }
        case 'value':
          break;
      }
    }
  }

  /** One text for all equal ones: each part of the file's text that is kept takes 32 octets. */
  #share(value: string): string {
    if (value.length > MAX_SHARED_CHARACTERS) return value;
    const known = this.#shared.get(value);
    if (known === undefined && this.#shared.size < MAX_SHARED_VALUES) this.#shared.set(value, value);
    return known ?? value;
  }

  #directive({ file, line }: Position, text: string, values: readonly string[]): void {
    const row = this.#current === null ? null : rowOf(this.#current.name, text);
    // A directive without all its values had its finding from the lexer.
    if (row !== null && values.length === row.row.form.argumentCount) {
      const kept = values.map((value, i) => (i === 0 ? value : this.#share(value)));
      this.#current?.entries.push(new Line(file, line, row.directive, kept));
    } else if (row === null) {
      this.#findings.error({ file, line }, misplacedText(text, this.#current?.name ?? null));
    }
  }
}

/** An entry in little room: block lists have a million lines, most with two values. */
class Line implements Entry {
  readonly file: string;
  readonly line: number;
  readonly directive: string;
  readonly #first: string;
  readonly #second: string;
  /** All values when there are more than two; their number when there are not. */
  readonly #all: readonly string[] | number;

  constructor(file: string, line: number, directive: string, values: readonly string[]) {
    this.file = file;
    this.line = line;
    this.directive = directive;
    this.#first = values[0] ?? '';
    this.#second = values[1] ?? '';
    this.#all = values.length > 2 ? values : values.length;
  }

  get values(): readonly string[] {
    const all = this.#all;
    if (typeof all !== 'number') return all;
    return all === 2 ? [this.#first, this.#second] : all === 1 ? [this.#first] : [];
  }
}

function valuesAfter(tokens: readonly SourceToken[], at: number): string[] {
  const values: string[] = [];
  for (let i = at + 1; i < tokens.length; i++) {
    const token = tokens[i];
    if (token?.kind !== 'value') break;
    values.push(token.text);
  }
  return values;
}

function misplacedText(directive: string, clause: ClauseName | null): string {
  const homes = (Object.keys(CLAUSES) as ClauseName[]).filter((name) => rowOf(name, directive) !== null);
  const home = homes.map((name) => `${name}:`).join(' or ');
  if (clause === null) return `syntax error: '${directive}' is outside a section, it belongs in ${home}`;
  return `syntax error: '${directive}' does not belong in ${clause}:, it belongs in ${home}`;
}
