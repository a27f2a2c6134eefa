/** Real authoritative servers, NSD and Knot, that serve several zones on an address each. For sessions in a namespace. */

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
  readonly program: 'nsd' | 'knot';
  readonly address: string;
  readonly port?: number;
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
  const configuration = program === 'nsd' ? nsdConfiguration(folder, authority) : knotConfiguration(folder, authority);
  const path = join(folder, `${program}.conf`);
  writeFileSync(path, configuration);
  if (program === 'nsd') session.start(name, findProgram('nsd') as string, ['-d', '-c', path]);
  else session.start(name, findProgram('knotd') as string, ['-c', path]);
  await waitForAnswer(address, port, `${zones[0]?.zone ?? '.'} SOA`);
}

function nsdConfiguration(folder: string, { address, port = 53, zones }: Authority): string {
  return [
    'server:',
    `  ip-address: ${address}@${port}`,
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
