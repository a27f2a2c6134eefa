/** What a running resolver and its upstream have used so far, as the kernel and NSD count it. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session, waitForAnswer } from '../../test/interop/daemons.ts';
import { findProgram } from '../../test/interop/programs.ts';
import { addAddress } from '../../test/interop/real-authorities.ts';
import { type Lab, ROOT_ADDRESS, zoneFilesOf } from './lab.ts';

/** Processor time of all threads that run, in microseconds: the scheduler counts nanoseconds, not ticks. */
export function processorMicroseconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => {
    const [nanoseconds] = readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ');
    return sum + Number(nanoseconds) / 1000;
  }, 0);
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
async function waitUntilLoaded(): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      return await waitForAnswer(ROOT_ADDRESS, 53, '. SOA');
    } catch {}
  }
  await waitForAnswer(ROOT_ADDRESS, 53, '. SOA');
}

/** One NSD with all zones of the lab at all its addresses. */
export class LabServer {
  readonly #config: string;

  private constructor(config: string) {
    this.#config = config;
  }

  static async start(session: Session, lab: Lab): Promise<LabServer> {
    for (const address of lab.addresses) addAddress(address);
    const lines = [
      'server:',
      ...lab.addresses.map((address) => `  ip-address: ${address}`),
      `  zonesdir: "${lab.folder}"`,
      `  pidfile: "${session.folder}/nsd.pid"`,
      `  xfrdfile: "${session.folder}/xfrd.state"`,
      `  zonelistfile: "${session.folder}/zone.list"`,
      '  database: ""',
      '  username: ""',
      '  server-count: 1',
      '  rrl-ratelimit: 0',
      'remote-control:',
      '  control-enable: yes',
      `  control-interface: ${session.folder}/nsd.control`,
      ...zoneFilesOf(lab).flatMap(({ zone, file }) => ['zone:', `  name: "${zone}"`, `  zonefile: "${file}"`]),
    ];
    const config = session.file('nsd.conf', `${lines.join('\n')}\n`);
    session.start('nsd', findProgram('nsd') as string, ['-d', '-c', config]);
    await waitUntilLoaded();
    return new LabServer(config);
  }

  /** Questions that reached it so far. */
  questions(): number {
    const words = ['-c', this.#config, 'stats_noreset'];
    const text = execFileSync(findProgram('nsd-control') as string, words, { encoding: 'utf8' });
    return Number(/^num\.queries=(\d+)/m.exec(text)?.[1]);
  }
}
