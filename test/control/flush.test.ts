/** Proves that flush commands forget what they should, finished replies included, leave the rest, and give turns to others. */

import { describe, expect, test, vi } from 'vitest';
import { VALUES_PER_TURN } from '../../src/cache/packed-map.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { parseRecord } from '../../src/wire/record-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { questionFrom, rankedAt, rrsetFrom } from '../support/records.ts';
import { type ControlBench, makeBench } from './bench.ts';

interface ReplyParts {
  readonly type?: keyof typeof TYPE;
  readonly rcode?: number;
  readonly authority?: string;
  readonly bogus?: boolean;
}

/** Puts a finished reply into the reply cache. */
function finish(bench: ControlBench, name: string, lines: readonly string[], parts: ReplyParts = {}): void {
  const { type = 'A', rcode = RCODE.NOERROR, authority, bogus = false } = parts;
  const reply = new Uint8Array(1500);
  const builder = new MessageBuilder(reply);
  builder.start({ id: 1, flags: FLAG.QR | FLAG.RA, rcode });
  builder.question(questionOf(mustParseName(name), TYPE[type]));
  for (const line of lines) builder.record('answer', recordOf(line));
  if (authority !== undefined) builder.record('authority', recordOf(authority));
  const replyLength = builder.finish();
  const stored = bench.instance.caches.replies.store({
    reply,
    replyLength,
    questionEnd: 12 + mustParseName(name).length + 4,
    flags: 0,
    dependsOn: 0,
    secure: false,
    bogus,
    ttlOffsets: [],
    expiresAt: TEST_START_UNIX_SECONDS + 300,
    options: new Uint8Array(),
  });
  expect(stored).toBe(true);
}

function recordOf(line: string) {
  const record = parseRecord(line);
  if ('error' in record) throw new Error(record.error);
  return record;
}

const SOA = 'example. 60 IN SOA ns.example. h.example. 1 2 3 4 60';

function fill(bench: ControlBench): void {
  finish(bench, 'www.example.', ['www.example. 60 IN A 192.0.2.1']);
  finish(bench, 'alias.other.', ['alias.other. 60 IN CNAME www.example.', 'www.example. 60 IN A 192.0.2.1']);
  finish(bench, 'other.', ['other. 60 IN A 192.0.2.2']);
  finish(bench, 'gone.example.', [], { rcode: RCODE.NXDOMAIN, authority: SOA });
  finish(bench, 'mx.other.', [], { type: 'MX', authority: SOA.replaceAll('example.', 'other.') });
  finish(bench, 'bad.other.', ['bad.other. 60 IN A 192.0.2.3'], { bogus: true });
}

describe('finished replies', () => {
  test.each([
    // The name's own reply and the alias that leads to it.
    ['flush www.example', 4],
    ['flush_type www.example A', 4],
    ['flush_type www.example MX', 6],
    // The SOA of the zone stands in a denial.
    ['flush_type example SOA', 5],
    ['flush_zone example', 3],
    ['flush_zone .', 0],
    ['flush_negative', 4],
    ['flush_bogus', 5],
  ])('%s leaves %i of 6', async (line, left) => {
    const bench = await makeBench();
    fill(bench);
    expect(await bench.run(line)).toMatch(/^ok/);
    expect(bench.instance.caches.replies.count).toBe(left);
  });
});

test.each(['flush www.example', 'flush_zone example', 'flush_bogus', 'flush_negative'])(
  '%s gives others a turn between pieces',
  async (line) => {
    const bench = await makeBench();
    const pieces = 4;
    for (let i = 0; i < pieces * VALUES_PER_TURN; i++) know(bench, `n${i}.example.`);
    const turns = vi.spyOn(bench.ports.clock, 'nextTurn');
    await bench.run(line);
    expect(turns.mock.calls.length).toBeGreaterThanOrEqual(pieces);
  },
);

function know(bench: ControlBench, name: string): void {
  const { rrsets, answers } = bench.instance.caches;
  const question = questionFrom(name);
  const validated = { verdict: SECURE, server: '192.0.2.53@53' };
  const ranked = rankedAt(TEST_START_UNIX_SECONDS, 300, rrsetFrom([`${name} A 192.0.2.1`]), validated);
  const { receivedAt, expiresAt } = ranked;
  rrsets.store(ranked);
  const end = { kind: 'answer', question, rcode: 0, answer: [ranked], authority: [], additional: [] } as const;
  const found = { kind: 'found', aliases: [], end: { ...end, zone: ROOT, server: ranked.server, expiresAt } } as const;
  answers.store(question, { found, verdict: SECURE, storedAt: receivedAt, expiresAt });
}

test('what is used or added between two pieces neither escapes a flush nor ends it', async () => {
  const bench = await makeBench();
  const { answers } = bench.instance.caches;
  const names = Array.from({ length: 3 * VALUES_PER_TURN }, (_, i) => `n${i}.example.`);
  for (const name of names) know(bench, name);
  const { clock } = bench.ports;
  const nextTurn = clock.nextTurn.bind(clock);
  let turn = 0;
  vi.spyOn(clock, 'nextTurn').mockImplementation(() => {
    // Uses some of those that come later, and adds others.
    for (const name of names.slice(-50)) answers.find(questionOf(mustParseName(name), TYPE.A));
    know(bench, `new${turn++}.other.`);
    return nextTurn();
  });
  await bench.run('flush_zone example');
  vi.restoreAllMocks();
  expect(names.filter((name) => answers.findStale(questionOf(mustParseName(name), TYPE.A)) !== null)).toEqual([]);
  expect(answers.count).toBe(turn);
});
