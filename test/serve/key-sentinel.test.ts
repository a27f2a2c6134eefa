/** Proves who gets SERVFAIL for a root key sentinel (RFC 8509 §3), and that nobody does where the directive is off. */

import { describe, expect, test } from 'vitest';
import type { Answered } from '../../src/terms/resolution.ts';
import { EDE } from '../../src/wire/ede.ts';
import { questionFrom } from '../support/records.ts';
import { type Asking, answered, BOGUS, INSECURE, PlayedResolver, ranked } from './serving.ts';

const TRUSTED = 20326;
const IS = 'root-key-sentinel-is-ta-20326.test.';
const IS_OTHER = 'root-key-sentinel-is-ta-12345.test.';
const NOT = 'root-key-sentinel-not-ta-20326.test.';
const NOT_OTHER = 'root-key-sentinel-not-ta-12345.test.';
const options = { rootKeyTags: () => new Set([TRUSTED]) };

function replyTo(name: string, asking: Asking = {}, parts: Partial<Answered> = {}, told = options): string {
  const resolution = answered(questionFrom(name), { answer: [ranked([`${name} A 192.0.2.1`])], ...parts });
  const server = new PlayedResolver(told).know(resolution);
  const composed = server.reply(resolution.question, asking).rcode;
  // Out of the reply cache it is the same.
  expect(server.reply(resolution.question, asking).rcode).toBe(composed);
  return composed === 0 ? 'answer' : composed === 2 ? 'SERVFAIL' : String(composed);
}

describe('a root key sentinel', () => {
  test.each([
    ['is-ta of a trusted key', IS, 'answer'],
    ['is-ta of another key', IS_OTHER, 'SERVFAIL'],
    ['not-ta of a trusted key', NOT, 'SERVFAIL'],
    ['not-ta of another key', NOT_OTHER, 'answer'],
    ['in capitals', NOT.toUpperCase(), 'SERVFAIL'],
    ['without five digits', 'root-key-sentinel-not-ta-020326.test.', 'answer'],
    ['in the second label', `www.${NOT}`, 'answer'],
  ])('%s: %s gets %s', (_, name, reply) => {
    expect(replyTo(name)).toBe(reply);
  });

  test('says why there is SERVFAIL, also out of the reply cache, and nothing where there is an answer', () => {
    const codes = (name: string): number[][] => {
      const resolution = answered(questionFrom(name), { answer: [ranked([`${name} A 192.0.2.1`])] });
      const server = new PlayedResolver({ ...options, extendedErrors: true }).know(resolution);
      const reply = () => server.reply(resolution.question, { udpSize: 1232 }).errors.map(({ code }) => code);
      return [reply(), reply()];
    };
    expect(codes(NOT)).toEqual([[EDE.OTHER], [EDE.OTHER]]);
    expect(codes(IS)).toEqual([[], []]);
  });

  test('is a name like others for a client that checks by itself (CD)', () => {
    expect(replyTo(NOT, { cd: true })).toBe('answer');
  });

  test('is a name like others where it is not secure', () => {
    expect(replyTo(NOT, {}, { verdict: INSECURE })).toBe('answer');
    expect(replyTo(IS, {}, { verdict: BOGUS })).toBe('SERVFAIL');
  });

  test('is a name like others for other types', () => {
    const resolution = answered(questionFrom(`${NOT} TXT`), { answer: [ranked([`${NOT} TXT "x"`])] });
    expect(new PlayedResolver(options).know(resolution).reply(resolution.question).rcode).toBe(0);
  });

  test('is a name like others with root-key-sentinel: no', () => {
    expect(replyTo(NOT, {}, {}, { rootKeyTags: null as never })).toBe('answer');
  });
});
