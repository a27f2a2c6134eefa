/**
 * Proves that messages are framed strictly: inputs that a widely used codec loses or misreads are refused here or kept to
 * the octet, and hostile counts and pointer chains end early.
 */

import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/wire/bytes.ts';
import { readEdns } from '../../src/wire/edns.ts';
import { type MalformedReason, type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { readNsec } from '../../src/wire/rdata-nsec.ts';
import { TYPE } from '../../src/wire/rr-type.ts';

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

function parsed(hex: string): MessageView {
  const result = parseMessage(bytesOf(hex));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function reasonOf(hex: string): MalformedReason | 'accepted' {
  const result = parseMessage(bytesOf(hex));
  return result.ok ? 'accepted' : result.reason;
}

const oneAnswer = '000181800000000100000000';
const oneAdditional = '000181800000000000000001';

describe('a message whose question is expected', () => {
  const asked = questionOf(mustParseName('mx.example.'), TYPE.MX);

  test('has that very question where it says so octet for octet', () => {
    const result = parseMessage(buildQuery({ id: 1, question: { ...asked }, flags: 0 }), asked);
    expect(result.ok && result.message.questions[0] === asked).toBe(true);
  });

  test.each([
    ['another case', questionOf(mustParseName('mX.example.'), TYPE.MX)],
    ['another name', questionOf(mustParseName('my.example.'), TYPE.MX)],
    ['a name above', questionOf(mustParseName('example.'), TYPE.MX)],
    ['a name below', questionOf(mustParseName('a.mx.example.'), TYPE.MX)],
    ['another type', questionOf(mustParseName('mx.example.'), TYPE.A)],
    ['another class', { ...asked, class: 3 }],
  ])('has its own where it says %s', (_what, said) => {
    const result = parseMessage(buildQuery({ id: 1, question: said, flags: 0 }), asked);
    expect(result.ok && result.message.questions).toEqual([said]);
  });
});

describe('a message', () => {
  test('gives header, question, records and OPT', () => {
    const view = parsed(
      `abcd 85b3 0001 0001 0000 0001  03777777076578616d706c6500 0001 0001
       c00c 0001 0001 00000e10 0004 c0000201   00 0029 04d0 0100 8000 0000`.replaceAll(/\s/g, ''),
    );
    expect(view.id).toBe(0xabcd);
    expect(view.has(FLAG.QR | FLAG.AA | FLAG.RD | FLAG.RA)).toBe(true);
    expect(view.has(FLAG.TC)).toBe(false);
    expect(view.opcode).toBe(0);
    expect(view.rcode).toBe(RCODE.NXDOMAIN + 16);
    expect(view.questions.map((question) => formatName(question.name))).toEqual(['www.example.']);
    expect(formatName(view.owner(0))).toBe('www.example.');
    expect([view.type(0), view.class(0), view.ttl(0)]).toEqual([1, 1, 3600]);
    expect(toHex(view.rdata(0))).toBe('c0000201');
    expect(view.optIndex).toBe(1);
    expect(view.recordCount).toBe(2);
  });

  test('with a TTL of 2^31 or more counts as TTL 0 (RFC 2181 §8)', () => {
    const view = parsed(`${oneAnswer} 00 0001 0001 80000001 0004 c0000201`);
    expect(view.ttl(0)).toBe(0);
    expect(view.ttlField(0)).toBe(0x80000001);
  });
});

describe('names are kept to the octet', () => {
  test('a dot inside a label is not a border of labels', () => {
    const dotted = parsed('00018180000100000000000003612e62036f72670000010001').questions[0]?.name;
    const three = parsed('00018180000100000000000001610162036f72670000010001').questions[0]?.name;
    expect(dotted).toEqual(mustParseName('a\\.b.org.'));
    expect(three).toEqual(mustParseName('a.b.org.'));
    expect(dotted).not.toEqual(three);
  });

  test('octets that are not UTF-8 stay', () => {
    expect(parsed('00018180000100000000000001ff036f72670000010001').questions[0]?.name).toEqual(
      mustParseName('\\255.org.'),
    );
  });
});

describe('rdata is kept to the octet', () => {
  test.each([
    [
      'a CAA value that is not UTF-8',
      `${oneAnswer} 00 0101 0001 00000e10 0009 00056973737565fffe`,
      '00056973737565fffe',
    ],
    ['an SSHFP of hash type 3', `${oneAnswer} 00 002c 0001 00000e10 0006 0403aabbccdd`, '0403aabbccdd'],
    ['a DNSKEY of protocol 2', `${oneAnswer} 00 0030 0001 00000e10 0006 0100020daabb`, '0100020daabb'],
  ])('%s', (_title, hex, rdata) => {
    expect(toHex(parsed(hex).rdata(0))).toBe(rdata);
  });

  test('names in it come out uncompressed, in old types that no one should compress too', () => {
    const view = parsed('000181800001000100000000076578616d706c65036f72670000010001c00c0012000100000e1000040001c00c');
    expect(view.type(0)).toBe(TYPE.AFSDB);
    expect(toHex(view.rdata(0))).toBe('0001076578616d706c65036f726700');
  });

  test('class 0x8001 and class 254 stay numbers', () => {
    expect(parsed('000181800000000100000000000001800100000e100004c0000201').class(0)).toBe(0x8001);
    expect(parsed(`${oneAnswer} 00 0001 00fe 00000e10 0004 c0000201`).class(0)).toBe(254);
  });

  test('a bad type bitmap makes the record useless, not the message', () => {
    const length33 = `000021${'ff'.repeat(33)}`;
    const disordered = '00 0101 80 0001 40'.replaceAll(' ', '');
    for (const rdata of [length33, disordered]) {
      const length = (rdata.length / 2).toString(16).padStart(4, '0');
      expect(readNsec(parsed(`${oneAnswer} 00 002f 0001 00000e10 ${length} ${rdata}`).rdata(0))).toBeNull();
    }
  });
});

describe('a message is refused', () => {
  test.each<[string, string, MalformedReason]>([
    [
      'with TLSA shorter than RDLENGTH',
      '000181800000000100000000000034000100000e100023030101aabbccdd',
      'record cut short',
    ],
    [
      'with unknown rdata shorter than RDLENGTH',
      '00018180000000010000000000ff00000100000e100064aabb',
      'record cut short',
    ],
    ['with a pointer into the header', '000181800001000000000000c00000010001', 'bad question'],
    ['with counts that cannot be', '00018180ffffffffffffffff', 'counts larger than the message'],
    ['shorter than a header', '0001818000000000000000', 'shorter than a header'],
    ['with a label of 64 octets', `000181800001000000000000 40${'61'.repeat(64)} 00 0001 0001`, 'bad question'],
    [
      'with a name of 256 octets',
      `000181800001000000000000 ${`3f${'61'.repeat(63)}`.repeat(4)}00 00010001`,
      'bad question',
    ],
  ])('%s', (_title, hex, reason) => {
    expect(reasonOf(hex)).toBe(reason);
  });

  test('whose rdata swallows the record after it', () => {
    expect(reasonOf('00018180000000020000000000002c000100000e1000060403aabbccdd000001000100000e100004c0000201')).toBe(
      'accepted',
    );
    expect(
      parsed('00018180000000020000000000002c000100000e1000060403aabbccdd000001000100000e100004c0000201').type(1),
    ).toBe(TYPE.A);
  });

  test('as for its EDNS when an option is longer than the OPT', () => {
    const view = parsed('00018180000000000000000200002904d0000000000004000a0008000001000100000e100004c0000201');
    expect(readEdns(view)).toBe('malformed');
    expect(view.recordCount).toBe(2);
  });
});

describe('a record that cannot be is left out, and noted', () => {
  const GOOD = '00 0001 0001 00000e10 0004 c0000201';
  const droppedOf = (hex: string) => {
    const { dropped, recordCount } = parsed(hex);
    const text = dropped.map(
      ({ section, owner, type }) => `${section} ${owner === null ? '?' : formatName(owner)} ${type}`,
    );
    return { dropped: text, recordCount };
  };

  test.each([
    ['an A of no octets', '00 0001 0001 00000e10 0000', 1],
    ['an A of five octets', '00 0001 0001 00000e10 0005 c000020101', 1],
    ['an AAAA of four octets', '00 001c 0001 00000e10 0004 c0000201', 28],
    ['a CNAME longer than its name', '00 0005 0001 00000e10 0009 016100000000000000', 5],
    ['a DS of no digest', '00 002b 0001 00000e10 0004 00010802', 43],
    ['a name in rdata that runs out of it', '00 000f 0001 00000e10 0004 000a0161', 15],
    ['a name in rdata that points forward', '00 0002 0001 00000e10 0002 c0ff', 2],
    ['an SOA without its numbers', '00 0006 0001 00000e10 0002 0000', 6],
    ['an OPT in the answer', '00 0029 0200 00000000 0000', 41],
  ])('%s, wherever it stands', (_what, record, type) => {
    const note = `answer . ${type}`;
    expect(droppedOf(`${'000181800000000200000000'} ${record} ${GOOD}`)).toEqual({ dropped: [note], recordCount: 1 });
    expect(droppedOf(`${'000181800000000200000000'} ${GOOD} ${record}`)).toEqual({ dropped: [note], recordCount: 1 });
  });

  test('one whose owner is no name, when its end can be told', () => {
    const hex = `000181800000000200000000 c0ff 0001 0001 00000e10 0004 c0000201 ${GOOD}`;
    expect(droppedOf(hex)).toEqual({ dropped: ['answer ? 1'], recordCount: 1 });
    expect(reasonOf('000181800000000100000000 80 0001 0001 00000e10 0004 c0000201')).toBe('bad owner name');
  });

  test('a second OPT, and one below the root', () => {
    const view = parsed('0001818000000000000000020000290200000000000000 0000290400000000000000');
    expect([view.optIndex, view.recordCount, view.class(0)]).toEqual([0, 1, 512]);
    expect(droppedOf(`${oneAdditional} 016100 0029 0200 00000000 0000`).dropped).toEqual(['additional a. 41']);
  });

  test('the sections keep what is theirs', () => {
    const bad = '00 0001 0001 00000e10 0001 ff';
    const view = parsed(`000181800000000200020002 ${bad} ${GOOD} ${GOOD} ${bad} ${bad} ${GOOD}`);
    expect([view.answer, view.authority, view.additional]).toEqual([
      { start: 0, end: 1 },
      { start: 1, end: 2 },
      { start: 2, end: 3 },
    ]);
    expect(view.dropped.map(({ section }) => section)).toEqual(['answer', 'authority', 'additional']);
  });

  test('octets after the last record are not looked at', () => {
    const view = parsed('00018180000100000000000001610000010001deadbeef');
    expect([view.recordCount, view.dropped.length]).toEqual([0, 0]);
  });
});

describe('hostile size', () => {
  test('a chain of 8179 pointers below 4096 owners is refused at the first owner', () => {
    const bytes = new Uint8Array(65_533);
    bytes.set(bytesOf('0001818000001000000000000000').subarray(0, 12));
    bytes[2] = 0x81;
    const pointers = 8179;
    let at = 12;
    // A record of an unknown type whose rdata is the chain: root owner, fixed part, pointers.
    const rdataLength = 1 + 2 * pointers;
    bytes.set([0, 0xff, 0, 0, 1, 0, 0, 0, 0, rdataLength >>> 8, rdataLength & 0xff], at);
    at += 11;
    const chain = at;
    for (let i = 0; i < pointers; i++) {
      const target = i === 0 ? chain : chain + 1 + 2 * (i - 1);
      bytes.set([0xc0 | (target >>> 8), target & 0xff], chain + 1 + 2 * i);
    }
    at = chain + rdataLength;
    const last = at - 2;
    let records = 1;
    while (at + 12 <= bytes.length) {
      bytes.set([0xc0 | ((last >>> 8) & 0x3f), last & 0xff, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0], at);
      at += 12;
      records++;
    }
    bytes.set([records >>> 8, records & 0xff], 6);
    expect(parseMessage(bytes.slice(0, at))).toEqual({ ok: false, reason: 'bad owner name' });
  });
});
