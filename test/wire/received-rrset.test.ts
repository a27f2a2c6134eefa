/** Proves which records of a message make a set, how many sets are read, and that a set can be cut before and after somebody looked into it. */

import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/wire/message-view.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { type ReceivedRRset, RRsetReader } from '../../src/wire/received-rrset.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { rdataCount, signatureCount } from '../../src/wire/rrset.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { recordFrom } from '../support/records.ts';
import { tighten } from '../world/loose-message.ts';

const SIGNATURE = 'A 15 2 60 20300101000000 20200101000000 1 example. AAAA';

function read(answer: readonly ResourceRecord[], maxSets = 100): { sets: readonly ReceivedRRset[]; leftOut: number } {
  const octets = tighten({ id: 1, flags: FLAG.QR, question: null, answer: [...answer], authority: [], additional: [] });
  const parsed = parseMessage(octets);
  if (!parsed.ok) throw new Error(parsed.reason);
  const reader = new RRsetReader(parsed.message, CLASS.IN, maxSets);
  return { sets: reader.read(parsed.message.answer), leftOut: reader.leftOut };
}

const records = (...lines: readonly string[]): ResourceRecord[] => lines.map(recordFrom);

describe('the sets of a section', () => {
  test('are of one class, their signatures too', () => {
    const [address, signature] = records('a.example. A 192.0.2.1', `a.example. RRSIG ${SIGNATURE}`);
    if (address === undefined || signature === undefined) throw new Error('no records');
    expect(signatureCount(read([address, signature]).sets[0]?.rrset as never)).toBe(1);
    const others = [signature, address].map((record) => ({ ...record, class: CLASS.CH }));
    const more = records(`a.example. RRSIG ${SIGNATURE.replace('AAAA', 'BBBB')}`);
    const { sets } = read([address, ...others, ...more]);
    expect(sets.map(({ type, rrset }) => [type, rdataCount(rrset), signatureCount(rrset)])).toEqual([[TYPE.A, 1, 1]]);
  });

  test('are no more than asked for; the records of others are counted', () => {
    const lines = Array.from({ length: 10 }, (_, i) => `a${i}.example. A 192.0.2.1`);
    const { sets, leftOut } = read(records(...lines, 'a0.example. A 192.0.2.2'), 4);
    expect([sets.length, sets[0]?.count, leftOut]).toEqual([4, 2, 6]);
  });

  test.each([false, true])('can be cut; when somebody has looked into them before: %s', (isPacked) => {
    const { sets } = read(
      records(
        ...[1, 2, 3].map((n) => `a.example. A 192.0.2.${n}`),
        `a.example. RRSIG ${SIGNATURE}`,
        `a.example. RRSIG ${SIGNATURE.replace('AAAA', 'BBBB')}`,
      ),
    );
    const [set] = sets;
    if (set === undefined) throw new Error('no set');
    if (isPacked) expect([rdataCount(set.rrset), signatureCount(set.rrset)]).toEqual([3, 2]);
    set.limit(2, 1);
    expect([set.count, rdataCount(set.rrset), signatureCount(set.rrset)]).toEqual([2, 2, 1]);
    set.limit(5, 5);
    expect([set.count, rdataCount(set.rrset), signatureCount(set.rrset)]).toEqual([2, 2, 1]);
  });
});
