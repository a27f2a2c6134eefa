/**
 * Session: the own line is dead for a while (the packet filter drops what goes to any server) and questions keep coming; then
 * it is back, and names nobody has asked for are asked every 100 ms of Hawser and of Unbound. Prints one line of JSON: for each
 * outage the seconds until each of them resolved the first one.
 */

import { execFileSync } from 'node:child_process';
import { ask } from './asking.ts';
import { Session } from './daemons.ts';
import { startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';
import { type RunningResolver, startHawserThere, startUnboundThere } from './resolvers.ts';

const AT = { root: '198.51.100.1', org: '198.51.100.2', mail: '198.51.100.3' } as const;
/** Seconds without a line; caches are empty before the first, warm before the others. */
const OUTAGES = [20, 20, 60] as const;
/** Where datagrams end: `output`, the sender is told at once; `input`, it hears nothing, as when a line beyond this host is cut. */
const HOOK = process.argv[2] === 'silent' ? 'input' : 'output';
const ASK_EVERY_MS = 100;
const PATIENCE_MS = 60_000;

function delegation(zone: string, address: string, ds: readonly string[]): string {
  return [`${zone} NS ns1.${zone}`, `ns1.${zone} A ${address}`, ...ds.map((rdata) => `${zone} DS ${rdata}`)].join('\n');
}

function top(zone: string, address: string, more: string): string {
  const origin = zone === '.' ? '' : zone;
  return `$TTL 3600\n${zone} SOA ns1.${origin} h.${origin} 1 7200 3600 1209600 3600\n${zone} NS ns1.${origin}\nns1.${origin} A ${address}\n${more}\n`;
}

async function startWorld(session: Session): Promise<readonly string[]> {
  const plan = { signer: 'bind', algorithms: [13], denial: 'nsec' } as const;
  const sign = (zone: string, address: string, more: string) =>
    signZone(session.folder, { ...plan, zone, text: top(zone, address, more) });
  const mail = sign('mail.org.', AT.mail, '*.mail.org. A 192.0.2.25\n*.mail.org. MX 10 mx.mail.org.');
  const org = sign('org.', AT.org, delegation('mail.org.', AT.mail, mail.ds[2]));
  const root = sign('.', AT.root, delegation('org.', AT.org, org.ds[2]));
  await startAuthority(session, { program: 'nsd', address: AT.root, zones: [root] });
  await startAuthority(session, { program: 'nsd', address: AT.org, zones: [org] });
  await startAuthority(session, { program: 'nsd', address: AT.mail, zones: [mail] });
  return root.ds[2];
}

function cutLine(): void {
  execFileSync('nft', ['add', 'rule', 'inet', 't', 'out', 'ip', 'daddr', '198.51.100.0/24', 'drop']);
}

function mendLine(): void {
  execFileSync('nft', ['flush', 'chain', 'inet', 't', 'out']);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let names = 0;
const newName = (): string => `n${names++}.mail.org`;

/** Seconds until a name that nobody has asked for is answered; infinite when none is in a minute. */
async function secondsUntilAnswer({ port }: RunningResolver): Promise<number> {
  const startedAt = performance.now();
  let seconds: number | null = null;
  const asked: Promise<void>[] = [];
  while (seconds === null && performance.now() - startedAt < PATIENCE_MS) {
    const one = ask(port, newName(), 'A', PATIENCE_MS / 4).then(({ rcode }) => {
      if (rcode === 'NOERROR') seconds ??= (performance.now() - startedAt) / 1000;
    });
    asked.push(one);
    await pause(ASK_EVERY_MS);
  }
  return seconds ?? Number.POSITIVE_INFINITY;
}

async function outage(resolvers: readonly RunningResolver[], seconds: number): Promise<readonly number[]> {
  cutLine();
  const endsAt = performance.now() + seconds * 1000;
  while (performance.now() < endsAt) {
    for (const { port } of resolvers) void ask(port, newName(), 'A', 5000);
    await pause(500);
  }
  mendLine();
  return await Promise.all(resolvers.map(secondsUntilAnswer));
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const anchors = await startWorld(session);
    execFileSync('nft', ['add', 'table', 'inet', 't']);
    execFileSync('nft', ['add', 'chain', 'inet', 't', 'out', `{ type filter hook ${HOOK} priority 0; }`]);
    const surroundings = { rootServers: [AT.root], anchors };
    const resolvers = [await startHawserThere(session, surroundings), await startUnboundThere(session, surroundings)];
    const rows: { outage: number; hawser: number; unbound: number }[] = [];
    for (const seconds of OUTAGES) {
      const [hawser = 0, unbound = 0] = await outage(resolvers, seconds);
      rows.push({ outage: seconds, hawser, unbound });
    }
    console.log(JSON.stringify(rows));
  } finally {
    await session.stop();
  }
}

await main();
process.exit(0);
