/**
 * V8's heap, whose end aborts the process without a word to the log: how large it may get, configuration that would fill it is
 * refused before it is read, and a line is written while there is still room for one.
 */

import { getHeapStatistics } from 'node:v8';
import { collector } from '../adapters/own-memory.ts';
import type { Config } from '../config/config.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Steps } from '../wire/steps.ts';

/** Octets of heap. */
interface HeapUse {
  readonly used: number;
  readonly limit: number;
}

/** Milliseconds between looks. */
const LOOK_MS = 5_000;
/**
 * Percent of the heap from which on it is said and nothing more is taken, and below which it may be said again. From 80 on V8 aborts
 * when four collections in a row bring little, long before the heap is full (Heap::IsIneffectiveMarkCompact).
 */
const NEARLY_FULL_PERCENT = 78;
const EASED_PERCENT = 65;
/** Octets of heap for each octet of text that comes as names or records: short names with one record each. */
const HEAP_PER_TEXT_OCTET = 60;
/** The least that a file of configuration takes while it is read; a million lines of local-zone take 450 MB for 65. */
const HEAP_PER_FILE_OCTET = 4;
/** Part of the free heap that a configuration may need, percent. */
const CONFIG_PERCENT_OF_FREE = 80;
/**
 * Octets that policy takes for a line of local-zone, of local-data with a name of its own, and for a zone more that has records
 * (measured: 45, 160 and 250).
 */
const POLICY_OCTETS_PER_ZONE = 60;
const POLICY_OCTETS_PER_RECORD = 200;
const POLICY_OCTETS_PER_ZONE_WITH_RECORDS = 300;
/** Collecting garbage again is worth its time when so much has come since, percent of the heap. */
const COLLECT_AGAIN_PERCENT = 2;
const MIB = 1024 * 1024;
/**
 * Octets of memory that are enough whatever the configuration: the least heap that bin/launch gives (64 MiB), caches beside it (48),
 * the program, code and buffers. A flood of 22,000 names of 2,000 signed zones came through in 100 MiB, and was ended in 64.
 */
const ENOUGH_MEMORY = 160 * MIB;
/** The largest semi-space unless --max-semi-space-size says otherwise, as bin/launch does (Node.js 24). */
const USUAL_SEMI_SPACE = 64 * MIB;

/** The heap of this process; what stays is held by the old generation, whose end aborts. */
export function heapUse(): HeapUse {
  const { used_heap_size: used, heap_size_limit: whole } = getHeapStatistics();
  const young = youngGeneration();
  return { used, limit: whole > young ? whole - young : whole };
}

/** What V8 counts into its limit for objects that have just been made: three semi-spaces. */
function youngGeneration(): number {
  const flags = [process.env.NODE_OPTIONS ?? '', ...process.execArgv].join(' ');
  const given = [...flags.matchAll(/--max[-_]semi[-_]space[-_]size=(\d+)/g)].at(-1)?.[1];
  return 3 * (given === undefined ? USUAL_SEMI_SPACE : Number(given) * MIB);
}

/**
 * Octets of text (names, records) that may come while the process runs, each command or line asking anew: what is held of them
 * does not fill the heap further than where the log says that it is nearly full. Garbage counts as used, so that it is never too much.
 */
export function textRoom({ used, limit }: HeapUse): number {
  return Math.max(0, Math.floor(((limit * NEARLY_FULL_PERCENT) / 100 - used) / HEAP_PER_TEXT_OCTET));
}

/** What is looked at and done about the heap; tests have their own. */
interface Heap {
  readonly look: () => HeapUse;
  /** Frees what is garbage: only then `used` says what is held. Takes up to a second where the heap is large. */
  readonly collect: () => void;
}

/** V8's own. */
export const THIS_HEAP: Heap = { look: heapUse, collect: () => collector()() };

/** The configuration that is being loaded, or null when the heap cannot hold it: it ends where V8 would abort. */
export function* loadWithinHeap<T>(loading: Steps<T>, heap: Heap): Steps<T | null> {
  let collectedAt = 0;
  for (;;) {
    const step = loading.next();
    if (step.done === true) return step.value;
    const { used, limit } = heap.look();
    if (used - collectedAt > (limit * COLLECT_AGAIN_PERCENT) / 100 && isNearlyFull(used, limit)) {
      heap.collect();
      collectedAt = heap.look().used;
      if (isNearlyFull(collectedAt, limit)) return null;
    }
    yield;
  }
}

function isNearlyFull(used: number, limit: number): boolean {
  return used > (limit * NEARLY_FULL_PERCENT) / 100;
}

/** True when the policy that a configuration asks for fits beside it. */
export function hasRoomForPolicy({ server, views }: Pick<Config, 'server' | 'views'>, heap: Heap): boolean {
  let need = 0;
  for (const { localZone, localData, localDataPtr } of [server, ...views]) {
    const records = localData.length + localDataPtr.length;
    need += localZone.length * POLICY_OCTETS_PER_ZONE + records * POLICY_OCTETS_PER_RECORD;
    need += Math.min(localZone.length, records) * POLICY_OCTETS_PER_ZONE_WITH_RECORDS;
  }
  const { used, limit } = heap.look();
  if (!isNearlyFull(used + need, limit)) return true;
  heap.collect();
  return !isNearlyFull(heap.look().used + need, limit);
}

/**
 * Says that there is less memory for this process than it may come to need: then the kernel ends it, without a word to the log. Null
 * where there is enough. `octets`: the limit of its control group, or the host's.
 */
export function scarceMemoryText(octets: number): string | null {
  if (octets >= ENOUGH_MEMORY) return null;
  const [has, wants] = [octets, ENOUGH_MEMORY].map((each) => `${Math.floor(each / MIB)} MiB`);
  return `there are ${has} of memory for this process, which may come to need ${wants}: the system may end it`;
}

/** Says that a configuration does not fit. */
export function tooLargeText({ limit }: HeapUse): string {
  return `the configuration is too large for V8's heap of ${Math.floor(limit / MIB)} MiB (--max-old-space-size in NODE_OPTIONS)`;
}

/** Files whose texts together fit the heap when they are configuration; the one with which they do not is refused. */
export function withinHeap(files: Files, heap: Heap): Files {
  const room = (): number => {
    const { used, limit } = heap.look();
    return Math.floor(((limit - used) * CONFIG_PERCENT_OF_FREE) / 100 / HEAP_PER_FILE_OCTET);
  };
  let octets = 0;
  return {
    readBytes: (path) => files.readBytes(path),
    replaceAtomically: (path, content, mode) => files.replaceAtomically(path, content, mode),
    replaceInBackground: (path, content, mode) => files.replaceInBackground(path, content, mode),
    readPrivate: (path, maxOctets) => files.readPrivate(path, maxOctets),
    readPrivateInBackground: (path, maxOctets) => files.readPrivateInBackground(path, maxOctets),
    append: (path, content) => files.append(path, content),
    remove: (path) => files.remove(path),
    removeSocket: (path) => files.removeSocket(path),
    glob: (pattern) => files.glob(pattern),
    exists: (path) => files.exists(path),
    identity: (path) => files.identity(path),
    readText: (path) => {
      const read = files.readText(path);
      if (!read.ok) return read;
      octets += read.value.length;
      if (octets <= room()) return read;
      heap.collect();
      const most = room();
      if (octets <= most) return read;
      const text = `${tooLargeText(heap.look())}, which holds ${Math.floor(most / MIB)} MiB of it at most`;
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
