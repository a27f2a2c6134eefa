/** RFC 8914, extended DNS errors, played out with a whole resolver. (Which reason has which code: test/reasons.) */

import { describe, expect, test } from 'vitest';
import { EDE } from '../../src/wire/ede.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Scene } from '../world/scene.ts';

function broken(): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  scene.world.get('test.').break({ fault: 'signatures-expired', types: [TYPE.A] });
  return scene;
}

describe('§2, the option', () => {
  test('goes to clients with EDNS only', async () => {
    const scene = broken();
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([EDE.SIGNATURE_EXPIRED]);
    const plain = await scene.ask('www.test.', 'A', { udpSize: 0 });
    expect(plain.rcode).toBe('SERVFAIL');
    expect(plain.seen.opt).toBeNull();
    await scene.stop();
  });

  test('goes to clients without DO as well', async () => {
    const scene = broken();
    await scene.start();
    expect((await scene.ask('www.test.', 'A', { doBit: false })).edes).toEqual([EDE.SIGNATURE_EXPIRED]);
    await scene.stop();
  });

  test('has a text in UTF-8 without a final NUL, that names zone, record and key', async () => {
    const scene = broken();
    await scene.start();
    const [text = ''] = (await scene.ask('www.test.', 'A')).edeTexts;
    expect(text).toMatch(/^signature-expired: www\.test\. A in zone test\.: .* key \d+ /);
    expect(text.endsWith('\0')).toBe(false);
    await scene.stop();
  });

  test('makes no answer larger than the client takes', async () => {
    const scene = broken();
    await scene.start();
    expect((await scene.ask('www.test.', 'A', { udpSize: 512 })).seen.bytes.length).toBeLessThanOrEqual(512);
    await scene.stop();
  });

  test('is not in answers that are good', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([]);
    expect((await scene.ask('nothing.test.', 'A')).edes).toEqual([]);
    await scene.stop();
  });
});

describe('§3, what it means', () => {
  test('the rcode does not depend on it: an error may come with NOERROR', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.world.break('test.', 'ds-unknown-algorithm');
    await scene.start();
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.rcode, reply.edes]).toEqual(['NOERROR', [EDE.UNSUPPORTED_DNSKEY_ALGORITHM]]);
    await scene.stop();
  });

  test('the reason is kept with what is remembered', async () => {
    const scene = broken();
    await scene.start();
    const first = await scene.ask('www.test.', 'A');
    const second = await scene.ask('www.test.', 'A');
    expect(second.edes[0]).toBe(first.edes[0]);
    expect(second.edeTexts[0]).toBe(first.edeTexts[0]);
    await scene.stop();
  });

  test('a failure that is remembered says so as well (§4.14)', async () => {
    const scene = Scene.withTest('');
    scene.world.break('test.', 'refused');
    await scene.start();
    await scene.ask('www.test.', 'A');
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([EDE.NO_REACHABLE_AUTHORITY, EDE.CACHED_ERROR]);
    await scene.stop();
  });

  test('what an authority says of itself is not passed on as ours', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.tamper('192.0.2.1', (reply) => ({
      ...reply,
      additional: reply.additional.map((one) =>
        one.type === TYPE.OPT ? { ...one, rdata: Uint8Array.of(0, 15, 0, 2, 0, 17) } : one,
      ),
    }));
    await scene.start();
    expect((await scene.ask('www.test.', 'A', { flags: FLAG.AD })).edes).toEqual([]);
    await scene.stop();
  });
});
