/** A resolver that does not validate, as they stand in second place of many a resolv.conf: a real Unbound without its validator. */

import { type Session, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

/** Where it listens. */
export const BLIND = '127.0.0.2';

/** Starts it; `hints`: path of the root hints. */
export async function startBlindResolver(session: Session, hints: string): Promise<void> {
  const lines = [
    'server:',
    `  interface: ${BLIND}`,
    '  module-config: "iterator"',
    '  do-not-query-localhost: no',
    '  username: ""',
    '  chroot: ""',
    '  pidfile: ""',
    '  use-syslog: no',
    `  directory: "${session.folder}"`,
    `  root-hints: "${hints}"`,
  ];
  session.start('blind', findProgram('unbound') ?? '', [
    '-d',
    '-c',
    session.file('blind.conf', `${lines.join('\n')}\n`),
  ]);
  await waitForAnswer(BLIND, 53, 'good.org MX');
}
