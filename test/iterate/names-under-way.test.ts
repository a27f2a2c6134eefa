/** Proves that questions about one name share what servers say of its delegation, and that none is held up for ever by another. */

import { describe, expect, test } from 'vitest';
import { NameShare, NamesUnderWay } from '../../src/iterate/names-under-way.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { questionFrom } from '../support/records.ts';
import { Bench, endOf, lines, type Script, table } from './support.ts';

const AA = { flags: FLAG.AA };
const ROOT = '198.41.0.4';
const EXAMPLE = '192.0.2.1';
const REFERRAL = { authority: ['example. NS ns.example.'], additional: [`ns.example. A ${EXAMPLE}`] };
const root = table({
  '. NS': { ...AA, answer: ['. NS a.root.'], additional: [`a.root. A ${ROOT}`] },
  'example. A': REFERRAL,
  'example. MX': REFERRAL,
});
const SOA = 'example. SOA ns. h. 1 2 3 4 5';
const example = table({
  'example. A': { ...AA, authority: [SOA] },
  'example. MX': { ...AA, answer: ['example. MX 10 mx.example.'] },
  'mx.example. A': { ...AA, answer: ['mx.example. A 192.0.2.9'] },
  'mx.example. AAAA': { ...AA, answer: ['mx.example. AAAA 2001:db8::9'] },
  '_25._tcp.mx.example. TLSA': { ...AA, authority: [SOA] },
});

/** A bench whose root is primed. */
async function primed(atRoot: Script, atExample: Script): Promise<Bench> {
  const bench = new Bench();
  bench.serve(ROOT, atRoot);
  bench.serve(EXAMPLE, atExample);
  await bench.run('. NS');
  bench.asked.length = 0;
  return bench;
}

function askAll(bench: Bench, questions: readonly string[]) {
  const asked = Promise.all(questions.map((question) => bench.iterate(bench.newWork(question))));
  return bench.ports.clock.runUntilSettled(asked, { waitingFor: questions.join() });
}

const MAIL = ['example. MX', 'mx.example. A', 'mx.example. AAAA', '_25._tcp.mx.example. TLSA'];

describe('four questions of a mail server at once', () => {
  test('one asks for the referral, and one whether the host is a cut', async () => {
    const bench = await primed(root, example);
    const found = await askAll(bench, MAIL);
    expect(found.map((one) => endOf(one).kind)).toEqual(['answer', 'answer', 'answer', 'nodata']);
    expect(bench.asked.sort()).toEqual([
      `${EXAMPLE} _25._tcp.mx.example. TLSA`,
      `${EXAMPLE} example. MX`,
      `${EXAMPLE} mx.example. A`,
      `${EXAMPLE} mx.example. AAAA`,
      `${ROOT} example. MX`,
    ]);
  });

  test('servers that never answer the first question do not keep the others from asking for themselves', async () => {
    const silentToMx = (script: Script): Script => {
      return (question, query) => (question.type === TYPE.MX ? null : script(question, query));
    };
    const bench = await primed(silentToMx(root), silentToMx(example));
    const [mx, a, aaaa] = await askAll(bench, MAIL);
    expect(mx?.kind).toBe('failed');
    expect([a, aaaa].flatMap((one) => (one === undefined ? [] : lines(endOf(one).answer)))).toEqual([
      'mx.example. A 192.0.2.9',
      'mx.example. AAAA 2001:db8::9',
    ]);
  });

  test('who is stopped while it waits leaves at once', async () => {
    const bench = await primed(() => null, example);
    const first = bench.iterate(bench.newWork('example. MX'));
    const work = bench.newWork('mx.example. A');
    const second = bench.iterate(work);
    work.abort();
    await expect(bench.ports.clock.runUntilSettled(second, { waitingFor: 'A' })).rejects.toThrow();
    await bench.ports.clock.runUntilSettled(first, { waitingFor: 'MX' });
  });
});

test('who waits learns what an answer says that is used only as no server gives a signed one', async () => {
  let isPrimed = false;
  const bench = new Bench({}, (zone) => isPrimed && zone === '.');
  const primes = (question: { readonly type: number }): boolean => question.type === TYPE.NS;
  // The server of a signed zone, which is the only one of an unsigned zone below it, too.
  bench.serve(ROOT, (question, query) => (primes(question) ? root : example)(question, query));
  await bench.run('. NS');
  isPrimed = true;
  bench.asked.length = 0;
  const found = await askAll(bench, MAIL);
  expect(found.map((one) => endOf(one).kind)).toEqual(['answer', 'answer', 'answer', 'nodata']);
  expect(bench.asked.sort()).toEqual([
    `${ROOT} _25._tcp.mx.example. TLSA`,
    `${ROOT} example. MX`,
    `${ROOT} mx.example. A`,
    `${ROOT} mx.example. AAAA`,
  ]);
});

test('one after the other, a host that answered is not asked for A again before AAAA', async () => {
  const bench = await primed(root, example);
  await bench.run('mx.example. A');
  await bench.run('mx.example. AAAA');
  expect(bench.asked).toEqual([`${ROOT} example. A`, `${EXAMPLE} mx.example. A`, `${EXAMPLE} mx.example. AAAA`]);
});

describe('who asks about a name', () => {
  const zone = mustParseName('example.');
  const other = mustParseName('test.');
  const asked = questionFrom('mx.example. A');
  const { name } = asked;

  test('is known to those who ask the same servers, until it has its answer', () => {
    const names = new NamesUnderWay();
    const underWay = names.begin(zone, asked);
    expect(names.find(zone, mustParseName('MX.Example.'))).toBe(underWay);
    expect(names.find(other, name)).toBeNull();
    expect(names.find(zone, zone)).toBeNull();
    if (underWay !== null) names.end(underWay);
    expect(names.find(zone, name)).toBeNull();
  });

  test('is one at a time, and none who asks for DS', () => {
    const names = new NamesUnderWay();
    expect(names.begin(zone, questionFrom('mx.example. DS'))).toBeNull();
    const first = names.begin(zone, asked);
    expect(names.begin(zone, questionFrom('mx.example. AAAA'))).toBeNull();
    expect(names.find(zone, name)).toBe(first);
  });

  test('is waited for once, and by nobody who is waited for', () => {
    const names = new NamesUnderWay();
    const [one, two] = [new NameShare(names), new NameShare(names)];
    one.begin(zone, asked);
    expect(two.findOther(zone, name)).not.toBeNull();
    expect(two.findOther(zone, name)).toBeNull();
    two.begin(zone, questionFrom('a.example. A'));
    expect(one.findOther(zone, mustParseName('a.example.'))).toBeNull();
    one.end();
    expect(one.findOther(zone, mustParseName('a.example.'))).not.toBeNull();
    expect(names.find(zone, name)).toBeNull();
  });
});
