/** Proves that a service manager's socket gets what is sent to it, and that what cannot be sent is told, with nothing left open. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { datagramSender } from '../../src/adapters/notify-socket.ts';
import { bindSystemCalls, type SystemCalls } from '../../src/adapters/system-calls.ts';
import { CheckedCalls } from './checked-calls.ts';

const calls = bindSystemCalls();
const folder = mkdtempSync(join(tmpdir(), 'hawser-notify-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** Another program plays the manager: it says when it listens, and then each datagram that it gets. */
const LISTEN = [
  'import socket, sys',
  's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
  's.bind(sys.argv[1].replace("@", "\\0"))',
  'def say(text): sys.stdout.write(text + chr(10)); sys.stdout.flush()',
  'say("listening")',
  'while True: say(repr(s.recv(4096).decode()))',
].join('\n');

test('nothing is sent where there are no calls', () => {
  expect(datagramSender(() => 'none here')(join(folder, 'socket'), 'READY=1')).toBe(false);
});

describe.skipIf(typeof calls === 'string' || !existsSync('/usr/bin/python3'))('a datagram to a socket', () => {
  test.each([
    ['at a path', join(folder, 'socket')],
    ['with an abstract name', `@hawser-notify-${process.pid}`],
  ])('%s arrives whole', async (_, path) => {
    const guard = new CheckedCalls(calls as SystemCalls);
    const manager = spawn('/usr/bin/python3', ['-c', LISTEN, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(manager.stdout, 'data');
      expect(datagramSender(() => guard)(path, 'MAINPID=7\nREADY=1')).toBe(true);
      const [told] = await once(manager.stdout, 'data');
      expect(String(told)).toBe("'MAINPID=7\\nREADY=1'\n");
    } finally {
      manager.kill();
    }
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
  });

  test.each([
    ['is not there', join(folder, 'nobody')],
    ['has a longer name than there may be', `/${'x'.repeat(107)}`],
  ])('that %s is not sent, and that is told', (_, path) => {
    const guard = new CheckedCalls(calls as SystemCalls);
    expect(datagramSender(() => guard)(path, 'READY=1')).toBe(false);
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
  });
});
