/**
 * Bundles each program into dist: start-up reads a few files in place of some three hundred. Run-time packages are taken in, so the
 * installed program needs no node_modules but its Node.js.
 *
 * Programs are CommonJS: Node.js starts it with less work of its own than modules (bench/RESULTS.md), for one because a module that
 * imports a built-in takes each of its exports, which loads what only some of them need. The library is a module, for others to import.
 */

import { defineConfig } from 'rolldown';

const PROGRAMS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'hawser',
      'hawserd',
      'hawser-checkconf',
      'hawser-control',
      'hawser-control-setup',
      'hawser-host',
      'hawser-anchor',
      // Not for people: the program of a thread of hawserd (num-threads).
      'front',
    ].map((program) => [program, `src/cli/${program}.ts`]),
  ),
  // A package runs it where it is installed: what it makes depends on the Node.js that is there.
  'make-compile-cache': 'packaging/make-compile-cache.ts',
  // The container image has no shell for bin/launch.
  launch: 'packaging/container/launch.ts',
};

const OUTPUT = {
  dir: 'dist',
  // A third of the octets that each start would read; licences stay, and lines, which reports of bugs name.
  comments: { legal: true, annotation: false, jsdoc: false },
  // One character above would make V8 hold, hash and compare the whole file in words of twice the size.
  charset: 'ascii',
} as const;

/** A program in one file, and others for what it loads only when it is wanted: calls between files of CommonJS are dearer. */
const programs = Object.entries(PROGRAMS).map(([program, source]) => ({
  input: { [program]: source },
  platform: 'node' as const,
  output: {
    ...OUTPUT,
    format: 'cjs' as const,
    entryFileNames: '[name].cjs',
    chunkFileNames: 'shared/[name]-[hash].cjs',
  },
}));

export default defineConfig([
  ...programs,
  {
    input: { library: 'src/library/hawser.ts' },
    platform: 'node',
    output: {
      ...OUTPUT,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'library/[name]-[hash].js',
    },
  },
]);
