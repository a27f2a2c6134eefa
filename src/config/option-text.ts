/** The value of a directive as text, for `get_option` and the check program. */

import type { Config } from './config.ts';
import { words } from './form.ts';
import { camelCase, type ValueRow } from './option.ts';
import { type ClauseName, rowOf } from './options-table.ts';

/** The clauses whose directives have one value in the whole configuration. */
const SINGLE_CLAUSES = {
  server: 'server',
  'remote-control': 'remoteControl',
  python: 'python',
  dynlib: 'dynlib',
  ipset: 'ipset',
  dnscrypt: 'dnscrypt',
  cachedb: 'cachedb',
  dnstap: 'dnstap',
} as const satisfies Partial<Record<ClauseName, keyof Config>>;

/**
 * The lines that show a directive, one per value; null when there is no such directive, or when it belongs to clauses of
 * which there may be several. A colon at the end of the name is allowed.
 */
export function optionText(config: Config, name: string): readonly string[] | null {
  const directive = name.endsWith(':') ? name.slice(0, -1) : name;
  for (const [clause, member] of Object.entries(SINGLE_CLAUSES)) {
    const found = rowOf(clause as ClauseName, directive);
    if (found === null) continue;
    const values: Readonly<Record<string, unknown>> = config[member];
    return linesOf(found.row, values[camelCase(found.directive)], config.given[found.directive] ?? []);
  }
  return null;
}

/**
 * Lists and text are shown in the operator's words, the rest in its one normal form. Unbound shows lists of pairs and
 * triples with the last line first, and each tag on a line of its own; scripts may count on it.
 */
function linesOf(row: ValueRow, value: unknown, given: readonly string[]): readonly string[] {
  if (row.kind !== 'many') {
    const written = given.at(-1);
    return [row.form.isWordy && written !== undefined ? written : row.form.write(value)];
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  const lines = given.length > 0 ? given : values.map((item) => row.form.write(item));
  if (row.form.phrase === words.phrase) return lines.flatMap((line) => line.split(/\s+/));
  return row.form.argumentCount > 1 ? lines.toReversed() : lines;
}
