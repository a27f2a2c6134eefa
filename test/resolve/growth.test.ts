/**
 * Proves that nothing in a whole resolver, validation and serving with it, is more than linear in a message: an answer of eight
 * times as many records takes about eight times as long at most, where a quadratic step would take 64 times.
 */

import { describe, expect, test } from 'vitest';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { growthOfWaiting, processorNow } from '../support/growth.ts';
import { type LooseMessage, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const FEW = 150;
const FACTOR = 8;
/** Between the 8 of linear work and the 64 of quadratic. */
const MOST = 24;

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const small = (owner: string, type: number, ...octets: number[]): ResourceRecord => ({
  ...{ owner: mustParseName(owner), type, class: CLASS.IN, ttl: 300, rdata: Uint8Array.from(octets) },
});
const a = (owner: string, i: number) => small(owner, TYPE.A, 10, 0, i >> 8, i & 255);
const host = (i: number) => `${i.toString(36)}.test.`;

type Shape = (scene: Scene, owner: string, count: number) => Partial<LooseMessage>;

/** Answers of so many records, and what is asked. */
const SHAPES: Record<string, readonly [string, Shape]> = {
  'addresses of a signed set': [
    'A',
    (scene, owner, n) => ({
      answer: scene.signed(
        'test.',
        many(n, (i) => a(owner, i)),
      ),
    }),
  ],
  'addresses of a set that is not signed': ['A', (_scene, owner, n) => ({ answer: many(n, (i) => a(owner, i)) })],
  'signatures that hold for nothing': [
    'A',
    (scene, owner, n) => {
      const [set, signature] = scene.signed('test.', [a(owner, 1)]);
      if (set === undefined || signature === undefined) throw new Error('not signed');
      const spoilt = many(n / 2, (i) => {
        const rdata = signature.rdata.slice(0, 60);
        rdata.set([i >> 8, i & 255], 40);
        return { ...signature, rdata };
      });
      return { answer: [set, signature, ...spoilt] };
    },
  ],
  'denials beside a signed answer': [
    'A',
    (scene, owner, n) => ({
      answer: scene.signed('test.', [a(owner, 1)]),
      authority: many(n, (i) => small(host(i), TYPE.NSEC3, 1, 0, 0, 0, 0, 1, i & 255)),
    }),
  ],
  'denials in place of an answer': [
    'A',
    (_scene, _owner, n) => ({ authority: many(n, (i) => small(host(i), TYPE.NSEC3, 1, 0, 0, 0, 0, 1, i & 255)) }),
  ],
  'mail hosts with their addresses': [
    'MX',
    (scene, owner, n) => ({
      answer: scene.signed(
        'test.',
        many(n / 2, (i) => small(owner, TYPE.MX, 0, 1, ...mustParseName(host(i)))),
      ),
      additional: many(n / 2, (i) => a(host(i), i)),
    }),
  ],
  'sets for ANY': ['ANY', (_scene, owner, n) => ({ answer: many(n, (i) => small(owner, 1000 + i, 0)) })],
  'texts of a signed set': [
    'TXT',
    (scene, owner, n) => ({
      answer: scene.signed(
        'test.',
        many(n, (i) => small(owner, TYPE.TXT, 2, i >> 8, i & 255)),
      ),
    }),
  ],
};

/** A resolver that asks a server for names of so many records, each name once. */
class Asked {
  readonly #scene = Scene.withTest('www IN A 192.0.2.80');
  readonly #replies = new Map<string, Uint8Array>();
  readonly #type: string;
  readonly #shape: Shape;

  private constructor(type: string, shape: Shape) {
    this.#type = type;
    this.#shape = shape;
    this.#scene.tamper(AUTH, (reply, query) => {
      const made = reply.question === null ? undefined : this.#replies.get(formatName(reply.question.name));
      if (made === undefined || reply.question === null) return reply;
      if (query.transport === 'udp') return { ...reply, flags: FLAG.QR | FLAG.AA | FLAG.TC, answer: [], authority: [] };
      const octets = made.slice();
      octets.set(query.bytes.subarray(0, 2));
      const typeAt = 12 + reply.question.name.length;
      octets.set([reply.question.type >> 8, reply.question.type & 255], typeAt);
      return octets;
    });
  }

  static async start(type: string, shape: Shape): Promise<Asked> {
    const asked = new Asked(type, shape);
    const options = ['\tqname-minimisation: no', '\trrset-roundrobin: yes', '\tminimal-responses: no'];
    await asked.#scene.start(['server:', ...options]);
    await asked.#scene.ask('www.test.', 'A');
    return asked;
  }

  /** Processor time that a question takes whose answer has so many records, microseconds. */
  async costOf(count: number, round: number): Promise<number> {
    const name = `w${count}x${round}.test.`;
    const question = { name: mustParseName(name), type: 0, class: CLASS.IN };
    const sections = { answer: [], authority: [], additional: [], ...this.#shape(this.#scene, name, count) };
    const octets = tighten({ id: 0, flags: FLAG.QR | FLAG.AA, question, ...sections });
    expect(octets.length).toBeLessThan(65_536);
    this.#replies.set(name, octets);
    const beforeUs = processorNow();
    const reply = await this.#scene.ask(name, this.#type, { transport: 'tcp' });
    const tookUs = processorNow() - beforeUs;
    expect(['NOERROR', 'SERVFAIL']).toContain(reply.rcode);
    return tookUs;
  }

  async stop(): Promise<void> {
    await this.#scene.stop();
  }
}

describe('answers of eight times as many records take no more than linear time', () => {
  test.each(Object.entries(SHAPES))('%s', async (_what, [type, shape]) => {
    const asked = await Asked.start(type, shape);
    const growth = await growthOfWaiting(
      (round) => asked.costOf(FEW, round),
      (round) => asked.costOf(FEW * FACTOR, round),
      MOST,
    );
    expect(growth).toBeLessThan(MOST);
    await asked.stop();
  });
});
