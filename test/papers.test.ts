/**
 * What comments and papers name is there: a file, a document, a module of a room. Proves nothing about what they say of it.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commentsOf, PROJECT, readSources, roomOf } from './support/source-files.ts';

const FOLDERS = ['src', 'test', 'bench', 'docs', 'bin', 'packaging', 'trust-anchors', '.ci'];
const PAPERS =
  /^[^/]*\.md$|^docs\/.*\.md$|^test\/README\.md$|^bench\/.*\.md$|^trust-anchors\/.*\.md$|^packaging\/.*\.md$/;
const NAMED_FILE = /(?<![\w/.@*-])((?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|md|rpl|mjs))(?![\w/])/g;
/** Names that stand for any file of a kind, or for one of somebody else's. */
const EXAMPLES = ['FILE.md', 'vitest.setup.ts'];

const files = [...FOLDERS.flatMap(filesBelow), ...readdirSync(PROJECT).filter((name) => /\.\w+$/.test(name))];
const sources = readSources('src', 'test', 'bench');
const papers = files.filter((path) => PAPERS.test(path)).map((path) => ({ path, text: read(path) }));
const rooms = new Set(sources.filter(({ path }) => path.startsWith('src')).map(({ path }) => roomOf(path)));

describe('a file that is named', () => {
  test('in a comment is in the project', () => {
    const missing = sources.flatMap(({ path, text }) =>
      commentsOf(text).flatMap((comment) =>
        namedIn(comment.text)
          .filter((name) => !isThere(name))
          .map((name) => `${path}:${comment.line}: ${name}`),
      ),
    );
    expect(missing).toEqual([]);
  });

  test('in a paper is in the project', () => {
    expect(papers.length).toBeGreaterThan(3);
    const missing = papers.flatMap(({ path, text }) =>
      [...namedIn(text), ...linksIn(text)].filter((name) => !isThere(name)).map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('in a paper as a module of a room, or of its tests, is there', () => {
    const missing = papers.flatMap(({ path, text }) =>
      modulesIn(text)
        .filter(
          (name) =>
            !['', '.ts'].some((end) =>
              files.some(
                (file) => file === `src/${name}${end}` || file === `test/${name}${end}` || `${file}/` === `src/${name}`,
              ),
            ),
        )
        .map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('and is not there is found', () => {
    expect(namedIn('as in serve/no-such-file.ts and in (iterate.ts), README.md')).toEqual([
      'serve/no-such-file.ts',
      'iterate.ts',
      'README.md',
    ]);
    expect(isThere('serve/no-such-file.ts')).toBe(false);
    expect(isThere('iterate/iterate.ts')).toBe(true);
    expect(modulesIn('`serve/no-such` and `serve/`')).toEqual(['serve/no-such', 'serve/']);
  });
});

function filesBelow(folder: string): string[] {
  if (!existsSync(join(PROJECT, folder))) return [];
  return readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
}

function read(path: string): string {
  return readFileSync(join(PROJECT, path), 'utf8');
}

function namedIn(text: string): string[] {
  return [...text.matchAll(NAMED_FILE)].map((match) => match[1] ?? '').filter((name) => !EXAMPLES.includes(name));
}

/** Targets of links that lead into the project. */
function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)].map((match) => match[1] ?? '');
}

/** `room/module` and `room/` in code marks. */
function modulesIn(text: string): string[] {
  return [...text.matchAll(/`([a-z0-9]+)\/([\w/.-]*)`/g)]
    .filter((match) => rooms.has(match[1] ?? ''))
    .map((match) => `${match[1]}/${match[2]}`);
}

/** A path from any folder upwards: `iterate/scrub.ts` is found as `src/iterate/scrub.ts`. */
function isThere(name: string): boolean {
  const path = name.replace(/^(?:\.\.?\/)+/, '').replace(/\/$/, '');
  return files.some((file) => file === path || file.endsWith(`/${path}`)) || existsSync(join(PROJECT, path));
}
