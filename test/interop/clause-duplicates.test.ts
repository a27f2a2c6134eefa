/**
 * Proves that of lines given twice inside stub-zone, forward-zone, auth-zone, rpz and view the same one counts as in a live
 * Unbound: twice in one clause, by an included line, in two clauses of one name, and over an included clause.
 */

import { describe, expect, test } from 'vitest';
import { CLAUSES } from '../../src/config/options-table.ts';
import { CASES } from './clause-duplicates.ts';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['dig', 'ip', 'unbound', 'unbound-control']);
/** What there is no such case for: a second name is an error in both, and the rest is unknown to Debian's Unbound. */
const NO_CASE = new Set([
  'name',
  'stub-tls-pin',
  'forward-tls-pin',
  'forward-tls-dane',
  'max-transfer-size',
  'max-transfer-time',
  'allow-notify of rpz',
]);

interface Shown {
  readonly acts: Readonly<Record<string, unknown>>;
  /** True when the control channel of the clause given twice speaks without certificates: its last line says so. */
  readonly plainControl: boolean;
}

test('each directive of the named clauses has its cases', () => {
  const has = new Set(CASES.map(({ subject: { clause, directive } }) => `${clause} ${directive}`));
  const clauses = ['stub-zone', 'forward-zone', 'auth-zone', 'rpz', 'view'] as const;
  const missing = clauses.flatMap((clause) =>
    Object.keys(CLAUSES[clause])
      .filter((directive) => !NO_CASE.has(directive) && !NO_CASE.has(`${directive} of ${clause}`))
      .map((directive) => `${clause} ${directive}`)
      .filter((text) => !has.has(text)),
  );
  expect(missing).toEqual([]);
});

describe.skipIf(why !== null)(`directives given twice inside clauses ${why ?? ''}`, () => {
  test('act as in Unbound', { timeout: 250_000 }, () => {
    const [unbound, hawser] = ['unbound', 'hawser'].map(
      (program) => JSON.parse(runInNamespace('clause-duplicates-session.ts', [program], 120_000)) as Shown,
    );
    expect(Object.keys(unbound?.acts ?? {})).toHaveLength(CASES.length);
    expect(unbound?.plainControl).toBe(true);
    expect(hawser).toEqual(unbound);
  });
});
