/** Writes docs/options.md from the options table. */

import { join } from 'node:path';
import { createNodeFiles } from '../adapters/node-files.ts';
import { referencePage } from '../config/reference-page.ts';

const written = createNodeFiles().replaceAtomically(
  join(import.meta.dirname, '..', '..', 'docs', 'options.md'),
  referencePage(),
);
if (!written.ok) {
  process.stderr.write(`${written.error.text}\n`);
  process.exitCode = 1;
}
