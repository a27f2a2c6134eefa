/**
 * Proves that a real Exim (Debian's exim4-daemon-heavy) with Hawser as its only resolver verifies by DANE what it should, defers
 * what it must not deliver, and stays opportunistic where there is no DANE; and that `hawser dane check` says the same. With a second
 * resolver that does not validate, DANE is lost without a word, and the check through that one says so.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckLines } from '../../src/dane/report.ts';
import { findExim } from './exim.ts';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const exim = findExim();
const needed = [...(exim === null ? ['exim4'] : []), 'postfix', 'unbound', 'openssl', 'nsd', 'knotd', 'dig', 'ip'];
const why = whyNotHere([...needed, ...SIGNER_PROGRAMS]);

interface Said {
  /** Log lines of each domain's message. */
  readonly tried: Readonly<Record<string, string>>;
  readonly required: Readonly<Record<string, string>>;
  readonly checked: readonly CheckLines[];
  /** The same with a silent resolver before one that does not validate. */
  readonly astray: Readonly<Record<string, string>>;
  readonly blind: readonly CheckLines[];
}

const VERIFIED = / => .* CV=dane /;
const UNVERIFIED = / => .* CV=no /;

/** What Exim must do where DANE is tried, and where it is required; and how the check must end. */
const EXPECTED: readonly (readonly [string, RegExp, RegExp, CheckLines['end']])[] = [
  ['good.org', VERIFIED, VERIFIED, 'good'],
  ['rollover.org', VERIFIED, VERIFIED, 'good'],
  ['chain.org', VERIFIED, VERIFIED, 'good'],
  ['alias.org', VERIFIED, VERIFIED, 'good'],
  ['tlsa-alias.org', VERIFIED, VERIFIED, 'good'],
  ['hosted.org', VERIFIED, VERIFIED, 'good'],
  ['implicit.org', VERIFIED, VERIFIED, 'good'],
  ['wrong.org', / == .*certificate verification failed/, / == .*certificate verification failed/, 'failed'],
  ['othername.org', / == .*certificate verification failed/, / == .*certificate verification failed/, 'failed'],
  ['plain.org', / == .*did not offer TLS support/, / == .*did not offer TLS support/, 'failed'],
  ['bogus.org', / == .*DANE error: tlsa lookup DEFER/, / == .*DANE error: tlsa lookup DEFER/, 'failed'],
  ['unsigned.org', UNVERIFIED, / \*\* .*lookup not DNSSEC/, 'no-dane'],
  ['none.org', UNVERIFIED, / \*\* .*tlsa lookup FAIL/, 'no-dane'],
  ['unsigned-mx.org', UNVERIFIED, / \*\* .*lookup not DNSSEC/, 'no-dane'],
  ['unsigned-host.org', UNVERIFIED, / \*\* .*lookup not DNSSEC/, 'no-dane'],
  // Records that mail does not use: TLS without authentication (RFC 7672 §2.2), also where DANE is required.
  ['pkix.org', UNVERIFIED, UNVERIFIED, 'no-dane'],
  ['null.org', / \*\* /, / \*\* /, 'no-dane'],
  // Exim asks no further than an alias that leads out of signed zones; Postfix and RFC 7672 §2.2.2 ask at the alias itself.
  ['alias-out.org', UNVERIFIED, / \*\* .*lookup not DNSSEC/, 'good'],
];

describe.skipIf(why !== null)(`Exim ${why ?? ''}`, () => {
  let said: Said;

  beforeAll(() => {
    said = JSON.parse(runInNamespace('exim-session.ts', [], 110_000)) as Said;
  }, 115_000);

  test.each(EXPECTED)('%s', (domain, tried, required, end) => {
    expect(said.tried[domain]).toMatch(tried);
    expect(said.required[domain]).toMatch(required);
    expect(said.checked.find(({ name }) => name === domain)?.end).toBe(end);
  });

  test.each(['good.org', 'wrong.org', 'bogus.org'])(
    'with a second resolver that does not validate, mail for %s goes out unverified, and the check through it says no DANE',
    (domain) => {
      expect(said.astray[domain]).toMatch(UNVERIFIED);
      expect(said.blind.find(({ name }) => name === domain)?.end).toBe('no-dane');
    },
  );
});
