/**
 * How the servers of one delegation failed while one question was asked of them, and when that is enough.
 *
 * Duties: the failures in order, the bounds on questions without use (twenty dead or lame servers must
 * not cost twenty packets). Leaves to others: whom to ask next (server-selection.ts), what is said of it
 * (why-no-server.ts).
 */

import type { ServerCache } from '../cache/server-cache.ts';
import type { ServerOutcome } from '../terms/server-outcome.ts';
import type { Name } from '../wire/name.ts';
import type { IterateOptions } from './options.ts';

/** Failures in a row, of few servers, that end a question: on a line that loses half of the packets one in 1000 meets them. */
const FAILURES_IN_ROW = 10;

/** As many servers as honest zones have at most (the root, com): each of them may be asked once before a question ends. */
const SERVERS_OF_A_ZONE = 13;

/** Failures that are allowed besides when names without known addresses are looked up after all. */
const FAILURES_MORE = 2;

/** One question to a server that was of no use. */
interface ServerFailure {
  /** `ip@port`. */
  readonly server: string;
  readonly outcome: ServerOutcome;
}

/** Most questions meet none. */
const NONE: readonly never[] = [];

export class ServerFailures {
  #failures: readonly ServerFailure[] = NONE;
  /** Those that failed, each once. */
  #servers: readonly string[] = NONE;
  #isExtended = false;

  note(server: string, outcome: ServerOutcome): void {
    this.#failures = [...this.#failures, { server, outcome }];
    if (!isOurs(outcome) && !this.#servers.includes(server)) this.#servers = [...this.#servers, server];
  }

  /** True the first time: names that were not looked up yet are tried, and may bring a few servers more. */
  allowMore(): boolean {
    if (this.#isExtended) return false;
    this.#isExtended = true;
    return true;
  }

  remember(servers: ServerCache, zone: Name): void {
    for (const { server, outcome } of this.#failures) {
      if (isOurs(outcome)) continue;
      servers.recentFailures.note(servers.at(server, zone), isTimeout(outcome) ? 'silent' : 'useless');
    }
  }

  /** A server was of use: what comes next is a new question. */
  reset(): void {
    this.#failures = NONE;
    this.#servers = NONE;
  }

  /**
   * True when one question has met so many failures that it should end; `attemptsPerServer` is `outbound-msg-retry`. Of a zone
   * with up to 13 known addresses each may fail: the last of them may be the one that lives.
   */
  areEnough({ maxFailedServers, attemptsPerServer }: IterateOptions, knownServers: number): boolean {
    const more = this.#isExtended ? FAILURES_MORE : 0;
    const each = knownServers <= SERVERS_OF_A_ZONE ? knownServers : 0;
    const inRow = Math.max(FAILURES_IN_ROW, 2 * attemptsPerServer, each);
    return this.#servers.length >= Math.max(maxFailedServers, each) + more || this.#failures.length >= inRow + more;
  }

  /** All of them, in order. */
  get list(): readonly ServerFailure[] {
    return this.#failures;
  }
}

/** No route, no socket, no descriptor: that is about this host, and nothing was sent. */
function isOurs(outcome: ServerOutcome): boolean {
  return outcome === 'unreachable' || outcome === 'network-error' || outcome === 'no-sockets';
}

/** True for what says that nothing was heard of the server. */
export function isTimeout(outcome: ServerOutcome): boolean {
  switch (outcome) {
    case 'timeout':
    case 'unreachable':
    case 'connection-refused':
    case 'network-error':
    case 'no-sockets':
    case 'tcp-failed':
      return true;
    default:
      return false;
  }
}
