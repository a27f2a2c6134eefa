/** Proves what the files adapter leaves behind when its process ends in the middle; what it does besides: test/ports. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'hawser-files-'));
const FILES = join(import.meta.dirname, '..', '..', 'src', 'adapters', 'node-files.ts');

afterAll(() => rmSync(folder, { recursive: true }));

test('a file that is being written when the process ends is not left behind under a name that nobody knows', () => {
  const program = `
    import { readdirSync } from 'node:fs';
    import { createNodeFiles } from ${JSON.stringify(FILES)};
    void createNodeFiles().replaceInBackground(${JSON.stringify(join(folder, 'zone'))}, new Uint8Array(1000));
    process.stdout.write(String(readdirSync(${JSON.stringify(folder)}).length));
    process.exit(0);
  `;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect([ended.stdout, readdirSync(folder)]).toEqual(['1', []]);
});
