/**
 * The program of a front thread (num-threads): joins its loop with its server. Started by the daemon only
 * (adapters/front-threads.ts).
 */

import { parentPort, workerData } from 'node:worker_threads';
import { runFrontLoop } from '../adapters/front-loop.ts';
import type { FrontThreadGiven, FrontThreadSays } from '../adapters/front-threads.ts';
import { createNodeClock } from '../adapters/node-clock.ts';
import { QueryRing } from '../adapters/query-ring.ts';
import { bindSystemCalls } from '../adapters/system-calls.ts';
import { type FrontGiven, frontServer } from '../front/front-memory.ts';
import { Bug } from '../terms/unreachable.ts';

const { epoll, control, ring, memory } = workerData as FrontThreadGiven;
const calls = bindSystemCalls();
if (typeof calls === 'string') throw new Bug('no system calls in a thread of a process that has them', { calls });
const { server, stats } = frontServer(memory as FrontGiven, createNodeClock());

function say(what: FrontThreadSays): void {
  parentPort?.postMessage(what);
}

say('ready');
runFrontLoop({
  calls,
  epoll,
  control,
  ring: new QueryRing(ring),
  answer: (bytes, from, out) => server.answer(bytes, from, out),
  onLost: () => stats.countLost(),
  afterBatch: () => stats.show(),
  wakeOwner: () => say('query'),
});
