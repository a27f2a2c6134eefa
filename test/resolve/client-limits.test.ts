/**
 * Proves in a whole resolver what limits clients: ip-ratelimit, wait-limit and its netblocks, discard-timeout, the time after
 * which a client is told that it takes too long, and the alarm of unwanted-reply-threshold.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { type Reply, Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const STRANGER = '10.0.0.1';
const TEXT = 'www IN A 192.0.2.80\n';

let scene: Scene;
afterEach(async () => scene.stop());

async function instance(...config: string[]): Promise<void> {
  scene = Scene.withTest(TEXT);
  await scene.start(['server:', ...config.map((line) => `\t${line}`), '\taccess-control: 10.0.0.0/8 allow']);
}

describe('ip-ratelimit', () => {
  test('drops what one address asks above it, cached or not, until the next second', async () => {
    await instance('ip-ratelimit: 3', 'ip-ratelimit-factor: 0');
    await scene.ask('www.test.', 'A');
    scene.ports.clock.skip(1000);
    const replies = await Promise.all([1, 2, 3, 4, 5].map(() => scene.askLater('www.test.', 'A')));
    await scene.ports.clock.runUntil(() => replies.flat().length >= 3);
    expect(replies.flat().length).toBe(3);
    expect(scene.instance.serve.stats.overRate).toBe(2);
    expect(scene.instance.clientRates.list()).toEqual([{ ip: '127.0.0.1', perSecond: 5, limit: 3 }]);
    // As in Unbound: who has become quiet is in the whole list, with 0.
    scene.ports.clock.skip(5000);
    expect(scene.instance.clientRates.list()).toEqual([]);
    expect(scene.instance.clientRates.list(true)).toEqual([{ ip: '127.0.0.1', perSecond: 0, limit: 3 }]);
    scene.ports.clock.skip(1000);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  });
});

describe('wait-limit', () => {
  async function waiting(from: string): Promise<number> {
    scene.world.break('test.', 'dead');
    for (let i = 0; i < 5; i++) await scene.askLater(`n${i}.test.`, 'A', { from });
    await scene.ports.clock.settle();
    return scene.instance.serve.waiting();
  }

  test('bounds the questions that an address waits for', async () => {
    await instance('wait-limit: 2');
    expect(await waiting(STRANGER)).toBe(2);
    expect(scene.instance.serve.stats.overLimit).toBe(3);
  });

  test('is another one for a netblock', async () => {
    await instance('wait-limit: 2', 'wait-limit-netblock: 10.0.0.0/8 4', 'wait-limit-netblock: 10.9.0.0/16 1');
    expect(await waiting(STRANGER)).toBe(4);
  });

  test('of the smallest netblock counts', async () => {
    await instance('wait-limit: 2', 'wait-limit-netblock: 10.0.0.0/8 4', 'wait-limit-netblock: 10.0.0.0/16 -1');
    expect(await waiting(STRANGER)).toBe(5);
  });

  test('does not bind this host, unless a netblock says so', async () => {
    await instance('wait-limit: 2');
    expect(await waiting('127.0.0.1')).toBe(5);
    await scene.stop();
    await instance('wait-limit: 2', 'wait-limit-netblock: 127.0.0.0/8 3');
    expect(await waiting('127.0.0.1')).toBe(3);
  });
});

describe('a question that takes long', () => {
  test('is given up for its client after 9.5 s, and goes on: the next client finds the answer', async () => {
    scene = Scene.withTest(TEXT);
    let isDead = true;
    scene.tamper(AUTH, (reply) => (isDead ? null : reply));
    await scene.start(['server:', '\toutbound-msg-retry: 20']);
    const before = scene.ports.clock.monotonicMs();
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.status).toBe('SERVFAIL');
    expect(reply.edes).toEqual([22]);
    expect(scene.ports.clock.monotonicMs() - before).toBe(9500);
    expect(scene.instance.resolver.worksInProgress).toBe(1);
    isDead = false;
    await scene.ports.clock.runUntil(() => scene.instance.resolver.worksInProgress === 0);
    const asked = scene.asked.length;
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    expect(scene.asked.length).toBe(asked);
  });
});

describe('unwanted-reply-threshold', () => {
  test('clears the caches and says so', async () => {
    await instance('unwanted-reply-threshold: 3');
    await scene.ask('www.test.', 'A');
    const { rrsets } = scene.instance.caches;
    expect(rrsets.find(mustParseName('www.test.'), TYPE.A, CLASS.IN)).not.toBeNull();
    scene.instance.counters.add('unwanted.replies', 2);
    expect(rrsets.count).toBeGreaterThan(0);
    scene.instance.counters.add('unwanted.replies');
    expect(rrsets.count).toBe(0);
    expect(scene.ports.log.text()).toContain('unwanted-reply-threshold');
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  });
});

describe('a client that may look into the cache', () => {
  const look = (name: string): Promise<Reply> => {
    const question = questionOf(mustParseName(name), TYPE.A);
    return scene.askOctets(buildQuery({ id: 9, question, flags: 0 }));
  };

  test('gets what is cached, else the best referral, and never makes us ask', async () => {
    scene = Scene.withTest(TEXT);
    await scene.start(['server:', '\taccess-control: 127.0.0.0/8 allow_snoop', '\tqname-minimisation: no']);
    const empty = await look('www.test.');
    expect(empty.status).toBe('REFUSED');
    expect(scene.asked).toEqual([]);
    await scene.ask('www.test.', 'A');
    const asked = scene.asked.length;
    expect((await look('www.test.')).answer).toEqual(['www.test. A 192.0.2.80']);
    const referral = await look('other.test.');
    expect(referral.rcode).toBe('NOERROR');
    expect(referral.answer).toEqual([]);
    expect(referral.authority[0]).toBe('test. NS ns.test.');
    expect(referral.additional).toEqual(['ns.test. A 192.0.2.1']);
    expect(scene.asked.length).toBe(asked);
  });
});
