/**
 * What counting costs on the fast path: nanoseconds for one query and its reply, counted by all their traits.
 *
 *   node bench/count-query.ts
 */

import { ServeStats } from '../src/serve/serve-stats.ts';
import { FLAG } from '../src/wire/rcode.ts';
import { CLASS, TYPE } from '../src/wire/rr-type.ts';

const ROUNDS = 20_000_000;
const CHANNEL = { transport: 'udp' } as const;
const stats = new ServeStats();
const queries = [TYPE.A, TYPE.AAAA, TYPE.MX, TYPE.TLSA].map((type) => ({
  type,
  class: CLASS.IN,
  opcode: 0,
  flags: FLAG.RD | FLAG.AD,
  hasEdns: true,
  doBit: type === TYPE.TLSA,
}));
const reply = Uint8Array.of(0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0);

for (const name of ['warm-up', 'measured']) {
  const start = performance.now();
  for (let i = 0; i < ROUNDS; i++) {
    const query = queries[i & 3] as (typeof queries)[0];
    stats.countQuery(query, CHANNEL, false);
    stats.countReply(reply, query.type, 'secure');
  }
  const nanoseconds = ((performance.now() - start) * 1e6) / ROUNDS;
  process.stdout.write(`${name}: ${nanoseconds.toFixed(1)} ns for a query and its reply\n`);
}
