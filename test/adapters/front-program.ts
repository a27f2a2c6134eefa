/** A front thread for tests: answers datagrams that begin with 1, hands others over, and dies of some. */

import { parentPort, workerData } from 'node:worker_threads';
import { runFrontLoop } from '../../src/adapters/front-loop.ts';
import type { FrontThreadGiven } from '../../src/adapters/front-threads.ts';
import { QueryRing } from '../../src/adapters/query-ring.ts';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';

const { epoll, control, ring, memory } = workerData as FrontThreadGiven;
const calls = bindSystemCalls();
if (typeof calls === 'string') throw new Error(calls);

function answer(bytes: Uint8Array, out: Uint8Array): number {
  switch (bytes[0]) {
    case 1:
      out.set(bytes);
      out[0] = memory as number;
      return bytes.length;
    case 8: {
      const held: number[][] = [];
      for (;;) held.push(new Array(10_000).fill(held.length));
    }
    case 9:
      throw new Error('told to');
    default:
      return 0;
  }
}

parentPort?.postMessage('ready');
runFrontLoop({
  calls,
  epoll,
  control,
  ring: new QueryRing(ring),
  answer: (bytes, _, out) => answer(bytes, out),
  onLost: () => {},
  afterBatch: () => {},
  wakeOwner: () => parentPort?.postMessage('query'),
});
