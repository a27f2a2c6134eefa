/** Proves that names whose signer has stopped renewing are counted while they are held, and that short-lived signatures are not. */

import { describe, expect, test } from 'vitest';
import { ExpiringSignatures } from '../../src/resolve/expiring-signatures.ts';
import type { ValidSignature } from '../../src/terms/signature-outcome.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { rrsetFrom } from '../support/records.ts';
import { Scene } from '../world/scene.ts';

const DAY = 86_400;
const WWW = rrsetFrom(['www.test. A 192.0.2.1']);

function bench() {
  const { clock } = makeFakePorts();
  const now = clock.unixSeconds();
  const signature = (ageDays: number, leftDays: number): ValidSignature => ({
    ...{ kind: 'valid', keyTag: 7, algorithm: 13, originalTtl: 300, labels: 2, isWildcard: false },
    inception: now - ageDays * DAY,
    expiration: now + leftDays * DAY,
  });
  return { clock, now, signature, names: new ExpiringSignatures(clock) };
}

describe('signatures that run out soon', () => {
  test('are counted with name, type, key and time', () => {
    const { names, now, signature } = bench();
    names.note(WWW, signature(12, 2), now + 300);
    expect(names.count).toBe(1);
    expect(names.list()).toEqual([{ name: 'www.test.', type: 'A', keyTag: 7, expiration: now + 2 * DAY }]);
  });

  test.each([
    ['far from their end', 10, 4],
    ['made anew for each answer, for a day', 0.5, 0.5],
    ['fresh, of a signer with short lives', 1, 2],
  ])('are not those %s', (_, ageDays, leftDays) => {
    const { names, now, signature } = bench();
    names.note(WWW, signature(ageDays, leftDays), now + 300);
    expect(names.count).toBe(0);
  });

  test('are gone when the set was signed anew, or is held no more', async () => {
    const { names, now, signature, clock } = bench();
    names.note(WWW, signature(12, 2), now + 300);
    names.note(WWW, signature(0, 14), now + 300);
    expect(names.count).toBe(0);
    names.note(WWW, signature(12, 2), now + 300);
    await clock.advance(301_000);
    expect(names.count).toBe(0);
  });

  test('are bounded in number: the oldest gives way', () => {
    const { names, now, signature } = bench();
    for (let i = 0; i < 600; i++) names.note(rrsetFrom([`n${i}.test. A 192.0.2.1`]), signature(12, 2), now + 300);
    expect(names.count).toBe(500);
    expect(names.list().map(({ name }) => name)).not.toContain('n0.test.');
  });

  test('come out of whole resolutions, and not where the signer renews', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80\n');
    await scene.start([]);
    await scene.ask('www.test.', 'A');
    expect(scene.instance.expiringSignatures.count).toBe(0);
    const [last] = await lives(scene);
    await scene.ports.clock.advance(((last ?? 0) - scene.ports.clock.unixSeconds() - DAY) * 1000);
    await scene.ask('www.test.', 'A');
    expect(scene.instance.expiringSignatures.list().map(({ name, type }) => `${name} ${type}`)).toContain(
      'www.test. A',
    );
  });
});

/** When the signature of `www.test. A` ends. */
async function lives(scene: Scene): Promise<number[]> {
  const { seen } = await scene.ask('www.test.', 'A');
  return seen.answer
    .filter(({ type }) => type === 46)
    .map(({ rdata }) => new DataView(rdata.slice(8, 12).buffer).getUint32(0));
}
