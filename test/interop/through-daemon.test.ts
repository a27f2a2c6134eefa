/**
 * Proves that the programs for people ask the running daemon over its control socket where there is one, show what it holds and what
 * its clients ask, and do without it when it has stopped, with the exit statuses of their pages.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckLines } from '../../src/dane/report.ts';
import type { Report } from '../../src/explain/report.ts';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';
import type { Ended } from './through-daemon-session.ts';

const why = whyNotHere(['openssl', 'nsd', 'knotd', 'dig', 'ip', ...SIGNER_PROGRAMS]);

describe.skipIf(why !== null)(`the running daemon, asked by hawser ${why ?? ''}`, () => {
  let said: Readonly<Record<string, Ended>>;

  beforeAll(() => {
    said = JSON.parse(runInNamespace('through-daemon-session.ts', [], 420_000));
  }, 440_000);

  const of = (name: string): Ended => said[name] as Ended;
  const report = (name: string): Report => JSON.parse(of(name).out) as Report;

  test('says what it holds, since when and why; and that it holds nothing', () => {
    expect(of('nothingHeld')).toMatchObject({
      status: 3,
      err: 'hawser explain: nothing is held about mx.good.org. A IN\n',
    });
    expect(of('cached').status).toBe(0);
    expect(report('cached')).toMatchObject({ isCached: true, status: 'secure' });
    expect(report('cached').held[0]).toMatchObject({
      what: 'answer to mx.good.org. A IN, NOERROR',
      since: expect.any(Number),
    });
  });

  test('explains: bogus with who must act, unsigned, denied with its proof', () => {
    expect(of('bogus').status).toBe(1);
    expect(of('bogus').out).toMatch(/Who must act: whoever runs the servers of the zone bogus\.org\..*\nWhat to do: /);
    expect(of('unsigned').status).toBe(2);
    expect(report('unsigned').zones.at(-1)?.noDsProof?.isComplete).toBe(true);
    expect(of('denied').status).toBe(0);
    expect(of('denied').out).toMatch(/What the proof says:\n {2}nothing\.good\.org\. does not exist\n/);
  });

  test('draws the same graph by both programs', () => {
    expect(of('dot').out).toMatch(/^digraph chain \{/);
    const bare = (text: string): string => text.replaceAll(/until [^\\]+/g, '');
    expect(bare(of('controlDot').out)).toBe(bare(of('dot').out));
  });

  test('tells what would hold later, by resolving itself', () => {
    expect(of('later').status).toBe(1);
    expect(report('later')).toMatchObject({ status: 'bogus', judgedAt: { by: 'asked' } });
  });

  test('traces, each step with its question, and ends with the verdict', () => {
    const steps = of('trace')
      .out.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(of('trace').status).toBe(0);
    expect(steps.at(-1)).toMatchObject({ kind: 'ended', status: 'secure' });
    expect(steps).toContainEqual(expect.objectContaining({ kind: 'response', question: 'chain.org. MX IN' }));
    expect(of('traceText').status).toBe(1);
    expect(of('traceText').out.trim().split('\n').at(-1)).toMatch(/^NOERROR bogus, /);
    expect(of('traceOwn').status).toBe(0);
    expect(of('traceOwn').out).toContain(' over udp: referral');
  });

  test('shows the queries of its clients, of this domain only', () => {
    expect(of('follow')).toMatchObject({ status: 0, err: '' });
    expect(of('follow').out).toMatch(/ mx\.good\.org\. A IN: NOERROR.*\n.* new\.good\.org\. A IN: NXDOMAIN/);
    expect(of('follow').out).not.toContain('none.org');
  });

  test('gives the answers of a DANE check', () => {
    const checks = JSON.parse(of('check').out) as readonly CheckLines[];
    expect(of('check').status).toBe(1);
    expect(checks.map(({ name, end }) => [name, end])).toEqual([
      ['good.org', 'good'],
      ['bogus.org', 'failed'],
    ]);
    const { reason, remedy } = report('bogusReport');
    expect(reason).toMatch(/^no-signature/);
    expect(checks[1]?.hosts[0]?.tlsa?.why).toBe(`${reason}. ${remedy?.text}`);
  });

  test('leads a roll-over, and says of a bogus set what explain says', () => {
    const good = of('rollover good.org');
    expect(good).toMatchObject({ status: 1, err: '' });
    expect(good.out).toMatch(/: current yes, next no, TTL \d+\nvalidated: secure\n/);
    const { reason, remedy } = report('bogusReport');
    const bogus = of('rollover bogus.org');
    expect(bogus).toMatchObject({ status: 3, err: '' });
    expect(bogus.out).toContain(`validated: bogus (${reason}. ${remedy?.text})\n`);
    expect(bogus.out).toContain('nothing is safe now: ');
  });

  test('when it has stopped is missed only by who asked for it', () => {
    expect(of('stopped')).toMatchObject({ status: 3, out: '' });
    expect(of('stopped').err).toContain('no running daemon answers');
    expect(of('followStopped').status).toBe(3);
    expect(of('alone').status).toBe(0);
    expect(report('alone').servers.length).toBeGreaterThan(2);
    expect(of('clash')).toMatchObject({ status: 3, out: '' });
  });
});
