/**
 * Worker of the flood session: puts hostile questions to a resolver from one loop, so many unanswered at a time, and counts
 * what comes back. A thread of its own, so that the session's measurements do not wait for it.
 */

import { createSocket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';

/** What the session asks of the worker. */
export interface FloodOrder {
  readonly port: number;
  readonly names: readonly string[];
  /** Questions that wait for an answer at a time. */
  readonly width: number;
  /** After this a question counts as unanswered and the next one is put. */
  readonly patienceMs: number;
}

/** What came of it. */
export interface FloodResult {
  readonly seconds: number;
  /** Answers by rcode; `silence` for none in time. */
  readonly outcomes: Readonly<Record<string, number>>;
}

function flood({ port, names, width, patienceMs }: FloodOrder): Promise<FloodResult> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  const outcomes: Record<string, number> = {};
  const waiting = new Map<number, number>();
  const startedAt = performance.now();
  let next = 0;
  const count = (outcome: string): void => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const fill = (): void => {
    for (; waiting.size < width && next < names.length; next++) {
      const id = next & 0xffff;
      const question = questionOf(mustParseName(names[next] as string), TYPE.A);
      waiting.set(id, performance.now() + patienceMs);
      socket.send(
        buildQuery({ id, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true } }),
        port,
        '127.0.0.1',
      );
    }
  };
  return new Promise((resolve) => {
    socket.on('message', (reply) => {
      if (waiting.delete(reply.readUInt16BE(0))) count(`rcode ${(reply[3] ?? 0) & 15}`);
      fill();
    });
    const sweep = setInterval(() => {
      const now = performance.now();
      for (const [id, until] of waiting) {
        if (until > now) break;
        waiting.delete(id);
        count('silence');
      }
      fill();
      if (next < names.length || waiting.size > 0) return;
      clearInterval(sweep);
      socket.close();
      resolve({ seconds: (now - startedAt) / 1000, outcomes });
    }, 20);
    fill();
  });
}

if (parentPort !== null) parentPort.postMessage(await flood(workerData as FloodOrder));
