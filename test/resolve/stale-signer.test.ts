/**
 * What a zone signed before it delegated a name must not count for that name any more (RFC 4035 §5.3.1): old signatures of the
 * parent hold for weeks, and who is on the path may show them in place of what the child says.
 */

import { describe, expect, test } from 'vitest';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const CHILD_SERVER = '192.0.2.2';

function sceneWith(child: { readonly isSigned: boolean }): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  scene.zone('sub.test.', {
    servers: { 'ns.sub.test.': [CHILD_SERVER] },
    ...(child.isSigned ? { signing: {} } : {}),
    text: 'www IN A 192.0.2.90\nfirst IN A 192.0.2.91',
  });
  return scene;
}

/** From now on the child's server gives what the parent signed once. */
function replayParent(scene: Scene): void {
  scene.tamper(CHILD_SERVER, (reply) => {
    if (reply.question?.type !== TYPE.A) return reply;
    const old = scene.signed('test.', [recordOf('www.sub.test. 300 A 203.0.113.66')]);
    return { ...reply, flags: FLAG.QR | FLAG.AA, answer: old, authority: [] };
  });
}

describe('an old signature of the zone above', () => {
  test.each([
    [true, 'SERVFAIL'],
    [false, 'NOERROR'],
  ])('counts for nothing below a cut that was just met (signed: %s)', async (isSigned, expected) => {
    const scene = sceneWith({ isSigned });
    replayParent(scene);
    await scene.start();
    expect((await scene.ask('www.sub.test.', 'A')).status).toBe(expected);
    await scene.stop();
  });

  test.each([
    [true, 'SERVFAIL'],
    [false, 'NOERROR'],
  ])('counts for nothing below a cut that is known (signed: %s)', async (isSigned, expected) => {
    const scene = sceneWith({ isSigned });
    await scene.start();
    await scene.ask('first.sub.test.', 'A');
    replayParent(scene);
    expect((await scene.ask('www.sub.test.', 'A')).status).toBe(expected);
    await scene.stop();
  });

  test('costs the honest child nothing', async () => {
    const scene = sceneWith({ isSigned: true });
    await scene.start();
    expect((await scene.ask('www.sub.test.', 'A')).status).toBe('NOERROR ad');
    expect(scene.asked.filter((line) => line.endsWith('sub.test. DS'))).toEqual([]);
    await scene.stop();
  });
});
