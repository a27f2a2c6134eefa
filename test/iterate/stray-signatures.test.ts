/** Proves that signatures in another section than their set are attached to it, and all others stay where they were. */

import { expect, test } from 'vitest';
import { attachStraySignatures, type GroupedSections } from '../../src/iterate/stray-signatures.ts';
import { RRsetReader } from '../../src/wire/received-rrset.ts';
import { CLASS } from '../../src/wire/rr-type.ts';
import { rdatasOf, signaturesOf } from '../../src/wire/rrset.ts';
import { questionFrom, recordFrom } from '../support/records.ts';
import { type ResponseText, responseView } from './support.ts';

const over = (owner: string, type: string) =>
  `${owner} RRSIG ${type} 15 2 300 20300101000000 20200101000000 7 test. AA==`;
const MOST = 2;
const rdata = (line: string): Uint8Array => recordFrom(line).rdata;

function sectionsOf(text: ResponseText): GroupedSections {
  const message = responseView(questionFrom('www.test. A'), text);
  const reader = new RRsetReader(message, CLASS.IN, 100);
  return {
    answer: reader.read(message.answer),
    authority: reader.read(message.authority),
    additional: reader.read(message.additional),
  };
}

test('attaches a signature from the additional section to the set in the answer', () => {
  const [ofA, ofAaaa] = [over('WWW.test.', 'A'), over('WWW.test.', 'AAAA')];
  const { answer, additional } = attachStraySignatures(
    sectionsOf({ answer: ['www.test. A 192.0.2.1'], additional: [ofA, ofAaaa] }),
    MOST,
  );
  expect(answer.map(({ rrset }) => signaturesOf(rrset))).toEqual([[rdata(ofA)]]);
  expect(additional.map(({ rrset }) => rdatasOf(rrset))).toEqual([[rdata(ofAaaa)]]);
});

test('leaves no empty set behind, and sections without strays as they are', () => {
  const plain = sectionsOf({ answer: ['www.test. A 192.0.2.1'] });
  expect(attachStraySignatures(plain, MOST)).toBe(plain);
  const stray = sectionsOf({ answer: ['www.test. A 192.0.2.1'], authority: [over('www.test.', 'A')] });
  expect(attachStraySignatures(stray, MOST).authority).toEqual([]);
});

test('attaches no more than so many to one set', () => {
  const signatures = [1, 2, 3].map((labels) => over('www.test.', 'A').replace(' 15 2 ', ` 15 ${labels} `));
  const stray = sectionsOf({ answer: ['www.test. A 192.0.2.1'], additional: signatures });
  const [set] = attachStraySignatures(stray, MOST).answer;
  expect(set === undefined ? [] : signaturesOf(set.rrset)).toEqual(signatures.slice(0, MOST).map(rdata));
});
