/** The value of a directive as text, for `get_option` and the check program. */

import type { Config } from './config.ts';
import { words } from './form.ts';
import { camelCase } from './option.ts';
import { type ClauseName, type FoundRow, rowOf } from './options-table.ts';

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
    return linesOf(found, values[camelCase(found.directive)], config.given[found.directive]?.split('\n') ?? []);
  }
  return null;
}

/** The lists that Unbound shows in the order of the file; all others with the last line first. Scripts may count on it. */
const IN_FILE_ORDER: ReadonlySet<string> = new Set([
  'interface',
  'outgoing-interface',
  'control-interface',
  'metrics-interface',
  'web-interface',
  'tls-session-ticket-keys',
  'python-script',
  'dynlib-file',
]);

/**
 * Lists and text are shown in the operator's words, the rest in its one normal form. Each tag has a line of its own, in the
 * order in which they are defined.
 */
function linesOf({ directive, row }: FoundRow, value: unknown, given: readonly string[]): readonly string[] {
  if (row.kind !== 'many') {
    const written = given.at(-1);
    return [row.form.isWordy && written !== undefined ? written : row.form.write(value)];
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  const lines = given.length > 0 ? given : values.map((item) => row.form.write(item));
  if (row.form.phrase === words.phrase) return [...new Set(lines.flatMap((line) => line.split(/\s+/)))];
  return IN_FILE_ORDER.has(directive) ? lines : lines.toReversed();
}
