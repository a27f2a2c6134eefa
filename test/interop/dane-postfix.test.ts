/**
 * Proves the purpose of it all with Postfix's own code: through Hawser it verifies hosts by DANE, stays opportunistic where
 * there is no TLSA record or no signature, and defers mail where the records are bogus.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['posttls-finger', 'unbound', 'openssl', 'nsd', 'knotd', 'dig', 'ip', ...SIGNER_PROGRAMS]);

describe.skipIf(why !== null)(`Postfix ${why ?? ''}`, () => {
  let said: Readonly<Record<string, string>> = {};

  beforeAll(() => {
    said = JSON.parse(runInNamespace('dane-postfix-session.ts', [], 100_000)) as Record<string, string>;
  }, 110_000);

  test.each(['good.org.', 'rollover.org.', 'alias.org.'])('verifies the host of %s by its TLSA record', (zone) => {
    expect(said[zone]).toContain('Matched DANE EE certificate');
    expect(said[zone]).toContain('Verified TLS connection established');
  });

  test('does not trust a certificate that no TLSA record matches', () => {
    expect(said['wrong.org.']).toContain('no matching DANE TLSA records');
    expect(said['wrong.org.']).not.toContain('Verified');
  });

  test.each(['none.org.', 'unsigned.org.'])(
    'takes TLS as it comes for %s, without DANE and without complaint',
    (zone) => {
      expect(said[zone]).toContain('Untrusted TLS connection established');
      expect(said[zone]).not.toContain('DANE');
      expect(said[zone]).not.toContain('DNSSEC validation may be unavailable');
    },
  );

  test('delivers without DANE through a second resolver that does not validate while the first is silent', () => {
    expect(said.astray).toContain('Untrusted TLS connection established to mx.wrong.org');
    expect(said.astray).not.toContain('no matching DANE TLSA records');
  });

  test('defers mail for a host whose TLSA record is bogus', () => {
    expect(said['bogus.org.']).toContain('TLSA lookup error for mx.bogus.org:25');
    expect(said['bogus.org.']).not.toContain('TLS connection established');
  });
});
