/**
 * V8's flags of a process that serves, other than those of its start (bin/launch).
 *
 * V8 takes no code that was compiled before under other flags (packaging/load-program.ts): so they are set when all is loaded, and
 * who keeps compiled code takes them back before.
 */

import { setFlagsFromString } from 'node:v8';

/**
 * Percent by which the heap may grow between two collections of all of it. By V8's own rule 20 MB that live would become 75; with this
 * each 20,000 questions for new names cost some eight collections more, of about 60 ms of processor time, most of it on V8's other
 * threads (bench/RESULTS.md).
 */
const SERVING_HEAP_GROWTH_PERCENT = 80;
/** V8's own rule. */
const USUAL_HEAP_GROWTH_PERCENT = 0;

/** From now on V8 collects as suits a process that serves for long. */
export function setServingFlags(): void {
  setHeapGrowth(SERVING_HEAP_GROWTH_PERCENT);
}

/** What is compiled is V8's own again, as it is looked for at a start. */
export function setUsualFlags(): void {
  setHeapGrowth(USUAL_HEAP_GROWTH_PERCENT);
}

function setHeapGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
