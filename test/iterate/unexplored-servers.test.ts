/**
 * Proves that servers which are not known yet get their turn: names without glue are looked up ahead and after a short
 * silence, and what silent, empty, recursing and stripping servers say waits for them.
 */

import { describe, expect, test } from 'vitest';
import type { IterateOptions } from '../../src/iterate/options.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { Bench, endOf, lines, type ResponseText, type Script, table } from './support.ts';

const { AA, RA } = FLAG;
const GLUED = '192.0.2.1';
const GLUELESS = '192.0.2.2';
const ANSWER: ResponseText = { flags: AA, answer: ['www.mail. A 192.0.2.80'] };
const SILENT: Script = () => null;

/** `mail.` with a server that has glue, and others in `other.` that have none. */
function benchWith(
  glued: Script,
  { hosts = ['ns2.other.'], ...options }: { hosts?: string[] } & Partial<IterateOptions> = {},
): Bench {
  const bench = new Bench({ useIp6: false, ...options });
  const mail = {
    authority: ['ns1.mail.', ...hosts].map((host) => `mail. NS ${host}`),
    additional: [`ns1.mail. A ${GLUED}`],
  };
  const other = { authority: ['other. NS ns.other.'], additional: ['ns.other. A 192.0.2.9'] };
  bench.serve('198.41.0.4', (question, query) => {
    const known = table({ '. NS': { flags: AA, answer: ['. NS a.root.'] }, 'mail. A': mail, 'other. A': other });
    const said = known(question, query);
    if (said?.rcode !== RCODE.REFUSED) return said;
    return String.fromCharCode(...question.name).includes('other') ? other : mail;
  });
  bench.serve(GLUED, glued);
  bench.serve('192.0.2.9', ({ name }) => {
    const host = String.fromCharCode(...name.subarray(1, 1 + (name[0] ?? 0)));
    return { flags: AA, answer: [`${host}.other. A ${GLUELESS}`] };
  });
  bench.serve(GLUELESS, table({ 'www.mail. A': ANSWER }));
  return bench;
}

const milliseconds = (bench: Bench) => bench.ports.clock.monotonicMs();
const lookUps = (bench: Bench) => bench.asked.filter((line) => line.startsWith('192.0.2.9 ')).length;

/** Asks for `www.mail. A`; its data, and how long that took. */
async function run(bench: Bench): Promise<{ data: string[]; tookMs: number }> {
  const startedMs = milliseconds(bench);
  const end = endOf(await bench.run('www.mail. A'));
  return { data: lines(end.answer), tookMs: milliseconds(bench) - startedMs };
}

describe('a silent server with glue and a living one without', () => {
  test.each([
    ['as by default', DEFAULT_ITERATE_OPTIONS.targetFetchPolicy],
    ['without looking ahead', [0, 0, 0, 0, 0]],
    ['with all looked up ahead', [-1, -1]],
  ])('%s, gives the answer within a second', async (_what, targetFetchPolicy) => {
    const { data, tookMs } = await run(benchWith(SILENT, { targetFetchPolicy }));
    expect(data).toEqual(['www.mail. A 192.0.2.80']);
    expect(tookMs).toBeLessThanOrEqual(1000);
  });

  test('asks the silent one once, not five times', async () => {
    const bench = benchWith(SILENT);
    await run(bench);
    expect(bench.asked.filter((line) => line.startsWith(GLUED))).toHaveLength(1);
  });

  test('comes back to the silent one while a look-up gets nowhere', async () => {
    let count = 0;
    const bench = benchWith(() => (++count < 3 ? null : ANSWER));
    bench.serve('192.0.2.9', SILENT);
    const { data, tookMs } = await run(bench);
    expect(data).toEqual(['www.mail. A 192.0.2.80']);
    expect(tookMs).toBeLessThanOrEqual(4000);
  });
});

describe('looking ahead (target-fetch-policy)', () => {
  const hosts = ['ns2.other.', 'ns3.other.', 'ns4.other.', 'ns5.other.'];
  const slow: Script = () => null;

  test.each([
    [[3, 2, 1, 0, 0], 3],
    [[1, 0], 1],
    [[-1], 4],
    [[0, 0], 0],
  ])('%j starts its number of look-ups during the first silence', async (targetFetchPolicy, count) => {
    const bench = benchWith(slow, { hosts, targetFetchPolicy });
    const running = bench.iterate(bench.newWork('www.mail. A'));
    await bench.ports.clock.advance(300);
    expect(lookUps(bench)).toBe(count);
    await bench.ports.clock.runUntilSettled(running);
  });

  test('costs nothing when the server answers at once', async () => {
    const bench = benchWith(table({ 'www.mail. A': ANSWER }), { hosts });
    await run(bench);
    expect(lookUps(bench)).toBe(0);
  });
});

describe('what is no good answer waits for servers that are not known yet', () => {
  test.each<[string, ResponseText]>([
    ['an empty answer', { flags: AA }],
    ['an answer out of a recursing server’s cache', { flags: RA, answer: ['www.mail. A 192.0.2.66'] }],
    ['an answer without authority that refers upwards', { authority: ['. NS a.root.'] }],
    ['SERVFAIL', { rcode: RCODE.SERVFAIL }],
  ])('%s', async (_what, said) => {
    expect((await run(benchWith(() => said))).data).toEqual(['www.mail. A 192.0.2.80']);
  });

  test('an empty answer is believed when nobody else says more', async () => {
    const bench = benchWith(() => ({ flags: AA }));
    bench.serve(GLUELESS, SILENT);
    const startedMs = milliseconds(bench);
    expect(endOf(await bench.run('www.mail. A')).kind).toBe('nodata');
    expect(milliseconds(bench) - startedMs).toBeLessThanOrEqual(2000);
  });

  test('two empty answers of one server say no more than one', async () => {
    let isFirst = true;
    const bench = benchWith(() => ({ flags: AA }));
    bench.serve(GLUELESS, (question, query) => {
      const isLost = isFirst;
      isFirst = false;
      return isLost ? null : table({ 'www.mail. A': ANSWER })(question, query);
    });
    expect((await run(bench)).data).toEqual(['www.mail. A 192.0.2.80']);
  });
});

describe('addresses of both families', () => {
  test('are not both asked for while one will do', async () => {
    const bench = benchWith(SILENT, { useIp6: true });
    await run(bench);
    expect(bench.asked.filter((line) => line.endsWith(' AAAA'))).toEqual([]);
  });

  test('are both found when the first is of no use', async () => {
    const bench = benchWith(SILENT, { useIp6: true });
    bench.serve('192.0.2.9', ({ type }) =>
      type === 28
        ? { flags: AA, answer: ['ns2.other. AAAA 2001:db8::2'] }
        : { flags: AA, answer: ['ns2.other. A 192.0.2.3'] },
    );
    bench.serve('2001:db8::2', table({ 'www.mail. A': ANSWER }));
    expect((await run(bench)).data).toEqual(['www.mail. A 192.0.2.80']);
  });
});

describe('when many servers failed', () => {
  const ips = Array.from({ length: 6 }, (_, i) => `192.0.2.${10 + i}`);
  const dead = {
    authority: ips.map((_, i) => `mail. NS n${i}.mail.`),
    additional: ips.map((ip, i) => `n${i}.mail. A ${ip}`),
  };

  function benchWithDead(mail: () => ResponseText): Bench {
    const bench = benchWith(SILENT);
    const { authority: other, additional } = {
      authority: ['other. NS ns.other.'],
      additional: ['ns.other. A 192.0.2.9'],
    };
    bench.serve('198.41.0.4', (question) => {
      if (question.type === 2) return { flags: AA, answer: ['. NS a.root.'] };
      return String.fromCharCode(...question.name).includes('other') ? { authority: other, additional } : mail();
    });
    return bench;
  }

  test('the one without glue is still looked up', async () => {
    const bench = benchWithDead(() => ({ ...dead, authority: [...dead.authority, 'mail. NS ns2.other.'] }));
    for (const ip of ips) bench.serve(ip, () => ({ rcode: RCODE.REFUSED }));
    expect((await run(bench)).data).toEqual(['www.mail. A 192.0.2.80']);
  });

  test('a delegation out of the cache is asked for anew', async () => {
    let isMoved = false;
    const moved = { authority: ['mail. NS ns9.mail.'], additional: [`ns9.mail. A ${GLUELESS}`] };
    const bench = benchWithDead(() => (isMoved ? moved : dead));
    for (const ip of ips) bench.serve(ip, () => (isMoved ? null : { flags: AA, answer: ['first.mail. A 192.0.2.81'] }));
    await bench.run('first.mail. A');
    isMoved = true;
    expect((await run(bench)).data).toEqual(['www.mail. A 192.0.2.80']);
  });

  test('a server that failed is as good as before when another one answered', async () => {
    let isBroken = true;
    const bench = benchWithDead(() => ({
      authority: ['mail. NS n0.mail.', 'mail. NS n1.mail.'],
      additional: ['n0.mail. A 192.0.2.10', 'n1.mail. A 192.0.2.11'],
    }));
    const good: Script = ({ name }) => ({
      flags: AA,
      answer: [`${String.fromCharCode(...name.subarray(1, 1 + (name[0] ?? 0)))}.mail. A 192.0.2.80`],
    });
    bench.serve('192.0.2.10', (question, query) => (isBroken ? { rcode: RCODE.SERVFAIL } : good(question, query)));
    bench.serve('192.0.2.11', good);
    for (let i = 0; i < 8; i++) await bench.run(`a${i}.mail. A`);
    isBroken = false;
    bench.asked.length = 0;
    for (let i = 0; i < 20; i++) await bench.run(`b${i}.mail. A`);
    expect(bench.asked.filter((line) => line.startsWith('192.0.2.10 ')).length).toBeGreaterThan(3);
  });
});

describe('an empty answer of a forwarder', () => {
  test('is not held up by another forwarder that is down', async () => {
    const addresses = ['192.0.2.53', '192.0.2.54'].map((ip) => ({ ip, port: 53, tlsName: null }));
    const rest = { hosts: [], prime: false, first: false, tcp: false, tls: false, noCache: false };
    const zone = { ...rest, kind: 'forward' as const, zone: mustParseName('.'), addresses };
    const bench = new Bench({ configuredZones: [zone] });
    bench.serve('192.0.2.53', () => ({ flags: RA }));
    bench.serve('192.0.2.54', SILENT);
    for (let i = 0; i < 6; i++) await bench.run(`x${i}.mail. TXT`);
    const startedMs = milliseconds(bench);
    for (let i = 0; i < 6; i++) expect(endOf(await bench.run(`y${i}.mail. TXT`)).kind).toBe('nodata');
    expect(milliseconds(bench) - startedMs).toBeLessThanOrEqual(2000);
  });
});
