/** How a resolution ended, in words: what reports and traces close with. */

import { edeOf, edesOfFailure } from '../terms/ede-of.ts';
import { failureText } from '../terms/failure-text.ts';
import type { Resolution } from '../terms/resolution.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { edeText } from '../wire/ede.ts';
import { type Question, questionText } from '../wire/question.ts';
import { rcodeText } from '../wire/rcode.ts';
import type { Report } from './report.ts';

/** Rcode, status, reason and extended errors. */
export function endingOf(resolution: Resolution): Pick<Report, 'rcode' | 'status' | 'reason' | 'ede'> {
  if (resolution.kind === 'failed') {
    const ede = edesOfFailure(resolution.why).map(({ code }) => ({ code, name: edeText(code) }));
    return { rcode: 'SERVFAIL', status: 'failed', reason: failureText(resolution.why), ede };
  }
  const { verdict, rcode } = resolution;
  const error = verdict === null ? null : edeOf(verdict);
  return {
    rcode: rcodeText(rcode),
    status: verdict?.status ?? 'unchecked',
    reason: verdict === null ? 'unchecked' : verdictText(verdict),
    ede: error === null ? [] : [{ code: error.code, name: edeText(error.code) }],
  };
}

/** What went wrong and what is to be done, as one text. */
export function troubleText({ reason, remedy }: Pick<Report, 'reason' | 'remedy'>): string {
  return remedy === null ? reason : `${reason}. ${remedy.text}`;
}

/** The last line of a trace, as an object. */
interface TraceEnd {
  readonly kind: 'ended';
  readonly question: string;
  readonly seconds: number;
  readonly rcode: string;
  readonly status: string;
  readonly reason: string;
}

export function endOfTrace(question: Question, resolution: Resolution, seconds: number): TraceEnd {
  const { rcode, status, reason } = endingOf(resolution);
  return { kind: 'ended', question: questionText(question), seconds, rcode, status, reason };
}

/** The same for people. */
export function endText({ rcode, status, seconds, reason }: TraceEnd): string {
  return `${rcode} ${status}, ${seconds.toFixed(3)} s${whyText(status, reason)}\n`;
}

/** What follows a status: why, where there is more to say than the status itself. */
export function whyText(status: string, reason: string): string {
  return reason === status ? '' : `: ${reason}`;
}
