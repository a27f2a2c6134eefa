/**
 * The house's rules, executable: which room may import which, no cycles, outside world only in adapters and cli, file and
 * function size, a doc comment on every export. Proves nothing about behaviour.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '..', 'src');

/** Room -> rooms that it may import besides itself. A row says the design's table of architecture section 2. */
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

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function readSources(): SourceFile[] {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) =>
      relative(SRC, join(SRC, dirname(path), match[1] ?? '')),
    );
    return { path, room: path.split(sep)[0] ?? '', text, imports };
  });
}

const sources = readSources();

/** The code without comments, so that a word in a comment is no finding. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

describe('the house', () => {
  test('has sources to look at', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(20);
  });

  test('imports only along its rules', () => {
    const forbidden = sources.flatMap((source) =>
      source.imports
        .filter((target) => source.room !== 'cli' && !isAllowed(source.room, target))
        .map((target) => `${source.path} -> ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  test('has no import cycle', () => {
    expect(findCycle()).toBeNull();
  });

  test('reaches outside only in adapters and cli', () => {
    const reaching = sources
      .filter((source) => source.room !== 'adapters' && source.room !== 'cli')
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
  const targetRoom = target.split(sep)[0] ?? '';
  return targetRoom === room || (ALLOWED[room]?.includes(targetRoom) ?? false);
}

/** A cycle as a list of paths, or null. */
function findCycle(): string[] | null {
  const importsOf = new Map(sources.map((source) => [source.path, source.imports]));
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
