/** Proves how long caches that do not read DNS may keep a response (RFC 8484 §5.1, RFC 2308 §5). */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freshnessSeconds } from '../../src/wire/freshness.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import type { Section } from '../../src/wire/message-view.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { questionFrom, rrsetFrom } from '../support/records.ts';

type Sets = Partial<Record<Section, readonly (readonly [ttl: number, line: string])[]>>;

function response(sets: Sets, rcode: number = RCODE.NOERROR): Uint8Array {
  const buffer = new Uint8Array(4096);
  const builder = new MessageBuilder(buffer);
  builder.start({ id: 1, flags: FLAG.QR, rcode });
  builder.limit(buffer.length);
  builder.question(questionFrom('www.example. A'));
  for (const section of ['answer', 'authority', 'additional'] as const) {
    for (const [ttl, line] of sets[section] ?? []) builder.rrset(section, rrsetFrom([line]), ttl);
  }
  return buffer.slice(0, builder.finish());
}

const SOA = 'example. SOA ns.example. host.example. 1 7200 3600 1209600 120';
const ADDRESS = 'www.example. A 192.0.2.1';

test.each<[string, Uint8Array, number]>([
  ['an answer: its TTL', response({ answer: [[300, ADDRESS]] }), 300],
  [
    'an alias and its target: the shorter',
    response({
      answer: [
        [60, 'www.example. CNAME web.example.'],
        [300, 'web.example. A 192.0.2.1'],
      ],
    }),
    60,
  ],
  [
    'other sections of a positive answer: nothing',
    response({
      answer: [[300, ADDRESS]],
      authority: [[5, 'example. NS ns.example.']],
      additional: [[5, 'ns.example. A 192.0.2.2']],
    }),
    300,
  ],
  ['a denial: the minimum of its SOA', response({ authority: [[900, SOA]] }, RCODE.NXDOMAIN), 120],
  ['a denial: the TTL of its SOA', response({ authority: [[30, SOA]] }), 30],
  [
    'an alias to nothing: the shorter of both',
    response({ answer: [[90, 'www.example. CNAME no.example.']], authority: [[900, SOA]] }, RCODE.NXDOMAIN),
    90,
  ],
  ['an answer that is no denial but an SOA: its TTL', response({ answer: [[900, SOA]] }), 900],
  ['a failure', response({ answer: [[300, ADDRESS]] }, RCODE.SERVFAIL), 0],
  ['a refusal', response({}, RCODE.REFUSED), 0],
  ['an answer without records', response({}), 0],
  ['nothing', new Uint8Array(), 0],
])('%s', (_, message, seconds) => {
  expect(freshnessSeconds(message)).toBe(seconds);
});

test('what is cut off anywhere is not kept, and any octets are read to an end', () => {
  const whole = response({ answer: [[300, ADDRESS]], authority: [[900, SOA]] });
  for (let length = 0; length < whole.length; length++) expect(freshnessSeconds(whole.subarray(0, length))).toBe(0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(freshnessSeconds(bytes)).toBeGreaterThanOrEqual(0);
    }),
  );
});
