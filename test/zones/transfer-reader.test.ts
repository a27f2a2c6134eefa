/** Proves what a transfer may be (RFC 5936, RFC 1995), and that hostile ones are refused whole. */

import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/wire/bytes.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { runAtOnce } from '../../src/wire/steps.ts';
import { TransferReader, type TransferStep } from '../../src/zones/transfer-reader.ts';
import type { Zone } from '../../src/zones/zone.ts';
import { zoneFileTextSteps } from '../../src/zones/zone-file.ts';
import { ORIGIN, recordOf, soaLine, zoneOf } from './zones-data.ts';

const ID = 4711;
const HELD = zoneOf(`${soaLine(1)}\n@ 300 NS ns\nns 300 A 192.0.2.1\nold 300 A 192.0.2.2\n`);

interface MessageParts {
  readonly id?: number;
  readonly flags?: number;
  readonly rcode?: number;
  readonly type?: number;
  readonly withQuestion?: boolean;
}

function message(lines: readonly string[], parts: MessageParts = {}): Uint8Array {
  const buffer = new Uint8Array(65_535);
  const builder = new MessageBuilder(buffer);
  builder.start({ id: parts.id ?? ID, flags: parts.flags ?? FLAG.QR | FLAG.AA, rcode: parts.rcode ?? RCODE.NOERROR });
  if (parts.withQuestion !== false) builder.question(questionOf(ORIGIN, parts.type ?? TYPE.AXFR));
  for (const line of lines) builder.record('answer', recordOf(line));
  return buffer.slice(0, builder.finish());
}

function readAll(messages: readonly Uint8Array[], type: number = TYPE.AXFR, maxOctets = 100_000): TransferStep {
  const held = type === TYPE.IXFR ? HELD : null;
  const reader = new TransferReader({ question: questionOf(ORIGIN, type), id: ID, own: held, maxOctets });
  let step: TransferStep = { kind: 'more' };
  for (const each of messages) {
    step = runAtOnce(reader.take(each));
    if (step.kind !== 'more') break;
  }
  return step;
}

function builtBy(step: TransferStep): Zone {
  if (step.kind !== 'zone') throw new Error(JSON.stringify(step));
  return runAtOnce(step.steps);
}

function linesOfZone(zone: Zone): string[] {
  return Buffer.from(runAtOnce(zoneFileTextSteps(zone)) ?? [])
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll('\t', ' '));
}

const linesOf = (step: TransferStep): string[] => linesOfZone(builtBy(step));

const NS = '@ 300 IN NS ns';
const A = 'ns 300 IN A 192.0.2.1';
const ixfr = (lines: readonly string[]) => message(lines, { type: TYPE.IXFR });

describe('a whole zone', () => {
  test('comes in one message', () => {
    expect(linesOf(readAll([message([soaLine(2), NS, A, soaLine(2)])]))).toEqual([
      'example.org. 300 IN SOA ns.example.org. hostmaster.example.org. 2 3600 900 86400 60',
      'example.org. 300 IN NS ns.example.org.',
      'ns.example.org. 300 IN A 192.0.2.1',
    ]);
  });

  test('comes in many, of which only the first needs the question', () => {
    const rest = [message([NS, A], { withQuestion: false }), message([soaLine(2)], { withQuestion: false })];
    expect(linesOf(readAll([message([soaLine(2)]), ...rest]))).toHaveLength(3);
  });

  test('may answer an IXFR', () => {
    expect(linesOf(readAll([ixfr([soaLine(2), NS, soaLine(2)])], TYPE.IXFR))).toHaveLength(2);
  });
});

describe('differences', () => {
  test('are applied in order, over several versions', () => {
    const lines = [
      ...[soaLine(3), soaLine(1), 'old 300 IN A 192.0.2.2', soaLine(2), 'new 300 IN A 192.0.2.3'],
      ...[soaLine(2), 'new 300 IN A 192.0.2.3', soaLine(3), 'a.new 300 IN A 192.0.2.4', soaLine(3)],
    ];
    const step = readAll([ixfr(lines)], TYPE.IXFR);
    const zone = builtBy(step);
    expect(linesOfZone(zone).slice(2)).toEqual([
      'a.new.example.org. 300 IN A 192.0.2.4',
      'ns.example.org. 300 IN A 192.0.2.1',
    ]);
    expect(zone.node(recordOf('old A 192.0.2.2').owner)).toBeNull();
  });

  test('of nothing say that what is held is current', () => {
    expect(readAll([ixfr([soaLine(1)])], TYPE.IXFR)).toEqual({ kind: 'current' });
  });

  test.each([
    ['delete what is not there', [soaLine(2), soaLine(1), 'no 300 IN A 192.0.2.9', soaLine(2), soaLine(2)]],
    ['do not follow each other', [soaLine(3), soaLine(1), soaLine(2), soaLine(1), soaLine(3), soaLine(3)]],
  ])('that %s are refused', (_what, lines) => {
    expect(readAll([ixfr(lines)], TYPE.IXFR)).toMatchObject({ kind: 'refused' });
  });
});

describe('refused is a transfer', () => {
  test.each<[string, readonly Uint8Array[], string]>([
    ['that does not start with an SOA', [message([NS])], 'does not start with an SOA'],
    ['of another zone', [message(['example.net. 300 IN SOA a b 1 2 3 4 5'])], 'record outside the zone'],
    ['with an SOA below the apex', [message([soaLine(1), 'sub 300 IN SOA a b 1 2 3 4 5'])], 'SOA of another zone'],
    ['with a record outside', [message([soaLine(1), 'example.net. 300 IN A 192.0.2.1'])], 'record outside the zone'],
    ['that ends with another SOA', [message([soaLine(1), NS, soaLine(2)])], 'ends with another SOA'],
    ['that goes on after its end', [message([soaLine(1), NS, soaLine(1), A])], 'records after the end'],
    ['with an empty message', [message([soaLine(1)]), message([])], 'message without records'],
    ['with another id', [message([soaLine(1)], { id: 1 })], 'another id'],
    ['that is no response', [message([soaLine(1)], { flags: 0 })], 'not a response'],
    ['that is truncated', [message([soaLine(1)], { flags: FLAG.QR | FLAG.TC })], 'truncated'],
    ['with an error', [message([], { rcode: RCODE.REFUSED })], 'rcode REFUSED'],
    ['to another question', [message([soaLine(1)], { type: TYPE.A })], 'another question'],
    ['without a question', [message([soaLine(1)], { withQuestion: false })], 'no question'],
    ['that is no message', [new Uint8Array(20).fill(0xff)], 'malformed'],
  ])('%s', (_what, messages, why) => {
    expect(readAll(messages)).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) as string });
  });

  test('with a record that cannot be, which is not left out silently; octets after the last record are no harm', () => {
    const whole = message([soaLine(2), NS, A, soaLine(2)]);
    expect(readAll([concatBytes(whole, Uint8Array.of(0, 1, 2))]).kind).toBe('zone');
    const at =
      whole.length - 1 - [...whole].reverse().findIndex((_, i, octets) => octets[i] === 1 && octets[i + 3] === 192);
    const spoilt = whole.slice();
    // The length of the address becomes 5, so the message is out of step; with an octet more it is whole again.
    const lengthAt = at - 4;
    expect(spoilt[lengthAt]).toBe(4);
    spoilt[lengthAt] = 5;
    const longer = concatBytes(spoilt.subarray(0, at + 1), Uint8Array.of(0), spoilt.subarray(at + 1));
    expect(readAll([longer])).toEqual({ kind: 'refused', why: 'malformed message: bad record' });
  });

  test('that never ends', () => {
    const endless = Array.from({ length: 200 }, (_, i) => message([`h${i} 300 IN A 192.0.2.1`]));
    expect(readAll([message([soaLine(1)]), ...endless], TYPE.AXFR, 5_000)).toEqual({
      kind: 'refused',
      why: 'larger than max-transfer-size',
    });
  });
});
