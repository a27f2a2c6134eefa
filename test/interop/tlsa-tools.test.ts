/** Proves that `hawser tlsa` makes what other tools make of the same files: openssl, danetool, ldns-dane, ssh-keygen. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram, PROJECT } from './programs.ts';

const DATA = join(PROJECT, 'test/data/dane');
const HAWSER = join(PROJECT, 'bin/hawser');
const PARAMETERS = [2, 3].flatMap((usage) =>
  [0, 1].flatMap((selector) => [0, 1, 2].map((matching) => [usage, selector, matching] as const)),
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-tlsa-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The rdata as one lower-case word after the parameters. */
function hawser(...words: readonly string[]): string {
  const { stdout, stderr } = spawnSync(HAWSER, ['tlsa', ...words], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return stdout.trim();
}

function made(file: string, [usage, selector, matching]: readonly [number, number, number]): string {
  const wish = ['--usage', String(usage), '--selector', String(selector), '--matching', String(matching)];
  return (
    hawser('--host', 'mx.example.test', ...wish, join(DATA, file))
      .split(' ')
      .at(-1) ?? ''
  ).toLowerCase();
}

function shell(script: string): string {
  return execFileSync('sh', ['-c', script], {
    encoding: 'utf8',
    cwd: DATA,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

const SELECT = [
  'openssl x509 -in FILE -outform DER',
  'openssl x509 -in FILE -noout -pubkey | openssl pkey -pubin -outform DER',
];
const MATCH = [
  'xxd -p | tr -d "\\n"',
  'openssl dgst -sha256 -r | cut -d" " -f1',
  'openssl dgst -sha512 -r | cut -d" " -f1',
];

describe.skipIf(findProgram('openssl') === null || findProgram('xxd') === null)('openssl', () => {
  test.each(PARAMETERS)('%d %d %d', (usage, selector, matching) => {
    const file = usage === 2 ? 'intermediate.pem' : 'leaf.pem';
    const theirs = shell(`${SELECT[selector]?.replace('FILE', file)} | ${MATCH[matching]}`);
    expect(made(usage === 2 ? 'fullchain.pem' : 'leaf.pem', [usage, selector, matching])).toBe(theirs);
    expect(theirs.length).toBeGreaterThan(60);
  });
});

describe.skipIf(findProgram('danetool') === null)('danetool', () => {
  test('3 1 1, 3 0 1 and 2 1 1', () => {
    const theirs = (...words: readonly string[]): string =>
      /\( [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} ([0-9a-f]+) \)/.exec(
        shell(`danetool --tlsa-rr --host mx.example.test ${words.join(' ')}`),
      )?.[1] ?? '';
    expect(made('leaf.pem', [3, 1, 1])).toBe(theirs('--load-certificate', 'leaf.pem'));
    expect(made('leaf.pem', [3, 0, 1])).toBe(theirs('--load-certificate', 'leaf.pem', '--x509'));
    expect(made('fullchain.pem', [2, 1, 1])).toBe(
      theirs('--load-certificate', 'intermediate.pem', '--ca', '--no-domain'),
    );
  });
});

describe.skipIf(findProgram('ldns-dane') === null)('ldns-dane', () => {
  test.each([
    [3, 1, 1],
    [3, 0, 1],
    [3, 1, 2],
    [3, 1, 0],
  ] as const)('%d %d %d', (usage, selector, matching) => {
    const theirs = shell(`ldns-dane -n -c leaf.pem create mx.example.test 25 ${usage} ${selector} ${matching}`).split(
      /\s+/,
    );
    expect(theirs.slice(0, 1)).toEqual(['_25._tcp.mx.example.test.']);
    expect(made('leaf.pem', [usage, selector, matching])).toBe(theirs.at(-1));
  });
});

describe.skipIf(findProgram('ssh-keygen') === null)('ssh-keygen', () => {
  test.each(['ed25519', 'ecdsa', 'rsa'])('SSHFP of a key of type %s', (type) => {
    const path = join(folder, type);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
    const theirs = execFileSync('ssh-keygen', ['-r', 'mx.example.test.', '-f', path], { encoding: 'utf8' });
    const [owner, , , ...rdata] =
      theirs
        .split('\n')
        .find((line) => / SSHFP \d 2 /.test(line))
        ?.split(' ') ?? [];
    const ours = hawser('--type', 'sshfp', '--host', 'mx.example.test', `${path}.pub`).toLowerCase();
    expect(ours).toBe(`${owner} 3600 in sshfp ${rdata.join(' ')}`);
    expect(readFileSync(`${path}.pub`, 'utf8')).toContain(type);
  });
});

test.skipIf(findProgram('nsupdate') === null)('nsupdate takes what is written for it', () => {
  const files = ['--next', join(DATA, 'weak-rsa.pem'), join(DATA, 'leaf.pem')];
  const text = hawser('--host', 'mx.example.test', '--format', 'nsupdate', ...files);
  // `show` prints the message in place of sending it.
  const input = `server 127.0.0.1\nzone example.test\n${text.replace(/send$/, 'show')}\n`;
  const { stdout } = spawnSync('nsupdate', [], { input, encoding: 'utf8', timeout: 10_000 });
  expect(stdout.match(/^_25\._tcp\.mx\.example\.test\.\s+3600\s+IN\s+TLSA\s+3 1 1 /gm)).toHaveLength(2);
  expect(stdout).toMatch(/^_25\._tcp\.mx\.example\.test\.\s+0\s+ANY\s+TLSA/m);
});

test('the example of the library makes the same record', () => {
  const words = [
    '-C',
    'hawser-source',
    join(PROJECT, 'examples/make-tlsa.ts'),
    'mx.example.test',
    join(DATA, 'leaf.pem'),
  ];
  const said = execFileSync(process.execPath, words, { encoding: 'utf8' });
  expect(said.trim()).toBe(hawser('--host', 'mx.example.test', join(DATA, 'leaf.pem')));
});

test('exit status and refusals', () => {
  const status = (...words: readonly string[]): number | null => spawnSync(HAWSER, ['tlsa', ...words]).status;
  const leaf = join(DATA, 'leaf.pem');
  expect(status('--host', 'mx.example.test', leaf)).toBe(0);
  expect(status('--host', 'mx.example.test', '--usage', '1', leaf)).toBe(1);
  for (const words of [
    [leaf],
    ['--host', 'a..b', leaf],
    ['--host', 'a', '--usage', '4', leaf],
    ['--host', 'a', '/nowhere'],
    ['--host', 'a', '--ttl', '-1', leaf],
    ['--nonsense'],
  ])
    expect(status(...words)).toBe(3);
});
