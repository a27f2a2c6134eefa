/**
 * Proves that the system's calls are relied on only where they have shown that they work: what cannot be bound, what fails and
 * what brings other octets than were sent leads to dgram, or to no start when they were asked for by name.
 */

import { describe, expect, test } from 'vitest';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';
import { chooseUdpEngine } from '../../src/adapters/udp-engine.ts';
import { CheckedCalls } from './checked-calls.ts';

const calls = bindSystemCalls();

describe('the engine for datagrams', () => {
  test('is dgram where there are no calls', async () => {
    const chosen = await chooseUdpEngine('auto', () => 'none here');
    expect(chosen).toEqual({ engine: null, text: 'UDP through dgram: no system calls (none here)', isRefused: false });
    expect((await chooseUdpEngine('ffi', () => 'none here')).isRefused).toBe(true);
    expect((await chooseUdpEngine('dgram', () => 'none here')).isRefused).toBe(false);
  });
});

describe.skipIf(typeof calls === 'string')('the engine for datagrams, with calls', () => {
  const checked = (): CheckedCalls => new CheckedCalls(calls as Exclude<typeof calls, string>);

  test('is the calls, tried on loopback', async () => {
    const guard = checked();
    const chosen = await chooseUdpEngine('auto', () => guard);
    expect(chosen.text).toBe(`UDP through system calls by ${guard.by}`);
    chosen.engine?.close();
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
  });

  test.each([['socket'], ['bind'], ['epoll_ctl']] as const)('is dgram when %s does not work', async (call) => {
    const guard = checked();
    guard.failNext(call, 38);
    const chosen = await chooseUdpEngine('auto', () => guard);
    expect(chosen.engine).toBeNull();
    expect(chosen.text).toContain(`${call} ENOSYS`);
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
  });

  test('is dgram when the layout of memory is another than was thought', async () => {
    const guard = checked();
    guard.changeReceived = (octets) => octets.fill(0, 0, 1);
    const chosen = await chooseUdpEngine('ffi', () => guard);
    expect([chosen.engine, chosen.isRefused]).toEqual([null, true]);
    expect(chosen.text).toContain('what came back on loopback was not what was sent');
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
  });
});
