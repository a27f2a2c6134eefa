/**
 * Session: a host that has Unbound's configuration file and Hawser's own, in a copy-on-write copy of /etc, asks `hawser doctor` without
 * naming one: with no daemon, with one that was started with either file, and when only Hawser's own file is there. The caches of the
 * two are of different size, so that what is found tells them apart. Prints one line of JSON.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Session } from './daemons.ts';
import { PROJECT } from './programs.ts';

const BOTH = ['/etc/unbound/unbound.conf', '/etc/hawser/hawser.conf'] as const;

/** Waits until the daemon answers, a minute at most. */
const ANSWERS =
  '{ for i in $(seq 60); do dig @127.0.0.9 -p 5300 version.server CH TXT +time=1 +tries=1 >/dev/null && break; sleep 1; done; }';

/** What the doctor said, as text and as JSON. */
export interface Said {
  readonly text: string;
  readonly json: { readonly configuration: string; readonly checks: readonly { readonly cause: string }[] };
}

const session = new Session();
let copies = 0;

function configOf(path: string): string {
  // Much more than this host has; the sizes differ.
  const size = path === BOTH[0] ? '8000g' : '9000g';
  const lines = ['username: ""', 'chroot: ""', 'interface: 127.0.0.9', 'port: 5300', `rrset-cache-size: ${size}`];
  return `server:\n${lines.map((line) => `  ${line}\n`).join('')}remote-control:\n  control-enable: no\n`;
}

/** What the doctor says with these files; `daemon`: the file of a daemon that runs beside it. */
function examine(files: readonly string[], daemon: string | null): Said {
  const folder = join(session.folder, `copy-${++copies}`);
  mkdirSync(folder);
  const steps = [
    `mount -t tmpfs tmpfs ${folder}`,
    `mkdir ${folder}/upper ${folder}/work`,
    `mount -t overlay overlay -o lowerdir=/etc,upperdir=${folder}/upper,workdir=${folder}/work /etc`,
    'rm -rf /etc/unbound /etc/hawser',
    ...files.flatMap((path, i) => [
      `mkdir -p $(dirname ${path})`,
      `cp ${session.file(`file-${copies}-${i}`, configOf(path))} ${path}`,
    ]),
  ];
  const start = daemon === null ? [] : [`{ ${PROJECT}/bin/hawserd -d -c ${daemon} >/dev/null 2>&1 & }`, ANSWERS];
  const doctor = `${PROJECT}/bin/hawser doctor`;
  const ask = (words: string): string => `{ ${doctor}${words} 2>/dev/null || test $? = 1; }`;
  const script = [...steps, ...start, ask(''), 'echo ----', ask(' --json')].join(' && ');
  const stop = '; status=$?; kill $(jobs -p) 2>/dev/null; exit $status';
  const said = execFileSync('unshare', ['-m', 'bash', '-c', script + stop], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text = '', json = ''] = said.split('----\n');
  return { text, json: JSON.parse(json) };
}

try {
  const [unbound, own] = BOTH;
  const said = {
    both: examine(BOTH, null),
    ownRuns: examine(BOTH, own),
    unboundRuns: examine(BOTH, unbound),
    ownAlone: examine([own], null),
  };
  console.log(JSON.stringify(said));
} finally {
  await session.stop();
}
process.exit(0);
