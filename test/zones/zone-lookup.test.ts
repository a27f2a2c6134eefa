/** Proves what a zone answers, section by section, as RFC 1034 §4.3.2, RFC 4592 and RFC 6672 say. */

import { describe, expect, test } from 'vitest';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { rcodeText } from '../../src/wire/rcode.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { CLASS, typeText } from '../../src/wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../../src/wire/rrset.ts';
import { type AnswerSet, lookUp } from '../../src/zones/zone-lookup.ts';
import { questionFrom } from '../support/records.ts';
import { FULL_ZONE, zoneOf } from './zones-data.ts';

const zone = zoneOf(FULL_ZONE);

function textsOf(sets: readonly AnswerSet[]): string[] {
  return sets.flatMap(({ rrset }) => {
    const type = rrsetType(rrset);
    return rdatasOf(rrset).map(
      (rdata) => `${formatName(rrsetOwner(rrset))} ${typeText(type)} ${formatRdata(type, rdata)}`,
    );
  });
}

function look(words: string) {
  const answer = lookUp(zone, questionFrom(words), null);
  if (answer === null) return null;
  return {
    rcode: rcodeText(answer.rcode),
    aa: answer.authoritative,
    answer: textsOf(answer.answer),
    authority: textsOf(answer.authority).map((line) => line.split(' ').slice(0, 2).join(' ')),
    additional: textsOf(answer.additional),
  };
}

const SOA = ['example.org. SOA'];

describe('a name of the zone', () => {
  test('is answered with its records and the addresses that they call for', () => {
    expect(look('example.org. MX')).toEqual({
      rcode: 'NOERROR',
      aa: true,
      answer: ['example.org. MX 10 mail.example.org.'],
      authority: [],
      additional: ['mail.example.org. A 192.0.2.25', 'mail.example.org. AAAA 2001:db8::25'],
    });
  });

  test('without the type is NODATA with the SOA', () => {
    expect(look('web.example.org. TXT')).toMatchObject({ rcode: 'NOERROR', aa: true, answer: [], authority: SOA });
  });

  test('that only has names below it is NODATA, not NXDOMAIN', () => {
    expect(look('empty.example.org. A')).toMatchObject({ rcode: 'NOERROR', answer: [], authority: SOA });
  });

  test('is found in any case', () => {
    expect(look('WEB.Example.ORG. A')?.answer).toEqual(['web.example.org. A 192.0.2.80']);
  });
});

describe('a name that is not there', () => {
  test('is NXDOMAIN with the SOA', () => {
    expect(look('no.example.org. A')).toMatchObject({ rcode: 'NXDOMAIN', aa: true, authority: SOA });
  });

  test('is answered from the wildcard of its closest encloser', () => {
    expect(look('x.y.wild.example.org. TXT')?.answer).toEqual(['x.y.wild.example.org. TXT "w"']);
  });

  test('is not, when a closer name exists', () => {
    expect(look('x.b.wild.example.org. TXT')).toMatchObject({ rcode: 'NXDOMAIN' });
    expect(look('b.wild.example.org. TXT')).toMatchObject({ rcode: 'NOERROR', answer: [] });
  });

  test('gets NODATA from a wildcard without the type', () => {
    expect(look('x.wild.example.org. A')).toMatchObject({ rcode: 'NOERROR', answer: [], authority: SOA });
  });

  test('outside the zone is not the zone’s business', () => {
    expect(look('example.net. A')).toBeNull();
  });
});

describe('aliases', () => {
  test('are followed inside the zone', () => {
    expect(look('www.example.org. A')?.answer).toEqual([
      'www.example.org. CNAME web.example.org.',
      'web.example.org. A 192.0.2.80',
    ]);
  });

  test('end at its border', () => {
    expect(look('away.example.org. A')).toMatchObject({
      rcode: 'NOERROR',
      answer: ['away.example.org. CNAME www.example.net.'],
    });
  });

  test('that come back end where they began', () => {
    expect(look('loop1.example.org. A')?.answer).toHaveLength(2);
  });

  test('are given as such to who asks for CNAME', () => {
    expect(look('www.example.org. CNAME')?.answer).toEqual(['www.example.org. CNAME web.example.org.']);
  });

  test('of a DNAME are made for names below it, and for it not', () => {
    expect(look('oak.tree.example.org. A')?.answer).toEqual([
      'tree.example.org. DNAME forest.example.org.',
      'oak.tree.example.org. CNAME oak.forest.example.org.',
      'oak.forest.example.org. A 192.0.2.7',
    ]);
    expect(look('elm.tree.example.org. CNAME')?.answer[1]).toBe('elm.tree.example.org. CNAME elm.forest.example.org.');
    expect(look('tree.example.org. A')).toMatchObject({ rcode: 'NOERROR', answer: [], authority: SOA });
  });

  test('of a DNAME that become too long are YXDOMAIN', () => {
    const long = `${'a'.repeat(63)}.`.repeat(3);
    expect(look(`${long}${'b'.repeat(43)}.tree.example.org. A`)).toMatchObject({ rcode: 'YXDOMAIN' });
  });
});

describe('a delegation', () => {
  test('is referred to, without authority, with DS and glue', () => {
    expect(look('www.sub.example.org. A')).toEqual({
      rcode: 'NOERROR',
      aa: false,
      answer: [],
      authority: ['sub.example.org. NS', 'sub.example.org. DS'],
      additional: ['ns.sub.example.org. A 192.0.2.54'],
    });
  });

  test('has its DS on this side', () => {
    expect(look('sub.example.org. DS')).toMatchObject({ aa: true, authority: [] });
    expect(look('sub.example.org. DS')?.answer[0]).toMatch(/^sub\.example\.org\. DS 1 8 2 /);
    expect(look('x.sub.example.org. DS')).toMatchObject({ aa: false, answer: [] });
  });
});

test('a denial in a zone without SOA cannot be given', () => {
  const noSoa = zoneOf('www A 192.0.2.1\n');
  const question = { name: mustParseName('no.example.org.'), type: 1, class: CLASS.IN };
  expect(lookUp(noSoa, question, null)).toBeNull();
  expect(lookUp(noSoa, { ...question, name: mustParseName('www.example.org.') }, null)?.answer).toHaveLength(1);
});
