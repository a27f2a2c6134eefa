/**
 * One step of an alias chain: the CNAME proven, or the DNAME proven and the CNAME that follows from it (RFC 6672 §5.3.1).
 */

import type { AliasStep } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Verdict } from '../terms/verdict.ts';
import { isBelow, type Name, namesEqual, replaceSuffix } from '../wire/name.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner } from '../wire/rrset.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { recordOf } from './signature-reason.ts';
import { keepProven, replaceValidated } from './unrequested-rrsets.ts';
import { validateExpanded } from './validate-expanded.ts';
import { withVerdict } from './validate-rrset.ts';
import type { ValidationContext } from './validation-context.ts';

export interface ValidatedStep {
  readonly verdict: Verdict;
  readonly step: AliasStep;
}

export function validateAlias(validation: ValidationContext, step: AliasStep): Soon<ValidatedStep> {
  if (!follows(step)) return notSynthesised(validation, step);
  // RFC 4035 §3.1.4.1: an alias where a DS was asked for is the zone's above to give. A DNAME stands above the name itself.
  const asked = step.via === 'cname' ? step.question.type : TYPE.DNAME;
  return andThen(validateExpanded(validation, step.alias, step.proof, asked), (validated) => {
    const { verdict, ranked: alias } = validated;
    const isSecure = verdict.status === 'secure';
    const kept = isSecure ? keepProven(validation, replaceValidated(step.proof, validated.proof)) : step.proof;
    const synthesised = step.synthesised === null ? null : inherit(step.synthesised, alias, verdict);
    return andThen(kept, (proof) => ({ verdict, step: { ...step, alias, synthesised, proof } }));
  });
}

/** True when the step leads where it says. */
function follows({ via, question, alias, synthesised, to }: AliasStep): boolean {
  const owner = rrsetOwner(alias.rrset);
  const targets = rdatasOf(alias.rrset).map(readTargetName);
  if (via === 'cname') {
    return namesEqual(owner, question.name) && targets.some((target) => target !== null && namesEqual(target, to));
  }
  const made = madeByDname(alias, question.name);
  if (made === null || !namesEqual(made, to)) return false;
  // RFC 6672 §5.3.1: the synthesised CNAME is not signed: the validator derives it again and compares.
  return synthesised === null || says(synthesised, question.name, to);
}

/** Where a DNAME leads a name below it: the owner's labels are replaced by the target's (RFC 6672 §2.2); null: nowhere. */
function madeByDname(dname: RankedRRset, name: Name): Name | null {
  const owner = rrsetOwner(dname.rrset);
  const target = targetOf(dname);
  return target === null || !isBelow(name, owner) ? null : replaceSuffix(name, owner, target);
}

/** True when the DNAME makes a name of more than 255 octets out of `name` (RFC 6672 §2.2). */
export function makesTooLong(dname: RankedRRset, name: Name): boolean {
  const target = targetOf(dname);
  const owner = rrsetOwner(dname.rrset);
  return target !== null && isBelow(name, owner) && replaceSuffix(name, owner, target) === null;
}

function targetOf({ rrset }: RankedRRset): Name | null {
  const [rdata] = rdatasOf(rrset);
  return rdata === undefined ? null : readTargetName(rdata);
}

/** True when the CNAME at `name` is what the DNAME makes of that name. */
export function followsFrom(dname: RankedRRset, cname: RankedRRset, name: Name): boolean {
  const made = madeByDname(dname, name);
  return made !== null && says(cname, name, made);
}

function says({ rrset }: RankedRRset, owner: Name, target: Name): boolean {
  const targets = rdatasOf(rrset).map(readTargetName);
  const isSame = targets.every((said) => said !== null && namesEqual(said, target));
  return isSame && targets.length === 1 && namesEqual(rrsetOwner(rrset), owner);
}

/** The synthesised CNAME is worth what its DNAME is, and lives no longer. */
export function inherit(cname: RankedRRset, dname: RankedRRset, verdict: Verdict): RankedRRset {
  return { ...cname, verdict, expiresAt: Math.min(cname.expiresAt, dname.expiresAt) };
}

function notSynthesised(validation: ValidationContext, step: AliasStep): ValidatedStep {
  const subject = step.synthesised ?? step.alias;
  const verdict = {
    status: 'bogus',
    why: { kind: 'alias-not-synthesised', ...recordOf(subject.rrset, step.alias.zone ?? rrsetOwner(step.alias.rrset)) },
  } as const;
  return { verdict, step: { ...step, alias: withVerdict(validation, step.alias, verdict) } };
}
