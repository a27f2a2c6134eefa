/** Proves that messages come whole out of a stream that is cut up in any way. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/wire/bytes.ts';
import { FrameReader } from '../../src/wire/frames.ts';

function framed(message: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(message.length >>> 8, message.length & 0xff), message);
}

function takeAll(reader: FrameReader): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let message = reader.next(); message !== null; message = reader.next()) messages.push(message.slice());
  return messages;
}

describe('frames', () => {
  test('come out whole, in order, however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 });
    const cuts = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(messages, cuts, (sent, sizes) => {
        const stream = concatBytes(...sent.map(framed));
        const reader = new FrameReader();
        const got: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + (sizes[i % sizes.length] ?? 1);
          reader.push(stream.subarray(at, end));
          got.push(...takeAll(reader));
          at = end;
        }
        expect(got).toEqual(sent);
      }),
      { numRuns: 100 },
    );
  });

  test('of the largest size come out, also in single octets', () => {
    const large = new Uint8Array(65_535).fill(7);
    const reader = new FrameReader();
    for (const octet of framed(large)) reader.push(Uint8Array.of(octet));
    expect(takeAll(reader)).toEqual([large]);
  });

  test('of length zero are messages too', () => {
    const reader = new FrameReader();
    reader.push(Uint8Array.of(0, 0, 0, 1, 9));
    expect(takeAll(reader)).toEqual([new Uint8Array(), Uint8Array.of(9)]);
  });
});
