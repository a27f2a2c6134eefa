/**
 * What the type bitmap of a record that matches the name says of a type. The same rules for NSEC and NSEC3 (RFC 4035
 * §5.4, RFC 5155 §8.5 and §8.6, RFC 6840 §4, RFC 9824 §3).
 */

import type { DenialOutcome } from '../terms/denial-outcome.ts';
import { isRoot } from '../wire/name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { hasType, type TypeBitmap, typesOf } from '../wire/type-bitmap.ts';
import type { DeniedQuestion } from './denial-record.ts';

/** What can come of one matching record. */
type TypeDenial = Extract<DenialOutcome, { readonly kind: 'nodata' | 'no-ds' | 'no-cut' | 'not-proven' }>;

/** Checks the bitmap of the record that matches `question.name`. */
export function checkTypes(types: TypeBitmap, question: DeniedQuestion): TypeDenial {
  if (question.type === TYPE.DS) return checkDs(types, question);
  if (hasAsked(types, question.type)) return { kind: 'not-proven', why: 'type-exists' };
  // RFC 6840 §4.3: a NODATA proof must also check that the CNAME bit is not set.
  if (hasType(types, TYPE.CNAME)) return { kind: 'not-proven', why: 'cname-exists' };
  // RFC 6840 §4.1: a record from the parent's side of a cut denies nothing but the DS there.
  if (isDelegation(types)) return { kind: 'not-proven', why: 'parent-side' };
  // RFC 9824 §3: NXNAME says that the name was made up for this denial.
  return { kind: 'nodata', isCompactNxdomain: hasType(types, TYPE.NXNAME) };
}

/** Types that a denial itself brings to a name, or by which it says that there is none (RFC 4034 §4.1.2, RFC 9824 §3). */
const OF_THE_DENIAL: ReadonlySet<number> = new Set([TYPE.NSEC, TYPE.RRSIG, TYPE.NXNAME]);
/** Question types that stand for several (RFC 1035 §3.2.3), and which. */
const MAILB = 253;
const MAILA = 254;
const STANDS_FOR: ReadonlyMap<number, readonly number[]> = new Map([
  [MAILB, [TYPE.MB, TYPE.MG, TYPE.MR, TYPE.MINFO]],
  [MAILA, [TYPE.MD, TYPE.MF]],
]);

/** True when the bitmap lists what a question asks for. Bitmaps never list question types: those ask for what is there. */
function hasAsked(types: TypeBitmap, asked: number): boolean {
  if (asked === TYPE.ANY) return typesOf(types).some((type) => !OF_THE_DENIAL.has(type));
  return hasType(types, asked) || (STANDS_FOR.get(asked) ?? []).some((type) => hasType(types, type));
}

function checkDs(types: TypeBitmap, question: DeniedQuestion): TypeDenial {
  if (hasType(types, TYPE.DS)) return { kind: 'not-proven', why: 'type-exists' };
  // RFC 4035 §5.2, RFC 5155 §8.6: with the SOA bit the record is the child's own, and the child cannot deny its DS. The
  // root has no parent, so its own record stands.
  if (hasType(types, TYPE.SOA) && !isRoot(question.name)) return { kind: 'not-proven', why: 'child-side' };
  if (hasType(types, TYPE.NS) && !hasType(types, TYPE.SOA)) return { kind: 'no-ds' };
  if (hasType(types, TYPE.NXNAME)) return { kind: 'nodata', isCompactNxdomain: true };
  return { kind: 'no-cut', isAlias: hasType(types, TYPE.CNAME) };
}

/** True for the bitmap of a delegation as the parent has it: NS without SOA (RFC 6840 §4.1). */
function isDelegation(types: TypeBitmap): boolean {
  return hasType(types, TYPE.NS) && !hasType(types, TYPE.SOA);
}

/** True when nothing below the record's owner belongs to the zone of the record (RFC 6840 §4.1, RFC 6672 §5.3.4.1). */
export function cutsOffBelow(types: TypeBitmap): boolean {
  return hasType(types, TYPE.DNAME) || isDelegation(types);
}

/** The outcome of a matching wildcard record: the same outcome, said of the wildcard. */
export function asWildcard(denial: TypeDenial): DenialOutcome {
  // A wildcard CNAME: no cut, but no denial of the DS either.
  if (denial.kind === 'no-cut' && denial.isAlias) return denial;
  if (denial.kind !== 'not-proven') return { kind: 'wildcard-nodata' };
  if (denial.why === 'type-exists') return { kind: 'not-proven', why: 'wildcard-type-exists' };
  if (denial.why === 'cname-exists') return { kind: 'not-proven', why: 'wildcard-cname-exists' };
  return denial;
}
