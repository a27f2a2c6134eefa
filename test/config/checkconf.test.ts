/** The check program: arguments, streams and exit codes as those of unbound-checkconf. */

import { describe, expect, test } from 'vitest';
import { runCheckconf } from '../../src/config/checkconf.ts';
import { FakeFiles } from '../fake/fake-files.ts';

const FOLDERS = { '/etc/unbound': '', '/run': '' };

function run(args: readonly string[], files: Record<string, string> = {}) {
  const said = { out: '', err: '' };
  const code = runCheckconf(args, {
    files: new FakeFiles({ ...FOLDERS, ...files }),
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

describe('checking a file', () => {
  test('says that it is good', () => {
    expect(run(['/a'], { '/a': 'server:\n port: 5300' })).toEqual({
      code: 0,
      out: 'hawser-checkconf: no errors in /a\n',
      err: '',
    });
    expect(run(['-q', '/a'], { '/a': '' })).toEqual({ code: 0, out: '', err: '' });
  });

  test('takes the usual file when none is named', () => {
    expect(run([], { '/etc/unbound/unbound.conf': '' }).out).toBe(
      'hawser-checkconf: no errors in /etc/unbound/unbound.conf\n',
    );
  });

  test('takes our own file on a host without Unbound', () => {
    expect(run([], { '/etc/hawser/hawser.conf': '' }).out).toBe(
      'hawser-checkconf: no errors in /etc/hawser/hawser.conf\n',
    );
    expect(run(['-h']).out).toContain('/etc/unbound/unbound.conf, else /etc/hawser/hawser.conf');
  });

  test('refuses a folder as zone file, at which unbound-checkconf never ends', () => {
    const { code, err } = run(['/a'], { '/zones/.': '', '/a': 'auth-zone:\n name: a\n zonefile: /zones' });
    expect([code, err]).toEqual([1, expect.stringContaining('zonefile /zones for a. is a folder')]);
  });

  test('refuses one anchor that is both fixed and kept up to date', () => {
    const anchor = '. DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d';
    const files = { '/k': `${anchor}\n`, '/a': `server:\n trust-anchor: "${anchor}"\n auto-trust-anchor-file: /k` };
    expect(run(['/a'], files)).toMatchObject({
      code: 1,
      err: expect.stringContaining('/a:3: error: trust anchor . cannot be both fixed and in an auto-trust-anchor-file'),
    });
  });

  test('lists findings on the error stream, and their number', () => {
    expect(run(['/a'], { '/a': 'server:\n port: x\n foo: 1\n msg-buffer-size: 8192' })).toEqual({
      code: 1,
      out: '',
      err: [
        '/a:2: error: number expected (port: "x")',
        `/a:3: error: unknown keyword 'foo'`,
        '/a:4: warning: msg-buffer-size has no effect here',
        'read /a failed: 2 errors in configuration file\n',
      ].join('\n'),
    });
  });

  test('misses files and folders that the configuration names', () => {
    const text = `server:
      directory: /srv
      pidfile: /nowhere/x.pid
      logfile: /nowhere/x.log
      root-hints: hints
      trust-anchor-file: /ta
      auto-trust-anchor-file: /ata
      trusted-keys-file: "/keys/*"
    remote-control:
      control-enable: yes
      server-key-file: /k1`;
    const { code, err } = run(['/a'], { '/a': text, '/srv/hints': '', '/etc/unbound/unbound_server.pem': '' });
    expect(code).toBe(1);
    expect(err.split('\n').filter((line) => line.startsWith('error'))).toEqual([
      'error: bad chdir directory',
      'error: pidfile directory does not exist: /nowhere',
      'error: logfile directory does not exist: /nowhere',
      'error: trust-anchor-file: "/ta" does not exist',
      'error: auto-trust-anchor-file: "/ata" does not exist',
      'error: server-key-file: "/k1" does not exist',
      'error: control-key-file: "/etc/unbound/unbound_control.key" does not exist',
      'error: control-cert-file: "/etc/unbound/unbound_control.pem" does not exist',
    ]);
  });

  test('misses interfaces and users of the machine', () => {
    const machine = { '/sys/class/net': '', '/sys/class/net/lo': '', '/etc/passwd': 'root:x:0:0::/:/bin/sh\n' };
    const text = 'server:\n interface: lo\n interface: lost\n username: nobody';
    expect(
      run(['/a'], { '/a': text, ...machine })
        .err.split('\n')
        .slice(0, 2),
    ).toEqual([
      `error: cannot parse interface specified as 'lost': there is no such interface`,
      `error: user 'nobody' does not exist in /etc/passwd.`,
    ]);
  });

  test('misses a chroot, and a zone that comes from nowhere but a file', () => {
    const text = `server:\n chroot: /root\n
auth-zone:\n name: a\n zonefile: /z
auth-zone:\n name: b\n zonefile: /z\n primary: 192.0.2.1
rpz:\n name: c\n zonefile: /z`;
    const { code, err } = run(['/a'], { '/a': text });
    expect(code).toBe(1);
    expect(err.split('\n').slice(0, 4)).toEqual([
      `/a:2: warning: chroot has no effect here: a Node.js process cannot lock itself in; a service manager's sandbox does that`,
      'error: bad chroot directory',
      'warning: cannot open zonefile /z for a.',
      'error: cannot open zonefile /z for rpz c.',
    ]);
  });

  test('wants no certificates for a unix socket', () => {
    const text = 'remote-control:\n control-enable: yes\n control-interface: /run/x';
    expect(run(['/a'], { '/a': text }).code).toBe(0);
  });
});

describe('showing a directive', () => {
  const files = { '/a': 'server:\n pidfile: x.pid\n tls-upstream: yes\n domain-insecure: a\n domain-insecure: b' };

  test('prints its values, also when the daemon would refuse the file', () => {
    expect(run(['-o', 'pidfile', '/a'], files)).toEqual({ code: 0, out: 'x.pid\n', err: '' });
    expect(run(['-odomain-insecure', '/a'], files).out).toBe('b\na\n');
  });

  test('takes options after the file', () => {
    expect(run(['/a', '-o', 'pidfile', '-f'], files).out).toBe('/etc/unbound/x.pid\n');
    expect(run(['--', '/a', '-o'], files).err).toContain('one file expected');
  });

  test('prints full paths if asked', () => {
    expect(run(['-fo', 'pidfile', '/a'], files).out).toBe('/etc/unbound/x.pid\n');
    expect(run(['-f', '-o', 'directory', '/a'], files).out).toBe('/etc/unbound\n');
  });

  test('fails for an unknown one, and for a file with mistakes', () => {
    expect(run(['-o', 'foo', '/a'], files)).toMatchObject({
      code: 1,
      err: `hawser-checkconf: fatal error: cannot print option 'foo'\n`,
    });
    expect(run(['-o', 'port', '/a'], { '/a': 'foo' }).code).toBe(1);
  });
});

describe('wrong arguments', () => {
  test.each([[['-h']], [['-x']], [['-o']], [['a', 'b']]])('%j shows the usage and exits with 1', (args) => {
    const { code, out } = run(args);
    expect(code).toBe(1);
    expect(out).toMatch(/^Usage:/);
  });
});
