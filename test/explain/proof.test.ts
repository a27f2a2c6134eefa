/**
 * Proves that denial proofs are told in words, record by record: NSEC and NSEC3, closest encloser, next closer name, wildcard,
 * opt-out, empty non-terminals, and which piece is missing. Leaves to dnssec whether a proof holds.
 */

import { describe, expect, test } from 'vitest';
import { explainParts } from '../../src/daemon/explain-parts.ts';
import { chainBoxes } from '../../src/explain/chain-boxes.ts';
import { explainQuestion } from '../../src/explain/gather.ts';
import type { ProofLine, Report } from '../../src/explain/report.ts';
import { reportText } from '../../src/explain/report-text.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { questionFrom } from '../support/records.ts';
import { Scene } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';

const TEXT =
  'www IN A 192.0.2.80\nalias IN CNAME www\nlost IN CNAME gone\n*.wild IN A 192.0.2.81\ndeep.below IN A 192.0.2.82\n';
const HASHED: Partial<ZoneSpec> = { signing: { denial: NSEC3 } };

async function reportOf(scene: Scene, asked: string): Promise<Report> {
  await scene.start([]);
  const explained = await scene.ports.clock.runUntilSettled(
    explainQuestion(explainParts(scene.instance, scene.ports.clock), questionFrom(asked), {
      isCached: false,
      expirySeconds: 0,
    }),
  );
  if (explained === null) throw new Error('nothing known');
  return explained.report;
}

async function proofOf(asked: string, spec: Partial<ZoneSpec> = {}): Promise<ProofLine> {
  const { denials } = await reportOf(Scene.withTest(TEXT, spec), asked);
  expect(denials).toHaveLength(1);
  return denials[0] as ProofLine;
}

/** Role, name and kind of record of each piece. */
function pieces({ steps }: ProofLine): string[] {
  return steps.map(({ role, name, record }) => `${role} ${name} ${record?.type ?? 'missing'}`);
}

describe('a name that does not exist', () => {
  test('by NSEC: nothing between two names, and no wildcard', async () => {
    const proof = await proofOf('nothing.test. TLSA');
    expect(proof).toMatchObject({
      about: 'nothing.test. TLSA',
      says: 'nothing.test. does not exist',
      isComplete: true,
    });
    expect(pieces(proof)).toEqual(['name nothing.test. NSEC', 'wildcard *.test. NSEC']);
    expect(proof.steps[0]?.text).toContain('test. is the closest name that exists');
    expect(proof.steps[0]?.record).toMatchObject({
      owner: 'lost.test.',
      next: 'ns.test.',
      isOptOut: false,
      hashing: null,
    });
    expect(proof.steps[1]?.text).toBe('no wildcard *.test. stands for it');
  });

  test('by NSEC3: closest encloser, next closer name, wildcard', async () => {
    const proof = await proofOf('a.b.www.test. TLSA', HASHED);
    expect(proof).toMatchObject({ says: 'a.b.www.test. does not exist', isComplete: true });
    expect(pieces(proof)).toEqual([
      'closest-encloser www.test. NSEC3',
      'next-closer b.www.test. NSEC3',
      'wildcard *.www.test. NSEC3',
    ]);
    expect(proof.steps[0]?.record).toMatchObject({ types: ['A', 'RRSIG'], hashing: { iterations: 0, salt: '' } });
  });

  test('at the end of an alias is what is denied', async () => {
    const proof = await proofOf('lost.test. A', HASHED);
    expect(proof).toMatchObject({ about: 'gone.test. A', says: 'gone.test. does not exist' });
  });

  test('inside an opt-out span may be an unsigned delegation', async () => {
    const proof = await proofOf('nothing.test. TLSA', { signing: { denial: NSEC3_OPT_OUT } });
    expect(proof.says).toBe('nothing.test. does not exist or is an unsigned delegation (opt-out)');
    expect(proof.steps.find(({ role }) => role === 'next-closer')?.record).toMatchObject({ isOptOut: true });
  });
});

describe('a type that does not exist', () => {
  test.each([
    ['NSEC', {}],
    ['NSEC3', HASHED],
  ])('by %s: the record of the name lists other types', async (type, spec) => {
    const proof = await proofOf('www.test. TLSA', spec);
    expect(proof).toMatchObject({ says: 'www.test. exists without TLSA', isComplete: true });
    expect(pieces(proof)).toEqual([`name www.test. ${type}`]);
  });

  test('at a name without records of its own', async () => {
    const proof = await proofOf('below.test. TLSA');
    expect(proof.says).toContain('empty non-terminal');
    expect((await proofOf('below.test. TLSA', HASHED)).says).toBe('below.test. exists without TLSA');
  });

  test.each([
    ['NSEC', {}],
    ['NSEC3', HASHED],
  ])('at the wildcard that stands for the name, by %s', async (_, spec) => {
    const proof = await proofOf('x.wild.test. TLSA', spec);
    expect(proof.says).toBe('x.wild.test. does not exist, and the wildcard *.wild.test. exists without TLSA');
  });
});

test.each([
  ['NSEC', {}],
  ['NSEC3', HASHED],
])('an answer from a wildcard has its proof, by %s', async (_, spec) => {
  const proof = await proofOf('x.wild.test. A', spec);
  expect(proof).toMatchObject({ about: 'x.wild.test. A', isComplete: true });
  expect(proof.says).toBe('x.wild.test. is not there itself, so the wildcard *.wild.test. answers for it');
});

test.each([
  ['plain', NSEC3, 'test. is a delegation without DS: unsigned'],
  ['opt-out', NSEC3_OPT_OUT, 'test. does not exist or is an unsigned delegation (opt-out)'],
])('no DS of an unsigned zone, by NSEC3 (%s)', async (_, denial, says) => {
  const scene = new Scene();
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: { denial } });
  scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, text: TEXT });
  const report = await reportOf(scene, 'www.test. A');
  expect(report.zones.at(-1)?.noDsProof?.says).toBe(says);
  expect(reportText(report, { hasColour: false })).toContain(says);
});

test('says which piece is missing, in text and picture', async () => {
  const scene = Scene.withTest(TEXT, HASHED);
  scene.tamper('192.0.2.1', (reply) => {
    const owners = reply.authority.filter(({ type }) => type === TYPE.NSEC3).map(({ owner }) => formatName(owner));
    if (new Set(owners).size < 3) return reply;
    return { ...reply, authority: reply.authority.filter(({ owner }) => formatName(owner) !== owners[0]) };
  });
  const report = await reportOf(scene, 'a.b.www.test. TLSA');
  expect(report.status).toBe('bogus');
  expect(report.denials[0]).toMatchObject({ isComplete: false });
  expect(report.denials[0]?.says).toMatch(/^not proven: /);
  expect(reportText(report, { hasColour: false })).toContain('missing');
  const rows = chainBoxes(report).at(-1)?.rows ?? [];
  expect(rows).toContainEqual({ text: report.denials[0]?.says, tone: 'bad' });
});

test('hashes no name for records of too many iterations, which prove nothing', async () => {
  const proof = await proofOf('nothing.test. TLSA', {
    signing: { denial: { kind: 'nsec3', iterations: 60_000, salt: new Uint8Array(8), optOut: false } },
  });
  expect(proof).toMatchObject({ isComplete: false, says: expect.stringContaining('60000 iterations') });
});
