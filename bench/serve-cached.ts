/**
 * What a cached answer costs from the client's octets to the reply's, without a socket: microseconds and octets allocated, for
 * answers of several sizes, with and without EDNS and DO. Run: `node --expose-gc bench/serve-cached.ts`.
 */

import { REPLY_BUFFER_OCTETS } from '../src/serve/serve-query.ts';
import { answered, held, PlayedHouse, queryFor } from '../test/serve/serving.ts';
import { questionFrom } from '../test/support/records.ts';

const FROM = { ip: '127.0.0.1', port: 40_000 };
const CHANNEL = { transport: 'tcp', deliver: () => {} } as const;
const HITS = 300_000;
const ROUNDS = 5;

function measure(records: number, asking: { readonly udpSize?: number; readonly doBit?: boolean }): void {
  const question = questionFrom('mail.example. TXT');
  const lines = Array.from({ length: records }, (_, i) => `mail.example. TXT "record number ${i}"`);
  const played = new PlayedHouse().know(answered(question, { answer: [held(lines)] }));
  const query = queryFor(question, asking);
  const out = new Uint8Array(REPLY_BUFFER_OCTETS);
  let length = 0;
  const hit = (times: number): void => {
    for (let i = 0; i < times; i++) {
      length = played.serve.query(query, FROM, CHANNEL, out);
      if (length <= 0) throw new Error('no reply');
    }
  };
  hit(HITS);
  let bestMicroseconds = Number.POSITIVE_INFINITY;
  let leastOctets = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    const start = performance.now();
    hit(HITS);
    bestMicroseconds = Math.min(bestMicroseconds, ((performance.now() - start) * 1000) / HITS);
    const after = process.memoryUsage();
    leastOctets = Math.min(leastOctets, after.heapUsed + after.external - before.heapUsed - before.external);
  }
  const form = asking.udpSize === undefined ? 'plain' : `EDNS ${asking.udpSize}${asking.doBit ? ' DO' : ''}`;
  const allocated = (Math.max(0, leastOctets) / HITS).toFixed(2);
  console.log(
    `${records} records, ${form}: ${length} octets, ${bestMicroseconds.toFixed(2)} µs, ${allocated} octets allocated`,
  );
}

console.log(`node ${process.version}`);
for (const records of [1, 4, 30]) {
  for (const asking of [{}, { udpSize: 1232 }, { udpSize: 1232, doBit: true }]) measure(records, asking);
}
