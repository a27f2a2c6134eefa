/** Proves that a built program runs on compiled code of its own build, and without any as well: none, that of another build, garbage. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BuiltProgram, compiledPath, wrapped } from '../../packaging/load-program.ts';

const OWN: BuiltProgram = { name: 'sample', digest: 'own' };
/** Says where it is, whom it can require, and what a function gives that is compiled only when it is called. */
const CODE = `
function late(n) { return n + 1; }
require('node:fs').writeFileSync(require('node:path').join(__dirname, 'said'), [__filename, require('./beside.cjs'), late(1)].join(' '));
`;

let dist = '';

beforeEach(() => {
  dist = mkdtempSync(join(tmpdir(), 'hawser-load-'));
  mkdirSync(join(dist, 'code'));
  mkdirSync(join(dist, 'compile-cache'));
  writeFileSync(join(dist, 'code', 'sample.cjs'), wrapped(CODE));
  writeFileSync(join(dist, 'code', 'beside.cjs'), "module.exports = 'beside';");
});

afterEach(() => {
  rmSync(dist, { recursive: true });
});

/** Runs TypeScript in a process of its own: one that has compiled a source before looks at no compiled code of it. */
function run(script: string): string {
  const path = JSON.stringify(join(import.meta.dirname, '../../packaging/load-program.ts'));
  const source = `import { loadProgram, runProgram, sealed } from ${path}; ${script}`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  expect(ran.stderr).toBe('');
  return ran.stdout;
}

/** Compiled code, made when the program had run. */
function made(): Uint8Array {
  const text = run(
    `process.stdout.write(sealed(runProgram(${JSON.stringify(dist)}, 'sample').createCachedData()).toString('hex'));`,
  );
  return Buffer.from(text, 'hex');
}

/** Whether V8 refused the compiled code, as text; undefined: it was given none. The program has run either way. */
function refusedWith(compiled: Uint8Array | null, of: BuiltProgram = OWN): string {
  if (compiled !== null) writeFileSync(compiledPath(dist, of), compiled);
  const words = [dist, OWN].map((word) => JSON.stringify(word)).join(', ');
  const said = run(`process.stdout.write(String(loadProgram(${words}).cachedDataRejected));`);
  expect(readFileSync(join(dist, 'code', 'said'), 'utf8')).toBe(`${join(dist, 'code', 'sample.cjs')} beside 2`);
  return said;
}

test('compiled code of the same build is used', () => {
  expect(refusedWith(made())).toBe('false');
});

test('it runs without compiled code', () => {
  expect(refusedWith(null)).toBe('undefined');
});

test('that of another build is not looked at, though its code is as long', () => {
  expect(refusedWith(made(), { ...OWN, digest: 'other' })).toBe('undefined');
});

test.each([
  ['garbage', (code: Uint8Array) => code.map((octet, i) => octet ^ i)],
  ['one changed octet', (code: Uint8Array) => code.map((octet, i) => (i === code.length - 100 ? octet ^ 1 : octet))],
  ['half of it', (code: Uint8Array) => code.subarray(0, code.length / 2)],
  ['an empty file', () => new Uint8Array(0)],
])('%s is refused, and the program runs', (_, spoil) => {
  expect(refusedWith(spoil(made()))).not.toBe('false');
});

test('a file that is loaded later and requires the program gets the one that runs', () => {
  const code = `
require('node:fs').appendFileSync(require('node:path').join(__dirname, 'said'), 'ran ');
exports.own = 'own';
Promise.resolve().then(() => require('./later.cjs'));
`;
  writeFileSync(join(dist, 'code', 'sample.cjs'), wrapped(code));
  const later = `require('node:fs').appendFileSync(__dirname + '/said', require('./sample.cjs').own);`;
  writeFileSync(join(dist, 'code', 'later.cjs'), later);
  run(`loadProgram(${JSON.stringify(dist)}, ${JSON.stringify(OWN)});`);
  expect(readFileSync(join(dist, 'code', 'said'), 'utf8')).toBe('ran own');
});
