/** Configurations of test/data/config as a files port, and short ways to load text. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { findingText } from '../../src/config/finding.ts';
import { type LoadedConfig, parseConfigText } from '../../src/config/load-config.ts';
import { FakeFiles } from '../fake/fake-files.ts';

const FOLDER = join(import.meta.dirname, '..', 'data', 'config');

/** The files of test/data/config, by path relative to it. */
export function dataFiles(): FakeFiles {
  const paths = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .map((path) => join(FOLDER, path))
    .filter((path) => statSync(path).isFile());
  return new FakeFiles(Object.fromEntries(paths.map((path) => [relative(FOLDER, path), readFileSync(path, 'utf8')])));
}

/** The configuration of a text that has no errors. */
export function configOf(text: string): Config {
  const loaded = parseConfigText(text, 'test.conf');
  if (!loaded.ok) throw new Error(linesOf(loaded).join('\n'));
  return loaded.config;
}

/** All findings of a text, one line each. */
export function findingsOf(text: string): string[] {
  return linesOf(parseConfigText(text, 'test.conf'));
}

/** The findings of a result, one line each. */
export function linesOf(loaded: LoadedConfig): string[] {
  return (loaded.ok ? loaded.warnings : loaded.findings).map(findingText);
}
