/**
 * Session: zones signed by two signers, served by NSD and Knot below a signed root; Hawser and the resolvers of Debian are
 * asked the same. Prints one line of JSON: what Hawser answers otherwise than the RFCs demand, and who else differs.
 */

import { type DigReply, digBatch, Session } from './daemons.ts';
import { startAuthority } from './real-authorities.ts';
import { type RunningResolver, startHawserThere, startPeers } from './resolvers.ts';
import { AT, type Demand, makeSignedWorld } from './signed-zones-world.ts';

/** One answer in few letters: `NXDOMAIN+ad`, `SERVFAIL`, or `silence`. */
function brief(reply: DigReply | undefined): string {
  if (reply === undefined) return 'silence';
  const answer = reply.status === 'NOERROR' && reply.answers === 0 ? 'NODATA' : reply.status;
  return `${answer}${reply.flags.includes('ad') ? '+ad' : ''}`;
}

function briefDemand({ rcode, ad, hasAnswer }: Demand): string {
  const answer = rcode === 'NOERROR' && hasAnswer === false ? 'NODATA' : rcode;
  return `${answer}${ad === null ? '(+ad)' : ad ? '+ad' : ''}`;
}

function isAsDemanded(reply: DigReply | undefined, demand: Demand): boolean {
  if (reply === undefined || reply.status !== demand.rcode) return false;
  if (demand.ad !== null && reply.flags.includes('ad') !== demand.ad) return false;
  // A negative answer behind a DNAME or CNAME carries the chain.
  return demand.rcode !== 'NOERROR' || demand.hasAnswer === null || reply.answers > 0 === demand.hasAnswer;
}

interface Difference {
  readonly question: string;
  readonly demanded: string;
  readonly got: string;
  readonly why: string;
}

function ask(session: Session, resolver: RunningResolver, demands: readonly Demand[]): Map<string, DigReply> {
  const questions = demands.map((demand) => demand.question);
  const replies = digBatch(session, resolver.port, questions, []);
  return new Map(replies.map((reply) => [`${reply.name} ${reply.type}`, reply]));
}

function differences(replies: Map<string, DigReply>, demands: readonly Demand[]): Difference[] {
  return demands.flatMap((demand) => {
    const reply = replies.get(demand.question);
    if (isAsDemanded(reply, demand)) return [];
    return [{ question: demand.question, demanded: briefDemand(demand), got: brief(reply), why: demand.why }];
  });
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const world = makeSignedWorld(session.folder);
    const { root, org, nsd, knot } = world.servers;
    await startAuthority(session, { program: 'nsd', address: AT.root, zones: root });
    await startAuthority(session, { program: 'knot', address: AT.org, zones: org });
    await startAuthority(session, { program: 'nsd', address: AT.nsd, zones: nsd });
    await startAuthority(session, { program: 'knot', address: AT.knot, zones: knot });
    const surroundings = { rootServers: [AT.root], anchors: world.anchors };
    const resolvers = [await startHawserThere(session, surroundings), ...(await startPeers(session, surroundings))];
    const answered = resolvers.map((resolver) => ({
      name: resolver.name,
      replies: ask(session, resolver, world.demands),
    }));
    const free = world.demands.filter((demand) => demand.ad === null);
    console.log(
      JSON.stringify({
        asked: world.demands.length,
        zones: world.zoneCount,
        resolvers: answered.map(({ name, replies }) => ({ name, differs: differences(replies, world.demands) })),
        leftOpen: free.map(({ question, why }) => ({
          question,
          why,
          got: answered.map(({ name, replies }) => `${name}: ${brief(replies.get(question))}`),
        })),
      }),
    );
    if (process.env.HAWSER_SESSION_LOG !== undefined) console.error(session.log('hawser').slice(-20_000));
  } finally {
    await session.stop();
  }
}

await main();
