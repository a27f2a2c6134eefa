/** Real Postfix instances with a configuration of their own, for use inside a namespace of the session's own. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { Session } from './daemons.ts';
import { findProgram } from './programs.ts';

const SERVICES = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/** An instance. */
export interface PostfixPlan {
  readonly name: string;
  readonly settings: readonly string[];
  /** Lines of master.cf besides the usual ones. */
  readonly services: readonly string[];
  /** Text of /etc/resolv.conf for it. */
  readonly resolv: string;
}

/** A running instance. */
export interface RunningPostfix {
  /** Folder of main.cf. */
  readonly config: string;
  /** What it has logged. */
  log(): string;
  stop(): void;
}

/** Starts it. */
export function startPostfix(session: Session, plan: PostfixPlan): RunningPostfix {
  // Its daemons run as users of their own.
  chmodSync(session.folder, 0o755);
  const folder = join(session.folder, plan.name);
  const [config, queue, data] = ['config', 'queue', 'data'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [config, queue, data]) mkdirSync(each, { recursive: true });
  execFileSync('chown', ['postfix', data]);
  const log = join(folder, 'mail.log');
  const settings = [
    'compatibility_level = 3.6',
    `queue_directory = ${queue}`,
    `data_directory = ${data}`,
    `maillog_file = ${log}`,
    `maillog_file_prefixes = ${session.folder}`,
    'inet_protocols = ipv4',
    'alias_maps =',
    'local_recipient_maps =',
    ...plan.settings,
  ];
  writeFileSync(join(config, 'main.cf'), `${settings.join('\n')}\n`);
  writeFileSync(join(config, 'master.cf'), `${SERVICES}${plan.services.join('\n')}\n`);
  const resolv = session.file(`${plan.name}.resolv`, plan.resolv);
  const postfix = (command: string): void => {
    const script = `mount --bind ${resolv} /etc/resolv.conf && exec ${findProgram('postfix')} -c ${config} ${command}`;
    execFileSync('unshare', ['-m', 'sh', '-c', script], { stdio: 'ignore' });
  };
  postfix('start');
  return { config, log: () => readFileSync(log, 'utf8'), stop: () => postfix('stop') };
}

/** Hands one message over SMTP to 127.0.0.1. */
export async function submit(port: number, recipient: string): Promise<void> {
  const words = [
    'HELO me',
    'MAIL FROM:<me@client.test>',
    `RCPT TO:<${recipient}>`,
    'DATA',
    'Subject: x\r\n\r\nx\r\n.',
    'QUIT',
  ];
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (piece) => {
      const reply = piece.toString();
      if (/^[45]/.test(reply)) reject(new Error(`${recipient}: ${reply}`));
      const next = words.shift();
      if (next !== undefined) socket.write(`${next}\r\n`);
    });
  });
}
