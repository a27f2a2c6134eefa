/**
 * Proves that the replay engine notices what is wrong: another answer, a missing one, one that nobody asked for, a question
 * that was not sent; and that it plays both dialects, macros and time.
 */

import { describe, expect, test } from 'vitest';
import { playScenario } from './engine.ts';
import { expandMacros } from './macros.ts';
import { dialectOf, readScenario } from './read-scenario.ts';

const SERVER = `
RANGE_BEGIN 0 100
	ADDRESS 198.41.0.4
ENTRY_BEGIN
MATCH opcode qtype qname
ADJUST copy_id copy_query
REPLY QR AA NOERROR
SECTION QUESTION
. IN NS
SECTION ANSWER
. 3600 IN NS k.root.
SECTION ADDITIONAL
k.root. 3600 IN A 198.41.0.4
ENTRY_END
ENTRY_BEGIN
MATCH opcode qtype qname
ADJUST copy_id copy_query
REPLY QR AA NOERROR
SECTION QUESTION
www.example. IN A
SECTION ANSWER
www.example. 600 IN A 192.0.2.80
ENTRY_END
RANGE_END
`;
const QUERY = `
STEP 10 QUERY
ENTRY_BEGIN
REPLY RD
SECTION QUESTION
www.example. IN A
ENTRY_END
`;

function check(rdata: string, match = 'all', ttl = 600): string {
  return `
STEP 20 CHECK_ANSWER
ENTRY_BEGIN
MATCH ${match}
REPLY QR RD RA NOERROR
SECTION QUESTION
www.example. IN A
SECTION ANSWER
www.example. ${ttl} IN A ${rdata}
ENTRY_END
`;
}

const UNBOUND_CONFIG = `server:
	qname-minimisation: no
	target-fetch-policy: "0 0 0 0 0"
stub-zone:
	name: "."
	stub-addr: 198.41.0.4
CONFIG_END
SCENARIO_BEGIN test
`;

function play(steps: string, config = UNBOUND_CONFIG): ReturnType<typeof playScenario> {
  return playScenario(readScenario('test.rpl', `${config}${SERVER}${steps}SCENARIO_END\n`));
}

describe('the replay engine', () => {
  test('passes what is as scripted', async () => {
    expect(await play(QUERY + check('192.0.2.80'))).toMatchObject({ outcome: 'pass', reason: '' });
  });

  test('names the first record that differs', async () => {
    const { outcome, reason } = await play(QUERY + check('192.0.2.81'));
    expect(outcome).toBe('fail');
    expect(reason).toBe('step 20: answer: missing www.example. A 192.0.2.81');
  });

  test('compares TTLs only where the entry says so', async () => {
    expect((await play(QUERY + check('192.0.2.80', 'all', 300))).outcome).toBe('pass');
    expect((await play(QUERY + check('192.0.2.80', 'all ttl', 300))).reason).toContain('TTL 600 (expected 300)');
  });

  test('fails on an answer that no step looks at', async () => {
    expect((await play(QUERY)).reason).toBe('unexpected answer to the query of step 10');
  });

  test('fails when there is no answer to check', async () => {
    expect((await play(check('192.0.2.80'))).reason).toContain('step 20: no answer');
  });

  test('fails when an upstream question is not sent', async () => {
    const step = '\nSTEP 30 CHECK_OUT_QUERY\nENTRY_BEGIN\nMATCH qname\nSECTION QUESTION\nother. IN A\nENTRY_END\n';
    expect((await play(QUERY + check('192.0.2.80') + step)).reason).toContain('expected upstream query not sent');
  });

  test('says why a resolver does not start', async () => {
    const broken = UNBOUND_CONFIG.replace('qname-minimisation: no', 'qname-minimisation: perhaps');
    expect((await play(QUERY, broken)).reason).toMatch(/^does not start: test.conf:\d+: /);
  });

  test('lets time pass on the calendar only where the script says so', async () => {
    const later = `\nSTEP 12 TIME_PASSES ELAPSE 200\n${QUERY.replace('STEP 10', 'STEP 15')}`;
    const first = check('192.0.2.80', 'all ttl', 600).replace('STEP 20', 'STEP 11');
    expect(await play(QUERY + first + later + check('192.0.2.80', 'all ttl', 400))).toMatchObject({ outcome: 'pass' });
  });

  test('plays the other dialect', async () => {
    const config = 'stub-addr: 198.41.0.4\nquery-minimization: off\nCONFIG_END\nSCENARIO_BEGIN test\n';
    expect(dialectOf(config)).toBe('deckard');
    expect(await play(QUERY + check('192.0.2.80', 'all'), config)).toMatchObject({ outcome: 'pass', reason: '' });
  });

  test('skips what acts inside a resolver', async () => {
    const { outcome, reason } = await play('\nSTEP 1 ERROR\n');
    expect({ outcome, reason }).toEqual({ outcome: 'skip', reason: 'STEP ERROR injects an error inside the resolver' });
  });
});

test('macros count, nest and know the time', () => {
  const source = {
    unixSeconds: () => 1_000_000_000,
    timeoutSeconds: () => 42,
    variables: new Map([['start', '100']]),
  };
  const macro = (body: string) => ['$', '{', body, '}'].join('');
  const sum = macro('$start + 20');
  expect(expandMacros(`a ${macro('time')} b ${sum} c`, source)).toBe('a 1000000000 b 120 c');
  expect(expandMacros(macro(`range 10 ${macro('timeout')} 50`), source)).toBe('42');
  expect(expandMacros(macro(`range 1 ${macro('timeout')} 5`), source)).toBe('5');
  expect(expandMacros(macro('ctime 0'), source)).toBe('Thu Jan  1 00:00:00 1970');
});
