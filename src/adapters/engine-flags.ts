/**
 * V8's flags of a process that serves, other than those of its start (bin/launch): when it compiles and when it collects.
 *
 * V8 takes no code that was compiled before under other flags (packaging/load-program.ts): so they are set when all is loaded, and
 * who keeps compiled code takes them back before.
 */

import { setFlagsFromString } from 'node:v8';

/** A flag that takes a number; `usual` is V8's own in Node.js 24, which is not for each what `--v8-options` says. */
interface EngineFlag {
  readonly name: string;
  readonly serving: number;
  readonly usual: number;
}

/**
 * Percent by which the heap may grow between two collections of all of it; 0: V8's own rule, by which 20 MB that live would become 75. With
 * this each 20,000 questions for new names cost some eight collections more, of about 60 ms of processor time, most of it on V8's other
 * threads (bench/RESULTS.md).
 */
const HEAP_GROWTH: EngineFlag = { name: 'heap-growing-percent', serving: 80, usual: 0 };

/**
 * Calls, turns of loops among them, after which V8's last compiler, TurboFan, takes a function from the one before it. V8's own number suits
 * cores that would idle; a resolver has one, and what compiles takes it from what answers. A function takes some 3 ms of it, which
 * faster code brings back in tens of thousands of calls (bench/RESULTS.md). The hot path has them within a second.
 */
const LAST_COMPILER: EngineFlag = { name: 'invocation-count-for-turbofan', serving: 40_000, usual: 10_000 };

const FLAGS: readonly EngineFlag[] = [HEAP_GROWTH, LAST_COMPILER];

/** From now on V8 compiles and collects as suits a process that serves for long on one core. */
export function setServingFlags(): void {
  for (const { name, serving } of FLAGS) setFlagsFromString(`--${name}=${serving}`);
}

/** What is compiled is V8's own again, as it is looked for at a start. */
export function setUsualFlags(): void {
  for (const { name, usual } of FLAGS) setFlagsFromString(`--${name}=${usual}`);
}
