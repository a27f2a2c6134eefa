/** Proves that the control program says which of its files holds no key or certificate: OpenSSL's words name none. */

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = new URL('../../src/cli/hawser-control.ts', import.meta.url).pathname;
const RUBBISH = '-----BEGIN NOTHING-----\n';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-keys-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What the program says when its files hold this. */
function said(files: Readonly<Record<'server.pem' | 'control.key' | 'control.pem', string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const directives = {
    'server-cert-file': 'server.pem',
    'control-key-file': 'control.key',
    'control-cert-file': 'control.pem',
  };
  const lines = Object.entries(directives).map(([directive, name]) => `${directive}: "${join(folder, name)}"`);
  const config = join(folder, 'unbound.conf');
  writeFileSync(config, `server:\nchroot: ""\nremote-control:\ncontrol-enable: yes\n${lines.join('\n')}\n`);
  return spawnSync(process.execPath, [PROGRAM, '-c', config, 'status'], { encoding: 'utf8' }).stderr;
}

test('a file without a key is named', () => {
  const text = said({ 'server.pem': RUBBISH, 'control.key': RUBBISH, 'control.pem': RUBBISH });
  expect(text).toContain(`no private key in ${join(folder, 'control.key')}: `);
});

test('an empty file is named before anything is connected to', () => {
  const text = said({ 'server.pem': RUBBISH, 'control.key': '', 'control.pem': RUBBISH });
  expect(text).toContain(`no private key in ${join(folder, 'control.key')}: it is empty`);
});

test('a file without a certificate is named', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const text = said({ 'server.pem': RUBBISH, 'control.key': key, 'control.pem': RUBBISH });
  expect(text).toContain(`no certificate in ${join(folder, 'server.pem')}: `);
});
