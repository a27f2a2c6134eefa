/** Writes docs/man and the shells' completions: `npm run docs:man`. The programs are asked for their -h from source, so that a bundle of yesterday says nothing. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bashCompletion, completionOf, fishCompletion, zshCompletion } from '../completions/completions.ts';
import { configurationPage, programPage } from './man-page.ts';
import { PAGES } from './pages.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };

/** What a program says with -h. */
function helpOf([program = '', ...words]: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(PROJECT, 'src/cli', `${program}.ts`), ...words, '-h'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => child.on('close', () => resolve(text)));
}

/** All pages and completions, by path in the project. */
export async function writtenFiles(): Promise<Map<string, string>> {
  const files = new Map([['docs/man/hawser.conf.5', configurationPage(version)]]);
  for (const page of PAGES) {
    const helps = await Promise.all(page.helps.map(helpOf));
    files.set(`docs/man/${page.name}.${page.section}`, programPage(page, helps, version));
    const levels = page.helps.map((words, i) => completionOf(words, helps[i] ?? ''));
    const folder = 'packaging/completions';
    files.set(`${folder}/bash/${page.name}`, bashCompletion(levels));
    files.set(`${folder}/zsh/_${page.name}`, zshCompletion(levels));
    files.set(`${folder}/fish/${page.name}.fish`, fishCompletion(levels));
  }
  return files;
}

if (import.meta.main) {
  for (const [name, text] of await writtenFiles()) {
    const path = join(PROJECT, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
