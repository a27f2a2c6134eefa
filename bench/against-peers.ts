/**
 * Hawser beside Unbound, BIND, Knot Resolver and PowerDNS Recursor, those that are installed, in one run: processor time, memory,
 * latencies, packets upstream and wrong answers, over a signed lab behind one NSD in a network namespace. Every resolver has one
 * thread, the same room for its caches and the last core for itself; they take turns, the first of a round is another each time.
 * One is in it twice: what its two columns differ by is noise. Prints a Markdown table; bench/README.md says how to read it.
 *
 *   npm run build && node bench/against-peers.ts [options]
 *
 *   --peers LIST   of hawser, unbound, named, kresd, pdns_recursor; default: all that are installed
 *   --also PATH    another bin/hawserd, as a contestant more: the build before a change
 *   --twice NAME   the contestant that is in it twice, or none; default unbound
 *   --rows LIST    of first, empty, cold, names, nxdomain, zipf, hot, paced, mail, delivery; default: all
 *   --apart        a server for each level of the tree, so that questions meet referrals
 *   --types        packets upstream by type, too
 *   --full         20,000 zones, 100,000 names, 10,000 mail domains
 *   --zones N, --names N, --denials N, --mail N, --rounds N, --seconds N, --rate N   one size alone
 *   --parts N      the row cold in so many parts, to see what a young process costs
 *   --rest N       seconds left alone before memory is read again; 0: only at once
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Session } from '../test/interop/daemons.ts';
import { findProgram, PROJECT, runInNamespace, whyNotHere } from '../test/interop/programs.ts';
import { HAWSER_PORT, PEERS, type Peer, type Surroundings, startHawserThere } from '../test/interop/resolvers.ts';
import { openLab, ROOT_ADDRESS } from './peers/lab.ts';
import { awaitFirst, hasAsker } from './peers/load.ts';
import {
  Measuring,
  measureFilling,
  ROWS,
  type Row,
  type RowQuestions,
  type RowSizes,
  writeRows,
} from './peers/rows.ts';
import { type Column, tableOf, typesOf } from './peers/table.ts';
import { LabServer, PinnedSession } from './peers/watch.ts';

const INSIDE = 'inside-namespace';
const MOST_MS = 4 * 3_600_000;
/** Room for all caches of a resolver, MiB; Unbound and Hawser divide it as below. */
const CACHE_MIB = 400;
const CACHE_LINES = ['rrset-cache-size: 200m', 'msg-cache-size: 100m', 'key-cache-size: 64m', 'neg-cache-size: 36m'];

const SMALL = {
  zones: 2_000,
  names: 20_000,
  denials: 20_000,
  mail: 2_000,
  rounds: 2,
  seconds: 3,
  rate: 10_000,
  rest: 61,
  parts: 1,
};
const FULL = { ...SMALL, zones: 20_000, names: 100_000, denials: 50_000, mail: 10_000 };
type Sizes = typeof SMALL;

/** Who takes part: under a name of its own, so that one can be there twice. */
interface Contestant extends Peer {
  readonly name: string;
  /** Path of its bin/hawserd. */
  readonly hawser?: string;
}

interface Setting {
  readonly server: LabServer;
  readonly surroundings: Surroundings;
  readonly questions: RowQuestions;
  readonly sizes: RowSizes;
  readonly rows: ReadonlySet<Row>;
  readonly core: number;
}

function readWords(words: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const sizes = {
    zones: text,
    names: text,
    denials: text,
    mail: text,
    rounds: text,
    seconds: text,
    rate: text,
    rest: text,
    parts: text,
  };
  const options = {
    peers: text,
    also: text,
    twice: text,
    rows: text,
    full: flag,
    apart: flag,
    types: flag,
    ...sizes,
  } as const;
  const { values } = parseArgs({ args: [...words], options });
  const start = values.full === true ? FULL : SMALL;
  const own = Object.keys(SMALL).flatMap((key) => {
    const value = values[key as keyof Sizes];
    return value === undefined ? [] : [[key, Number(value)]];
  });
  const rows = values.rows?.split(',') ?? ROWS;
  const unknown = rows.find((row) => !ROWS.includes(row as Row));
  if (unknown !== undefined) throw new Error(`no row ${unknown}: ${ROWS.join(', ')}`);
  return { ...values, sizes: { ...start, ...Object.fromEntries(own) } as Sizes, rows: new Set(rows as Row[]) };
}

type Wanted = ReturnType<typeof readWords>;

function contestantsOf({ peers, also, twice = 'unbound' }: Wanted): Contestant[] {
  const own = { program: 'hawser', port: HAWSER_PORT, start: startHawserThere };
  const wanted = peers?.split(',');
  const known = [own, ...PEERS].filter(({ program }) => wanted?.includes(program) ?? true);
  const found = known.filter(({ program }) => {
    const isHere = program === 'hawser' || findProgram(program) !== null;
    if (!isHere) console.log(`Left out: ${program} is not installed.\n`);
    return isHere;
  });
  const all = found.map((peer): Contestant => ({ ...peer, name: peer.program }));
  if (also !== undefined) all.push({ ...own, name: `hawser of ${also}`, hawser: also });
  const double = all.find(({ name }) => name === twice);
  return double === undefined ? all : [...all, { ...double, name: `${double.name} again` }];
}

/** Starts a contestant in a session of its own and hands it over. */
async function withResolver(
  { start, port, hawser }: Contestant,
  { server, surroundings, questions, core, rows }: Setting,
  act: (measuring: Measuring) => Promise<void>,
): Promise<Measuring> {
  const session = new PinnedSession(core);
  if (hawser === undefined) delete process.env.HAWSER;
  else process.env.HAWSER = hawser;
  try {
    const first = rows.has('first') && hasAsker() ? awaitFirst(port, questions.first) : null;
    const measuring = new Measuring(await start(session, surroundings), server);
    const at = await first;
    if (at !== null) measuring.figures.set('exec to first validated answer, ms', at - session.startedAtMs);
    await act(measuring);
    return measuring;
  } finally {
    await session.stop();
  }
}

const FILLING: readonly Row[] = ['empty', 'cold', 'names', 'nxdomain', 'zipf', 'hot', 'paced'];

async function measure(contestant: Contestant, setting: Setting): Promise<Measuring[]> {
  const { rows, questions, sizes } = setting;
  const done: Measuring[] = [];
  if (rows.has('first') || FILLING.some((row) => rows.has(row))) {
    const fill = (measuring: Measuring) => measureFilling(measuring, rows, questions, sizes);
    done.push(await withResolver(contestant, setting, fill));
  }
  if (rows.has('mail')) {
    const mail = async (measuring: Measuring) => measuring.once('MX, A, AAAA, TLSA of mail domains', questions.mail);
    done.push(await withResolver(contestant, setting, mail));
  }
  if (rows.has('delivery') && hasAsker()) {
    const deliver = async (measuring: Measuring) => measuring.delivery('delivery to mail domains', questions.mail);
    done.push(await withResolver(contestant, setting, deliver));
  }
  return done;
}

async function compare(wanted: Wanted): Promise<void> {
  const { sizes: all, rows } = wanted;
  const outer = new Session();
  try {
    const lab = openLab({ zones: all.zones, hosts: Math.ceil(all.names / all.zones) });
    const sizes = { ...all, mailDomains: all.mail };
    const core = cpus().length - 1;
    if (core > 0) execFileSync('taskset', ['-apc', `0-${core - 1}`, String(process.pid)], { stdio: 'ignore' });
    const server = await LabServer.start(outer, lab, { apart: wanted.apart === true });
    const surroundings = {
      rootServers: [ROOT_ADDRESS],
      anchors: [lab.anchor],
      serverLines: CACHE_LINES,
      cacheMib: CACHE_MIB,
    };
    const setting = { server, surroundings, questions: writeRows(outer, lab, sizes), sizes, rows, core };
    const contestants = contestantsOf(wanted);
    const columns = new Map(contestants.map(({ name }): [string, Column] => [name, { name, runs: [] }]));
    for (let round = 0; round < all.rounds; round++) {
      const start = (round * Math.ceil(contestants.length / 2)) % contestants.length;
      for (const contestant of [...contestants.slice(start), ...contestants.slice(0, start)]) {
        console.error(`round ${round + 1} of ${all.rounds}: ${contestant.name}`);
        try {
          columns.get(contestant.name)?.runs.push(await measure(contestant, setting));
        } catch (error) {
          console.log(`Round ${round + 1} without ${contestant.name}: ${(error as Error).message}\n`);
        }
      }
    }
    console.log(tableOf([...columns.values()]));
    if (wanted.types === true) console.log(`\n${typesOf([...columns.values()])}`);
  } finally {
    await outer.stop();
  }
}

function describeMachine(): string {
  const [{ model = 'unknown processor' } = {}] = cpus();
  const load = loadavg().map((value) => value.toFixed(1));
  return `${new Date().toISOString().slice(0, 10)}, ${model.trim()}, ${cpus().length} cores, load ${load.join(' ')}, Node ${process.version}`;
}

const [first, ...words] = process.argv.slice(2);
if (first === INSIDE) await compare(readWords(words));
else {
  const { sizes, rows } = readWords(process.argv.slice(2));
  const why = whyNotHere(['ip', 'nsd', 'nsd-control', 'dig', 'taskset', ...(hasAsker() ? [] : ['dnsperf'])]);
  if (why !== null) throw new Error(why);
  if (!existsSync(join(PROJECT, 'dist/hawserd.cjs'))) throw new Error('the built program is measured: npm run build');
  console.log(`${describeMachine()}\n${JSON.stringify(sizes)}; rows ${[...rows].join(', ')}; checkout ${PROJECT}\n`);
  if (!hasAsker()) console.log('No C compiler: dnsperf asks; no quantiles, no first answer, wrong answers not seen.\n');
  console.log(runInNamespace(join('../../bench/against-peers.ts'), [INSIDE, ...process.argv.slice(2)], MOST_MS));
  console.log(`load at the end ${loadavg()[0]?.toFixed(1)}`);
}
