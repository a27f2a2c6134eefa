/** Proves that the packed npm package, installed elsewhere, runs its tools and imports as a library. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT, whyNotHere } from './programs.ts';

/** Milliseconds for a build and an installation. */
const PATIENCE_MS = 150_000;
const why = whyNotHere(['npm', 'npx', 'openssl'], []);

function run(folder: string, program: string, ...words: string[]): string {
  const ended = spawnSync(program, words, { cwd: folder, encoding: 'utf8', timeout: PATIENCE_MS });
  expect(ended.status, `${program} ${words.join(' ')}\n${ended.stdout}${ended.stderr}`).toBe(0);
  return ended.stdout;
}

describe.skipIf(why !== null)(`npm package ${why ?? ''}`, () => {
  test('its tools run by npx, and its library is imported', { timeout: PATIENCE_MS }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-npm-'));
    try {
      run(PROJECT, 'npm', 'pack', '--silent', '--pack-destination', folder);
      const [archive = ''] = readdirSync(folder);
      writeFileSync(join(folder, 'package.json'), '{ "name": "host", "private": true, "type": "module" }\n');
      run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${archive}`);
      expect(run(folder, 'npx', '--no-install', 'hawser', '--version')).toMatch(/^hawser \d/);
      run(
        folder,
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        'key.pem',
        '-out',
        'cert.pem',
        '-subj',
        '/CN=mail.example',
      );
      expect(run(folder, 'npx', '--no-install', 'hawser', 'tlsa', '--host', 'mail.example', 'cert.pem')).toMatch(
        /3 1 1 [0-9A-Fa-f]{64}/,
      );
      writeFileSync(join(folder, 'use.js'), "import { makeTlsa } from 'hawser';\nconsole.log(typeof makeTlsa);\n");
      expect(run(folder, process.execPath, 'use.js')).toBe('function\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
