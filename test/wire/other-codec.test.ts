/**
 * Proves agreement with another codec (dns-packet) inside the envelope where that one keeps every octet: names of letters,
 * digits, `_` and `-`, class IN, TTL below 2^31, types it knows, DNSKEY protocol 3, SSHFP hash 1 or 2.
 */

import packet from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, readU32, toHex } from '../../src/wire/bytes.ts';
import { ipText } from '../../src/wire/ip.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import type { Name } from '../../src/wire/name.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE, typeText } from '../../src/wire/rr-type.ts';
import { type ResourceRecord, recordsOf } from '../../src/wire/rrsets.ts';
import { bitmapOf } from '../../src/wire/type-bitmap.ts';
import { plainName } from './arbitraries.ts';

type Parts = readonly fc.Arbitrary<Uint8Array>[];

const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const fixed = (...bytes: number[]): fc.Arbitrary<Uint8Array> => fc.constant(Uint8Array.from(bytes));
const sized = (text: RegExp): fc.Arbitrary<Uint8Array> =>
  fc.stringMatching(text).map((value) => concatBytes(Uint8Array.of(value.length), Buffer.from(value)));
const word = sized(/^[a-z0-9]{1,20}$/);
const types = fc.uniqueArray(fc.constantFrom(1, 2, 5, 6, 15, 16, 28, 46, 47, 48), { minLength: 1 }).map(bitmapOf);

const RDATA = new Map<number, Parts>([
  [TYPE.A, [octets(4)]],
  [TYPE.AAAA, [octets(16)]],
  [TYPE.NS, [plainName]],
  [TYPE.CNAME, [plainName]],
  [TYPE.DNAME, [plainName]],
  [TYPE.PTR, [plainName]],
  [TYPE.MX, [octets(2), plainName]],
  [TYPE.SRV, [octets(6), plainName]],
  [TYPE.TXT, [word, word]],
  [TYPE.SOA, [plainName, plainName, octets(20)]],
  [TYPE.HINFO, [word, word]],
  [TYPE.RP, [plainName, plainName]],
  [TYPE.NAPTR, [octets(4), word, word, word, plainName]],
  [TYPE.CAA, [fixed(0), sized(/^(issue|iodef)$/), word]],
  [TYPE.SSHFP, [fixed(1, 1), octets(20)]],
  [TYPE.TLSA, [octets(3), octets(32)]],
  [TYPE.DS, [octets(4), octets(32)]],
  [TYPE.DNSKEY, [fixed(1, 0, 3, 8), octets(4, 60)]],
  [TYPE.RRSIG, [fixed(0, 1, 8, 2), octets(14), plainName, octets(4, 60)]],
  [TYPE.NSEC, [plainName, types]],
  [TYPE.NSEC3, [fixed(1, 0, 0, 5, 2, 9, 9, 20), octets(20), types]],
]);

const anyRecord: fc.Arbitrary<ResourceRecord> = fc.constantFrom(...RDATA.keys()).chain((type) =>
  fc.record({
    owner: plainName,
    ttl: fc.nat(0x7fffffff),
    class: fc.constant(CLASS.IN),
    type: fc.constant(type),
    rdata: fc.tuple(...(RDATA.get(type) ?? [])).map((parts) => concatBytes(...parts)),
  }),
);

function viewOf(bytes: Uint8Array): MessageView {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function recordsIn(view: MessageView): ResourceRecord[] {
  return recordsOf(view, { start: 0, end: view.recordCount });
}

const plainText = (name: Name): string => formatName(name).slice(0, -1);
const buffer = new Uint8Array(65_535);
const builder = new MessageBuilder(buffer);

test('what we write the other codec reads, and what it writes of that we read as the same octets', () => {
  fc.assert(
    fc.property(plainName, fc.array(anyRecord, { minLength: 1, maxLength: 8 }), (qname, records) => {
      builder.start({ id: 99, flags: FLAG.QR | FLAG.RD, rcode: 0 });
      builder.question(questionOf(qname, TYPE.TXT));
      for (const record of records) builder.record('answer', record);
      const decoded = packet.decode(Buffer.from(buffer.slice(0, builder.finish())));
      expect(decoded.questions).toMatchObject([{ name: plainText(qname), type: 'TXT', class: 'IN' }]);
      expect(decoded.answers?.map((answer) => [answer.name, answer.type])).toEqual(
        records.map((record) => [plainText(record.owner), typeText(record.type)]),
      );
      expect(decoded.answers?.map((answer) => ('ttl' in answer ? answer.ttl : null))).toEqual(
        records.map((record) => record.ttl),
      );
      const again = viewOf(new Uint8Array(packet.encode({ ...decoded, type: 'response' })));
      expect(recordsIn(again)).toEqual(records);
    }),
    { numRuns: 300 },
  );
});

test('both read the same values', () => {
  fc.assert(
    fc.property(plainName, octets(4), plainName, octets(20), (owner, address, target, times) => {
      const view = { owner, ttl: 5, class: CLASS.IN };
      builder.start({ id: 99, flags: FLAG.QR, rcode: 0 });
      builder.record('answer', { ...view, type: TYPE.A, rdata: address });
      builder.record('answer', { ...view, type: TYPE.SOA, rdata: concatBytes(target, owner, times) });
      builder.record('answer', { ...view, type: TYPE.TLSA, rdata: concatBytes(Uint8Array.of(3, 1, 1), times) });
      const [a, soa, tlsa] = packet.decode(Buffer.from(buffer.slice(0, builder.finish()))).answers ?? [];
      expect(a).toMatchObject({ data: ipText(address) });
      const serial = readU32(times, 0);
      expect(soa).toMatchObject({ data: { mname: plainText(target), rname: plainText(owner), serial } });
      expect(tlsa).toMatchObject({ data: { usage: 3, selector: 1, matchingType: 1 } });
      const certificate = (tlsa as unknown as { data: { certificate: Uint8Array } }).data.certificate;
      expect(toHex(certificate)).toBe(toHex(times));
    }),
  );
});
