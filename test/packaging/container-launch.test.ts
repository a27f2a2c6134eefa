/** Proves that the container's first process gives V8 the same heap as bin/launch does, whose shell the image has not. */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { heapFlags } from '../../packaging/container/heap-flags.ts';

const GIB = 1024 ** 3;
const MEMORY = 'MemTotal:        8388608 kB\n';

/** Flags with these files and no others. */
const flagsWith = (files: Record<string, string>): string[] => heapFlags((path) => files[path] ?? null);

test('here it finds what bin/launch finds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-launch-'));
  try {
    const node = join(folder, 'node');
    writeFileSync(node, '#!/bin/sh\nif [ "$1" = --version ]; then echo v24.0.0; else printf "%s\\n" "$@"; fi\n');
    chmodSync(node, 0o755);
    const env = { ...process.env, HAWSER_NODE: node, NODE_OPTIONS: '' };
    const launched = spawnSync(join(import.meta.dirname, '../../bin/launch'), ['hawser-host', '-h'], {
      env,
      encoding: 'utf8',
    });
    expect(heapFlags()).toEqual(launched.stdout.split('\n').filter((word) => /^--m(?:ax|in)-/.test(word)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['a host without a limit: a third', {}, 2730],
  ['a limit of the container: half', { '/sys/fs/cgroup/memory.max': `${GIB}\n` }, 512],
  ['no limit by the word for it: a third', { '/sys/fs/cgroup/memory.max': 'max\n' }, 2730],
  ['the lower of two', { '/sys/fs/cgroup/memory.max': `${2 * GIB}\n`, '/sys/fs/cgroup/memory.high': `${GIB}\n` }, 512],
  ['a limit that leaves nothing: the least that runs', { '/sys/fs/cgroup/memory.max': '1024\n' }, 64],
  ['a number that is none', { '/sys/fs/cgroup/memory.max': '99999999999999999999\n' }, 2730],
])('%s', (_, files, heap) => {
  const flags = flagsWith({ '/proc/meminfo': MEMORY, '/proc/self/cgroup': '0::/\n', ...files });
  expect(flags[0]).toBe(`--max-old-space-size=${heap}`);
});

test('a limit of a group above counts, in version 1 as well', () => {
  const files = {
    '/proc/meminfo': MEMORY,
    '/proc/self/cgroup': '4:cpu,memory:/docker/one\n',
    '/sys/fs/cgroup/memory/docker/memory.limit_in_bytes': `${GIB}\n`,
  };
  expect(flagsWith(files)).toEqual(['--max-old-space-size=512', '--max-semi-space-size=8', '--min-semi-space-size=8']);
});

test('without /proc there are no flags', () => {
  expect(flagsWith({})).toEqual([]);
});
