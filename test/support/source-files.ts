/** The project's own TypeScript as text and syntax tree, for tests that hold its rules. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** The project's root. */
export const PROJECT = join(import.meta.dirname, '..', '..');

const IMPORT =
  /^(?:import|export)\s+(?<type>type\s+)?(?:\{(?<names>[^}]*)\}|\*\s+as\s+\w+)\s+from\s+'(?<from>\.[^']+)'|import\('(?<later>\.[^']+)'\)/gm;

/** One import: the file that it leads to, from the project's root, and the names taken; null where it takes all. */
export interface Import {
  readonly path: string;
  readonly names: readonly string[] | null;
  /** False for types alone, and for what is loaded when it is wanted: `import(…)`. */
  readonly isLoadedAtOnce: boolean;
}

/** A file of the project. */
export interface SourceFile {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** All TypeScript below the folders, each from the project's root, and beside them the files of the root itself. */
export function readSources(...folders: readonly string[]): SourceFile[] {
  const below = folders.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  return below
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(PROJECT, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

/** The first folder below `src`. */
export function roomOf(path: string): string {
  return path.split(sep)[1] ?? '';
}

function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(({ groups }) => ({
    path: relative(PROJECT, join(PROJECT, dirname(path), groups?.from ?? groups?.later ?? '')),
    isLoadedAtOnce: groups?.type === undefined && groups?.later === undefined,
    names:
      groups?.names === undefined
        ? null
        : groups.names
            .split(',')
            .map(importedName)
            .filter((name) => name !== ''),
  }));
}

/** `Name` of `type Name as Other`. */
function importedName(text: string): string {
  return (
    text
      .trim()
      .replace(/^type /, '')
      .split(' as ')[0] ?? ''
  );
}

/** The code without comments, so that a word in a comment is no finding. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** The comments of a text, each with the line (from 1) that it begins on. */
export function commentsOf(text: string): { readonly line: number; readonly text: string }[] {
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm)].map((match) => ({
    line: lineAt(text, match.index),
    text: match[0],
  }));
}

/** A function, method or arrow function. */
export interface SourceFunction {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
}

/** Every function of a text, inner ones too. */
export function functionsOf(text: string): SourceFunction[] {
  const found: SourceFunction[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    if (!isNode(node)) return;
    if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) {
      const line = lineAt(text, node.start);
      const parameters = Array.isArray(node.params) ? node.params.length : 0;
      found.push({ line, lines: lineAt(text, node.end) - line + 1, parameters });
    }
    Object.values(node).forEach(visit);
  };
  visit(parseAst(text, { lang: 'ts' }));
  return found;
}

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly params?: unknown;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
