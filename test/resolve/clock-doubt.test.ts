/** Proves that a wrong clock is told from broken zones, and that a clock that is set is noticed. */

import { describe, expect, test } from 'vitest';
import { ClockDoubt } from '../../src/resolve/clock-doubt.ts';
import { extendedErrorsOf, withClockHint } from '../../src/serve/explain.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { Counters } from '../../src/trace/counters.ts';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { LEAST_STEP_SECONDS, watchClockSteps } from '../../src/work/clock-steps.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

const MINUTE = 60_000;

function outOfTime(zone: string, kind: 'signature-expired' | 'signature-not-yet-valid'): Verdict {
  const place = { zone, record: `${zone} SOA`, keyTag: 1 };
  const why =
    kind === 'signature-expired'
      ? ({ kind, expiredAt: 1, ...place } as const)
      : ({ kind, validFrom: 9, ...place } as const);
  return { status: 'bogus', why: { kind: 'chain-broken-above', zone, of: why } };
}

function makeDoubt() {
  const ports = makeFakePorts();
  const counters = new Counters();
  return { ...ports, counters, doubt: new ClockDoubt({ ...ports, counters }) };
}

describe('doubt about the clock', () => {
  test("begins with the root's own signatures, is said once, counted, and ends by itself", async () => {
    const { doubt, clock, log, counters } = makeDoubt();
    expect(doubt.hint()).toBeNull();
    for (let i = 0; i < 3; i++) doubt.note(outOfTime('.', 'signature-not-yet-valid'));
    expect(doubt.hint()).toBe('the clock of this resolver seems to be slow');
    expect(log.lines.filter(({ line }) => line.includes('seems to be slow'))).toHaveLength(1);
    expect(counters.get('clock.doubts')).toBe(1);
    await clock.advance(11 * MINUTE);
    expect(doubt.hint()).toBeNull();
  });

  test('begins with eight zones in one direction within ten minutes, not with one zone over and over', async () => {
    const { doubt, clock } = makeDoubt();
    for (let i = 0; i < 100; i++) doubt.note(outOfTime('broken.example.', 'signature-expired'));
    for (let i = 0; i < 7; i++)
      doubt.note(outOfTime(`z${i}.example.`, i % 2 === 0 ? 'signature-expired' : 'signature-not-yet-valid'));
    doubt.note(SECURE);
    expect(doubt.hint()).toBeNull();
    await clock.advance(11 * MINUTE);
    for (let i = 0; i < 7; i++) doubt.note(outOfTime(`y${i}.example.`, 'signature-expired'));
    expect(doubt.hint()).toBeNull();
    doubt.note(outOfTime('last.example.', 'signature-expired'));
    expect(doubt.hint()).toBe('the clock of this resolver seems to be fast');
    doubt.clear();
    expect(doubt.hint()).toBeNull();
  });

  test('is told to clients beside signatures that are out of time, and beside nothing else', () => {
    const question = questionOf(mustParseName('example.'), TYPE.A);
    const rest = { rcode: RCODE.NOERROR, denied: false, answer: [], authority: [], additional: [], expiresAt: 0 };
    const errorsOf = (verdict: Verdict) => extendedErrorsOf({ kind: 'answered', question, verdict, ...rest }, false);
    const expired = errorsOf(outOfTime('.', 'signature-expired'));
    expect(expired[0]?.code).toBe(EDE.SIGNATURE_EXPIRED);
    expect(withClockHint(expired, 'hint')[0]?.text).toMatch(/^chain-broken-above: .*; hint$/);
    const missing = errorsOf({ status: 'bogus', why: { kind: 'no-dnskey', zone: 'example.' } });
    expect(withClockHint(missing, 'hint')).toEqual(missing);
    expect(withClockHint(expired, null)).toBe(expired);
  });
});

describe('a clock that is set', () => {
  test('is noticed with the size of the step, both ways, and not while it only runs', async () => {
    const { clock } = makeFakePorts();
    const steps: number[] = [];
    const stop = watchClockSteps(clock, (seconds) => steps.push(seconds));
    await clock.advance(60 * MINUTE);
    clock.setUnixSeconds(clock.unixSeconds() + LEAST_STEP_SECONDS - 5);
    await clock.advance(MINUTE);
    expect(steps).toEqual([]);
    clock.setUnixSeconds(clock.unixSeconds() + 86_400);
    await clock.advance(MINUTE);
    clock.setUnixSeconds(clock.unixSeconds() - 3600);
    await clock.advance(MINUTE);
    expect(steps).toEqual([86_400, -3600]);
    stop();
    expect(clock.timerCount).toBe(0);
  });
});
