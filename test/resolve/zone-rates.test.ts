/** Proves how often a zone is asked: which limit counts, the chance above it, seconds with and without backoff, the list. */

import { describe, expect, test } from 'vitest';
import { type ZoneRateOptions, ZoneRates } from '../../src/resolve/zone-rates.ts';
import { formatName, mustParseName as name } from '../../src/wire/name-text.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { Scene } from '../world/scene.ts';

const OPTIONS: ZoneRateOptions = {
  perSecond: 2,
  factor: 0,
  backoff: false,
  maxBytes: 1 << 20,
  forZones: [],
  belowNames: [],
};

function gate(options: Partial<ZoneRateOptions> = {}) {
  const clock = new FakeClock(1_700_000_000);
  const rates = new ZoneRates({ clock, random: new SeededRandom(3), options: { ...OPTIONS, ...options } });
  const count = (zone: string, times: number): string[] => Array.from({ length: times }, () => rates.count(name(zone)));
  return { clock, rates, count };
}

describe('a zone', () => {
  test('is asked so often in a second, whatever the case of its name', () => {
    const { clock, count } = gate();
    expect([...count('test.', 2), ...count('TEST.', 1)]).toEqual(['ok', 'ok', 'exceeded']);
    expect(count('other.', 1)).toEqual(['ok']);
    clock.skip(1000);
    expect(count('test.', 1)).toEqual(['ok']);
  });

  test('stays blocked with backoff until it has been quiet', () => {
    const { clock, count } = gate({ backoff: true });
    count('test.', 5);
    clock.skip(1000);
    expect(count('test.', 1)).toEqual(['exceeded']);
    clock.skip(2000);
    expect(count('test.', 1)).toEqual(['ok']);
  });

  test('is asked by one question in so many above the limit', () => {
    const { count } = gate({ factor: 10 });
    const through = count('test.', 2002).filter((rate) => rate === 'let-through').length;
    expect(through).toBeGreaterThan(150);
    expect(through).toBeLessThan(250);
    expect(gate({ factor: 1 }).count('test.', 3)).toEqual(['ok', 'ok', 'let-through']);
  });

  test('has its own limit, that of the closest name above, or the general one', () => {
    const { rates } = gate({
      forZones: [{ name: name('own.test.'), perSecond: 7 }],
      belowNames: [
        { name: name('test.'), perSecond: 5 },
        { name: name('deep.test.'), perSecond: 0 },
      ],
    });
    const limits = ['own.test.', 'a.test.', 'test.', 'x.deep.test.', 'example.'].map((zone) =>
      rates.limitOf(name(zone)),
    );
    expect(limits).toEqual([7, 5, 2, 0, 2]);
  });

  test('is listed when it is above its limit, or with all others', () => {
    const { rates, count } = gate();
    count('test.', 4);
    count('other.', 1);
    expect(rates.list().map(({ zone, perSecond, limit }) => [formatName(zone), perSecond, limit])).toEqual([
      ['test.', 4, 2],
    ]);
    expect(rates.list(true).length).toBe(2);
  });
});

test('a client gets SERVFAIL with the reason when its zone is asked too often, and cached answers all the same', async () => {
  const scene = Scene.withTest('www IN A 192.0.2.80\nftp IN A 192.0.2.81\n');
  await scene.start([
    'server:',
    '\tratelimit-for-domain: test. 2',
    '\tratelimit-factor: 0',
    '\tqname-minimisation: no',
  ]);
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  const refused = await scene.ask('ftp.test.', 'A');
  expect(refused.status).toBe('SERVFAIL');
  expect(refused.edeTexts[0]).toContain('ratelimit');
  expect(scene.count('ratelimit.zone')).toBeGreaterThan(0);
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  scene.ports.clock.skip(1000);
  expect((await scene.ask('ftp.test.', 'A')).status).toBe('NOERROR ad');
  await scene.stop();
});
