/** Proves that small configurations are taken or refused as Unbound does, or else as is said and why. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createNodeFiles } from '../../src/adapters/node-files.ts';
import { runCheckconf } from '../../src/config/checkconf.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { SAMPLES } from './configurations.ts';
import { findProgram, whyNotHere } from './programs.ts';

const why = whyNotHere(['unbound-checkconf', 'openssl']);
const ANCHOR = '. 172800 IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n';

describe.skipIf(why !== null)(`small configurations ${why ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-samples-'));
  writeFileSync(join(folder, 'root.key'), ANCHOR);
  const subject = ['-subj', '/CN=resolver.example'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key')];
  if (why === null) execFileSync('openssl', [...made, '-out', join(folder, 'pem'), ...subject], { stdio: 'ignore' });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The file of a sample. */
  function write(lines: string): string {
    const path = join(folder, 'sample.conf');
    const head = `server:\nchroot: ""\nusername: ""\npidfile: ""\ndirectory: "${folder}"\n`;
    writeFileSync(path, `${head}${lines.replaceAll('FOLDER', folder)}\n`);
    return path;
  }

  test.each(SAMPLES)('$lines', ({ lines, isTaken, why: reason }) => {
    const path = write(lines);
    const unbound = spawnSync(findProgram('unbound-checkconf') as string, [path], { encoding: 'utf8' });
    let said = '';
    const note = (text: string): void => {
      said += text;
    };
    const status = runCheckconf([path], { files: createNodeFiles(), out: note, err: note });
    expect(status === 0, said).toBe(isTaken);
    expect(unbound.status === 0, unbound.stderr).toBe(reason === '' ? isTaken : !isTaken);
    // The daemon reads less of the host, but refuses what the check program refuses of the text.
    if (status !== 0 && said.includes('sample.conf:')) expect(loadConfig(createNodeFiles(), path).ok).toBe(false);
  });
});
