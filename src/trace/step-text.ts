/** The steps of a resolution in words. */

import { failureText } from '../terms/failure-text.ts';
import { LIMIT_TEXT } from '../terms/limit.ts';
import { unreachable } from '../terms/unreachable.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { formatName } from '../wire/name-text.ts';
import { questionText } from '../wire/question.ts';
import { rcodeText } from '../wire/rcode.ts';
import { typeText } from '../wire/rr-type.ts';
import type { TraceEvent } from './events.ts';

/** One step in words, without time and work. */
export function stepText(event: TraceEvent): string {
  switch (event.kind) {
    case 'cache-hit':
      return `in the cache: ${questionText(event.question)}`;
    case 'cache-miss':
      return `not in the cache: ${questionText(event.question)}`;
    case 'delegation':
      return `servers of ${formatName(event.zone)} known from ${event.source}: ${event.targets}`;
    case 'ask':
      return `ask ${event.server} (${formatName(event.zone)}) for ${questionText(event.question)} over ${event.transport}`;
    case 'response':
      return `${event.server} says over ${event.transport} after ${event.rttMs.toFixed(1)} ms: ${event.classified}`;
    case 'exchange-failed':
      return `${event.server} failed: ${event.outcome}`;
    case 'scrubbed':
      return `dropped ${formatName(event.owner)} ${typeText(event.type)}: ${event.why}`;
    case 'alias':
      return `alias ${formatName(event.from)} to ${formatName(event.to)}`;
    case 'zone-trust':
      return `zone ${formatName(event.zone)} is ${event.status}${event.why === undefined ? '' : `: ${event.why}`}`;
    case 'signature':
      return `signature of ${formatName(event.owner)} ${typeText(event.type)} by key ${event.keyTag}: ${event.outcome}`;
    case 'denial':
      return `denial: ${event.outcome}`;
    case 'limit':
      return `limit: ${LIMIT_TEXT[event.limit]}`;
    case 'verdict':
      return `verdict ${event.verdict.status}: ${verdictText(event.verdict)}`;
    case 'failed':
      return `failed: ${questionText(event.question)}: ${failureText(event.why)}`;
    case 'finished':
      return `finished: ${questionText(event.question)}: ${rcodeText(event.rcode)}`;
    default:
      return unreachable(event);
  }
}
