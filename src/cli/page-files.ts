/** The files of the page: of the build beside this program, or made of the sources in a checkout that was not built. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageFile } from '../web/page-server.ts';

/** File by file: its path on the page, and what it is. */
const SERVED = [
  ['page.html', '/', 'text/html; charset=utf-8'],
  ['page.css', '/page.css', 'text/css; charset=utf-8'],
  ['page.js', '/page.js', 'text/javascript; charset=utf-8'],
  ['icon.svg', '/icon.svg', 'image/svg+xml'],
] as const;

/** The files by path; a text: why they are not there. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile> | string> {
  // A program of the build stands in dist, what programs share below it.
  const folder = ['page', '../page']
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(join(path, 'page.js')));
  const texts = folder === undefined ? await buildFromSources() : textsIn(folder);
  if (typeof texts === 'string') return texts;
  const encoder = new TextEncoder();
  return new Map(
    SERVED.map(([name, path, type]): [string, PageFile] => [
      path,
      { type, bytes: encoder.encode(texts.get(name) ?? '') },
    ]),
  );
}

function textsIn(folder: string): ReadonlyMap<string, string> {
  return new Map(SERVED.map(([name]) => [name, readFileSync(join(folder, name), 'utf8')]));
}

async function buildFromSources(): Promise<ReadonlyMap<string, string> | string> {
  // Not a literal: the bundler, which is a package of development, stays out of the programs.
  const builder = join(import.meta.dirname, '..', '..', 'packaging', 'build-page.ts');
  if (!existsSync(builder)) return 'the files of the page are not installed';
  try {
    const { buildPage } = (await import(builder)) as { buildPage(): Promise<ReadonlyMap<string, string>> };
    return await buildPage();
  } catch (error) {
    return `the page cannot be built: ${(error as Error).message}`;
  }
}
