/** Proves that signatures in another section than their set are attached to it, and all others stay where they were. */

import { expect, test } from 'vitest';
import { attachStraySignatures } from '../../src/iterate/stray-signatures.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { RRsetGroup } from '../../src/wire/rrsets.ts';

const group = (owner: string, type: number, rdatas: readonly Uint8Array[]): RRsetGroup => ({
  owner: mustParseName(owner),
  type,
  class: CLASS.IN,
  rdatas,
  signatures: [],
  ttl: 60,
});
/** An RRSIG rdata as far as its covered type. */
const over = (type: number): Uint8Array => Uint8Array.of(0, type, 8);

test('attaches a signature from the additional section to the set in the answer', () => {
  const sections = attachStraySignatures({
    answer: [group('www.test.', TYPE.A, [Uint8Array.of(192, 0, 2, 1)])],
    authority: [],
    additional: [group('WWW.test.', TYPE.RRSIG, [over(TYPE.A), over(TYPE.AAAA)])],
  });
  expect(sections.answer[0]?.signatures).toEqual([over(TYPE.A)]);
  expect(sections.additional.map(({ rdatas }) => rdatas)).toEqual([[over(TYPE.AAAA)]]);
});

test('leaves no empty set behind, and sections without strays as they are', () => {
  const answer = [group('www.test.', TYPE.A, [Uint8Array.of(192, 0, 2, 1)])];
  const plain = { answer, authority: [], additional: [] };
  expect(attachStraySignatures(plain)).toBe(plain);
  const sections = attachStraySignatures({
    ...plain,
    authority: [group('www.test.', TYPE.RRSIG, [over(TYPE.A)])],
  });
  expect(sections.authority).toEqual([]);
});
