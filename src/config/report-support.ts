/**
 * Says which directives have no effect, and refuses those whose neglect would lower protection.
 *
 * A directive that is set to its default is never reported: leaving it out would do the same.
 */

import { eachInPieces, type Steps } from '../wire/steps.ts';
import type { Findings } from './finding.ts';
import { FormError } from './form.ts';
import { rowOf } from './options-table.ts';
import type { Clause, Entry } from './parser.ts';

const ENTRIES_PER_PIECE = 2000;

/** One finding per directive, at the first line that asks for what is not there. */
export function* reportSupport(clauses: readonly Clause[], findings: Findings): Steps<void> {
  // A list of a thousand local-data lines deserves one warning, not a thousand; a refusal counts apart from it.
  const said = new Set<string>();
  for (const clause of clauses) {
    yield* eachInPieces(clause.entries, ENTRIES_PER_PIECE, (entry) => {
      const support = supportOf(clause, entry);
      const key = `${support} ${clause.name} ${entry.directive}`;
      if (support === 'silent' || said.has(key)) return;
      said.add(key);
      const why = rowOf(clause.name, entry.directive)?.row.support.why ?? '';
      if (support === 'refused') findings.error(entry, `${entry.directive} is not supported, and without it ${why}`);
      else findings.warning(entry, `${entry.directive} has no effect here${why === '' ? '' : `: ${why}`}`);
    });
  }
}

function supportOf(clause: Clause, entry: Entry): 'silent' | 'accepted' | 'refused' {
  const row = rowOf(clause.name, entry.directive)?.row;
  if (row === undefined || row.support.level === 'done' || row.support.level === 'unnoticed') return 'silent';
  const value = row.form.read(...entry.values);
  if (value instanceof FormError) return 'silent';
  if (row.kind === 'one' && row.form.write(value) === row.form.write(row.default)) return 'silent';
  return row.support.level === 'refused' && row.support.protects(value) ? 'refused' : 'accepted';
}
