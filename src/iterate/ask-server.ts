/**
 * One question of the way down to the server that was chosen for it: who it has to be, and what may go on meanwhile.
 *
 * Leaves to others: which server and what (iterative-query.ts), sending (upstream.ts).
 */

import { promised, type Taker, tellOf } from '../work/taker.ts';
import type { Work } from '../work/work.ts';
import type { DelegationPoint } from './delegation.ts';
import type { UpstreamTransport } from './options.ts';
import type { IterativeQueryParts } from './parts.ts';
import type { ResponseOrigin } from './read-response.ts';
import { type PublishingServer, publishedIdentity, publishingServer, type ServerIdentity } from './server-identity.ts';
import { type Candidate, knownOf } from './server-selection.ts';
import { startLookingAhead } from './target-addresses.ts';
import type { UpstreamQuery, UpstreamResult } from './upstream-query.ts';

/** What a server is asked. */
export interface Asked extends ResponseOrigin {
  readonly candidate: Candidate;
  readonly transport: UpstreamTransport;
  /** The zone is known to be signed. */
  readonly needsSignatures: boolean;
  /** The server did not have to show who it is: what comes is not to be kept. */
  isUnproven: boolean;
  /** Is told what comes of it, after the call; of a failure only by `Cancelled`. */
  readonly asker: Taker<UpstreamResult>;
}

/** Asks the server. */
export function askServer(parts: IterativeQueryParts, work: Work, servers: DelegationPoint, asked: Asked): void {
  const { configured } = servers;
  const publishing = publishingServer(configured, asked.candidate);
  if (publishing === null) {
    send(parts, work, servers, { asked, tlsName: asked.candidate.tlsName, tlsPins: configured?.tlsPins });
    return;
  }
  tellOf(askProven(parts, work, servers, { asked, publishing }), asked.asker);
}

/** Asks a server that publishes its keys, once one of them is proven. */
async function askProven(
  parts: IterativeQueryParts,
  work: Work,
  servers: DelegationPoint,
  { asked, publishing }: { readonly asked: Asked; readonly publishing: PublishingServer },
): Promise<UpstreamResult> {
  const identity = await publishedIdentity(parts, work, publishing, asked.asked);
  if (identity === null) return { kind: 'failed', outcome: 'key-unproven' };
  asked.isUnproven = identity.isUnproven === true;
  const result = await promised<UpstreamResult>((asker) =>
    send(parts, work, servers, { ...identity, asked: { ...asked, asker } }),
  );
  const isDoubted = result.kind === 'failed' && result.outcome === 'network-error';
  if (isDoubted) parts.publishedKeys?.doubt(publishing);
  return result;
}

function send(
  parts: IterativeQueryParts,
  work: Work,
  servers: DelegationPoint,
  { asked, tlsName, tlsPins, tlsIndicates }: ServerIdentity & { readonly asked: Asked },
): void {
  const { candidate, asked: question, recursion, transport, needsSignatures } = asked;
  let zoneTimeouts = 0;
  for (const { timeouts } of servers.candidates) zoneTimeouts += timeouts;
  const query: UpstreamQuery = {
    server: candidate.address,
    known: knownOf(candidate, servers.zone, parts.servers),
    question,
    recursion,
    transport,
    tlsName,
    tlsPins,
    tlsIndicates,
    needsSignatures,
    zoneTimeouts,
  };
  parts.upstream.ask(work, query, asked.asker);
  servers.noteLookingAhead(startLookingAhead(parts, work, servers));
}
