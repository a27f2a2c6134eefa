/**
 * V8's heap out of the memory that there is, as bin/launch gives it: for a container image without a shell.
 */

import { readFileSync } from 'node:fs';

const MIB = 1024 * 1024;
/** MiB of V8's heap, least and most; the same as in bin/launch, as is the part of the memory. */
const MIN_HEAP_MIB = 64;
const MAX_HEAP_MIB = 32_768;
/** MiB of a semi-space at most, and the heap that one MiB of it belongs to. */
const MAX_SEMI_SPACE_MIB = 16;
const HEAP_PER_SEMI_SPACE = 64;
/** MiB that a semi-space has from the first on, where it may have as many. */
const LEAST_SEMI_SPACE_MIB = 8;

/** The content of a file; null where it is not there or may not be read. */
type ReadFile = (path: string) => string | null;

const readFile: ReadFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Limits, in octets, of a control group and of those above it. */
function groupLimits(mount: string, group: string, files: readonly string[], read: ReadFile): number[] {
  const limits: number[] = [];
  for (let path = group === '/' ? '' : group; ; path = path.slice(0, path.lastIndexOf('/'))) {
    for (const file of files) {
      const text = read(`${mount}${path}/${file}`)?.trim() ?? '';
      if (/^\d{1,15}$/.test(text)) limits.push(Number(text));
    }
    if (path === '') return limits;
  }
}

/** V8's flags for the memory that there is: a third of a host's, half of a limit. Empty where nothing says how much. */
export function heapFlags(read: ReadFile = readFile): string[] {
  const kib = /^MemTotal:\s+(\d+)/m.exec(read('/proc/meminfo') ?? '')?.[1];
  if (kib === undefined) return [];
  const host = Number(kib) * 1024;
  const limits = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, controllers = '', ...path] = line.split(':');
    const group = path.join(':');
    if (line === '') return [];
    if (controllers === '') return groupLimits('/sys/fs/cgroup', group, ['memory.max', 'memory.high'], read);
    if (!controllers.split(',').includes('memory')) return [];
    return groupLimits('/sys/fs/cgroup/memory', group, ['memory.limit_in_bytes'], read);
  });
  const limit = Math.min(host, ...limits);
  const part = limit < host ? Math.floor(limit / 2) : Math.floor(host / 3);
  const heap = Math.min(MAX_HEAP_MIB, Math.max(MIN_HEAP_MIB, Math.floor(part / MIB)));
  const half = Math.min(MAX_SEMI_SPACE_MIB, Math.max(1, Math.floor(heap / HEAP_PER_SEMI_SPACE)));
  const least = Math.min(LEAST_SEMI_SPACE_MIB, half);
  return [`--max-old-space-size=${heap}`, `--max-semi-space-size=${half}`, `--min-semi-space-size=${least}`];
}
