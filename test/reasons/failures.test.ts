/**
 * Proves that every kind of failure and every limit can be produced in a whole resolver, and that the client gets SERVFAIL
 * with an extended error that says what happened. Kinds that only concern the inside are named as such, each with the
 * failure that a client sees in their stead.
 */

import { describe, expect, test } from 'vitest';
import type { Address, NetworkError } from '../../src/ports/network.ts';
import type { Failure } from '../../src/terms/failure.ts';
import { LIMIT_TEXT, type Limit } from '../../src/terms/limit.ts';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { dsOf } from '../world/keys.ts';
import { onType, showCollidingKeys, showKeys } from '../world/lies.ts';
import { recordOf } from '../world/loose-message.ts';
import { type Reply, Scene } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';
import { expectKinds, kindsOf } from './vocabulary.ts';

const TEXT = 'www IN A 192.0.2.80\n';
const AUTH = '192.0.2.1';
const WHERE = { zone: 'test.', parent: '.', parentIp: '198.41.0.4', ip: AUTH };

interface Scenario {
  readonly scene: () => Scene;
  readonly config?: readonly string[];
  /** Default: asks `www.test. A`. */
  readonly ask?: (scene: Scene) => Promise<Reply>;
  readonly edes: readonly number[];
  /** Text that the extended error holds, where it is not the kind itself. */
  readonly text?: string;
}

function prepared(prepare: (scene: Scene) => void, text = TEXT, spec: Partial<ZoneSpec> = {}): () => Scene {
  return () => {
    const scene = Scene.withTest(text, spec);
    prepare(scene);
    return scene;
  };
}

const asks =
  (name: string, type = 'A') =>
  (scene: Scene) =>
    scene.ask(name, type);

/** Names of servers that exist nowhere or cannot be reached. */
const nsLines = (count: number, name: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `sub IN NS ${name(i)}`).join('\n');

const ALIASES = Array.from({ length: 20 }, (_, i) => `a${i} IN CNAME a${i + 1}`).join('\n');

/** A server that gives only the first alias of a chain. */
function oneAliasAtATime(scene: Scene): void {
  scene.tamper(AUTH, (reply) => ({ ...reply, answer: reply.answer.slice(0, 2) }));
}

/** Twenty servers in another zone, each with an address of its own where nobody listens. */
function twentyClosedServers(scene: Scene): void {
  scene.ports.network.closedPorts = 'refuse';
  const hosts = Array.from({ length: 20 }, (_, i) => `ns${i} IN A 203.0.113.${i}`);
  scene.zone('other.', { servers: { 'ns.other.': ['192.0.2.3'] }, signing: {}, text: hosts.join('\n') });
}

/** Zones of which each has its only server in the next. */
function nestedServers(scene: Scene): void {
  for (let i = 0; i < 9; i++) {
    const host = i === 8 ? 'ns.z8.' : `ns.z${i + 1}.`;
    const text = i === 0 ? TEXT : `ns IN A 192.0.2.${9 + i}`;
    scene.zone(`z${i}.`, { servers: { [host]: [`192.0.2.${10 + i}`] }, signing: {}, text });
  }
}

/** For the sockets that servers are asked with, which have no address of their own. */
const noSockets = (_transport: unknown, { ip }: Address): NetworkError | null =>
  ip === '0.0.0.0' || ip === '::' ? { kind: 'exhausted', text: 'too many open files' } : null;

const FAILURES: { readonly [K in Failure['kind']]: Scenario | string } = {
  'no-reachable-server': {
    scene: prepared((scene) => scene.world.break('test.', 'dead')),
    config: ['server:', '\toutbound-msg-retry: 1'],
    edes: [EDE.NO_REACHABLE_AUTHORITY],
  },
  'all-servers-lame': {
    scene: prepared((scene) => scene.world.break('test.', 'refused')),
    edes: [EDE.NO_REACHABLE_AUTHORITY],
  },
  'no-sockets': {
    scene: prepared((scene) => {
      scene.ports.network.refuseLocal = noSockets;
    }),
    edes: [EDE.NETWORK_ERROR],
  },
  'no-server-addresses': {
    scene: prepared(
      () => {},
      nsLines(1, () => 'nowhere'),
    ),
    ask: asks('www.sub.test.'),
    edes: [EDE.NO_REACHABLE_AUTHORITY],
  },
  limit: { scene: prepared(oneAliasAtATime, ALIASES), ask: asks('a0.test.'), edes: [EDE.OTHER] },
  'alias-loop': { scene: prepared(() => {}, 'a IN CNAME b\nb IN CNAME a\n'), ask: asks('a.test.'), edes: [EDE.OTHER] },
  'dependency-cycle': 'only a look-up of a server name ends so; the client sees no-server-addresses (see TsuNAME)',
  deadline: {
    scene: prepared((scene) => {
      scene.ports.network.link = ({ to, from }) => [{ afterMs: to.port === 53 || from.port === 53 ? 4_000 : 0 }];
    }),
    config: ['server:', '\toutbound-msg-retry: 20'],
    edes: [EDE.NO_REACHABLE_AUTHORITY],
  },
  cancelled: {
    scene: prepared((scene) => scene.world.break('test.', 'dead')),
    ask: async (scene) => {
      const replies = await scene.askLater('www.test.', 'A');
      await scene.ports.clock.advance(100);
      scene.instance.stop();
      await scene.ports.clock.runUntil(() => replies.length > 0);
      return replies[0] as Reply;
    },
    edes: [EDE.OTHER],
  },
  overload: {
    scene: prepared((scene) => scene.world.break('test.', 'dead')),
    config: ['server:', '\tnum-queries-per-thread: 1'],
    ask: async (scene) => {
      await scene.askLater('first.test.', 'A');
      return await scene.ask('second.test.', 'A');
    },
    edes: [EDE.OTHER],
  },
  'rate-limited': {
    scene: prepared(() => {}),
    config: ['server:', '\tratelimit: 2', '\tratelimit-factor: 0', '\taggressive-nsec: no'],
    ask: async (scene) => {
      for (let i = 0; i < 8; i++) await scene.ask(`n${i}.test.`, 'A');
      return await scene.ask('www.test.', 'A');
    },
    edes: [EDE.OTHER],
  },
  // The digest of the zone is wrong (RFC 8976), and its servers may not be asked instead.
  'zone-unusable': {
    scene: prepared((scene) => {
      const soa = '@ 60 SOA a. b. 1 60 60 60 60\n@ 60 NS a.\n';
      scene.ports.files.put('/held.zone', `$ORIGIN held.\n${soa}@ 60 ZONEMD 1 1 1 ${'ab'.repeat(48)}\n`);
    }),
    config: [
      'server:',
      '\tdomain-insecure: "held."',
      'auth-zone:',
      '\tname: "held."',
      '\tzonefile: "/held.zone"',
      '\tfor-downstream: no',
      '\tzonemd-check: yes',
    ],
    ask: async (scene) => {
      await scene.ports.clock.advance(2_000);
      return await scene.ask('www.held.', 'A');
    },
    edes: [EDE.INVALID_DATA],
  },
  'cached-failure': {
    scene: prepared((scene) => scene.world.break('test.', 'refused')),
    ask: async (scene) => {
      await scene.ask('www.test.', 'A');
      return await scene.ask('www.test.', 'A');
    },
    edes: [EDE.NO_REACHABLE_AUTHORITY, EDE.CACHED_ERROR],
    text: 'all-servers-lame: ',
  },
};

const LIMITS: { readonly [K in Limit]: Scenario | string } = {
  // CAMP: each server name needs a way of its own, and every server of it is silent.
  'upstream-queries': {
    scene: prepared(() => {}),
    config: ['server:', '\tmax-global-quota: 6'],
    ask: async (scene) => {
      scene.world.break('test.', 'dead');
      return await scene.ask('www.test.', 'A');
    },
    edes: [EDE.OTHER],
  },
  'sent-count': {
    scene: prepared((scene) => scene.world.break('test.', 'dead')),
    config: ['server:', '\tmax-sent-count: 2'],
    edes: [EDE.OTHER],
  },
  referrals: 'a referral leads at least one label down, and a name has 127 at most: the limit is a guard behind that',
  aliases: { scene: prepared(oneAliasAtATime, ALIASES), ask: asks('a0.test.'), edes: [EDE.OTHER] },
  // NRDelegation: names that exist, at servers that do not answer. The reason given is what they did.
  'failed-servers': {
    scene: prepared(
      twentyClosedServers,
      nsLines(20, (i) => `ns${i}.other.`),
    ),
    ask: asks('www.sub.test.'),
    edes: [EDE.NETWORK_ERROR],
    text: 'no-reachable-server: ',
  },
  'failed-queries': 'it takes delegations under each other, each with bad servers: see attacks/packets',
  'address-queries': 'only look-ups of server names end so; the client sees no-server-addresses (see attacks/packets)',
  'target-lookups': 'address-queries ends before: a guard for look-ups that send nothing',
  // NXNSAttack: names that do not exist.
  'target-nxdomains': {
    scene: prepared(
      () => {},
      nsLines(20, (i) => `nowhere${i}`),
    ),
    ask: asks('www.sub.test.'),
    edes: [EDE.OTHER],
  },
  'address-depth': {
    scene: prepared(nestedServers),
    ask: asks('www.z0.'),
    // The look-up of a server's address ends there; the question itself is left without servers.
    edes: [EDE.NO_REACHABLE_AUTHORITY],
    text: 'no-server-addresses: ',
  },
  'signature-checks': {
    scene: prepared((scene) => {
      showCollidingKeys(scene, WHERE);
    }),
    edes: [EDE.DNSSEC_BOGUS],
  },
  'ds-match-failures': {
    scene: prepared((scene) => {
      const entry = scene.world.get('test.').entryKeys;
      const ds = entry.flatMap((key) =>
        Array.from({ length: 6 }, (_, i) => {
          const wrong = dsOf(mustParseName('test.'), key);
          wrong[10] = i;
          return wrong;
        }),
      );
      showKeys(scene, WHERE, { entry, ds });
    }),
    edes: [EDE.DNSSEC_BOGUS],
  },
  'nsec3-hashes': {
    scene: prepared(
      (scene) => {
        const hash = 'v'.repeat(32);
        const other = recordOf(`${hash}.test. 300 NSEC3 1 0 150 ab ${hash.replace('v', '0')} A`);
        scene.tamper(AUTH, (reply) => {
          if (reply.authority.some(({ type }) => type === TYPE.NSEC3))
            reply.authority = [...scene.signed('test.', [other]), ...reply.authority];
          return reply;
        });
      },
      TEXT,
      { signing: { denial: { kind: 'nsec3', iterations: 150, salt: new Uint8Array(), optOut: false } } },
    ),
    ask: asks(`${'a.'.repeat(122)}test.`),
    edes: [EDE.DNSSEC_INDETERMINATE],
  },
  // A server that is given time after time to say what the keys are.
  'wall-time': {
    scene: prepared((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.DNSKEY, () => null),
      ),
    ),
    config: ['server:', '\tmax-sent-count: 200', '\toutbound-msg-retry: 100'],
    ask: async (scene) => {
      await scene.ask('www.test.', 'A');
      await scene.ports.clock.advance(3_000);
      return await scene.ask('www.test.', 'A');
    },
    edes: [EDE.DNSSEC_INDETERMINATE],
  },
};

async function check(scenario: Scenario, text: string): Promise<void> {
  const scene = scenario.scene();
  await scene.start(scenario.config);
  const reply = await (scenario.ask ?? asks('www.test.'))(scene);
  expect(reply.status).toBe('SERVFAIL');
  expect(reply.edes).toEqual(scenario.edes);
  expect(reply.edeTexts.join().replace(LIMIT_TEXT[text as Limit], text)).toContain(scenario.text ?? text);
  await scene.stop();
}

describe('each kind of failure', () => {
  test('has a scenario or a reason for having none', () =>
    expectKinds(Object.keys(FAILURES), kindsOf('failure.ts', 'Failure')));

  test.each(Object.entries(FAILURES))('%s', async (kind, scenario) => {
    if (typeof scenario !== 'string') await check(scenario, `${kind}: `);
  });
});

describe('each limit', () => {
  test('has a scenario', () => expectKinds(Object.keys(LIMITS), Object.keys(LIMIT_TEXT)));

  test.each(Object.entries(LIMITS))('%s', async (limit, scenario) => {
    if (typeof scenario !== 'string') await check(scenario, limit);
  });
});

test('a want of sockets is told to the operator once, and remembered of neither the name nor the server', async () => {
  const scene = prepared(() => {})();
  await scene.start();
  scene.ports.network.refuseLocal = noSockets;
  expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
  expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
  expect(scene.ports.log.text().match(/error: no socket to ask servers with \(too many open files\)/g)).toHaveLength(1);
  scene.ports.network.refuseLocal = () => null;
  expect((await scene.ask('www.test.', 'A')).rcode).toBe('NOERROR');
});
