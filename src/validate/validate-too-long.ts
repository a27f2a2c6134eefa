/**
 * YXDOMAIN: a DNAME makes a name of more than 255 octets out of the one asked for. The DNAME and its signature are the whole
 * proof (RFC 6672 §2.2, §5.3.1): the rcode follows from them, and nothing else goes out with it.
 */

import type { FinalAnswer } from '../terms/iteration-result.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetType } from '../wire/rrset.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { recordRef } from './signature-reason.ts';
import { makesTooLong } from './validate-alias.ts';
import { validateExpanded } from './validate-expanded.ts';
import type { ValidatedEnd } from './validate-positive.ts';
import type { ValidationContext } from './validation-context.ts';

export function validateTooLong(validation: ValidationContext, end: FinalAnswer): Soon<ValidatedEnd> {
  const { name, type } = end.question;
  const isProof = (dname: FinalAnswer['answer'][number]) =>
    rrsetType(dname.rrset) === TYPE.DNAME && makesTooLong(dname, name);
  const dname = end.answer.find(isProof);
  const bare = { ...end, answer: [], authority: [], additional: [] };
  if (dname === undefined) {
    const why = { kind: 'alias-not-synthesised', ...recordRef(name, type, end.zone) } as const;
    return { verdict: { status: 'bogus', why }, end: bare };
  }
  return andThen(validateExpanded(validation, dname, []), ({ verdict, ranked }) => ({
    verdict,
    end: { ...bare, answer: [ranked] },
  }));
}
