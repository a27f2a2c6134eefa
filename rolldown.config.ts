/**
 * Bundles each program into one file in dist: start-up reads one file in place of some two hundred. Run-time packages are
 * taken in, so the installed program needs no node_modules but its Node.js.
 */

import { existsSync } from 'node:fs';
import { defineConfig } from 'rolldown';

/** Programs whose source is there. */
const PROGRAMS = [
  'hawser',
  'hawserd',
  'hawser-checkconf',
  'hawser-control',
  'hawser-control-setup',
  'hawser-host',
  'hawser-anchor',
  'start',
  // Not for people: the program of a thread of hawserd (num-threads).
  'front',
];

export default defineConfig({
  input: {
    ...Object.fromEntries(
      PROGRAMS.map((program) => [program, `src/cli/${program}.ts`] as const).filter(([, path]) => existsSync(path)),
    ),
    library: 'src/library/hawser.ts',
    // A package runs it where it is installed: what it makes depends on the Node.js that is there.
    'make-compile-cache': 'packaging/make-compile-cache.ts',
    // The container image has no shell for bin/launch.
    launch: 'packaging/container/launch.ts',
  },
  platform: 'node',
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name]-[hash].js',
    // A third of the octets that each start would read; licences stay, and lines, which reports of bugs name.
    comments: { legal: true, annotation: false, jsdoc: false },
  },
});
