/**
 * Proves in a clean Debian root that the packages install, answer, swap with unbound and back, upgrade, and leave nothing after
 * purge (`packaging/debian/check`), and that the unit does what it says under a systemd that a container boots (`check-systemd`).
 * HAWSER_DEBIAN_ROOT names the root that `packaging/debian/make-root` made, HAWSER_DEBIAN_PACKAGES the folder that
 * `packaging/debian/build` filled: both take minutes, so `.ci/run` makes them before.
 */

import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT, whyNotHere } from './programs.ts';

const root = process.env.HAWSER_DEBIAN_ROOT;
const packages = process.env.HAWSER_DEBIAN_PACKAGES;
/** Milliseconds for one script: copies of a root, starts of daemons, a boot. */
const PATIENCE_MS = 180_000;
/** Without a system bus outside, and without a unit of its own. */
const NSPAWN = ['--quiet', '--register=no', '--keep-unit', '--private-network', '--ephemeral'];

const isAsked = root !== undefined && packages !== undefined;
const why = isAsked
  ? whyNotHere(['chroot', 'dpkg-deb', 'unshare'], [root, packages])
  : 'needs HAWSER_DEBIAN_ROOT and HAWSER_DEBIAN_PACKAGES';

/** Runs one of the scripts beside the packages; its standard output. Fails with what it said. */
function run(script: string): string {
  const ended = spawnSync(join(PROJECT, 'packaging/debian', script), [root ?? '', packages ?? ''], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  expect(ended.stderr).toBe('');
  expect(ended.status, ended.stdout).toBe(0);
  return ended.stdout;
}

/** Why no system can be booted here; null: it can. */
function whyNoBoot(): string | null {
  const missing = why ?? whyNotHere(['systemd-nspawn'], []);
  if (missing !== null) return missing;
  const tried = spawnSync('systemd-nspawn', [...NSPAWN, `--directory=${root}`, '/bin/true'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return tried.status === 0 ? null : `no container can be started here: ${tried.stderr.trim()}`;
}

describe.skipIf(why !== null)(`Debian packages ${why ?? ''}`, () => {
  test('install, swap with unbound and back, upgrade and purge', { timeout: PATIENCE_MS }, () => {
    expect(run('check')).toContain('ok: purge leaves no user');
  });

  test('the same commit gives the same octets', { timeout: PATIENCE_MS }, () => {
    const again = mkdtempSync(join(tmpdir(), 'hawser-debs-'));
    try {
      const ended = spawnSync(join(PROJECT, 'packaging/debian/build'), [again], {
        encoding: 'utf8',
        timeout: PATIENCE_MS,
      });
      expect(ended.status, ended.stderr).toBe(0);
      const names = readdirSync(again);
      expect(names).toHaveLength(3);
      const digest = (folder: string, name: string): string => hash('sha256', readFileSync(join(folder, name)));
      for (const name of names) expect(digest(again, name), name).toBe(digest(packages ?? '', name));
    } finally {
      rmSync(again, { recursive: true });
    }
  });

  test.skipIf(whyNotHere(['lintian'], []) !== null)('lintian finds no error', { timeout: PATIENCE_MS }, () => {
    const files = readdirSync(packages ?? '').filter((name) => name.endsWith('.deb'));
    const found = spawnSync('lintian', ['--fail-on', 'error', ...files], {
      cwd: packages,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
    expect(found.status, found.stdout).toBe(0);
  });
});

const whyNot = whyNoBoot();
describe.skipIf(whyNot !== null)(`the package under systemd ${whyNot ?? ''}`, () => {
  test('starts, reloads, watchdog, socket activation, DynamicUser, systemd-resolved over TLS, sandbox', {
    timeout: PATIENCE_MS,
  }, () => {
    const said = run('check-systemd').trimEnd().split('\n');
    expect(said.at(-1)).toBe('done');
    expect(said.some((line) => line.startsWith('ok: systemd-resolved asks over TLS'))).toBe(true);
  });
});
