/** Proves that what was being validated while trust changed leaves nothing behind that rests on the trust from before. */

import { expect, test } from 'vitest';
import { forgetTrust } from '../../src/cache/forget.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const ZONE = mustParseName('test.');

/** A zone whose keys take a while to come. */
function withSlowKeys(): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80\nmail IN A 192.0.2.81');
  scene.tamper('192.0.2.1', (reply, query) => {
    if (reply.question?.type !== TYPE.DNSKEY) return reply;
    scene.ports.clock.after(300, () => query.reply(tighten(reply)));
    return null;
  });
  return scene;
}

/** What `nta_add` does, all of it. */
async function distrust(scene: Scene): Promise<void> {
  const { anchors, caches } = scene.instance;
  anchors.addNegative(ZONE);
  const { clock } = scene.ports;
  await clock.runUntilSettled(forgetTrust({ caches, pause: () => clock.nextTurn() }, ZONE));
}

test('an answer that was judged while trust was taken back has no AD for those who ask later', async () => {
  const scene = withSlowKeys();
  await scene.start();
  const first = await scene.askLater('www.test.', 'A');
  await scene.ports.clock.advance(150);
  expect(first).toEqual([]);
  await distrust(scene);
  await scene.ports.clock.advance(2000);
  expect(first).toHaveLength(1);
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR');
  expect((await scene.ask('mail.test.', 'A')).status).toBe('NOERROR');
  const statuses = [...scene.instance.caches.keys.entries()].map(({ zone, status }) => [zone.length, status]);
  expect(statuses).not.toContainEqual([ZONE.length, 'secure']);
  await scene.stop();
});

test('who asks after trust was taken back does not join what was begun before', async () => {
  const scene = withSlowKeys();
  await scene.start();
  await scene.askLater('www.test.', 'A');
  await scene.ports.clock.advance(150);
  await distrust(scene);
  const later = await scene.askLater('www.test.', 'A');
  await scene.ports.clock.advance(3000);
  expect(later.map(({ status }) => status)).toEqual(['NOERROR']);
  await scene.stop();
});
