/** Proves that names which were bogus are listed with why, for an hour, bounded, and by the control channel. */

import { expect, test } from 'vitest';
import { RecentBogus } from '../../src/resolve/recent-bogus.ts';
import type { BogusReason } from '../../src/terms/verdict.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeBench } from '../control/bench.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { onType } from '../world/lies.ts';
import { Scene } from '../world/scene.ts';

const WHY: BogusReason = { kind: 'no-signature', zone: 'test.', record: 'x.test. A' };
const question = (name: string) => questionOf(mustParseName(name), TYPE.A);

test('newest first, once for each name and type, with how often', () => {
  const clock = new FakeClock(1000);
  const recent = new RecentBogus(clock);
  for (const name of ['a.test.', 'b.test.', 'A.test.']) recent.note(question(name), WHY);
  const reason = 'no-signature: x.test. A in zone test.: should be signed and is not';
  expect(recent.list()).toEqual([
    { name: 'A.test.', type: 'A', reason, count: 2, last: 1000 },
    { name: 'b.test.', type: 'A', reason, count: 1, last: 1000 },
  ]);
});

test('for an hour, after which a name begins anew', async () => {
  const clock = new FakeClock(1000);
  const recent = new RecentBogus(clock);
  recent.note(question('a.test.'), WHY);
  await clock.advance(3_599_000);
  expect(recent.list().length).toBe(1);
  await clock.advance(1000);
  expect(recent.list()).toEqual([]);
  recent.note(question('a.test.'), WHY);
  expect(recent.list()[0]?.count).toBe(1);
});

test('a flood of bogus names drives out the oldest', () => {
  const recent = new RecentBogus(new FakeClock(1000));
  for (let i = 0; i < 1000; i++) recent.note(question(`n${i}.test.`), WHY);
  const listed = recent.list();
  expect(listed.length).toBe(200);
  expect([listed[0]?.name, listed.at(-1)?.name]).toEqual(['n999.test.', 'n800.test.']);
});

test('a client whose question ends bogus puts the name there, one whose question does not puts none', async () => {
  const scene = Scene.withTest('www IN A 192.0.2.80\nother IN A 192.0.2.81\n');
  scene.tamper(
    '192.0.2.1',
    onType(TYPE.A, (reply) => ({ ...reply, answer: reply.answer.filter(({ type }) => type !== TYPE.RRSIG) })),
  );
  await scene.start();
  await scene.ask('www.test.', 'A');
  await scene.ask('none.test.', 'TXT');
  const listed = scene.instance.recentBogus.list();
  expect(listed.map(({ name, type, count }) => ({ name, type, count }))).toEqual([
    { name: 'www.test.', type: 'A', count: 1 },
  ]);
  await scene.stop();
});

test('list_bogus shows them, as lines and as JSON', async () => {
  const bench = await makeBench();
  expect(await bench.run('list_bogus')).toBe('');
  bench.instance.recentBogus.note(question('a.test.'), WHY);
  const [line = ''] = (await bench.run('list_bogus')).split('\n');
  expect(line).toMatch(/^a\.test\. A 1 \d+ no-signature: x\.test\. A in zone test\.: should be signed and is not$/);
  expect(JSON.parse(await bench.run('list_bogus +json'))).toEqual(bench.instance.recentBogus.list());
  expect(await bench.run('list_bogus x')).toMatch(/^error usage/);
});

test('page_address says where the page is', async () => {
  expect(await (await makeBench()).run('page_address')).toBe('http://127.0.0.1:8153/#token=t\n');
});
