/**
 * Rules for addresses in answers: response-ip of the server or of a view, and the rpz-ip triggers of a policy zone.
 *
 * Duties: hold rules by netblock; find the first address of an answer that has one; say what the rule makes of the answer.
 * Leaves to others: which rules a client is subject to (apply-policy.ts), whether the answer may be looked at (apply-policy.ts: never
 * a bogus one).
 */

import type { Answered } from '../terms/resolution.ts';
import { ipText } from '../wire/ip.ts';
import type { Name } from '../wire/name.ts';
import { type PrefixEntry, PrefixMap } from '../wire/prefix-map.ts';
import { RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType, withOwner } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { nullReply, recordFor } from './answer-zone.ts';
import type { ZoneType } from './local-zone.ts';
import { RecordSets } from './record-sets.ts';
import type { TagSet } from './tags.ts';

/** What is done with answers that hold an address of a netblock. */
interface ResponseRule {
  action: ZoneType;
  /** Only for clients with one of these tags does a tag's action count; null: untagged. */
  tags: TagSet | null;
  /** Records that stand for the address. */
  readonly data: RecordSets;
}

/** A rule that an answer meets. */
export interface MetRule {
  readonly rule: ResponseRule;
  /** Index of the RRset with the address in the answer section. */
  readonly at: number;
  /** The netblock, as log lines show it. */
  readonly block: string;
}

/** What becomes of an answer. */
type RuleOutcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'truncate' }
  /** The records before the address stay, these come in its place. */
  | {
      readonly kind: 'replace';
      readonly keep: number;
      readonly records: readonly TimedRRset[];
      readonly rcode: number;
    };

export class ResponseRules {
  readonly #rules = new PrefixMap<ResponseRule>();

  get size(): number {
    return this.#rules.size;
  }

  /** The rule of a netblock, made with the action where there is none. */
  at(address: Uint8Array, prefixLength: number, action: ZoneType): ResponseRule {
    const known = this.#rules.get(address, prefixLength);
    if (known !== undefined) return known;
    const made: ResponseRule = { action, tags: null, data: new RecordSets('oldest-first') };
    this.#rules.set(address, prefixLength, made);
    return made;
  }

  /** The rule of exactly this netblock. */
  get(address: Uint8Array, prefixLength: number): ResponseRule | undefined {
    return this.#rules.get(address, prefixLength);
  }

  ruleFor(address: Uint8Array): PrefixEntry<ResponseRule> | null {
    return this.#rules.longestMatch(address);
  }

  /** The first address of the answer section that has a rule. */
  find({ answer }: Answered): MetRule | null {
    if (this.size === 0) return null;
    for (const [at, { rrset }] of answer.entries()) {
      const type = rrsetType(rrset);
      if (type !== TYPE.A && type !== TYPE.AAAA) continue;
      for (const address of rdatasOf(rrset)) {
        const entry = this.#rules.longestMatch(address);
        if (entry === null) continue;
        return { rule: entry.value, at, block: `${ipText(entry.address)}/${entry.prefixLength}` };
      }
    }
    return null;
  }
}

/** What an action makes of an answer; `data` are the records that stand for the address, if any. */
export function applyRule(
  action: ZoneType,
  data: readonly TimedRRset[],
  { answer, question }: Answered,
  at: number,
): RuleOutcome {
  const met = answer[at]?.rrset;
  if (met === undefined) return { kind: 'pass' };
  const asAny = question.type === TYPE.ANY;
  const replace = (records: readonly TimedRRset[], rcode: number = RCODE.NOERROR): RuleOutcome => ({
    kind: 'replace',
    keep: asAny ? 0 : at,
    records,
    rcode,
  });
  switch (action) {
    case 'deny':
    case 'inform_deny':
    case 'always_deny':
      return { kind: 'drop' };
    case 'truncate':
      return { kind: 'truncate' };
    case 'refuse':
    case 'always_refuse':
      return { kind: 'replace', keep: 0, records: [], rcode: RCODE.REFUSED };
    case 'always_nxdomain':
      return replace([], RCODE.NXDOMAIN);
    case 'redirect':
    case 'inform_redirect':
    case 'static':
    case 'always_nodata': {
      const record = action === 'always_nodata' ? null : recordFor(data, rrsetType(met));
      return replace(record === null ? [] : [{ ttl: record.ttl, rrset: withOwner(record.rrset, rrsetOwner(met)) }]);
    }
    case 'always_null':
      return replace(nullReply({ ...question, name: rrsetOwner(met), type: rrsetType(met) }).answer);
    default:
      return { kind: 'pass' };
  }
}

/** The target when the records are a CNAME that is to be followed. */
export function aliasTarget(records: readonly TimedRRset[], askedType: number): Name | null {
  const last = records.at(-1);
  if (last === undefined || rrsetType(last.rrset) !== TYPE.CNAME || askedType === TYPE.CNAME) return null;
  const rdata = rdatasOf(last.rrset)[0];
  return rdata === undefined ? null : readTargetName(rdata);
}
