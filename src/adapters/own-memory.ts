/**
 * The memory of this process: what V8 keeps for its heap, and giving back what is not needed, by V8, by the C library and of the
 * program's own pages.
 *
 * Leaves to others: when that is worth its time (daemon/give-back.ts).
 */

import { readFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { OwnMemory } from '../ports/own-memory.ts';
import { bindMemoryCalls, type MemoryCalls } from './system-calls.ts';

/** MADV_DONTNEED of mman.h: on a mapping of a file that was not written to, pages come again from the file when they are used. */
const DONT_NEED = 4;

/** V8's collector, which programs can only reach by this flag. */
export function collector(): (options?: object) => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function' ? (options) => void collect(options) : () => {};
}

export function ownMemory(): OwnMemory {
  // Making one takes a context of its own, 80 kB.
  let collect: ReturnType<typeof collector> | null = null;
  let calls: MemoryCalls | string | null = null;
  const look = () => {
    const { used_heap_size: used, total_heap_size: held } = getHeapStatistics();
    return { used, held };
  };
  return {
    look,
    processorMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    giveBack: () => {
      collect ??= collector();
      // Of all kinds the only one that makes the halves for new objects small again.
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      calls ??= bindMemoryCalls();
      if (typeof calls !== 'string') {
        calls.malloc_trim(0n);
        letGoOfProgram(calls);
      }
      return look().held;
    },
  };
}

/** Pages of the program that only starting needed count to the process as long as they are mapped. */
function letGoOfProgram(calls: MemoryCalls): void {
  for (const { start, octets } of unwrittenMappings(mappingsOf('/proc/self/smaps'), process.execPath)) {
    calls.madvise(start, octets, DONT_NEED);
  }
}

/** What the kernel says of a process's memory; empty where it may not be read, or there is no /proc (chroot, containers). */
export function mappingsOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Mappings of a file that cannot be written to and have not been: nothing is lost when their pages go. */
export function unwrittenMappings(smaps: string, path: string): readonly { start: bigint; octets: bigint }[] {
  const found: { start: bigint; octets: bigint }[] = [];
  for (const text of smaps.split(/\n(?=[0-9a-f]+-)/)) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \S+ +(.*)/.exec(text);
    if (head === null || head[3] !== path || !/^Anonymous: +0 kB$/m.test(text)) continue;
    const start = BigInt(`0x${head[1]}`);
    found.push({ start, octets: BigInt(`0x${head[2]}`) - start });
  }
  return found;
}
