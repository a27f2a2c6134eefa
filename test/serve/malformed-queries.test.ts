/**
 * Proves what becomes of queries that are malformed or that we do not serve: the same as with Unbound 1.17.1, which was sent
 * each of them; where its reply was malformed itself (counts of records that are not there), ours is clean.
 */

import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, writeU16 } from '../../src/wire/bytes.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { questionFrom } from '../support/records.ts';
import { PlayedResolver, queryFor } from './serving.ts';

const OPT = fromHex('00002904d0000000000000') as Uint8Array;
const A_RECORD = fromHex('00000100010000000000046162 6364'.replace(' ', '')) as Uint8Array;

/** A query with header words replaced and octets added. */
function query(words: Readonly<Record<number, number>> = {}, ...extra: Uint8Array[]): Uint8Array {
  const bytes = concatBytes(queryFor(questionFrom('a.test.')), ...extra);
  for (const [at, value] of Object.entries(words)) writeU16(bytes, Number(at), value);
  return bytes;
}

const QR = 0x8000;
const TC = 0x0200;
const RD = 0x0100;
const opcode = (code: number): number => RD | (code << 11);

describe('dropped in silence', () => {
  test.each([
    ['nothing', new Uint8Array()],
    ['less than a header', query().subarray(0, 11)],
    ['a response', query({ 2: QR | RD })],
    ['a bare response header', query({ 2: QR }).subarray(0, 12)],
  ])('%s', (_, bytes) => {
    expect(new PlayedResolver().send(bytes)).toBeNull();
  });

  test('a query above 512 octets with harden-large-queries, and only then', () => {
    const large = query(
      { 10: 1 },
      fromHex('00002904d000000000') as Uint8Array,
      new Uint8Array([2, 0]),
      new Uint8Array(512),
    );
    expect(new PlayedResolver({ dropLargeQueries: true }).send(large)).toBeNull();
    expect(new PlayedResolver().send(large)).toBe('handed over');
  });
});

describe('FORMERR', () => {
  test.each([
    ['a header alone', query().subarray(0, 12)],
    ['TC set', query({ 2: TC | RD })],
    ['no question', query({ 4: 0 })],
    ['two questions', query({ 4: 2 }, queryFor(questionFrom('a.test.')).subarray(12))],
    ['an answer record', query({ 6: 1 }, A_RECORD)],
    ['an authority record', query({ 8: 1 }, A_RECORD)],
    ['a count of additional records without a record', query({ 10: 1 })],
    ['two OPT records', query({ 10: 2 }, OPT, OPT)],
    ['an additional record that is no OPT', query({ 10: 1 }, A_RECORD)],
    ['an OPT whose owner is not the root', query({ 10: 1 }, new Uint8Array([1, 0x61]), OPT)],
    ['an OPT that is cut short', query({ 10: 1 }, fromHex('00002904d00000000000060003000461') as Uint8Array)],
    ['a question with a compressed name', concatBytes(query().subarray(0, 12), fromHex('c00c00010001') as Uint8Array)],
    ['a question that is cut short', concatBytes(query().subarray(0, 12), fromHex('3f6161') as Uint8Array)],
  ])('%s', (_, bytes) => {
    const reply = new PlayedResolver().send(bytes);
    expect(reply).toMatchObject({ rcode: RCODE.FORMERR, answer: [], authority: [], additional: [] });
    expect(reply).not.toBe('handed over');
  });

  test.each([TYPE.OPT, 128, 200, 248, 249, 250, 253, 254])('type %i, which exists for one hop only', (type) => {
    expect(new PlayedResolver().reply({ ...questionFrom('a.test.'), type })).toMatchObject({ rcode: RCODE.FORMERR });
  });

  test('is never longer than the query', () => {
    for (const bytes of [query({ 4: 2 }), query({ 6: 1 }, A_RECORD), query({ 10: 2 }, OPT, OPT)]) {
      const reply = new PlayedResolver().send(bytes);
      expect(reply !== null && reply !== 'handed over' && reply.octets <= bytes.length).toBe(true);
    }
  });
});

describe('other refusals', () => {
  test.each([1, 2, 3, 5, 6, 15])('opcode %i is not implemented and comes back', (code) => {
    const reply = new PlayedResolver().send(query({ 2: opcode(code) }));
    expect(reply).toMatchObject({ rcode: RCODE.NOTIMP });
    if (reply !== null && reply !== 'handed over') expect(reply.message.opcode).toBe(code);
  });

  test('NOTIFY and zone transfers are refused', () => {
    const server = new PlayedResolver();
    expect(server.send(query({ 2: opcode(4) }))).toMatchObject({ rcode: RCODE.REFUSED });
    expect(server.reply({ ...questionFrom('a.test.'), type: TYPE.AXFR })).toMatchObject({ rcode: RCODE.REFUSED });
    expect(server.reply({ ...questionFrom('a.test.'), type: TYPE.IXFR })).toMatchObject({ rcode: RCODE.REFUSED });
  });

  test.each([0, CLASS.CS, CLASS.HS, CLASS.NONE, CLASS.ANY, 77])('class %i is refused', (rrClass) => {
    expect(new PlayedResolver().reply({ ...questionFrom('a.test.'), class: rrClass })).toMatchObject({
      rcode: RCODE.REFUSED,
    });
  });

  test('an EDNS version of the future gets BADVERS and our version', () => {
    const reply = new PlayedResolver().send(
      query({ 10: 1 }, fromHex('00002904d00001800000 00'.replace(' ', '')) as Uint8Array),
    );
    expect(reply).toMatchObject({ rcode: RCODE.BADVERS, edns: { version: 0, doBit: true, extendedRcode: 1 } });
  });

  test('octets after the message do no harm', () => {
    expect(new PlayedResolver().send(query({}, new Uint8Array(3)))).toBe('handed over');
    expect(new PlayedResolver().send(query({ 10: 1 }, OPT, new Uint8Array(3)))).toBe('handed over');
  });
});

test('what a query without a question is told does not depend on the query before it', () => {
  const server = new PlayedResolver();
  const withoutQuestion = query({ 4: 0 });
  const alone = server.send(withoutQuestion);
  const nxname = query();
  writeU16(nxname, nxname.length - 4, 128);
  expect(server.send(nxname)).toMatchObject({ rcode: RCODE.FORMERR });
  expect(server.send(withoutQuestion)).toMatchObject({ flags: (alone as { flags: string }).flags });
});
