/**
 * Proves on a bounded slice of random inputs that no octets make the message code throw, and that all it accepts keeps its
 * meaning through text and through being written anew. The seed is printed; HAWSER_FUZZ_SEED repeats a run.
 */

import { expect, test } from 'vitest';
import { parseMessage } from '../../src/wire/message-view.ts';
import { readZoneText } from '../../src/wire/zone-text.ts';
import { fuzzMessages, fuzzSettings } from './fuzz-wire.ts';
import { diceOf, sampleMessages } from './mutate.ts';

test('mutated messages are refused or keep their meaning', () => {
  const { seed, runs } = fuzzSettings(4000);
  console.info(`HAWSER_FUZZ_SEED=${seed} HAWSER_FUZZ_RUNS=${runs}`);
  const count = fuzzMessages(seed, runs);
  expect(count.runs).toBe(runs);
  expect(count.accepted).toBeGreaterThan(runs / 50);
});

test('random octets after a header are no message, or a harmless one', () => {
  const { seed, runs } = fuzzSettings(4000);
  const dice = diceOf(seed);
  for (let run = 0; run < runs; run++) {
    const octets = Uint8Array.from({ length: 12 + dice(60) }, () => dice(256));
    octets.set([0, dice(3), 0, dice(3), 0, dice(3), 0, dice(3)], 4);
    const parsed = parseMessage(octets);
    if (parsed.ok) expect(parsed.message.recordCount).toBeLessThan(8);
  }
});

test('every cut of every sample is refused, the whole is accepted', () => {
  for (const sample of sampleMessages()) {
    expect(parseMessage(sample).ok).toBe(true);
    for (let length = 0; length < sample.length; length++) expect(parseMessage(sample.slice(0, length)).ok).toBe(false);
  }
});

test('random text is read as a zone without throwing', () => {
  const { seed, runs } = fuzzSettings(2000);
  const dice = diceOf(seed);
  for (let run = 0; run < runs; run++) {
    const codes = Array.from({ length: dice(120) }, () => (dice(4) === 0 ? 10 + dice(30) : 32 + dice(220)));
    const zone = readZoneText(String.fromCharCode(...codes), { defaultTtl: 1 });
    expect(zone.records.length + zone.errors.length).toBeLessThanOrEqual(120);
  }
});
