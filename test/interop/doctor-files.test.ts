/** Proves that on a real host with Unbound's configuration file and Hawser's own the doctor reads the one that counts, and says which and why. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './doctor-files-session.ts';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = process.getuid?.() === 0 ? whyNotHere(['dig', 'ip', 'unshare', 'bash']) : 'needs root, for mounts';

const UNBOUND = '/etc/unbound/unbound.conf';
const OWN = '/etc/hawser/hawser.conf';

describe.skipIf(why !== null)(`hawser doctor, with two configuration files ${why ?? ''}`, () => {
  let said: Record<string, Said> = {};

  beforeAll(() => {
    said = JSON.parse(runInNamespace('doctor-files-session.ts', [], 400_000));
  }, 420_000);

  test.each([
    [
      'both',
      UNBOUND,
      /^Configuration: \S+ \(no daemon runs here; \/etc\/hawser\/hawser\.conf is there too, and not read\)$/m,
    ],
    ['ownRuns', OWN, /^Configuration: \S+ \(of the daemon that runs here, process \d+\)$/m],
    ['unboundRuns', UNBOUND, /^Configuration: \S+ \(of the daemon that runs here, process \d+\)$/m],
    ['ownAlone', OWN, /^Configuration: \S+ \(no daemon runs here\)$/m],
  ])('%s: reads %s', (name, path, words) => {
    expect(said[name]?.json.configuration).toBe(path);
    expect(said[name]?.text).toContain(`Configuration: ${path} (`);
    expect(said[name]?.text).toMatch(words);
    // What it found is that file's, too.
    const size = path === UNBOUND ? /may grow to 8192\d{3} MiB/ : /may grow to 9216\d{3} MiB/;
    expect(said[name]?.json.checks.map(({ cause }) => cause).join('\n')).toMatch(size);
  });
});
