/** Proves which replies are padded, to what size and with what (RFC 7830, RFC 8467 §4.1), on all ways that a reply is made. */

import { expect, test } from 'vitest';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import { questionFrom } from '../support/records.ts';
import { answered, PlayedResolver, queryFor, type Reply, ranked } from './serving.ts';

const QUESTION = questionFrom('mx.example. A');
const GOOD = answered(QUESTION, { answer: [ranked(['mx.example. A 192.0.2.1'])] });
const ASKING = { udpSize: 1232, optionCodes: [EDNS_OPTION.PADDING] } as const;
const OVER_TLS = { ...ASKING, transport: 'tcp', layer: 'tls' } as const;

const paddingOf = ({ edns }: Reply): Uint8Array | null =>
  edns?.options.find(({ code }) => code === EDNS_OPTION.PADDING)?.data ?? null;

function serverWith(paddingBlock = 468): PlayedResolver {
  return new PlayedResolver({ paddingBlock }).know(GOOD);
}

test('a reply over TLS or HTTPS is padded to the block, from the caches, from the reply cache and when it comes later', async () => {
  for (const layer of ['tls', 'https', 'http'] as const) {
    const server = serverWith();
    for (let i = 0; i < 2; i++) {
      const reply = server.reply(QUESTION, { ...OVER_TLS, layer });
      expect([reply.octets, paddingOf(reply)?.every((octet) => octet === 0)]).toEqual([468, true]);
    }
    const other = questionFrom('later.example. A');
    server.send(queryFor(other, OVER_TLS), { ...OVER_TLS, layer });
    await server.end(answered(other, { answer: [ranked(['later.example. A 192.0.2.1'])] }));
    expect(server.late[0]?.octets).toBe(468);
  }
});

test('an error is padded too', () => {
  const server = serverWith();
  const refused = server.reply(QUESTION, { ...OVER_TLS, from: '192.0.2.7' });
  expect([refused.rcode, refused.octets]).toEqual([5, 468]);
});

test('a long reply is padded to the next block', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `mx.example. A 192.0.2.${i}`);
  const server = new PlayedResolver({ paddingBlock: 468 }).know(answered(QUESTION, { answer: [ranked(lines)] }));
  expect(server.reply(QUESTION, OVER_TLS).octets).toBe(3 * 468);
});

test('a block as large as a message does not make the reply larger than one', () => {
  expect(serverWith(65_535).reply(QUESTION, OVER_TLS).octets).toBe(65_535);
});

test('nothing is padded where the reply can be read, where the query is not padded, or where it is switched off', () => {
  const server = serverWith();
  expect(paddingOf(server.reply(QUESTION, ASKING))).toBeNull();
  expect(paddingOf(server.reply(QUESTION, { ...ASKING, transport: 'tcp' }))).toBeNull();
  expect(paddingOf(server.reply(QUESTION, { ...OVER_TLS, optionCodes: [] }))).toBeNull();
  expect(server.reply(QUESTION, { transport: 'tcp', layer: 'tls' }).edns).toBeNull();
  expect(paddingOf(serverWith(0).reply(QUESTION, OVER_TLS))).toBeNull();
});

test('the idle time is told over TLS, and not over HTTP, which has its own rules', () => {
  const server = new PlayedResolver({ keepaliveMs: 30_000 }).know(GOOD);
  const asking = { udpSize: 1232, optionCodes: [EDNS_OPTION.TCP_KEEPALIVE], transport: 'tcp' } as const;
  const told = (['tls', 'https', 'http'] as const).map(
    (layer) => server.reply(QUESTION, { ...asking, layer }).edns?.options.length,
  );
  expect(told).toEqual([1, 0, 0]);
});
