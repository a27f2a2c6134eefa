/**
 * Proves that every command of the guides works, in its order, as root, with the real packages, on a copy of this host that is thrown
 * away, in a signed world; and that it prints what the guide shows. Only systemd is played.
 */

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type GuideStep, missingLines, readGuide } from './guide-text.ts';
import { PROJECT, runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const packages = process.env.HAWSER_DEBIAN_PACKAGES ?? '';
const eximPackages = process.env.HAWSER_EXIM_PACKAGES ?? '';
const programs = [
  'postfix',
  'posttls-finger',
  'named',
  'nsupdate',
  'dnssec-dsfromkey',
  'openssl',
  'nsd',
  'knotd',
  'dig',
  'ip',
  'apt',
];

const GUIDES = readdirSync(`${PROJECT}/docs`).filter((name) => /^guide-.*\.md$|^troubleshooting\.md$/.test(name));

interface Ran {
  readonly commands: string;
  readonly status: number;
  readonly output: string;
}

function whyNot(page: string): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  const needed = [
    ...(packages === '' ? ['packages of packaging/debian/build, in HAWSER_DEBIAN_PACKAGES'] : []),
    ...(page === 'guide-exim.md' && eximPackages === '' ? ["Exim's packages, in HAWSER_EXIM_PACKAGES"] : []),
  ];
  const missing = needed.length === 0 ? null : `needs ${needed.join(' and ')}`;
  if (missing !== null && process.env.CI === 'true') throw new Error(`required in CI: ${missing}`);
  return missing ?? whyNotHere([...programs, ...SIGNER_PROGRAMS]);
}

test('there are guides, each with commands', () => {
  expect(GUIDES.length).toBeGreaterThanOrEqual(5);
  for (const page of GUIDES) expect(readGuide(page).length, page).toBeGreaterThan(2);
});

test('what a guide shows and is not printed is found', () => {
  const step: GuideStep = { commands: '', prints: ['a … c', 'x.y'] };
  expect(missingLines(step, 'a  b c\nxzy')).toEqual(['x.y']);
});

describe.each(GUIDES)('%s', (page) => {
  const why = whyNot(page);

  test.skipIf(why !== null)(`does what it says ${why ?? ''}`, { timeout: 200_000 }, () => {
    const words = [page, packages, page === 'guide-exim.md' ? eximPackages : ''];
    const ran = JSON.parse(runInNamespace('guides-session.ts', words, 190_000)) as readonly Ran[];
    const steps = readGuide(page);
    for (const [i, step] of steps.entries()) {
      const { status, output } = ran[i] ?? { status: -1, output: 'it was not run' };
      expect({ status, missing: missingLines(step, output) }, `${step.commands}\n${output}`).toEqual({
        status: 0,
        missing: [],
      });
    }
  });
});
