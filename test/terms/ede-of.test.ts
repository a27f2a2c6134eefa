/** Proves that every reason has an extended error with the right code, and a text that can be searched for by its kind. */

import { describe, expect, test } from 'vitest';
import { edeOf, edesOfFailure } from '../../src/terms/ede-of.ts';
import type { Failure } from '../../src/terms/failure.ts';
import type { BogusReason, IndeterminateReason, InsecureReason } from '../../src/terms/verdict.ts';

const where = { zone: 'test.', record: 'www.test. A' };

/** One of each kind: a kind without a row does not compile. */
const BOGUS: { readonly [K in BogusReason['kind']]: readonly [Extract<BogusReason, { kind: K }>, number] } = {
  'signature-expired': [{ kind: 'signature-expired', keyTag: 7, expiredAt: 1_700_000_000, ...where }, 7],
  'signature-not-yet-valid': [{ kind: 'signature-not-yet-valid', keyTag: 7, validFrom: 1_700_000_000, ...where }, 8],
  'expired-before-valid': [{ kind: 'expired-before-valid', keyTag: 7, ...where }, 25],
  'signature-wrong': [{ kind: 'signature-wrong', keyTag: 7, algorithm: 8, ...where }, 6],
  'signature-malformed': [{ kind: 'signature-malformed', ...where }, 6],
  'signer-not-allowed': [{ kind: 'signer-not-allowed', signer: 'evil.', ...where }, 6],
  'label-count-wrong': [{ kind: 'label-count-wrong', keyTag: 7, ...where }, 6],
  'no-signature': [{ kind: 'no-signature', ...where }, 10],
  'no-matching-key': [{ kind: 'no-matching-key', keyTag: 7, ...where }, 9],
  'no-trusted-signature': [{ kind: 'no-trusted-signature', keyTag: 7, ...where }, 10],
  'key-unusable': [{ kind: 'key-unusable', keyTag: 7, algorithm: 8, ...where }, 6],
  'algorithm-missing': [{ kind: 'algorithm-missing', algorithm: 8, ...where }, 10],
  'no-dnskey': [{ kind: 'no-dnskey', zone: 'test.' }, 9],
  'no-dnskey-matches-ds': [{ kind: 'no-dnskey-matches-ds', zone: 'test.', keyTag: 7 }, 9],
  'zone-key-bit-missing': [{ kind: 'zone-key-bit-missing', zone: 'test.', keyTag: 7 }, 11],
  'key-revoked': [{ kind: 'key-revoked', zone: 'test.', keyTag: 7 }, 6],
  'key-protocol-wrong': [{ kind: 'key-protocol-wrong', zone: 'test.', keyTag: 7 }, 9],
  'denial-missing': [{ kind: 'denial-missing', ...where }, 12],
  'denial-wrong': [{ kind: 'denial-wrong', how: 'type-exists', ...where }, 6],
  'wildcard-unproven': [{ kind: 'wildcard-unproven', ...where }, 12],
  'wildcard-not-allowed': [{ kind: 'wildcard-not-allowed', ...where }, 6],
  'alias-not-synthesised': [{ kind: 'alias-not-synthesised', ...where }, 6],
  'too-much-work': [{ kind: 'too-much-work', limit: 'signature-checks', ...where }, 6],
  'chain-broken-above': [{ kind: 'chain-broken-above', zone: 'test.', of: { kind: 'no-dnskey', zone: 'test.' } }, 9],
};

const INSECURE: {
  readonly [K in InsecureReason['kind']]: readonly [Extract<InsecureReason, { kind: K }>, number | null];
} = {
  'no-ds-proven': [{ kind: 'no-ds-proven', zone: 'test.' }, null],
  'opt-out': [{ kind: 'opt-out', zone: 'test.' }, null],
  'negative-anchor': [{ kind: 'negative-anchor', zone: 'test.' }, 33],
  'algorithm-unsupported': [{ kind: 'algorithm-unsupported', zone: 'test.', algorithms: [1] }, 1],
  'digest-unsupported': [{ kind: 'digest-unsupported', zone: 'test.', digests: [3] }, 2],
  'nsec3-iterations-high': [{ kind: 'nsec3-iterations-high', zone: 'test.', iterations: 500 }, 27],
  'signature-not-signed': [{ kind: 'signature-not-signed', zone: 'test.' }, null],
  'no-anchor': [{ kind: 'no-anchor', zone: 'test.' }, null],
};

const INDETERMINATE: readonly (readonly [IndeterminateReason, number])[] = [
  [{ kind: 'chain-data-unreachable', zone: 'test.', data: 'DNSKEY', how: 'no-answer' }, 22],
  [{ kind: 'chain-data-unreachable', zone: 'test.', data: 'DNSKEY', how: 'network-error' }, 23],
  [{ kind: 'chain-data-unreachable', zone: 'test.', data: 'DNSKEY', how: 'refused' }, 9],
  [{ kind: 'chain-data-unreachable', zone: 'test.', data: 'DS', how: 'refused' }, 23],
  [{ kind: 'limit', limit: 'signature-checks' }, 5],
];

const FAILURES: readonly (readonly [Failure, readonly number[]])[] = [
  [{ kind: 'no-reachable-server', zone: 'test.', networkError: false, tried: '192.0.2.1' }, [22]],
  [{ kind: 'no-reachable-server', zone: 'test.', networkError: true, tried: '' }, [23]],
  [{ kind: 'all-servers-lame', zone: 'test.', tried: '' }, [22]],
  [{ kind: 'no-server-addresses', zone: 'test.' }, [22]],
  [{ kind: 'limit', limit: 'referrals' }, [0]],
  [{ kind: 'alias-loop', at: 'a.test.' }, [0]],
  [{ kind: 'dependency-cycle' }, [22]],
  [{ kind: 'deadline' }, [22]],
  [{ kind: 'cancelled' }, [0]],
  [{ kind: 'overload' }, [0]],
  [{ kind: 'cached-failure', of: { kind: 'deadline' } }, [22, 13]],
];

describe('the extended error of a reason', () => {
  test.each(Object.values(BOGUS).map(([why, code]) => [why.kind, why, code] as const))('%s', (kind, why, code) => {
    const error = edeOf({ status: 'bogus', why });
    expect(error?.code).toBe(code);
    expect(error?.text).toContain(kind);
    expect(error?.text).toContain('test.');
  });
  test.each(Object.values(INSECURE).map(([why, code]) => [why.kind, why, code] as const))('%s', (kind, why, code) => {
    const error = edeOf({ status: 'insecure', why });
    expect(error?.code ?? null).toBe(code);
    if (error !== null) expect(error.text).toContain(kind);
  });
  test.each(INDETERMINATE)('%o', (why, code) => {
    const error = edeOf({ status: 'indeterminate', why });
    expect(error?.code).toBe(code);
    expect(error?.text).toContain(why.kind);
  });
  test('secure data has none', () => {
    expect(edeOf({ status: 'secure' })).toBeNull();
  });
});

describe('the extended errors of a failure', () => {
  test.each(FAILURES)('%o', (why, codes) => {
    const errors = edesOfFailure(why);
    expect(errors.map(({ code }) => code)).toEqual(codes);
    expect(errors[0]?.text).toContain(why.kind === 'cached-failure' ? why.of.kind : why.kind);
  });
});

test('the text names record, key tag and time', () => {
  const [why] = BOGUS['signature-expired'];
  expect(edeOf({ status: 'bogus', why })?.text).toBe(
    'signature-expired: www.test. A in zone test.: signature by key 7 expired 2023-11-14T22:13:20Z',
  );
});
