/**
 * Session: a live Unbound and Hawser with `minimal-responses: no` over the same servers get the same questions, each twice.
 * Prints one line of JSON: the sections of every reply, with and without NS sets beside answers. Runs inside a network namespace.
 */

import { join } from 'node:path';
import { dig, Session, serveWithNsd, waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const ZONE = `$ORIGIN full.test.
$TTL 300
@ SOA ns h 7 3600 600 86400 60
@ NS ns
@ NS ns2
@ MX 10 mail
ns A 192.0.2.53
ns2 A 192.0.2.54
ns2 AAAA 2001:db8::54
mail A 192.0.2.25
mail AAAA 2001:db8::25
_25._tcp.mail TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
www CNAME web
web A 192.0.2.80
_imap._tcp SRV 0 1 143 mail
gone CNAME nowhere
`;

/** Every question is asked twice: what comes from the cache must be as whole as what does not. */
const QUESTIONS = [
  'mail.full.test A',
  'full.test MX',
  'full.test NS',
  'full.test SOA',
  '_25._tcp.mail.full.test TLSA',
  'www.full.test A',
  '_imap._tcp.full.test SRV',
  'mail.full.test TXT',
  'none.full.test A',
  'gone.full.test A',
];

interface Sections {
  readonly status: string;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

/** The sections of dig's output, in no order and without TTLs. */
function sectionsOf(text: string): Sections {
  const section = (name: string): string[] => {
    const lines = (text.split(`;; ${name} SECTION:\n`)[1] ?? '').split('\n\n')[0] ?? '';
    return lines
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';'))
      .map((line) =>
        line
          .split(/\s+/)
          .filter((_, i) => i !== 1)
          .join(' '),
      )
      .sort();
  };
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? 'none',
    answer: section('ANSWER'),
    authority: section('AUTHORITY'),
    additional: section('ADDITIONAL'),
  };
}

/** `iter-scrub-promiscuous`: whether NS sets beside an answer are dropped. */
type Scrubs = 'yes' | 'no';

async function observe(session: Session, name: 'unbound' | 'hawser', port: number, scrubs: Scrubs) {
  const config = session.file(
    `${name}.conf`,
    `server:
  interface: 127.0.0.1
  port: ${port}
  username: ""
  chroot: ""
  directory: "${session.folder}"
  pidfile: ""
  use-syslog: no
  minimal-responses: no
  iter-scrub-promiscuous: ${scrubs}
  rrset-roundrobin: no
  module-config: "validator iterator"
  do-not-query-localhost: no
  domain-insecure: "test"
  local-zone: "test." nodefault
stub-zone:
  name: full.test
  stub-addr: 192.0.2.53
`,
  );
  const program = name === 'unbound' ? (findProgram('unbound') as string) : join(PROJECT, 'bin/hawserd');
  session.start(name, program, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', port, 'version.server CH TXT');
  const replies: Record<string, Sections> = {};
  for (const round of ['first', 'again']) {
    for (const question of QUESTIONS) {
      replies[`${question} ${round}`] = sectionsOf(
        dig('127.0.0.1', port, [...question.split(' '), '+time=5', '+tries=1']),
      );
    }
  }
  return replies;
}

const session = new Session();
try {
  await serveWithNsd(session, 'full.test', ZONE, ['192.0.2.53']);
  const scrubbed = {
    unbound: await observe(session, 'unbound', 5301, 'yes'),
    hawser: await observe(session, 'hawser', 5302, 'yes'),
  };
  const whole = {
    unbound: await observe(session, 'unbound', 5303, 'no'),
    hawser: await observe(session, 'hawser', 5304, 'no'),
  };
  process.stdout.write(`${JSON.stringify({ scrubbed, whole })}\n`);
} finally {
  await session.stop();
}
