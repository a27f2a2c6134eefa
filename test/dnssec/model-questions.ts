/** Random zones and questions for the model, small enough that they often meet. Not a test itself. */

import fc from 'fast-check';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ModelZone } from './model-zone.ts';

const LABELS = ['a', 'b', 'c', '*'];
const relative = fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));

const PLAIN: readonly (readonly number[])[] = [[TYPE.A], [TYPE.MX, TYPE.AAAA], [TYPE.CNAME], [TYPE.TXT]];
/** A cut or DNAME at a wildcard has no defined meaning (RFC 4592 §4.2, §4.4), so wildcards get plain types. */
const CUTTING: readonly (readonly number[])[] = [[TYPE.NS], [TYPE.NS, TYPE.DS], [TYPE.DNAME, TYPE.A]];

const node = fc.tuple(relative, fc.nat()).map(([name, pick]): [string, readonly number[]] => {
  const choices = name.startsWith('*') ? PLAIN : [...PLAIN, ...CUTTING];
  return [name, choices[pick % choices.length] ?? []];
});

/** A zone: its apex and up to seven names. */
export const zones: fc.Arbitrary<ModelZone> = fc
  .array(node, { maxLength: 7 })
  .map((nodes) => new Map([['', [TYPE.SOA, TYPE.NS, TYPE.DNSKEY]], ...nodes]));

/** A question below the apex: relative name and type. */
export const questions = fc.record({
  relative,
  type: fc.constantFrom<number>(TYPE.A, TYPE.AAAA, TYPE.MX, TYPE.TXT, TYPE.DS, TYPE.CNAME, TYPE.TLSA),
});

/** Which records are in the response: one bit each. */
export const subsets = fc.nat({ max: 0xffff });
