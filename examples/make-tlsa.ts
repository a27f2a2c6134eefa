/** Makes the TLSA record of a certificate or key. Run: node make-tlsa.ts MAIL-HOST FILE */

import { readFileSync } from 'node:fs';
import { makeTlsa } from 'hawser';

const [host = '', file = ''] = process.argv.slice(2);
const made = await makeTlsa(readFileSync(file), { host });
if (!made.ok) throw new Error(made.why);
for (const warning of made.warnings) console.warn(warning);
console.log(made.line);
