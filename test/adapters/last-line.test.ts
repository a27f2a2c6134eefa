/** Proves that a process which is killed, or which V8 aborts, leaves a line in its log, and one that stops leaves none. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogTarget } from '../../src/ports/log-sink.ts';

const LOG = new URL('../../src/adapters/node-log.ts', import.meta.url).href;
const LAST_LINE = new URL('../../src/adapters/last-line.ts', import.meta.url).href;
const TARGET = { syslog: false, identity: 'ns1', time: 'epoch', hasThreadId: false, isJson: false } as const;
const TEXT = 'the process ended without having been stopped: it ran out of memory, or was killed';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-last-line-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a program that ends so. */
function runScript(script: string, nodeArguments: readonly string[] = []): number {
  return spawnSync(process.execPath, [...nodeArguments, '--input-type=module', '-e', script]).pid;
}

/** Runs a program with a log, which then does what `end` says; gives its pid. */
function run(end: string, more: Partial<LogTarget> = {}, nodeArguments: readonly string[] = []): number {
  const file = join(folder, 'log');
  const target = { ...TARGET, file, ...more };
  const script = `
    const { createNodeLog } = await import(${JSON.stringify(LOG)});
    const log = createNodeLog();
    log.configure(${JSON.stringify(target)});
    log.write('info', 'start of service');
    ${end}`;
  return runScript(script, nodeArguments);
}

function lines(): string[] {
  const file = join(folder, 'log');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

describe('a process that ends without having been stopped', () => {
  test.each([
    ['is killed', `process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 1000);`, []],
    [
      'runs out of heap',
      'const held = []; for (;;) held.push(new Array(1000).fill(held.length));',
      ['--max-old-space-size=20'],
    ],
    ['is killed after its log was opened anew', `log.reopen(); process.kill(process.pid, 'SIGKILL');`, []],
  ])('since it %s says so in its log, once', async (_, end, nodeArguments) => {
    const pid = run(end, {}, nodeArguments);
    await expect.poll(() => lines().length).toBe(2);
    expect(lines()[1]).toMatch(new RegExp(String.raw`^\[\d{10}\] ns1\[${pid}:0\] fatal error: ${TEXT}$`));
  });

  test.each([
    ['ascii', /^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d ns1\[/],
    ['iso', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ns1\[/],
  ] as const)('has the form of its other lines, times as %s', async (time, pattern) => {
    run(`process.kill(process.pid, 'SIGKILL');`, { time });
    await expect.poll(() => lines().length).toBe(2);
    expect(lines()[1]).toMatch(pattern);
  });

  test('says so in syslog where its lines go there', async () => {
    // Stands for `logger`: what it is called with is what syslog gets.
    const logger = join(folder, 'logger');
    writeFileSync(logger, `#!/bin/sh\necho "$@" >>${join(folder, 'log')}\n`, { mode: 0o755 });
    const target: LogTarget = { ...TARGET, file: null, syslog: true };
    const pid = runScript(`
      const { watchForEnd } = await import(${JSON.stringify(LAST_LINE)});
      watchForEnd(${JSON.stringify(target)}, { logger: ${JSON.stringify(logger)} }, null);
      process.kill(process.pid, 'SIGABRT');`);
    await expect.poll(lines).toEqual([`--tag ns1 -p daemon.crit -- [${pid}:0] fatal error: ${TEXT}`]);
  });

  test('says so although a service manager ends all that is left of the service', async () => {
    run(`
      const { readdirSync, readFileSync } = await import('node:fs');
      const textOf = (pid) => {
        try {
          return readFileSync('/proc/' + pid + '/status', 'utf8');
        } catch {
          return '';
        }
      };
      const isOurs = (pid) => textOf(pid).includes('PPid:\\t' + process.pid + '\\n');
      const ignoresTerm = (pid) => (parseInt(/SigIgn:\\t([0-9a-f]+)/.exec(textOf(pid))?.[1] ?? '0', 16) & 0x4000) !== 0;
      const [shell] = readdirSync('/proc').filter(isOurs);
      while (!ignoresTerm(shell)) await new Promise((resolve) => setTimeout(resolve, 10));
      process.kill(Number(shell), 'SIGTERM');
      process.kill(process.pid, 'SIGKILL');`);
    await expect.poll(() => lines().length).toBe(2);
  });

  test('has it as JSON where the others are', async () => {
    const pid = run(`process.kill(process.pid, 'SIGKILL');`, { isJson: true });
    await expect.poll(() => lines().length).toBe(2);
    const said = JSON.parse(lines()[1] ?? '');
    expect(said).toMatchObject({ identity: 'ns1', pid, level: 'fatal error', message: TEXT });
    expect(Date.parse(said.time)).toBeGreaterThan(0);
  });
});

test.each([
  ['closes its log', 'log.close();'],
  ['exits', 'process.exit(0);'],
  ['exits for a bug', 'process.exit(1);'],
])('a process that %s leaves no such line', async (_, end) => {
  run(end);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(lines()).toHaveLength(1);
});
