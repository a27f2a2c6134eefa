/** Proves that EDNS, extended errors and queries are written and read by RFC 6891 and RFC 8914, with bounds. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/wire/bytes.ts';
import { EDE, edeOption, edeText, extendedErrorsOf, MAX_EDE_TEXT_OCTETS, readEde } from '../../src/wire/ede.ts';
import {
  EDNS_OPTION,
  type Edns,
  ednsOctets,
  findOption,
  MAX_EDNS_OPTIONS,
  optRdata,
  readEdns,
  readOptions,
  soleOption,
} from '../../src/wire/edns.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';

const question = questionOf(mustParseName('Mail.Example.'), TYPE.MX);

function ednsOf(query: Uint8Array): Edns | null | 'malformed' {
  const parsed = parseMessage(query);
  if (!parsed.ok) throw new Error(parsed.reason);
  return readEdns(parsed.message);
}

describe('a query', () => {
  test('is header and question in the case given', () => {
    const query = buildQuery({ id: 0x1234, question, flags: FLAG.RD | FLAG.CD });
    expect(toHex(query)).toBe('123401100001000000000000044d61696c074578616d706c6500000f0001');
    expect(ednsOf(query)).toBeNull();
  });

  test('has an OPT when told so', () => {
    const options = [{ code: EDNS_OPTION.COOKIE, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }];
    const edns = { udpSize: 1232, doBit: true, options };
    const query = buildQuery({ id: 1, question, flags: 0, edns });
    expect(ednsOf(query)).toEqual({ ...edns, version: 0, extendedRcode: 0, flags: 0x8000 });
    const bare = buildQuery({ id: 1, question, flags: 0 });
    expect(query.length - bare.length).toBe(ednsOctets(edns));
  });
});

describe('options', () => {
  test('round trip up to the bound', () => {
    const anyOption = fc.record({ code: fc.nat(0xffff), data: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(anyOption, { maxLength: MAX_EDNS_OPTIONS }), (options) => {
        expect(readOptions(optRdata(options))).toEqual(options);
      }),
    );
  });

  test('beyond the bound are skipped, their framing still checked', () => {
    const many = optRdata(Array.from({ length: 1000 }, () => ({ code: 3, data: new Uint8Array(0) })));
    expect(readOptions(many)?.length).toBe(MAX_EDNS_OPTIONS);
    expect(readOptions(many.subarray(0, -1))).toBeNull();
  });

  test('that run past the end are malformed', () => {
    expect(readOptions(Uint8Array.of(0, 3, 0))).toBeNull();
    expect(readOptions(Uint8Array.of(0, 3, 0, 1))).toBeNull();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (rdata) => void readOptions(rdata)));
  });

  test('are found by code', () => {
    const options = [{ code: 3, data: Uint8Array.of(1) }];
    const edns = ednsOf(buildQuery({ id: 1, question, flags: 0, edns: { udpSize: 512, doBit: false, options } }));
    if (edns === null || edns === 'malformed') throw new Error('no EDNS');
    expect(findOption(edns, EDNS_OPTION.NSID)).toEqual(options[0]);
    expect(findOption(edns, EDNS_OPTION.COOKIE)).toBeNull();
  });
});

describe('the only option of a code', () => {
  /** What is found in an OPT with this rdata. */
  function found(rdata: Uint8Array): Uint8Array | string {
    const bare = buildQuery({ id: 1, question, flags: 0, edns: { udpSize: 1232, doBit: true } });
    const query = new Uint8Array(bare.length + rdata.length);
    query.set(bare);
    query.set(rdata, bare.length);
    new DataView(query.buffer).setUint16(bare.length - 2, rdata.length);
    const parsed = parseMessage(query);
    if (!parsed.ok) throw new Error(parsed.reason);
    return soleOption(parsed.message, EDNS_OPTION.COOKIE);
  }

  test('is what the list of all options says', () => {
    const anyOption = fc.record({ code: fc.constantFrom(3, 10, 12), data: fc.uint8Array({ maxLength: 20 }) });
    const anyRdata = fc.oneof(fc.array(anyOption, { maxLength: 4 }).map(optRdata), fc.uint8Array({ maxLength: 24 }));
    fc.assert(
      fc.property(anyRdata, (rdata) => {
        const cookies = readOptions(rdata)?.filter(({ code }) => code === EDNS_OPTION.COOKIE);
        const [first] = cookies ?? [];
        const expected = cookies === undefined ? 'malformed' : cookies.length > 1 ? 'twice' : (first?.data ?? 'none');
        expect(found(rdata)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('is none where there is no OPT', () => {
    const parsed = parseMessage(buildQuery({ id: 1, question, flags: 0 }));
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(soleOption(parsed.message, EDNS_OPTION.COOKIE)).toBe('none');
  });
});

describe('extended errors', () => {
  test('round trip with their text', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.string({ unit: 'grapheme', maxLength: 20 }), (code, text) => {
        fc.pre(!text.endsWith('\0'));
        expect(readEde(edeOption({ code, text }))).toEqual({ code, text });
      }),
    );
  });

  test('are cut at a character border', () => {
    const option = edeOption({ code: EDE.DNSSEC_BOGUS, text: 'ü'.repeat(400) });
    expect(option.data.length).toBe(2 + MAX_EDE_TEXT_OCTETS - 1);
    expect(readEde(option)?.text).toBe('ü'.repeat(127));
  });

  test('lose the NUL that some senders add, and survive what is not UTF-8', () => {
    expect(readEde({ code: 15, data: Uint8Array.of(0, 6, 0x61, 0) })).toEqual({ code: 6, text: 'a' });
    expect(readEde({ code: 15, data: Uint8Array.of(0, 6, 0xff) })?.code).toBe(6);
  });

  test('are no other option and no option of one octet', () => {
    expect(readEde({ code: 10, data: new Uint8Array(8) })).toBeNull();
    expect(readEde({ code: 15, data: new Uint8Array(1) })).toBeNull();
  });

  test('are all read from an OPT and have a name', () => {
    const options = [edeOption({ code: 6, text: 'x' }), edeOption({ code: 22, text: '' })];
    const edns = ednsOf(buildQuery({ id: 1, question, flags: 0, edns: { udpSize: 512, doBit: false, options } }));
    if (edns === null || edns === 'malformed') throw new Error('no EDNS');
    expect(extendedErrorsOf(edns).map((error) => error.code)).toEqual([6, 22]);
    expect([edeText(EDE.NO_REACHABLE_AUTHORITY), edeText(999)]).toEqual(['No reachable authority', 'EDE 999']);
  });
});
