/** Proves what is dropped out of a response before anything of it is used (RFC 2181 §5.4.1 and the attacks of 2022-2025). */

import { describe, expect, test } from 'vitest';
import type { IterateOptions } from '../../src/iterate/options.ts';
import { type Scrubbed, type ScrubContext, scrub } from '../../src/iterate/scrub.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { typeText } from '../../src/wire/rr-type.ts';
import { rdataCount, rdatasOf } from '../../src/wire/rrset.ts';
import type { KeyedRRset } from '../../src/wire/rrsets.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { questionFrom } from '../support/records.ts';
import { type ResponseText, responseView } from './support.ts';

function scrubbed(
  question: string,
  text: ResponseText,
  options: Partial<IterateOptions> = {},
  { isInZone = () => false, isValidated = true }: Pick<Partial<ScrubContext>, 'isInZone' | 'isValidated'> = {},
): Scrubbed {
  const view = responseView(questionFrom(question), { flags: FLAG.AA, ...text });
  const all = { ...DEFAULT_ITERATE_OPTIONS, ...options };
  return scrub(view, {
    question: questionFrom(question),
    zone: mustParseName('example.'),
    options: all,
    isInZone,
    isValidated,
  });
}

function owners(groups: readonly KeyedRRset[]): string[] {
  return groups.map((group) => `${formatName(group.owner)} ${typeText(group.type)}`);
}

function countIn(set: KeyedRRset | undefined): number {
  return set === undefined ? 0 : rdataCount(set.rrset);
}

const SOA = 'example. SOA ns.example. h.example. 1 2 3 4 300';

describe('scrub', () => {
  test('drops answers outside the zone of the server', () => {
    const { chain } = scrubbed('www.example. A', {
      answer: ['www.example. CNAME www.victim.', 'www.victim. A 6.6.6.6'],
    });
    expect(chain.steps.length).toBe(1);
    expect(chain.data).toEqual([]);
  });

  test('drops answers that were not asked for', () => {
    const { chain } = scrubbed('www.example. A', {
      answer: ['www.example. A 192.0.2.1', 'ftp.example. A 192.0.2.2', 'www.example. TXT "x"'],
    });
    expect(owners(chain.data)).toEqual(['www.example. A']);
  });

  test('keeps glue of the servers named, and no other address', () => {
    const { additional } = scrubbed('www.sub.example. A', {
      flags: 0,
      authority: ['sub.example. NS ns.sub.example.'],
      additional: ['ns.sub.example. A 192.0.2.1', 'www.example. A 192.0.2.2', 'ns.victim. A 6.6.6.6'],
    });
    expect(owners(additional)).toEqual(['ns.sub.example. A']);
  });

  test('drops glue outside the zone even for servers that are named', () => {
    const text = {
      flags: 0,
      authority: ['sub.example. NS ns.victim.'],
      additional: ['ns.victim. A 6.6.6.6'],
    };
    expect(scrubbed('www.sub.example. A', text).additional).toEqual([]);
    expect(owners(scrubbed('www.sub.example. A', text, { hardenGlue: false }).additional)).toEqual(['ns.victim. A']);
  });

  test('drops an NS set of another branch, and one beside a denial', () => {
    expect(scrubbed('www.example. A', { authority: ['sub.example. NS ns.evil.'] }).authority).toEqual([]);
    expect(owners(scrubbed('www.example. A', { authority: [SOA, 'example. NS ns.evil.'] }).authority)).toEqual([
      'example. SOA',
    ]);
    const nxdomain = { rcode: RCODE.NXDOMAIN, authority: ['example. NS ns.evil.'] };
    expect(scrubbed('www.example. A', nxdomain).authority).toEqual([]);
  });

  test('keeps one NS set of a referral, the first, whatever else stands on the way to the name', () => {
    const authority = ['sub.example. NS ns.sub.example.', 'a.sub.example. NS ns.evil.'];
    expect(owners(scrubbed('www.a.sub.example. A', { flags: 0, authority }).authority)).toEqual(['sub.example. NS']);
  });

  test('says of each set why it is dropped', () => {
    const dropped: string[] = [];
    const text = {
      answer: ['www.example. A 192.0.2.1', 'ftp.example. A 192.0.2.2'],
      authority: ['example. NS ns.example.'],
      additional: ['www.example. A 192.0.2.3', 'ns.example. A 192.0.2.4', 'www.example. TXT "x"'],
    };
    scrub(responseView(questionFrom('www.example. A'), { flags: FLAG.AA, ...text }), {
      question: questionFrom('www.example. A'),
      zone: mustParseName('example.'),
      options: DEFAULT_ITERATE_OPTIONS,
      onDropped: ({ owner, type }, why) => dropped.push(`${formatName(owner)} ${typeText(type)}: ${why}`),
    });
    expect(dropped).toEqual([
      'ftp.example. A: not asked for',
      'example. NS: NS set beside an answer',
      'ns.example. A: address of a name that nothing speaks of',
    ]);
  });

  test('drops an NS set beside an answer unless told otherwise (CVE-2025-40778)', () => {
    const text = { answer: ['www.example. A 192.0.2.1'], authority: ['example. NS ns.example.'] };
    expect(scrubbed('www.example. A', text).authority).toEqual([]);
    const kept = scrubbed('www.example. A', text, { scrubPromiscuous: false }).authority;
    expect(owners(kept)).toEqual(['example. NS']);
  });

  test('drops DNAME, CNAME and addresses from the authority section', () => {
    const { authority } = scrubbed('www.example. A', {
      authority: [SOA, 'example. DNAME evil.', 'a.example. CNAME evil.', 'b.example. A 6.6.6.6'],
    });
    expect(owners(authority)).toEqual(['example. SOA']);
  });

  test('cuts NS sets to a bearable size (NRDelegation, CVE-2022-3204)', () => {
    const authority = Array.from({ length: 100 }, (_, i) => `sub.example. NS n${i}.evil.`);
    const [ns] = scrubbed('www.sub.example. A', { flags: 0, authority }).authority;
    expect(countIn(ns)).toBe(20);
  });

  test('follows no more aliases of one response than iter-scrub-cname says', () => {
    const answer = Array.from({ length: 30 }, (_, i) => `a${i}.example. CNAME a${i + 1}.example.`);
    expect(scrubbed('a0.example. A', { answer }, {}, { isInZone: () => true }).chain.steps.length).toBe(11);
  });

  test.each<[string, string, string[], number]>([
    ['not, when it is not signed: a zone cut may lie before it', 'www.example.', [], 0],
    [
      'when the zone signed it',
      'www.example.',
      ['c.example. RRSIG A 15 2 300 20300101000000 20200101000000 7 example. AA=='],
      1,
    ],
    [
      'not, when somebody else signed it',
      'www.example.',
      ['c.example. RRSIG A 15 2 300 20300101000000 20200101000000 7 c.example. AA=='],
      0,
    ],
    ['when the name asked lies below it, so that no cut does', 'www.c.example.', [], 1],
  ])('takes what an alias leads to %s', (_why, name, signatures, taken) => {
    const answer = [`${name} CNAME c.example.`, 'c.example. A 192.0.2.66', ...signatures];
    const { chain } = scrubbed(`${name} A`, { answer });
    expect(chain.steps.length).toBe(1);
    expect(chain.data.length).toBe(taken);
  });

  test('takes a signed set no more than an unsigned one where nobody checks signatures', () => {
    const signature = 'c.example. RRSIG A 15 2 300 20300101000000 20200101000000 7 example. AA==';
    const answer = ['www.example. CNAME c.example.', 'c.example. A 192.0.2.66', signature];
    expect(scrubbed('www.example. A', { answer }, {}, { isValidated: true }).chain.data.length).toBe(1);
    expect(scrubbed('www.example. A', { answer }, {}, { isValidated: false }).chain.data.length).toBe(0);
  });

  test('follows no second alias where the first may lead past a cut', () => {
    const answer = ['www.example. CNAME a.c.example.', 'a.c.example. CNAME b.c.example.'];
    expect(scrubbed('www.example. A', { answer }).chain.steps.length).toBe(1);
    expect(scrubbed('www.example. A', { answer }, {}, { isInZone: () => true }).chain.steps.length).toBe(2);
  });

  test('drops private addresses unless the zone may have them', () => {
    const privateAddresses = [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8 }];
    const text = { answer: ['www.example. A 10.1.2.3', 'www.example. A 192.0.2.1'] };
    const [some] = scrubbed('www.example. A', text, { privateAddresses }).chain.data;
    expect(some === undefined ? [] : rdatasOf(some.rrset)).toEqual([Uint8Array.of(192, 0, 2, 1)]);
    const allowed = { privateAddresses, privateDomains: [mustParseName('example.')] };
    expect(countIn(scrubbed('www.example. A', text, allowed).chain.data[0])).toBe(2);
  });

  test('takes the DS of a referral for the answer to a DS question', () => {
    const { chain, authority } = scrubbed('sub.example. DS', {
      flags: 0,
      authority: [
        'sub.example. NS ns.sub.example.',
        'sub.example. DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000',
      ],
    });
    expect(owners(chain.data)).toEqual(['sub.example. DS']);
    expect(authority).toEqual([]);
  });

  test('uses nothing of a response that is an error', () => {
    const { chain, authority } = scrubbed('www.example. A', {
      rcode: RCODE.SERVFAIL,
      answer: ['www.example. A 192.0.2.1'],
      authority: ['example. NS ns.example.'],
    });
    expect(chain.data).toEqual([]);
    expect(authority).toEqual([]);
  });
});
