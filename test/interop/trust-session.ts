/**
 * Session: a root of our own with two key signing keys (BIND's signer, NSD), of which Hawser trusts one; what it tells the
 * root (RFC 8145), clients (RFC 8509, trustanchor.unbound) and operators (list_anchors by both control programs, the log,
 * statistics, doctor); then resolv.conf is installed and undone in a mount namespace. Prints one line of JSON.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { dig, Session, waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';
import { startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';

const ROOT_SERVER = '198.51.100.1';
const FOREIGN = '00001';
const session = new Session();

function short(question: string): string {
  const reply = dig('127.0.0.1', 53, [...question.split(' '), '+dnssec', '+time=5', '+tries=1']);
  return `${/status: (\w+)/.exec(reply)?.[1] ?? 'none'}${/flags:[^;]* ad[ ;]/.test(reply) ? ' AD' : ''}`;
}

function run(program: string, args: readonly string[]): { status: number; text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status: status ?? -1, text: stdout + stderr };
}

/** Queries that name key tags, as the packet filter counts them on their way to the root server (RFC 8145 section 5.1). */
function signalsSeen(): number {
  const text = execFileSync('nft', ['list', 'chain', 'inet', 't', 'out'], { encoding: 'utf8' });
  return Number(/counter packets (\d+)/.exec(text)?.[1] ?? -1);
}

/** A host whose resolv.conf lists a resolver of the provider, in a mount namespace with an /etc of its own. */
function tryResolvConf(config: string, before: string): Record<string, string> {
  const hawser = `${join(PROJECT, 'bin/hawser')} resolvconf`;
  const step = (name: string, words: string): string =>
    `echo "== ${name}"; ${hawser} ${words} -C ${config} 2>&1; echo "rc=$?"; cat /etc/resolv.conf; ls -l /etc/resolv.conf | sed 's/.*resolv.conf/at &/'`;
  const script = [
    `mkdir -p ${session.folder}/etc && mount -t tmpfs none ${session.folder}/etc && cp -a /etc/. ${session.folder}/etc/ && mount --bind ${session.folder}/etc /etc`,
    `rm -f /etc/resolv.conf; ${before}`,
    step('check', 'check'),
    step('install', 'install'),
    step('check again', 'check'),
    step('install again', 'install'),
    step('undo', 'undo').replace(`undo -C ${config}`, 'undo'),
    step('undo again', 'undo').replace(`undo -C ${config}`, 'undo'),
  ].join('\n');
  const { text } = run('unshare', ['-m', 'sh', '-c', script]);
  const parts = text.split(/^== /m).slice(1);
  return Object.fromEntries(
    parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  );
}

async function main(): Promise<unknown> {
  const sentinels = ['is', 'not'].map((kind) => `root-key-sentinel-${kind}-ta-${FOREIGN} A 192.0.2.1`);
  const text = `$ORIGIN .\n$TTL 300\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A ${ROOT_SERVER}\n${sentinels.join('\n')}\n`;
  const root = signZone(session.folder, {
    zone: '.',
    text,
    signer: 'bind',
    algorithms: [13],
    denial: 'nsec',
    kskCount: 2,
  });
  await startAuthority(session, { program: 'nsd', address: ROOT_SERVER, zones: [{ zone: '.', text: root.text }] });
  execFileSync('sh', [
    '-c',
    'ip route add default dev lo; nft add table inet t; nft "add chain inet t out { type filter hook output priority 0; }"',
  ]);
  // The name begins 20 octets after the UDP header's start: one of length, then "_ta-".
  execFileSync('nft', [
    'add',
    'rule',
    'inet',
    't',
    'out',
    'ip',
    'daddr',
    ROOT_SERVER,
    '@th,168,32',
    '0x5f74612d',
    'counter',
  ]);
  const [trusted = '', other = ''] = root.ds[2];
  const anchor = session.file('root.key', `. IN DS ${trusted}\n`);
  const hints = session.file('root.hints', `. 3600000 NS ns1.\nns1. 3600000 A ${ROOT_SERVER}\n`);
  const socket = join(session.folder, 'control');
  const server = `server:\n  interface: 127.0.0.1\n  username: ""\n  chroot: ""\n  do-ip6: no\n  root-hints: "${hints}"\n  auto-trust-anchor-file: "${anchor}"\n  extended-statistics: yes\n  root-key-sentinel: yes\n  trust-anchor-signaling: yes\n  do-not-query-localhost: no\n`;
  const config = session.file(
    'hawser.conf',
    `${server}remote-control:\n  control-enable: yes\n  control-use-cert: no\n  control-interface: "${socket}"\n`,
  );
  session.start('hawser', join(PROJECT, 'bin/hawserd'), ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', 53, '. SOA');
  const hawserControl = (...words: string[]) => run(join(PROJECT, 'bin/hawser-control'), ['-c', config, ...words]);
  const seen = {
    answer: short('. SOA'),
    isTrusted: short(`root-key-sentinel-is-ta-${FOREIGN} A`),
    isNotTrusted: short(`root-key-sentinel-not-ta-${FOREIGN} A`),
    signals: signalsSeen(),
    anchorText: dig('127.0.0.1', 53, ['trustanchor.unbound', 'CH', 'TXT', '+short']).trim(),
    list: hawserControl('list_anchors'),
    listByUnbound: run(findProgram('unbound-control') as string, ['-c', config, 'list_anchors']),
    hide: hawserControl('set_option', 'hide-trustanchor:', 'yes').text,
    hidden: short('trustanchor.unbound CH TXT'),
    statistics: hawserControl('stats_noreset')
      .text.split('\n')
      .filter((line) => /anchor|clock/.test(line)),
    doctor: hawserControl('doctor'),
    doctorJson: hawserControl('doctor', '+json').text,
    tags: { trusted: Number(trusted.split(' ')[0]), other: Number(other.split(' ')[0]) },
    log: session
      .log('hawser')
      .split('\n')
      .filter((line) => line.includes('trust anchor'))
      .map((line) => line.replace(/^.*?\] /, '')),
  };
  const file = tryResolvConf(
    config,
    "printf 'search example.org\\nnameserver 192.0.2.1\\noptions rotate timeout:3\\n' > /etc/resolv.conf",
  );
  const link = tryResolvConf(
    config,
    'mkdir -p /etc/stub/systemd/resolve; echo nameserver 127.0.0.53 > /etc/stub/systemd/resolve/stub-resolv.conf; ln -s stub/systemd/resolve/stub-resolv.conf /etc/resolv.conf',
  );
  return { ...seen, file, link };
}

try {
  console.log(JSON.stringify(await main()));
} finally {
  await session.stop();
}
process.exit(0);
