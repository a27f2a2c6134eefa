/** Proves where log lines go and how they look: file, a syslog that is missing, times, JSON, reopening. */

import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeLog, type NodeLog } from '../../src/adapters/node-log.ts';
import type { LogTarget } from '../../src/ports/log-sink.ts';

let folder = '';
let log: NodeLog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-log-'));
  log = createNodeLog();
});

afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

function target(more: Partial<LogTarget> = {}): LogTarget {
  const file = join(folder, 'log');
  return { file, syslog: false, identity: 'ns1', time: 'epoch', hasThreadId: false, isJson: false, ...more };
}

function lines(): string[] {
  return readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n');
}

describe('a log file', () => {
  test.each([
    ['epoch', String.raw`\[\d{10}\]`],
    ['ascii', String.raw`[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d`],
    ['iso', String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d`],
  ] as const)('has lines in the form of Unbound, times as %s', (time, pattern) => {
    expect(log.configure(target({ time }))).toBe(null);
    log.write('notice', 'init module 0: validator');
    expect(lines()).toEqual([
      expect.stringMatching(new RegExp(`^${pattern} ns1\\[${process.pid}:0\\] notice: init module 0: validator$`)),
    ]);
  });

  test('names the thread with log-thread-id', () => {
    log.configure(target({ hasThreadId: true }));
    log.write('info', 'x');
    expect(lines()[0]).toContain(`ns1[${process.pid}:${process.pid}] info: x`);
  });

  test('has no notices while they are switched off, also after it was aimed elsewhere', () => {
    log.configure(target());
    log.setNotices(false);
    for (const level of ['notice', 'info', 'warning', 'error'] as const) log.write(level, 'quiet');
    log.configure(target());
    log.write('notice', 'still quiet');
    log.setNotices(true);
    log.write('notice', 'loud');
    expect(lines().map((line) => line.replace(/^.*:0\] /, ''))).toEqual([
      'info: quiet',
      'warning: quiet',
      'error: quiet',
      'notice: loud',
    ]);
  });

  test('is opened anew after it was moved away, and never emptied', () => {
    log.configure(target());
    log.write('info', 'one');
    renameSync(join(folder, 'log'), join(folder, 'log.1'));
    log.write('info', 'two');
    expect(log.reopen()).toBe(null);
    log.write('info', 'three');
    expect(lines()).toEqual([expect.stringContaining('three')]);
    expect(readFileSync(join(folder, 'log.1'), 'utf8').match(/info: \w+/g)).toEqual(['info: one', 'info: two']);
    log.configure(target());
    expect(lines()).toHaveLength(1);
  });

  test('that cannot be written is said, and is no reason to stop', () => {
    expect(log.configure(target({ file: join(folder, 'no', 'log') }))).toContain('ENOENT');
  });
});

describe('JSON', () => {
  test('has one object for each line, with named values where there are some', () => {
    log.configure(target({ isJson: true }));
    log.write('warning', 'a "quoted"\nline');
    log.write('query', 'ignored', () => ({ event: 'query', client: '192.0.2.1' }));
    const common = { time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), identity: 'ns1', pid: process.pid };
    expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      { ...common, level: 'warning', message: 'a "quoted"\nline' },
      { ...common, level: 'query', event: 'query', client: '192.0.2.1' },
    ]);
  });
});

describe('syslog', () => {
  test('that is not there is said with what is missing', () => {
    const problem = log.configure(target({ syslog: true, file: null }));
    expect(problem === null || /^use-syslog: there is no /.test(problem)).toBe(true);
  });
});
