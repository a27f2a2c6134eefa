/**
 * Look-ups of the DANE tools whose failures are told in the words of `explain`: what happened, and what is to be done.
 *
 * Leaves to others: what a look-up says where all is well (dane/look-up.ts), whose fault a failure is (explain/).
 */

import { type Looked, type LookedStatus, type LookUp, lookedOf } from '../dane/look-up.ts';
import { troubleText } from '../explain/ending.ts';
import { troubleOf } from '../explain/gather.ts';
import type { Report } from '../explain/report.ts';
import type { Clock } from '../ports/clock.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { type ExplainedInstance, explainParts } from './explain-parts.ts';

/** By a resolver of this process. */
export function lookUpBy(instance: ExplainedInstance, clock: Clock): LookUp {
  return async (name, type) => {
    const resolution = await instance.resolver.resolve(questionOf(name, type));
    const looked = lookedOf(resolution, clock.unixSeconds());
    return hasFailed(looked) ? { ...looked, why: troubleOf(resolution, explainParts(instance, clock)) } : looked;
  };
}

/**
 * By another resolver that can be asked to explain. Its reply alone says but a code and a text (RFC 8914), so what fails is explained;
 * where there is no explanation, or it does not fail any more, the reply's own words stay.
 */
export function lookUpExplained(lookUp: LookUp, explain: (question: Question) => Promise<Report | string>): LookUp {
  return async (name, type) => {
    const looked = await lookUp(name, type);
    const report = hasFailed(looked) ? await explain(questionOf(name, type)) : '';
    const status = typeof report === 'string' ? null : FAILED_STATUS[report.status];
    if (typeof report === 'string' || status === null || status === undefined) return looked;
    return { ...looked, status, why: troubleText(report) };
  };
}

/** Statuses of a report that are failures, as look-ups have them. */
const FAILED_STATUS: Readonly<Record<string, LookedStatus>> = {
  bogus: 'bogus',
  indeterminate: 'failed',
  failed: 'failed',
};

function hasFailed({ status }: Looked): boolean {
  return status === 'bogus' || status === 'failed';
}
