/**
 * Proves that every reason why data is bogus can be produced in a whole resolver by a zone or server that is broken in one
 * way, and that the client is told: SERVFAIL, the reason by name, the right extended error (RFC 8914). A reason without a
 * scenario does not compile, and one that the vocabulary has and the table has not fails the first test.
 */

import { describe, expect, test } from 'vitest';
import type { BogusReason } from '../../src/terms/verdict.ts';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { KEY_FLAGS } from '../world/keys.ts';
import {
  collidingKeys,
  keyWith,
  noisyKey,
  onType,
  replaceSignatures,
  showCollidingKeys,
  showKeys,
} from '../world/lies.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import { expectKinds, kindsOf } from './vocabulary.ts';
import { keySet } from './zoo.ts';

/** Records of `test.` in these scenarios. */
const TEXT = `
www IN A 192.0.2.80
*.wild IN A 192.0.2.81
old IN DNAME new
host.new IN A 192.0.2.82
`;
const AUTH = '192.0.2.1';
const ROOT_SERVER = '198.41.0.4';
const WHERE = { zone: 'test.', parent: '.', parentIp: ROOT_SERVER, ip: AUTH };
const DAY = 86_400;
/** Octets of RRSIG rdata before the signature, with `test.` as the signer. */
const UNSIGNED_OCTETS = 18 + 6;

interface Scenario {
  /** Makes the scene. */
  readonly scene: () => Scene;
  /** Default: `www.test. A`. */
  readonly question?: readonly [string, string];
  readonly ede: number;
  readonly config?: readonly string[];
}

function broken(prepare: (scene: Scene) => void, spec: Parameters<typeof Scene.withTest>[1] = {}): () => Scene {
  return () => {
    const scene = Scene.withTest(TEXT, spec);
    prepare(scene);
    return scene;
  };
}

/** The A set of `www.test.` signed otherwise. */
function resigned(choices: Parameters<Scene['signed']>[2]): () => Scene {
  return broken((scene) =>
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({
        ...reply,
        answer: scene.signed('test.', [recordOf('www.test. 3600 A 192.0.2.80')], choices),
      })),
    ),
  );
}

const withFault = (fault: Parameters<Scene['world']['break']>[1], types?: readonly number[]) =>
  broken((scene) =>
    types === undefined ? scene.world.break('test.', fault) : scene.world.get('test.').break({ fault, types }),
  );

/** One scenario for each reason. */
const TABLE: { readonly [K in BogusReason['kind']]: Scenario } = {
  'signature-expired': { scene: withFault('signatures-expired', [TYPE.A]), ede: EDE.SIGNATURE_EXPIRED },
  'signature-not-yet-valid': {
    scene: withFault('signatures-not-yet-valid', [TYPE.A]),
    ede: EDE.SIGNATURE_NOT_YET_VALID,
  },
  'expired-before-valid': {
    scene: resigned({ inception: TEST_START_UNIX_SECONDS + DAY, expiration: TEST_START_UNIX_SECONDS - DAY }),
    ede: EDE.SIGNATURE_EXPIRED_BEFORE_VALID,
  },
  'signature-wrong': { scene: withFault('signatures-corrupt', [TYPE.A]), ede: EDE.DNSSEC_BOGUS },
  'signature-malformed': {
    scene: broken((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.A, (reply) => {
          reply.answer = reply.answer.map((one) =>
            one.type === TYPE.RRSIG ? { ...one, rdata: one.rdata.subarray(0, UNSIGNED_OCTETS) } : one,
          );
          return reply;
        }),
      ),
    ),
    ede: EDE.DNSSEC_BOGUS,
  },
  'signer-not-allowed': { scene: resigned({ signer: mustParseName('www.test.') }), ede: EDE.DNSSEC_BOGUS },
  'label-count-wrong': { scene: resigned({ labels: 5 }), ede: EDE.DNSSEC_BOGUS },
  'no-signature': { scene: withFault('signatures-stripped', [TYPE.A]), ede: EDE.RRSIGS_MISSING },
  'no-matching-key': { scene: withFault('signatures-by-unknown-key', [TYPE.A]), ede: EDE.DNSKEY_MISSING },
  'no-trusted-signature': {
    scene: broken(keySet(({ entry, zone }) => ({ shown: [entry, zone], signers: [zone] }))),
    ede: EDE.RRSIGS_MISSING,
  },
  'key-unusable': {
    scene: broken((scene) => {
      const [rdata] = collidingKeys(1, 4711, 15, 20);
      const short = {
        owner: mustParseName('test.'),
        type: TYPE.DNSKEY,
        class: CLASS.IN,
        ttl: 3600,
        rdata: rdata as Uint8Array,
      };
      const { entryKeys } = scene.world.get('test.');
      const noise = replaceSignatures(TYPE.A, (set) => scene.signed('test.', set, { key: noisyKey(4711) }).slice(1));
      showKeys(scene, WHERE, { entry: entryKeys, others: [short] }, noise);
    }),
    ede: EDE.DNSSEC_BOGUS,
  },
  'algorithm-missing': {
    scene: broken(
      (scene) => {
        const isOld = (rdata: Uint8Array) => rdata[2] === 13;
        scene.tamper(
          AUTH,
          onType(TYPE.A, (reply) => ({
            ...reply,
            answer: reply.answer.filter((one) => one.type !== TYPE.RRSIG || !isOld(one.rdata)),
          })),
        );
      },
      { signing: { algorithms: [13, 15] } },
    ),
    config: ['server:', '\tharden-algo-downgrade: yes'],
    ede: EDE.RRSIGS_MISSING,
  },
  'no-dnskey': { scene: withFault('dnskey-missing'), ede: EDE.DNSKEY_MISSING },
  'no-dnskey-matches-ds': { scene: withFault('ds-wrong'), ede: EDE.DNSKEY_MISSING },
  'zone-key-bit-missing': {
    scene: broken((scene) => {
      const entry = scene.world.get('test.').entryKeys.map((key) => keyWith(key, { flags: 0 }));
      showKeys(scene, WHERE, { entry });
    }),
    ede: EDE.NO_ZONE_KEY_BIT_SET,
  },
  'key-revoked': {
    scene: broken((scene) => {
      const entry = scene.world
        .get('test.')
        .entryKeys.map((key) => keyWith(key, { flags: KEY_FLAGS.entry | KEY_FLAGS.revoked }));
      showKeys(scene, WHERE, { entry });
    }),
    ede: EDE.DNSSEC_BOGUS,
  },
  'key-protocol-wrong': {
    scene: broken((scene) => {
      const entry = scene.world.get('test.').entryKeys.map((key) => keyWith(key, { protocol: 2 }));
      showKeys(scene, WHERE, { entry });
    }),
    ede: EDE.DNSKEY_MISSING,
  },
  'denial-missing': { scene: withFault('denial-missing'), question: ['nothing.test.', 'A'], ede: EDE.NSEC_MISSING },
  'denial-wrong': { scene: withFault('denial-of-other-name'), question: ['nothing.test.', 'A'], ede: EDE.NSEC_MISSING },
  'wildcard-unproven': {
    scene: broken((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.A, (reply) => ({ ...reply, authority: [] })),
      ),
    ),
    question: ['a.wild.test.', 'A'],
    ede: EDE.NSEC_MISSING,
  },
  'wildcard-not-allowed': {
    scene: broken((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.DS, (reply) => ({
          ...reply,
          answer: scene
            .signed('test.', [recordOf(`*.wild.test. 300 DS 1 15 2 ${'ab'.repeat(32)}`)])
            .map((record) => ({ ...record, owner: mustParseName('a.wild.test.') })),
          authority: [],
        })),
      ),
    ),
    question: ['a.wild.test.', 'DS'],
    ede: EDE.DNSSEC_BOGUS,
  },
  'alias-not-synthesised': {
    scene: broken((scene) =>
      scene.tamper(
        AUTH,
        onType(TYPE.CNAME, (reply) => {
          reply.answer = reply.answer.map((one) =>
            one.type === TYPE.CNAME ? recordOf('host.old.test. 3600 CNAME www.test.') : one,
          );
          return reply;
        }),
      ),
    ),
    question: ['host.old.test.', 'CNAME'],
    ede: EDE.DNSSEC_BOGUS,
  },
  'too-much-work': {
    scene: broken((scene) => {
      showCollidingKeys(scene, WHERE);
    }),
    ede: EDE.DNSSEC_BOGUS,
  },
  'chain-broken-above': {
    scene: broken((scene) => {
      scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, signing: {}, text: 'www IN A 192.0.2.83' });
      scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.DNSKEY] });
    }),
    question: ['www.sub.test.', 'A'],
    ede: EDE.DNSSEC_BOGUS,
  },
};

describe('each reason for bogus data', () => {
  test('has a scenario', () => {
    expectKinds(Object.keys(TABLE), kindsOf('verdict.ts', 'BogusReason'));
  });

  test.each(Object.entries(TABLE))(
    '%s',
    async (kind, { scene: makeScene, question = ['www.test.', 'A'], ede, config }) => {
      const scene = makeScene();
      await scene.start(config);
      const reply = await scene.ask(...question);
      expect(reply.status).toBe('SERVFAIL');
      expect(reply.edes).toEqual([ede]);
      expect(reply.edeTexts.join()).toMatch(new RegExp(`(^|: )${kind}: `));
      await scene.stop();
    },
  );
});
