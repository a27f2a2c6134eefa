/** Proves what is kept of the caches and what is not, where something that they rest on has changed. */

import { describe, expect, test } from 'vitest';
import { forgetData, forgetServersOfZone, keptForOptionChange, keptForReload } from '../../src/cache/forget.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { makeCaches } from '../../src/daemon/caches.ts';
import { TRUST } from '../../src/terms/trust.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

const OWNER = mustParseName('mx.example.');
const ZONE = mustParseName('example.');

function filled() {
  const { clock, random } = makeFakePorts();
  const caches = makeCaches(defaultConfig(), { clock, random });
  const expiresAt = clock.unixSeconds() + 300;
  const rdatas = [Uint8Array.of(192, 0, 2, 1)];
  const rrset = packRRset({ owner: OWNER, type: TYPE.A, class: CLASS.IN, rdatas, signatures: [] });
  const trust = TRUST.answerAuthoritative;
  caches.rrsets.store({ rrset, expiresAt, originalTtl: 300, trust, verdict: null, server: null, zone: ROOT });
  caches.keys.store({ status: 'insecure', zone: ZONE, why: { kind: 'negative-anchor', zone: 'example.' }, expiresAt });
  caches.failures.store(questionOf(OWNER, TYPE.MX), { failure: { kind: 'no-server-addresses', zone: 'example.' } });
  return caches;
}

describe('what is kept', () => {
  test('over a reload: data and servers, but neither trust nor finished replies', () => {
    expect(Object.keys(keptForReload(filled())).sort()).toEqual(['answers', 'delegations', 'rrsets', 'servers']);
  });

  test('over a changed option: all but finished replies', () => {
    const caches = filled();
    const { replies: _, ...others } = caches;
    expect(keptForOptionChange(caches)).toEqual(others);
  });
});

describe('what is forgotten', () => {
  test('after a guessed answer: data, not what signatures have proven', () => {
    const caches = filled();
    forgetData(caches);
    expect(caches.rrsets.find(OWNER, TYPE.A, CLASS.IN)).toBe(null);
    expect(caches.keys.find(ZONE)).not.toBe(null);
  });

  test('with other servers for a zone: failures, not data', () => {
    const caches = filled();
    expect(caches.failures.find(questionOf(OWNER, TYPE.MX))).not.toBe(null);
    forgetServersOfZone(ZONE, caches);
    expect(caches.failures.find(questionOf(OWNER, TYPE.MX))).toBe(null);
    expect(caches.rrsets.find(OWNER, TYPE.A, CLASS.IN)).not.toBe(null);
  });
});
