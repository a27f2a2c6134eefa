/** Proves which replies are padded, to what size and with what (RFC 7830, RFC 8467 §4.1), on all ways that a reply is made. */

import { expect, test } from 'vitest';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import { questionFrom } from '../support/records.ts';
import { answered, held, PlayedHouse, queryFor, type Reply } from './serving.ts';

const QUESTION = questionFrom('mx.example. A');
const GOOD = answered(QUESTION, { answer: [held(['mx.example. A 192.0.2.1'])] });
const ASKING = { udpSize: 1232, optionCodes: [EDNS_OPTION.PADDING] } as const;
const OVER_TLS = { ...ASKING, transport: 'tcp', layer: 'tls' } as const;

const paddingOf = ({ edns }: Reply): Uint8Array | null =>
  edns?.options.find(({ code }) => code === EDNS_OPTION.PADDING)?.data ?? null;

function houseWith(paddingBlock = 468): PlayedHouse {
  return new PlayedHouse({ paddingBlock }).know(GOOD);
}

test('a reply over TLS or HTTPS is padded to the block, from the caches, from the reply cache and when it comes later', async () => {
  for (const layer of ['tls', 'https', 'http'] as const) {
    const house = houseWith();
    for (let i = 0; i < 2; i++) {
      const reply = house.reply(QUESTION, { ...OVER_TLS, layer });
      expect([reply.octets, paddingOf(reply)?.every((octet) => octet === 0)]).toEqual([468, true]);
    }
    const other = questionFrom('later.example. A');
    house.send(queryFor(other, OVER_TLS), { ...OVER_TLS, layer });
    await house.end(answered(other, { answer: [held(['later.example. A 192.0.2.1'])] }));
    expect(house.late[0]?.octets).toBe(468);
  }
});

test('an error is padded too', () => {
  const house = houseWith();
  const refused = house.reply(QUESTION, { ...OVER_TLS, from: '192.0.2.7' });
  expect([refused.rcode, refused.octets]).toEqual([5, 468]);
});

test('a long reply is padded to the next block', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `mx.example. A 192.0.2.${i}`);
  const house = new PlayedHouse({ paddingBlock: 468 }).know(answered(QUESTION, { answer: [held(lines)] }));
  expect(house.reply(QUESTION, OVER_TLS).octets).toBe(3 * 468);
});

test('a block as large as a message does not make the reply larger than one', () => {
  expect(houseWith(65_535).reply(QUESTION, OVER_TLS).octets).toBe(65_535);
});

test('nothing is padded where the reply can be read, where the query is not padded, or where it is switched off', () => {
  const house = houseWith();
  expect(paddingOf(house.reply(QUESTION, ASKING))).toBeNull();
  expect(paddingOf(house.reply(QUESTION, { ...ASKING, transport: 'tcp' }))).toBeNull();
  expect(paddingOf(house.reply(QUESTION, { ...OVER_TLS, optionCodes: [] }))).toBeNull();
  expect(house.reply(QUESTION, { transport: 'tcp', layer: 'tls' }).edns).toBeNull();
  expect(paddingOf(houseWith(0).reply(QUESTION, OVER_TLS))).toBeNull();
});

test('the idle time is told over TLS, and not over HTTP, which has its own rules', () => {
  const house = new PlayedHouse({ keepaliveMs: 30_000 }).know(GOOD);
  const asking = { udpSize: 1232, optionCodes: [EDNS_OPTION.TCP_KEEPALIVE], transport: 'tcp' } as const;
  const told = (['tls', 'https', 'http'] as const).map(
    (layer) => house.reply(QUESTION, { ...asking, layer }).edns?.options.length,
  );
  expect(told).toEqual([1, 0, 0]);
});
