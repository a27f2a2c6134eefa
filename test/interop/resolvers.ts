/**
 * The resolvers that interop sessions ask: Hawser, and beside it those of Debian that are installed: Unbound, BIND, Knot
 * Resolver, PowerDNS Recursor. Each has the session's root servers and trust anchor, and otherwise its own defaults.
 */

import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Session, startHawser, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

/** The world that a resolver is to work in. */
export interface Surroundings {
  /** Addresses of the root's servers. */
  readonly rootServers: readonly string[];
  /** The root's DS rdata as text. */
  readonly anchors: readonly string[];
  /** More lines for the server clause of Hawser and Unbound. */
  readonly serverLines?: readonly string[];
  /** Room that the peers but Unbound have for their caches, MiB; else what each has by default (Knot Resolver: 50). */
  readonly cacheMib?: number;
}

/** A resolver that runs. */
export interface RunningResolver {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
}

const PORTS = { hawser: 5300, unbound: 5301, bind: 5302, knot: 5303, powerdns: 5304 } as const;

function hintsText({ rootServers }: Surroundings): string {
  return rootServers
    .flatMap((address, i) => [`. 3600000 NS r${i}.rootservers.`, `r${i}.rootservers. 3600000 A ${address}`])
    .join('\n')
    .concat('\n');
}

function commonLines(session: Session, surroundings: Surroundings, port: number): string[] {
  const anchors = surroundings.anchors.map((rdata) => `. 3600 IN DS ${rdata}`).join('\n');
  return [
    'server:',
    '  interface: 127.0.0.1',
    `  port: ${port}`,
    '  trust-anchor-signaling: no',
    `  root-hints: "${session.file('hints', hintsText(surroundings))}"`,
    `  trust-anchor-file: "${session.file('anchors', `${anchors}\n`)}"`,
    ...(surroundings.serverLines ?? []).map((line) => `  ${line}`),
  ];
}

/** Hawser in these surroundings. */
export async function startHawserThere(session: Session, surroundings: Surroundings): Promise<RunningResolver> {
  const lines = commonLines(session, surroundings, PORTS.hawser);
  const process = await startHawser(session, `${lines.join('\n')}\n`, PORTS.hawser);
  return { name: 'Hawser', port: PORTS.hawser, process };
}

/** Unbound in these surroundings. */
export async function startUnboundThere(session: Session, surroundings: Surroundings): Promise<RunningResolver> {
  const lines = [
    ...commonLines(session, surroundings, PORTS.unbound),
    '  username: ""',
    '  chroot: ""',
    `  directory: "${session.folder}"`,
    '  pidfile: ""',
    '  use-syslog: no',
    '  do-daemonize: no',
    '  num-threads: 1',
  ];
  const config = session.file('unbound.conf', `${lines.join('\n')}\n`);
  const process = session.start('unbound', findProgram('unbound') as string, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', PORTS.unbound, 'version.server CH TXT');
  return { name: `Unbound ${versionOf('unbound', ['-V'])}`, port: PORTS.unbound, process };
}

async function startBind(session: Session, surroundings: Surroundings): Promise<RunningResolver> {
  const { cacheMib } = surroundings;
  const hints = session.file('bind-hints', hintsText(surroundings));
  const anchors = surroundings.anchors.map((rdata) => {
    const [tag, algorithm, type, ...digest] = rdata.split(' ');
    return `  "." static-ds ${tag} ${algorithm} ${type} "${digest.join('')}";`;
  });
  const lines = [
    'options {',
    `  directory "${session.folder}";`,
    `  listen-on port ${PORTS.bind} { 127.0.0.1; };`,
    '  listen-on-v6 { none; };',
    '  recursion yes;',
    '  dnssec-validation yes;',
    '  trust-anchor-telemetry no;',
    '  pid-file none;',
    ...(cacheMib === undefined ? [] : [`  max-cache-size ${cacheMib}M;`]),
    '};',
    'controls { };',
    `zone "." { type hint; file "${hints}"; };`,
    'trust-anchors {',
    ...anchors,
    '};',
  ];
  const config = session.file('named.conf', `${lines.join('\n')}\n`);
  const process = session.start('named', findProgram('named') as string, ['-g', '-4', '-n', '1', '-c', config]);
  await waitForAnswer('127.0.0.1', PORTS.bind, 'version.bind CH TXT');
  return { name: `BIND ${versionOf('named', ['-V'])}`, port: PORTS.bind, process };
}

async function startKnotResolver(session: Session, surroundings: Surroundings): Promise<RunningResolver> {
  const roots = surroundings.rootServers.map((address, i) => `['r${i}.rootservers.'] = '${address}'`);
  const lines = [
    `net.listen('127.0.0.1', ${PORTS.knot}, { kind = 'dns' })`,
    'net.ipv6 = false',
    "modules = { 'hints > iterate' }",
    ...['ta_update', 'ta_signal_query', 'priming', 'detect_time_skew'].map((name) => `modules.unload('${name}')`),
    `hints.root({ ${roots.join(', ')} })`,
    ...surroundings.anchors.map((rdata) => `trust_anchors.add('. IN DS ${rdata}')`),
    `cache.size = ${surroundings.cacheMib ?? 50} * MB`,
  ];
  const config = session.file('kresd.conf', `${lines.join('\n')}\n`);
  const folder = join(session.folder, 'kresd');
  mkdirSync(folder);
  const process = session.start('kresd', findProgram('kresd') as string, ['-n', '-c', config, folder]);
  await waitForAnswer('127.0.0.1', PORTS.knot, 'localhost A');
  return { name: `Knot Resolver ${versionOf('kresd', ['-V'])}`, port: PORTS.knot, process };
}

async function startPowerDns(session: Session, surroundings: Surroundings): Promise<RunningResolver> {
  const folder = join(session.folder, 'pdns');
  mkdirSync(folder);
  const hints = session.file('pdns-hints', hintsText(surroundings));
  const anchors = surroundings.anchors.map((rdata) => `addTA('.', "${rdata}")`);
  const lua = session.file('pdns.lua', `clearTA()\n${anchors.join('\n')}\n`);
  const lines = [
    'local-address=127.0.0.1',
    `local-port=${PORTS.powerdns}`,
    `hint-file=${hints}`,
    `lua-config-file=${lua}`,
    'dnssec=validate',
    'dont-query=',
    'daemon=no',
    'write-pid=no',
    'security-poll-suffix=',
    `socket-dir=${folder}`,
    'setuid=',
    'setgid=',
    'threads=1',
    // It counts entries, of about a kilobyte each.
    ...(surroundings.cacheMib === undefined ? [] : [`max-cache-entries=${surroundings.cacheMib * 1024}`]),
  ];
  writeFileSync(join(folder, 'recursor.conf'), `${lines.join('\n')}\n`);
  const process = session.start('pdns', findProgram('pdns_recursor') as string, [`--config-dir=${folder}`]);
  await waitForAnswer('127.0.0.1', PORTS.powerdns, 'version.bind CH TXT');
  return { name: `PowerDNS Recursor ${versionOf('pdns_recursor', ['--version'])}`, port: PORTS.powerdns, process };
}

/** A peer that may be installed. */
export interface Peer {
  readonly program: string;
  readonly port: number;
  readonly start: (session: Session, surroundings: Surroundings) => Promise<RunningResolver>;
}

/** All that are known. */
export const PEERS: readonly Peer[] = [
  { program: 'unbound', port: PORTS.unbound, start: startUnboundThere },
  { program: 'named', port: PORTS.bind, start: startBind },
  { program: 'kresd', port: PORTS.knot, start: startKnotResolver },
  { program: 'pdns_recursor', port: PORTS.powerdns, start: startPowerDns },
];
/** Where Hawser listens. */
export const HAWSER_PORT = PORTS.hawser;

/** Starts those of the peers that are installed; one that cannot be started is said on standard error and left out. */
export async function startPeers(session: Session, surroundings: Surroundings): Promise<RunningResolver[]> {
  const running: RunningResolver[] = [];
  for (const { program, start } of PEERS) {
    if (findProgram(program) === null) continue;
    try {
      running.push(await start(session, surroundings));
    } catch (error) {
      console.error(`${program} does not start: ${error instanceof Error ? error.message : error}`);
    }
  }
  return running;
}

function versionOf(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(findProgram(program) as string, args, { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(`${stdout} ${stderr}`)?.[0] ?? '';
}
