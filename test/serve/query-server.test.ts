/**
 * Proves the way of a query: who may ask, class CHAOS, handing over and sharing, limits on waiting, replies that come too
 * late, log lines, and that a bug costs one answer.
 */

import { describe, expect, test } from 'vitest';
import type { AccessAction } from '../../src/serve/access-control.ts';
import { REPLY_BUFFER_OCTETS } from '../../src/serve/query-server.ts';
import type { ReplyChannel } from '../../src/serve/reply-channel.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { EDE } from '../../src/wire/ede.ts';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { CLASS } from '../../src/wire/rr-type.ts';
import { questionFrom } from '../support/records.ts';
import { answered, BOGUS, PlayedResolver, queryFor, ranked } from './serving.ts';

const MX = questionFrom('mx.example.');
const GOOD = answered(MX, { answer: [ranked(['mx.example. A 192.0.2.1'])] });
const CLIENT = '10.0.0.1';

function serverFor(action: AccessAction): PlayedResolver {
  return new PlayedResolver({ access: [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8, action }] }).know(GOOD);
}

describe('access', () => {
  test.each<[AccessAction, number | null, number | null]>([
    ['deny', null, null],
    ['refuse', RCODE.REFUSED, RCODE.REFUSED],
    ['allow', RCODE.NOERROR, RCODE.REFUSED],
    ['allow_setrd', RCODE.NOERROR, RCODE.NOERROR],
    ['allow_snoop', RCODE.NOERROR, RCODE.NOERROR],
    ['deny_non_local', null, null],
    ['refuse_non_local', RCODE.REFUSED, RCODE.REFUSED],
  ])('%s gives %s with RD and %s without', (action, withRd, withoutRd) => {
    for (const [rd, rcode] of [
      [true, withRd],
      [false, withoutRd],
    ] as const) {
      const reply = serverFor(action).send(queryFor(MX, { rd }), { from: CLIENT });
      expect(reply === null ? null : reply === 'handed over' ? reply : reply.rcode).toBe(rcode);
    }
  });

  test('refuses clients of other hosts by default, and says so to those with EDNS', () => {
    const reply = new PlayedResolver().know(GOOD).reply(MX, { from: '192.0.2.77', udpSize: 1232 });
    expect(reply).toMatchObject({ rcode: RCODE.REFUSED, answer: [], errors: [{ code: EDE.PROHIBITED }] });
  });

  test('REFUSED has RA only for clients for whom we recurse, and RD=0 is told that we are no authority (RFC 8914 §4.21)', () => {
    for (const action of ['refuse', 'refuse_non_local'] as const) {
      const refused = serverFor(action).reply(MX, { from: CLIENT, udpSize: 1232 });
      expect(refused).toMatchObject({ flags: 'QR RD', errors: [{ code: EDE.PROHIBITED }] });
    }
    const reply = serverFor('allow').reply(MX, { from: CLIENT, rd: false, udpSize: 1232 });
    expect(reply).toMatchObject({ rcode: RCODE.REFUSED, flags: 'QR RA', errors: [{ code: EDE.NOT_AUTHORITATIVE }] });
  });

  test('allow_snoop without RD is told only what is known', () => {
    const server = serverFor('allow_snoop');
    server.known.clear();
    expect(server.send(queryFor(MX, { rd: false }), { from: CLIENT })).toMatchObject({ rcode: RCODE.REFUSED });
    expect(server.send(queryFor(MX), { from: CLIENT })).toBe('handed over');
  });

  test('allow_snoop is told whom to ask only as long as the answer is not known', () => {
    const server = serverFor('allow_snoop');
    server.known.clear();
    server.referral = answered(MX, { authority: [ranked(['example. NS ns.example.'])] });
    expect(server.reply(MX, { from: CLIENT, rd: false }).authority).toEqual(['example. NS']);
    expect(server.know(GOOD).reply(MX, { from: CLIENT, rd: false }).answer).toEqual(['mx.example. A']);
  });

  test('allow_cookie sends UDP clients to TCP, where their address is proven', () => {
    const server = serverFor('allow_cookie');
    expect(server.send(queryFor(MX), { from: CLIENT })).toMatchObject({ rcode: RCODE.REFUSED, flags: 'QR TC RD RA' });
    expect(server.reply(MX, { from: CLIENT, transport: 'tcp' }).rcode).toBe(RCODE.NOERROR);
  });

  test('the fast path does not let RD=0 see what RD=1 has put into the reply cache', () => {
    const server = new PlayedResolver().know(GOOD);
    expect(server.reply(MX).rcode).toBe(RCODE.NOERROR);
    expect(server.reply(MX, { rd: false }).rcode).toBe(RCODE.REFUSED);
  });

  test('deny-any answers ANY with nothing', () => {
    const reply = new PlayedResolver({ denyAny: true }).reply(questionFrom('mx.example. ANY'));
    expect(reply).toMatchObject({ rcode: RCODE.NOERROR, answer: [] });
  });
});

describe('class CHAOS', () => {
  const chaos = { identity: 'host.example', version: 'hawser 1', trustAnchors: ['. 20326 38696'] };
  const askFor = (name: string, type: 'TXT' | 'A' | 'ANY' = 'TXT') => ({
    ...questionFrom(`${name} ${type}`),
    class: CLASS.CH,
  });

  test.each([
    ['version.bind.', '"hawser 1"'],
    ['version.server.', '"hawser 1"'],
    ['hostname.bind.', '"host.example"'],
    ['ID.Server.', '"host.example"'],
    ['trustanchor.unbound.', '". 20326 38696"'],
  ])('%s is told', (name, text) => {
    const reply = new PlayedResolver({ chaos }).reply(askFor(name));
    expect(reply.rcode).toBe(RCODE.NOERROR);
    expect(reply.records[0]).toContain(text);
  });

  test('is refused where it is hidden, unknown or of another type', () => {
    const hidden = new PlayedResolver({ chaos: { identity: null, version: null, trustAnchors: null } });
    for (const name of ['version.bind.', 'id.server.', 'trustanchor.unbound.']) {
      expect(hidden.reply(askFor(name)).rcode).toBe(RCODE.REFUSED);
    }
    const server = new PlayedResolver({ chaos });
    expect(server.reply(askFor('authors.bind.')).rcode).toBe(RCODE.REFUSED);
    expect(server.reply(askFor('version.bind.', 'A')).rcode).toBe(RCODE.REFUSED);
  });
});

describe('handing over', () => {
  test('resolves once for all who ask the same, and answers each in its own form', async () => {
    const server = new PlayedResolver();
    server.send(queryFor(MX, { id: 1 }));
    server.send(queryFor(questionFrom('MX.example.'), { id: 2, udpSize: 1232, doBit: true }));
    server.send(queryFor(MX, { id: 3, cd: true }));
    expect(server.resolving).toHaveLength(1);
    expect(server.serve.waiting()).toBe(3);
    await server.end(GOOD);
    expect(server.serve.waiting()).toBe(0);
    expect(server.late.map((reply) => [reply?.message.id, reply?.flags, reply?.answer.length])).toEqual([
      [1, 'QR RD RA', 1],
      [2, 'QR RD RA AD', 2],
      [3, 'QR RD RA CD', 1],
    ]);
  });

  test('looks into the caches once for all who ask the same, but for who asks for what is cached alone', () => {
    const server = serverFor('allow_snoop');
    server.known.clear();
    for (const id of [1, 2, 3]) server.send(queryFor(MX, { id }), { from: CLIENT });
    expect([server.looks, server.serve.waiting()]).toEqual([1, 3]);
    expect(server.serve.stats.cacheMisses).toBe(3);
    expect(server.send(queryFor(MX, { rd: false }), { from: CLIENT })).not.toBe('handed over');
    expect(server.looks).toBe(2);
  });

  test('answers a query that was sent again while it waited as it answers the first', async () => {
    const plain = queryFor(MX, { id: 1 });
    const upper = queryFor(questionFrom('MX.example.'), { id: 1 });
    const edns = queryFor(MX, { id: 1, udpSize: 1232, doBit: true });
    const padded = queryFor(MX, { id: 1, udpSize: 1232, doBit: true, optionCodes: [EDNS_OPTION.PADDING] });
    const others = [queryFor(MX, { id: 2 }), queryFor(MX, { id: 1, cd: true }), queryFor(MX, { id: 1, ad: true })];
    const queries = [plain, plain, upper, upper, plain, edns, edns, padded, ...others, plain, plain];
    const askAll = async (channelOf: (deliver: ReplyChannel['deliver']) => ReplyChannel) => {
      const server = new PlayedResolver();
      const replies: string[] = [];
      for (const query of queries) {
        const channel = channelOf((out, length) => void replies.push(toHex(out.subarray(0, length))));
        server.serve.query(query, { ip: '127.0.0.1', port: 40_000 }, channel, new Uint8Array(REPLY_BUFFER_OCTETS));
      }
      await server.end(GOOD);
      return replies;
    };
    let listener: ReplyChannel | null = null;
    const fromOne = await askAll((deliver) => (listener ??= { transport: 'udp', deliver }));
    // Of a channel each, every reply is composed by itself.
    const fromMany = await askAll((deliver) => ({ transport: 'udp', deliver }));
    expect(fromOne).toEqual(fromMany);
    expect([fromOne.length, new Set(fromOne).size]).toEqual([queries.length, 6]);
  });

  test('cuts the reply for who takes less than the one before, and gives the rest to the one behind', async () => {
    const server = new PlayedResolver();
    const lengths: number[] = [];
    const deliver: ReplyChannel['deliver'] = (_out, length) => void lengths.push(length);
    const channel = { transport: 'udp', deliver } as const;
    for (const udpSize of [1232, 512, 1232]) {
      const query = queryFor(MX, { id: 1, udpSize });
      server.serve.query(query, { ip: '127.0.0.1', port: 40_000 }, channel, new Uint8Array(REPLY_BUFFER_OCTETS));
    }
    const lines = Array.from({ length: 40 }, (_, n) => `mx.example. A 192.0.2.${n}`);
    await server.end(answered(MX, { answer: [ranked(lines)] }));
    const [whole = 0, cut = 0, again] = lengths;
    expect([whole > 512, cut <= 512, again]).toEqual([true, true, whole]);
  });

  test('keeps the reply for the next client', async () => {
    const server = new PlayedResolver();
    server.send(queryFor(MX));
    await server.end(GOOD);
    expect(server.reply(MX).answer).toEqual(['mx.example. A']);
    expect(server.resolving).toEqual([]);
  });

  test('copies what it needs: the octets of the query may be used again', async () => {
    const server = new PlayedResolver();
    const bytes = queryFor(MX, { id: 9 });
    server.send(bytes);
    bytes.fill(0xff);
    await server.end(GOOD);
    expect(server.late[0]).toMatchObject({ answer: ['mx.example. A'] });
    expect(server.late[0]?.message.id).toBe(9);
  });

  test('drops clients above wait-limit, but none of this host', () => {
    const access = [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8, action: 'allow' as const }];
    const server = new PlayedResolver({ access, waitLimit: 2 });
    const results = [1, 2, 3].map((id) => server.send(queryFor(questionFrom(`n${id}.example.`)), { from: CLIENT }));
    expect(results).toEqual(['handed over', 'handed over', null]);
    expect(server.send(queryFor(questionFrom('n4.example.')), { from: '10.0.0.2' })).toBe('handed over');
    const local = [1, 2, 3].map((id) => server.send(queryFor(questionFrom(`n${id}.example.`)), { from: '127.0.0.1' }));
    expect(local).toEqual(['handed over', 'handed over', 'handed over']);
    expect(server.serve.stats.overLimit).toBe(1);
  });

  test('drops clients when too many wait in all', () => {
    const server = new PlayedResolver({ maxWaiting: 1 });
    expect(server.send(queryFor(MX))).toBe('handed over');
    expect(server.send(queryFor(questionFrom('n.example.')))).toBeNull();
  });

  test('sends no late reply over UDP to another host, where the client may be forged (DNSBomb)', async () => {
    const access = [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8, action: 'allow' as const }];
    const server = new PlayedResolver({ access, discardTimeoutMs: 1900 });
    server.send(queryFor(MX), { from: CLIENT });
    server.send(queryFor(MX), { from: CLIENT, transport: 'tcp' });
    server.send(queryFor(MX));
    await server.clock.advance(2000);
    await server.end(GOOD);
    expect(server.late.map((reply) => reply?.rcode ?? null)).toEqual([null, RCODE.NOERROR, RCODE.NOERROR]);
    expect(server.serve.stats.discarded).toBe(1);
  });
});

describe('a bug', () => {
  test('in the resolver costs SERVFAIL and a line in the log', async () => {
    const server = new PlayedResolver();
    server.send(queryFor(MX));
    server.resolving[0]?.fail(new Error('impossible'));
    await server.clock.settle();
    expect(server.late[0]?.rcode).toBe(RCODE.SERVFAIL);
    expect(server.log.text()).toMatch(/^error: bug while serving <mx\.example\. A IN>.*impossible/);
    expect(server.serve.waiting()).toBe(0);
  });

  test('on the way to the cache costs SERVFAIL at once', () => {
    const server = new PlayedResolver();
    server.know({ ...GOOD, answer: [null as never] });
    expect(server.reply(MX).rcode).toBe(RCODE.SERVFAIL);
    expect(server.serve.stats.bugs).toBe(1);
    expect(server.reply(MX, { id: 2 }).message.id).toBe(2);
  });
});

describe('the log', () => {
  const logging = { queries: true, replies: true, failures: true, tagged: false, bogusLevel: 2, destination: false };

  test('has the lines that scripts parse', async () => {
    const server = new PlayedResolver({ logging });
    server.send(queryFor(MX));
    await server.clock.advance(250);
    await server.end({ ...GOOD, verdict: BOGUS });
    server.reply(MX);
    expect(server.log.text().split('\n')).toEqual([
      'info: 127.0.0.1 mx.example. A IN',
      expect.stringMatching(/^info: validation failure <mx\.example\. A IN>: no-signature: /),
      expect.stringMatching(/^error: SERVFAIL <mx\.example\. A IN>: no-signature: /),
      'info: 127.0.0.1 mx.example. A IN SERVFAIL 0.250000 0 28',
      'info: 127.0.0.1 mx.example. A IN',
      'info: 127.0.0.1 mx.example. A IN SERVFAIL 0.000000 1 28',
      '',
    ]);
  });

  test('tags queries and replies when told to, and says nothing by default', () => {
    const tagged = new PlayedResolver({ logging: { ...logging, tagged: true } }).know(GOOD);
    tagged.reply(MX);
    expect(tagged.log.lines.map(({ level }) => level)).toEqual(['query', 'reply']);
    const silent = new PlayedResolver().know(GOOD);
    silent.reply(MX);
    expect(silent.log.lines).toEqual([]);
  });
});

test('counts queries, hits and rcodes', async () => {
  const server = new PlayedResolver();
  const failed: Resolution = { kind: 'failed', question: MX, why: { kind: 'deadline' } };
  server.send(queryFor(MX, { udpSize: 1232, doBit: true }));
  await server.end(failed);
  server.know(GOOD).reply(MX, { transport: 'tcp' });
  const { queries, queriesTcp, queriesDo, queriesEdns, cacheHits, cacheMisses, byRcode } = server.serve.stats;
  expect({ queries, queriesTcp, queriesDo, queriesEdns, cacheHits, cacheMisses }).toEqual({
    queries: 2,
    queriesTcp: 1,
    queriesDo: 1,
    queriesEdns: 1,
    cacheHits: 1,
    cacheMisses: 1,
  });
  expect([byRcode[RCODE.NOERROR], byRcode[RCODE.SERVFAIL]]).toEqual([1, 1]);
});
