/**
 * How many packets one hostile question costs, each against a whole resolver; and that honest zones which look alike (one
 * living server among many that are silent, lame or broken) are found within the patience of a client that asks again.
 */

import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/wire/message-view.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { responseBytes } from '../iterate/support.ts';
import { InhabitedWorld } from '../world/inhabited-world.ts';
import { type Badness, badServers, hostileTrees, ROOT_IP, type Tree } from './hostile-trees.ts';

/** Packets that one question may cost, by the tree's name. */
const MOST_PACKETS: Readonly<Record<string, number>> = {
  'twenty silent servers': 10,
  'twenty lame servers (REFUSED)': 10,
  'twenty lame servers (upward referral)': 10,
  'ten silent, ten lame servers': 10,
  'endless chain of glueless referrals': 20,
  'six levels of two glueless servers': 20,
  'endless levels of thirteen glueless servers': 20,
  'referrals one label deeper each': 30,
  'referrals one label deeper each, two silent servers beside': 40,
  'referrals one label deeper each, five lame servers beside': 50,
};

/** A resolver with the tree below its root. */
async function settle(tree: Tree, seed = 1, lines: readonly string[] = []) {
  const ports = makeFakePorts({ seed });
  const asked: string[] = [];
  for (const ip of tree.ips) {
    ports.servers.serve(ip, (query) => {
      const parsed = parseMessage(query.bytes);
      const [question] = parsed.ok ? parsed.message.questions : [];
      if (!parsed.ok || question === undefined) return;
      asked.push(ip);
      const said = tree.say(ip, question);
      if (said !== null) query.reply(responseBytes(question, said, parsed.message.id));
    });
  }
  const stub = ['stub-zone:', '\tname: "."', `\tstub-addr: ${ROOT_IP}`];
  const world = await InhabitedWorld.start(ports, [...stub, ...lines]);
  return { world, asked, ports };
}

describe('one hostile question costs few packets', () => {
  test.each(hostileTrees().map((tree) => [tree.name] as const))('%s', async (name) => {
    for (const seed of [1, 2, 3]) {
      const tree = hostileTrees().find((one) => one.name === name) as Tree;
      const { world, asked } = await settle(tree, seed);
      const reply = await world.ask(tree.asked, 'A');
      expect(reply.rcode).toBe(2);
      expect(asked.length).toBeLessThanOrEqual(MOST_PACKETS[name] ?? 0);
      await world.stop();
    }
  });
});

describe('one living server among many', () => {
  const kinds: readonly Badness[] = ['silent', 'refused', 'servfail', 'upward', 'not-authoritative'];

  /** Questions, 5 s apart as a stub asks again, until the answer comes. */
  async function tries(badnesses: readonly Badness[], seed: number): Promise<number> {
    const { world, ports } = await settle(badServers('one living', badnesses, 1), seed);
    try {
      for (let count = 1; count <= 6; count++) {
        const startedMs = ports.clock.monotonicMs();
        const { answer, rcode } = await world.ask('www.t.attack.', 'A');
        if (rcode === 0) {
          // A stub asks again after five seconds.
          expect(ports.clock.monotonicMs() - startedMs).toBeLessThan(5000);
          expect(answer).toHaveLength(1);
          return count;
        }
        await ports.clock.advance(Math.max(1, 5000 - (ports.clock.monotonicMs() - startedMs)));
      }
      return Number.POSITIVE_INFINITY;
    } finally {
      await world.stop();
    }
  }

  const sizes = [7, 8, 9, 10, 11, 12, 13];
  const zones = kinds.flatMap((kind) => sizes.map((size) => [size, kind] as const));
  test.each(zones)('of %i servers all but one are %s: found by the first question', async (size, kind) => {
    const bad = Array.from({ length: size - 1 }, () => kind);
    for (let seed = 1; seed <= 4; seed++) expect(await tries(bad, seed)).toBe(1);
  });

  test.each(['silent', 'empty'] as const)('one %s and a good one, at once', async (kind) => {
    for (let seed = 1; seed <= 12; seed++) expect(await tries([kind], seed)).toBe(1);
  });

  test('twenty that recurse give what they have, at few packets', async () => {
    const { world, asked } = await settle(
      badServers(
        'recursive',
        Array.from({ length: 20 }, () => 'recursive'),
      ),
    );
    expect((await world.ask('www.t.attack.', 'A')).rcode).toBe(0);
    expect(asked.length).toBeLessThanOrEqual(10);
    await world.stop();
  });

  test('twelve of all kinds and a good one', async () => {
    const counts: number[] = [];
    for (let seed = 1; seed <= 12; seed++) counts.push(await tries([...kinds, ...kinds, ...kinds.slice(0, 2)], seed));
    expect(Math.max(...counts)).toBe(1);
  });
});
