/** Proves that the service manager is told in order, and that nobody waits for it. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  keepWatchdogCalm,
  MAX_WAITING_MESSAGES,
  ServiceManager,
  sendBySystemdNotify,
} from '../../src/cli/service-manager.ts';
import { FakeClock } from '../fake/fake-clock.ts';

class SlowManager {
  readonly sent: string[] = [];
  #done: () => void = () => {};
  readonly send = (state: string, done: () => void): void => {
    this.sent.push(state);
    this.#done = done;
  };
  take(): void {
    this.#done();
  }
}

test('messages are sent one after the other, in order, and telling returns at once', () => {
  const slow = new SlowManager();
  const manager = new ServiceManager(slow.send);
  for (const state of ['READY=1', 'RELOADING=1', 'READY=1']) manager.tell(state);
  expect(slow.sent).toEqual(['READY=1']);
  slow.take();
  slow.take();
  expect(slow.sent).toEqual(['READY=1', 'RELOADING=1', 'READY=1']);
});

test('a manager that takes nothing is told the newest state when it wakes up', () => {
  const slow = new SlowManager();
  const manager = new ServiceManager(slow.send);
  for (let i = 0; i < 100; i++) manager.tell(`N=${i}`);
  for (let i = 0; i < MAX_WAITING_MESSAGES; i++) slow.take();
  expect(slow.sent).toHaveLength(1 + MAX_WAITING_MESSAGES);
  expect(slow.sent.at(-1)).toBe('N=99');
  expect(manager.replaced).toBe(100 - 1 - MAX_WAITING_MESSAGES);
});

test('the last state does not wait for others', () => {
  const slow = new SlowManager();
  const manager = new ServiceManager(slow.send);
  for (const state of ['READY=1', 'RELOADING=1']) manager.tell(state);
  manager.tellLast('STOPPING=1');
  slow.take();
  expect(slow.sent).toEqual(['READY=1', 'STOPPING=1']);
});

test('a tool that waits for process 1 keeps nobody waiting', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-notify-'));
  const before = { ...process.env };
  // It ends when something else has happened here.
  const gate = join(folder, 'gate');
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\nuntil [ -e '${gate}' ]; do sleep 0.05; done\n`);
  chmodSync(join(folder, 'systemd-notify'), 0o755);
  process.env.PATH = `${folder}:${before.PATH}`;
  process.env.NOTIFY_SOCKET = join(folder, 'socket');
  try {
    const order: string[] = [];
    const ended = new Promise<void>((resolve) =>
      sendBySystemdNotify('READY=1', () => {
        order.push('sent');
        resolve();
      }),
    );
    setTimeout(() => {
      order.push('another event');
      writeFileSync(gate, '');
    }, 1);
    await ended;
    expect(order).toEqual(['another event', 'sent']);
  } finally {
    process.env.PATH = before.PATH;
    if (before.NOTIFY_SOCKET === undefined) delete process.env.NOTIFY_SOCKET;
    else process.env.NOTIFY_SOCKET = before.NOTIFY_SOCKET;
    rmSync(folder, { recursive: true });
  }
});

describe('watchdog (sd_watchdog_enabled(3))', () => {
  const started = (environment: NodeJS.ProcessEnv): { sent: string[]; clock: FakeClock; everyMs: number | null } => {
    const sent: string[] = [];
    const manager = new ServiceManager((state, done) => {
      sent.push(state);
      done();
    });
    const clock = new FakeClock(1_800_000_000);
    return { sent, clock, everyMs: keepWatchdogCalm(manager, clock, environment, 77) };
  };

  test('a unit with WatchdogSec gets a sign of life at half of that time, again and again', async () => {
    const { sent, clock, everyMs } = started({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '77' });
    expect(everyMs).toBe(30_000);
    await clock.advance(29_999);
    expect(sent).toEqual([]);
    await clock.advance(60_001);
    expect(sent).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  });

  test.each([
    ['no watchdog', {}],
    ['another process is meant', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '78' }],
    ['no number', { WATCHDOG_USEC: 'soon' }],
    ['nothing', { WATCHDOG_USEC: '0' }],
  ])('%s: no sign', async (_, environment) => {
    const { sent, clock, everyMs } = started(environment);
    expect(everyMs).toBeNull();
    await clock.advance(100_000);
    expect(sent).toEqual([]);
  });

  test('a unit that wants signs too often does not make a process a millisecond', () => {
    expect(started({ WATCHDOG_USEC: '10000' }).everyMs).toBe(1_000);
  });
});
