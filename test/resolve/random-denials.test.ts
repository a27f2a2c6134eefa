/**
 * Proves over zones and questions by chance that a resolver which denies from what it knows says what one that asks for everything
 * says: rcode, AD, data; that what it sends as proof is taken for one by who knows nothing else; and that no record is said to
 * live longer than its signature.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { namesEqual } from '../../src/wire/name.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { readRrsig } from '../../src/wire/rdata-rrsig.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import type { DenialStyle } from '../world/denial-chain.ts';
import { type LooseMessage, loosen } from '../world/loose-message.ts';
import { oneOf, type RandomZone, randomQuestion, randomZone } from '../world/random-zones.ts';
import { type Reply, Scene, type SceneAsk } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT, type Signing } from '../world/zone.ts';

const SALTED: DenialStyle = { kind: 'nsec3', iterations: 2, salt: Uint8Array.of(1, 2, 3, 4), optOut: false };
/** Seconds after the start at which signatures of some zones end. */
const SHORT_SECONDS = 400;
const SIGNINGS: readonly Signing[] = [
  {},
  { expiration: TEST_START_UNIX_SECONDS + SHORT_SECONDS },
  { denial: NSEC3 },
  { denial: SALTED, expiration: TEST_START_UNIX_SECONDS + SHORT_SECONDS },
  { denial: NSEC3_OPT_OUT },
];
const FORMS: readonly SceneAsk[] = [
  {},
  {},
  { flags: FLAG.CD },
  { doBit: false },
  { doBit: false, flags: FLAG.AD },
  { udpSize: 512 },
  { udpSize: 0, flags: FLAG.AD },
];
const QUESTIONS_PER_WORLD = 160;
const WORLDS = 5;

interface PlannedZone extends RandomZone {
  readonly name: string;
  readonly ip: string;
  readonly signing: Signing | null;
  readonly withoutDs: boolean;
}

/** Two zones below the root, and zones below these: some signed, some not, some without DS. */
function planWorld(random: SeededRandom, seed: number): PlannedZone[] {
  const zones: PlannedZone[] = [];
  const add = (name: string, most: number, signing: Signing | null): void => {
    const zone = randomZone(random, most);
    const withoutDs = signing !== null && random.below(6) === 0;
    zones.push({ ...zone, name, ip: `192.0.2.${100 + zones.length}`, signing, withoutDs });
    for (const cut of zone.cuts) add(`${cut}.${name}`, 4, random.below(2) === 0 ? null : oneOf(random, SIGNINGS));
  };
  for (const i of [seed, seed + 1]) add(`z${i}.`, 9, SIGNINGS[i % SIGNINGS.length] ?? {});
  return zones;
}

const scenes: Scene[] = [];
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop();
});

async function startScene(zones: readonly PlannedZone[], lines: readonly string[]): Promise<Scene> {
  const scene = new Scene();
  scenes.push(scene);
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  for (const { name, ip, text, signing, withoutDs } of zones) {
    const signed = signing === null ? {} : { signing };
    scene.zone(name, { servers: { [`ns.${name}`]: [ip] }, text, withoutDs, ...signed });
  }
  await scene.start(['server:', ...lines.map((line) => `\t${line}`)]);
  return scene;
}

/** Asks for everything, and may be given a denial to judge in place of what the servers say. */
class Judge {
  readonly scene: Scene;
  #given: LooseMessage | null = null;

  constructor(scene: Scene) {
    this.scene = scene;
    for (const ip of scene.world.ips()) {
      scene.tamper(ip, (reply) => {
        const given = this.#given;
        if (given === null || !isSameQuestion(given, reply) || (reply.flags & FLAG.AA) === 0) return reply;
        return { ...reply, flags: FLAG.QR | FLAG.AA | (given.flags & 15), answer: [], authority: given.authority };
      });
    }
  }

  async ask(name: string, type: string, flags: number, given: LooseMessage | null = null): Promise<Reply> {
    this.#forget();
    this.#given = given;
    const reply = await this.scene.ask(name, type, { flags });
    this.#given = null;
    return reply;
  }

  #forget(): void {
    const { answers, rrsets, replies, denials, failures } = this.scene.instance.caches;
    for (const cache of [answers, rrsets, replies, denials, failures]) cache.clear();
  }
}

function isSameQuestion({ question: a }: LooseMessage, { question: b }: LooseMessage): boolean {
  return a !== null && b !== null && a.type === b.type && namesEqual(a.name, b.name);
}

/** Denials that were made from known ones. */
function made(scene: Scene): number {
  return scene.count('aggressive.nxdomain') + scene.count('aggressive.noerror');
}

/** What a reply says to one who looks at rcode, AD and data. */
function meaningOf(reply: Reply): string {
  return `${reply.status} ${[...reply.answer].sort().join(', ')}`.toLowerCase();
}

/** Signatures that are said to live longer than they are good for, or than the zone said. */
function immortal(reply: Reply, now: number): string[] {
  const { answer, authority } = reply.seen;
  return [...answer, ...authority].flatMap(({ type, ttl, rdata }) => {
    const rrsig = type === TYPE.RRSIG ? readRrsig(rdata) : null;
    const most =
      rrsig === null ? Number.POSITIVE_INFINITY : Math.min(rrsig.originalTtl, Math.max(0, rrsig.expiration - now));
    return ttl > most ? [`type ${rrsig?.typeCovered} lives ${ttl} s, not ${most}`] : [];
  });
}

describe.each(Array.from({ length: WORLDS }, (_, seed) => seed))('a world by chance, %i', (seed) => {
  test('is denied the same from what is known, and by proof', { timeout: 120_000 }, async () => {
    const random = new SeededRandom(700 + seed);
    const zones = planWorld(random, seed);
    const tops = zones.filter(({ name }) => /^z\d+\.$/.test(name));
    const knowing = await startScene(zones, ['qname-minimisation: no']);
    const plain = ['aggressive-nsec: no', 'harden-below-nxdomain: no', 'qname-minimisation: no'];
    const judge = new Judge(await startScene(zones, plain));
    let judged = 0;
    for (let n = 0; n < QUESTIONS_PER_WORLD; n++) {
      const [name, type] = randomQuestion(random, oneOf(random, random.below(3) === 0 ? zones : tops).name);
      const form = oneOf(random, FORMS);
      const before = made(knowing);
      const reply = await knowing.ask(name, type, form);
      const isMade = made(knowing) > before;
      const cd = (form.flags ?? 0) & FLAG.CD;
      const honest = await judge.ask(name, type, cd);
      const what = `${name} ${type} ${JSON.stringify(form)} ${isMade ? 'made' : 'asked'}`;
      const wantsAd = form.doBit !== false && form.udpSize !== 0 ? true : form.flags === FLAG.AD;
      const meant = wantsAd ? meaningOf(honest) : meaningOf(honest).replace(/^(\w+) ad/, '$1');
      // All of these zones is as it should be, but servers differ in what NSEC a wildcard makes.
      if (type !== 'NSEC') expect(`${what}: ${honest.edeTexts.join()}`).toBe(`${what}: `);
      expect(`${what}: ${meaningOf(reply)}`).toBe(`${what}: ${reply.tc ? meaningOf(reply) : meant}`);
      if (reply.ad) expect(immortal(reply, knowing.ports.clock.unixSeconds())).toEqual([]);
      if (isMade && reply.seen.answer.length === 0 && form.doBit !== false && form.udpSize !== 0 && !reply.tc) {
        judged++;
        const proven = await judge.ask(name, type, cd, loosen(reply.seen.bytes));
        expect(`${what}: judged ${proven.status}`).toBe(`${what}: judged ${honest.status}`);
      }
      const skipped = random.below(8) === 0 ? 1000 * random.below(60) : 0;
      for (const scene of [knowing, judge.scene]) scene.ports.clock.skip(skipped);
    }
    expect(made(knowing)).toBeGreaterThan(20);
    expect(judged).toBeGreaterThan(10);
  });
});
