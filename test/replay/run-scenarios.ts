/**
 * `npm run scenarios -- PATH... [--only GLOB] [--verbose]`: plays `.rpl` files in process and prints one row for each
 * (name, outcome, first mismatch), counts by category, and `passed P of N (skipped S)`. Exit status 1 when one failed.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, matchesGlob } from 'node:path';
import { parseArgs } from 'node:util';
import { playScenario, type ScenarioResult } from './engine.ts';
import { readScenario } from './read-scenario.ts';
import { ScenarioError } from './scenario.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true, default: [] },
    verbose: { type: 'boolean', short: 'v', default: false },
    failures: { type: 'boolean', default: false },
  },
});

if (positionals.length === 0) {
  console.error('usage: npm run scenarios -- PATH... [--only GLOB] [--failures] [--verbose]');
  process.exit(2);
}

const files = positionals.flatMap(filesAt).filter((path) => isWanted(basename(path, '.rpl')));
const totals = new Map<string, Record<ScenarioResult['outcome'], number>>();
const startedAt = performance.now();
for (const path of files) {
  const result = await playFile(path);
  const name = basename(path, '.rpl');
  count(totals, name.split(/[_-]/)[0] ?? name, result.outcome);
  count(totals, 'all', result.outcome);
  if (values.failures && result.outcome === 'pass') continue;
  console.log([name, result.outcome, result.reason.slice(0, 300)].join('\t'));
  if (values.verbose) for (const line of result.story) console.log(`    ${line.replaceAll('\n', '\n    ')}`);
}
printTotals();

function filesAt(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.rpl'))
    .sort()
    .map((name) => join(path, name));
}

function isWanted(name: string): boolean {
  const globs = values.only.map((glob) => glob.replace(/\.rpl$/, ''));
  return globs.length === 0 || globs.some((glob) => matchesGlob(name, glob));
}

async function playFile(path: string): Promise<ScenarioResult> {
  try {
    return await playScenario(readScenario(basename(path), readFileSync(path, 'latin1')));
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return { outcome: 'skip', reason: `cannot read it: ${error.message}`, story: [] };
  }
}

function count(counts: typeof totals, category: string, outcome: ScenarioResult['outcome']): void {
  const row = counts.get(category) ?? { pass: 0, fail: 0, skip: 0 };
  row[outcome]++;
  counts.set(category, row);
}

function printTotals(): void {
  const all = totals.get('all') ?? { pass: 0, fail: 0, skip: 0 };
  totals.delete('all');
  console.log(`\n${'category'.padEnd(14)} ${'pass'.padStart(5)} ${'fail'.padStart(5)} ${'skip'.padStart(5)}`);
  const sum = (row: typeof all) => row.pass + row.fail + row.skip;
  for (const [category, row] of [...totals].sort(([, a], [, b]) => sum(b) - sum(a))) {
    const cells = [row.pass, row.fail, row.skip].map((cell) => String(cell).padStart(5));
    console.log(`${category.padEnd(14)} ${cells.join(' ')}`);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`passed ${all.pass} of ${all.pass + all.fail} (skipped ${all.skip}) in ${seconds} s`);
  process.exitCode = all.fail > 0 ? 1 : 0;
}
