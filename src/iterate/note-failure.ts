/** What a question without an answer teaches about the server that was asked, and what it is called. */

import type { NetworkError } from '../ports/network.ts';
import type { ExchangeParts, UpstreamQuery, UpstreamResult } from './upstream-query.ts';

type Failed = Extract<UpstreamResult, { readonly kind: 'failed' }>;

/** A wait that a work's own deadline cut short tells something about the server only when it was as long, ms. */
const TELLING_WAIT_MS = 2000;

/** How long an answer was waited for, whether that is less than the server would get, and its timeout when it was asked, ms. */
interface VainWait {
  readonly waitedMs: number;
  readonly wasCut: boolean;
  readonly timeoutMs: number;
}

export function noteTimeout({ servers, counters }: ExchangeParts, query: UpstreamQuery, wait: VainWait): Failed {
  counters.add('upstream.timeouts');
  const tellsSomething = !wait.wasCut || wait.waitedMs >= TELLING_WAIT_MS;
  if (tellsSomething) reportTimeout(servers, query, wait.timeoutMs);
  return { kind: 'failed', outcome: 'timeout' };
}

function reportTimeout(servers: ExchangeParts['servers'], { known, question }: UpstreamQuery, waitedMs: number): void {
  servers.report(known, { kind: 'silent', waitedMs, type: question.type });
}

export function noteNetworkError(
  { servers, notice, sayExhausted }: ExchangeParts,
  query: UpstreamQuery,
  error: NetworkError,
): Failed {
  if (error.kind === 'timeout') return { kind: 'failed', outcome: 'timeout' };
  if (error.kind === 'exhausted') {
    // Nothing was learnt of the server, and the next question may find a socket.
    sayExhausted(error.text);
    return { kind: 'failed', outcome: 'no-sockets' };
  }
  if (error.kind === 'unreachable') {
    const family = query.server.ip.includes(':') ? 'IPv6' : 'IPv4';
    const isNews = servers.noteUnreachable(query.known.server);
    if (isNews)
      notice(`no route for ${family} (${error.text}): its servers are asked only now and then until that changes`);
    return { kind: 'failed', outcome: 'unreachable' };
  }
  reportTimeout(servers, query, servers.waitMs(query.known));
  const isRefusal = error.kind === 'refused' || error.kind === 'reset';
  return { kind: 'failed', outcome: isRefusal ? 'connection-refused' : 'network-error' };
}
