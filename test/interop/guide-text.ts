/** The commands of a guide (docs/guide-*.md) in their order, with the lines that they must print. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './programs.ts';

/** One block of commands. */
export interface GuideStep {
  readonly commands: string;
  /** Lines of the block of output that follows; `…` stands for any text. */
  readonly prints: readonly string[];
}

/** Reads a page: blocks ```sh are commands, a block ```text after one is what it prints. */
export function readGuide(page: string): readonly GuideStep[] {
  const text = readFileSync(join(PROJECT, 'docs', page), 'utf8');
  const steps: { commands: string; prints: string[] }[] = [];
  for (const [, kind = '', body = ''] of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    if (kind === 'sh') steps.push({ commands: body, prints: [] });
    else if (kind === 'text') steps.at(-1)?.prints.push(...body.trimEnd().split('\n'));
    else throw new Error(`${page}: a block of kind '${kind}' that nobody runs`);
  }
  return steps;
}

/** The lines that a step should have printed and has not. */
export function missingLines({ prints }: GuideStep, output: string): readonly string[] {
  return prints.filter((line) => {
    const pieces = line.trim().split('…');
    const pattern = pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'));
    return !new RegExp(pattern.join('.*')).test(output);
  });
}
