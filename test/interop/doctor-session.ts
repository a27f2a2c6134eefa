/**
 * Session: a host that is well, and then one that has each fault once, examined by the real program: the real signed root zone
 * on the root servers' own addresses (NSD), the clock by libfaketime, faults by nftables, a mount namespace for
 * /etc/resolv.conf, Postfix's own configuration. Prints one line of JSON: for each case the checks that are not ok.
 */

import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realRootZone, rootServerAddresses, Session, serveWithNsd, waitForAnswer } from './daemons.ts';
import { PROJECT } from './programs.ts';

const RIGHT_DAY = '2020-10-21 00:00:00';
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const ANCHORS = readFileSync(join(PROJECT, 'trust-anchors/root-anchors.txt'), 'utf8');
const RIGHT_RESOLV = 'nameserver 127.0.0.1\noptions edns0 trust-ad\n';
const DANE = 'smtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec\nsmtp_host_lookup = dns\n';
const STUB = '127.0.0.8';
const STUB_PORT = 5308;

/** What a case changes of the host that is well. */
interface Case {
  readonly config?: string;
  readonly resolv?: string;
  readonly postfix?: string;
  readonly day?: string | null;
  /** Shell words before the program, such as `ulimit -n 100;`. */
  readonly before?: string;
}

interface Report {
  readonly status: number;
  readonly checks: readonly {
    readonly id: string;
    readonly level: string;
    readonly cause: string;
    readonly remedy: string | null;
  }[];
}

const session = new Session();
const spool = join(session.folder, 'spool');

function sh(words: string): void {
  execFileSync('sh', ['-c', words], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function baseConfig(more = ''): string {
  const anchor = join(session.folder, 'anchor/root.key');
  return `server:\n  username: ""\n  chroot: ""\n  directory: "${session.folder}"\n  auto-trust-anchor-file: "${anchor}"\n${more}\n`;
}

let cases = 0;

/** Runs the program in a mount namespace of its own, with the clock of the day. */
async function examine(changes: Case = {}): Promise<Report> {
  const number = ++cases;
  const config = session.file(`doctor-${number}.conf`, changes.config ?? baseConfig());
  const resolv = session.file(`resolv-${number}.conf`, changes.resolv ?? RIGHT_RESOLV);
  const mail = join(session.folder, `postfix-${number}`);
  mkdirSync(mail);
  session.file(
    `postfix-${number}/main.cf`,
    `compatibility_level = 3.6\nqueue_directory = ${spool}\n${changes.postfix ?? DANE}`,
  );
  session.file(`postfix-${number}/master.cf`, 'smtp unix - - n - - smtp\n');
  const day = changes.day === undefined ? RIGHT_DAY : changes.day;
  const clock = day === null ? '' : `LD_PRELOAD=${FAKETIME} FAKETIME="@${day}" FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC`;
  const run = `mount --bind ${resolv} /etc/resolv.conf && ${changes.before ?? ''} MAIL_CONFIG=${mail} ${clock} exec ${PROJECT}/bin/hawser doctor -C ${config} --json`;
  const child = spawn('unshare', ['-m', 'sh', '-c', run], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return { status, checks: (JSON.parse(text) as Report).checks };
}

/** Answers everything over UDP, without authority, without signatures, as a middlebox does. */
function startMiddlebox(ip: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port: to }) => {
    let end = 12;
    while ((query[end] ?? 0) > 0) end += (query[end] ?? 0) + 1;
    const reply = Buffer.from(query.subarray(0, end + 5));
    reply.writeUInt16BE(0x8180, 2);
    reply.writeUInt16BE(0, 10);
    socket.send(reply, to, address);
  });
  return new Promise((resolve) => socket.bind(port, ip, () => resolve()));
}

async function startWorld(): Promise<void> {
  const zone = realRootZone();
  await serveWithNsd(session, '.', zone, rootServerAddresses(zone));
  // Everywhere else is silence, not an error.
  sh('ip route add default dev lo; ip -6 route add default dev lo; nft add table inet t');
  sh('nft "add chain inet t out { type filter hook output priority 0; }"');
  sh('nft "add chain inet t nat { type nat hook output priority -100; }"');
  await startMiddlebox(STUB, STUB_PORT);
  await startMiddlebox(STUB, 53);
  mkdirSync(join(session.folder, 'anchor'));
  session.file('anchor/root.key', ANCHORS);
  mkdirSync(join(spool, 'etc'), { recursive: true });
  const config = session.file('hawser.conf', baseConfig('  interface: 127.0.0.1'));
  const env = `LD_PRELOAD=${FAKETIME} FAKETIME="@${RIGHT_DAY}" FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC`;
  session.start('hawser', 'sh', ['-c', `${env} exec ${PROJECT}/bin/hawserd -d -c ${config}`]);
  await waitForAnswer('127.0.0.1', 53, '. SOA');
}

/** A case while a rule of nftables holds. */
async function withRule(chain: 'out' | 'nat', rule: string): Promise<Report> {
  sh(`nft 'add rule inet t ${chain} ${rule}'`);
  const report = await examine();
  sh(`nft flush chain inet t ${chain}`);
  return report;
}

async function main(): Promise<Record<string, Report>> {
  await startWorld();
  const dir = (name: string, mode: number): string => {
    mkdirSync(join(session.folder, name));
    session.file(`${name}/root.key`, ANCHORS);
    chmodSync(join(session.folder, name), mode);
    return join(session.folder, name, 'root.key');
  };
  chmodSync(session.folder, 0o755);
  const locked = dir('locked', 0o755);
  const old = dir('old', 0o755);
  session.file('old/root.key', `;;last_success: 1594000000 ;;long ago\n${ANCHORS}`);
  const anchored = (path: string, user = ''): string =>
    baseConfig()
      .replace(/auto-trust-anchor-file: .*/, `auto-trust-anchor-file: "${path}"`)
      .replace('username: ""', `username: "${user}"`);
  const forwarding = `${baseConfig()}  do-not-query-localhost: no\nforward-zone:\n  name: "."\n  forward-addr: ${STUB}@${STUB_PORT}\n`;
  const reports: Record<string, Report> = {};
  // Two at a time: most of the time of one is waiting.
  const all: readonly (readonly [string, Case])[] = [
    ['well', {}],
    ['clock fast', { day: '2026-11-28 00:00:00' }],
    ['clock slow', { day: '1970-01-02 00:00:00' }],
    ['anchor folder of another', { config: anchored(locked, 'nobody') }],
    ['anchor missing', { config: anchored('/nonexistent/root.key') }],
    [
      'anchor read-only',
      {
        before: `mount --bind ${locked.replace('/root.key', '')} ${locked.replace('/root.key', '')} && mount -o remount,bind,ro ${locked.replace('/root.key', '')} &&`,
        config: anchored(locked),
      },
    ],
    ['anchor old', { config: anchored(old) }],
    ['second resolver', { resolv: `nameserver 127.0.0.1\nnameserver ${STUB}\noptions edns0 trust-ad\n` }],
    ['no trust-ad', { resolv: 'nameserver 127.0.0.1\n' }],
    ['stub first', { resolv: 'nameserver 127.0.0.53\noptions trust-ad\n' }],
    ['first does not validate', { resolv: `nameserver ${STUB}\noptions trust-ad\n` }],
    ['dane without dnssec', { postfix: 'smtp_tls_security_level = dane\n' }],
    ['no dane', { postfix: 'smtp_tls_security_level = may\n' }],
    ['native lookup', { postfix: `${DANE}smtp_host_lookup = native\n` }],
    ['few files', { before: 'ulimit -n 256;' }],
    ['large cache', { config: baseConfig('  rrset-cache-size: 900g') }],
    ['forwarder without signatures', { config: forwarding }],
    ['another program', { config: baseConfig('  interface: 198.41.0.4') }],
    ['nobody listens', { config: baseConfig('  interface: 127.0.0.5') }],
    ['large fragments', { config: baseConfig('  edns-buffer-size: 4096') }],
  ];
  for (let i = 0; i < all.length; i += 2) {
    const pair = all.slice(i, i + 2);
    const done = await Promise.all(pair.map(([, changes]) => examine(changes)));
    for (const [at, [name]] of pair.entries()) if (done[at] !== undefined) reports[name] = done[at];
  }
  session.file('spool/etc/resolv.conf', 'nameserver 192.0.2.1\n');
  reports['old copy'] = await examine();
  session.file('spool/etc/resolv.conf', RIGHT_RESOLV);
  reports['TCP blocked'] = await withRule('out', 'tcp dport 53 drop');
  reports['UDP blocked'] = await withRule('out', 'ip daddr != 127.0.0.0/8 udp dport 53 drop');
  reports['UDP blocked for IPv6'] = await withRule(
    'out',
    'ip6 daddr != ::1 meta l4proto { tcp, udp } th dport 53 drop',
  );
  reports['large UDP lost'] = await withRule('out', 'udp sport 53 udp length > 600 drop');
  reports.interceptor = await withRule('nat', `ip daddr != 127.0.0.0/8 udp dport 53 dnat ip to ${STUB}:${STUB_PORT}`);
  sh('ip -6 route del default; ip -6 addr flush dev lo; ip -6 route flush table local dev lo');
  reports['no IPv6 route'] = await examine();
  return reports;
}

try {
  if (!existsSync(FAKETIME)) throw new Error(`${FAKETIME} is missing`);
  const reports = await main();
  const told = Object.entries(reports).map(([name, { status, checks }]) => [
    name,
    { status, faults: checks.filter(({ level }) => level !== 'ok') },
  ]);
  console.log(JSON.stringify(Object.fromEntries(told)));
} catch (error) {
  console.error(error, session.log('hawser').slice(-3000));
  throw error;
} finally {
  await session.stop();
}
process.exit(0);
