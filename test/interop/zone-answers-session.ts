/**
 * Session: Knot signs two zones, one with NSEC and one with NSEC3; Hawser copies them, and both are asked the same questions
 * with DO. Prints one line of JSON: how many questions, and those whose rcode, AA, answer or authority differ. Runs inside a
 * network namespace.
 */

import { execFileSync } from 'node:child_process';
import { dig, Session, startHawser, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

const PORT = 5300;
const KNOT = '127.0.0.54';
const ZONES = ['nsec.org.', 'hashed.org.', 'optout.org.'];
const TEXT = [
  '$TTL 300',
  '@ IN SOA ns hostmaster 1 3600 900 86400 60',
  '@ IN NS ns',
  '@ IN MX 10 mail',
  `ns IN A ${KNOT}`,
  'mail IN A 192.0.2.25',
  'mail IN AAAA 2001:db8::25',
  'www IN CNAME web',
  'web IN A 192.0.2.80',
  'away IN CNAME www.example.net.',
  'gone IN CNAME nowhere',
  '*.wild IN TXT "w"',
  'a.b.wild IN TXT "deep"',
  '*.alias IN CNAME web',
  'deep.empty IN A 192.0.2.1',
  'tree IN DNAME forest',
  'oak.forest IN A 192.0.2.7',
  'signed IN NS ns.signed',
  'signed IN DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000',
  'ns.signed IN A 192.0.2.54',
  'plain IN NS ns.plain',
  'ns.plain IN A 192.0.2.55',
  'x.y.cut IN NS ns.plain',
  '',
].join('\n');
const NAMES = [
  ...[
    '@',
    'ns',
    'mail',
    'www',
    'web',
    'away',
    'gone',
    'no',
    'no.www',
    'wild',
    'x.wild',
    'x.y.wild',
    'b.wild',
    'x.b.wild',
  ],
  ...[
    'x.alias',
    'empty',
    'deep.empty',
    'x.deep.empty',
    'tree',
    'oak.tree',
    'elm.tree',
    'forest',
    'signed',
    'www.signed',
  ],
  ...['plain', 'www.plain', 'ns.plain', 'cut', 'y.cut', 'x.y.cut', 'a.x.y.cut', 'z.cut', '*.wild', 'zzz', 'a', '0'],
];
const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'NS', 'DS', 'SOA', 'DNSKEY', 'CNAME', 'NSEC3PARAM'];

async function serveWithKnot(session: Session): Promise<void> {
  const zones = ZONES.flatMap((zone) => {
    const name = zone.slice(0, -1);
    session.file(`${name}.zone`, TEXT);
    const policy = name.split('.')[0];
    return [`  - domain: ${name}`, `    file: ${name}.zone`, `    dnssec-policy: ${policy}`];
  });
  const config = session.file(
    'knot.conf',
    [
      ...['server:', `  listen: [ ${KNOT}@53 ]`, `  rundir: "${session.folder}"`],
      ...['database:', `  storage: "${session.folder}"`],
      ...['policy:', '  - id: nsec'],
      ...['  - id: hashed', '    nsec3: on', '    nsec3-salt-length: 4', '    nsec3-iterations: 3'],
      ...['  - id: optout', '    nsec3: on', '    nsec3-opt-out: on'],
      ...['acl:', '  - id: transfer', '    address: 127.0.0.0/8', '    action: transfer'],
      ...['template:', '  - id: default', `    storage: "${session.folder}"`, '    acl: transfer'],
      ...['    dnssec-signing: on', '    zonefile-sync: -1', '    semantic-checks: off'],
      'zone:',
      ...zones,
    ].join('\n'),
  );
  session.start('knot', findProgram('knotd') as string, ['-c', config]);
  for (const zone of ZONES) await waitForAnswer(KNOT, 53, `${zone} SOA`);
}

function configuration(folder: string): string {
  const zones = ZONES.flatMap((zone) => ['auth-zone:', `  name: ${zone}`, `  primary: ${KNOT}`]);
  const lines = ['  interface: 127.0.0.1', `  port: ${PORT}`, '  username: ""', `  pidfile: "${folder}/hawser.pid"`];
  return ['server:', ...lines, '  minimal-responses: no', '  use-syslog: no', ...zones, ''].join('\n');
}

/** One reply in comparable form: header, then the records of answer and authority, sorted, in lower case. */
function normalised(text: string): Map<string, string> {
  const replies = new Map<string, string>();
  for (const part of text.split(/^;; ->>HEADER<<- /m).slice(1)) {
    const question = /^;; QUESTION SECTION:\n;(\S+)\s+\S+\s+(\S+)/m.exec(part);
    const status = /status: (\w+)/.exec(part)?.[1];
    const isAuthoritative = (/^;; flags: ([^;]*);/m.exec(part)?.[1] ?? '').split(' ').includes('aa');
    const sections = ['ANSWER', 'AUTHORITY'].map((name) => {
      const section = part.split(`;; ${name} SECTION:\n`)[1]?.split('\n\n')[0] ?? '';
      const lines = section === '' ? [] : section.split('\n');
      return lines.map((line) => line.replace(/\s+/g, ' ').toLowerCase()).sort();
    });
    const key = `${question?.[1]} ${question?.[2]}`;
    replies.set(key, JSON.stringify([status, isAuthoritative, ...sections]));
  }
  return replies;
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    execFileSync('ip', ['addr', 'add', `${KNOT}/32`, 'dev', 'lo']);
    await serveWithKnot(session);
    await startHawser(session, configuration(session.folder), PORT);
    for (const zone of ZONES) {
      while (!dig('127.0.0.1', PORT, [zone, 'SOA', '+short']).includes('hostmaster')) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    const questions = ZONES.flatMap((zone) =>
      NAMES.flatMap((name) => TYPES.map((type) => `${name === '@' ? zone : `${name}.${zone}`} ${type}`)),
    );
    const lines = questions.map((question) => `${question} +dnssec +norecurse +tcp +keepopen +time=5 +tries=1`);
    const words = ['-f', session.file('questions', `${lines.join('\n')}\n`)];
    const ours = normalised(dig('127.0.0.1', PORT, words));
    const theirs = normalised(dig(KNOT, 53, words));
    const different = questions.filter((question) => ours.get(question) !== theirs.get(question));
    console.log(JSON.stringify({ asked: questions.length, answered: ours.size, different }));
    for (const question of different.slice(0, 20)) {
      console.error(`${question}\n  ours   ${ours.get(question)}\n  theirs ${theirs.get(question)}`);
    }
  } finally {
    await session.stop();
  }
}

await main();
