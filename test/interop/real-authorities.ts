/** Real authoritative servers, NSD, Knot and BIND, that serve several zones on an address each. For sessions in a namespace. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Session, waitForAnswer } from './daemons.ts';
import { findProgram } from './programs.ts';

/** A zone as text. */
export interface ServedZone {
  readonly zone: string;
  readonly text: string;
}

/** What one server serves, and where. */
export interface Authority {
  readonly program: 'nsd' | 'knot' | 'bind';
  readonly address: string;
  readonly port?: number;
  /** Paths: it answers over TLS too, at port 853. Knot has none (before 3.4). */
  readonly tls?: { readonly key: string; readonly certificate: string };
  readonly zones: readonly ServedZone[];
}

/** Puts an address on loopback. */
export function addAddress(address: string): void {
  execFileSync('ip', ['addr', 'replace', `${address}/32`, 'dev', 'lo']);
}

function zoneFile(zone: string): string {
  return `${zone === '.' ? 'root' : zone.slice(0, -1)}.zone`;
}

/** Starts a server and waits until it answers for its first zone. */
export async function startAuthority(session: Session, authority: Authority): Promise<void> {
  const { program, address, port = 53, zones } = authority;
  const name = `${program}-${address}-${port}`;
  const folder = join(session.folder, name);
  mkdirSync(join(folder, 'db'), { recursive: true });
  for (const { zone, text } of zones) writeFileSync(join(folder, zoneFile(zone)), text);
  addAddress(address);
  const path = join(folder, `${program}.conf`);
  writeFileSync(path, CONFIGURATIONS[program](folder, authority));
  const [command, ...args] = COMMANDS[program];
  session.start(name, findProgram(command) as string, [...args, path]);
  await waitForAnswer(address, port, `${zones[0]?.zone ?? '.'} SOA`);
}

/** How each is started; the path of its configuration comes last. */
const COMMANDS = { nsd: ['nsd', '-d', '-c'], knot: ['knotd', '-c'], bind: ['named', '-g', '-n', '1', '-c'] } as const;
const CONFIGURATIONS = { nsd: nsdConfiguration, knot: knotConfiguration, bind: bindConfiguration };

function nsdConfiguration(folder: string, { address, port = 53, zones, tls }: Authority): string {
  return [
    'server:',
    `  ip-address: ${address}@${port}`,
    ...(tls === undefined ? [] : nsdTls(address, tls)),
    `  zonesdir: "${folder}"`,
    `  pidfile: "${folder}/nsd.pid"`,
    `  xfrdfile: "${folder}/xfrd.state"`,
    `  zonelistfile: "${folder}/zone.list"`,
    '  database: ""',
    '  username: ""',
    '  server-count: 1',
    '  rrl-ratelimit: 0',
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap(({ zone }) => ['zone:', `  name: "${zone}"`, `  zonefile: "${zoneFile(zone)}"`]),
    '',
  ].join('\n');
}

function nsdTls(address: string, { key, certificate }: NonNullable<Authority['tls']>): readonly string[] {
  const files = [`  tls-service-key: "${key}"`, `  tls-service-pem: "${certificate}"`];
  return [`  ip-address: ${address}@853`, '  tls-port: 853', ...files];
}

/** Its log tells each question, with `T` where it came over a stream. */
function bindConfiguration(folder: string, { address, port = 53, zones, tls }: Authority): string {
  return [
    ...(tls === undefined ? [] : [`tls local { key-file "${tls.key}"; cert-file "${tls.certificate}"; };`]),
    'options {',
    `  directory "${folder}";`,
    `  pid-file "${folder}/named.pid";`,
    `  session-keyfile "${folder}/session.key";`,
    `  listen-on port ${port} { ${address}; };`,
    ...(tls === undefined ? [] : [`  listen-on port 853 tls local { ${address}; };`]),
    '  listen-on-v6 { none; };',
    '  recursion no;',
    '  querylog yes;',
    '};',
    'controls { };',
    ...zones.map(({ zone }) => `zone "${zone}" { type primary; file "${folder}/${zoneFile(zone)}"; };`),
    '',
  ].join('\n');
}

function knotConfiguration(folder: string, { address, port = 53, zones }: Authority): string {
  return [
    'server:',
    `  rundir: ${folder}`,
    `  listen: ${address}@${port}`,
    '  udp-workers: 1',
    '  tcp-workers: 1',
    '  background-workers: 1',
    'database:',
    `  storage: ${join(folder, 'db')}`,
    'log:',
    '  - target: stderr',
    '    any: warning',
    'zone:',
    ...zones.flatMap(({ zone }) => [
      `  - domain: ${zone}`,
      `    storage: ${folder}`,
      `    file: ${zoneFile(zone)}`,
      '    zonefile-load: whole',
    ]),
    '',
  ].join('\n');
}
