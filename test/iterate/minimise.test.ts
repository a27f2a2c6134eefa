/** Proves which questions are sent on the way down one name (RFC 9156). */

import { describe, expect, test } from 'vitest';
import { MAX_MINIMISE_STEPS, Minimiser } from '../../src/iterate/minimise.ts';
import { nameFrom } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionFrom } from '../support/records.ts';
import { questionLine } from './support.ts';

const nothing = () => false;
const START = { delegations: { isNoCut: nothing }, asksForAFirst: false };

/** The questions sent when every server knows only one more label and nobody ever refers. */
function walk(text: string, known: (name: string) => boolean = nothing, asksForAFirst = false): string[] {
  const minimiser = new Minimiser(questionFrom(text), 'relaxed', {
    delegations: { isNoCut: (name, at = 0) => known(questionLine({ name: nameFrom(name, at), type: 1, class: 1 })) },
    asksForAFirst,
  });
  minimiser.enter(mustParseName('.'));
  const sent = [questionLine(minimiser.current)];
  while (!minimiser.isFull) {
    minimiser.advance();
    sent.push(questionLine(minimiser.current));
  }
  return sent;
}

describe('Minimiser', () => {
  test('adds one label at a time and hides the type until the last', () => {
    expect(walk('www.a.example. TXT')).toEqual(['example. A', 'a.example. A', 'www.a.example. TXT']);
  });

  test('asks for A before AAAA when told to, and for nothing else so', () => {
    expect(walk('www.example. AAAA', nothing, true)).toEqual(['example. A', 'www.example. A', 'www.example. AAAA']);
    expect(walk('www.example. MX', nothing, true)).toEqual(['example. A', 'www.example. MX']);
    expect(walk('_x.www.example. AAAA', nothing, true).slice(-2)).toEqual(['www.example. A', '_x.www.example. AAAA']);
  });

  test('a strict one goes on hiding the name from servers that fail for it, a relaxed one sends it whole', () => {
    const sent = (['strict', 'relaxed'] as const).map((mode) => {
      const minimiser = new Minimiser(questionFrom('www.a.example. TXT'), mode, START);
      minimiser.enter(mustParseName('.'));
      minimiser.giveUpMinimising();
      return questionLine(minimiser.current);
    });
    expect(sent).toEqual(['example. A', 'www.a.example. TXT']);
  });

  test('goes to the full name before the first service label', () => {
    expect(walk('_25._tcp.mx.example. TLSA')).toEqual(['example. A', 'mx.example. A', '_25._tcp.mx.example. TLSA']);
  });

  test('asks a long name in at most ten steps', () => {
    const name = `${'1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.'.repeat(2)}ip6.arpa.`;
    const sent = walk(`${name} PTR`);
    expect(sent.length).toBeLessThanOrEqual(MAX_MINIMISE_STEPS);
    expect(sent.slice(0, 4)).toEqual(['arpa. A', 'ip6.arpa. A', 'f.ip6.arpa. A', 'e.f.ip6.arpa. A']);
    expect(sent.at(-1)).toBe(`${name} PTR`);
  });

  test('walks past names that are known to be no cut', () => {
    expect(walk('www.a.example. A', (line) => line === 'a.example. A')).toEqual(['example. A', 'www.a.example. A']);
  });

  test('goes on below a zone that it was referred to', () => {
    const minimiser = new Minimiser(questionFrom('www.a.b.example. A'), 'relaxed', START);
    minimiser.enter(mustParseName('.'));
    minimiser.enter(mustParseName('b.example.'));
    expect(questionLine(minimiser.current)).toBe('a.b.example. A');
  });

  test('sends the whole question when it is off, or given up', () => {
    const off = new Minimiser(questionFrom('www.a.example. MX'), 'off', START);
    off.enter(mustParseName('.'));
    expect(questionLine(off.current)).toBe('www.a.example. MX');
    const given = new Minimiser(questionFrom('www.a.example. MX'), 'relaxed', START);
    given.enter(mustParseName('.'));
    given.sendFullName();
    expect(questionLine(given.current)).toBe('www.a.example. MX');
  });
});
