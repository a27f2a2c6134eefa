/** The lexer takes what Unbound's takes, and goes on after a mistake with one finding for it. */

import { describe, expect, test } from 'vitest';
import { Findings, findingText } from '../../src/config/finding.ts';
import { lex } from '../../src/config/lexer.ts';
import { allKeywords, argumentCounts } from '../../src/config/options-table.ts';

function tokensOf(text: string): { tokens: string[]; findings: string[] } {
  const findings = new Findings();
  const pieces = lex(text, { file: 'f', argumentCount: argumentCounts(), keywords: allKeywords(), findings });
  const tokens = [...pieces].flat();
  return {
    tokens: tokens.map((token) =>
      token.kind === 'include'
        ? `${token.line} ${token.kind} ${token.pattern}`
        : `${token.line} ${token.kind} ${token.text}`,
    ),
    findings: findings.list().map(findingText),
  };
}

describe('the lexer', () => {
  test.each([
    [
      'several directives on a line',
      'server: verbosity:1 port: 53\n',
      ['1 clause server', '1 directive verbosity', '1 value 1', '1 directive port', '1 value 53'],
    ],
    ['a value on a later line, over comments', 'verbosity:\n # x\n\n 3', ['1 directive verbosity', '4 value 3']],
    [
      'quotes of both kinds',
      `identity: "a 'b" version: 'c "d'`,
      ['1 directive identity', `1 value a 'b`, '1 directive version', '1 value c "d'],
    ],
    [
      'a backslash that keeps a quote or a blank',
      'identity: "a\\"b" version: c\\ d',
      ['1 directive identity', '1 value a\\"b', '1 directive version', '1 value c\\ d'],
    ],
    ['a hash inside a value', 'identity: a#b # c', ['1 directive identity', '1 value a#b']],
    [
      'two and three values',
      'local-zone: a\nstatic access-control-tag-data: b c "d e"',
      [
        '1 directive local-zone',
        '1 value a',
        '2 value static',
        '2 directive access-control-tag-data',
        '2 value b',
        '2 value c',
        '2 value d e',
      ],
    ],
    [
      'line ends of all systems',
      'port: 1\r\nport: 2\rport: 3\n',
      ['1 directive port', '1 value 1', '2 directive port', '2 value 2', '3 directive port', '3 value 3'],
    ],
    ['includes', 'include: a.conf\ninclude-toplevel: "b c"', ['1 include a.conf', '2 include b c']],
    ['a word with a colon as value', 'identity: port: 53', ['1 directive identity', '1 value port:']],
    ['an empty value', 'logfile: "" port: 1', ['1 directive logfile', '1 value ', '1 directive port', '1 value 1']],
  ])('takes %s', (_, text, tokens) => {
    // A bare word is left over in the case of the colon: it has its own finding.
    expect(tokensOf(text).tokens).toEqual(tokens);
  });

  test.each([
    [
      'an unknown keyword, with a guess',
      'verbostiy: 1',
      `f:1: error: unknown keyword 'verbostiy' (did you mean 'verbosity'?)`,
    ],
    ['an unknown keyword, without', 'zzz: 1', `f:1: error: unknown keyword 'zzz'`],
    ['a missing colon', 'verbosity 1', `f:1: error: unknown keyword 'verbosity': its colon is missing`],
    ['a colon that stands apart', 'verbosity : 1', `f:1: error: unknown keyword 'verbosity': its colon is missing`],
    ['other case', 'PORT: 1', `f:1: error: unknown keyword 'PORT' (did you mean 'port'?)`],
    ['a quote in the wrong place', 'port: a"b"', `f:1: error: stray '"'`],
    ['a value too many', 'port: 3 4', `f:1: error: unknown keyword '4'`],
    [
      'quotes that do not end in the line',
      'identity: "a\nport: 53',
      'f:1: error: newline inside quoted string, no end "',
    ],
    ['quotes that do not end at all', `identity: 'a`, 'f:1: error: EOF inside quoted string'],
    ['a value that is not there', 'port:\n', `f:2: error: syntax error: value expected for 'port'`],
    [
      'a value that is forgotten',
      'port:\nverbosity: 1',
      `f:2: error: syntax error: value expected for 'port' of line 1 before 'verbosity:'`,
    ],
    ['a backslash at the end of a line', 'port: \\\n', `f:1: error: stray '\\'`],
  ])('reports %s once', (_, text, finding) => {
    expect(tokensOf(text).findings).toEqual([finding]);
  });

  test('goes on after a mistake', () => {
    expect(tokensOf('foo: bar baz\nport: 53').tokens).toEqual(['2 directive port', '2 value 53']);
  });

  test('takes a value of many megabytes', () => {
    const long = 'a\\b'.repeat(3_000_000);
    expect(tokensOf(`identity: ${long}`).tokens[1]?.length).toBe(long.length + '1 value '.length);
  });
});
