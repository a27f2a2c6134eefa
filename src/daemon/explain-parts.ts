/** The instance as `explain` sees it. */

import type { ExplainParts } from '../explain/gather.ts';
import type { Clock } from '../ports/clock.ts';
import { heldLines } from './held-lines.ts';
import type { ResolverInstance } from './resolver-instance.ts';

export type ExplainedInstance = Pick<ResolverInstance, 'resolver' | 'caches' | 'anchors' | 'crypto' | 'config'>;

export function explainParts(
  { resolver, caches, anchors, crypto, config }: ExplainedInstance,
  clock: Clock,
): ExplainParts {
  return {
    resolve: (question, trace) => resolver.resolve(question, { trace }),
    peek: (question) => resolver.peek(question),
    trustOf: (zone) => caches.keys.find(zone),
    held: (question) => heldLines({ caches, resolver, clock }, question),
    crypto,
    signatureTime: config.server.valOverrideDate,
    anchors: () => anchors.positive(),
    unixSeconds: () => clock.unixSeconds(),
    monotonicMs: () => clock.monotonicMs(),
  };
}
