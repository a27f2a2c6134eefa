/**
 * Proves in a clean Debian root that the packages install, answer, swap with unbound and back, upgrade, and leave nothing after
 * purge; `packaging/debian/check` does it. HAWSER_DEBIAN_ROOT names the root (made by debootstrap), HAWSER_DEBIAN_PACKAGES the
 * folder that `packaging/debian/build` filled: both take minutes to make, so they are made outside of this test.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT, whyNotHere } from './programs.ts';

const root = process.env.HAWSER_DEBIAN_ROOT;
const packages = process.env.HAWSER_DEBIAN_PACKAGES;
const isAsked = root !== undefined && packages !== undefined;
const why = isAsked
  ? whyNotHere(['chroot', 'dpkg-deb', 'unshare'], [root, packages])
  : 'needs HAWSER_DEBIAN_ROOT and HAWSER_DEBIAN_PACKAGES';

describe.skipIf(why !== null)(`Debian packages ${why ?? ''}`, () => {
  test('install, swap with unbound and back, upgrade and purge', () => {
    const ended = spawnSync(join(PROJECT, 'packaging/debian/check'), [root ?? '', packages ?? ''], {
      encoding: 'utf8',
      timeout: 110_000,
    });
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain('ok: purge leaves no user');
  });
});
