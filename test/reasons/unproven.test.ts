/**
 * Proves that every reason why data is insecure, and every reason why nobody can say, can be produced in a whole resolver, and
 * that the client is told as much as it should be: data without AD, or SERVFAIL, with the extended error where there is one.
 */

import { describe, expect, test } from 'vitest';
import type { IndeterminateReason, InsecureReason } from '../../src/terms/verdict.ts';
import { EDE } from '../../src/wire/ede.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { onType } from '../world/lies.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';
import { expectKinds, kindsOf } from './vocabulary.ts';

const TEXT = 'www IN A 192.0.2.80\n';
const AUTH = '192.0.2.1';
const CHILD: ZoneSpec = { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: TEXT };

interface Scenario {
  readonly scene: () => Scene;
  /** Default: `www.test. A`. */
  readonly question?: readonly [string, string];
  readonly config?: readonly string[];
  readonly status: string;
  readonly edes: readonly number[];
}

function prepared(prepare: (scene: Scene) => void, spec: Partial<ZoneSpec> = {}): () => Scene {
  return () => {
    const scene = Scene.withTest(TEXT, spec);
    prepare(scene);
    return scene;
  };
}

const INSECURE: { readonly [K in InsecureReason['kind']]: Scenario } = {
  'no-ds-proven': {
    scene: prepared((scene) => scene.zone('sub.test.', CHILD)),
    question: ['www.sub.test.', 'A'],
    status: 'NOERROR',
    edes: [],
  },
  'opt-out': {
    scene: prepared((scene) => scene.zone('sub.test.', CHILD), { signing: { denial: NSEC3_OPT_OUT } }),
    question: ['www.sub.test.', 'A'],
    status: 'NOERROR',
    edes: [],
  },
  'negative-anchor': {
    scene: prepared((scene) => scene.world.break('test.', 'signatures-expired')),
    config: ['server:', '\tdomain-insecure: "test."'],
    status: 'NOERROR',
    edes: [EDE.NEGATIVE_TRUST_ANCHOR],
  },
  'algorithm-unsupported': {
    scene: prepared((scene) => scene.world.break('test.', 'ds-unknown-algorithm')),
    status: 'NOERROR',
    edes: [EDE.UNSUPPORTED_DNSKEY_ALGORITHM],
  },
  'digest-unsupported': {
    scene: prepared((scene) => scene.world.break('test.', 'ds-unknown-digest')),
    status: 'NOERROR',
    edes: [EDE.UNSUPPORTED_DS_DIGEST_TYPE],
  },
  'nsec3-iterations-high': {
    scene: prepared((scene) => scene.world.break('test.', 'nsec3-iterations'), { signing: { denial: NSEC3 } }),
    question: ['nothing.test.', 'A'],
    status: 'NXDOMAIN',
    edes: [EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE],
  },
  'signature-not-signed': {
    scene: prepared((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.RRSIG, (reply) => {
          const zone = scene.world.get('test.');
          const [signature] = scene
            .signed('test.', [
              { owner: zone.apex, type: TYPE.A, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 80) },
            ])
            .slice(1);
          return { ...reply, answer: signature === undefined ? [] : [signature], authority: [] };
        }),
      ),
    ),
    question: ['test.', 'RRSIG'],
    status: 'NOERROR',
    edes: [],
  },
  'no-anchor': {
    scene: () => {
      const scene = new Scene();
      scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] } });
      scene.zone('test.', { servers: { 'ns.test.': [AUTH] }, text: TEXT });
      return scene;
    },
    status: 'NOERROR',
    edes: [],
  },
};

const INDETERMINATE: { readonly [K in IndeterminateReason['kind']]: Scenario } = {
  'chain-data-unreachable': {
    scene: prepared((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.DNSKEY, (reply) => ({ ...reply, flags: FLAG.QR | RCODE.REFUSED, answer: [], authority: [] })),
      ),
    ),
    status: 'SERVFAIL',
    edes: [EDE.DNSKEY_MISSING],
  },
  // As many labels as a name can have, and two chains: every ancestor would have to be hashed for each of them.
  limit: {
    scene: prepared(
      (scene) => {
        const hash = 'v'.repeat(32);
        const other = recordOf(`${hash}.test. 300 NSEC3 1 0 150 ab ${hash.replace('v', '0')} A`);
        scene.tamper(AUTH, (reply) => {
          if (reply.authority.some(({ type }) => type === TYPE.NSEC3)) {
            reply.authority = [...scene.signed('test.', [other]), ...reply.authority];
          }
          return reply;
        });
      },
      { signing: { denial: { kind: 'nsec3', iterations: 150, salt: new Uint8Array(), optOut: false } } },
    ),
    question: [`${'a.'.repeat(122)}test.`, 'A'],
    status: 'SERVFAIL',
    edes: [EDE.DNSSEC_INDETERMINATE],
  },
};

describe('each reason for insecure data', () => {
  test('has a scenario', () => expectKinds(Object.keys(INSECURE), kindsOf('verdict.ts', 'InsecureReason')));

  test.each(Object.entries(INSECURE))(
    '%s',
    async (kind, { scene: makeScene, question = ['www.test.', 'A'], ...wanted }) => {
      const scene = makeScene();
      await scene.start(wanted.config);
      const reply = await scene.ask(...question);
      expect(reply.status).toBe(wanted.status);
      expect(reply.edes).toEqual(wanted.edes);
      expect(scene.count(`insecure.${kind}`)).toBe(1);
      await scene.stop();
    },
  );
});

describe('each reason why nobody can say', () => {
  test('has a scenario', () => expectKinds(Object.keys(INDETERMINATE), kindsOf('verdict.ts', 'IndeterminateReason')));

  test.each(Object.entries(INDETERMINATE))(
    '%s',
    async (kind, { scene: makeScene, question = ['www.test.', 'A'], ...wanted }) => {
      const scene = makeScene();
      await scene.start(wanted.config);
      const reply = await scene.ask(...question);
      expect(reply.status).toBe(wanted.status);
      expect(reply.edes).toEqual(wanted.edes);
      expect(reply.edeTexts.join()).toContain(`${kind}: `);
      await scene.stop();
    },
  );
});
