/**
 * Plays the scenarios of this folder against a whole resolver on fake ports: way down the tree (iter-), verdicts (val-), what
 * clients see (serve-), local data and rules (policy-). A scenario's own first lines say what it proves.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { playScenario } from './engine.ts';
import { readScenario } from './read-scenario.ts';

const FOLDER = join(import.meta.dirname, 'scenarios');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.rpl'));

describe('scenarios', () => {
  test.each(names)('%s', async (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const { outcome, reason, story } = await playScenario(readScenario(name, text));
    expect(outcome === 'pass' ? '' : [reason, ...story].join('\n')).toBe('');
  });
});
