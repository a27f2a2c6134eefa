/**
 * Runs one of the built programs on code that V8 has compiled before (make-compile-cache.ts), where there is some: its file
 * in dist (`dist/hawserd.cjs`) is two lines that call this.
 *
 * Node.js's own cache (NODE_COMPILE_CACHE) holds what V8 compiles at first sight; each function that is only compiled when it is
 * called, and that is most of them, is compiled at each start again. It also has a folder for each user. This holds what the program
 * had compiled when it had done its work once.
 *
 * What is in the file is taken when its checksum holds, which V8 does not look at, and V8 agrees (its version, its flags, the length
 * of the source). It is asked for by the digest of the program that it was made from: that of another build is not found. Whoever may
 * write there may write the program.
 */

import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** A built program, named by what it is and by a digest of its code. */
export interface BuiltProgram {
  readonly name: string;
  readonly digest: string;
}

/** Octets of the checksum (CRC-32, big-endian) that stands behind compiled code. */
const CHECKSUM_OCTETS = 4;

/** Compiled code as it is kept. */
export function sealed(code: Buffer): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_OCTETS);
  checksum.writeUInt32BE(crc32(code));
  return Buffer.concat([code, checksum]);
}

/** Compiled code that was kept; undefined where there is none, or none that is whole: all works without it. */
function readCompiled(path: string): Buffer | undefined {
  try {
    const file = readFileSync(path);
    const code = file.subarray(0, -CHECKSUM_OCTETS);
    return crc32(code) === file.readUInt32BE(code.length) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Where compiled code of a program is kept; `dist` is the folder of the build. */
export function compiledPath(dist: string, { name, digest }: BuiltProgram): string {
  return join(dist, 'compile-cache', `${name}-${digest}`);
}

/** Where the code of a program is. */
export function codePath(dist: string, name: string): string {
  return join(dist, 'code', `${name}.cjs`);
}

const HEAD = '(function (exports, require, module, __filename, __dirname) {';

/** What a file in dist/code holds: the code as a function. Put around it at each start, V8 would copy a megabyte for it. */
export function wrapped(code: string): string {
  return `${HEAD}${code}\n})`;
}

/** The code of a program, not yet run; V8 says in it whether it refused what was compiled before. */
function compileProgram(dist: string, name: string, cachedData: Buffer | undefined): Script {
  const filename = codePath(dist, name);
  // ASCII only (rolldown.config.ts), which this reads without looking for more.
  return new Script(readFileSync(filename, 'latin1'), {
    filename,
    columnOffset: -HEAD.length,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Runs a program as Node.js would; the result makes compiled code of it at any time. */
export function runProgram(dist: string, name: string, cachedData?: Buffer): Script {
  const script = compileProgram(dist, name, cachedData);
  const filename = codePath(dist, name);
  const require = createRequire(filename);
  const module = new Module(filename);
  module.loaded = true;
  // What is loaded only when it is wanted requires the program's file for what both use: it must get this one, not run another.
  require.cache[filename] = module;
  script.runInThisContext()(module.exports, require, module, filename, dirname(filename));
  return script;
}

/** Whether there is compiled code of a program, and V8 takes it. */
export function hasCompiled(dist: string, program: BuiltProgram): boolean {
  const compiled = readCompiled(compiledPath(dist, program));
  return compiled !== undefined && compileProgram(dist, program.name, compiled).cachedDataRejected === false;
}

/** What the file of a program calls; `dist` is its folder. */
export function loadProgram(dist: string, program: BuiltProgram): Script {
  return runProgram(dist, program.name, readCompiled(compiledPath(dist, program)));
}
