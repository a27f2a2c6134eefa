/**
 * Proves the form of replies: AD, CD and DO by RFC 4035 §3.2 and RFC 6840 §5.7 to 5.9, SERVFAIL with its reason, sections,
 * sizes, EDNS. Each case twice: composed anew and out of the reply cache, which must not differ.
 */

import { describe, expect, test } from 'vitest';
import type { ServeOptions } from '../../src/serve/serve-options.ts';
import type { Answered, Resolution } from '../../src/terms/resolution.ts';
import { EDE } from '../../src/wire/ede.ts';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import type { Question } from '../../src/wire/question.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { questionFrom } from '../support/records.ts';
import {
  type Asking,
  answered,
  BOGUS,
  INSECURE,
  NOW,
  PlayedResolver,
  queryFor,
  type Reply,
  ranked,
} from './serving.ts';

const MX = questionFrom('mx.example.');
const ADDRESS = ranked(['mx.example. A 192.0.2.1']);
const NS = ranked(['example. NS ns.example.']);
const GLUE = ranked(['ns.example. A 192.0.2.53']);
const SOA = ranked(['example. SOA ns.example. admin.example. 1 2 3 4 300']);
const NSEC = ranked(['mx.example. NSEC z.example. A RRSIG NSEC']);
const GOOD = answered(MX, { answer: [ADDRESS], authority: [NS], additional: [GLUE] });
const NODATA = answered(questionFrom('mx.example. TLSA'), { denied: true, authority: [SOA, NSEC] });
const NXDOMAIN = answered(questionFrom('no.example.'), { denied: true, rcode: RCODE.NXDOMAIN, authority: [SOA, NSEC] });
const FAILED: Resolution = {
  kind: 'failed',
  question: MX,
  why: { kind: 'no-reachable-server', zone: 'example.', networkError: false, tried: '192.0.2.53' },
};

/** The reply composed anew; the same one out of the reply cache must be equal to it. */
function replyTo(resolution: Resolution, asking: Asking = {}, options: Partial<ServeOptions> = {}): Reply {
  const server = new PlayedResolver(options).know(resolution);
  const first = server.reply(resolution.question, asking);
  const second = server.reply(resolution.question, asking);
  expect(second.message.bytes).toEqual(first.message.bytes);
  return first;
}

describe('AD', () => {
  test.each<[string, Asking, Answered, boolean]>([
    ['is set for DO', { udpSize: 1232, doBit: true }, GOOD, true],
    ['is set for AD', { ad: true }, GOOD, true],
    ['is not set for a client that set neither', {}, GOOD, false],
    ['is not set with EDNS alone', { udpSize: 1232 }, GOOD, false],
    ['is set with CD as well, when the data is known to be secure', { cd: true, ad: true }, GOOD, true],
    ['is set on a proven NODATA', { ad: true }, NODATA, true],
    ['is set on a proven NXDOMAIN', { ad: true }, NXDOMAIN, true],
    ['is not set on insecure data', { ad: true }, { ...GOOD, verdict: INSECURE }, false],
    ['is not set on unchecked data', { ad: true }, { ...GOOD, verdict: null }, false],
    ['is not set on bogus data that CD asks for', { ad: true, cd: true }, { ...GOOD, verdict: BOGUS }, false],
    ['is not set when there is nothing to be authentic', { ad: true }, answered(MX), false],
  ])('%s', (_, asking, resolution, expected) => {
    expect(replyTo(resolution, asking).flags.includes('AD')).toBe(expected);
  });
});

describe('flags', () => {
  test('RD and CD come back as asked, RA is set, AA is not', () => {
    expect(replyTo(GOOD).flags).toBe('QR RD RA');
    expect(replyTo(GOOD, { cd: true }).flags).toBe('QR RD RA CD');
  });

  test('the question comes back in the case of the client, and owners with it', () => {
    const server = new PlayedResolver().know(GOOD);
    const mixed: Question = { ...MX, name: questionFrom('mX.eXample.').name };
    for (let i = 0; i < 2; i++) {
      const reply = server.reply(mixed);
      expect(reply.message.questions[0]?.name).toEqual(mixed.name);
      expect(reply.answer).toEqual(['mX.eXample. A']);
    }
  });

  test('the id comes back', () => {
    const server = new PlayedResolver().know(GOOD);
    expect([server.reply(MX, { id: 7 }).message.id, server.reply(MX, { id: 65_535 }).message.id]).toEqual([7, 65_535]);
  });
});

describe('bogus data', () => {
  const bogus = { ...GOOD, verdict: BOGUS };

  test('is withheld: SERVFAIL, no records, the reason as extended error', () => {
    const reply = replyTo(bogus, { udpSize: 1232, doBit: true });
    expect(reply).toMatchObject({ rcode: RCODE.SERVFAIL, answer: [], authority: [], additional: [] });
    expect(reply.errors).toEqual([{ code: EDE.RRSIGS_MISSING, text: expect.stringContaining('no-signature') }]);
  });

  test('is given to a client that checks by itself (CD), with the reason', () => {
    const reply = replyTo(bogus, { udpSize: 1232, doBit: true, cd: true });
    expect(reply).toMatchObject({ rcode: RCODE.NOERROR, answer: ['mx.example. A', 'mx.example. RRSIG'] });
    expect(reply.errors).toHaveLength(1);
  });

  test('is withheld from CD too with ignore-cd-flag, and from nobody with val-permissive-mode', () => {
    expect(replyTo(bogus, { cd: true }, { ignoreCd: true }).rcode).toBe(RCODE.SERVFAIL);
    expect(replyTo(bogus, { ad: true }, { permissive: true })).toMatchObject({
      rcode: RCODE.NOERROR,
      flags: 'QR RD RA',
    });
  });

  test('that could not be proven either way is withheld as well (RFC 4035 §5.5)', () => {
    const why = { kind: 'limit', limit: 'signature-checks' } as const;
    const reply = replyTo({ ...GOOD, verdict: { status: 'indeterminate', why } }, { udpSize: 1232 });
    expect(reply).toMatchObject({ rcode: RCODE.SERVFAIL, errors: [{ code: EDE.DNSSEC_INDETERMINATE }] });
  });
});

describe('failures', () => {
  test('are SERVFAIL with their reason, with CD too', () => {
    for (const cd of [false, true]) {
      const reply = replyTo(FAILED, { udpSize: 1232, cd });
      expect(reply).toMatchObject({ rcode: RCODE.SERVFAIL, errors: [{ code: EDE.NO_REACHABLE_AUTHORITY }] });
    }
  });

  test('that are remembered name both what failed and that it is remembered', () => {
    const why = { kind: 'cached-failure', of: FAILED.why } as const;
    const { errors } = replyTo({ ...FAILED, why }, { udpSize: 1232 });
    expect(errors.map(({ code }) => code)).toEqual([EDE.NO_REACHABLE_AUTHORITY, EDE.CACHED_ERROR]);
  });

  test('carry no reason for a client without EDNS, or with ede: no', () => {
    expect(replyTo(FAILED).edns).toBeNull();
    expect(replyTo(FAILED, { udpSize: 1232 }, { extendedErrors: false }).errors).toEqual([]);
  });
});

describe('records', () => {
  test('signatures go only to clients with DO', () => {
    expect(replyTo(GOOD).answer).toEqual(['mx.example. A']);
    expect(replyTo(GOOD, { udpSize: 1232, doBit: true }).answer).toEqual(['mx.example. A', 'mx.example. RRSIG']);
  });

  test('proofs of a denial go only to clients with DO, its SOA to all', () => {
    expect(replyTo(NODATA).authority).toEqual(['example. SOA']);
    expect(replyTo(NODATA, { udpSize: 1232, doBit: true }).authority).toEqual([
      'example. SOA',
      'example. RRSIG',
      'mx.example. NSEC',
      'mx.example. RRSIG',
    ]);
  });

  test('of DNSSEC types are given without DO when they were asked for', () => {
    const ds = ranked(['example. DS 1 13 2 00000000000000000000000000000000000000000000000000000000000000ff']);
    expect(replyTo(answered(questionFrom('example. DS'), { answer: [ds] })).answer).toEqual(['example. DS']);
    expect(replyTo(answered(questionFrom('mx.example. ANY'), { answer: [ADDRESS, NSEC] })).answer).toEqual([
      'mx.example. A',
      'mx.example. RRSIG',
      'mx.example. NSEC',
      'mx.example. RRSIG',
    ]);
  });

  test('beside a positive answer are left out, unless minimal-responses is off', () => {
    expect(replyTo(GOOD)).toMatchObject({ authority: [], additional: [] });
    const whole = replyTo(GOOD, {}, { minimalResponses: false });
    expect(whole).toMatchObject({ authority: ['example. NS'], additional: ['ns.example. A'] });
  });

  test('that prove a wildcard answer stay, and addresses of name servers stay', () => {
    const wildcard = replyTo({ ...GOOD, authority: [NSEC] }, { udpSize: 1232, doBit: true });
    expect(wildcard.authority).toEqual(['mx.example. NSEC', 'mx.example. RRSIG']);
    const servers = answered(questionFrom('example. NS'), { answer: [NS], additional: [GLUE] });
    expect(replyTo(servers).additional).toEqual(['ns.example. A']);
  });

  test('have the TTL that is left', async () => {
    const server = new PlayedResolver().know(GOOD);
    expect(server.reply(MX).records[0]).toMatch(/^mx\.example\.\s+300\s/);
    await server.clock.advance(40_000);
    expect(server.reply(MX).records[0]).toMatch(/^mx\.example\.\s+260\s/);
  });

  test('begin at another address for each id, composed or cached', () => {
    const three = ranked(['mx.example. A 192.0.2.1', 'mx.example. A 192.0.2.2', 'mx.example. A 192.0.2.3']);
    const firsts = (options: Partial<ServeOptions>): (string | undefined)[] => {
      const server = new PlayedResolver(options).know(answered(MX, { answer: [three] }));
      return [0, 1, 2, 3].map((id) => server.reply(MX, { id, udpSize: 1232, doBit: true }).records[0]?.split(/\s+/)[4]);
    };
    expect(new Set(firsts({}))).toEqual(new Set(['192.0.2.1', '192.0.2.2', '192.0.2.3']));
    expect(new Set(firsts({ roundRobin: false }))).toEqual(new Set(['192.0.2.1']));
  });
});

describe('size', () => {
  /** 40 TXT records of about 60 octets: more than 512 and 1232 octets, less than 4096. */
  const LONG = answered(questionFrom('mx.example. TXT'), {
    answer: [ranked(Array.from({ length: 40 }, (_, i) => `mx.example. TXT "${`record ${i} `.padEnd(45, 'x')}"`))],
  });

  test.each<[string, Asking, number]>([
    ['512 octets without EDNS', {}, 512],
    ['what the client takes', { udpSize: 700 }, 700],
    ['512 octets when the client says less', { udpSize: 100 }, 512],
    ['max-udp-size when the client takes more', { udpSize: 4096 }, 1232],
  ])('over UDP is at most %s, with TC', (_, asking, most) => {
    const reply = replyTo(LONG, asking);
    expect(reply.octets).toBeLessThanOrEqual(most);
    expect(reply).toMatchObject({ flags: 'QR TC RD RA', answer: [] });
    expect(reply.edns === null).toBe(asking.udpSize === undefined);
  });

  test('over TCP is what it takes', () => {
    const reply = replyTo(LONG, { transport: 'tcp', udpSize: 512 });
    expect(reply.answer).toHaveLength(40);
    expect(reply.flags).toBe('QR RD RA');
  });

  test('drops whole sets of the additional section without TC', () => {
    const many = Array.from({ length: 60 }, (_, i) => ranked([`ns${i}.example. A 192.0.2.${i}`], { signed: false }));
    const reply = replyTo(answered(questionFrom('example. NS'), { answer: [NS], additional: many }));
    expect(reply.flags).toBe('QR RD RA');
    expect(reply.octets).toBeLessThanOrEqual(512);
    expect(reply.additional.length).toBeGreaterThan(10);
  });

  test('keeps aliases that fit when what they lead to does not', () => {
    const alias = ranked(['www.example. CNAME mx.example.'], { signed: false });
    const reply = replyTo(answered(questionFrom('www.example. TXT'), { answer: [alias, ...LONG.answer] }));
    expect(reply).toMatchObject({ answer: ['www.example. CNAME'], flags: 'QR TC RD RA' });
  });

  test('of a truncated reply is not remembered for a client that takes more', () => {
    const server = new PlayedResolver().know(LONG);
    expect(server.reply(LONG.question).flags).toBe('QR TC RD RA');
    expect(server.reply(LONG.question, { transport: 'tcp' }).answer).toHaveLength(40);
    expect(server.reply(LONG.question).flags).toBe('QR TC RD RA');
  });
});

describe('EDNS', () => {
  test('is answered with our size and the DO bit, and only when asked', () => {
    expect(replyTo(GOOD, { udpSize: 4096, doBit: true }).edns).toMatchObject({
      udpSize: 1232,
      doBit: true,
      version: 0,
    });
    expect(replyTo(GOOD, { udpSize: 4096 }).edns).toMatchObject({ doBit: false, options: [] });
    expect(replyTo(GOOD).edns).toBeNull();
  });

  test('tells the server identifier to those who ask (RFC 5001)', () => {
    const nsid = Uint8Array.of(1, 2, 3);
    const asking = { udpSize: 1232, optionCodes: [EDNS_OPTION.NSID] };
    expect(replyTo(GOOD, asking, { nsid }).edns?.options).toEqual([{ code: EDNS_OPTION.NSID, data: nsid }]);
    expect(replyTo(GOOD, asking).edns?.options).toEqual([]);
    expect(replyTo(GOOD, { udpSize: 1232 }, { nsid }).edns?.options).toEqual([]);
  });

  test('tells the idle time to TCP clients that ask (RFC 7828)', () => {
    const asking = { udpSize: 1232, optionCodes: [EDNS_OPTION.TCP_KEEPALIVE] };
    const options = replyTo(GOOD, { ...asking, transport: 'tcp' }, { keepaliveMs: 30_000 }).edns?.options;
    expect(options).toEqual([{ code: EDNS_OPTION.TCP_KEEPALIVE, data: Uint8Array.of(1, 44) }]);
    expect(replyTo(GOOD, asking, { keepaliveMs: 30_000 }).edns?.options).toEqual([]);
  });

  test('carries a reason with a good answer too, when there is one', () => {
    const why = { kind: 'algorithm-unsupported', zone: 'example.', algorithms: [250] } as const;
    const reply = replyTo({ ...GOOD, verdict: { status: 'insecure', why } }, { udpSize: 1232 });
    expect(reply).toMatchObject({ rcode: RCODE.NOERROR, errors: [{ code: EDE.UNSUPPORTED_DNSKEY_ALGORITHM }] });
  });
});

describe('the reply cache', () => {
  test('does not outlive the answer', async () => {
    const server = new PlayedResolver().know({ ...GOOD, expiresAt: NOW + 10 });
    server.reply(MX);
    server.known.clear();
    await server.clock.advance(9_000);
    expect(server.reply(MX).answer).toEqual(['mx.example. A']);
    await server.clock.advance(1_000);
    expect(server.send(queryFor(MX))).toBe('handed over');
  });
});
