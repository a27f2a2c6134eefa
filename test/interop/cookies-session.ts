/**
 * Session: Hawser that demands cookies; what dig gets with and without them, while unbound-control's verbs roll the secret
 * over. Prints one line of JSON. Runs inside a network namespace.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dig, Session, startHawser } from './daemons.ts';
import { PROJECT } from './programs.ts';

const PORT = 5300;
const NAME = 'a.test';
const SECRETS = ['11'.repeat(16), '22'.repeat(16)] as const;

const session = new Session();
try {
  const { folder } = session;
  const configuration = `server:
  interface: 127.0.0.1
  port: ${PORT}
  username: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  answer-cookie: yes
  cookie-secret-file: "secrets"
  access-control: 127.0.0.2/32 allow_cookie
  local-data: "${NAME}. A 192.0.2.9"
remote-control:
  control-enable: yes
  control-interface: "${folder}/control"
`;
  const control = (...words: string[]): string => {
    try {
      const config = join(folder, 'hawser.conf');
      return execFileSync(join(PROJECT, 'bin/hawser-control'), ['-c', config, ...words], { encoding: 'utf8' });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
  const ask = (...words: string[]): string => dig('127.0.0.1', PORT, [NAME, '-b', '127.0.0.2', '+ignore', ...words]);
  const cookieOf = (text: string): string => /COOKIE: ([0-9a-f]+)/.exec(text)?.[1] ?? '';

  await startHawser(session, configuration, PORT);
  const replies = {
    without: ask('+nocookie'),
    first: ask('+cookie=0102030405060708', '+nobadcookie'),
    again: ask('+cookie'),
    overTcp: ask('+nocookie', '+tcp'),
  };
  const steps: string[] = [control('add_cookie_secret', SECRETS[0])];
  const given = cookieOf(ask('+cookie=0102030405060708', '+nobadcookie'));
  steps.push(control('add_cookie_secret', SECRETS[1]), control('print_cookie_secrets'));
  steps.push(control('activate_cookie_secret'));
  const afterRollover = ask(`+cookie=${given}`, '+nobadcookie');
  steps.push(control('drop_cookie_secret'), control('print_cookie_secrets'), control('drop_cookie_secret'));
  const afterDrop = ask(`+cookie=${given}`, '+nobadcookie');
  const secrets = readFileSync(join(folder, 'secrets'), 'utf8');
  const counters = control('stats_noreset')
    .split('\n')
    .filter((line) => line.startsWith('total.num.queries_cookie_'));
  process.stdout.write(`${JSON.stringify({ replies, steps, afterRollover, afterDrop, secrets, counters })}\n`);
} finally {
  await session.stop();
}
