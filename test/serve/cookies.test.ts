/** Proves server cookies: the examples of RFC 9018 appendix A, their lifetime, and what is not taken as one. */

import { describe, expect, it } from 'vitest';
import { ServerCookies } from '../../src/serve/cookies.ts';
import { SipHash } from '../../src/serve/siphash.ts';

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf';
const CLIENT = '2464c4abcf10c957';
const FIRST = '010000005cf79f111f8130c3eee29480';
const MADE_AT = 0x5cf79f11;
const IP = '198.51.100.100';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function checkCookie(cookie: string, { secrets = [SECRET], ip = IP, now = MADE_AT } = {}) {
  const cookies = new ServerCookies(secrets.map(bytes));
  // Not at the start of its message, as in real queries.
  const message = bytes(`ffff${cookie}ffff`);
  const state = cookies.check(message, 2, cookie.length / 2, { ip, now });
  return { state, reply: Buffer.from(cookies.reply).toString('hex') };
}

describe('SipHash-2-4', () => {
  it('gives the value of its authors for the input 00 to 0e', () => {
    const out = new Uint8Array(8);
    const key = bytes('000102030405060708090a0b0c0d0e0f');
    new SipHash(key).hash(bytes('000102030405060708090a0b0c0d0e'), 15, out, 0);
    expect(Buffer.from(out).readBigUInt64LE()).toBe(0xa129ca6149be45e5n);
  });
});

describe('the examples of RFC 9018', () => {
  it('A.1: a client learns a new server cookie', () => {
    expect(checkCookie(CLIENT)).toEqual({ state: 'client', reply: `${CLIENT}${FIRST}` });
  });

  it('A.2: the same client comes back 40 minutes later: the cookie is good and renewed', () => {
    const again = checkCookie(`${CLIENT}${FIRST}`, { now: 0x5cf7a871 });
    expect(again).toEqual({ state: 'valid', reply: `${CLIENT}010000005cf7a871d4a564a1442aca77` });
  });

  it('A.3: reserved octets that are not zero are part of the hash, and not kept when the cookie is renewed', () => {
    const given = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
    const { state, reply } = checkCookie(given, { ip: '203.0.113.203', now: 0x5cf78f71 + 2400 });
    expect(state).toBe('valid');
    expect(reply.slice(0, 24)).toBe('fc93fc62807ddb8601000000');
  });

  it('A.4: over IPv6, made with the secret before: good, and renewed with the active one', () => {
    const given = '22681ab97d52c298010000005cf7c57926556bd0934c72f8';
    const secrets = ['445536bcd2513298075a5d379663c962', 'dd3bdf9344b678b185a6f5cb60fca715'];
    const { state, reply } = checkCookie(given, { secrets, ip: '2001:db8:220:1:59de:d0f4:8769:82b8', now: 0x5cf7c609 });
    expect(state).toBe('valid');
    expect(reply).toBe('22681ab97d52c298010000005cf7c609a6bb79d16625507a');
  });
});

describe('server cookies', () => {
  const good = `${CLIENT}${FIRST}`;

  it('come back as they are for half an hour', () => {
    expect(checkCookie(good, { now: MADE_AT + 1800 })).toEqual({ state: 'valid', reply: good });
    expect(checkCookie(good, { now: MADE_AT + 1801 }).reply).not.toBe(good);
  });

  it('are good for an hour, and five minutes ahead of our clock', () => {
    expect(checkCookie(good, { now: MADE_AT + 3600 }).state).toBe('valid');
    expect(checkCookie(good, { now: MADE_AT + 3601 }).state).toBe('invalid');
    expect(checkCookie(good, { now: MADE_AT - 300 }).state).toBe('valid');
    expect(checkCookie(good, { now: MADE_AT - 301 }).state).toBe('invalid');
  });

  it('are worth nothing at another address, with another client cookie, or under another secret', () => {
    expect(checkCookie(good, { ip: '198.51.100.101' }).state).toBe('invalid');
    expect(checkCookie(`3${good.slice(1)}`).state).toBe('invalid');
    expect(checkCookie(good, { secrets: ['00'.repeat(16)] }).state).toBe('invalid');
  });

  it('are refused with any bit changed', () => {
    const whole = bytes(good);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Uint8Array.from(whole);
      changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
      expect(checkCookie(Buffer.from(changed).toString('hex')).state).toBe('invalid');
    }
  });

  it('of other makers are not ours, and get one of ours', () => {
    for (const octets of [8, 15, 17, 32]) {
      const { state, reply } = checkCookie(`${CLIENT}${'01'.repeat(octets)}`);
      expect({ state, reply }).toEqual({ state: 'invalid', reply: good });
    }
  });

  it('of a length that cannot be are malformed', () => {
    for (const octets of [0, 1, 7, 9, 15, 41, 65535]) expect(checkCookie('01'.repeat(octets)).state).toBe('malformed');
  });

  it('live across the end of the 32-bit time', () => {
    const before = 2 ** 32 - 10;
    const { reply } = checkCookie(CLIENT, { now: before });
    expect(checkCookie(reply, { now: before + 100 }).state).toBe('valid');
  });
});
