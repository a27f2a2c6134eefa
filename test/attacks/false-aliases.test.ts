/**
 * Aliases that nobody signed, each against a whole resolver: one where a DS was asked for (RFC 4035 §3.1.4.1: it is the word of
 * the zone above or nobody's), and one that leads nowhere, so that no answer comes that could be judged (RFC 4035 §4.7: bad data must
 * not be remembered for longer than its verdict).
 */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { onType } from '../world/lies.ts';
import { type LooseMessage, recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const SERVER = '192.0.2.1';
const TEXT = 'www IN A 192.0.2.80\nsub IN NS ns.sub\nns.sub IN A 192.0.2.2\nalias IN CNAME www';

/** A signed zone with an unsigned one below; the first question for its DS is answered with an alias. */
function withFalseAlias(): Scene {
  const scene = Scene.withTest(TEXT);
  scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' });
  let lies = 1;
  scene.tamper(
    SERVER,
    onType(TYPE.DS, (reply) => {
      if (lies-- <= 0) return reply;
      return { ...reply, flags: FLAG.QR | FLAG.AA, answer: [recordOf('sub.test. 300 CNAME www.test.')], authority: [] };
    }),
  );
  return scene;
}

describe('an unsigned alias in place of a DS', () => {
  test('of a signed zone is not followed', async () => {
    const reply = await withFalseAlias().askOnce('sub.test.', 'DS');
    expect([reply.status, reply.answer]).toEqual(['SERVFAIL', []]);
  });

  test('does no harm to the addresses below it', async () => {
    const scene = withFalseAlias();
    await scene.start();
    await scene.ask('sub.test.', 'DS');
    expect((await scene.ask('www.sub.test.', 'A')).answer).toEqual(['www.sub.test. A 192.0.2.90']);
    await scene.stop();
  });

  test('that the child signed at its own top is not taken for the word of the zone above', async () => {
    const scene = Scene.withTest('sub IN NS ns.sub\nns.sub IN A 192.0.2.1');
    const servers = { 'ns.sub.test.': [SERVER] };
    scene.zone('sub.test.', { servers, signing: {}, text: 'www IN A 192.0.2.90' });
    const alias = scene.signed('sub.test.', [recordOf('sub.test. 300 CNAME www.sub.test.')]);
    const giveAlias = (reply: LooseMessage): LooseMessage => ({ ...reply, answer: [...alias], authority: [] });
    const isTop = (reply: LooseMessage) => reply.question?.name.length === 'sub.test.'.length + 1;
    scene.tamper(
      SERVER,
      onType(TYPE.A, (reply) => (isTop(reply) ? giveAlias(reply) : reply)),
    );
    await scene.start();
    // The alias is known as the child's own, and proven.
    expect((await scene.ask('sub.test.', 'A')).status).toBe('NOERROR ad');
    scene.tamper(SERVER, onType(TYPE.DS, giveAlias));
    const { answers, rrsets, replies } = scene.instance.caches;
    for (const cache of [answers, replies]) cache.clear();
    rrsets.remove(mustParseName('sub.test.'), TYPE.DS, CLASS.IN);
    expect((await scene.ask('sub.test.', 'DS')).answer).toEqual([]);
    await scene.stop();
  });

  test('where the zone itself has an alias is the answer, proven', async () => {
    const reply = await Scene.withTest(TEXT).askOnce('alias.test.', 'DS');
    expect([reply.status, reply.answer]).toEqual(['NOERROR ad', ['alias.test. CNAME www.test.']]);
  });
});

describe('one forged alias', () => {
  test.each([
    ['to itself', 'www.test. 86400 CNAME www.test.'],
    ['to a name whose servers are dead', 'www.test. 86400 CNAME www.dead.test.'],
  ])('%s keeps a signed name away no longer than the failure is remembered', async (_what, line) => {
    const scene = Scene.withTest(`${TEXT}\ndead IN NS ns.dead\nns.dead IN A 192.0.2.9`);
    let isLying = true;
    scene.tamper(
      SERVER,
      onType(TYPE.A, (reply) => {
        const isAttacked = reply.question?.name.length === 'www.test.'.length + 1;
        return isLying && isAttacked ? { ...reply, answer: [recordOf(line)], authority: [] } : reply;
      }),
    );
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
    isLying = false;
    await scene.ports.clock.advance(61_000);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});
