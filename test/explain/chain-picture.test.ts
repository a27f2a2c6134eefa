/** Proves that the picture of a chain is one that any reader of SVG takes, shows what the report says, and lets no zone put markup in. */

import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { chainPicture } from '../../src/explain/chain-picture.ts';
import { KEY, REPORT, SET, ZONE } from './reports.ts';

/** The elements and texts of a picture; throws where it is no XML. */
function read(svg: string): { readonly elements: readonly string[]; readonly texts: readonly string[] } {
  const elements: string[] = [];
  const texts: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name }) => elements.push(name));
  parser.on('text', (text) => texts.push(text));
  parser.write(svg).close();
  return { elements, texts };
}

test('shows each zone with its keys, the DS between them, and the answer', () => {
  const all = read(chainPicture(REPORT)).texts.join('\n');
  for (const words of [
    'trust anchor 20326',
    'DNSKEY 4711  ECDSAP256SHA256, 256 bits: signs keys, trusted from above',
    'DS 4711, algorithm 13, digest 2',
    'signed by 4711: good, until 1970-01-02T00:00:00Z',
    'www.test. A IN',
    'A 192.0.2.80',
  ])
    expect(all).toContain(words);
});

test('shows where it broke, in words and not by colour alone', () => {
  const zone = { ...ZONE, zone: 'test.', anchor: null, status: 'bogus', why: 'no-dnskey-matches-ds' };
  const { texts } = read(
    chainPicture({ ...REPORT, status: 'bogus', reason: 'the reason', zones: [ZONE, zone], answer: [] }),
  );
  expect(texts).toContain('✕ bogus');
  expect(texts).toContain('✕ no-dnskey-matches-ds');
  expect(texts).toContain('✕ the reason');
});

describe('texts of strangers', () => {
  test('stay texts: no markup, no link, nothing that runs', () => {
    const evil = '"><script>alert(1)</script><a href="javascript:1">&amp;\u0000\u001b\ud800';
    const set = { ...SET, owner: evil, records: [evil], proves: '' };
    const zone = { ...ZONE, zone: evil, why: evil };
    const { elements } = read(
      chainPicture({ ...REPORT, question: evil, reason: evil, zones: [zone], answer: [set], status: 'bogus' }),
    );
    expect(new Set(elements)).toEqual(new Set(['svg', 'title', 'style', 'rect', 'text', 'path']));
  });

  test('do not make it long: of many keys the first are shown, of long records the beginning', () => {
    const zone = { ...ZONE, keys: Array.from({ length: 500 }, () => KEY) };
    const svg = chainPicture({ ...REPORT, zones: [zone], answer: [{ ...SET, records: ['x'.repeat(5000)] }] });
    expect(svg.length).toBeLessThan(10_000);
    expect(read(svg).texts.join('\n')).toMatch(/and \d+ more/);
  });
});

test('is made narrow for a phone: more lines, nothing cut off', () => {
  const record = '3 1 1 7C2D64235EA368835ECCF42D5DC1E0B1586350BAB384971734658EBCEA33D150';
  const narrow = read(chainPicture({ ...REPORT, answer: [{ ...SET, type: 'TLSA', records: [record] }] }, 'narrow'));
  expect(narrow.texts.join('')).toContain(record.replaceAll(' ', '').slice(3));
  const longest = Math.max(...narrow.texts.filter((text) => !text.includes('{')).map((text) => text.length));
  expect(longest).toBeLessThan(60);
});
