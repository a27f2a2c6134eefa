/** The instance as `explain` sees it. */

import type { ExplainParts } from '../explain/gather.ts';
import type { Clock } from '../ports/clock.ts';
import type { ResolverInstance } from './resolver-instance.ts';

export function explainParts(
  { resolver, caches, anchors }: Pick<ResolverInstance, 'resolver' | 'caches' | 'anchors'>,
  clock: Clock,
): ExplainParts {
  return {
    resolve: (question, trace) => resolver.resolve(question, { trace }),
    peek: (question) => resolver.peek(question),
    trustOf: (zone) => caches.keys.find(zone),
    anchors: () => anchors.positive(),
    unixSeconds: () => clock.unixSeconds(),
    monotonicMs: () => clock.monotonicMs(),
  };
}
