/** Proves that the protocol is read the same however its octets are cut up, and that nothing strange is read on. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { type RequestPiece, RequestReader } from '../../src/control/request-reader.ts';

function readAll(pieces: readonly Uint8Array[]): RequestPiece[] {
  const reader = new RequestReader();
  const read: RequestPiece[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.next(); next !== null; next = reader.next()) read.push(next);
  }
  return read;
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The text in pieces that end at the given places. */
function cut(text: string, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, i) => bytes(text.slice(i === 0 ? 0 : ends[i - 1], end)));
}

const line = (text: string): RequestPiece => ({ kind: 'line', text });

describe('reading requests', () => {
  test('gives magic and lines however they are cut up', () => {
    const text = 'UBCT1  local_datas\na A 192.0.2.1\r\n\n\xff\x00 b\nlast\n';
    const expected = [' local_datas', 'a A 192.0.2.1', '', '\xff\x00 b', 'last'].map(line);
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 30 }), (places) => {
        expect(readAll(cut(text, places))).toEqual(expected);
      }),
    );
  });

  test('takes the one blank of other clients as well as the two of unbound-control', () => {
    expect(readAll([bytes('UBCT1 stats_noreset\n')])).toEqual([line('stats_noreset')]);
    expect(readAll([bytes('UBCT1  stats_noreset\n')])).toEqual([line(' stats_noreset')]);
  });

  test('knows a stranger by its first wrong octet', () => {
    expect(readAll([bytes('G')])).toEqual([{ kind: 'bad-magic' }]);
    expect(readAll([bytes('UBC'), bytes('X1 status\n')])).toEqual([{ kind: 'bad-magic' }]);
    expect(readAll([bytes('\x16\x03\x01')])).toEqual([{ kind: 'bad-magic' }]);
  });

  test.each(['UBCT2 status\n', 'UBCTx status\n', 'UBCT1_status\n'])('refuses another version: %j', (text) => {
    expect(readAll([bytes(text)])).toEqual([{ kind: 'wrong-version' }]);
  });

  test('waits for the rest of a line, and gives up when it is longer than may be', () => {
    const reader = new RequestReader();
    reader.push(bytes('UBCT1 sta'));
    expect(reader.next()).toBeNull();
    reader.push(bytes('x'.repeat(CONTROL_LIMITS.lineOctets)));
    expect(reader.next()).toEqual({ kind: 'line-too-long' });
    reader.push(bytes('\nstatus\n'));
    expect(reader.next()).toBeNull();
    expect(reader.waiting).toBe(0);
  });

  test('copies what it takes', () => {
    const reader = new RequestReader();
    const piece = bytes('UBCT1 status\n');
    reader.push(piece);
    piece.fill(0);
    expect(reader.next()).toEqual(line('status'));
  });
});
