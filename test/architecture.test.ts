/**
 * The house's rules, executable: which room may import which, no cycles, outside world only in adapters and cli, size of files
 * and functions, number of parameters, exports that somebody imports. ARCHITECTURE.md and CONTRIBUTING.md give the reasons.
 * Proves nothing about behaviour.
 */

import { describe, expect, test } from 'vitest';
import { functionsOf, readSources, roomOf, type SourceFile, withoutComments } from './support/source-files.ts';

/** Room -> rooms that it may import besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  wire: [],
  terms: ['wire'],
  ports: ['wire'],
  trace: ['wire', 'terms'],
  dnssec: ['wire', 'terms', 'ports'],
  config: ['wire', 'terms', 'ports', 'dnssec'],
  cache: ['wire', 'terms', 'trace', 'ports'],
  work: ['wire', 'terms', 'trace', 'ports'],
  iterate: ['wire', 'terms', 'cache', 'work', 'trace', 'ports'],
  validate: ['wire', 'terms', 'dnssec', 'cache', 'work', 'trace', 'ports'],
  zones: ['wire', 'terms', 'ports', 'trace', 'dnssec'],
  resolve: ['iterate', 'validate', 'dnssec', 'cache', 'work', 'wire', 'terms', 'trace', 'ports'],
  policy: ['wire', 'terms', 'ports', 'trace', 'config'],
  serve: ['zones', 'policy', 'resolve', 'cache', 'wire', 'terms', 'trace', 'ports', 'config'],
  server: ['serve', 'ports', 'wire', 'config'],
  control: ['zones', 'serve', 'policy', 'resolve', 'cache', 'config', 'trace', 'wire', 'terms', 'ports'],
  anchor: ['wire', 'terms', 'dnssec', 'ports', 'config'],
  dane: ['wire', 'terms', 'ports'],
  daemon: [
    'config',
    'control',
    'server',
    'serve',
    'policy',
    'resolve',
    'iterate',
    'validate',
    'zones',
    'dnssec',
    'cache',
    'work',
    'trace',
    'terms',
    'wire',
    'ports',
  ],
  library: ['cli', 'dane', 'adapters', 'wire', 'ports'],
  adapters: ['ports'],
};

/** What reaches outside the process; only adapters and cli may name it. */
const OUTSIDE = [
  /\bfrom 'node:/,
  /\bimport\('node:/,
  /\bDate\.now\(/,
  /\bnew Date\(\)/,
  /\bperformance\./,
  /\bMath\.random\(/,
  /\bsetTimeout\(/,
  /\bsetImmediate\(/,
  /\bsetInterval\(/,
  /\bprocess\.[a-z]/,
];
const MAX_FILE_LINES = 600;
const MAX_FUNCTION_LINES = 60;
const MAX_PARAMETERS = 4;

const sources = readSources('src');

describe('the house', () => {
  test('names only rooms that are there', () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path)));
    const named = [...Object.keys(ALLOWED), ...Object.values(ALLOWED).flat()];
    expect(named.filter((room) => !rooms.has(room))).toEqual([]);
  });

  test('has sources to look at', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(20);
  });

  test('imports only along its rules', () => {
    const forbidden = sources.flatMap((source) =>
      source.imports
        .filter(({ path }) => roomOf(source.path) !== 'cli' && !isAllowed(roomOf(source.path), roomOf(path)))
        .map(({ path }) => `${source.path} -> ${path}`),
    );
    expect(forbidden).toEqual([]);
  });

  test('has no import cycle', () => {
    expect(findCycle()).toBeNull();
  });

  test('reaches outside only in adapters and cli', () => {
    const reaching = sources
      .filter(({ path }) => roomOf(path) !== 'adapters' && roomOf(path) !== 'cli')
      .flatMap((source) =>
        OUTSIDE.filter((pattern) => pattern.test(withoutComments(source.text))).map(
          (pattern) => `${source.path}: ${pattern.source}`,
        ),
      );
    expect(reaching).toEqual([]);
  });

  test(`has no file above ${MAX_FILE_LINES} lines`, () => {
    const long = sources.filter((source) => source.text.split('\n').length > MAX_FILE_LINES + 1);
    expect(long.map((source) => source.path)).toEqual([]);
  });

  test(`has no function above ${MAX_FUNCTION_LINES} lines or ${MAX_PARAMETERS} parameters`, () => {
    const found = sources.flatMap(({ path, text }) => functionsOf(text).map((one) => ({ path, ...one })));
    expect(found.length).toBeGreaterThan(1000);
    const large = found.filter(({ lines, parameters }) => lines > MAX_FUNCTION_LINES || parameters > MAX_PARAMETERS);
    expect(large).toEqual([]);
  });

  test('opens every file with a doc comment and documents every export', () => {
    const bare = sources.flatMap((source) => undocumented(source));
    expect(bare).toEqual([]);
  });

  test('hands over two kinds of bags: Options out of configuration or of a call, Parts to work with', () => {
    const others = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:export )?(?:interface|type) (\w+(?:Start|Means|Rules|Call|Inputs))\b/gm)].map(
        ([, name]) => `${path}: ${name}`,
      ),
    );
    expect(others).toEqual([]);
  });

  test('keeps no mutable state at module level', () => {
    const mutable = sources.filter((source) => /^(?:export )?let /m.test(source.text)).map((source) => source.path);
    expect(mutable).toEqual([]);
  });

  test('exports by name only', () => {
    expect(sources.filter((source) => /^export default/m.test(source.text)).map((source) => source.path)).toEqual([]);
  });
});

function isAllowed(room: string, target: string): boolean {
  return target === room || (ALLOWED[room]?.includes(target) ?? false);
}

/** A cycle as a list of paths, or null. */
function findCycle(): string[] | null {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports.map((found) => found.path)]));
  const done = new Set<string>();
  const visit = (path: string, stack: readonly string[]): string[] | null => {
    if (stack.includes(path)) return [...stack.slice(stack.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const next of importsOf.get(path) ?? []) {
      const cycle = visit(next, [...stack, path]);
      if (cycle !== null) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const source of sources) {
    const cycle = visit(source.path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

function undocumented(source: SourceFile): string[] {
  const lines = source.text.split('\n');
  const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
  const bare = first?.startsWith('/**') ? [] : [`${source.path}: no header`];
  lines.forEach((line, i) => {
    if (!/^export (?:async )?(?:function|class|const|interface|type|abstract)/.test(line)) return;
    if (!lines[i - 1]?.trimEnd().endsWith('*/')) bare.push(`${source.path}:${i + 1}: ${line.slice(0, 60)}`);
  });
  return bare;
}
