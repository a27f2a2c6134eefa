/** Proves that a cached answer is served without an allocation that grows with the answer: no object graph on a hit. */

import { expect, test } from 'vitest';
import { REPLY_BUFFER_OCTETS } from '../../src/serve/query-server.ts';
import { questionFrom } from '../support/records.ts';
import { answered, held, PlayedHouse, queryFor } from './serving.ts';

const FROM = { ip: '127.0.0.1', port: 40_000 };
const CHANNEL = { transport: 'tcp', deliver: () => {} } as const;
/** Hits in one measure. */
const HITS = 50_000;
/** Octets of heap that one hit may cost, whatever the answer: a fifth of what one view on a reply would. */
const MOST_OCTETS_PER_HIT = 20;

/** Smallest growth of the heap of five rounds: the test runner allocates beside it. */
function octetsPerHit(records: number): number {
  const question = questionFrom('www.example. TXT');
  const lines = Array.from({ length: records }, (_, i) => `www.example. TXT "record number ${i}"`);
  const house = new PlayedHouse().know(answered(question, { answer: [held(lines)] }));
  const query = queryFor(question, { udpSize: 1232, doBit: true });
  const out = new Uint8Array(REPLY_BUFFER_OCTETS);
  const serve = (times: number): void => {
    for (let i = 0; i < times; i++) if (house.serve.query(query, FROM, CHANNEL, out) <= 0) throw new Error('no reply');
  };
  serve(20_000);
  house.known.clear();
  let smallest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.memoryUsage();
    serve(HITS);
    const after = process.memoryUsage();
    const growth = after.heapUsed - before.heapUsed + (after.external - before.external);
    if (growth >= 0) smallest = Math.min(smallest, growth);
  }
  return smallest / HITS;
}

test.each([1, 30])('an answer of %i records costs next to no heap', (records) => {
  expect(octetsPerHit(records)).toBeLessThan(MOST_OCTETS_PER_HIT);
});
