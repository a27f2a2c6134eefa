/** Holds the generated pages of docs up to date with the tables that they are made from, and the tables with their reasons. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { boundsOfCode, PAGES } from './pages.ts';
import { PROJECT } from './source-files.ts';

describe('a generated page', () => {
  test.each(Object.entries(PAGES))('docs/%s is what the code says (npm run docs)', (name, page) => {
    expect(readFileSync(join(PROJECT, 'docs', name), 'utf8')).toBe(page());
  });

  test('names many bounds, and each limit of the control channel with its reason', () => {
    expect(boundsOfCode().length).toBeGreaterThan(50);
    const page = PAGES['limits.md']?.() ?? '';
    for (const name of Object.keys(CONTROL_LIMITS)) expect(page).toMatch(new RegExp(`\\| ${name} \\| \\d+ \\| .{20}`));
  });
});
