/**
 * Session: a flood of hostile questions (random names below NXNS-type delegations, below dead servers, below delegations
 * that run in circles, endless aliases, random names of a signed zone) against Hawser and Unbound, with a cached name asked
 * all the while. Prints one line of JSON. Packets to servers are counted by nftables.
 */

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ask, quantile } from './asking.ts';
import { Session } from './daemons.ts';
import type { FloodOrder, FloodResult } from './flood-worker.ts';
import { seededRandom } from './lossy-relay.ts';
import { addAddress, startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';
import { type RunningResolver, startHawserThere, startUnboundThere } from './resolvers.ts';

const AT = { root: '198.51.100.1', zones: '198.51.100.2' } as const;
const DEAD = ['198.51.100.201', '198.51.100.202', '198.51.100.203', '198.51.100.204'] as const;
/** Delegations of each hostile kind. */
const DELEGATIONS = 500;
/** NS records of an NXNS-type delegation. */
const NS_PER_DELEGATION = 60;
const WIDTH = 200;
const PATIENCE_MS = 1000;
const PROBE_EVERY_MS = 20;

/** A hostile kind: the name of one question. */
const KINDS: Readonly<Record<string, (label: string, k: number) => string>> = {
  'NXNS delegation': (label, k) => `${label}.nxns${k}.attack.org.`,
  'dead servers': (label, k) => `${label}.dead${k}.attack.org.`,
  'circular delegation': (label, k) => `${label}.loop${k}.attack.org.`,
  'endless aliases': (label, k) => `${label}.alias${k}.attack.org.`,
  'random name, signed zone': (label) => `${label}.good.org.`,
};

function attackZone(): string {
  const lines = ['$TTL 300', `attack.org. SOA ns1.attack.org. h. 1 7200 3600 1209600 300`];
  lines.push('attack.org. NS ns1.attack.org.', `ns1.attack.org. A ${AT.zones}`);
  for (let k = 0; k < DELEGATIONS; k++) {
    for (let j = 0; j < NS_PER_DELEGATION; j++) lines.push(`nxns${k}.attack.org. NS v${k}-${j}.victim.org.`);
    for (const [j, address] of DEAD.entries()) {
      lines.push(`dead${k}.attack.org. NS ns${j}.dead${k}.attack.org.`, `ns${j}.dead${k}.attack.org. A ${address}`);
    }
    lines.push(`loop${k}.attack.org. NS ns.loop${(k + 1) % DELEGATIONS}.attack.org.`);
    lines.push(`*.alias${k}.attack.org. CNAME x.alias${(k + 1) % DELEGATIONS}.attack.org.`);
  }
  return `${lines.join('\n')}\n`;
}

function simpleZone(zone: string, address: string, more: readonly string[]): string {
  const own = zone === '.' ? 'r0.rootservers.' : `ns1.${zone}`;
  return [
    '$TTL 3600',
    `${zone} SOA ${own} h. 1 7200 3600 1209600 300`,
    `${zone} NS ${own}`,
    `${own} A ${address}`,
    ...more,
    '',
  ].join('\n');
}

/** Starts the servers; the root's DS. */
async function startServers(session: Session): Promise<readonly string[]> {
  const hosts = Array.from({ length: 50 }, (_, i) => `host${i}.good.org. A 203.0.113.${i}`);
  const bind = { signer: 'bind', algorithms: [13], denial: 'nsec' } as const;
  const good = signZone(session.folder, { ...bind, zone: 'good.org.', text: simpleZone('good.org.', AT.zones, hosts) });
  const below = ['good.org.', 'attack.org.', 'victim.org.'].flatMap((zone) => [
    `${zone} NS ns1.${zone}`,
    `ns1.${zone} A ${AT.zones}`,
  ]);
  const orgText = simpleZone('org.', AT.root, [...below, ...good.ds[2].map((rdata) => `good.org. DS ${rdata}`)]);
  const org = signZone(session.folder, { ...bind, zone: 'org.', text: orgText });
  const tops = ['org. NS ns1.org.', `ns1.org. A ${AT.root}`, ...org.ds[2].map((rdata) => `org. DS ${rdata}`)];
  const root = signZone(session.folder, { ...bind, zone: '.', text: simpleZone('.', AT.root, tops) });
  const victim = { zone: 'victim.org.', text: simpleZone('victim.org.', AT.zones, []) };
  await startAuthority(session, { program: 'nsd', address: AT.root, zones: [root, org] });
  const attack = { zone: 'attack.org.', text: attackZone() };
  await startAuthority(session, { program: 'nsd', address: AT.zones, zones: [good, attack, victim] });
  for (const address of DEAD) await startSilence(address);
  return root.ds[2];
}

/** An address that takes queries and never answers. */
async function startSilence(address: string): Promise<void> {
  addAddress(address);
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(53, address, resolve));
  socket.unref();
}

function startCounting(): void {
  const rules = `table inet hawser {
    counter upstream {}
    chain out { type filter hook output priority 0; ip daddr 198.51.100.0/24 udp dport 53 counter name upstream; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules });
}

function packetsSoFar(): number {
  return Number(
    /packets (\d+)/.exec(execFileSync('nft', ['list', 'counters'], { encoding: 'utf8' }))?.[1] ?? Number.NaN,
  );
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Packets to servers for a single question of each kind in quiet. */
async function packetsOfOne(resolver: RunningResolver): Promise<Record<string, number>> {
  const packets: Record<string, number> = {};
  for (const [kind, nameOf] of Object.entries(KINDS)) {
    const before = packetsSoFar();
    await ask(resolver.port, nameOf('single', 7), 'A', 15_000);
    await pause(500);
    packets[kind] = packetsSoFar() - before;
  }
  return packets;
}

/** How long cached names take, from now on until told to stop. */
function startProbing(resolver: RunningResolver): {
  milliseconds: number[];
  wrong: string[];
  stop: () => Promise<void>;
} {
  const milliseconds: number[] = [];
  const wrong: string[] = [];
  let isOver = false;
  const probe = async (): Promise<void> => {
    for (let i = 0; !isOver; i = (i + 1) % 50) {
      const reply = await ask(resolver.port, `host${i}.good.org.`, 'A', 2000);
      milliseconds.push(reply.milliseconds);
      const isRight = reply.ad && reply.answers.includes(`A 203.0.113.${i}`);
      if (!isRight) wrong.push(`host${i}: ${reply.rcode ?? 'silence'} ${reply.answers.join()}`);
      await pause(PROBE_EVERY_MS);
    }
  };
  const done = probe();
  return {
    milliseconds,
    wrong,
    stop: () => {
      isOver = true;
      return done;
    },
  };
}

function hostileNames(count: number): string[] {
  const random = seededRandom(4711);
  const kinds = Object.values(KINDS);
  return Array.from({ length: count }, (_, i) => {
    const label = Math.floor(random() * 2 ** 32).toString(36);
    const kind = kinds[i % kinds.length] as (label: string, k: number) => string;
    return kind(label, Math.floor(random() * DELEGATIONS));
  });
}

function runFlood(order: FloodOrder): Promise<FloodResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(join(import.meta.dirname, 'flood-worker.ts'), { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function withstand(resolver: RunningResolver, count: number) {
  const pid = resolver.process.pid as number;
  for (let i = 0; i < 50; i++) await ask(resolver.port, `host${i}.good.org.`, 'A', 5000);
  const single = await packetsOfOne(resolver);
  const quiet = startProbing(resolver);
  await pause(2000);
  await quiet.stop();
  const memory = { before: residentMiB(pid), highest: 0, after: 0 };
  const packetsBefore = packetsSoFar();
  const probing = startProbing(resolver);
  const watching = setInterval(() => {
    memory.highest = Math.max(memory.highest, residentMiB(pid));
  }, 250);
  const order = { port: resolver.port, names: hostileNames(count), width: WIDTH, patienceMs: PATIENCE_MS };
  const { seconds, outcomes } = await runFlood(order);
  clearInterval(watching);
  await probing.stop();
  const late = await ask(resolver.port, 'late.good.org.', 'A', 5000);
  await pause(3000);
  memory.after = residentMiB(pid);
  return {
    resolver: resolver.name,
    hostile: count,
    seconds,
    outcomes,
    packets: packetsSoFar() - packetsBefore,
    single,
    quietMedianMs: quantile(quiet.milliseconds, 0.5),
    probes: probing.milliseconds.length,
    medianMs: quantile(probing.milliseconds, 0.5),
    p95Ms: quantile(probing.milliseconds, 0.95),
    longestMs: quantile(probing.milliseconds, 1),
    wrong: probing.wrong,
    memory,
    coldAfterwards: `${late.rcode}${late.ad ? '+ad' : ''}`,
  };
}

async function main(count: number): Promise<void> {
  const outer = new Session();
  try {
    const anchors = await startServers(outer);
    startCounting();
    const results = [];
    for (const start of [startUnboundThere, startHawserThere]) {
      const session = new Session();
      try {
        const resolver = await start(session, { rootServers: [AT.root], anchors });
        results.push(await withstand(resolver, count));
      } finally {
        await session.stop();
      }
    }
    console.log(JSON.stringify(results));
  } finally {
    await outer.stop();
  }
}

await main(Number(process.argv[2] ?? 5000));
process.exit(0);
