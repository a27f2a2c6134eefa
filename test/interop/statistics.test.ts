/**
 * Proves that statistics and log lines are those of Unbound: same names in the same order and form, same counts for the same
 * questions, same lines for queries and replies, beside a live Unbound.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['nsd', 'dig', 'ip', 'unbound', 'unbound-control']);

interface Observed {
  readonly statistics: string;
  readonly lines: string;
}

interface Sides {
  readonly unbound: Observed;
  readonly hawser: Observed;
}

/** Names that Unbound 1.17 has and a newer one writes otherwise, because their types or classes got a name since. */
const RENAMED: Readonly<Record<string, string>> = {
  'num.query.type.TYPE56': 'num.query.type.NINFO',
  'num.query.type.TYPE57': 'num.query.type.RKEY',
  'num.query.type.TYPE66': 'num.query.type.DSYNC',
  'num.query.type.TYPE128': 'num.query.type.NXNAME',
  'num.query.class.CLASS2': 'num.query.class.CS',
};

function entriesOf({ statistics }: Observed): readonly (readonly [name: string, value: string])[] {
  return statistics
    .trim()
    .split('\n')
    .map((line) => {
      const at = line.indexOf('=');
      const name = line.slice(0, at);
      return [RENAMED[name] ?? name, line.slice(at + 1)] as const;
    });
}

/** How a number is written. */
function formOf(name: string, value: string): string {
  if (/^\d+$/.test(value)) return /requestlist\.avg|median/.test(name) ? 'general' : 'integer';
  if (/requestlist\.avg|median/.test(name)) return /^\d+(?:\.\d+)?(?:e-\d\d)?$/.test(value) ? 'general' : 'strange';
  return /^\d+\.\d{6}$/.test(value) ? 'seconds' : 'strange';
}

describe.skipIf(why !== null)(`statistics ${why ?? ''}`, () => {
  let whole: Sides;
  let brief: Sides;
  beforeAll(() => {
    const session = JSON.parse(runInNamespace('statistics-session.ts', [], 110_000)) as { whole: Sides; brief: Sides };
    whole = session.whole;
    brief = session.brief;
  }, 120_000);

  test('have all names of Unbound, in its order', () => {
    const known = new Set(entriesOf(whole.unbound).map(([name]) => name));
    const shared = entriesOf(whole.hawser)
      .map(([name]) => name)
      .filter((name) => known.has(name));
    expect(shared).toEqual(entriesOf(whole.unbound).map(([name]) => name));
  });

  test('write each number in the form of Unbound', () => {
    const hawser = new Map(entriesOf(whole.hawser));
    const differences = entriesOf(whole.unbound)
      .map(([name, value]) => [name, formOf(name, value), formOf(name, hawser.get(name) ?? 'missing')])
      .filter(([, wanted, found]) => wanted !== found);
    expect(differences).toEqual([]);
  });

  test('count the same questions alike', () => {
    const hawser = new Map(entriesOf(whole.hawser));
    const counted = /^(?:total\.num\.|num\.query\.(?:type|class|opcode|flags|edns|tcp$|ipv6)|num\.answer|unwanted)/;
    const differences = entriesOf(whole.unbound)
      .filter(([name]) => counted.test(name))
      .map(([name, value]) => ({ name, unbound: value, hawser: hawser.get(name) }))
      .filter(({ unbound, hawser: ours }) => unbound !== ours);
    expect(differences).toEqual([]);
  });

  test('leave the same names out with statistics-inhibit-zero', () => {
    const known = new Set(entriesOf(whole.unbound).map(([name]) => name));
    const shared = entriesOf(brief.hawser)
      .map(([name]) => name)
      .filter((name) => known.has(name));
    expect(shared).toEqual(entriesOf(brief.unbound).map(([name]) => name));
  });

  test('tell the time of recursion in a histogram whose sum is the replies', () => {
    const values = new Map(entriesOf(whole.hawser));
    const spans = [...values].filter(([name]) => name.startsWith('histogram.'));
    expect(spans).toHaveLength(40);
    const sum = spans.reduce((total, [, count]) => total + Number(count), 0);
    expect(String(sum)).toBe(values.get('total.num.recursivereplies'));
    expect(Number(values.get('mem.cache.rrset'))).toBeGreaterThan(0);
    expect(Number(values.get('rrset.cache.count'))).toBeGreaterThan(0);
    expect(values.get('num.dane.tlsa.insecure')).toBe('1');
  });

  test('log lines of queries, replies and local data are the same, times and lengths apart', () => {
    expect(linesOf(brief.hawser)).toEqual(linesOf(brief.unbound));
  });
});

/** Query and reply lines without what differs from run to run, the readiness probes left out. */
function linesOf({ lines }: Observed): string[] {
  return lines
    .split('\n')
    .filter(
      (line) => / (?:query|reply): | (?:static|transparent|redirect) \d/.test(line) && !line.includes('version.server'),
    )
    .map((line) =>
      line
        .replace(/^\[\d+\] \w+\[\d+:0\] /, '')
        .replace(/@\d+/, '@PORT')
        // Refused before it is read: Unbound does not tell the question, Hawser does.
        .replace('null TYPE0 CLASS0', 'a.test. A IN')
        .replace(/ \d+\.\d{6} ([01]) \d+$/, ' TIME $1 SIZE'),
    );
}
