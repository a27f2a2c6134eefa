/** Proves which datagrams are taken for the answer to a question (RFC 5452 §9.1). */

import { describe, expect, test } from 'vitest';
import { acceptResponse, type Pending } from '../../src/iterate/accept-response.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { questionFrom } from '../support/records.ts';
import { type ResponseText, responseBytes } from './support.ts';

const pending: Pending = { id: 77, question: questionFrom('wWw.example. A'), checkCase: false };

function outcome(text: ResponseText, question = questionFrom('www.example. A'), id = 77, checkCase = false): string {
  const accepted = acceptResponse(responseBytes(question, text, id), { ...pending, checkCase });
  return accepted.kind === 'rejected' ? accepted.why : accepted.kind;
}

describe('acceptResponse', () => {
  test('takes the answer to the question, whatever the case of its letters', () => {
    expect(outcome({ answer: ['www.example. A 192.0.2.1'] })).toBe('accepted');
  });

  test('rejects a wrong id, a wrong name, a wrong type', () => {
    expect(outcome({}, questionFrom('www.example. A'), 78)).toBe('wrong-id');
    expect(outcome({}, questionFrom('ww.example. A'))).toBe('wrong-question');
    expect(outcome({}, questionFrom('www.example. AAAA'))).toBe('wrong-question');
  });

  test('rejects the case of the letters only when it counts', () => {
    expect(outcome({}, questionFrom('www.example. A'), 77, true)).toBe('wrong-case');
    expect(outcome({}, questionFrom('wWw.example. A'), 77, true)).toBe('accepted');
  });

  test('rejects a query sent back', () => {
    const bytes = responseBytes(pending.question, {}, 77);
    bytes[2] = 0;
    expect(acceptResponse(bytes, pending)).toEqual({ kind: 'rejected', why: 'not-a-response' });
  });

  test('rejects another opcode', () => {
    const bytes = responseBytes(pending.question, {}, 77);
    bytes[2] = 0x80 | (4 << 3);
    expect(acceptResponse(bytes, pending)).toEqual({ kind: 'rejected', why: 'wrong-opcode' });
  });

  test('rejects what is no message, but knows a truncated one even when it is cut in the middle of a record', () => {
    const bytes = responseBytes(pending.question, { answer: ['www.example. A 192.0.2.1'] }, 77);
    expect(acceptResponse(bytes.subarray(0, 40), pending)).toEqual({ kind: 'rejected', why: 'malformed' });
    bytes[2] = (bytes[2] ?? 0) | (FLAG.TC >>> 8);
    expect(acceptResponse(bytes.subarray(0, 40), pending)).toEqual({ kind: 'truncated' });
    expect(acceptResponse(bytes.subarray(0, 11), pending)).toEqual({ kind: 'rejected', why: 'too-short' });
  });

  test('takes an error without a question, but no answer without one', () => {
    const formerr = responseBytes(null, { rcode: RCODE.FORMERR, edns: false }, 77);
    expect(acceptResponse(formerr, pending).kind).toBe('accepted');
    const answer = responseBytes(null, { answer: ['www.example. A 192.0.2.1'] }, 77);
    expect(acceptResponse(answer, pending)).toEqual({ kind: 'rejected', why: 'wrong-question' });
  });
});
