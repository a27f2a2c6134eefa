/** The check program's `main`: joins config/checkconf.ts to the process and to what reads the files that the daemon starts with. */

import { createNodeFiles } from '../adapters/node-files.ts';
import { tlsFault } from '../adapters/node-tls.ts';
import { runCheckconf } from '../config/checkconf.ts';
import { inspectFiles } from '../daemon/inspect-files.ts';

const files = createNodeFiles();

process.exitCode = runCheckconf(process.argv.slice(2), {
  files,
  inspect: (config) => inspectFiles(config, files, tlsFault),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
