/** Proves how the control program reads its arguments, where it connects and what it sends. */

import { describe, expect, test } from 'vitest';
import { parseConfigText } from '../../src/config/load-config.ts';
import { inputOf, isErrorReply, readClientArguments, requestLine, targetOf } from '../../src/control/client.ts';

describe('arguments', () => {
  test('are the options of unbound-control, in one word or two, before the command', () => {
    expect(readClientArguments(['-qc', 'f.conf', '-s127.0.0.1@99', 'verbosity', '-1'])).toEqual({
      configPath: 'f.conf',
      server: '127.0.0.1@99',
      quiet: true,
      wantsHelp: false,
      words: ['verbosity', '-1'],
    });
    expect(readClientArguments(['-h'])).toMatchObject({ wantsHelp: true, words: [] });
    expect(readClientArguments(['--', '-x'])).toMatchObject({ words: ['-x'] });
  });

  test('may stand after the command', () => {
    expect(readClientArguments(['flush', 'example', '-q', '-c', 'f.conf'])).toMatchObject({
      quiet: true,
      configPath: 'f.conf',
      words: ['flush', 'example'],
    });
    expect(readClientArguments(['set_option', 'val-override-date:', '-1', '-q'])).toMatchObject({
      quiet: true,
      words: ['set_option', 'val-override-date:', '-1'],
    });
  });

  test('that are wrong are told', () => {
    expect(readClientArguments(['-x', 'status'])).toBe("invalid option -- 'x'");
    expect(readClientArguments(['-c'])).toBe("option requires an argument -- 'c'");
  });
});

describe('the place to connect to', () => {
  const target = (text: string, given: string | null = null) => {
    const loaded = parseConfigText(text, 'test.conf', null, 'values');
    return loaded.ok ? targetOf(loaded.config, given) : null;
  };

  test('is loopback over TLS when nothing is configured', () => {
    const expected = { kind: 'tcp', address: { ip: '127.0.0.1', port: 8953 }, usesTls: true };
    expect(target('')).toEqual(expected);
    expect(target('server:\n  do-ip4: no\n')).toEqual({ ...expected, address: { ip: '::1', port: 8953 } });
  });

  test('is the first interface, loopback for any address, or what -s says', () => {
    const text = 'remote-control:\n  control-interface: 0.0.0.0\n  control-port: 9\n  control-use-cert: no\n';
    expect(target(text)).toEqual({ kind: 'tcp', address: { ip: '127.0.0.1', port: 9 }, usesTls: false });
    expect(target(text, '192.0.2.1@77')).toMatchObject({ address: { ip: '192.0.2.1', port: 77 } });
    expect(target(text, '/run/h.ctl')).toEqual({ kind: 'unix', path: '/run/h.ctl' });
    expect(target('remote-control:\n  control-interface: "/run/x"\n')).toEqual({ kind: 'unix', path: '/run/x' });
    expect(target(text, 'localhost')).toBeNull();
  });
});

describe('the request', () => {
  test('is the line that unbound-control sends', () => {
    expect(requestLine(['local_data', 'a A 192.0.2.1'])).toBe('UBCT1  local_data a A 192.0.2.1\n');
  });

  test('of some commands goes on with standard input', () => {
    expect(['load_cache', 'view_local_datas', 'status'].map((word) => inputOf([word]))).toEqual([
      'dump',
      'lines',
      'none',
    ]);
  });

  test('failed when the reply says so', () => {
    expect([isErrorReply('error x'), isErrorReply('no view with name: x')]).toEqual([true, false]);
  });
});
