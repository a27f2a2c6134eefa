/** The rows of the options table as plain facts, without their functions: for pages and listings. */

import type { Unit } from './form.ts';
import type { Rows, SupportLevel } from './option.ts';
import { CLAUSES, type ClauseName, rowOf } from './options-table.ts';

/** What there is to know of one directive. */
export interface OptionFacts {
  readonly clause: ClauseName;
  readonly directive: string;
  /** The present name when this is an older spelling, else null. */
  readonly aliasOf: string | null;
  readonly phrase: string;
  readonly unit: Unit;
  /** As the file would write it; empty for lists and for what has no default. */
  readonly defaultText: string;
  readonly isRepeated: boolean;
  readonly isLive: boolean;
  readonly level: SupportLevel;
  readonly why: string;
  readonly doc: string;
}

/** The directives of a clause in the order of the table. */
export function directivesOf(clause: ClauseName): readonly OptionFacts[] {
  const rows: Rows = CLAUSES[clause];
  return Object.keys(rows).flatMap((directive) => {
    const found = rowOf(clause, directive);
    if (found === null) return [];
    const { row } = found;
    return {
      clause,
      directive,
      aliasOf: found.directive === directive ? null : found.directive,
      phrase: row.form.phrase,
      unit: row.form.unit,
      defaultText: row.kind === 'one' ? row.form.write(row.default) : '',
      isRepeated: row.kind === 'many',
      isLive: row.support.isLive,
      level: row.support.level,
      why: row.support.why,
      doc: row.doc,
    };
  });
}
