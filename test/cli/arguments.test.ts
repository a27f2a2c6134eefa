/** Proves that hawserd reads its flags as unbound does. */

import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';

const NONE = { configPath: null, debug: 0, noPidfile: false, verbose: 0, wantsHelp: false, wantsVersion: false };

describe('flags', () => {
  test.each([
    ['', NONE],
    ['-d -c a.conf', { ...NONE, debug: 1, configPath: 'a.conf' }],
    ['-dd -ca.conf', { ...NONE, debug: 2, configPath: 'a.conf' }],
    ['-d -d', { ...NONE, debug: 2 }],
    ['-pvvc a.conf', { ...NONE, noPidfile: true, verbose: 2, configPath: 'a.conf' }],
    ['-c one -c two', { ...NONE, configPath: 'two' }],
    ['-h', { ...NONE, wantsHelp: true }],
    ['-V', { ...NONE, wantsVersion: true }],
  ])('"%s" is read', (line, value) => {
    expect(readArguments(line.split(' ').filter((word) => word !== ''))).toEqual({ ok: true, value });
  });

  test.each([
    ['-x', "invalid option -- 'x'"],
    ['-c', "option requires an argument -- 'c'"],
    ['stray', "unexpected argument 'stray'"],
    ['-', "unexpected argument '-'"],
  ])('"%s" is an error', (line, text) => {
    expect(readArguments(line.split(' '))).toEqual({ ok: false, text });
  });
});
