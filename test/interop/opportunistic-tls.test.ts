/** Proves against real authoritative servers that those that speak TLS are asked over it, and others as ever (RFC 9539). */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['nsd', 'named', 'knotd', 'dig', 'ip', 'openssl']);

test.skipIf(why !== null)(
  `asks NSD and BIND over TLS after the first question, and Knot as ever ${why ?? ''}`,
  () => {
    const { asked, counted, seen } = JSON.parse(runInNamespace('opportunistic-tls-session.ts', [], 100_000));
    expect(asked).toEqual({
      ...{ 'a nsd': 'NOERROR over udp', 'a bind': 'NOERROR over udp', 'a knot': 'NOERROR over udp' },
      ...{ 'b nsd': 'NOERROR over tls', 'b bind': 'NOERROR over tls', 'b knot': 'NOERROR over udp' },
      ...{ 'c nsd': 'NOERROR over tls', 'c bind': 'NOERROR over tls', 'c knot': 'NOERROR over udp' },
    });
    // Three servers were tried, and two answered: beside the first question, then each question.
    expect(counted).toEqual([3, 6, 0]);
    const byStream = (each: string): boolean => each.includes('T');
    const questions = seen as readonly string[];
    expect(
      questions
        .filter((each) => each.startsWith('a.'))
        .map(byStream)
        .sort(),
    ).toEqual([false, true]);
    expect(questions.filter((each) => !each.startsWith('a.')).every(byStream)).toBe(true);
    expect(questions.filter((each) => !each.startsWith('a.'))).toHaveLength(2);
  },
  110_000,
);
