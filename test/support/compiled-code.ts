/**
 * Environment of every test: a folder for compiled code, so that of the many processes that tests start only the first compiles
 * the source. Node.js keys the code by its own version and by what is in each file, so nothing in it can be out of date.
 */

import { join } from 'node:path';

export const COMPILED_CODE = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'hawser-compiled'),
};
