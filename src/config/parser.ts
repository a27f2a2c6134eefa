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
import type { SourceToken } from './source.ts';

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

/** Tokens that are looked at in one piece. */
const TOKENS_PER_PIECE = 2000;

export function* parseClauses(tokens: readonly SourceToken[], findings: Findings): Steps<readonly Clause[]> {
  const clauses: (Clause & { readonly entries: Entry[] })[] = [];
  let current: (typeof clauses)[number] | null = null;
  let pauseAt = TOKENS_PER_PIECE;
  for (let i = 0; i < tokens.length; i++) {
    if (i >= pauseAt) {
      pauseAt = i + TOKENS_PER_PIECE;
      yield;
    }
    const token = tokens[i];
    if (token === undefined) break;
    const { file, line } = token;
    switch (token.kind) {
      case 'toplevel':
        current = null;
        break;
      case 'clause':
        current = { file, line, name: token.text as ClauseName, entries: [] };
        clauses.push(current);
        break;
      case 'directive': {
        const values = valuesAfter(tokens, i);
        i += values.length;
        const row = current === null ? null : rowOf(current.name, token.text);
        // A directive without all its values had its finding from the lexer.
        if (row !== null && values.length === row.row.form.argumentCount) {
          current?.entries.push({ file, line, directive: row.directive, values });
        } else if (row === null) {
          findings.error(token, misplacedText(token.text, current?.name ?? null));
        }
        break;
      }
      case 'value':
        break;
    }
  }
  return clauses;
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
