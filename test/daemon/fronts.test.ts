/**
 * Proves when what front threads may serve is taken back: with each command that may change answers, before its reply; with another
 * instance, whose predecessor publishes nothing more; and that reading commands take nothing back.
 */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { REPLY_FLAG, type ReplyToStore } from '../../src/cache/reply-cache.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { makeCaches } from '../../src/daemon/caches.ts';
import { Fronts } from '../../src/daemon/fronts.ts';
import { type FrontGiven, frontServer } from '../../src/front/front-memory.ts';
import type { FrontThreadOptions } from '../../src/ports/front-threads.ts';
import type { ReplyPublisher } from '../../src/serve/publish.ts';
import { replyTo } from '../cache/cache-parts.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { NOW, queryFor } from '../serve/serving.ts';
import { questionFrom } from '../support/records.ts';

const QUESTION = questionFrom('mx.example. A');
const CLIENT = { isSix: false, word0: 0x0100007f, word1: 0, word2: 0, word3: 0 };
const LOCALHOST = Uint8Array.of(127, 0, 0, 1);

/** Fronts with one thread, which is played, and an instance in force. */
async function started() {
  const clock = new FakeClock(NOW);
  const random = new SeededRandom(4);
  const log = new FakeLog();
  const config = defaultConfig();
  const fronts = new Fronts({ config, random, threads: 1 });
  let given: FrontThreadOptions | null = null;
  const played = { running: 1, stop: () => {} };
  await fronts.start(async (options) => {
    given = options;
    return played;
  }, log);
  const thread = frontServer((given as unknown as FrontThreadOptions).memoryOf(0) as FrontGiven, clock).server;
  const newInstance = (): { readonly publisher: ReplyPublisher; readonly caches: ReturnType<typeof makeCaches> } => {
    const caches = makeCaches(config, { clock, random, crypto: createNodeCrypto() });
    return { publisher: fronts.newPublisher(), caches };
  };
  const activate = (instance: ReturnType<typeof newInstance>): void =>
    fronts.activate({ config, caches: instance.caches }, instance.publisher);
  const publish = ({ publisher, caches }: ReturnType<typeof newInstance>): void => {
    const query = queryFor(QUESTION);
    const request = {
      query,
      questionEnd: query.length,
      flags: 0,
      maxOctets: 512,
      nowSeconds: NOW,
      out: new Uint8Array(512),
    };
    caches.replies.store(entry());
    caches.replies.serve(request);
    const kept = caches.replies.lastServed;
    if (kept !== null) publisher.publish(kept, query.length, LOCALHOST, NOW);
  };
  const isServed = (): boolean => thread.answer(queryFor(QUESTION), CLIENT, new Uint8Array(8192)) > 0;
  return { fronts, newInstance, activate, publish, isServed };
}

function entry(): ReplyToStore {
  const { bytes, ttlOffsets } = replyTo(QUESTION, [300]);
  return {
    reply: bytes,
    replyLength: bytes.length,
    questionEnd: 12 + QUESTION.name.length + 4,
    flags: 0,
    dependsOn: REPLY_FLAG.do,
    secure: true,
    ttlOffsets,
    expiresAt: NOW + 300,
    options: new Uint8Array(),
  };
}

describe('what front threads may serve', () => {
  test.each([
    'flush mx.example',
    'local_data mx.example. A 192.0.2.1',
    'view_local_data v mx.example. A 192.0.2.1',
    'rpz_enable p.',
    'nta_add example.',
    'insecure_add example.',
    'forward_add . 192.0.2.1',
    'set_option max-udp-size: 512',
    'load_cache',
    'follow',
    'a command that comes some day',
  ])('is taken back by %s', async (command) => {
    const { fronts, newInstance, activate, publish, isServed } = await started();
    const instance = newInstance();
    activate(instance);
    publish(instance);
    expect(isServed()).toBe(true);
    fronts.commandRan(command);
    expect(isServed()).toBe(false);
  });

  test.each([
    'stats',
    'stats_noreset',
    'status',
    'list_local_data',
    'dump_cache',
    'get_option port',
    'lookup example.',
  ])('stays with %s', async (command) => {
    const { fronts, newInstance, activate, publish, isServed } = await started();
    const instance = newInstance();
    activate(instance);
    publish(instance);
    fronts.commandRan(command);
    expect(isServed()).toBe(true);
  });

  test('is what the instance in force publishes, and nothing of the one before', async () => {
    const { newInstance, activate, publish, isServed } = await started();
    const [before, after] = [newInstance(), newInstance()];
    publish(before);
    expect(isServed()).toBe(false);
    activate(before);
    publish(before);
    expect(isServed()).toBe(true);
    activate(after);
    expect(isServed()).toBe(false);
    // It still answers what waits for it.
    publish(before);
    expect(isServed()).toBe(false);
    publish(after);
    expect(isServed()).toBe(true);
    before.caches.replies.clear();
    expect(isServed()).toBe(true);
    after.caches.replies.clear();
    expect(isServed()).toBe(false);
  });
});
