/**
 * Bundles each program into dist: start-up reads a few files in place of some three hundred. Run-time packages are taken in, so the
 * installed program needs no node_modules but its Node.js.
 *
 * Programs are CommonJS: Node.js starts it with less work of its own than modules (bench/RESULTS.md), for one because a module that
 * imports a built-in takes each of its exports, which loads what only some of them need. The library is a module, for others to import.
 */

import { defineConfig, type Plugin } from 'rolldown';
import { withAssignedFields } from './packaging/assigned-fields.ts';
import { wrapped } from './packaging/load-program.ts';
import { withPlainMembers } from './packaging/plain-members.ts';
import { programDigest } from './packaging/program-digest.ts';

/** Started by bin/launch, or by one of the others. */
const PROGRAMS = [
  'hawser',
  'hawserd',
  'hawser-checkconf',
  'hawser-control',
  'hawser-control-setup',
  'hawser-host',
  'hawser-anchor',
  // Not for people: the program of a thread of hawserd (num-threads).
  'front',
];

/** Run as they are. */
const TOOLS = {
  load: 'packaging/load-program.ts',
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

const COMMONJS = { ...OUTPUT, format: 'cjs', chunkFileNames: 'shared/[name]-[hash].cjs' } as const;

/** Writes what starts a program on compiled code of this very build: dist/NAME.cjs. */
function writeStart(name: string): Plugin {
  return {
    name: 'write-start',
    generateBundle(_, bundle) {
      const code = Object.values(bundle).find((file) => file.type === 'chunk' && file.isEntry);
      if (code?.type !== 'chunk') throw new Error(`no code of ${name}`);
      code.code = wrapped(code.code);
      const program = JSON.stringify({ name, digest: programDigest(code.code) });
      const source = `require('./load.cjs').loadProgram(__dirname, ${program});\n`;
      this.emitFile({ type: 'asset', fileName: `${name}.cjs`, source });
    },
  };
}

/** Makes the classes of a program cheap for V8; files that it loads only when they are wanted may extend classes of its own. */
function cheapClasses(): Plugin {
  return {
    name: 'cheap-classes',
    renderChunk: (code, { isEntry, name }) =>
      withAssignedFields(withPlainMembers(code, isEntry ? '' : `${name.replaceAll('-', '_')}_`)),
  };
}

/** A program in one file, and others for what it loads only when it is wanted: calls between files of CommonJS are dearer. */
const programs = PROGRAMS.map((name) => ({
  input: { [name]: `src/cli/${name}.ts` },
  platform: 'node' as const,
  plugins: [cheapClasses(), writeStart(name)],
  output: { ...COMMONJS, entryFileNames: 'code/[name].cjs' },
}));

const tools = Object.entries(TOOLS).map(([name, source]) => ({
  input: { [name]: source },
  platform: 'node' as const,
  output: { ...COMMONJS, entryFileNames: '[name].cjs' },
}));

export default defineConfig([
  ...programs,
  ...tools,
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
