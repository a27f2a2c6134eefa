/** Proves that the comparison with Debian's unbound leaves out none of its files, and names nothing of ours that is not there. */

import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT, whyNotHere } from './programs.ts';

const why = whyNotHere(['dpkg', 'unbound', 'unbound-host', 'unbound-anchor']);

const rows = readFileSync(join(PROJECT, 'packaging/debian/FILES.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

function quoted(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string);
}

test.skipIf(why !== null)(`each file of Debian's packages is compared ${why ?? ''}`, () => {
  const listed = execFileSync('dpkg', ['-L', 'unbound', 'unbound-host', 'unbound-anchor'], { encoding: 'utf8' });
  // What is a folder, or the link /lib, belongs to others too.
  const files = listed
    .split('\n')
    .filter((path) => existsSync(path) && !lstatSync(path).isDirectory() && path !== '/lib');
  expect(files.length).toBeGreaterThan(30);
  const compared = rows.flatMap(([, theirs]) => quoted(theirs));
  const isCompared = (path: string): boolean => compared.includes(path) || compared.includes(basename(path));
  expect(files.filter((path) => !isCompared(path))).toEqual([]);
  expect(compared.filter((path) => path.startsWith('/') && !files.includes(path))).toEqual([]);
});

test('each file that takes the place of one is made from something that is there', () => {
  const sources = rows.flatMap(([, , , source]) => quoted(source));
  expect(sources.length).toBeGreaterThan(25);
  expect(sources.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
});
