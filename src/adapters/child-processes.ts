/** Starting programs, by Node.js, loaded when the first one is started: most runs of a program start none. */

type NodeChildProcess = typeof import('node:child_process');

/** The module; loaded at the first call, at once. */
export function childProcesses(): NodeChildProcess {
  return process.getBuiltinModule('node:child_process');
}
