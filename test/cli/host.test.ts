/** Proves what hawser-host understands and prints; beside unbound-host it stands in test/interop/control.test.ts. */

import { describe, expect, test } from 'vitest';
import { readHostArguments } from '../../src/cli/host-arguments.ts';
import { hostText } from '../../src/cli/host-text.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { ranked } from '../cache/cache-parts.ts';

const NAME = { name: 'mx.example', verbose: true };
const question = questionOf(mustParseName('mx.example.'), TYPE.A);

function answered(verdict: Verdict, rdatas: readonly (readonly number[])[], rcode: number = RCODE.NOERROR): Resolution {
  const answer = rdatas.length === 0 ? [] : [ranked({ owner: 'mx.example.', type: TYPE.A, rdatas })];
  const denied = answer.length === 0;
  return { kind: 'answered', question, rcode, denied, answer, authority: [], additional: [], verdict, expiresAt: 0 };
}

describe('arguments', () => {
  test('are those of unbound-host, the name anywhere', () => {
    expect(readHostArguments(['-vt', 'TLSA', 'a.example', '-y', 'a DS 1', '-y', 'b DS 2', '-4'])).toMatchObject({
      name: 'a.example',
      type: 'TLSA',
      className: 'IN',
      anchors: ['a DS 1', 'b DS 2'],
      verbose: true,
      family: 'ip4',
    });
  });

  test('without exactly one name, or with -h, ask for the usage', () => {
    for (const words of [[], ['a', 'b'], ['-h', 'a']]) expect(readHostArguments(words)).toMatchObject({ name: null });
    expect(readHostArguments(['-x', 'a'])).toBe("invalid option -- 'x'");
    expect(readHostArguments(['a', '-t'])).toBe("option requires an argument -- 't'");
  });
});

describe('an answer', () => {
  test('says what DNSSEC says', () => {
    const bogus: Verdict = {
      status: 'bogus',
      why: { kind: 'no-signature', zone: 'example.', record: 'mx.example. A' },
    };
    expect(hostText(answered(SECURE, [[192, 0, 2, 1]]), NAME, true)).toEqual({
      text: 'mx.example has address 192.0.2.1 (secure)\n',
      goesOn: true,
      isBogus: false,
    });
    const { text, isBogus } = hostText(answered(bogus, [[192, 0, 2, 1]]), NAME, true);
    expect(isBogus).toBe(true);
    expect(text).toMatch(
      /^mx\.example has address 192\.0\.2\.1 \(BOGUS \(security failure\)\)\nvalidation failure <mx/,
    );
  });

  test('that is a denial is told with -v only; a missing name ends the look-up', () => {
    expect(hostText(answered(SECURE, []), NAME, true).text).toBe('mx.example has no address (secure)\n');
    expect(hostText(answered(SECURE, []), { ...NAME, verbose: false }, true).text).toBe('');
    expect(hostText(answered(SECURE, [], RCODE.NXDOMAIN), NAME, true)).toMatchObject({
      text: 'Host mx.example not found: 3(NXDOMAIN). (secure)\n',
      goesOn: false,
    });
  });

  test('that failed is an error with its reason', () => {
    const failed: Resolution = { kind: 'failed', question, why: { kind: 'deadline' } };
    expect(hostText(failed, NAME, true).text).toMatch(
      /^Host mx\.example not found: 2\(SERVFAIL\)\. \(error\)\ndeadline/,
    );
  });
});
