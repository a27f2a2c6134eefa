/**
 * Reading a configuration from file or text to the finished `Config`.
 *
 * Duties: the order of the stages (source, clauses, values, checks); one result that is a configuration or all findings.
 */

import type { Files } from '../ports/files.ts';
import { runAtOnce, type Steps } from '../wire/steps.ts';
import { checkConfig } from './check.ts';
import { checkAnchorFiles } from './check-anchors.ts';
import { checkFiles } from './check-files.ts';
import type { Config } from './config.ts';
import { type Finding, Findings } from './finding.ts';
import { allKeywords, argumentCounts } from './options-table.ts';
import { parseClauses } from './parser.ts';
import { readValues } from './read-values.ts';
import { reportSupport } from './report-support.ts';
import { readSource, reasonText } from './source.ts';

/** A configuration with warnings, or the findings for which there is none (warnings among them). */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[]; readonly errorCount: number };

/**
 * How far to go: `values` reads the lines only; `whole` also looks at what they mean together and whether Hawser supports
 * them (the default); `files` also looks for the files that are named.
 */
type LoadDepth = 'values' | 'whole' | 'files';

/** Reads a configuration file with all that it includes, at once. */
export function loadConfig(files: Files, path: string, depth: LoadDepth = 'whole'): LoadedConfig {
  return runAtOnce(loadConfigInPieces(files, path, depth));
}

/** The same for a program that serves meanwhile. */
export function* loadConfigInPieces(files: Files, path: string, depth: LoadDepth = 'whole'): Steps<LoadedConfig> {
  const text = files.readText(path);
  if (!text.ok) {
    const finding = {
      file: path,
      line: 0,
      severity: 'error',
      text: `Could not open ${path}: ${reasonText(text.error)}`,
    } as const;
    return { ok: false, findings: [finding], errorCount: 1 };
  }
  return yield* parseConfig(text.value, path, files, depth);
}

/** Reads a text as if it were the file of that name; without files, nothing can be included. */
export function parseConfigText(
  text: string,
  fileName: string,
  files: Files | null = null,
  depth: LoadDepth = 'whole',
): LoadedConfig {
  return runAtOnce(parseConfig(text, fileName, files, depth));
}

function* parseConfig(text: string, fileName: string, files: Files | null, depth: LoadDepth): Steps<LoadedConfig> {
  const findings = new Findings();
  const source = { files, argumentCount: argumentCounts(), keywords: allKeywords(), findings };
  const clauses = yield* parseClauses(readSource(text, fileName, source), findings);
  const config = yield* readValues(clauses, findings);
  if (depth !== 'values') {
    yield* reportSupport(clauses, findings);
    yield* checkConfig(clauses, config, findings);
    if (files !== null) checkAnchorFiles(clauses, config, files, findings);
  }
  if (files !== null && depth === 'files') checkFiles(config, files, findings);
  const list = findings.list();
  if (findings.errorCount > 0) return { ok: false, findings: list, errorCount: findings.errorCount };
  return { ok: true, config, warnings: list };
}
