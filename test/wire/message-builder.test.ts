/**
 * Proves that what the builder writes parses back as the same records, that compression is used where it may be and only
 * there, that a limit cuts at RRset borders, and that the TTL offsets are where the TTLs are.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, readU32, toHex, writeU32 } from '../../src/wire/bytes.ts';
import { type EdnsOut, ednsOctets, readEdns } from '../../src/wire/edns.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { type Name, nameKey } from '../../src/wire/name.ts';
import { MAX_REMEMBERED_LABELS } from '../../src/wire/name-compressor.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { type Question, questionOf, questionsEqual } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { canonicalRdata } from '../../src/wire/rdata-names.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset, unpackRRset } from '../../src/wire/rrset.ts';
import { recordsOf } from '../../src/wire/rrsets.ts';
import { anyName, anyRdata, anyRRset, anyTtl, relatedName } from './arbitraries.ts';

const name = mustParseName;

function viewOf(buffer: Uint8Array, length: number): MessageView {
  const parsed = parseMessage(buffer.slice(0, length));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

interface Told {
  readonly key: string;
  readonly type: number;
  readonly ttl: number;
  readonly rdata: string;
}

/** A record without the case that compression may change. */
function tell(owner: Name, type: number, ttl: number, rdata: Uint8Array): Told {
  return { key: nameKey(owner), type, ttl, rdata: toHex(canonicalRdata(rdata, type)) };
}

function toldSet(rrset: RRset, ttl: number): Told[] {
  const { owner, type, rdatas, signatures } = unpackRRset(rrset);
  return [
    ...rdatas.map((rdata) => tell(owner, type, ttl, rdata)),
    ...signatures.map((rdata) => tell(owner, TYPE.RRSIG, ttl, rdata)),
  ];
}

function toldMessage(view: MessageView): Told[] {
  return recordsOf(view, { start: 0, end: view.recordCount })
    .filter((record) => record.type !== TYPE.OPT)
    .map((record) => tell(record.owner, record.type, record.ttl, record.rdata));
}

const anyParts = fc.record({
  question: relatedName.map((qname) => questionOf(qname, TYPE.MX)),
  answer: fc.array(anyRRset, { maxLength: 4 }),
  authority: fc.array(anyRRset, { maxLength: 3 }),
  additional: fc.array(anyRRset, { maxLength: 3 }),
  ttl: anyTtl,
});

const SECTIONS = ['answer', 'authority', 'additional'] as const;

describe('what is written', () => {
  test('parses back as the same question and records, in the same sections', () => {
    const buffer = new Uint8Array(65_535);
    const builder = new MessageBuilder(buffer);
    fc.assert(
      fc.property(anyParts, (parts) => {
        builder.start({ id: 7, flags: FLAG.QR | FLAG.RA, rcode: RCODE.NOERROR });
        expect(builder.question(parts.question)).toBe(true);
        for (const section of SECTIONS) {
          for (const rrset of parts[section]) expect(builder.rrset(section, rrset, parts.ttl)).toBe(true);
        }
        const view = viewOf(buffer, builder.finish());
        expect(view.questions.every((question) => questionsEqual(question, parts.question))).toBe(true);
        const sets = SECTIONS.flatMap((section) => parts[section]);
        expect(toldMessage(view)).toEqual(sets.flatMap((rrset) => toldSet(rrset, parts.ttl)));
        expect(view.answer.end).toBe(parts.answer.flatMap((rrset) => toldSet(rrset, 0)).length);
        expect(builder.truncated).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps every octet of names that are not compressed', () => {
    const buffer = new Uint8Array(65_535);
    const builder = new MessageBuilder(buffer);
    fc.assert(
      fc.property(anyName, anyRdata(TYPE.SRV), anyRdata(TYPE.RRSIG), (owner, srv, rrsig) => {
        builder.start({ id: 7, flags: FLAG.QR, rcode: 0 });
        const record = { owner, class: CLASS.IN, ttl: 1, type: TYPE.SRV, rdata: srv };
        expect(builder.record('answer', record)).toBe(true);
        expect(builder.record('answer', { ...record, type: TYPE.RRSIG, rdata: rrsig })).toBe(true);
        const view = viewOf(buffer, builder.finish());
        expect(view.owner(0)).toEqual(owner);
        expect(view.rdata(0)).toEqual(srv);
        expect(view.rdata(1)).toEqual(rrsig);
      }),
    );
  });

  test('can leave signatures out and take another owner', () => {
    const buffer = new Uint8Array(512);
    const builder = new MessageBuilder(buffer);
    const rrset = packRRset({
      owner: name('*.example.'),
      type: TYPE.A,
      class: CLASS.IN,
      rdatas: [Uint8Array.of(1, 2, 3, 4)],
      signatures: [concatBytes(new Uint8Array(18), name('example.'))],
    });
    builder.start({ id: 1, flags: FLAG.QR, rcode: 0 });
    builder.rrset('answer', rrset, 60, { withSignatures: false, owner: name('x.example.') });
    const view = viewOf(buffer, builder.finish());
    expect(view.recordCount).toBe(1);
    expect(view.owner(0)).toEqual(name('x.example.'));
  });

  test('has the extended rcode in header and OPT', () => {
    const buffer = new Uint8Array(512);
    const builder = new MessageBuilder(buffer);
    builder.start({ id: 1, flags: FLAG.QR, rcode: RCODE.BADVERS });
    expect(builder.edns({ udpSize: 1232, doBit: true })).toBe(true);
    expect(viewOf(buffer, builder.finish()).rcode).toBe(RCODE.BADVERS);
  });

  test('refuses sections out of order as a mistake of the program', () => {
    const builder = new MessageBuilder(new Uint8Array(512));
    const record = { owner: name('a.'), class: CLASS.IN, ttl: 1, type: TYPE.A, rdata: new Uint8Array(4) };
    builder.start({ id: 1, flags: 0, rcode: 0 });
    builder.record('authority', record);
    expect(() => builder.record('answer', record)).toThrow();
  });
});

describe('compression', () => {
  const buffer = new Uint8Array(65_535);
  const builder = new MessageBuilder(buffer);
  const written = (write: () => void): string => {
    builder.start({ id: 0, flags: 0, rcode: 0 });
    write();
    return toHex(buffer.subarray(12, builder.finish()));
  };

  test('matches without case and keeps the case first written', () => {
    const hex = written(() => {
      builder.question(questionOf(name('Www.Example.'), TYPE.A));
      builder.record('answer', { owner: name('wWW.eXAMPLE.'), type: 1, class: 1, ttl: 0, rdata: new Uint8Array(4) });
    });
    expect(hex).toBe(`${toHex(name('Www.Example.'))}00010001c00c00010001000000000004${'00000000'}`);
  });

  test('is used in the rdata of RFC 1035 types and in no other (RFC 3597 §4)', () => {
    const target = name('mail.example.');
    const answer = (type: number, rdata: Uint8Array): string =>
      written(() => {
        builder.question(questionOf(target, type));
        builder.record('answer', { owner: target, type, class: 1, ttl: 0, rdata });
      }).slice(target.length * 2 + 8 + 20);
    expect(answer(TYPE.MX, concatBytes(Uint8Array.of(0, 9), target))).toBe('00040009c00c');
    expect(answer(TYPE.CNAME, target)).toBe('0002c00c');
    expect(answer(TYPE.DNAME, target)).toBe(`000e${toHex(target)}`);
    const srv = concatBytes(new Uint8Array(6), target);
    expect(answer(TYPE.SRV, srv)).toBe(`0014${toHex(srv)}`);
  });

  test('never points at names of an RRset that was taken back', () => {
    const rrset = (owner: string, records: number): RRset =>
      packRRset({
        owner: name(owner),
        type: TYPE.NS,
        class: CLASS.IN,
        rdatas: Array.from({ length: records }, (_, i) => name(`ns${i}.taken-back.example.`)),
        signatures: [],
      });
    builder.start({ id: 0, flags: FLAG.QR, rcode: 0 });
    builder.question(questionOf(name('example.'), TYPE.NS));
    builder.limit(200);
    expect(builder.rrset('additional', rrset('other.example.', 20), 1)).toBe(false);
    expect(builder.rrset('additional', rrset('other.example.', 2), 1)).toBe(true);
    const view = viewOf(buffer, builder.finish());
    expect(view.rdata(1)).toEqual(name('ns1.taken-back.example.'));
  });

  test('goes on without it when more labels come than are remembered', () => {
    const owners = Array.from({ length: MAX_REMEMBERED_LABELS + 50 }, (_, i) => name(`host${i}.example.`));
    builder.start({ id: 0, flags: FLAG.QR, rcode: 0 });
    for (const owner of owners) {
      builder.record('answer', { owner, type: TYPE.A, class: 1, ttl: 0, rdata: new Uint8Array(4) });
    }
    const view = viewOf(buffer, builder.finish());
    expect(owners.map((owner, i) => nameKey(owner) === nameKey(view.owner(i)))).not.toContain(false);
  });

  test('points from each further record of a set to the owner of the first', () => {
    const set = (owner: string): RRset =>
      packRRset({
        owner: name(owner),
        type: TYPE.A,
        class: CLASS.IN,
        rdatas: [0, 1].map((octet) => new Uint8Array(4).fill(octet)),
        signatures: [],
      });
    const records = (first: string, then: string): string =>
      [first, then].map((owner, i) => `${owner}00010001000000000004${toHex(new Uint8Array(4).fill(i))}`).join('');
    const answer = (owner: string, question: string): string =>
      written(() => {
        builder.question(questionOf(name(question), TYPE.A));
        builder.rrset('answer', set(owner), 0);
      }).slice(name(question).length * 2 + 8);
    expect(answer('b.example.', 'other.')).toBe(records(toHex(name('b.example.')), 'c017'));
    expect(answer('b.example.', 'example.')).toBe(records('0162c00c', 'c019'));
    expect(answer('b.example.', 'B.example.')).toBe(records('c00c', 'c00c'));
    expect(answer('.', '.')).toBe(records('00', '00'));
  });

  test('does not point past offset 0x3fff', () => {
    builder.start({ id: 0, flags: FLAG.QR, rcode: 0 });
    const big = { owner: name('big.'), type: 65_280, class: 1, ttl: 0, rdata: new Uint8Array(0x4000) };
    builder.record('answer', big);
    const late = { owner: name('late.example.'), type: TYPE.A, class: 1, ttl: 0, rdata: new Uint8Array(4) };
    builder.record('answer', late);
    builder.record('answer', late);
    const view = viewOf(buffer, builder.finish());
    expect([view.owner(1), view.owner(2)]).toEqual([late.owner, late.owner]);
  });
});

describe('a limit', () => {
  const edns: EdnsOut = { udpSize: 1232, doBit: true, options: [{ code: 15, data: new Uint8Array(10) }] };

  test('leaves whole RRsets out, keeps the OPT, and is never passed', () => {
    const buffer = new Uint8Array(4096);
    const builder = new MessageBuilder(buffer);
    fc.assert(
      fc.property(anyParts, fc.integer({ min: 420, max: 1500 }), (parts, limit) => {
        builder.start({ id: 7, flags: FLAG.QR, rcode: 0 });
        builder.limit(limit);
        builder.reserve(ednsOctets(edns));
        builder.question(parts.question);
        const kept: Told[] = [];
        let lost = false;
        for (const section of SECTIONS) {
          for (const rrset of parts[section]) {
            if (builder.rrset(section, rrset, parts.ttl)) kept.push(...toldSet(rrset, parts.ttl));
            else lost ||= section !== 'additional';
          }
        }
        expect(builder.truncated).toBe(lost);
        expect(builder.edns(edns)).toBe(true);
        const length = builder.finish();
        expect(length).toBeLessThanOrEqual(limit);
        const view = viewOf(buffer, length);
        expect(toldMessage(view)).toEqual(kept);
        expect(readEdns(view)).toMatchObject({ udpSize: 1232, doBit: true });
      }),
      { numRuns: 300 },
    );
  });

  test('writes nothing more after a truncation, so that no later set stands in for the answer', () => {
    const buffer = new Uint8Array(512);
    const builder = new MessageBuilder(buffer);
    const set = (octets: number): RRset =>
      packRRset({
        owner: name('a.'),
        type: TYPE.TXT,
        class: CLASS.IN,
        rdatas: [new Uint8Array(octets)],
        signatures: [],
      });
    builder.start({ id: 7, flags: FLAG.QR, rcode: 0 });
    builder.limit(100);
    expect(builder.rrset('answer', set(200), 1)).toBe(false);
    expect(builder.rrset('answer', set(1), 1)).toBe(false);
    expect(builder.rrset('additional', set(1), 1)).toBe(false);
    builder.setFlags(FLAG.TC);
    const view = viewOf(buffer, builder.finish());
    expect([view.recordCount, view.has(FLAG.TC)]).toEqual([0, true]);
  });

  test('counts the signatures to the set', () => {
    const builder = new MessageBuilder(new Uint8Array(512));
    const rrset = packRRset({
      owner: name('a.'),
      type: TYPE.A,
      class: CLASS.IN,
      rdatas: [new Uint8Array(4)],
      signatures: [concatBytes(new Uint8Array(18), name('a.'), new Uint8Array(64))],
    });
    builder.start({ id: 7, flags: FLAG.QR, rcode: 0 });
    builder.limit(60);
    expect(builder.rrset('answer', rrset, 1)).toBe(false);
    expect(builder.ttlOffsets).toEqual([]);
    expect(builder.finish()).toBe(12);
  });

  test('holds for buffers of every size', () => {
    const question: Question = questionOf(name('www.example.org.'), TYPE.A);
    for (let size = 12; size < 120; size++) {
      const buffer = new Uint8Array(size);
      const builder = new MessageBuilder(buffer);
      builder.start({ id: 1, flags: FLAG.QR, rcode: 0 });
      const asked = builder.question(question);
      builder.record('answer', { owner: question.name, type: TYPE.A, class: 1, ttl: 9, rdata: new Uint8Array(4) });
      builder.edns({ udpSize: 1232, doBit: false });
      const view = viewOf(buffer, builder.finish());
      expect(view.questions.length).toBe(asked ? 1 : 0);
    }
  });
});

describe('TTL offsets', () => {
  test('name the TTL of each record and nothing else', () => {
    const buffer = new Uint8Array(65_535);
    const builder = new MessageBuilder(buffer);
    fc.assert(
      fc.property(anyParts, (parts) => {
        builder.start({ id: 7, flags: FLAG.QR, rcode: 0 });
        builder.question(parts.question);
        for (const section of SECTIONS) for (const rrset of parts[section]) builder.rrset(section, rrset, parts.ttl);
        builder.edns({ udpSize: 512, doBit: true });
        const length = builder.finish();
        expect(builder.ttlOffsets.length).toBe(viewOf(buffer, length).recordCount - 1);
        for (const at of builder.ttlOffsets) {
          expect(readU32(buffer, at)).toBe(parts.ttl);
          writeU32(buffer, at, 77);
        }
        expect(toldMessage(viewOf(buffer, length)).every((record) => record.ttl === 77)).toBe(true);
      }),
    );
  });
});
