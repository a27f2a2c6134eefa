/**
 * Proves that every reason and every failure names whose fault it is, with the zone and what to do. A kind without a row does
 * not compile. Leaves to explain.test.ts that the reasons come out of whole resolutions.
 */

import { describe, expect, test } from 'vitest';
import {
  bogusRemedy,
  CULPRIT_TEXT,
  type Culprit,
  failureRemedy,
  indeterminateRemedy,
  insecureRemedy,
  whoText,
} from '../../src/explain/remedy.ts';
import { DENIAL_FAILURE_TEXT, type DenialFailure } from '../../src/terms/denial-outcome.ts';
import type { Failure } from '../../src/terms/failure.ts';
import { LIMIT_TEXT, type Limit } from '../../src/terms/limit.ts';
import type { BogusReason, IndeterminateReason, InsecureReason } from '../../src/terms/verdict.ts';
import { expectKinds, kindsOf } from '../reasons/vocabulary.ts';
import { questionFrom } from '../support/records.ts';

const NOW = 1_767_225_600;
const DAY = 86_400;
const OPTIONS = { now: NOW, anchored: new Set(['.', 'island.test.']), clock: 'own' } as const;

type Facts<Reason extends { readonly kind: string }, Kind> = Omit<Extract<Reason, { readonly kind: Kind }>, 'kind'>;
/** Facts of one reason, who is to blame, words that the advice must have. */
type Row<Facts> = readonly [Facts, Culprit, RegExp];

const at = { zone: 'test.', record: 'www.test. A' };

const BOGUS: { readonly [K in BogusReason['kind']]: Row<Facts<BogusReason, K>> } = {
  'signature-expired': [
    { ...at, keyTag: 7, expiredAt: NOW - 5 * DAY },
    'zone',
    /www\.test\. A ran out 5 d 0 h ago.*sign again/,
  ],
  'signature-not-yet-valid': [{ ...at, keyTag: 7, validFrom: NOW + 3600 }, 'clock', /in 1 h 0 min.*clock of this host/],
  'expired-before-valid': [{ ...at, keyTag: 7 }, 'zone', /ends before it begins/],
  'signature-wrong': [{ ...at, keyTag: 7, algorithm: 13 }, 'zone', /key 7 of test\..*changed after signing/],
  'signature-malformed': [at, 'server', /damaged/],
  'signer-not-allowed': [{ ...at, signer: 'evil.' }, 'zone', /in the name of evil\..*only test\./],
  'label-count-wrong': [{ ...at, keyTag: 7 }, 'zone', /count of labels/],
  'no-signature': [at, 'server', /without signature.*strips DNSSEC/],
  'no-matching-key': [{ ...at, keyTag: 7 }, 'zone', /key 7, which test\. no longer publishes/],
  'key-unusable': [{ ...at, keyTag: 7, algorithm: 13 }, 'zone', /Key 7 of test\./],
  'algorithm-missing': [{ ...at, algorithm: 13 }, 'zone', /ECDSAP256SHA256.*harden-algo-downgrade/],
  'no-dnskey': [{ zone: 'test.' }, 'delegation', /DS for test\..*registrar/],
  'no-dnskey-matches-ds': [{ zone: 'test.', keyTag: 7 }, 'delegation', /key 7\) fits no key of test\..*registrar/],
  'zone-key-bit-missing': [{ zone: 'test.', keyTag: 7 }, 'zone', /256 or 257/],
  'key-revoked': [{ zone: 'test.', keyTag: 7 }, 'delegation', /revoked key 7/],
  'key-protocol-wrong': [{ zone: 'test.', keyTag: 7 }, 'zone', /protocol field/],
  'denial-missing': [at, 'server', /no proof \(NSEC or NSEC3\)/],
  'denial-wrong': [{ ...at, how: 'name-not-covered' }, 'zone', /not complete.*sign the zone anew/],
  'wildcard-unproven': [at, 'server', /wildcard of test\. without proof/],
  'wildcard-not-allowed': [at, 'server', /made from a wildcard/],
  'alias-not-synthesised': [at, 'server', /CNAME at www\.test\. A/],
  'too-much-work': [{ ...at, limit: 'signature-checks' }, 'zone', /publish fewer/],
  'chain-broken-above': [
    { zone: 'test.', of: { kind: 'no-dnskey-matches-ds', zone: 'test.', keyTag: 7 } },
    'delegation',
    /key 7\) fits no key of test\./,
  ],
};

const INSECURE: { readonly [K in InsecureReason['kind']]: Row<Facts<InsecureReason, K>> } = {
  'no-ds-proven': [{ zone: 'test.' }, 'nobody', /test\. is not signed.*registrar/],
  'opt-out': [{ zone: 'test.' }, 'nobody', /opt-out/],
  'negative-anchor': [{ zone: 'test.' }, 'configuration', /domain-insecure/],
  'algorithm-unsupported': [{ zone: 'test.', algorithms: [5] }, 'zone', /algorithm 5 \(RSASHA1\)/],
  'digest-unsupported': [{ zone: 'test.', digests: [3] }, 'delegation', /digest type 2/],
  'nsec3-iterations-high': [{ zone: 'test.', iterations: 500 }, 'zone', /iterations to 0.*500/],
  'signature-not-signed': [{ zone: 'test.' }, 'nobody', /instead of RRSIG/],
  'no-anchor': [{ zone: 'test.' }, 'configuration', /auto-trust-anchor-file/],
};

const INDETERMINATE: { readonly [K in IndeterminateReason['kind']]: Row<Facts<IndeterminateReason, K>> } = {
  'chain-data-unreachable': [
    { zone: 'test.', data: 'DNSKEY', how: 'no-answer' },
    'server',
    /servers of test\. answers.*DNSKEY/,
  ],
  limit: [{ limit: 'nsec3-hashes' }, 'resolver', /nsec3-hashes/],
};

const FAILURES: { readonly [K in Failure['kind']]: Row<Facts<Failure, K>> } = {
  'no-reachable-server': [
    { zone: 'test.', networkError: false, tried: '192.0.2.1' },
    'server',
    /servers of test\. do not answer/,
  ],
  'no-sockets': [{ zone: 'test.' }, 'resolver', /open files/],
  'all-servers-lame': [{ zone: 'test.', tried: '' }, 'server', /do not serve it/],
  'no-server-addresses': [{ zone: 'test.' }, 'delegation', /name server of test\..*glue/],
  limit: [{ limit: 'referrals' }, 'resolver', /referrals/],
  'alias-loop': [{ at: 'a.test.' }, 'zone', /a\.test\. lead in a circle/],
  'dependency-cycle': [{}, 'delegation', /through each other/],
  deadline: [{}, 'server', /too slowly/],
  cancelled: [{}, 'resolver', /ask again/],
  overload: [{}, 'resolver', /num-queries-per-thread/],
  'rate-limited': [{ zone: 'test.' }, 'configuration', /ratelimit/],
  'zone-unusable': [{ zone: 'test.' }, 'configuration', /copy of test\./],
  'cached-failure': [{ of: { kind: 'all-servers-lame', zone: 'test.', tried: '' } }, 'server', /do not serve it/],
};

function rows(table: object): [string, Row<object>][] {
  return Object.entries(table);
}

describe('who must act', () => {
  test('has a row for every kind of the vocabulary', () => {
    expectKinds(Object.keys(BOGUS), kindsOf('verdict.ts', 'BogusReason'));
    expectKinds(Object.keys(INSECURE), kindsOf('verdict.ts', 'InsecureReason'));
    expectKinds(Object.keys(INDETERMINATE), kindsOf('verdict.ts', 'IndeterminateReason'));
    expectKinds(Object.keys(FAILURES), kindsOf('failure.ts', 'Failure'));
  });

  test.each(rows(BOGUS))('bogus: %s', (kind, [facts, culprit, words]) => {
    const remedy = bogusRemedy({ kind, ...facts } as BogusReason, OPTIONS);
    expect(remedy.culprit).toBe(culprit);
    expect(remedy.text).toMatch(words);
  });

  test.each(rows(INSECURE))('insecure: %s', (kind, [facts, culprit, words]) => {
    const remedy = insecureRemedy({ kind, ...facts } as InsecureReason);
    expect(remedy.culprit).toBe(culprit);
    expect(remedy.text).toMatch(words);
  });

  test.each(rows(INDETERMINATE))('indeterminate: %s', (kind, [facts, culprit, words]) => {
    const remedy = indeterminateRemedy({ kind, ...facts } as IndeterminateReason);
    expect(remedy.culprit).toBe(culprit);
    expect(remedy.text).toMatch(words);
  });

  test.each(rows(FAILURES))('failure: %s', (kind, [facts, culprit, words]) => {
    const remedy = failureRemedy({ kind, ...facts } as Failure);
    expect(remedy.culprit).toBe(culprit);
    expect(remedy.text).toMatch(words);
  });

  test('blames the own configuration where the anchor is what does not fit', () => {
    for (const kind of ['no-dnskey-matches-ds', 'key-revoked'] as const) {
      const remedy = bogusRemedy({ kind, zone: 'island.test.', keyTag: 7 }, OPTIONS);
      expect(remedy.culprit).toBe('configuration');
      expect(remedy.text).toContain('anchor');
    }
  });

  test('doubts the own clock only where a signature is over for less than a day', () => {
    const reason = (seconds: number): BogusReason => ({
      kind: 'signature-expired',
      ...at,
      keyTag: 7,
      expiredAt: NOW - seconds,
    });
    expect(bogusRemedy(reason(3600), OPTIONS).culprit).toBe('clock');
    expect(bogusRemedy(reason(2 * DAY), OPTIONS).culprit).toBe('zone');
  });

  test('blames servers for denials that their own records contradict', () => {
    expect(bogusRemedy({ kind: 'denial-wrong', how: 'type-exists', ...at }, OPTIONS).culprit).toBe('server');
  });
});

describe('every remedy', () => {
  const all: readonly (readonly [string, { readonly culprit: Culprit; readonly text: string }])[] = [
    ...rows(BOGUS).map(([kind, [facts]]) => [kind, bogusRemedy({ kind, ...facts } as BogusReason, OPTIONS)] as const),
    ...rows(INSECURE).map(([kind, [facts]]) => [kind, insecureRemedy({ kind, ...facts } as InsecureReason)] as const),
    ...rows(FAILURES).map(([kind, [facts]]) => [kind, failureRemedy({ kind, ...facts } as Failure)] as const),
    ...(Object.keys(DENIAL_FAILURE_TEXT) as DenialFailure[]).map(
      (how) => [`denial-wrong ${how}`, bogusRemedy({ kind: 'denial-wrong', how, ...at }, OPTIONS)] as const,
    ),
    ...(Object.keys(LIMIT_TEXT) as Limit[]).map(
      (limit) => [limit, indeterminateRemedy({ kind: 'limit', limit })] as const,
    ),
    ...(['DS', 'DNSKEY'] as const).flatMap((data) =>
      (['no-answer', 'network-error', 'refused'] as const).map(
        (how) =>
          [
            `${data} ${how}`,
            indeterminateRemedy({ kind: 'chain-data-unreachable', zone: 'test.', data, how }),
          ] as const,
      ),
    ),
  ];

  test.each(all)('%s: names who must act, and says what to do in a sentence or two', (_, { culprit, text }) => {
    expect(CULPRIT_TEXT[culprit].length).toBeGreaterThan(5);
    expect(text).toMatch(/^[A-Z`]?.*\.$/s);
    expect(text.length).toBeGreaterThan(40);
    expect(text.length).toBeLessThan(420);
    // Something to do, or a word that nothing need be done.
    expect(text).toMatch(
      /must|should|can |would change|set |ask |look |compare|test |take |raise|wait|bring|allow|see |nothing needs to be done/i,
    );
  });
});

describe('who must act is named', () => {
  const failed = (why: Failure) => ({ kind: 'failed', question: questionFrom('www.test. A'), why }) as const;

  test('with the zone that the reason is about', () => {
    expect(whoText('zone', failed({ kind: 'no-server-addresses', zone: 'test.' }))).toBe(
      'the operator of the zone test.',
    );
    expect(whoText('clock', failed({ kind: 'deadline' } as Failure))).toBe(CULPRIT_TEXT.clock);
    const of: Failure = { kind: 'all-servers-lame', zone: 'lame.test.', tried: '' };
    expect(whoText('server', failed({ kind: 'cached-failure', of }))).toMatch(/the servers of the zone lame\.test\.,/);
  });

  test('as the zone above where its own DS record or server is at fault', () => {
    const reason: BogusReason = {
      kind: 'signature-wrong',
      zone: 'test.',
      record: 'www.test. DS',
      keyTag: 7,
      algorithm: 13,
    };
    expect(bogusRemedy(reason, OPTIONS).culprit).toBe('parent');
    const unreachable = { kind: 'chain-data-unreachable', zone: 'test.', data: 'DS', how: 'no-answer' } as const;
    expect(indeterminateRemedy(unreachable).culprit).toBe('parent');
    expect(whoText('parent', failed({ kind: 'no-server-addresses', zone: 'test.' }))).toBe(
      'the operator of the zone above',
    );
  });
});
