/** Proves that man pages and completions say what the programs say with -h, and that the parts of a -h text are found. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completionOf } from '../../packaging/completions/completions.ts';
import { escapeRoff } from '../../packaging/man/roff.ts';
import { flagsOf, readUsage } from '../../packaging/man/usage.ts';
import { writtenFiles } from '../../packaging/man/write-man-pages.ts';

const PROJECT = join(import.meta.dirname, '../..');

test('docs/man and packaging/completions are what npm run docs:man makes', async () => {
  const files = await writtenFiles();
  expect(files.size).toBe(1 + 7 * 4);
  for (const [path, text] of files) expect(readFileSync(join(PROJECT, path), 'utf8'), path).toBe(text);
});

const HELP = `Usage: tool look|see [OPTION ...] FILE
       tool go [--fast]
Looks at things.

  -C, --config FILE   the configuration,
                      or another
  --left, --right
                      a side
  --port N, --path P  where to
Exit status: 0 well, 1 not.

Examples:
  tool look x
`;

describe('a -h text', () => {
  test('is taken apart', () => {
    expect(readUsage(HELP)).toEqual([
      { kind: 'synopsis', lines: ['tool look|see [OPTION ...] FILE'] },
      { kind: 'text', text: 'tool go [--fast] Looks at things.' },
      {
        kind: 'options',
        items: [
          { term: '-C, --config FILE', text: 'the configuration, or another' },
          { term: '--left, --right', text: 'a side' },
          { term: '--port N, --path P', text: 'where to' },
        ],
      },
      { kind: 'status', text: '0 well, 1 not.' },
      { kind: 'examples', lines: ['tool look x'] },
    ]);
  });

  test('names its flags, each by all its names', () => {
    expect(flagsOf('--color | --no-color')).toEqual(['--color', '--no-color']);
    expect(flagsOf('-4, --ip4 | -6, --ip6')).toEqual(['-4', '--ip4', '-6', '--ip6']);
    expect(flagsOf('file-name')).toEqual([]);
  });

  test('tells which flag takes what', () => {
    const { flags } = completionOf(['tool'], HELP);
    const kinds = Object.fromEntries(flags.map(({ flag, argument }) => [flag, argument]));
    expect(kinds).toEqual({
      '-C': 'file',
      '--config': 'file',
      '--left': 'none',
      '--right': 'none',
      '--port': 'word',
      '--path': 'word',
    });
  });
});

test('text is no control line by chance', () => {
  expect(escapeRoff('.hidden')).toBe('\\&.hidden');
  expect(escapeRoff("'quoted' \\ --flag")).toBe("\\&'quoted' \\e \\-\\-flag");
});
