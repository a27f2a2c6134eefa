/** Proves that the service manager is told in order, and that nobody waits for it. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MAX_WAITING_MESSAGES, ServiceManager, sendBySystemdNotify } from '../../src/cli/service-manager.ts';

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
  writeFileSync(join(folder, 'systemd-notify'), '#!/bin/sh\nexec sleep 1\n');
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
    setTimeout(() => order.push('another event'), 1);
    await ended;
    expect(order).toEqual(['another event', 'sent']);
  } finally {
    process.env.PATH = before.PATH;
    if (before.NOTIFY_SOCKET === undefined) delete process.env.NOTIFY_SOCKET;
    else process.env.NOTIFY_SOCKET = before.NOTIFY_SOCKET;
    rmSync(folder, { recursive: true });
  }
});
