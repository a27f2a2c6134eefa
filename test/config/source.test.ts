/** Includes: order, nesting, paths, and the limits that keep a mistake from taking the process down. */

import { describe, expect, test } from 'vitest';
import { MAX_FILES, MAX_INCLUDE_DEPTH } from '../../src/config/limits.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { linesOf } from './config-data.ts';

function load(files: Record<string, string>) {
  return loadConfig(new FakeFiles(files), '/main.conf');
}

describe('include', () => {
  test('continues the clause that it stands in, in the order of the names', () => {
    const loaded = load({
      '/main.conf': 'server:\n include: "/d/*.conf"\n port: 53\n',
      '/d/b.conf': 'domain-insecure: b.',
      '/d/a.conf': 'domain-insecure: a.',
    });
    expect(loaded.ok && loaded.config.given['domain-insecure']).toBe('a.\nb.');
    expect(loaded.ok && loaded.config.server.port).toBe(53);
  });

  test('names the file in findings', () => {
    expect(linesOf(load({ '/main.conf': 'server:\ninclude: /a.conf', '/a.conf': '\nport: x' }))).toEqual([
      '/a.conf:2: error: number expected (port: "x")',
    ]);
  });

  test('a glob without match is no error, a plain path is', () => {
    expect(load({ '/main.conf': 'include: "/d/*.conf"', '/d': '' }).ok).toBe(true);
    expect(linesOf(load({ '/main.conf': 'include: /d/a.conf' }))).toEqual([
      `/main.conf:1: error: cannot open include file '/d/a.conf': No such file or directory`,
    ]);
  });

  test('a folder that is not there is an error: what it should hold may keep somebody out', () => {
    expect(linesOf(load({ '/main.conf': 'include: "/d/*.conf"' }))).toEqual([
      `/main.conf:1: error: cannot open include file '/d/*.conf': there is no folder /d`,
    ]);
  });

  test('a relative path is seen from the directory directive before it', () => {
    const loaded = load({ '/main.conf': 'server:\ndirectory: /etc/x\ninclude: a.conf', '/etc/x/a.conf': 'port: 5' });
    expect(loaded.ok && loaded.config.server.port).toBe(5);
  });

  test('a file that includes itself is stopped', () => {
    const findings = linesOf(load({ '/main.conf': 'include: /main.conf' }));
    expect(findings).toEqual([
      `/main.conf:1: error: includes nested too deeply (at most ${MAX_INCLUDE_DEPTH}): '/main.conf'`,
    ]);
  });

  test('files that include each other many times over are stopped by their number', () => {
    const level = (n: number) => [`/${n}`, `include: /${n + 1}\n`.repeat(10)] as const;
    const files = Object.fromEntries([level(1), level(2), level(3), level(4), level(5), ['/6', ''] as const]);
    expect(linesOf(load({ '/main.conf': 'include: /1', ...files }))).toEqual([
      `/5:9: error: too many files are included (at most ${MAX_FILES})`,
    ]);
  });
});

describe('include-toplevel', () => {
  test('ends the clause before it, between the files and after them', () => {
    const loaded = load({
      '/main.conf': 'server:\n include-toplevel: "/d/*"\n port: 53\n',
      '/d/a': 'server:\n port: 1',
      '/d/b': 'verbosity: 2',
    });
    expect(linesOf(loaded)).toEqual([
      `/d/b:1: error: syntax error: 'verbosity' is outside a section, it belongs in server:`,
      `/main.conf:3: error: syntax error: 'port' is outside a section, it belongs in server:`,
    ]);
  });
});
