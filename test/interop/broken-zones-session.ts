/**
 * Session: zones of three signers, broken in many ways after signing, served by NSD below a signed root; Hawser is asked, and
 * Unbound beside it. Prints one line of JSON: for each zone what must come, and what came.
 */

import { execFile } from 'node:child_process';
import { eachOf } from './asking.ts';
import { BROKEN, type Broken, plainText } from './broken-zones.ts';
import { Session } from './daemons.ts';
import { type ServedZone, startAuthority } from './real-authorities.ts';
import { type SignedZone, type SigningPlan, signAgain, signZone } from './real-signers.ts';
import { startHawserThere, startUnboundThere } from './resolvers.ts';
import { type Unreached, unreachedZones } from './unreached-zones.ts';
import { linesOf, textOf } from './zone-lines.ts';

const ROOT_SERVER = '198.51.100.1';
const SERVER = '198.51.100.2';
/** Digs at a time. */
const WIDTH = 12;

interface Case {
  readonly zone: string;
  readonly what: string;
  readonly question: string;
  readonly want: string;
}

function brief([rcode, code]: Broken['want']): string {
  return `${rcode} ${code}`;
}

/** Signs one zone, breaks it, and says what its parent knows of it. */
function makeBroken(folder: string, zone: string, broken: Broken): { served: ServedZone[]; ds: readonly string[] } {
  const plan: SigningPlan = { zone, text: plainText(zone, SERVER, broken.child), ...broken.flavour, ...broken.plan };
  const signed: SignedZone = signZone(folder, plan);
  const again = (change: Partial<SigningPlan>) => linesOf(signAgain(folder, { ...plan, ...change }));
  const made = { zone, lines: linesOf(signed.text), again, ds: signed.ds[2] };
  const child = `sub.${zone}`;
  const served = [
    { zone, text: textOf(broken.serve(made)) },
    ...(broken.child === undefined ? [] : [{ zone: child, text: plainText(child, SERVER) }]),
  ];
  return { served, ds: broken.ds?.(made) ?? made.ds };
}

function delegation(zone: string, address: string, ds: readonly string[]): string[] {
  const type = address.includes(':') ? 'AAAA' : 'A';
  return [`${zone} NS ns1.${zone}`, `ns1.${zone} ${type} ${address}`, ...ds.map((rdata) => `${zone} DS ${rdata}`)];
}

function rootText(delegations: readonly string[]): string {
  const top = ['$TTL 300', '. SOA r0. h. 1 7200 3600 1209600 300', '. NS r0.', `r0. A ${ROOT_SERVER}`];
  return `${[...top, ...delegations].join('\n')}\n`;
}

/** Where to ask, and how long to wait: Unbound says nothing for long of servers that say nothing. */
interface Asked {
  readonly port: number;
  readonly seconds: number;
}

/** RCODE, AD and first extended error as real dig tells them. */
function askOne({ port, seconds }: Asked, question: string): Promise<string> {
  const words = ['@127.0.0.1', '-p', String(port), ...question.split(' '), '+dnssec', `+time=${seconds}`, '+tries=1'];
  return new Promise((resolve) => {
    execFile('dig', words, { encoding: 'utf8' }, (_, text) => {
      const status = /status: (\w+)/.exec(text)?.[1] ?? 'silence';
      const isAd = /^;; flags:[^;]* ad[ ;]/m.test(text);
      resolve(`${status}${isAd ? '+ad' : ''} ${/^; EDE: (\d+)/m.exec(text)?.[1] ?? 'none'}`);
    });
  });
}

async function askAll(resolver: Asked, cases: readonly Case[]): Promise<Map<string, string>> {
  const got = new Map<string, string>();
  await eachOf(cases, WIDTH, async ({ zone, question }) => void got.set(zone, await askOne(resolver, question)));
  return got;
}

function caseOf(zone: string, { what, flavour, asked, want }: Broken): Case {
  const [name, type] = asked.split(' ');
  const how = `${flavour.signer} ${flavour.denial}`;
  return { zone, what: `${what} (${how}): ${asked}`, question: `${name}.${zone} ${type}`, want: brief(want) };
}

async function main(): Promise<void> {
  const session = new Session();
  const unreached: Unreached = await unreachedZones();
  try {
    const zones = BROKEN.map((broken, i) => ({ broken, zone: `z${i}.` }));
    const made = zones.map(({ zone, broken }) => ({ zone, ...makeBroken(session.folder, zone, broken) }));
    const delegations = made.flatMap(({ zone, ds }) => delegation(zone, SERVER, ds));
    const away = unreached.zones.flatMap(({ zone, address }) => delegation(zone, address, []));
    const text = rootText([...delegations, ...away]);
    const root = signZone(session.folder, { zone: '.', text, signer: 'bind', algorithms: [13], denial: 'nsec' });
    await startAuthority(session, { program: 'nsd', address: ROOT_SERVER, zones: [root] });
    await startAuthority(session, { program: 'nsd', address: SERVER, zones: made.flatMap(({ served }) => served) });
    const surroundings = { rootServers: [ROOT_SERVER], anchors: root.ds[2], serverLines: ['ede: yes'] };
    const hawserThere = await startHawserThere(session, surroundings);
    const unboundThere = await startUnboundThere(session, surroundings);
    const cases = [
      ...zones.map(({ zone, broken }) => caseOf(zone, broken)),
      ...unreached.zones.map(({ zone, what, code }) => ({
        zone,
        what,
        question: `www.${zone} A`,
        want: brief(['SERVFAIL', code]),
      })),
    ];
    const [hawser, unbound] = await Promise.all([
      askAll({ port: hawserThere.port, seconds: 15 }, cases),
      askAll({ port: unboundThere.port, seconds: 5 }, cases),
    ]);
    console.log(
      JSON.stringify(
        cases.map(({ zone, what, want }) => ({
          what: `${zone} ${what}`,
          want,
          got: hawser.get(zone),
          unbound: unbound.get(zone),
        })),
      ),
    );
    if (process.env.HAWSER_SESSION_LOG !== undefined) console.error(session.log('hawser').slice(-20_000));
  } finally {
    unreached.stop();
    await session.stop();
  }
}

await main();
