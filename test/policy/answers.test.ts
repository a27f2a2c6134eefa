/**
 * Proves what rules make of answers: response-ip, aliases that policy makes, and that bogus data stays bogus whatever a rule
 * says (CVE-2026-50243).
 */

import { describe, expect, test } from 'vitest';
import { answered, BOGUS, ranked } from '../serve/serving.ts';
import { questionFrom } from '../support/records.ts';
import { PolicyBench } from './policy-bench.ts';

const RULES = `server:
  define-tag: "kids"
  access-control-tag: 192.0.2.1/32 "kids"
  access-control-tag-action: 192.0.2.1/32 kids always_nxdomain
  access-control-tag: 192.0.2.2/32 "kids"
  access-control-tag-data: 192.0.2.2/32 kids "A 203.0.113.9"
  response-ip: 198.51.100.1/32 redirect
  response-ip-data: 198.51.100.1/32 "A 203.0.113.1"
  response-ip: 198.51.100.2/32 redirect
  response-ip-data: 198.51.100.2/32 "CNAME walled.example."
  response-ip: 198.51.100.3/32 redirect
  response-ip: 198.51.100.4/32 deny
  response-ip: 198.51.100.5/32 inform
  response-ip: 198.51.100.6/32 always_refuse
  response-ip: 198.51.100.7/32 always_null
  response-ip: 198.51.100.8/32 always_nodata
  response-ip: 198.51.100.9/32 redirect
  response-ip-tag: 198.51.100.9/32 "kids"
  response-ip: 198.51.100.10/32 redirect
  response-ip-data: 198.51.100.10/32 "CNAME loop.example."
`;

function withAnswers(): PolicyBench {
  const bench = new PolicyBench(RULES);
  for (let i = 1; i <= 11; i++) bench.know(`n${i}.example.`, 'A', [`n${i}.example. A 198.51.100.${i}`]);
  bench.know('walled.example.', 'A', ['walled.example. A 203.0.113.2']);
  bench.know('loop.example.', 'A', ['loop.example. A 198.51.100.2']);
  return bench;
}

describe('response-ip', () => {
  const bench = withAnswers();
  test.each([
    ['records in place', 'n1.example.', 'NOERROR; n1.example. A 203.0.113.1'],
    ['an alias, followed', 'n2.example.', 'NOERROR; n2.example. CNAME walled.example.; walled.example. A 203.0.113.2'],
    ['nothing in place', 'n3.example.', 'NOERROR'],
    ['no reply', 'n4.example.', 'drop'],
    ['a line, else untouched', 'n5.example.', 'NOERROR secure; n5.example. A 198.51.100.5'],
    ['REFUSED', 'n6.example.', 'REFUSED'],
    ['the null address', 'n7.example.', 'NOERROR; n7.example. A 0.0.0.0'],
    ['no data', 'n8.example.', 'NOERROR'],
    ['what has no rule, untouched', 'n11.example.', 'NOERROR secure; n11.example. A 198.51.100.11'],
    ['SERVFAIL, when the alias leads to another rule', 'n10.example.', 'failed alias-loop'],
  ])('gives %s', async (_what, name, text) => {
    expect(await bench.ruled(name)).toBe(text);
  });

  test('looks at the tags of the client', async () => {
    expect(await bench.ruled('n9.example.', 'A', { ip: '192.0.2.1' })).toBe('NXDOMAIN');
    expect(await bench.ruled('n9.example.', 'A', { ip: '192.0.2.2' })).toBe('NOERROR; n9.example. A 203.0.113.9');
    expect(await bench.ruled('n9.example.', 'A', { ip: '192.0.2.9' })).toBe('NOERROR');
  });

  test('keeps the aliases before the address', async () => {
    bench.know('c.example.', 'A', ['c.example. CNAME n1.example.', 'n1.example. A 198.51.100.1']);
    expect(await bench.ruled('c.example.')).toBe('NOERROR; c.example. CNAME n1.example.; n1.example. A 203.0.113.1');
  });

  test('leaves a line for inform', async () => {
    bench.log.lines = [];
    await bench.ruled('n5.example.', 'A', { ip: '192.0.2.9', port: 5 });
    expect(bench.log.text()).toBe('info: 198.51.100.5/32 inform 192.0.2.9@5 n5.example. A IN\n');
  });

  test('is asked for addresses only', () => {
    expect(bench.policy.changesAnswers('127.0.0.1', null, 1)).toBe(true);
    expect(bench.policy.changesAnswers('127.0.0.1', null, 52)).toBe(false);
  });
});

describe('bogus data', () => {
  const bogus = (name: string, address: string) =>
    answered(questionFrom(name), { answer: [ranked([`${name} A ${address}`])], verdict: BOGUS });

  test('is not replaced by a rule for its address', async () => {
    const bench = withAnswers().knowResolution(bogus('n1.example.', '198.51.100.1'));
    const result = await bench.result('n1.example.');
    expect(result).toMatchObject({ kind: 'answer', resolution: { verdict: { status: 'bogus' } } });
  });

  test('is not replaced by a policy zone, for its address, its alias or its servers', async () => {
    const zone =
      'alias.example CNAME .\n32.1.100.51.198.rpz-ip A 203.0.113.1\n32.53.2.0.192.rpz-nsip CNAME .\nns.evil.rpz-nsdname A 203.0.113.2\n';
    const bench = new PolicyBench('rpz:\n  name: rpz.\n', { 'rpz.': zone });
    bench.servers = { names: [], addresses: ['192.0.2.53'] };
    bench.knowResolution(bogus('w.example.', '198.51.100.1'));
    const answer = [ranked(['c.example. CNAME alias.example.']), ranked(['alias.example. A 192.0.2.1'])];
    bench.knowResolution(answered(questionFrom('c.example.'), { answer, verdict: BOGUS }));
    for (const name of ['w.example.', 'c.example.']) {
      expect(await bench.result(name)).toMatchObject({ resolution: { verdict: { status: 'bogus' } } });
    }
  });

  test('at the end of an alias of policy fails the whole', async () => {
    const bench = withAnswers().knowResolution(bogus('walled.example.', '203.0.113.2'));
    const result = await bench.result('n2.example.');
    expect(result).toMatchObject({ kind: 'answer', resolution: { verdict: { status: 'bogus' } } });
  });

  test('is made into no AAAA record', async () => {
    const bench = new PolicyBench('server:\n  module-config: "dns64 validator iterator"\n');
    bench.know('w.example.', 'AAAA', []).knowResolution(bogus('w.example.', '198.51.100.1'));
    expect(await bench.result('w.example.', 'AAAA')).toMatchObject({ resolution: { verdict: { status: 'bogus' } } });
  });
});

describe('an alias of local data', () => {
  test('is followed with AA, without AD, and a failure of its target is one of the whole', async () => {
    const bench = new PolicyBench(
      'server:\n  local-zone: r.example. redirect\n  local-data: "r.example. CNAME t.example."\n',
    );
    expect(await bench.ruled('x.r.example.')).toBe('failed deadline');
    bench.know('t.example.', 'A', ['t.example. A 192.0.2.1']);
    expect(await bench.ruled('x.r.example.')).toBe('NOERROR AA; x.r.example. CNAME t.example.; t.example. A 192.0.2.1');
  });
});
