/**
 * Denials that show several NSEC3 chains (CVE-2023-50868): other salts and iterations, more sets than are needed, the longest
 * salts, deep names. Proves by counting that hashing is bounded for each question and each turn of the event loop, and that
 * what cannot be proven within the bounds is never called secure.
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { NSEC3_HASHES_PER_GRANT } from '../../src/dnssec/nsec3-hash.ts';
import { CHECKS_PER_TURN } from '../../src/validate/validation-context.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { FIXED_ALLOWANCE } from '../../src/work/budget.ts';
import type { DenialStyle } from '../world/denial-chain.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';
import { countWork } from './counted-work.ts';

const IP = '192.0.2.1';
/** What eight names cost with 150 iterations, in SHA-1 calls: a grant. A name with a long salt costs as much by itself. */
const GRANT = NSEC3_HASHES_PER_GRANT * 151;
/** Two grants with 150 iterations cost a turn's checks, and the first of a cheap zone is free. */
const HASHES_PER_TURN = 3 * GRANT;
const DEEP = `${'a.'.repeat(60)}test.`;
const DEEPEST = `${'a.'.repeat(122)}test.`;
const TEXT = 'www IN A 192.0.2.80\n*.wild IN A 192.0.2.81';

type Style = Extract<DenialStyle, { kind: 'nsec3' }>;
const style = (changes: Partial<Style>): Style => ({ ...(NSEC3 as Style), ...changes });
const SLOW = style({ iterations: 150 });
const SALTY = style({ iterations: 150, salt: new Uint8Array(255).fill(7) });
const MIXED = style({ iterations: 150, optOut: true });

/** So many sets of chains of their own, as costly as allowed, with spans that hold no name. */
function others(count: number, saltOctets: number, iterations = 150): ResourceRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const salt = (i + 1)
      .toString(16)
      .padStart(2, '0')
      .padEnd(2 * saltOctets, '0');
    const hash = `v${i.toString(32).padStart(2, '0')}`.padEnd(31, '0');
    return recordOf(`${hash}0.test. 300 NSEC3 1 ${i % 2} ${iterations} ${salt} ${hash}1 A`);
  });
}

interface Shown {
  readonly denial: Style;
  readonly more: readonly ResourceRecord[];
}

/** The zone with more sets in front of each denial, every one honestly signed. */
function showing({ denial, more }: Shown): Scene {
  const scene = Scene.withTest(TEXT, { signing: { denial } });
  scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.82' });
  const signed = more.flatMap((record) => scene.signed('test.', [record]));
  scene.tamper(IP, (reply) => {
    if (reply.authority.some(({ type }) => type === TYPE.NSEC3)) reply.authority = [...signed, ...reply.authority];
    return reply;
  });
  scene.zone('calm.', { servers: { 'ns.calm.': ['192.0.2.200'] }, signing: {}, text: 'www IN A 192.0.2.90' });
  return scene;
}

/** What becomes of a question, beside one of an honest zone; the work stays within its bounds. */
async function statusOf(shown: Shown, question: string): Promise<string> {
  const scene = showing(shown);
  const work = countWork(scene.ports.clock);
  scene.crypto = work.crypto;
  await scene.start();
  await scene.ask('calm.', 'SOA');
  const [first, second] = await scene.askTogether([question, 'www.calm. A']);
  expect(`${first?.question} ${first?.reply.status}`).toBe('www.calm. A NOERROR ad');
  expect(work.hashes.all).toBeLessThanOrEqual(FIXED_ALLOWANCE['nsec3-hashes'] + GRANT);
  expect(work.hashes.mostInTurn).toBeLessThanOrEqual(HASHES_PER_TURN);
  expect(work.checks.mostInTurn).toBeLessThanOrEqual(CHECKS_PER_TURN);
  const { status = '', edeTexts = [] } = second?.reply ?? {};
  if (status === 'SERVFAIL') {
    expect(edeTexts.join()).toMatch(/denial-wrong|wildcard-unproven|limit|too-much-work/);
    // Whether bogus or at a limit: that is remembered (RFC 9520 §3.2).
    const before = work.hashes.all + work.checks.all;
    const [name = '', type = ''] = question.split(' ');
    for (let i = 0; i < 3; i++) expect((await scene.ask(name, type)).status).toBe('SERVFAIL');
    expect(work.hashes.all + work.checks.all).toBe(before);
  }
  await scene.stop();
  return status;
}

afterEach(() => {
  vi.restoreAllMocks();
});

const QUESTIONS = ['nothing.test. A', 'www.test. TXT', 'made.wild.test. A', 'made.wild.test. TXT', `${DEEP} A`];

describe('several NSEC3 chains in one answer', () => {
  test.each(QUESTIONS)('of which one is another: %s is proven by the zone’s own', async (question) => {
    const status = await statusOf({ denial: SLOW, more: others(1, 8) }, question);
    expect(['NXDOMAIN ad', 'NOERROR ad']).toContain(status);
  });

  test.each(QUESTIONS)('of which two are others in front: %s is bogus', async (question) => {
    expect(await statusOf({ denial: SLOW, more: others(2, 8) }, question)).toBe('SERVFAIL');
  });

  test.each(QUESTIONS)('in 24 sets in front: %s is bogus', async (question) => {
    expect(await statusOf({ denial: SLOW, more: others(24, 8) }, question)).toBe('SERVFAIL');
  });

  test.each(QUESTIONS)('in 24 sets with salts of 255 octets: %s is bogus', async (question) => {
    expect(await statusOf({ denial: SALTY, more: others(24, 255) }, question)).toBe('SERVFAIL');
  });

  test('in the denial of a DS make nothing secure, nor insecure without proof', async () => {
    expect(await statusOf({ denial: SLOW, more: others(1, 8) }, 'www.sub.test. A')).toBe('NOERROR');
    expect(await statusOf({ denial: SLOW, more: others(2, 8) }, 'www.sub.test. A')).toBe('SERVFAIL');
    expect(await statusOf({ denial: SALTY, more: others(24, 255) }, 'www.sub.test. A')).toBe('SERVFAIL');
  });

  test('for the longest name end at a limit', async () => {
    expect(await statusOf({ denial: SLOW, more: others(1, 8) }, `${DEEPEST} A`)).toBe('SERVFAIL');
    expect(await statusOf({ denial: SALTY, more: others(1, 255) }, `${DEEPEST} A`)).toBe('SERVFAIL');
  });

  test('one of which has too many iterations are never called secure', async () => {
    expect(await statusOf({ denial: SLOW, more: others(1, 8, 2_000) }, 'nothing.test. A')).toBe('NXDOMAIN');
  });

  test.each(QUESTIONS)('mixed with opt-out: %s is not AD where the span may hide it', async (question) => {
    const status = await statusOf({ denial: MIXED, more: others(1, 8) }, question);
    expect(status).toBe(question === 'www.test. TXT' ? 'NOERROR ad' : status.replace(' ad', ''));
  });
});

describe('NSEC3 opt-out', () => {
  test('without iterations costs no more in a turn, however many ask', async () => {
    const scene = showing({ denial: NSEC3_OPT_OUT as Style, more: [] });
    const work = countWork(scene.ports.clock);
    scene.crypto = work.crypto;
    await scene.start();
    const answered = await scene.askTogether(Array.from({ length: 50 }, (_, i) => `a${i}.${DEEP} A`));
    expect(new Set(answered.map(({ reply }) => reply.status))).toEqual(new Set(['NXDOMAIN']));
    expect(work.hashes.mostInTurn).toBeLessThanOrEqual(HASHES_PER_TURN);
    await scene.stop();
  });

  test('an unsigned answer at a deep name, denied label by label with 150 iterations, ends at a limit', async () => {
    const scene = showing({ denial: SLOW, more: others(1, 8) });
    const work = countWork(scene.ports.clock);
    scene.crypto = work.crypto;
    const insert = recordOf(`${DEEP} 300 A 192.0.2.99`);
    scene.tamper(IP, (reply) =>
      reply.question?.type === TYPE.A
        ? { ...reply, flags: reply.flags & ~0xf, answer: [insert], authority: [] }
        : reply,
    );
    await scene.start(['server:', '\tqname-minimisation: no', '\tharden-below-nxdomain: no', '\taggressive-nsec: no']);
    expect((await scene.ask(DEEP, 'A')).status).toBe('SERVFAIL');
    expect(work.hashes.all).toBeLessThanOrEqual(FIXED_ALLOWANCE['nsec3-hashes'] + GRANT);
    expect(work.hashes.mostInTurn).toBeLessThanOrEqual(HASHES_PER_TURN);
    await scene.stop();
  });
});
