/**
 * Session: a host whose clock stands at 1970 when Hawser starts, and is set later, as one without a clock battery; then set
 * back. The real signed root zone on the root servers' own addresses (NSD), the clock a file that libfaketime reads. Names
 * under `domain-insecure`, as the time servers', resolve all the time. Prints one line of JSON.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dig, realRootZone, rootServerAddresses, Session, serveWithNsd, waitForAnswer } from './daemons.ts';
import { PROJECT } from './programs.ts';

const PORT = 5300;
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
/** The daemon looks at the clock every 10 seconds; a loaded machine takes its time. */
const NOTICE_MS = 40_000;
const session = new Session();
const clockFile = join(session.folder, 'clock');

function setClock(day: string): void {
  writeFileSync(clockFile, `@${day}\n`);
}

function look(question: string): string {
  const reply = dig('127.0.0.1', PORT, [...question.split(' '), '+dnssec', '+time=8', '+tries=1']);
  const status = /status: (\w+)/.exec(reply)?.[1] ?? 'none';
  const ad = /flags:[^;]* ad[ ;]/.test(reply) ? ' AD' : '';
  const told = /EDE: \d+ \([^)]*\): \(([^)]*)/.exec(reply)?.[1];
  return `${status}${ad}${told === undefined ? '' : ` ${told}`}`;
}

/** Sets the clock and waits until the daemon has noticed. */
async function moveClock(day: string, noticed: string): Promise<void> {
  setClock(day);
  const giveUpAt = performance.now() + NOTICE_MS;
  while (!session.log('hawser').includes(noticed)) {
    if (performance.now() > giveUpAt) throw new Error(`never said ${noticed}:\n${session.log('hawser')}`);
    await sleep(200);
  }
}

async function main(): Promise<Record<string, string>> {
  const zone = realRootZone();
  await serveWithNsd(session, '.', zone, rootServerAddresses(zone));
  setClock('1970-01-02 00:00:00');
  const lines = [
    'interface: 127.0.0.1',
    `port: ${PORT}`,
    'username: ""',
    'chroot: ""',
    'domain-insecure: "time-servers."',
  ];
  const config = session.file(
    'hawser.conf',
    `server:\n${lines.map((line) => `  ${line}\n`).join('')}  extended-statistics: yes\n`,
  );
  const clock = `FAKETIME_TIMESTAMP_FILE=${clockFile} FAKETIME_CACHE_DURATION=1 FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC`;
  session.start('hawser', 'sh', ['-c', `LD_PRELOAD=${FAKETIME} ${clock} exec ${PROJECT}/bin/hawserd -d -c ${config}`]);
  await waitForAnswer('127.0.0.1', PORT, 'version.server CH TXT');
  const seen: Record<string, string> = {};
  look('. SOA');
  seen['1970: signed'] = look('org. DS');
  seen['1970: time servers'] = look('ntp.time-servers. A');
  await moveClock('2020-10-21 00:00:00', 'the clock was set forward');
  seen['2020: signed'] = look('org. DS');
  seen['2020: time servers'] = look('ntp.time-servers. A');
  seen['2020: cached'] = look('org. DS');
  await moveClock('2019-01-01 00:00:00', 'the clock was set back');
  seen['2019: what was cached'] = look('org. DS');
  seen.log = session
    .log('hawser')
    .split('\n')
    .filter((line) => /clock/.test(line))
    .map((line) => line.replace(/^\[\d+\] hawserd\[\d+:0\] /, ''))
    .join('\n');
  return seen;
}

try {
  console.log(JSON.stringify(await main()));
} finally {
  await session.stop();
}
process.exit(0);
