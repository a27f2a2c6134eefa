/** The check program's `main`: joins config/checkconf.ts to the process. */

import { createNodeFiles } from '../adapters/node-files.ts';
import { runCheckconf } from '../config/checkconf.ts';

process.exitCode = runCheckconf(process.argv.slice(2), {
  files: createNodeFiles(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
