/**
 * Session: Hawser with `opportunistic-tls: yes` asks real authoritative servers, of which two speak TLS and one does not. Prints one
 * line of JSON: statuses, what each question came over, what Hawser counts. Runs inside a network namespace.
 */

import { join } from 'node:path';
import { dig, parseDigReplies, Session, startHawser } from './daemons.ts';
import { control, makeKeyFiles, PLAIN_PORT, statistics } from './encrypted.ts';
import { type Authority, startAuthority } from './real-authorities.ts';

const ADDRESSES = { nsd: '127.0.1.1', bind: '127.0.1.2', knot: '127.0.1.3' } as const;
type Program = keyof typeof ADDRESSES;
const PROGRAMS = Object.keys(ADDRESSES) as Program[];

function zoneOf(program: Program): string {
  const hosts = ['a', 'b', 'c'].map((host) => `${host} IN A 192.0.2.80`);
  return [
    '$TTL 300',
    `$ORIGIN ${program}.lab.`,
    '@ IN SOA ns hostmaster 1 3600 600 86400 300',
    '@ IN NS ns',
    `ns IN A ${ADDRESSES[program]}`,
    ...hosts,
    '',
  ].join('\n');
}

async function startAuthorities(session: Session): Promise<void> {
  const tls = makeKeyFiles(session, 'authority');
  for (const program of PROGRAMS) {
    const authority: Authority = {
      ...{ program, address: ADDRESSES[program], zones: [{ zone: `${program}.lab.`, text: zoneOf(program) }] },
      ...(program === 'knot' ? {} : { tls }),
    };
    await startAuthority(session, authority);
  }
}

function configuration(session: Session): string {
  return [
    'server:',
    `  interface: 127.0.0.1@${PLAIN_PORT}`,
    '  do-not-query-localhost: no',
    '  qname-minimisation: no',
    '  module-config: "iterator"',
    '  username: ""',
    '  pidfile: ""',
    '  extended-statistics: yes',
    '  opportunistic-tls: yes',
    'remote-control:',
    '  control-enable: yes',
    `  control-interface: "${session.folder}/control"`,
    ...PROGRAMS.flatMap((program) => ['stub-zone:', `  name: ${program}.lab`, `  stub-addr: ${ADDRESSES[program]}`]),
    '',
  ].join('\n');
}

/** The status, and what the trace says that the answer came over. */
function ask(session: Session, host: string, program: Program): string {
  const name = `${host}.${program}.lab.`;
  const steps = control(session, 'trace', name, 'A');
  const over = new RegExp(`\\(${program}\\.lab\\.\\) ${name.replaceAll('.', '\\.')} A IN over (\\w+): answer`).exec(
    steps,
  );
  const [reply] = parseDigReplies(dig('127.0.0.1', PLAIN_PORT, [name, 'A', '+time=5', '+tries=1']));
  return `${reply?.status ?? 'no reply'} over ${over?.[1] ?? `nothing: ${steps}`}`;
}

/** Waits until what goes on beside questions has ended. */
async function settle(session: Session, answers: number): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (statistics(session)('num.opportunistic-tls.answers') < answers && Date.now() < giveUpAt) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    await startAuthorities(session);
    await startHawser(session, configuration(session), PLAIN_PORT);
    const asked: Record<string, string> = {};
    for (const host of ['a', 'b', 'c']) {
      for (const program of PROGRAMS) asked[`${host} ${program}`] = ask(session, host, program);
      await settle(session, host === 'a' ? 2 : 0);
    }
    const count = statistics(session);
    const counted = ['probes', 'answers', 'fallbacks'].map((what) => count(`num.opportunistic-tls.${what}`));
    const lines = session.log(join(`bind-${ADDRESSES.bind}-53`)).split('\n');
    // BIND marks what came over a stream with T.
    const seen = lines.flatMap(
      (line) => /query: ([abc]\.bind\.lab) IN A -(\S*)/.exec(line)?.slice(1, 3).join(' ') ?? [],
    );
    console.log(JSON.stringify({ asked, counted, seen }));
  } finally {
    await session.stop();
  }
}

await main();
