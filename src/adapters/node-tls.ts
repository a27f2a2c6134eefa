/** TLS of the platform, loaded when it is used first: a third of what Node.js needs to start, and most hosts use none. */

type NodeTls = typeof import('node:tls');

/** The module; loaded at the first call, at once. */
export function nodeTls(): NodeTls {
  return process.getBuiltinModule('node:tls');
}
