/**
 * Proves that NSEC records prove what a correct server would say and never anything else: against a model of a zone with
 * every subset of its chain, and case by case for the refusals of RFC 6840 §4, RFC 9824 and the attacks known by number.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proveByNsec, proveWildcardByNsec } from '../../src/dnssec/nsec.ts';
import type { DenialOutcome } from '../../src/terms/denial-outcome.ts';
import { labelCount, lastLabels } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { TYPE, typeFromText } from '../../src/wire/rr-type.ts';
import { questions, subsets, zones } from './model-questions.ts';
import { absolute, exists, isTrue, lookup, nsecChain } from './model-zone.ts';
import { denialRecords } from './records.ts';

const zone = mustParseName('example.');

function prove(name: string, type: string, ...lines: string[]): DenialOutcome {
  return proveByNsec({ name: mustParseName(name), type: typeFromText(type) ?? 0 }, denialRecords(...lines), zone);
}

const refused = (why: string) => ({ kind: 'not-proven', why });
const NODATA = { kind: 'nodata', isCompactNxdomain: false };
const APEX = 'example. NSEC a.example. NS SOA RRSIG NSEC DNSKEY';

describe('against the model of a zone', () => {
  test('no subset of the chain proves what is not so', () => {
    const property = fc.property(zones, questions, subsets, (model, { relative, type }, subset) => {
      const records = nsecChain(model).filter((_, i) => ((subset >> i) & 1) === 1);
      const outcome = proveByNsec({ name: absolute(relative), type }, records, zone);
      const truth = lookup(model, relative, type);
      const isCut = model.get(relative)?.includes(TYPE.NS) ?? false;
      if (outcome.kind !== 'not-proven') expect(isTrue(outcome, truth, type, isCut)).toBe(true);
    });
    fc.assert(property, { numRuns: 3000, seed: 20260201 });
  });

  test('the whole chain proves every denial', () => {
    const property = fc.property(zones, questions, (model, { relative, type }) => {
      const truth = lookup(model, relative, type);
      const outcome = proveByNsec({ name: absolute(relative), type }, nsecChain(model), zone);
      const isDenial = truth === 'nxdomain' || truth === 'nodata' || truth === 'wildcard-nodata';
      const isAliasOfDs = outcome.kind === 'no-cut' && outcome.isAlias;
      expect(outcome.kind !== 'not-proven').toBe(isDenial || isAliasOfDs);
    });
    fc.assert(property, { numRuns: 3000, seed: 20260202 });
  });

  test('a wildcard answer is proven at its own closest encloser only', () => {
    const property = fc.property(zones, questions, subsets, fc.nat(4), (model, { relative }, subset, labels) => {
      const name = absolute(relative);
      const records = nsecChain(model).filter((_, i) => ((subset >> i) & 1) === 1);
      if (proveWildcardByNsec(name, labels, records, zone).kind !== 'proven') return;
      // Neither the name nor the next closer name exists; the encloser does.
      const nextCloser = formatName(lastLabels(name, labels + 1)).replace(/\.?example\.$/, '');
      const encloser = formatName(lastLabels(name, labels)).replace(/\.?example\.$/, '');
      expect([relative, nextCloser, encloser].map((each) => exists(model, each))).toEqual([false, false, true]);
    });
    fc.assert(property, { numRuns: 3000, seed: 20260203 });
  });
});

describe('records that do not speak for the zone', () => {
  test('owner outside', () => {
    expect(prove('b.example.', 'A', 'a.other. NSEC c.example. A', APEX)).toEqual(refused('name-not-covered'));
    expect(prove('b.example.', 'A', 'a.other. NSEC c.other. A')).toEqual(refused('no-records'));
  });

  test('next outside, or backwards and not to the apex', () => {
    expect(prove('b.example.', 'A', 'a.example. NSEC c.other. A')).toEqual(refused('overreaching-record'));
    expect(prove('b.example.', 'A', 'a.example. NSEC . A')).toEqual(refused('overreaching-record'));
    expect(prove('z.example.', 'A', 'y.example. NSEC b.example. A')).toEqual(refused('no-records'));
    expect(prove('b.example.', 'A', 'a.example. NSEC a.example. A')).toEqual(refused('no-records'));
  });

  test('a question outside the zone', () => {
    expect(prove('a.other.', 'A', APEX)).toEqual(refused('name-not-in-zone'));
    expect(prove('.', 'A', APEX)).toEqual(refused('name-not-in-zone'));
    expect(proveWildcardByNsec(mustParseName('a.other.'), 1, denialRecords(APEX), zone)).toEqual(
      refused('name-not-in-zone'),
    );
    expect(proveWildcardByNsec(zone, 1, denialRecords(APEX), zone)).toEqual(refused('name-not-in-zone'));
  });

  test('malformed rdata, and none at all', () => {
    const [good] = denialRecords(APEX);
    if (good === undefined) throw new Error('no record');
    // The next name alone is a record with an empty bitmap.
    const nextOctets = 11;
    for (let length = 0; length < good.rdata.length; length++) {
      if (length === nextOctets) continue;
      const cut = [{ ...good, rdata: good.rdata.subarray(0, length) }];
      expect(proveByNsec({ name: zone, type: TYPE.DS }, cut, zone).kind).toBe('not-proven');
    }
    expect(proveByNsec({ name: zone, type: TYPE.TXT }, [], zone)).toEqual(refused('no-records'));
  });

  test('a zone of one name covers all else', () => {
    const single = 'example. NSEC example. NS SOA RRSIG NSEC DNSKEY';
    expect(prove('a.example.', 'A', single)).toEqual({ kind: 'nxdomain' });
    expect(prove('example.', 'TXT', single)).toEqual(NODATA);
  });
});

describe('an NSEC expanded from a wildcard (CVE-2017-15105)', () => {
  test('stands for the wildcard, not for the owner that it is shown at', () => {
    const [expanded] = denialRecords('_25._tcp.mail.example. NSEC delegation.example. TXT RRSIG NSEC');
    if (expanded === undefined) throw new Error('no record');
    const records = [{ ...expanded, signatureLabels: 1 }];
    const question = { name: mustParseName('_25._tcp.mail.example.'), type: TYPE.TLSA };
    expect(proveByNsec(question, records, zone)).toEqual(refused('expanded-record'));
    // As `*.example.` it covers `b.example.` and matches the wildcard.
    const covered = { name: mustParseName('b.example.'), type: TYPE.TLSA };
    expect(proveByNsec(covered, records, zone)).toEqual({ kind: 'wildcard-nodata' });
  });

  test('with a labels field above its owner is left out', () => {
    const [record] = denialRecords('a.example. NSEC c.example. A');
    if (record === undefined) throw new Error('no record');
    const question = { name: mustParseName('b.example.'), type: TYPE.A };
    expect(proveByNsec(question, [{ ...record, signatureLabels: 9 }], zone)).toEqual(refused('no-records'));
  });
});

describe('the wrong side of a zone cut (RFC 6840 §4.1)', () => {
  const CUT = 'sub.example. NSEC z.example. NS RRSIG NSEC';

  test('a delegation denies its DS and nothing else', () => {
    expect(prove('sub.example.', 'DS', CUT)).toEqual({ kind: 'no-ds' });
    expect(prove('sub.example.', 'A', CUT)).toEqual(refused('parent-side'));
    expect(prove('sub.example.', 'SOA', CUT)).toEqual(refused('parent-side'));
  });

  test('a delegation or DNAME covers nothing below it', () => {
    expect(prove('www.sub.example.', 'A', CUT, APEX)).toEqual(refused('below-cut'));
    expect(prove('www.sub.example.', 'DS', CUT, APEX)).toEqual(refused('below-cut'));
    expect(prove('t.example.', 'A', CUT, APEX)).toEqual({ kind: 'nxdomain' });
    const dname = 'sub.example. NSEC z.example. DNAME RRSIG NSEC';
    expect(prove('www.sub.example.', 'A', dname, APEX)).toEqual(refused('below-cut'));
    expect(prove('sub.example.', 'A', dname)).toEqual(NODATA);
    expect(proveWildcardByNsec(mustParseName('www.sub.example.'), 1, denialRecords(CUT), zone)).toEqual(
      refused('below-cut'),
    );
  });

  test('a delegation does not deny the wildcard below it', () => {
    // The name is covered by another record, the wildcard only by the delegation's.
    const cover = 'b.sub.example. NSEC z.example. A RRSIG NSEC';
    const cut = 'sub.example. NSEC b.sub.example. NS RRSIG NSEC';
    expect(prove('c.sub.example.', 'A', cover, cut)).toEqual(refused('wildcard-not-denied'));
  });

  test('the child cannot deny its own DS, but the root has no parent', () => {
    expect(prove('example.', 'DS', APEX)).toEqual(refused('child-side'));
    const root = mustParseName('.');
    const records = denialRecords('. NSEC aaa. NS SOA RRSIG NSEC DNSKEY');
    expect(proveByNsec({ name: root, type: TYPE.DS }, records, root)).toEqual({ kind: 'no-cut', isAlias: false });
  });
});

describe('a record that matches', () => {
  test('does not deny the type that it shows, nor any at a CNAME (RFC 6840 §4.3)', () => {
    expect(prove('a.example.', 'A', 'a.example. NSEC b.example. A RRSIG NSEC')).toEqual(refused('type-exists'));
    const alias = 'a.example. NSEC b.example. CNAME RRSIG NSEC';
    expect(prove('a.example.', 'A', alias)).toEqual(refused('cname-exists'));
    expect(prove('a.example.', 'CNAME', alias)).toEqual(refused('type-exists'));
    expect(prove('a.example.', 'DS', alias)).toEqual({ kind: 'no-cut', isAlias: true });
  });

  test('is compact denial when it has NXNAME (RFC 9824 §3)', () => {
    const compact = 'no.example. NSEC \\000.no.example. RRSIG NSEC NXNAME';
    expect(prove('no.example.', 'A', compact)).toEqual({ kind: 'nodata', isCompactNxdomain: true });
    expect(prove('no.example.', 'DS', compact)).toEqual({ kind: 'nodata', isCompactNxdomain: true });
    expect(prove('no.example.', 'A', 'no.example. NSEC \\000.no.example. RRSIG NSEC')).toEqual(NODATA);
  });

  test('is found whatever its case', () => {
    expect(prove('A.Example.', 'MX', 'a.eXample. NSEC B.example. A RRSIG NSEC')).toEqual(NODATA);
  });
});

describe('minimally covering records (RFC 4470)', () => {
  test('prove a name error', () => {
    const lines = [
      '\\255.mk.example. NSEC ml\\000.example. RRSIG NSEC',
      '\\255.\\)\\255.example. NSEC +.example. RRSIG NSEC',
    ];
    expect(prove('ml.example.', 'A', ...lines)).toEqual({ kind: 'nxdomain' });
  });
});

describe('an answer from a wildcard', () => {
  const name = mustParseName('a.b.c.example.');

  test('at a deeper encloser than the records show is refused, and at a shallower one', () => {
    const cover = denialRecords('*.c.example. NSEC d.example. A RRSIG NSEC');
    expect(proveWildcardByNsec(name, 2, cover, zone)).toEqual({ kind: 'proven' });
    expect(proveWildcardByNsec(name, 1, cover, zone)).toEqual(refused('next-closer-not-covered'));
    expect(proveWildcardByNsec(name, 3, cover, zone)).toEqual(refused('next-closer-not-covered'));
    expect(proveWildcardByNsec(name, labelCount(name), cover, zone)).toEqual(refused('next-closer-not-covered'));
  });

  test('at an existing name or empty non-terminal is refused', () => {
    const matching = denialRecords('a.b.c.example. NSEC d.example. A RRSIG NSEC');
    expect(proveWildcardByNsec(name, 2, matching, zone)).toEqual(refused('name-not-covered'));
    const empty = denialRecords('c.example. NSEC x.a.b.c.example. A RRSIG NSEC');
    expect(proveWildcardByNsec(name, 2, empty, zone)).toEqual(refused('next-closer-not-covered'));
  });
});
