/**
 * Builds the page of `hawser web`: its browser side in one file, and what is served beside it. As a program it writes them to
 * dist/page; a checkout that was not built has them made in memory.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const PROJECT = join(import.meta.dirname, '..');
const SOURCE = join(PROJECT, 'src', 'page');

/** Files that are served as they stand. */
const PLAIN = ['page.html', 'page.css', 'icon.svg'];

/** File name to content. */
export async function buildPage(): Promise<ReadonlyMap<string, string>> {
  const bundle = await rolldown({
    input: join(SOURCE, 'view', 'main.ts'),
    platform: 'browser',
    // The wire format writes octets with Node's Buffer.
    transform: { inject: { Buffer: [join(SOURCE, 'octet-buffer.ts'), 'Buffer'] } },
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true, comments: { legal: true } });
  await bundle.close();
  const files = new Map(PLAIN.map((name) => [name, readFileSync(join(SOURCE, name), 'utf8')]));
  for (const chunk of output) if (chunk.type === 'chunk') files.set('page.js', chunk.code);
  return files;
}

if (import.meta.main) {
  const folder = join(PROJECT, 'dist', 'page');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await buildPage()) writeFileSync(join(folder, name), text);
}
