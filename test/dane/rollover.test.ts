/** Proves that a roll-over never calls a step safe too early: not on a silent server, a lagging one, a set that does not validate. */

import { describe, expect, test } from 'vitest';
import { type AuthoritiesSay, type ServerSays, serverRemarks } from '../../src/dane/authorities.ts';
import { failedLookUp, type Looked } from '../../src/dane/look-up.ts';
import {
  type LiveKey,
  type RolloverState,
  readRolloverState,
  rolloverStatus,
  rolloverTurn,
  stepText,
} from '../../src/dane/rollover.ts';
import { mustParseName } from '../../src/wire/name-text.ts';

const OLD = `3 1 1 ${'aa'.repeat(32)}`;
const NEW = `3 1 1 ${'bb'.repeat(32)}`;
const T = 1_000_000;
const STATE: RolloverState = {
  version: 1,
  host: 'mx.test',
  port: 25,
  current: OLD,
  next: NEW,
  maxTtl: 0,
  bothSince: null,
};
const BOTH = [OLD, NEW];
const SECURE: Looked = {
  ...failedLookUp(mustParseName('_25._tcp.mx.test.'), 'failed', ''),
  status: 'secure',
  why: null,
};

function say(sets: readonly (readonly string[] | null)[], ttl = 3600, validated = SECURE): AuthoritiesSay {
  const servers = sets.map((records, at): ServerSays => {
    const why = records === null ? 'no reply' : null;
    return { server: `ns${at}.test.`, ip: `192.0.2.${at}`, records, ttl: records === null ? null : ttl, why };
  });
  return { servers, why: null, validated };
}

function turn(state: RolloverState, said: AuthoritiesSay, now = T, live: LiveKey = 'current') {
  return rolloverTurn(state, { said, live, now });
}

describe('from the first record to the last', () => {
  test('publish, wait two TTLs, switch, remove, done', () => {
    let { state, step } = turn(STATE, say([[OLD], [OLD]]));
    expect(step).toMatchObject({ action: 'publish', record: NEW, isUrgent: false });
    ({ state, step } = turn(state, say([BOTH, [OLD]]), T + 10));
    expect(step).toMatchObject({ action: 'publish', lacking: ['ns1.test. (192.0.2.1)'] });
    ({ state, step } = turn(state, say([BOTH, BOTH]), T + 20));
    expect(step).toEqual({ action: 'wait', until: T + 20 + 7200 });
    ({ state, step } = turn(state, say([BOTH, BOTH]), T + 20 + 7199));
    expect(step.action).toBe('wait');
    ({ state, step } = turn(state, say([BOTH, BOTH]), T + 20 + 7200));
    expect(step).toEqual({ action: 'switch' });
    ({ state, step } = turn(state, say([BOTH, [NEW]]), T + 8000, 'next'));
    expect(step).toMatchObject({ action: 'remove', record: OLD, holding: ['ns0.test. (192.0.2.0)'] });
    ({ state, step } = turn(state, say([[NEW], [NEW]]), T + 9000, 'next'));
    expect(step).toEqual({ action: 'done' });
  });
});

describe('nothing is safe', () => {
  const ready: RolloverState = { ...STATE, maxTtl: 3600, bothSince: T };
  const later = T + 100_000;

  test('while a server is silent', () => {
    const { step, state } = turn(ready, say([BOTH, null]), later);
    expect(step.action).toBe('blocked');
    expect(rolloverStatus(step)).toBe(3);
    expect(state.bothSince).toBe(T);
  });

  test('while a server shows the old set, whatever was seen before; then the wait begins anew', () => {
    const { state, step } = turn(ready, say([BOTH, [OLD]]), later);
    expect(step.action).toBe('publish');
    expect(state.bothSince).toBeNull();
    expect(turn(state, say([BOTH, BOTH]), later + 1).step).toEqual({ action: 'wait', until: later + 1 + 7200 });
  });

  test('and the wait begins anew also when another server is silent meanwhile', () => {
    expect(turn(ready, say([null, [OLD]]), later).state.bothSince).toBeNull();
  });

  test('while the set does not validate', () => {
    for (const status of ['insecure', 'bogus', 'failed'] as const)
      expect(turn(ready, say([BOTH, BOTH], 3600, { ...SECURE, status }), later).step.action).toBe('blocked');
  });

  test('while the servers cannot be found', () => {
    expect(turn(ready, { servers: null, why: 'x', validated: SECURE }, later).step).toEqual({
      action: 'blocked',
      why: 'x',
    });
  });

  test('by the TTL of today, when it was longer before', () => {
    const { state } = turn(STATE, say([[OLD], [OLD]], 86_400));
    expect(turn(state, say([BOTH, BOTH], 60), T + 1).step).toEqual({ action: 'wait', until: T + 1 + 2 * 86_400 });
  });

  test('at once, however short the TTL', () => {
    expect(turn(STATE, say([BOTH], 0)).step).toEqual({ action: 'wait', until: T + 300 });
  });

  test('when some address uses the next key too early', () => {
    expect(turn(STATE, say([BOTH]), T, 'mixed').step.action).toBe('wait');
  });

  test('when the host shows a third certificate', () => {
    expect(turn(ready, say([BOTH, BOTH]), later, 'other').step.action).toBe('blocked');
  });
});

describe('what went wrong already is urgent', () => {
  test('the next key in use before its record is there', () => {
    for (const live of ['next', 'mixed'] as const)
      expect(turn(STATE, say([BOTH, [OLD]]), T, live).step).toMatchObject({
        action: 'publish',
        record: NEW,
        isUrgent: true,
      });
  });

  test('the old record gone while the old key is in use', () => {
    for (const live of ['current', 'mixed'] as const)
      expect(turn(STATE, say([[NEW], [NEW]]), T, live).step).toMatchObject({
        action: 'publish',
        record: OLD,
        isUrgent: true,
      });
  });
});

test('the state file is read strictly', () => {
  expect(readRolloverState(JSON.stringify(STATE))).toEqual(STATE);
  const bad = [{ version: 2 }, { current: NEW }, { next: '3 1 1 zz' }, { maxTtl: -1 }, { bothSince: 'x' }, { host: 1 }];
  for (const change of bad) expect(readRolloverState(JSON.stringify({ ...STATE, ...change }))).toBeNull();
  for (const text of ['', '{', 'null', '[]']) expect(readRolloverState(text)).toBeNull();
});

test('steps in words name the record and the servers', () => {
  const { step } = turn(STATE, say([[OLD], [OLD]]));
  expect(stepText(step, '_25._tcp.mx.test.')).toContain(
    `publish _25._tcp.mx.test. TLSA ${NEW}; it is missing at ns0.test. (192.0.2.0)`,
  );
});

describe('the servers of a zone beside the validated set', () => {
  const validated: Looked = { ...SECURE, outcome: 'data', rdatas: [Uint8Array.of(3, 1, 1, ...Array(32).fill(0xaa))] };

  test('agree, lag, or fail', () => {
    expect(serverRemarks(say([[OLD], [OLD]], 300, validated))).toEqual(['all 2 servers of the zone show the same set']);
    const [lagging, silent] = serverRemarks(say([[OLD], BOTH, null], 300, validated));
    expect(lagging).toBe(`ns1.test. (192.0.2.1) shows another set: ${OLD}, ${NEW}`);
    expect(silent).toBe('ns2.test. (192.0.2.2) does not answer for it: no reply');
    expect(serverRemarks(say([[]], 300, validated))).toEqual(['ns0.test. (192.0.2.0) shows another set: none']);
  });
});
