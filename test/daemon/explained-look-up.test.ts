/** Proves that a look-up of the DANE tools says of what fails the same as `explain`, whichever resolver was asked. */

import { afterEach, describe, expect, test } from 'vitest';
import { explainParts } from '../../src/daemon/explain-parts.ts';
import { lookUpBy, lookUpExplained } from '../../src/daemon/explained-look-up.ts';
import { failedLookUp, type Looked, type LookUp } from '../../src/dane/look-up.ts';
import { explainQuestion } from '../../src/explain/gather.ts';
import type { Report } from '../../src/explain/report.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import type { Question } from '../../src/wire/question.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Scene } from '../world/scene.ts';

const TEXT = 'www IN A 192.0.2.80\n';
const NAME = mustParseName('www.test.');

let scene: Scene;
afterEach(async () => await scene.stop());

async function start(fault: Parameters<Scene['world']['break']>[1] | null): Promise<void> {
  scene = Scene.withTest(TEXT);
  if (fault !== null) scene.world.break('test.', fault);
  await scene.start([]);
}

async function look(lookUp: LookUp): Promise<Looked> {
  return await scene.ports.clock.runUntilSettled(lookUp(NAME, TYPE.A));
}

async function explain(question: Question): Promise<Report> {
  const { clock } = scene.ports;
  const options = { isCached: false, expirySeconds: 0 };
  const explained = await explainQuestion(explainParts(scene.instance, clock), question, options);
  if (explained === null) throw new Error('nothing known');
  return explained.report;
}

/** What a resolver's reply tells of itself. */
function reply(status: 'bogus' | 'failed'): LookUp {
  return async (name) => failedLookUp(name, status, 'SERVFAIL');
}

describe.each([
  [
    'ds-wrong',
    'bogus',
    /no-dnskey-matches-ds: .*\(key tag \d+\)\. The DS in the zone above .* its operator must hand in the DS/,
  ],
  ['signatures-expired', 'bogus', /\. The signature of .* ran out .* ago: .*its operator must sign again/],
  ['refused', 'failed', /\. .*must /],
] as const)('of a zone that is %s', (fault, status, words) => {
  test('by a resolver of this process', async () => {
    await start(fault);
    const looked = await look(lookUpBy(scene.instance, scene.ports.clock));
    expect(looked).toMatchObject({ status, why: expect.stringMatching(words) });
  });

  test('by another resolver that is asked to explain: what failed is told in its words', async () => {
    await start(fault);
    const looked = await look(lookUpExplained(reply('failed'), explain));
    expect(looked).toMatchObject({ status, why: expect.stringMatching(words) });
  });
});

describe('the words of the reply stay', () => {
  test('where there is no explanation', async () => {
    await start(null);
    const looked = await look(lookUpExplained(reply('bogus'), async () => 'no such command'));
    expect(looked).toMatchObject({ status: 'bogus', why: 'SERVFAIL' });
  });

  test('where it does not fail any more', async () => {
    await start(null);
    expect(await look(lookUpExplained(reply('bogus'), explain))).toMatchObject({ status: 'bogus', why: 'SERVFAIL' });
  });

  test('where nothing failed: nobody is asked to explain', async () => {
    await start(null);
    const asked: Question[] = [];
    const explained = lookUpExplained(lookUpBy(scene.instance, scene.ports.clock), async (question) => {
      asked.push(question);
      return 'not asked for';
    });
    expect(await look(explained)).toMatchObject({ status: 'secure', outcome: 'data', why: null });
    expect(asked).toEqual([]);
  });
});
