/**
 * Proves of the container image that two builds are the same octets, and that it runs as its configuration says: read-only, as
 * nobody, without a shell, found healthy. No container engine is needed (`packaging/container/check`).
 */

import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT, whyNotHere } from './programs.ts';

/** Milliseconds for a build or a run. */
const PATIENCE_MS = 120_000;
const why = whyNotHere(['buildah', 'strip', 'unshare', 'setpriv', 'dig', 'python3'], []);

function run(script: string, argument: string): string {
  const program = join(PROJECT, 'packaging/container', script);
  const ended = spawnSync(program, [argument], { encoding: 'utf8', timeout: PATIENCE_MS });
  expect(ended.status, `${ended.stdout}${ended.stderr}`).toBe(0);
  return ended.stdout;
}

describe.skipIf(why !== null)(`container image ${why ?? ''}`, () => {
  test('two builds are the same; it answers read-only and as nobody', { timeout: 3 * PATIENCE_MS }, () => {
    const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'hawser-image-')));
    try {
      for (const folder of folders) run('build', folder);
      const digests = folders.map((folder) => hash('sha256', readFileSync(join(folder, 'hawser.tar'))));
      expect(digests[1]).toBe(digests[0]);
      const said = run('check', join(folders[0] ?? '', 'hawser.tar'));
      expect(said).toContain('ok: health check by hawser-control');
      expect(said).toContain('ok: answers over UDP and TCP, read-only, as nobody');
      expect(said).toContain('ok: stops when it is told to');
    } finally {
      for (const folder of folders) rmSync(folder, { recursive: true });
    }
  });
});
