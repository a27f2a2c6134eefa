/**
 * Session: real signed zones on NSD and Knot behind relays that lose 30 % of the datagrams each way, delay, reorder and
 * double them; then the same with half of every zone's servers dead. Hawser and Unbound are asked the same questions cold.
 * Prints one line of JSON.
 */

import { type AskedType, ask, eachOf, quantile, type Reply } from './asking.ts';
import { Session } from './daemons.ts';
import { type RelayPlan, seededRandom, startRelay, type Weather } from './lossy-relay.ts';
import { addAddress, type ServedZone, startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';
import { type RunningResolver, startHawserThere, startUnboundThere } from './resolvers.ts';

const BACKEND_PORT = 5353;
const WEATHER: Weather = { loss: 0.3, delayMs: [5, 60], duplicates: 0.1 };
const IN_FLIGHT = 8;
/** A mail server's stub asks again after this, and gives up after so many times. */
const STUB_TIMEOUT_MS = 5000;
const STUB_TRIES = 5;
/** After SERVFAIL the question is put again later, as mail is, though much sooner: after failures are forgotten. */
const AFTER_SERVFAIL_MS = 6000;
const TLSA_DATA = '3 1 1 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';

/** Four servers for each: NSD, Knot, and two that are dead in the second scene. */
const SERVERS = {
  root: ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4'],
  tld: ['198.51.100.11', '198.51.100.12', '198.51.100.13', '198.51.100.14'],
  hoster: ['198.51.100.21', '198.51.100.22', '198.51.100.23', '198.51.100.24'],
  own: ['198.51.100.31', '198.51.100.32', '198.51.100.33', '198.51.100.34'],
} as const;
type Group = keyof typeof SERVERS;

/** A question with the one right answer. */
interface Asked {
  readonly name: string;
  readonly type: AskedType;
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  /** Records of this kind must be in the answer. */
  readonly holds: readonly string[];
}

function apex(zone: string, group: Group, isHosted: boolean): string[] {
  const home = isHosted ? 'hoster.net.' : zone === '.' ? 'rootservers.' : zone;
  const servers = SERVERS[group].map((address, i) => [`${zone === '.' ? 'r' : 'ns'}${i}.${home}`, address]);
  const glue = isHosted ? [] : servers.map(([name, address]) => `${name} A ${address}`);
  return [
    '$TTL 3600',
    `${zone} SOA ${servers[0]?.[0]} hostmaster. 1 7200 3600 1209600 300`,
    ...servers.map(([name]) => `${zone} NS ${name}`),
    ...glue,
  ];
}

/** What the parent says of a child: its NS, glue and DS. */
function delegation(zone: string, group: Group, isHosted: boolean, ds: readonly string[]): string[] {
  return [...apex(zone, group, isHosted).slice(2), ...ds.map((rdata) => `${zone} DS ${rdata}`)];
}

interface ChaosWorld {
  readonly zones: Readonly<Record<Group, readonly ServedZone[]>>;
  readonly anchors: readonly string[];
  readonly questions: readonly Asked[];
}

function makeWorld(folder: string, domains: number): ChaosWorld {
  const below: Record<'org.' | 'net.', string[]> = { 'org.': [], 'net.': [] };
  const zones: Record<Group, ServedZone[]> = { root: [], tld: [], hoster: [], own: [] };
  const sign = (zone: string, lines: readonly string[], algorithm: number, denial: 'nsec' | 'nsec3') =>
    signZone(folder, { zone, text: `${lines.join('\n')}\n`, signer: 'bind', algorithms: [algorithm], denial });
  const hoster = sign('hoster.net.', apex('hoster.net.', 'hoster', false), 13, 'nsec');
  zones.hoster.push(hoster);
  below['net.'].push(...delegation('hoster.net.', 'hoster', false, hoster.ds[2]));
  const questions: Asked[] = [];
  for (let i = 0; i < domains; i++) {
    const zone = `mail${i}.org.`;
    const isHosted = i % 2 === 1;
    const group = isHosted ? 'hoster' : 'own';
    const lines = [...apex(zone, group, isHosted), ...domainRecords(zone, i, domains)];
    const signed = sign(zone, lines, i % 3 === 0 ? 8 : 13, i % 4 < 2 ? 'nsec' : 'nsec3');
    zones[group].push(signed);
    below['org.'].push(...delegation(zone, group, isHosted, signed.ds[2]));
    questions.push(...questionsAbout(zone, i, domains));
  }
  const tops: string[] = [];
  for (const zone of ['org.', 'net.'] as const) {
    const signed = sign(zone, [...apex(zone, 'tld', false), ...below[zone]], 8, 'nsec3');
    zones.tld.push(signed);
    tops.push(...delegation(zone, 'tld', false, signed.ds[2]));
  }
  const root = sign('.', [...apex('.', 'root', false), ...tops], 8, 'nsec');
  zones.root.push(root);
  return { zones, anchors: root.ds[2], questions };
}

function domainRecords(zone: string, i: number, domains: number): string[] {
  return [
    `${zone} MX 10 mx.${zone}`,
    `mx.${zone} A 203.0.113.${i}`,
    `mx2.${zone} A 203.0.113.${i + 100}`,
    `_25._tcp.mx.${zone} TLSA ${TLSA_DATA}`,
    `alias.${zone} CNAME mx.mail${(i + 1) % domains}.org.`,
  ];
}

function questionsAbout(zone: string, i: number, domains: number): Asked[] {
  const good = 'NOERROR' as const;
  return [
    { name: zone, type: 'MX', rcode: good, holds: [`mx.${zone.slice(0, -1)}`] },
    { name: `mx.${zone}`, type: 'A', rcode: good, holds: [`A 203.0.113.${i}`] },
    { name: `mx.${zone}`, type: 'AAAA', rcode: good, holds: [] },
    { name: `_25._tcp.mx.${zone}`, type: 'TLSA', rcode: good, holds: ['5feceb66ffc86f38'] },
    { name: `_25._tcp.mx2.${zone}`, type: 'TLSA', rcode: 'NXDOMAIN', holds: [] },
    { name: `alias.${zone}`, type: 'A', rcode: good, holds: ['CNAME', `A 203.0.113.${(i + 1) % domains}`] },
  ];
}

function isRight(reply: Reply, { rcode, holds }: Asked): boolean {
  const holdsAll = holds.every((part) => reply.answers.some((answer) => answer.includes(part)));
  const isEmpty = holds.length > 0 || reply.answers.length === 0;
  return reply.rcode === rcode && reply.ad && holdsAll && isEmpty;
}

/** How one resolver fared in one scene. */
export interface Fared {
  readonly resolver: string;
  readonly scene: string;
  readonly asked: number;
  readonly packets: number;
  /** Answered at the first question of the stub, and at all. */
  readonly first: number;
  readonly answered: number;
  readonly servfails: number;
  readonly timeouts: number;
  readonly unanswered: readonly string[];
  readonly wrong: readonly string[];
  readonly milliseconds: {
    readonly mean: number;
    readonly median: number;
    readonly p95: number;
    readonly longest: number;
  };
  readonly seconds: number;
}

async function fare(
  resolver: RunningResolver,
  scene: string,
  questions: readonly Asked[],
  packets: () => number,
): Promise<Fared> {
  const before = packets();
  const startedAt = performance.now();
  const times: number[] = [];
  const wrong: string[] = [];
  const unanswered: string[] = [];
  const counts = { first: 0, servfails: 0, timeouts: 0 };
  await eachOf(questions, IN_FLIGHT, async (question) => {
    let spent = 0;
    for (let attempt = 1; attempt <= STUB_TRIES; attempt++) {
      const reply = await ask(resolver.port, question.name, question.type, STUB_TIMEOUT_MS);
      spent += reply.milliseconds;
      if (isRight(reply, question)) {
        if (attempt === 1) counts.first++;
        times.push(spent);
        return;
      }
      if (reply.rcode === null) counts.timeouts++;
      else if (reply.rcode === 'SERVFAIL') {
        counts.servfails++;
        spent += AFTER_SERVFAIL_MS;
        await new Promise((resolve) => setTimeout(resolve, AFTER_SERVFAIL_MS));
      } else wrong.push(`${question.name} ${question.type}: ${JSON.stringify(reply)}`);
    }
    unanswered.push(`${question.name} ${question.type}`);
  });
  return {
    resolver: resolver.name,
    scene,
    asked: questions.length,
    packets: packets() - before,
    ...counts,
    answered: times.length,
    unanswered,
    wrong,
    milliseconds: {
      mean: times.reduce((sum, each) => sum + each, 0) / times.length,
      median: quantile(times, 0.5),
      p95: quantile(times, 0.95),
      longest: quantile(times, 1),
    },
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Starts the relays of a scene; what ends them. */
async function startRelays(isHalfDead: boolean, onQuery: () => void): Promise<() => void> {
  const random = seededRandom(20_261_123);
  const closers: (() => void)[] = [];
  for (const group of Object.values(SERVERS)) {
    for (const [i, address] of group.entries()) {
      const plan: RelayPlan = {
        address,
        backendPort: BACKEND_PORT,
        isDead: isHalfDead && i >= 2,
        weather: WEATHER,
        random,
        onQuery,
      };
      closers.push(await startRelay(plan));
    }
  }
  return () => {
    for (const close of closers) close();
  };
}

async function main(domains: number): Promise<void> {
  const outer = new Session();
  try {
    const world = makeWorld(outer.folder, domains);
    for (const group of Object.keys(SERVERS) as Group[]) {
      for (const [i, address] of SERVERS[group].entries()) {
        addAddress(address);
        const program = i % 2 === 0 ? 'nsd' : 'knot';
        await startAuthority(outer, { program, address, port: BACKEND_PORT, zones: world.zones[group] });
      }
    }
    const results: Fared[] = [];
    for (const isHalfDead of [false, true]) {
      for (const start of [startUnboundThere, startHawserThere]) {
        const session = new Session();
        let packets = 0;
        const endRelays = await startRelays(isHalfDead, () => packets++);
        try {
          const resolver = await start(session, { rootServers: SERVERS.root, anchors: world.anchors });
          const scene = isHalfDead ? 'half dead' : 'all up';
          results.push(await fare(resolver, scene, world.questions, () => packets));
          if (process.env.HAWSER_SESSION_LOG !== undefined)
            console.error(session.log(resolver.name === 'Hawser' ? 'hawser' : 'unbound').slice(-20_000));
        } finally {
          await session.stop();
          endRelays();
        }
      }
    }
    console.log(JSON.stringify(results));
  } finally {
    await outer.stop();
  }
}

await main(Number(process.argv[2] ?? 12));
