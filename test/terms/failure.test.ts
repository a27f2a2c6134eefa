/** Proves for each failure whom it concerns: who may share it, and whether it is kept. */

import { expect, test } from 'vitest';
import { type Failure, isCallerSpecific, isFromTimeout, isKeptFailure } from '../../src/terms/failure.ts';

const zone = 'a.';
const tried = '';

/** One of each kind: a kind that is missing does not compile. */
const EACH: { readonly [K in Failure['kind']]: Extract<Failure, { readonly kind: K }> } = {
  'no-reachable-server': { kind: 'no-reachable-server', zone, networkError: false, tried },
  'no-sockets': { kind: 'no-sockets', zone },
  'all-servers-lame': { kind: 'all-servers-lame', zone, tried },
  'no-server-addresses': { kind: 'no-server-addresses', zone },
  limit: { kind: 'limit', limit: 'referrals' },
  'alias-loop': { kind: 'alias-loop', at: zone },
  'dependency-cycle': { kind: 'dependency-cycle' },
  deadline: { kind: 'deadline' },
  cancelled: { kind: 'cancelled' },
  overload: { kind: 'overload' },
  'rate-limited': { kind: 'rate-limited', zone },
  'zone-unusable': { kind: 'zone-unusable', zone },
  'cached-failure': { kind: 'cached-failure', of: { kind: 'deadline' } },
};

function kindsWhere(test: (failure: Failure) => boolean): string[] {
  return Object.values<Failure>(EACH)
    .filter(test)
    .map(({ kind }) => kind);
}

test('a client who waited for the work of another starts again after these', () => {
  expect(kindsWhere((failure) => isCallerSpecific(failure, 'client'))).toEqual([
    'no-sockets',
    'dependency-cycle',
    'cancelled',
    'overload',
    'rate-limited',
    'zone-unusable',
  ]);
});

test('a work that waited for another starts again after these: it may have more time and budget left', () => {
  expect(kindsWhere((failure) => isCallerSpecific(failure, 'work'))).toEqual([
    'no-sockets',
    'limit',
    'dependency-cycle',
    'deadline',
    'cancelled',
    'overload',
    'rate-limited',
    'zone-unusable',
  ]);
});

test('a client who asks again meets these for a while (RFC 9520)', () => {
  expect(kindsWhere(isKeptFailure)).toEqual([
    'no-reachable-server',
    'all-servers-lame',
    'no-server-addresses',
    'limit',
    'alias-loop',
    'deadline',
  ]);
});

test('these may have come of a line that was cut', () => {
  expect(kindsWhere(isFromTimeout)).toEqual(['no-reachable-server', 'no-server-addresses', 'limit', 'deadline']);
});
