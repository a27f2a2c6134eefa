/** Proves that single records and master files are read by RFC 1035 §5.1, and that a bad line costs only itself. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { formatRecord, parseRecord } from '../../src/wire/record-text.ts';
import { LineReader } from '../../src/wire/text-tokens.ts';
import { parseSpan, parseTtl } from '../../src/wire/ttl-text.ts';
import { readZoneText, type ZoneText, type ZoneTextOptions, zoneTextSteps } from '../../src/wire/zone-text.ts';

const origin = mustParseName('example.org.');

function linesOf(zone: ZoneText): string[] {
  return zone.records.map((record) => formatRecord(record).replaceAll('\t', ' '));
}

function read(text: string, options: ZoneTextOptions = {}): string[] {
  const zone = readZoneText(text, { origin, ...options });
  expect(zone.errors).toEqual([]);
  return linesOf(zone);
}

describe('a record', () => {
  test.each([
    ['a.example. 300 IN A 192.0.2.1', 'a.example.\t300\tIN\tA\t192.0.2.1'],
    ['a.example. IN 300 A 192.0.2.1', 'a.example.\t300\tIN\tA\t192.0.2.1'],
    ['a.example. A 192.0.2.1', 'a.example.\t3600\tIN\tA\t192.0.2.1'],
    ['a 1h a 192.0.2.1 ; comment', 'a.\t3600\tIN\tA\t192.0.2.1'],
    ['version.bind. CH TXT "x y"', 'version.bind.\t3600\tCH\tTXT\t"x y"'],
    ['in 5 IN A 192.0.2.1', 'in.\t5\tIN\tA\t192.0.2.1'],
    ['a. 5 CLASS32 TYPE65280 \\# 1 00', 'a.\t5\tCLASS32\tTYPE65280\t\\# 1 00'],
    ['a. 5 TYPE1 \\# 4 c0000201', 'a.\t5\tIN\tA\t192.0.2.1'],
    ['a. 5 MX (10\n mail.example. )', 'a.\t5\tIN\tMX\t10 mail.example.'],
  ])('%j', (text, formatted) => {
    const record = parseRecord(text, { ttl: 3600 });
    expect('error' in record ? record.error : formatRecord(record)).toBe(formatted);
  });

  test.each([
    ['', /no record/],
    ['; only a comment', /no record/],
    ['a.', /no type/],
    ['a. 300 IN', /no type/],
    ['a. A 192.0.2.1', /no TTL/],
    ['a. 2147483648 A 192.0.2.1', /not a type/],
    ['a. 1 FOO 192.0.2.1', /not a type: FOO/],
    [' 1 A 192.0.2.1', /no owner/],
    ['a..b. 1 A 192.0.2.1', /owner name: empty label/],
    ['a. 1 A 192.0.2.1\nb. 1 A 192.0.2.2', /more than one line/],
    ['a. 1 A 192.0.2.1 )', /parenthesis/],
  ])('refuses %j', (text, reason) => {
    const record = parseRecord(text);
    expect('error' in record ? record.error : 'accepted').toMatch(reason);
  });
});

describe('a master file', () => {
  test('carries owner, TTL and origin from record to record', () => {
    expect(
      read(`$TTL 2h
@ IN SOA ns hostmaster (
      1      ; serial
      7200 3600
      1209600 300 )
  NS ns
ns 60 A 192.0.2.1
     AAAA 2001:db8::1
$ORIGIN sub
www CNAME @
`),
    ).toEqual([
      'example.org. 7200 IN SOA ns.example.org. hostmaster.example.org. 1 7200 3600 1209600 300',
      'example.org. 7200 IN NS ns.example.org.',
      'ns.example.org. 60 IN A 192.0.2.1',
      'ns.example.org. 7200 IN AAAA 2001:db8::1',
      'www.sub.example.org. 7200 IN CNAME sub.example.org.',
    ]);
  });

  test('without $TTL takes the TTL of the record before (RFC 1035 §5.1), else the default', () => {
    expect(read('a A 192.0.2.1\nb 5 A 192.0.2.2\nc A 192.0.2.3', { defaultTtl: 77 })).toEqual([
      'a.example.org. 77 IN A 192.0.2.1',
      'b.example.org. 5 IN A 192.0.2.2',
      'c.example.org. 5 IN A 192.0.2.3',
    ]);
  });

  test('takes syntax inside quotes and after a backslash for text', () => {
    expect(read('a 1 TXT "x ; ( y" \\; \\( z')).toEqual(['a.example.org. 1 IN TXT "x ; ( y" ";" "(" "z"']);
  });

  test('reads CRLF line ends and tabs', () => {
    expect(read('a\t1\tA\t192.0.2.1\r\nb 1 A 192.0.2.2\r\n').length).toBe(2);
  });

  test('reports each bad line with its number and reads on', () => {
    const zone = readZoneText('a 1 A 1.2.3\nb 1 A 192.0.2.1\nc 1 TXT "open\n$FOO bar\n$TTL x\n) d\ne 1 A 192.0.2.2\n', {
      origin,
    });
    expect(zone.errors.map((error) => error.line)).toEqual([1, 3, 4, 5, 6]);
    expect(linesOf(zone).map((line) => line.slice(0, 1))).toEqual(['b', 'e']);
  });

  test('reports a parenthesis that never closes', () => {
    const zone = readZoneText('a 1 MX ( 10\nb.\nc 1 A 192.0.2.1\n', { origin });
    expect(zone.errors).toEqual([{ file: null, line: 1, text: 'opening parenthesis without a closing one' }]);
  });

  test('includes files with their own origin, and only so deep', () => {
    const include = (path: string): string | null =>
      path === 'self' ? '$INCLUDE self' : path === 'sub' ? 'x 1 A 192.0.2.1\n$ORIGIN other.\n' : null;
    expect(read('$INCLUDE sub sub\ny 1 A 192.0.2.2', { include })).toEqual([
      'x.sub.example.org. 1 IN A 192.0.2.1',
      'y.example.org. 1 IN A 192.0.2.2',
    ]);
    expect(readZoneText('$INCLUDE self', { include }).errors[0]?.text).toMatch(/nested/);
    expect(readZoneText('$INCLUDE none', { include }).errors[0]?.text).toMatch(/cannot include/);
    expect(readZoneText('$INCLUDE sub').errors[0]?.text).toMatch(/cannot include/);
  });

  test('never throws, whatever the text, and what it reads formats to the same record', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        ' ',
        '\n',
        '"',
        '(',
        ')',
        ';',
        '\\',
        '\\#',
        '1',
        'IN ',
        'TXT ',
        'A ',
        '192.0.2.1',
        '$TTL ',
        '@',
        '=',
        'ü',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        for (const record of readZoneText(pieces.join(''), { origin, defaultTtl: 1 }).records) {
          const again = parseRecord(formatRecord(record));
          expect(again).toEqual(record);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('logical lines', () => {
  test('know where they begin, and which tokens touch', () => {
    const reader = new LineReader('\n\na=("b" c"d"\n) e\n f');
    const first = reader.next();
    expect(first?.line).toBe(3);
    expect(first?.tokens.map(({ text, quoted, glued }) => [text, quoted, glued])).toEqual([
      ['a=', false, false],
      ['b', true, false],
      ['c', false, false],
      ['d', true, true],
      ['e', false, false],
    ]);
    expect(reader.next()).toMatchObject({ line: 5, startsBlank: true });
    expect(reader.next()).toBeNull();
  });
});

describe('hostile text', () => {
  const AFTER = '\nafter 60 A 192.0.2.1\n';
  const hints = Array<string>(125_000).fill('1.2.3.4').join(',');

  test.each([
    ['an entry whose parenthesis never ends', `a 60 TXT ( ${'x '.repeat(60_000)}\n${'y\n'.repeat(60_000)}`, 'too long'],
    ['an entry of more fields than rdata has octets', `a 60 TXT ${'x '.repeat(70_000)}`, 'too long'],
    ['a field without end', `a 60 TXT ${'x'.repeat(2_000_000)}`, 'too long'],
    ['a string without end', `a 60 TXT "${'x'.repeat(2_000_000)}"`, 'without an end'],
    [
      'a list of more addresses than a call has arguments',
      `a 60 HTTPS 1 . ipv4hint=${hints}`,
      'too long|bad parameter',
    ],
    [
      'a list of more keys',
      `a 60 HTTPS 1 . mandatory=${hints.replaceAll('1.2.3.4', 'key7')}`,
      'too long|bad parameter',
    ],
  ])('%s costs itself, and no more is said of it than can be read', (_, entry, problem) => {
    const { records, errors } = readZoneText(entry + AFTER, { origin });
    expect(records.at(-1)?.owner).toEqual(mustParseName('after.example.org.'));
    expect(errors[0]?.text).toMatch(new RegExp(problem));
    expect(Math.max(...errors.map(({ text }) => text.length))).toBeLessThan(300);
  });

  test('of long lines is read a line in a piece', () => {
    const line = `a 60 TXT ${'x '.repeat(20_000)}\n`;
    const steps = zoneTextSteps(line.repeat(10), { origin });
    let pieces = 0;
    while (steps.next().done !== true) pieces++;
    expect(pieces).toBeGreaterThanOrEqual(9);
  });

  test('a bitmap of all types, the longest honest entry, is read', () => {
    const types = Array.from({ length: 65_000 }, (_, i) => `TYPE${i + 300}`).join(' ');
    expect(readZoneText(`a 60 NSEC b ${types}`, { origin })).toMatchObject({ errors: [], records: [{ type: 47 }] });
  });
});

describe('spans', () => {
  test.each([
    ['0', 0],
    ['4294967295', 4_294_967_295],
    ['4294967296', null],
    ['1w2d3h4m5s', 788_645],
    ['1H', 3600],
    ['h', null],
    ['1h1', null],
    ['-1', null],
    ['1.5h', null],
  ])('%s is %s', (text, seconds) => {
    expect(parseSpan(text)).toBe(seconds);
  });

  test('a TTL has 31 bits', () => {
    expect([parseTtl('2147483647'), parseTtl('2147483648')]).toEqual([2_147_483_647, null]);
  });
});
