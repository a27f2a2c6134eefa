/**
 * Proves of the container image that two builds are the same octets, and that it runs as its configuration says: read-only, as
 * nobody, without a shell, found healthy; and that a real Postfix beside it, whose resolver it is, verifies by DANE. No container engine
 * is needed (`packaging/container/check`).
 */

import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'hawser-image-'));
  const image = join(folder, 'hawser.tar');

  beforeAll(() => {
    run('build', folder);
  }, PATIENCE_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  test('two builds are the same', { timeout: PATIENCE_MS }, () => {
    const other = mkdtempSync(join(tmpdir(), 'hawser-image-'));
    try {
      run('build', other);
      const digestOf = (path: string): string => hash('sha256', readFileSync(path));
      expect(digestOf(join(other, 'hawser.tar'))).toBe(digestOf(image));
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  test('it answers read-only and as nobody', { timeout: PATIENCE_MS }, () => {
    const said = run('check', image);
    expect(said).toContain('ok: health check by hawser-control');
    expect(said).toContain('ok: answers over UDP and TCP, read-only, as nobody');
    expect(said).toContain('ok: stops when it is told to');
  });

  const whyNoMail = whyNotHere(['postfix', 'openssl', 'nsd', 'knotd', 'dig', 'ip', ...SIGNER_PROGRAMS]);
  test.skipIf(whyNoMail !== null)(
    `a real Postfix beside it verifies by what it says ${whyNoMail ?? ''}`,
    { timeout: PATIENCE_MS },
    () => {
      const { ends, log } = JSON.parse(runInNamespace('container-mail-session.ts', [unpack(folder)], PATIENCE_MS));
      expect(ends['dane@good.org']).toContain('status=sent');
      expect(log).toMatch(/Verified TLS connection established to mx\.good\.org/);
      expect(ends['dane@wrong.org']).toMatch(/status=deferred \(Server certificate not verified/);
      expect(ends['dane@bogus.org']).toContain('status=deferred (TLSA lookup error');
      expect(log).not.toMatch(/Verified TLS connection established to mx\.(?:wrong|bogus)/);
    },
  );
});

/** The file system of the image, as an engine unpacks it. */
function unpack(folder: string): string {
  const [layers, root] = [join(folder, 'layers'), join(folder, 'root')];
  for (const each of [layers, root]) mkdirSync(each);
  spawnSync('tar', ['-xf', join(folder, 'hawser.tar'), '-C', layers]);
  for (const layer of readdirSync(layers).filter((name) => name.endsWith('.tar')))
    spawnSync('tar', ['-xf', join(layers, layer), '-C', root]);
  return root;
}
