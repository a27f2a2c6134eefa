/**
 * The options table: every clause and directive of unbound.conf, joined from its parts.
 *
 * Duties: one place where directives are looked up. What a row says is in option.ts; from the rows come parsing, defaults,
 * option text, findings and the reference page.
 */

import type { Rows, ValueRow } from './option.ts';
import { CACHEDB_ROWS } from './table-cachedb.ts';
import { AUTH_ZONE_ROWS, FORWARD_ZONE_ROWS, REMOTE_CONTROL_ROWS, STUB_ZONE_ROWS, VIEW_ROWS } from './table-clauses.ts';
import { DNSCRYPT_ROWS, DNSTAP_ROWS, DYNLIB_ROWS, IPSET_ROWS, PYTHON_ROWS } from './table-foreign-clauses.ts';
import { RPZ_ROWS } from './table-rpz.ts';
import { SERVER_CACHE_ROWS } from './table-server-cache.ts';
import { SERVER_MODULE_ROWS } from './table-server-modules.ts';
import { SERVER_POLICY_ROWS } from './table-server-policy.ts';
import { SERVER_RESOLVE_ROWS } from './table-server-resolve.ts';
import { SERVER_RUN_ROWS } from './table-server-run.ts';
import { SERVER_SOCKET_ROWS } from './table-server-sockets.ts';
import { SERVER_TLS_ROWS } from './table-server-tls.ts';
import { SERVER_VALIDATE_ROWS } from './table-server-validate.ts';

/** All rows of clause `server:`. */
const SERVER_ROWS = {
  ...SERVER_RUN_ROWS,
  ...SERVER_SOCKET_ROWS,
  ...SERVER_TLS_ROWS,
  ...SERVER_CACHE_ROWS,
  ...SERVER_RESOLVE_ROWS,
  ...SERVER_VALIDATE_ROWS,
  ...SERVER_POLICY_ROWS,
  ...SERVER_MODULE_ROWS,
};

/** The rows of every clause. Clauses that may stand once are merged when they repeat; the others make one item each. */
export const CLAUSES = {
  server: SERVER_ROWS,
  'remote-control': REMOTE_CONTROL_ROWS,
  'stub-zone': STUB_ZONE_ROWS,
  'forward-zone': FORWARD_ZONE_ROWS,
  'auth-zone': AUTH_ZONE_ROWS,
  view: VIEW_ROWS,
  rpz: RPZ_ROWS,
  python: PYTHON_ROWS,
  dynlib: DYNLIB_ROWS,
  ipset: IPSET_ROWS,
  dnscrypt: DNSCRYPT_ROWS,
  cachedb: CACHEDB_ROWS,
  dnstap: DNSTAP_ROWS,
} satisfies Readonly<Record<string, Rows>>;

export type ClauseName = keyof typeof CLAUSES;

/** A directive under its present name, with its row. */
export interface FoundRow {
  readonly directive: string;
  readonly row: ValueRow;
}

/** The row of a directive of a clause, older spellings followed; null when the clause has none such. */
export function rowOf(clause: ClauseName, directive: string): FoundRow | null {
  const rows: Rows = CLAUSES[clause];
  const row = Object.hasOwn(rows, directive) ? rows[directive] : undefined;
  if (row === undefined) return null;
  return row.kind === 'alias' ? rowOf(clause, row.of) : { directive, row };
}

/** All names of clauses and directives. */
export function allKeywords(): readonly string[] {
  const names = Object.entries(CLAUSES).flatMap(([clause, rows]) => [clause, ...Object.keys(rows)]);
  return [...new Set([...names, 'include', 'include-toplevel'])];
}

/** How many values the lexer takes: 0 for a clause, null for a word that is neither. */
export function argumentCounts(): (keyword: string) => number | null {
  const counts = new Map<string, number>();
  for (const clause of Object.keys(CLAUSES) as ClauseName[]) {
    counts.set(clause, 0);
    for (const directive of Object.keys(CLAUSES[clause])) {
      counts.set(directive, rowOf(clause, directive)?.row.form.argumentCount ?? 1);
    }
  }
  return (keyword) => counts.get(keyword) ?? null;
}
