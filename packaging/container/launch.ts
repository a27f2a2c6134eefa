/**
 * The first process of the container image, which has no shell: what bin/launch does elsewhere. Starts the program that is asked
 * for in this process's place, on the same Node.js, with the heap that the container's memory allows.
 *
 * Usage: node launch.cjs PROGRAM [ARGUMENT ...]
 */

import { constants, copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { heapFlags } from './heap-flags.ts';

/** Where the configuration of the image has the trust anchor, which RFC 5011 keeps up to date from its first start on. */
const ANCHOR_FILE = '/var/lib/hawser/root.key';

/** Begins the anchor's file in a new volume; where that is not possible, the daemon says why it cannot start. */
function beginAnchor(): void {
  if (existsSync(ANCHOR_FILE)) return;
  try {
    copyFileSync(join(import.meta.dirname, '../trust-anchors/root-anchors.txt'), ANCHOR_FILE, constants.COPYFILE_EXCL);
  } catch (error) {
    process.stderr.write(`launch: cannot begin ${ANCHOR_FILE}: ${error instanceof Error ? error.message : error}\n`);
  }
}

/** Becomes the program; the result is the exit status where that is not possible. */
function become(words: readonly string[]): number {
  const [program = '', ...rest] = words;
  const main = join(import.meta.dirname, `${program}.cjs`);
  if (!/^hawser[a-z-]*$/.test(program) || !existsSync(main)) {
    process.stderr.write(`launch: no program ${JSON.stringify(program)} in this image\n`);
    return 127;
  }
  const daemon =
    program === 'hawserd'
      ? ['--inspect-port=[ff0e::1]:9229', '--require', join(import.meta.dirname, '../bin/early-signals.cjs')]
      : [];
  if (program === 'hawserd') beginAnchor();
  const isOwnHeap = /max[-_]old[-_]space[-_]size/.test(process.env.NODE_OPTIONS ?? '');
  const flags = isOwnHeap ? [] : heapFlags();
  // A version of Node.js without it is not in the image.
  // As in bin/launch: pages of caches that are freed go back to the system, and threads share one heap of the C library, of huge pages.
  const environment = {
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_ARENA_MAX: '1',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    ...process.env,
  };
  process.execve?.(process.execPath, [process.execPath, ...daemon, ...flags, main, ...rest], environment);
  process.stderr.write('launch: this Node.js has no process.execve\n');
  return 126;
}

process.exitCode = become(process.argv.slice(2));
