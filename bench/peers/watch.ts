/** What a running resolver and its upstream have used so far, as the kernel and NSD count it. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Session, waitForAnswer } from '../../test/interop/daemons.ts';
import { findProgram } from '../../test/interop/programs.ts';
import { addAddress } from '../../test/interop/real-authorities.ts';
import { type Lab, type LabZone, LEVELS, zonesOf } from './lab.ts';

/** Processor time of all threads that run, in microseconds: the scheduler counts nanoseconds, not ticks. */
export function processorMicroseconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + threadMicroseconds(pid, task), 0);
}

/** The same of its main thread alone. */
export function mainMicroseconds(pid: number): number {
  return threadMicroseconds(pid, String(pid));
}

function threadMicroseconds(pid: number, task: string): number {
  const [nanoseconds] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1000;
}

/** Proportional set size: what is shared with other processes counts by its share. MB of 10^6 octets. */
export function pssMegabytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}

/** A session whose programs run on one core, with the time at which the last one was started. */
export class PinnedSession extends Session {
  readonly #core: number;
  startedAtMs = 0;

  constructor(core: number) {
    super();
    this.#core = core;
  }

  override startWith(...[name, command, args, env]: Parameters<Session['startWith']>) {
    this.startedAtMs = performance.timeOrigin + performance.now();
    return super.startWith(name, 'taskset', ['-c', String(this.#core), command, ...args], env);
  }
}

/** Tens of thousands of zones take longer to read than servers otherwise get. */
async function waitUntilLoaded(ip: string, question: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      return await waitForAnswer(ip, 53, question);
    } catch {}
  }
  await waitForAnswer(ip, 53, question);
}

/** How the lab is served. */
interface LabOrder {
  /** Each level of the tree by a server of its own. */
  readonly apart?: boolean;
}

/** What one NSD of the lab serves, and where. */
interface Share {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly zones: readonly LabZone[];
}

/** All zones of the lab behind one NSD at all addresses, or behind one for each level of the tree, so that it has to refer. */
export class LabServer {
  readonly #configs: readonly string[];

  private constructor(configs: readonly string[]) {
    this.#configs = configs;
  }

  static async start(session: Session, lab: Lab, { apart = false }: LabOrder = {}): Promise<LabServer> {
    const zones = zonesOf(lab);
    const shares = apart
      ? LEVELS.map((level): Share => {
          const addresses = lab.addresses.filter((each) => each.level === level).map(({ ip }) => ip);
          return { name: level, addresses, zones: zones.filter((each) => each.level === level) };
        })
      : [{ name: 'all', addresses: lab.addresses.map(({ ip }) => ip), zones }];
    for (const { ip } of lab.addresses) addAddress(ip);
    const configs = shares.map((share) => startNsd(session, lab, share));
    for (const { addresses, zones } of shares) await waitUntilLoaded(addresses[0] as string, `${zones[0]?.zone} SOA`);
    return new LabServer(configs);
  }

  /** Questions that reached it so far, by type. */
  questions(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const config of this.#configs) {
      const words = ['-c', config, 'stats_noreset'];
      const text = execFileSync(findProgram('nsd-control') as string, words, { encoding: 'utf8' });
      for (const [, type = '', count] of text.matchAll(/^num\.type\.(\w+)=(\d+)/gm))
        counts.set(type, (counts.get(type) ?? 0) + Number(count));
    }
    return counts;
  }
}

/** Starts an NSD; the path of its configuration. */
function startNsd(session: Session, lab: Lab, { name, addresses, zones }: Share): string {
  const lines = [
    'server:',
    ...addresses.map((address) => `  ip-address: ${address}`),
    `  zonesdir: "${lab.folder}"`,
    `  pidfile: "${session.folder}/nsd-${name}.pid"`,
    `  xfrdfile: "${session.folder}/xfrd-${name}.state"`,
    `  zonelistfile: "${session.folder}/zone-${name}.list"`,
    '  database: ""',
    '  username: ""',
    '  server-count: 1',
    '  rrl-ratelimit: 0',
    'remote-control:',
    '  control-enable: yes',
    `  control-interface: ${session.folder}/nsd-${name}.control`,
    ...zones.flatMap(({ zone, file }) => ['zone:', `  name: "${zone}"`, `  zonefile: "${file}"`]),
  ];
  const config = session.file(`nsd-${name}.conf`, `${lines.join('\n')}\n`);
  session.start(`nsd-${name}`, findProgram('nsd') as string, ['-d', '-c', config]);
  return config;
}
