/** Proves with mandoc that the man pages are sound, and with the shells that their completions complete. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT, whyNotHere } from './programs.ts';

const MAN = join(PROJECT, 'docs/man');
const COMPLETIONS = join(PROJECT, 'packaging/completions');

function said(program: string, ...words: string[]): string {
  const ended = spawnSync(program, words, { encoding: 'utf8', timeout: 20_000 });
  return `${ended.stdout}${ended.stderr}`;
}

const noMandoc = whyNotHere(['mandoc'], []);
test.skipIf(noMandoc !== null)(`mandoc finds nothing to warn of ${noMandoc ?? ''}`, () => {
  const pages = readdirSync(MAN).map((name) => join(MAN, name));
  expect(pages.length).toBeGreaterThan(7);
  expect(said('mandoc', '-Tlint', '-Wwarning', ...pages)).toBe('');
});

describe('completion', () => {
  /** What bash offers for the last of these words. */
  const bash = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const program = words[0] ?? '';
    const script = `source ${COMPLETIONS}/bash/${program}; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _${program.replaceAll('-', '_')}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return said('bash', '-c', script).trim().split('\n');
  };

  test('bash completes subcommands, options and commands', () => {
    expect(bash('hawser', 'do')).toEqual(['doctor']);
    expect(bash('hawser', 'dane', 'ro')).toEqual(['rollover']);
    expect(bash('hawser', 'dane', 'check', '--nag')).toEqual(['--nagios']);
    expect(bash('hawser', 'explain', 'example.org', 'TL')).toEqual(['TLSA']);
    expect(bash('hawser-control', 'flush_z')).toEqual(['flush_zone']);
    expect(bash('hawser-control', 'view_local_data_r')).toEqual(['view_local_data_remove']);
  });

  const noFish = whyNotHere(['fish'], []);
  test.skipIf(noFish !== null)(`fish completes ${noFish ?? ''}`, () => {
    const offered = said(
      'fish',
      '--no-config',
      '-c',
      `source ${COMPLETIONS}/fish/hawser.fish; complete -C 'hawser tls'`,
    );
    expect(offered).toMatch(/^tlsa\t/m);
  });

  const noZsh = whyNotHere(['zsh'], []);
  test.skipIf(noZsh !== null)(`zsh reads its files ${noZsh ?? ''}`, () => {
    for (const name of readdirSync(join(COMPLETIONS, 'zsh')))
      expect(said('zsh', '-n', join(COMPLETIONS, 'zsh', name))).toBe('');
  });
});
