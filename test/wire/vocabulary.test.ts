/** Proves the small vocabularies: response codes, questions, and sets under another owner or with other signatures. */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionKey, questionOf, questionPlace, questionsEqual, questionText } from '../../src/wire/question.ts';
import { RCODE, rcodeText } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, rrsetOwner, signaturesOf, unpackRRset, withOwner, withSignatures } from '../../src/wire/rrset.ts';

describe('response codes', () => {
  test('have mnemonics, numbers where there is none', () => {
    for (const [mnemonic, number] of Object.entries(RCODE)) {
      expect(rcodeText(number)).toBe(mnemonic);
    }
    expect(rcodeText(99)).toBe('RCODE99');
  });
});

describe('questions', () => {
  const asked = questionOf(mustParseName('Mail.Example.'), TYPE.MX);

  test('are equal without case, and so are their keys', () => {
    const same = questionOf(mustParseName('mail.example.'), TYPE.MX);
    expect([questionsEqual(asked, same), questionKey(asked) === questionKey(same)]).toEqual([true, true]);
    expect(questionPlace(asked, 1024)).toBe(questionPlace(same, 1024));
  });

  test('differ by type, class and name', () => {
    const others = [
      { ...asked, type: TYPE.A },
      { ...asked, class: 3 },
      { ...asked, name: mustParseName('mail.') },
    ];
    for (const other of others) {
      expect([questionsEqual(asked, other), questionKey(asked) === questionKey(other)]).toEqual([false, false]);
    }
  });

  test('are written as in log lines', () => {
    expect(questionText(asked)).toBe('Mail.Example. MX IN');
  });
});

describe('a packed set', () => {
  const parts = {
    owner: mustParseName('*.example.'),
    type: TYPE.A,
    class: 1,
    rdatas: [Uint8Array.of(1, 2, 3, 4)],
    signatures: [Uint8Array.of(9)],
  };

  test('can take another owner or other signatures; the first is not changed', () => {
    const set = packRRset(parts);
    const moved = withOwner(set, mustParseName('x.example.'));
    expect(unpackRRset(moved)).toEqual({ ...parts, owner: mustParseName('x.example.') });
    expect(signaturesOf(withSignatures(set, []))).toEqual([]);
    expect([rrsetOwner(set), signaturesOf(set)]).toEqual([parts.owner, parts.signatures]);
  });
});
