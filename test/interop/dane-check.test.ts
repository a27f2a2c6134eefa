/**
 * Proves that `hawser dane check` says of a domain what a real Postfix does with mail for it, in the words of its log: at levels
 * dane and dane-only, with answers of its own resolver and with those of the daemon.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckLines } from '../../src/dane/report.ts';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['postfix', 'openssl', 'nsd', 'knotd', 'dig', 'ip', ...SIGNER_PROGRAMS]);

interface Said {
  /** The line with `status=` of each recipient. */
  readonly ends: Readonly<Record<string, string>>;
  /** All that the sender logged. */
  readonly log: string;
  readonly own: readonly CheckLines[];
  readonly asked: readonly CheckLines[];
  readonly words: string;
  readonly statuses: Readonly<Record<string, number>>;
  readonly nagios: { readonly status: number; readonly text: string };
  readonly live: string;
  readonly tlsa: string;
  /** What examples/send-mail.ts said of each domain's host. */
  readonly sent: Readonly<Record<string, { readonly status: number; readonly text: string }>>;
  /** What the receiving Postfix logged. */
  readonly received: string;
  /** What examples/verify-mail-host.ts said of each host. */
  readonly verified: Readonly<Record<string, { readonly status: number; readonly text: string }>>;
}

/** What Postfix must do, so that both sides cannot be wrong together: at `dane`, and at `dane-only`. */
const EXPECTED: readonly (readonly [string, RegExp, RegExp, CheckLines['end']])[] = [
  ['good.org', /status=sent/, /status=sent/, 'good'],
  ['rollover.org', /status=sent/, /status=sent/, 'good'],
  ['wrong.org', /status=deferred/, /status=deferred/, 'failed'],
  ['plain.org', /deferred \(TLS is required/, /deferred \(TLS is required/, 'failed'],
  ['bogus.org', /deferred \(TLSA lookup error/, /deferred \(TLSA lookup error/, 'failed'],
  ['unsigned.org', /status=sent/, /deferred/, 'no-dane'],
  ['none.org', /status=sent/, /deferred/, 'no-dane'],
  ['chain.org', /status=sent/, /status=sent/, 'good'],
  ['othername.org', /status=deferred/, /status=deferred/, 'failed'],
  ['alias.org', /status=sent/, /status=sent/, 'good'],
  ['tlsa-alias.org', /status=sent/, /status=sent/, 'good'],
  ['pkix.org', /status=sent/, /deferred/, 'no-dane'],
  ['hosted.org', /status=sent/, /status=sent/, 'good'],
  ['unsigned-mx.org', /status=sent/, /deferred/, 'no-dane'],
  ['unsigned-host.org', /status=sent/, /deferred/, 'no-dane'],
  ['alias-out.org', /status=sent/, /status=sent/, 'good'],
  ['implicit.org', /status=sent/, /status=sent/, 'good'],
  ['null.org', /status=bounced/, /status=bounced/, 'no-dane'],
];

const STATUS = { delivered: 'sent', deferred: 'deferred', bounced: 'bounced' } as const;

describe.skipIf(why !== null)(`hawser dane check ${why ?? ''}`, () => {
  let said: Said;

  beforeAll(() => {
    said = JSON.parse(runInNamespace('dane-check-session.ts', [], 110_000)) as Said;
  }, 115_000);

  const checkOf = (domain: string): CheckLines => {
    const check = said.own.find(({ name }) => name === domain);
    if (check === undefined) throw new Error(`no check of ${domain}`);
    return check;
  };

  describe.each(EXPECTED)('%s', (domain, atDane, atDaneOnly, end) => {
    test('Postfix does what it must', () => {
      expect(said.ends[`dane@${domain}`]).toMatch(atDane);
      expect(said.ends[`only@${domain}`]).toMatch(atDaneOnly);
    });

    test('the check says the same', () => {
      const { hosts, mail, end: found } = checkOf(domain);
      expect(found).toBe(end);
      for (const level of ['dane', 'daneOnly'] as const) {
        const fate = mail?.postfix ?? hosts[0]?.postfix?.[level];
        if (fate == null) throw new Error('no fate');
        const line = said.ends[`${level === 'dane' ? 'dane' : 'only'}@${domain}`] ?? '';
        expect(line).toContain(`status=${STATUS[fate.fate]}`);
        // Words of what is not delivered are in the line itself; others are on a line before it.
        if (fate.fate === 'delivered') expect(said.log).toContain(fate.words);
        else expect(line).toContain(fate.words);
      }
    });

    test('through the daemon it is the same', () => {
      const asked = said.asked.find(({ name }) => name === domain);
      expect(asked?.end).toBe(end);
      const verdicts = ({ hosts }: CheckLines) => hosts.map(({ verdict, postfix }) => ({ verdict, postfix }));
      expect(asked === undefined ? null : verdicts(asked)).toEqual(verdicts(checkOf(domain)));
    });
  });

  test('exit status and the line for Nagios', () => {
    expect(said.statuses).toEqual({ 'good.org': 0, 'wrong.org': 1, 'none.org': 2, 'null.org': 2 });
    expect(said.nagios.status).toBe(2);
    expect(said.nagios.text).toMatch(
      /^DANE CRITICAL - good\.org DANE works, wrong\.org DANE is broken \| good=1 failed=1/,
    );
  });

  test('says why, and how it knows', () => {
    expect(said.words).toContain('the certificate holds none of the names mx.othername.org, othername.org');
    expect(said.words).toMatch(/proof: \S+\.none\.org\. NSEC3 /);
    expect(said.words).toContain('ready for a roll-over');
    expect(said.words).toContain('an MX record must not name an alias');
    expect(said.words).toContain('all 1 servers of the zone show the same set');
    expect(said.words).toMatch(/TLSA of mx\.bogus\.org: .*should be signed and is not/);
  });

  test('hawser tlsa --live makes the record of the host', () => {
    expect(said.live.toLowerCase().trim()).toBe(`_25._tcp.mx.good.org. 3600 in tlsa ${said.tlsa}`);
  });

  test.each([
    ['good.org', 0, /^250 /],
    ['chain.org', 0, /^250 /],
    ['none.org', 0, /^250 /],
    ['unsigned.org', 0, /^250 /],
    ['wrong.org', 1, /^EDANE: .*does not match/],
    ['plain.org', 1, /^EDANE: .*does not offer STARTTLS/],
    ['bogus.org', 1, /^EDANE: .*no-signature/],
  ])('nodemailer over the library sends to %s only what may be sent', (domain, status, words) => {
    expect(said.sent[domain]?.text).toMatch(words);
    expect(said.sent[domain]?.status).toBe(status);
    expect(said.received.includes(`to=<nodemailer@${domain}>`)).toBe(status === 0);
  });

  test.each([
    ['mx.good.org', 'verified'],
    ['mx.chain.org', 'verified'],
    ['mx.alias.org', 'verified'],
    ['mx.wrong.org', 'mismatch'],
    ['mx.none.org', 'no-dane'],
    ['mx.bogus.org', 'lookup-failed'],
  ])('the library says the same: %s %s', (host, kind) => {
    expect(JSON.parse(said.verified[host]?.text ?? '{}')).toMatchObject({ kind });
    expect(said.verified[host]?.status).toBe(kind === 'verified' ? 0 : 1);
  });
});
