/** Proves that datagrams come out of the ring as they went in, in order, over its end, and that a full ring and a sleeping reader are told. */

import { describe, expect, test } from 'vitest';
import { QueryRing, TakenDatagram } from '../../src/adapters/query-ring.ts';
import { SeededRandom } from '../fake/fake-random.ts';

/** A datagram of so many octets, each the same. */
function datagram(
  octet: number,
  length: number,
): { readonly octets: Uint8Array; readonly at: Parameters<QueryRing['put']>[2] } {
  const octets = new Uint8Array(200 + length).fill(octet);
  octets.fill(0xaa, 0, 16);
  octets.fill(0xbb, 100, 100 + (octet % 3) * 7);
  const at = {
    nameAt: 0,
    nameLength: 16,
    controlAt: 100,
    controlLength: (octet % 3) * 7,
    payloadAt: 200,
    payloadLength: length,
  };
  return { octets, at };
}

describe('the ring of queries', () => {
  test('gives back what was put in, whatever the lengths, many times around', () => {
    const ring = new QueryRing();
    const reader = new QueryRing(ring.memory);
    const taken = new TakenDatagram();
    const random = new SeededRandom(9);
    const expected: [number, number][] = [];
    let passed = 0;
    for (let step = 0; step < 20_000; step++) {
      if (random.below(3) > 0) {
        const [octet, length] = [1 + random.below(250), random.below(random.below(20) === 0 ? 9_000 : 300)];
        const { octets, at } = datagram(octet, length);
        if (ring.put(octet, octets, at) !== 'full') expected.push([octet, length]);
      } else {
        const socket = reader.take(taken);
        const next = expected.shift();
        expect(socket).toBe(next?.[0] ?? null);
        if (next === undefined) continue;
        passed++;
        const [octet, length] = next;
        expect(taken.payload).toEqual(new Uint8Array(length).fill(octet));
        expect(taken.octets.subarray(0, taken.nameLength)).toEqual(new Uint8Array(16).fill(0xaa));
        const control = taken.octets.subarray(taken.controlAt, taken.controlAt + taken.controlLength);
        expect(control).toEqual(new Uint8Array((octet % 3) * 7).fill(0xbb));
      }
    }
    expect(passed).toBeGreaterThan(5_000);
  });

  test('is full at its end, and takes more when some is taken', () => {
    const ring = new QueryRing();
    const taken = new TakenDatagram();
    const { octets, at } = datagram(7, 1_000);
    let count = 0;
    while (ring.put(1, octets, at) !== 'full') count++;
    expect(count).toBeGreaterThan(200);
    for (let i = 0; i < 3; i++) expect(ring.take(taken)).toBe(1);
    expect(ring.put(1, octets, at)).not.toBe('full');
  });

  test('takes the largest datagram that there is', () => {
    const ring = new QueryRing();
    const { octets, at } = datagram(3, 65_507);
    expect(ring.put(1, octets, at)).not.toBe('full');
    expect(ring.take(new TakenDatagram())).toBe(1);
  });

  test('has a sleeping reader woken once, and lets none sleep that has something to take', () => {
    const ring = new QueryRing();
    const taken = new TakenDatagram();
    const { octets, at } = datagram(5, 40);
    expect([ring.put(1, octets, at), ring.put(1, octets, at)]).toEqual(['wake', 'awake']);
    expect(ring.take(taken)).toBe(1);
    expect(ring.sleep()).toBe(false);
    expect(ring.take(taken)).toBe(1);
    expect(ring.sleep()).toBe(true);
    expect(ring.put(1, octets, at)).toBe('wake');
  });
});
