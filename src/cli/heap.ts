/**
 * V8's heap, whose end aborts the process without a word to the log: how large it may get, configuration that would fill it is
 * refused before it is read, and a line is written while there is still room for one.
 */

import { getHeapStatistics } from 'node:v8';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { LogSink } from '../ports/log-sink.ts';

/** Octets of heap. */
interface HeapUse {
  readonly used: number;
  readonly limit: number;
}

/** Milliseconds between looks. */
const LOOK_MS = 5_000;
/** Percent of the heap from which on it is said, and below which it may be said again. */
const NEARLY_FULL_PERCENT = 85;
const EASED_PERCENT = 70;
/** Octets of heap for each octet of a configuration; 100,000 lines of local-zone take 320 MB for 5.7. */
const HEAP_PER_CONFIG_OCTET = 60;
/** Part of the free heap that a configuration may need, percent. */
const CONFIG_PERCENT_OF_FREE = 80;
const MIB = 1024 * 1024;
/** What V8 counts into its limit for objects that have just been made: three semi-spaces of 64 MiB (Node.js 24). */
const YOUNG_GENERATION = 3 * 64 * MIB;

/** The heap of this process; what stays is held by the old generation, whose end aborts. */
export function heapUse(): HeapUse {
  const { used_heap_size: used, heap_size_limit: whole } = getHeapStatistics();
  const limit = whole > YOUNG_GENERATION ? whole - YOUNG_GENERATION : whole;
  return { used, limit };
}

/**
 * Octets of text (names, records) that may come while the process runs, each command or line asking anew: what is held of them
 * does not fill the heap further than where the log says that it is nearly full. Garbage counts as used, so that it is never too much.
 */
export function textRoom({ used, limit }: HeapUse): number {
  return Math.max(0, Math.floor(((limit * NEARLY_FULL_PERCENT) / 100 - used) / HEAP_PER_CONFIG_OCTET));
}

/** Files whose texts together fit the heap when they are configuration; the one with which they do not is refused. */
export function withinHeap(files: Files, { used, limit }: HeapUse): Files {
  const most = Math.floor(((limit - used) * CONFIG_PERCENT_OF_FREE) / 100 / HEAP_PER_CONFIG_OCTET);
  let octets = 0;
  return {
    readBytes: (path) => files.readBytes(path),
    replaceAtomically: (path, content, mode) => files.replaceAtomically(path, content, mode),
    replaceInBackground: (path, content, mode) => files.replaceInBackground(path, content, mode),
    readPrivate: (path, maxOctets) => files.readPrivate(path, maxOctets),
    readPrivateInBackground: (path, maxOctets) => files.readPrivateInBackground(path, maxOctets),
    append: (path, content) => files.append(path, content),
    remove: (path) => files.remove(path),
    glob: (pattern) => files.glob(pattern),
    exists: (path) => files.exists(path),
    readText: (path) => {
      const read = files.readText(path);
      if (!read.ok) return read;
      octets += read.value.length;
      if (octets <= most) return read;
      const heap = `V8's heap of ${Math.floor(limit / MIB)} MiB (--max-old-space-size in NODE_OPTIONS)`;
      const text = `the configuration is too large for ${heap}, which holds about ${Math.floor(most / MIB)} MiB of it`;
      return { ok: false, error: { kind: 'other', text } };
    },
  };
}

/** Writes to the log when the heap is nearly full, once until it has eased; the result ends it. */
export function watchHeap(clock: Clock, log: LogSink, look: () => HeapUse = heapUse): CancelTimer {
  let isSaid = false;
  let cancel: CancelTimer = () => {};
  const check = (): void => {
    const { used, limit } = look();
    const percent = (used * 100) / limit;
    if (percent >= NEARLY_FULL_PERCENT && !isSaid) {
      const heap = `${Math.floor(used / MIB)} of ${Math.floor(limit / MIB)} MiB`;
      log.write(
        'error',
        `memory is nearly used up (${heap} of V8's heap): make caches smaller, or the process will abort`,
      );
      isSaid = true;
    }
    if (percent < EASED_PERCENT) isSaid = false;
    cancel = clock.after(LOOK_MS, check);
  };
  cancel = clock.after(LOOK_MS, check);
  return () => cancel();
}
