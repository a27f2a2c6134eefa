/**
 * The steps of questions as log lines: which of them from which `verbosity` on.
 *
 * Unbound's levels: 0 errors and what was asked for by other directives; 1 notices; 2 how each question ended; 3 who was asked
 * and what came back; 4 each step; 5 the clients of questions that the caches cannot answer (serve/pending-clients.ts).
 */

import type { LogSink } from '../ports/log-sink.ts';
import { unreachable } from '../terms/unreachable.ts';
import type { TraceEvent, TraceStep } from '../trace/events.ts';
import type { Followers } from '../trace/followers.ts';
import { stepText } from '../trace/step-text.ts';
import { Trace } from '../trace/trace.ts';
import type { Question } from '../wire/question.ts';

/** Notices are written from this verbosity on. */
export const NOTICE_VERBOSITY = 1;
const ENDS_VERBOSITY = 2;
const SERVERS_VERBOSITY = 3;
const ALL_VERBOSITY = 4;

/** The verbosity from which on a kind of step is logged. */
function leastVerbosity(kind: TraceStep['kind']): number {
  switch (kind) {
    case 'finished':
    case 'failed':
    case 'verdict':
    case 'limit':
      return ENDS_VERBOSITY;
    case 'ask':
    case 'response':
    case 'exchange-failed':
    case 'alias':
    case 'zone-trust':
      return SERVERS_VERBOSITY;
    case 'cache-hit':
    case 'cache-miss':
    case 'delegation':
    case 'scrubbed':
    case 'signature':
    case 'denial':
      return ALL_VERBOSITY;
    default:
      return unreachable(kind);
  }
}

/** What takes the steps of a question: the log when it is as detailed as that, and whoever follows; null: nobody does. */
export function stepTrace(
  verbosity: () => number,
  log: LogSink,
  followers: Followers,
): (question: Question) => Trace | null {
  const write = (event: TraceEvent): void => {
    const least = leastVerbosity(event.kind);
    if (verbosity() < least) return;
    // Unbound's names of the levels: what only those who look into the program want to know is `debug`.
    log.write(least === ALL_VERBOSITY ? 'debug' : 'info', `step [${event.workId}] ${stepText(event)}`);
  };
  return (question) => {
    const follow = followers.stepsOf(question);
    const isLogged = verbosity() >= ENDS_VERBOSITY;
    if (follow === null) return isLogged ? new Trace(write) : null;
    return new Trace((event) => {
      if (isLogged) write(event);
      follow(event);
    });
  };
}
