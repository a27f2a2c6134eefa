/** The table as a whole: rows are complete, defaults are of their own form, and the page made from it is up to date. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FormError } from '../../src/config/form.ts';
import { camelCase } from '../../src/config/option.ts';
import { directivesOf } from '../../src/config/option-facts.ts';
import { allKeywords, argumentCounts, CLAUSES, type ClauseName, rowOf } from '../../src/config/options-table.ts';
import { referencePage } from '../../src/config/reference-page.ts';
import { closestWord } from '../../src/config/suggest.ts';

const clauses = Object.keys(CLAUSES) as ClauseName[];
const all = clauses.flatMap(directivesOf);

describe('the options table', () => {
  test('has a line of documentation for each directive, and a reason for each refusal', () => {
    for (const { doc } of all) expect(doc).toMatch(/^\S.{5,}\.$/);
    for (const { level, why } of all) {
      if (level !== 'accepted') expect(why !== '').toBe(level === 'refused');
    }
  });

  test('reads its own defaults', () => {
    for (const { clause, directive, aliasOf } of all) {
      const row = rowOf(clause, directive)?.row;
      if (aliasOf !== null || row?.kind !== 'one') continue;
      const text = row.form.write(row.default);
      const value = row.form.read(text);
      expect(value, `${clause} ${directive}: ${text}`).not.toBeInstanceOf(FormError);
      expect(value).toEqual(row.default);
    }
  });

  test('takes as many values for a directive in each clause', () => {
    const count = argumentCounts();
    for (const { clause, directive } of all) {
      expect(rowOf(clause, directive)?.row.form.argumentCount).toBe(count(directive));
    }
    expect(count('server')).toBe(0);
    expect(count('nonsense')).toBe(null);
  });

  test('has older spellings that lead to present ones', () => {
    expect(rowOf('server', 'ssl-upstream')?.directive).toBe('tls-upstream');
    expect(rowOf('server', 'caps-whitelist')?.directive).toBe('caps-exempt');
    expect(rowOf('auth-zone', 'master')?.directive).toBe('primary');
    expect(rowOf('server', 'toString')).toBe(null);
  });

  test('gives each directive of a clause its own member', () => {
    for (const clause of clauses) {
      const members = directivesOf(clause)
        .filter(({ aliasOf }) => aliasOf === null)
        .map(({ directive }) => camelCase(directive));
      expect(new Set(members).size).toBe(members.length);
    }
  });

  test('is what docs/options.md shows (npm run docs:options)', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'options.md'), 'utf8');
    expect(page).toBe(referencePage());
  });
});

describe('a guess', () => {
  test('is made for a slip only', () => {
    expect(closestWord('qname-minimization', allKeywords())).toBe('qname-minimisation');
    expect(closestWord('foo', allKeywords())).toBe(null);
    expect(closestWord('x'.repeat(1000), allKeywords())).toBe(null);
  });
});
