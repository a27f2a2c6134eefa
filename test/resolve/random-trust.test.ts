/**
 * Proves over worlds by chance in which keys roll over, signatures are made anew and time passes that a resolver with warm caches,
 * small ones too, says what one that knows nothing says: rcode, AD, data; that neither flushes nor questions that come together change
 * that; nor one server of three that lies; and that no record lives longer than its zone or its signature said when a server gave it
 * last. More worlds: HAWSER_TRUST_WORLDS, from HAWSER_TRUST_FIRST on, with HAWSER_TRUST_ROUNDS questions.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { type CacheSet, forgetNegative, forgetTypes, forgetZone, type Sweep } from '../../src/cache/forget.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { readRrsig } from '../../src/wire/rdata-rrsig.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { TYPE, typeText } from '../../src/wire/rr-type.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { MovingZone } from '../world/moving-zones.ts';
import { liar } from '../world/random-lies.ts';
import { MAIL_OWNERS, oneOf, randomQuestion, randomZone } from '../world/random-zones.ts';
import { type Reply, Scene, type SceneAsk } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT, type Signing } from '../world/zone.ts';

const DENIALS: readonly Signing[] = [{}, { denial: NSEC3 }, { denial: NSEC3_OPT_OUT }];
const FORMS: readonly SceneAsk[] = [{}, {}, {}, { flags: FLAG.CD }, { doBit: false, flags: FLAG.AD }];
const SMALL = ['rrset-cache-size: 12k', 'msg-cache-size: 8k', 'key-cache-size: 4k', 'neg-cache-size: 4k'];
const CONFIGURATIONS: readonly (readonly string[])[] = [
  [],
  SMALL,
  ['prefetch: yes', 'prefetch-key: yes'],
  ['aggressive-nsec: no', 'harden-below-nxdomain: no', 'qname-minimisation: no'],
  [...SMALL, 'prefetch: yes', 'harden-referral-path: yes'],
];
const { HAWSER_TRUST_WORLDS = '3', HAWSER_TRUST_FIRST = '0', HAWSER_TRUST_ROUNDS = '20' } = process.env;
const SEEDS = Array.from({ length: Number(HAWSER_TRUST_WORLDS) }, (_, i) => Number(HAWSER_TRUST_FIRST) + i);
const ROUNDS = Number(HAWSER_TRUST_ROUNDS);
/** TTL of all that the zones have. */
const ZONE_TTL_SECONDS = 3600;

interface PlannedZone {
  readonly name: string;
  /** The last one lies, where one does. */
  readonly ips: readonly string[];
  readonly text: string;
  readonly signing: Signing | null;
  readonly withoutDs: boolean;
}

/** Three floors of zones with aliases from each to others, a mail host's records, and zones at the owners of TLSA. */
function planWorld(random: SeededRandom): PlannedZone[] {
  const zones: PlannedZone[] = [];
  const names: string[] = [];
  const add = (name: string, text: string, signing: Signing | null): void => {
    const withoutDs = signing !== null && random.below(8) === 0;
    zones.push({ name, ips: [1, 2, 3].map((net) => `198.51.${net}.${zones.length}`), text, signing, withoutDs });
    names.push(name);
  };
  const signingBelow = (): Signing | null => (random.below(4) === 0 ? null : oneOf(random, DENIALS));
  for (const top of ['one.', 'two.']) {
    add(top, randomZone(random, 4).text, oneOf(random, DENIALS));
    for (const label of ['k', 'l', 'm']) {
      const name = `${label}.${top}`;
      const below = [`_25._tcp.mx.${name}`, `u.${name}`, `v.u.${name}`].filter(() => random.below(2) === 0);
      const hasOwnTlsa = below.some((zone) => zone.startsWith('_25'));
      const { text, cuts } = randomZone(random, 9);
      const lines = [
        `@ IN MX 10 mx`,
        `mx IN A 192.0.2.25`,
        `mx IN AAAA 2001:db8::25`,
        ...(hasOwnTlsa ? [] : [`_25._tcp.mx IN TLSA 3 1 1 ${'ab'.repeat(32)}`]),
        `*.w IN TXT "w"`,
        `*.c.w IN CNAME mx.${oneOf(random, ['k.one.', 'l.two.', 'u.k.two.'])}`,
        `a.b.c.d.w IN A 192.0.2.26`,
        `to IN CNAME mx.${oneOf(random, ['l.one.', 'm.two.', 'nowhere.k.two.'])}`,
        `_25._tcp.to IN CNAME _25._tcp.mx.${oneOf(random, ['l.one.', 'm.two.'])}`,
        `dn IN DNAME ${oneOf(random, ['l.one.', 'm.two.', 'w.k.two.'])}`,
      ];
      add(name, `${text}${lines.join('\n')}\n`, signingBelow());
      for (const zone of below)
        add(
          zone,
          zone.startsWith('_25') ? `@ IN TLSA 3 1 1 ${'cd'.repeat(32)}\n` : 'mx IN A 192.0.2.27\n',
          signingBelow(),
        );
      for (const cut of cuts)
        if (!names.includes(`${cut}.${name}`)) add(`${cut}.${name}`, 'a IN A 192.0.2.28\n', signingBelow());
    }
  }
  return zones;
}

const OWNER_TYPES = ['A', 'AAAA', 'TLSA', 'MX', 'TXT', 'DS', 'CNAME', 'DNSKEY', 'NS', 'SOA'];

function question(random: SeededRandom, zones: readonly PlannedZone[]): readonly [string, string] {
  const { name } = oneOf(random, zones);
  if (random.below(3) === 0) return randomQuestion(random, name);
  if (random.below(5) === 0) return [name, oneOf(random, ['MX', 'DS', 'DNSKEY', 'NS', 'SOA', 'A'])];
  return [
    `${oneOf(random, MAIL_OWNERS)}.${name}`,
    oneOf(random, random.below(2) === 0 ? ['A', 'TLSA', 'AAAA'] : OWNER_TYPES),
  ];
}

const scenes: Scene[] = [];
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop();
});

function makeScene(zones: readonly PlannedZone[]): Scene {
  const scene = new Scene();
  scenes.push(scene);
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  for (const { name, ips, text, signing, withoutDs } of zones) {
    const signed = signing === null ? {} : { signing };
    scene.zone(name, { servers: { [`ns.${name}`]: ips }, text, withoutDs, ...signed });
  }
  return scene;
}

/** Everything but what is known of servers. */
function forgetAll({ instance }: Scene): void {
  const { answers, rrsets, replies, denials, failures, keys, delegations } = instance.caches;
  for (const cache of [answers, rrsets, replies, denials, failures, keys, delegations]) cache.clear();
}

/** A world that moves, with a resolver that remembers and one that does not. */
class Trial {
  readonly random: SeededRandom;
  readonly zones: readonly PlannedZone[];
  readonly moving: readonly MovingZone[];
  readonly knowing: Scene;
  readonly fresh: Scene;
  #isLiedTo = false;
  /** When servers gave a record last to the one that remembers, unix seconds. */
  readonly #given = new Map<string, number>();

  constructor(seed: number) {
    this.random = new SeededRandom(4000 + seed);
    this.zones = planWorld(this.random);
    this.knowing = makeScene(this.zones);
    this.fresh = makeScene(this.zones);
    this.moving = this.zones
      .filter(({ signing }) => signing !== null)
      .map(({ name }) => new MovingZone(name, this.random, this.now));
  }

  async start(lines: readonly string[], liesPercent: number): Promise<void> {
    this.#isLiedTo = liesPercent > 0;
    const liars = new Set(this.zones.map(({ ips }) => ips.at(-1)));
    for (const ip of this.knowing.world.ips()) {
      const lie = liars.has(ip) ? liar(this.random, liesPercent) : null;
      this.knowing.tamper(ip, (reply, query) => {
        for (const { owner, type, rdata } of [...reply.answer, ...reply.authority, ...reply.additional])
          this.#given.set(recordKey(formatName(owner), type, rdata), this.now);
        return lie === null ? reply : lie(reply, query);
      });
    }
    this.move();
    const indented = lines.map((line) => `\t${line}`);
    await this.knowing.start(['server:', ...indented]);
    await this.fresh.start(['server:', '\taggressive-nsec: no', '\tharden-below-nxdomain: no']);
  }

  get now(): number {
    return this.knowing.ports.clock.unixSeconds();
  }

  /** Changes what is due. */
  move(): void {
    for (const zone of this.moving) {
      if (zone.nextAt > this.now) continue;
      const signing = zone.change(this.now);
      for (const { world } of [this.knowing, this.fresh]) world.sign(zone.name, signing);
    }
  }

  /** Lets time pass, and zones change at their time. */
  pass(seconds: number): void {
    const end = this.now + seconds;
    while (this.now < end) {
      const next = Math.min(end, ...this.moving.map(({ nextAt }) => nextAt));
      this.knowing.ports.clock.skip(1000 * Math.max(1, next - this.now));
      this.move();
    }
    const behind = this.now - this.fresh.ports.clock.unixSeconds();
    if (behind > 0) this.fresh.ports.clock.skip(1000 * behind);
  }

  /** Forgets something of what is known. */
  async forget(): Promise<string> {
    const { caches } = this.knowing.instance;
    const sweep: Sweep = { caches: caches as CacheSet, now: this.now, pause: async () => {} };
    const { name } = oneOf(this.random, this.zones);
    const parts = ['answers', 'rrsets', 'replies', 'denials', 'keys', 'delegations'] as const;
    const kind = this.random.below(6);
    if (kind === 0) await forgetZone(sweep, mustParseName(name));
    else if (kind === 1) await forgetNegative(sweep);
    else if (kind === 2)
      await forgetTypes(
        sweep,
        mustParseName(name),
        new Set([oneOf(this.random, [TYPE.DS, TYPE.DNSKEY, TYPE.NS, TYPE.SOA])]),
      );
    else {
      const part = oneOf(this.random, parts);
      caches[part].clear();
      return part;
    }
    return `${name} ${kind}`;
  }

  /** What a reply says that lives too long; `askedAt`: unix seconds. */
  immortal(reply: Reply, askedAt: number): string[] {
    const { answer, authority } = reply.seen;
    const records = [...answer, ...authority];
    return records.flatMap(({ name, type, ttl, rdata }) => {
      const owner = formatName(name);
      const rrsig = type === TYPE.RRSIG ? readRrsig(rdata) : null;
      const covering =
        rrsig === null ? records.filter((other) => other.type === TYPE.RRSIG && formatName(other.name) === owner) : [];
      const ends = [...covering.map((other) => readRrsig(other.rdata)), rrsig]
        .filter((one) => one !== null && (one === rrsig || one.typeCovered === type))
        .map((one) => (one?.expiration ?? 0) - askedAt);
      const given = this.#given.get(recordKey(owner, type, rdata));
      const most = Math.min(
        ZONE_TTL_SECONDS,
        reply.ad && ends.length > 0 ? Math.max(0, ...ends) : ZONE_TTL_SECONDS,
        given === undefined ? ZONE_TTL_SECONDS : given + ZONE_TTL_SECONDS - askedAt,
      );
      return ttl > most ? [`${owner} ${typeText(type)} lives ${ttl} s, not ${most}`] : [];
    });
  }

  /** Compares one reply with what who knows nothing says. */
  async judge({ name, type, form, askedAt, told }: Asked, reply: Reply): Promise<void> {
    forgetAll(this.fresh);
    const honest = await this.fresh.ask(name, type, { flags: (form.flags ?? 0) & FLAG.CD });
    if (honest.tc || reply.tc || type === 'NSEC') return;
    const what = `${name} ${type} ${JSON.stringify(form)} ${told}`;
    if (this.#isLiedTo && !honest.ad) {
      expect(`${what}: ${reply.ad}`).toBe(`${what}: false`);
      return;
    }
    // All is as it should be, but chance makes aliases that come back to where they began.
    const isLoop = honest.edeTexts.some((text) => text.startsWith('alias-loop'));
    expect(`${what}: ${isLoop ? '' : honest.edeTexts.join()}`).toBe(`${what}: `);
    if (isLoop) expect(`${what}: ${reply.rcode}`).toBe(`${what}: SERVFAIL`);
    else expect(`${what}: ${meaningOf(reply)} ${reply.edeTexts.join()}`).toBe(`${what}: ${meaningOf(honest)} `);
    expect(`${what}: ${this.immortal(reply, askedAt).join()}`).toBe(`${what}: `);
  }
}

/** A question that was asked. */
interface Asked {
  readonly name: string;
  readonly type: string;
  readonly form: SceneAsk;
  /** Unix seconds. */
  readonly askedAt: number;
  /** What came before, for who reads a failure. */
  readonly told: string;
}

function recordKey(owner: string, type: number, rdata: Uint8Array): string {
  // Servers give names in rdata in the letter case of the question, where they compress them.
  return `${owner} ${type} ${formatRdata(type, rdata)}`.toLowerCase();
}

/** What a reply says, without what keys are there at the moment and what NSEC a wildcard makes. */
function meaningOf(reply: Reply): string {
  const lines = reply.answer
    .filter((line) => !/ NSEC /.test(line))
    .map((line) => line.replace(/ (DS|DNSKEY) .*/, ' $1'));
  return `${reply.status} ${[...new Set(lines)].sort().join(', ')}`.toLowerCase();
}

describe.each(SEEDS)('a world that moves, %i', (seed) => {
  test.each([
    ['honest servers', 0],
    ['one server of three that lies', 60],
  ])('is the same to who remembers and to who does not: %s', { timeout: 600_000 }, async (_, liesPercent) => {
    const trial = new Trial(seed);
    const { random, zones, knowing } = trial;
    await trial.start(CONFIGURATIONS[seed % CONFIGURATIONS.length] ?? [], liesPercent);
    const told: string[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      const askedAt = trial.now;
      if (random.below(4) > 0) {
        const [name, type] = question(random, zones);
        const form = oneOf(random, FORMS);
        const reply = await knowing.ask(name, type, form);
        await trial.judge({ name, type, form, askedAt, told: `${n} ${told.slice(-3).join()}` }, reply);
      } else {
        const together = Array.from({ length: 5 }, () => question(random, zones).join(' '));
        for (const { question: words, reply } of await knowing.askTogether(together)) {
          const [name = '.', type = 'A'] = words.split(' ');
          const before = `${n} together ${told.slice(-3).join()}`;
          await trial.judge({ name, type, form: {}, askedAt, told: before }, reply);
        }
      }
      if (random.below(6) === 0) told.push(await trial.forget());
      trial.pass(oneOf(random, [0, 0, 0, 0, 1, 30, 300, 900, 3600]));
    }
  });
});
