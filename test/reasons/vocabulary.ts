/** The members of the closed vocabularies, read from their source: types are gone at run time. Not a test itself. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const TERMS = join(import.meta.dirname, '..', '..', 'src', 'terms');

/** The kinds of a union of tagged objects, as its declaration names them. */
export function kindsOf(file: string, union: string): string[] {
  const text = readFileSync(join(TERMS, file), 'utf8');
  const start = text.indexOf(`export type ${union} =`);
  expect(start, `${union} in ${file}`).toBeGreaterThanOrEqual(0);
  const end = text.indexOf('\nexport ', start + 1);
  const declaration = text.slice(start, end < 0 ? undefined : end);
  return [...declaration.matchAll(/readonly kind: '([^']+)'/g)].map((match) => match[1] as string);
}

/** Fails when the table and the vocabulary differ. */
export function expectKinds(table: readonly string[], vocabulary: readonly string[]): void {
  expect(vocabulary.length).toBeGreaterThan(0);
  expect([...table].sort()).toEqual([...new Set(vocabulary)].sort());
}
