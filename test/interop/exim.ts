/**
 * A real Exim (Debian's exim4-daemon-heavy), for use inside a namespace of the session's own. Its package and Postfix's exclude each
 * other, so it may stand unpacked anywhere: HAWSER_EXIM says where.
 */

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from './daemons.ts';
import { findProgram } from './programs.ts';

/** The user that it is built for, which its package would make. */
const USER = 'Debian-exim';
const USER_ID = 64_991;

/** Path of the program; null when there is none. */
export function findExim(): string | null {
  const given = process.env.HAWSER_EXIM;
  if (given !== undefined && existsSync(given)) return given;
  return findProgram('exim4');
}

/** How it is to send. */
interface EximPlan {
  readonly name: string;
  /** Options of the transport. */
  readonly transport: readonly string[];
  /** Text of /etc/resolv.conf for it. */
  readonly resolv: string;
}

/** One that sends a message at a time. */
export interface Exim {
  /** Sends a message; what was logged of it. */
  send(recipient: string): Promise<string>;
}

/** A configuration that sends everything by DNS; `transport`: options of its only transport. */
function configuration(folder: string, transport: readonly string[]): string {
  return `primary_hostname = client.test
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
exim_path = ${findExim()}
keep_environment =
tls_advertise_hosts =
dns_dnssec_ok = 1
deliver_drop_privilege = true
log_selector = +tls_certificate_verified +dnssec +outgoing_port
begin routers
by_dns:
  driver = dnslookup
  domains = !+local_domains
  transport = smtp_dane
  dnssec_request_domains = *
  # All addresses of the session are this host's.
  self = send
  no_more
begin transports
smtp_dane:
  driver = smtp
  dnssec_request_domains = *
${transport.map((line) => `  ${line}\n`).join('')}begin retry
* * F,2h,15m
`.replace('begin routers', 'domainlist local_domains =\nbegin routers');
}

/** Makes one ready. */
export function makeExim(session: Session, { name, transport, resolv }: EximPlan): Exim {
  // It runs as a user of its own.
  chmodSync(session.folder, 0o755);
  const folder = join(session.folder, name);
  for (const each of ['spool', 'log']) mkdirSync(join(folder, each), { recursive: true, mode: 0o777 });
  for (const each of ['spool', 'log']) chmodSync(join(folder, each), 0o777);
  const config = session.file(`${name}.conf`, configuration(folder, transport));
  const withUser = (path: string, line: string): string => `${readFileSync(path, 'utf8')}${line}\n`;
  const binds = {
    '/etc/resolv.conf': session.file(`${name}.resolv`, resolv),
    '/etc/passwd': session.file(
      'passwd',
      withUser('/etc/passwd', `${USER}:x:${USER_ID}:${USER_ID}::/nonexistent:/bin/false`),
    ),
    '/etc/group': session.file('group', withUser('/etc/group', `${USER}:x:${USER_ID}:`)),
  };
  const mounts = Object.entries(binds).map(([to, from]) => `mount --bind ${from} ${to}`);
  return {
    send: async (recipient) => {
      const command = `exec ${findExim()} -C ${config} -odf -oi -f me@client.test ${recipient}`;
      const child = spawn('unshare', ['-m', 'sh', '-c', [...mounts, command].join(' && ')], {
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (piece: Buffer) => {
          said += piece.toString();
        });
      child.stdin.end(`Subject: x\n\nx\n`);
      await new Promise((resolve) => child.once('close', resolve));
      const log = join(folder, 'log', 'mainlog');
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
      const ids = lines.filter(
        (line) => line.includes(`for ${recipient}`) || new RegExp(` ${recipient}[ :]`).test(line),
      );
      return `${ids.join('\n')}\n${said}`.trim();
    },
  };
}
