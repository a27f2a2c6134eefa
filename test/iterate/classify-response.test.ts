/** Proves what each shape of response is taken for. */

import { describe, expect, test } from 'vitest';
import { classifyResponse } from '../../src/iterate/classify-response.ts';
import { scrub } from '../../src/iterate/scrub.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { questionFrom } from '../support/records.ts';
import { type ResponseText, responseView } from './support.ts';

const { AA, RA } = FLAG;
const SOA = 'example. SOA ns.example. h.example. 1 2 3 4 300';

function classified(text: ResponseText, { question = 'www.example. A', recursion = false, isInZone = false } = {}) {
  const view = responseView(questionFrom(question), text);
  const zone = mustParseName('example.');
  const options = DEFAULT_ITERATE_OPTIONS;
  const scrubbed = scrub(view, { question: questionFrom(question), zone, options, isInZone: () => isInZone });
  const facts = { rcode: view.rcode, isAuthoritative: view.has(AA), offersRecursion: view.has(RA), scrubbed };
  return classifyResponse({
    ...facts,
    askedForRecursion: recursion,
    isForwarder: recursion,
    question: questionFrom(question),
    zone,
  });
}

describe('classifyResponse', () => {
  const answer = ['www.example. A 192.0.2.1'];
  test('knows answers and denials', () => {
    expect(classified({ flags: AA, answer })).toEqual({ kind: 'answer' });
    expect(classified({ answer })).toEqual({ kind: 'answer' });
    expect(classified({ flags: AA, authority: [SOA] })).toEqual({ kind: 'denial', denial: 'nodata' });
    expect(classified({ flags: AA, rcode: RCODE.NXDOMAIN, authority: [SOA] })).toEqual({
      kind: 'denial',
      denial: 'nxdomain',
    });
  });

  test('knows a referral by an NS set below the zone', () => {
    const text = { authority: ['sub.example. NS ns.sub.example.'] };
    expect(classified(text, { question: 'www.sub.example. A' })).toMatchObject({ kind: 'referral' });
  });

  test('does not take a forwarder for one that refers', () => {
    const text = { authority: ['sub.example. NS ns.sub.example.'] };
    expect(classified(text, { question: 'www.sub.example. A', recursion: true })).toEqual({
      kind: 'denial',
      denial: 'nodata',
    });
  });

  test('knows lame servers of three kinds', () => {
    expect(classified({ authority: ['. NS a.root.'] })).toEqual({ kind: 'lame', how: 'upward-referral' });
    expect(classified({ authority: ['example. NS ns.example.'] })).toEqual({ kind: 'lame', how: 'not-authoritative' });
    expect(classified({ flags: RA, answer })).toEqual({ kind: 'lame', how: 'recursive' });
    expect(classified({ flags: RA, rcode: RCODE.NXDOMAIN })).toEqual({ kind: 'lame', how: 'recursive' });
    expect(classified({ flags: RA, answer }, { recursion: true })).toEqual({ kind: 'answer' });
  });

  test('knows aliases, also with the denial of their target', () => {
    const alias = ['www.example. CNAME web.example.'];
    expect(classified({ flags: AA, answer: alias })).toEqual({ kind: 'alias' });
    expect(classified({ flags: AA, rcode: RCODE.NXDOMAIN, answer: alias, authority: [SOA] })).toEqual({
      kind: 'alias',
    });
    const whole = [...alias, 'web.example. A 192.0.2.1'];
    expect(classified({ flags: AA, answer: whole })).toEqual({ kind: 'alias' });
    expect(classified({ flags: AA, answer: whole }, { isInZone: true })).toEqual({ kind: 'answer' });
    expect(classified({ flags: AA, answer: alias }, { question: 'www.example. CNAME' })).toEqual({ kind: 'answer' });
  });

  test('knows a DNAME that makes too long a name', () => {
    const label = 'a'.repeat(63);
    const long = `${label}.${label}.${label}.`;
    const text = { flags: AA, answer: [`d.example. DNAME ${long}${'b'.repeat(50)}.`] };
    expect(classified(text, { question: `${label}.d.example. A` })).toEqual({ kind: 'yxdomain' });
  });

  test('says which error a response is', () => {
    for (const [rcode, outcome] of [
      [RCODE.FORMERR, 'formerr'],
      [RCODE.SERVFAIL, 'servfail'],
      [RCODE.NOTIMP, 'notimp'],
      [RCODE.REFUSED, 'refused'],
      [RCODE.NOTAUTH, 'rcode-unusable'],
    ] as const) {
      expect(classified({ rcode })).toEqual({ kind: 'unusable', outcome });
    }
  });

  test('tells a response without any record from a denial', () => {
    expect(classified({ flags: AA })).toEqual({ kind: 'empty' });
  });
});
