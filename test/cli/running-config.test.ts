/** Proves which configuration the programs for people read on hosts with two files, with and without a running daemon. */

import { describe, expect, test } from 'vitest';
import { chooseConfig, readProcesses } from '../../src/cli/running-config.ts';

const UNBOUND = '/etc/unbound/unbound.conf';
const OWN = '/etc/hawser/hawser.conf';
const files = (...there: readonly string[]) => ({ exists: (path: string) => there.includes(path) });
const daemon = (pid: number, ...words: readonly string[]) => ({
  pid,
  folder: '/root',
  words: ['/usr/lib/hawser/node', '--max-semi-space-size=16', '/usr/lib/hawser/dist/src/cli/hawserd.js', ...words],
});

describe('on a host with both files', () => {
  test('the file of the daemon that runs is read, whichever that is', () => {
    const both = files(UNBOUND, OWN);
    expect(chooseConfig([daemon(7, '-d', '-c', OWN)], both)).toEqual({
      path: OWN,
      why: 'of the daemon that runs here, process 7',
    });
    expect(chooseConfig([daemon(7, `-dc${UNBOUND}`)], both).path).toBe(UNBOUND);
    expect(chooseConfig([daemon(7, '-d')], both).path).toBe(UNBOUND);
  });

  test('without a daemon it is Unbound’s place, and the other one is named', () => {
    expect(chooseConfig([], files(UNBOUND, OWN))).toEqual({
      path: UNBOUND,
      why: `no daemon runs here; ${OWN} is there too, and not read`,
    });
  });

  test('of several daemons the one with a file in a usual place counts', () => {
    const running = [daemon(3, '-c', '/tmp/try.conf'), daemon(9, '-c', OWN)];
    expect(chooseConfig(running, files(UNBOUND, OWN)).path).toBe(OWN);
    expect(chooseConfig(running.slice(0, 1), files(OWN)).path).toBe('/tmp/try.conf');
  });
});

test('a path of the daemon is seen from its own folder', () => {
  expect(chooseConfig([daemon(3, '-c', 'try.conf')], files()).path).toBe('/root/try.conf');
});

test('without a file the built-in defaults are meant, and that is said', () => {
  expect(chooseConfig([], files())).toEqual({ path: OWN, why: 'there is none: built-in defaults' });
  expect(chooseConfig([], files(OWN))).toEqual({ path: OWN, why: 'no daemon runs here' });
});

test.each([
  ['an editor of the source', ['vi', '/src/hawserd.ts']],
  ['a real Unbound', ['/usr/sbin/unbound', '-d', '-c', OWN]],
  ['a shell that waits for it', ['sh', '-c', 'hawserd -c /tmp/x']],
  ['words that it does not take', ['/usr/bin/node', 'hawserd.ts', '--what']],
])('%s is not the daemon', (_, words) => {
  expect(chooseConfig([{ pid: 1, folder: '/', words }], files(OWN)).why).toBe('no daemon runs here');
});

test('this process is not among those that run', () => {
  expect(readProcesses().map(({ pid }) => pid)).not.toContain(process.pid);
});
