/** Proves which cached data answers a step: the validator's DS question by a referral's denial, CNAME questions by a DNAME. */

import { expect, test } from 'vitest';
import { DelegationCache } from '../../src/cache/delegation-cache.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { findCachedStep } from '../../src/iterate/cached-step.ts';
import type { IterateParts } from '../../src/iterate/parts.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, rrsetType } from '../../src/wire/rrset.ts';
import type { WorkMode } from '../../src/work/work.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { questionFrom, rankedAt } from '../support/records.ts';

const NOW = 1_767_225_600;
const SERVER = '192.0.2.1@53';

function ranked(owner: string, type: number, rdata: Uint8Array, verdict: Verdict | null = null): RankedRRset {
  const parts = { owner: mustParseName(owner), type, class: CLASS.IN, rdatas: [rdata], signatures: [] };
  return rankedAt(NOW, 60, packRRset(parts), { verdict, server: SERVER });
}

function partsWith(sets: readonly RankedRRset[], denial: readonly RankedRRset[]): IterateParts {
  const clock = new FakeClock(NOW);
  const rrsets = new RRsetCache({ clock, random: new SeededRandom(1), maxBytes: 1 << 20 });
  for (const set of sets) rrsets.store(set);
  const delegations = new DelegationCache({ clock, random: new SeededRandom(1), maxBytes: 1 << 20 });
  const zone = mustParseName('plain.test.');
  const times = { receivedAt: NOW, expiresAt: NOW + 60 };
  delegations.store({ zone, servers: [], source: 'referral', ...times, hasDs: false, denial });
  // Only what a look into the caches needs.
  const options = DEFAULT_ITERATE_OPTIONS;
  return { clock, rrsets, delegations, options, findCached: () => null } as unknown as IterateParts;
}

const nsec = ranked('plain.test.', TYPE.NSEC, Uint8Array.of(0));
const stepFor = (parts: IterateParts, mode: WorkMode, avoid: readonly string[] = []) =>
  findCachedStep(parts, questionFrom('plain.test. DS'), {
    mode,
    avoid: new Set(avoid),
    wholeOnly: false,
  });

test('the denial of a referral answers the validator, expires at once, and is no answer for a client', () => {
  const step = stepFor(partsWith([], [nsec]), 'for-validation');
  expect(step?.kind === 'found' && step.found.end).toMatchObject({ kind: 'nodata', authority: [nsec], expiresAt: NOW });
  expect(stepFor(partsWith([], [nsec]), 'normal')).toBeNull();
  expect(stepFor(partsWith([], []), 'for-validation')).toBeNull();
  expect(stepFor(partsWith([], [nsec]), 'for-validation', [SERVER])).toBeNull();
});

test('a proven DNAME answers a question for the CNAME that it makes; an unproven one does not', () => {
  const question = questionFrom('x.d.test. CNAME');
  const call = { mode: 'normal', avoid: new Set<string>(), wholeOnly: false } as const;
  const target = mustParseName('other.test.');
  const step = findCachedStep(partsWith([ranked('d.test.', TYPE.DNAME, target, SECURE)], []), question, call);
  const types = step?.kind === 'found' ? step.found.end.answer.map(({ rrset }) => rrsetType(rrset)) : [];
  expect(types).toEqual([TYPE.DNAME, TYPE.CNAME]);
  expect(findCachedStep(partsWith([ranked('d.test.', TYPE.DNAME, target)], []), question, call)).toBeNull();
});

test.each(['DS', 'DNSKEY'] as const)(
  "a proven set is a client's whole answer for %s; for what is not proven servers are asked",
  (type) => {
    const question = questionFrom(`plain.test. ${type}`);
    const call = { mode: 'normal', avoid: new Set<string>(), wholeOnly: true } as const;
    const stepWith = (verdict: Verdict | null) =>
      findCachedStep(partsWith([ranked('plain.test.', TYPE[type], new Uint8Array(40), verdict)], []), question, call);
    expect(stepWith(SECURE)?.kind).toBe('found');
    expect(stepWith(null)).toBeNull();
    expect(stepWith({ status: 'insecure', why: { kind: 'no-ds-proven', zone: 'test.' } })).toBeNull();
  },
);
