/** Compares two sections of records: same records in any order, TTLs when asked, alias chains in order. */

import { toHex } from '../../src/wire/bytes.ts';
import { nameKey } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { type SeenRecord, seenRecordText } from './seen-message.ts';

/** What counts. */
export interface SectionRules {
  readonly compareTtl: boolean;
  /** Seconds by which a TTL may be lower than scripted. */
  readonly ttlSlackSeconds: number;
  /** A chain of aliases must come in the scripted order. */
  readonly inOrder: boolean;
}

/** The first difference in words; null when there is none. */
export function sectionDifference(
  label: string,
  expected: readonly SeenRecord[],
  got: readonly SeenRecord[],
  rules: SectionRules,
): string | null {
  const left = [...got];
  for (const record of expected) {
    const alike = left.filter((other) => recordKey(other) === recordKey(record));
    const [other] = alike;
    if (other === undefined) return `${label}: missing ${seenRecordText(record)}`;
    const fitting = rules.compareTtl ? alike.find((one) => ttlFits(one.ttl, record.ttl, rules)) : other;
    if (fitting === undefined) {
      return `${label}: TTL ${other.ttl} (expected ${record.ttl}) on ${seenRecordText(record)}`;
    }
    left.splice(left.indexOf(fitting), 1);
  }
  const [extra] = left;
  if (extra !== undefined) return `${label}: extra ${seenRecordText(extra)}`;
  const isChain = expected.some((record) => record.type === TYPE.CNAME || record.type === TYPE.DNAME);
  if (rules.inOrder && isChain && ownersInOrder(expected) !== ownersInOrder(got)) {
    return `${label}: CNAME/DNAME chain out of order`;
  }
  return null;
}

function ttlFits(got: number, expected: number, { ttlSlackSeconds }: SectionRules): boolean {
  return got === expected || (expected > 0 && got <= expected && got >= expected - ttlSlackSeconds);
}

function recordKey({ name, type, class: recordClass, rdata }: SeenRecord): string {
  return `${nameKey(name)} ${type} ${recordClass} ${toHex(rdata)}`;
}

function ownersInOrder(records: readonly SeenRecord[]): string {
  return [...new Set(records.map((record) => nameKey(record.name)))].join(' ');
}
