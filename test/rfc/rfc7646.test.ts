/** RFC 7646, negative trust anchors (`domain-insecure`), played out with a whole resolver. */

import { describe, expect, test } from 'vitest';
import { EDE } from '../../src/wire/ede.ts';
import { Scene } from '../world/scene.ts';

const TEXT = 'www IN A 192.0.2.80';

function broken(): Scene {
  const scene = Scene.withTest(TEXT);
  scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, signing: {}, text: TEXT });
  scene.zone('calm.', { servers: { 'ns.calm.': ['192.0.2.3'] }, signing: {}, text: TEXT });
  scene.world.break('test.', 'signatures-expired');
  return scene;
}

const NTA = '\tdomain-insecure: "test."';

describe('§2, a negative trust anchor', () => {
  test('lets data of a broken zone through without AD, and says so', async () => {
    const reply = await broken().askOnce('www.test.', 'A', ['server:', NTA]);
    expect(reply.status).toBe('NOERROR');
    expect(reply.answer).toEqual(['www.test. A 192.0.2.80']);
    expect(reply.edes).toEqual([EDE.NEGATIVE_TRUST_ANCHOR]);
  });

  test('covers all below it', async () => {
    expect((await broken().askOnce('www.sub.test.', 'A', ['server:', NTA])).status).toBe('NOERROR');
  });

  test('leaves other names alone', async () => {
    expect((await broken().askOnce('www.calm.', 'A', ['server:', NTA])).status).toBe('NOERROR ad');
    expect((await broken().askOnce('www.test.', 'A', ['server:', '\tdomain-insecure: "est."'])).status).toBe(
      'SERVFAIL',
    );
    expect((await broken().askOnce('www.test.', 'A', ['server:', '\tdomain-insecure: "www2.test."'])).status).toBe(
      'SERVFAIL',
    );
  });

  test('at the name itself is enough', async () => {
    expect((await broken().askOnce('www.test.', 'A', ['server:', '\tdomain-insecure: "www.test."'])).status).toBe(
      'NOERROR',
    );
  });
});

describe('§1.1 and §5, nesting', () => {
  test('a positive anchor below a negative one counts again', async () => {
    const scene = broken();
    const anchors = scene.world.anchors('sub.test.').map((line) => `\ttrust-anchor: "${line}"`);
    expect((await scene.askOnce('www.sub.test.', 'A', ['server:', NTA, ...anchors])).status).toBe('NOERROR ad');
  });
});
