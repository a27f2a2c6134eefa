/** Writes the pages of docs that are made from the code's tables. Run: `npm run docs`. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES } from './pages.ts';
import { PROJECT } from './source-files.ts';

for (const [name, page] of Object.entries(PAGES)) writeFileSync(join(PROJECT, 'docs', name), page());
