/**
 * How fast signatures are validated, Hawser beside Unbound in one run: cold questions in signed zones of several algorithms,
 * each of which needs one signature that was not seen before, and the same in an unsigned zone, whose cost is taken off.
 * Zones are signed by BIND's signer and served by NSD in a network namespace; dnsperf asks. Prints a Markdown table.
 *
 *   node bench/validation-speed.ts [questions per round]      (needs unshare, ip, nsd, unbound, dnsperf, dnssec-signzone)
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dig, Session } from '../test/interop/daemons.ts';
import { runInNamespace, whyNotHere } from '../test/interop/programs.ts';
import { startAuthority } from '../test/interop/real-authorities.ts';
import { SIGNER_PROGRAMS, type SignedZone, signZone } from '../test/interop/real-signers.ts';
import { type RunningResolver, startHawserThere, startUnboundThere } from '../test/interop/resolvers.ts';

const INSIDE = '--inside';
const ROUNDS = 3;
const IN_FLIGHT = 50;
const ROOT_ADDRESS = '198.51.100.1';
const ZONES_ADDRESS = '198.51.100.2';
/** Linux counts processor time in ticks of 10 ms (sysconf _SC_CLK_TCK is 100 on every port that Node runs on). */
const MICROSECONDS_PER_TICK = 10_000;

/** A kind of question. */
interface Kind {
  readonly label: string;
  readonly zone: string;
  /** Null for a zone without signatures. */
  readonly algorithm: number | null;
  readonly denial: 'nsec' | 'nsec3';
  /** Asks for names that do not exist. */
  readonly isNegative?: boolean;
}

const KINDS: readonly Kind[] = [
  { label: 'unsigned, positive', zone: 'unsigned.', algorithm: null, denial: 'nsec' },
  { label: 'RSA-2048 (8), positive', zone: 'rsa.', algorithm: 8, denial: 'nsec' },
  { label: 'P-256 (13), positive', zone: 'p256.', algorithm: 13, denial: 'nsec3' },
  { label: 'Ed25519 (15), positive', zone: 'ed25519.', algorithm: 15, denial: 'nsec' },
  { label: 'P-256 (13), NXDOMAIN by NSEC3', zone: 'p256.', algorithm: 13, denial: 'nsec3', isNegative: true },
];

/** One round of one kind with one resolver. */
interface Round {
  readonly perSecond: number;
  /** Processor time of the resolver for each question. */
  readonly microseconds: number;
  readonly lost: number;
}

function zoneText(zone: string, names: number): string {
  const apex = `$ORIGIN ${zone}\n$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A ${ZONES_ADDRESS}\n`;
  return apex + Array.from({ length: names }, (_, i) => `host${i} A 203.0.113.${i % 250}\n`).join('');
}

function makeZones(folder: string, names: number): { children: { zone: string; text: string }[]; root: SignedZone } {
  const zones = new Map(KINDS.map((kind) => [kind.zone, kind]));
  const delegations: string[] = [];
  const children = [...zones.values()].map(({ zone, algorithm, denial }) => {
    delegations.push(`${zone} NS ns1.${zone}`, `ns1.${zone} A ${ZONES_ADDRESS}`);
    const text = zoneText(zone, names);
    if (algorithm === null) return { zone, text };
    const signed = signZone(folder, { zone, text, signer: 'bind', algorithms: [algorithm], denial });
    delegations.push(...signed.ds[2].map((rdata) => `${zone} DS ${rdata}`));
    return signed;
  });
  const text = `$TTL 3600\n. SOA r0.rootservers. h. 1 7200 3600 1209600 300\n. NS r0.rootservers.\nr0.rootservers. A ${ROOT_ADDRESS}\n${delegations.join('\n')}\n`;
  const root = signZone(folder, { zone: '.', text, signer: 'bind', algorithms: [8], denial: 'nsec' });
  return { children, root };
}

/** Processor time of a process so far, all threads, in microseconds. */
function processorMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}

function runRound({ port, process }: RunningResolver, questions: string, count: number): Round {
  const pid = process.pid as number;
  const before = processorMicroseconds(pid);
  const args = ['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-D', '-n', '1', '-q', String(IN_FLIGHT)];
  const text = execFileSync('dnsperf', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const answered = Number(/Queries completed:\s+(\d+)/.exec(text)?.[1] ?? 0);
  return {
    perSecond: Number(/Queries per second:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    microseconds: (processorMicroseconds(pid) - before) / answered,
    lost: count - answered,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Throws when an answer of this kind is not what the figures are about. */
function check(resolver: RunningResolver, { zone, algorithm, isNegative }: Kind): void {
  const name = isNegative === true ? `first.${zone}` : `ns1.${zone}`;
  const reply = dig('127.0.0.1', resolver.port, [name, 'A', '+dnssec']);
  const hasAd = /^;; flags:[^;]* ad[ ;]/m.test(reply);
  const status = isNegative === true ? 'NXDOMAIN' : 'NOERROR';
  if (!reply.includes(`status: ${status}`) || hasAd !== (algorithm !== null))
    throw new Error(`${resolver.name}: ${reply}`);
}

function measure(session: Session, resolver: RunningResolver, kind: Kind, perRound: number): Round {
  check(resolver, kind);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const names = Array.from({ length: perRound }, (_, i) => `host${round * perRound + i}`);
    const tail = kind.isNegative === true ? 'x' : '';
    const questions = session.file('questions', names.map((name) => `${name}${tail}.${kind.zone} A\n`).join(''));
    return runRound(resolver, questions, perRound);
  });
  return {
    perSecond: median(rounds.map((round) => round.perSecond)),
    microseconds: median(rounds.map((round) => round.microseconds)),
    lost: rounds.reduce((sum, round) => sum + round.lost, 0),
  };
}

async function inside(perRound: number): Promise<void> {
  const session = new Session();
  try {
    const { children, root } = makeZones(session.folder, perRound * ROUNDS);
    await startAuthority(session, { program: 'nsd', address: ROOT_ADDRESS, zones: [root] });
    await startAuthority(session, { program: 'nsd', address: ZONES_ADDRESS, zones: children });
    const serverLines = ['rrset-cache-size: 200m', 'msg-cache-size: 100m'];
    const surroundings = { rootServers: [ROOT_ADDRESS], anchors: root.ds[2], serverLines };
    const unbound = await startUnboundThere(session, surroundings);
    const hawser = await startHawserThere(session, surroundings);
    console.log(
      `| cold question | ${unbound.name}: per second | µs CPU | of it for the signature | Hawser: per second | µs CPU | of it for the signature | rate, Hawser / Unbound | CPU, Hawser / Unbound | lost |`,
    );
    console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
    let bare: { theirs: number; ours: number } | null = null;
    for (const kind of KINDS) {
      const theirs = measure(session, unbound, kind, perRound);
      const ours = measure(session, hawser, kind, perRound);
      bare ??= { theirs: theirs.microseconds, ours: ours.microseconds };
      const cells = [
        kind.label,
        theirs.perSecond.toFixed(0),
        theirs.microseconds.toFixed(0),
        (theirs.microseconds - bare.theirs).toFixed(0),
        ours.perSecond.toFixed(0),
        ours.microseconds.toFixed(0),
        (ours.microseconds - bare.ours).toFixed(0),
        (ours.perSecond / theirs.perSecond).toFixed(2),
        (ours.microseconds / theirs.microseconds).toFixed(2),
        `${theirs.lost} / ${ours.lost}`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  } finally {
    await session.stop();
  }
}

const [first, second = '2000'] = process.argv.slice(2);
if (first === INSIDE) await inside(Number(second));
else {
  const why = whyNotHere(['ip', 'nsd', 'unbound', 'dnsperf', 'dig', ...SIGNER_PROGRAMS]);
  if (why !== null) console.error(why);
  else console.log(runInNamespace(join('../../bench', 'validation-speed.ts'), [INSIDE, first ?? second], 600_000));
}
