/**
 * Proves that the page works in a real browser: the generator gives openssl's digests and asks nobody, checks and explanations say
 * of real mail servers what the commands say, health counts what clients asked; that all can be reached by keyboard, has names
 * for a screen reader, fits a phone, and breaks no rule of its own strict policy.
 */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['chromium', 'curl', 'postfix', 'openssl', 'nsd', 'knotd', 'dig', 'ip', ...SIGNER_PROGRAMS]);
const DATA = join(PROJECT, 'test/data/dane');

type Texts = Readonly<Record<string, string>>;

interface Said {
  readonly address: string;
  readonly afterOpening: string;
  readonly stops: readonly string[];
  readonly records: Texts;
  readonly requestsOfGenerator: readonly string[];
  readonly checks: Texts;
  readonly explained: { readonly good: string; readonly bogus: string };
  readonly healthText: string;
  readonly withoutToken: string;
  readonly byCommand: { readonly check: string; readonly explain: string };
  readonly byItself: { readonly check: string; readonly explain: string };
  readonly bySocket: Readonly<Record<string, unknown>>;
  readonly refused: string;
  readonly countedHosts: string | null;
  readonly over: Readonly<Record<string, readonly number[]>>;
  readonly nameless: Readonly<Record<string, readonly string[]>>;
  readonly errors: readonly string[];
  readonly listed: string;
}

function openssl(script: string): string {
  return execFileSync('sh', ['-c', script], {
    encoding: 'utf8',
    cwd: DATA,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

const OF_KEY: Texts = {
  'leaf.pem': 'openssl x509 -in leaf.pem -noout -pubkey | openssl pkey -pubin -outform DER',
  'leaf.key': 'openssl pkey -in leaf.key -pubout -outform DER',
  'leaf.csr': 'openssl req -in leaf.csr -noout -pubkey | openssl pkey -pubin -outform DER',
  'weak-rsa.pem': 'openssl x509 -in weak-rsa.pem -noout -pubkey | openssl pkey -pubin -outform DER',
};

describe.skipIf(why !== null)(`the page ${why ?? ''}`, () => {
  let said: Said;

  beforeAll(() => {
    said = JSON.parse(runInNamespace('page-session.ts', [], 400_000)) as Said;
  }, 420_000);

  describe('the generator', () => {
    test.each(Object.entries(OF_KEY))("makes openssl's digests of %s", (file, command) => {
      const digest = (kind: string): string =>
        openssl(`${command} | openssl dgst -${kind} -r | cut -d' ' -f1`).toUpperCase();
      const line = '_25._tcp.mx.example.test. 3600 IN TLSA';
      expect(said.records[`${file} 3 1 1`]).toBe(`${line} 3 1 1 ${digest('sha256')}`);
      expect(said.records[`${file} 3 1 2`]).toBe(`${line} 3 1 2 ${digest('sha512')}`);
      expect(said.records[`${file} 3 1 0`]).toBe(
        `${line} 3 1 0 ${openssl(`${command} | xxd -p | tr -d '\\n'`).toUpperCase()}`,
      );
    });

    test('takes the issuer of a chain, and the whole certificate', () => {
      const issuer = openssl(
        'openssl x509 -in intermediate.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r',
      );
      expect(said.records['fullchain.pem 2 1 1']?.toLowerCase()).toContain(`2 1 1 ${issuer.split(' ')[0]}`);
      const whole = openssl('openssl x509 -in leaf.pem -outform DER | openssl dgst -sha256 -r');
      expect(said.records['leaf.pem 3 0 1']?.toLowerCase()).toContain(`3 0 1 ${whole.split(' ')[0]}`);
      expect(said.records['leaf.pem 2 1 1']).toContain('give a chain file');
      expect(said.records['leaf.key 3 0 1']).toContain('a key has no certificate');
    });

    test('asks nobody: nothing leaves the page', () => {
      expect(said.requestsOfGenerator).toEqual([]);
    });
  });

  test.each([
    ['good.org', 'DANE works', '✓ delivered “?Verified TLS connection established'],
    ['chain.org', 'DANE works', 'matched at depth 1 as DANE-TA'],
    ['wrong.org', 'DANE is broken', 'Server certificate not verified'],
    ['plain.org', 'DANE is broken', 'TLS is required, but was not offered'],
    ['bogus.org', 'DANE is broken', 'TLSA lookup error for mx.bogus.org:25'],
    ['unsigned.org', 'no DANE', 'addresses of mx.unsigned.org. are not signed'],
    ['none.org', 'no DANE', 'has none, which is proven'],
    ['mx.good.org:25', 'DANE works', 'DANE verifies it'],
  ])('the check of %s says %s', (target, end, words) => {
    expect(said.checks[target]).toContain(`${target}: ${end}`);
    expect(said.checks[target]).toMatch(new RegExp(words));
    expect(said.checks[target]).toMatch(/(\d+) of \1 steps done/);
  });

  test('what is no domain is said to be none', () => {
    expect(said.checks['a..b']).toContain('not a domain or HOST:PORT: a..b');
  });

  test('explain shows the chain, and who must mend what is broken', () => {
    expect(said.explained.good).toContain('_25._tcp.mx.good.org. TLSA IN: NOERROR, secure');
    expect(said.explained.good).toMatch(/org\. secure[\s\S]*good\.org\. secure/);
    expect(said.explained.bogus).toContain('Who must act: whoever runs the servers of the zone bogus.org.');
  });

  test('health counts what was asked, and lists bogus names with why, as hawser-control does', () => {
    expect(said.healthText).toMatch(/from the cache\s+\d/);
    expect(said.healthText).toMatch(/_25\._tcp\.mx\.bogus\.org\. TLSA\s+no-signature: /);
    expect(said.listed).toMatch(/^_25\._tcp\.mx\.bogus\.org\. TLSA \d+ \d+ no-signature: /);
    expect(said.healthText).toMatch(/\d+ ok, \d+ warnings, \d+ failures/);
  });

  test('the token leaves the address bar, and without it only the generator works', () => {
    expect(said.address).toMatch(/#token=[0-9a-f]{32}$/);
    expect(said.afterOpening).not.toContain('token');
    expect(said.withoutToken).toContain('This part needs the token');
  });

  test('`hawser web` says the same, with the daemon and by itself', () => {
    for (const { check, explain } of [said.byCommand, said.byItself]) {
      expect(check).toContain('good.org: DANE works');
      expect(explain).toContain('NOERROR, secure');
    }
  });

  test('on a unix socket it is for its owner alone, by whatever port leads there, with the token', () => {
    expect(said.bySocket).toEqual({
      said: 'http://localhost:8153/#token=TOKEN after ssh -L 8153:PATH HOST',
      ...{ mode: 0o660, own: 200, foreign: 421, withoutToken: 401, withToken: 200 },
    });
  });

  test('counts what it refuses, for monitoring', () => {
    expect(said.refused).toContain('this page is served to localhost');
    expect(said.countedHosts).toBe('1');
  });

  test('all can be reached by keyboard, in the order that is seen', () => {
    const wanted = [
      'TLSA record',
      'DANE check',
      'Explain',
      'Health',
      'current',
      'current-file',
      'host',
      'port',
      'protocol',
    ];
    expect(said.stops.slice(0, wanted.length)).toEqual(wanted);
  });

  test('every control has a name, and every view fits a phone, light and dark', () => {
    for (const view of ['tlsa', 'check', 'explain', 'health']) {
      expect(said.nameless[view], view).toEqual([]);
      expect(said.over[view], view).toEqual([0, 0, 0, 0]);
    }
  });

  test('the browser has nothing to complain of, its policy among it', () => {
    expect(said.errors).toEqual([]);
  });
});
