/** Proves how often the caches are asked for one question that they do not know: once, whoever could have an answer. */

import { afterEach, expect, test, vi } from 'vitest';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { SynthesisedDenials } from '../../src/resolve/synthesised-denials.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { type Question, questionKey, questionOf } from '../../src/wire/question.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Scene } from '../world/scene.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often each question was looked up, until the server that knows the answer was asked. */
interface LookUps {
  readonly answers: Map<string, number>;
  readonly denials: Map<string, number>;
}

function countLookUps(): LookUps {
  const counts: LookUps = { answers: new Map(), denials: new Map() };
  const count = (of: Map<string, number>, question: Question): void => {
    of.set(questionKey(question), (of.get(questionKey(question)) ?? 0) + 1);
  };
  const { findStale } = AnswerCache.prototype;
  vi.spyOn(AnswerCache.prototype, 'findStale').mockImplementation(function (this: AnswerCache, question) {
    count(counts.answers, question);
    return findStale.call(this, question);
  });
  const { look } = SynthesisedDenials.prototype;
  vi.spyOn(SynthesisedDenials.prototype, 'look').mockImplementation(function (this: SynthesisedDenials, question) {
    count(counts.denials, question);
    return look.call(this, question);
  });
  return counts;
}

test.each(['TLSA', 'MX', 'A'])('a client asks for %s, which nobody knows yet', async (type) => {
  const scene = Scene.withTest('www IN A 192.0.2.80\nwww IN MX 10 www\nwww IN TLSA 3 1 1 00');
  await scene.start(['aggressive-nsec: no']);
  await scene.ask('other.test.', 'A');
  const counts = countLookUps();
  expect((await scene.ask('www.test.', type)).status).toBe('NOERROR ad');
  const number = { TLSA: TYPE.TLSA, MX: TYPE.MX, A: TYPE.A }[type] ?? 0;
  const key = questionKey(questionOf(mustParseName('www.test.'), number));
  expect({ answers: counts.answers.get(key), denials: counts.denials.get(key) }).toEqual({ answers: 1, denials: 1 });
  await scene.stop();
});

test('keys, which a DS or an anchor says are there, are not looked for among denials', async () => {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  await scene.start();
  const counts = countLookUps();
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  for (const [name, type] of [
    ['test.', TYPE.DNSKEY],
    ['.', TYPE.DNSKEY],
  ] as const) {
    const key = questionKey(questionOf(mustParseName(name), type));
    expect(counts.denials.get(key)).toBeUndefined();
    expect(counts.answers.get(key)).toBeGreaterThan(0);
  }
  await scene.stop();
});
