/**
 * Reads the records of a response policy zone: which trigger an owner name stands for, and what its records make of it.
 *
 * The encodings are those of the RPZ draft (draft-vixie-dnsop-dns-rpz): names as they are, `rpz-ip`, `rpz-client-ip`,
 * `rpz-nsip` with the address backwards and the prefix length first (`zz` for `::`), `rpz-nsdname`.
 * Leaves to others: looking triggers up (rpz-zone.ts), acting (rpz.ts).
 */

import { parseIp } from '../wire/ip.ts';
import { isRoot, labelCount, labelsOf, lastLabels, type Name, ROOT, replaceSuffix } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';

export type RpzAction = 'nxdomain' | 'nodata' | 'passthru' | 'drop' | 'tcp-only' | 'local-data';

/** What sets a rule off. */
export type RpzTrigger =
  | { readonly kind: 'qname' | 'nsdname'; readonly name: Name }
  | {
      readonly kind: 'ip' | 'client-ip' | 'nsip';
      readonly address: Uint8Array;
      readonly prefixLength: number;
    };

const ADDRESS_KINDS: Readonly<Record<string, 'ip' | 'client-ip' | 'nsip'>> = {
  'rpz-ip': 'ip',
  'rpz-client-ip': 'client-ip',
  'rpz-nsip': 'nsip',
};

/** Types that stand in a policy zone for its own sake: its apex, its signatures, and DNAME, which has no meaning there. */
const IGNORED_TYPES: ReadonlySet<number> = new Set([
  TYPE.SOA,
  TYPE.NS,
  TYPE.DNAME,
  TYPE.DNSKEY,
  TYPE.DS,
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.NSEC3,
  TYPE.NSEC3PARAM,
]);

const SPECIAL_TARGETS: Readonly<Record<string, RpzAction>> = {
  '.': 'nxdomain',
  '*.': 'nodata',
  'rpz-passthru.': 'passthru',
  'rpz-drop.': 'drop',
  'rpz-tcp-only.': 'tcp-only',
};

/** The action of a record; null: the record is none. */
export function actionOf(type: number, rdata: Uint8Array): RpzAction | null {
  if (IGNORED_TYPES.has(type)) return null;
  if (type !== TYPE.CNAME) return 'local-data';
  const target = readTargetName(rdata);
  if (target === null) return null;
  const text = formatName(target).toLowerCase();
  const special = SPECIAL_TARGETS[text];
  if (special !== undefined) return special;
  // Top-level names beginning with rpz- are kept for actions to come.
  return lastLabelText(target).startsWith('rpz-') ? null : 'local-data';
}

/** The trigger that an owner stands for; null: none, or one that cannot be read. */
export function triggerOf(owner: Name, zone: Name): RpzTrigger | null {
  const relative = replaceSuffix(owner, zone, ROOT);
  if (relative === null || isRoot(relative)) return null;
  const last = lastLabelText(relative);
  if (!last.startsWith('rpz-')) return { kind: 'qname', name: relative };
  const rest = withoutLastLabel(relative);
  if (last === 'rpz-nsdname') return isRoot(rest) ? null : { kind: 'nsdname', name: rest };
  const kind = ADDRESS_KINDS[last];
  const block = kind === undefined ? null : blockOf(rest);
  return kind === undefined || block === null ? null : { kind, ...block };
}

function lastLabelText(name: Name): string {
  return isRoot(name) ? '' : formatName(lastLabels(name, 1)).slice(0, -1).toLowerCase();
}

function withoutLastLabel(name: Name): Name {
  return labelCount(name) < 2 ? ROOT : (replaceSuffix(name, lastLabels(name, 1), ROOT) ?? ROOT);
}

/** `24.0.2.0.192` or `48.zz.101.db8.2001`. */
function blockOf(name: Name): { readonly address: Uint8Array; readonly prefixLength: number } | null {
  const [first = '', ...backwards] = labelsOf(name).map((label) => Buffer.from(label).toString('latin1').toLowerCase());
  if (!/^[0-9]{1,3}$/.test(first)) return null;
  const words = backwards.reverse();
  const isFour = words.length === 4 && words.every((word) => /^[0-9]{1,3}$/.test(word)) && Number(first) <= 32;
  const address = parseIp(isFour ? words.join('.') : sixText(words));
  const prefixLength = Number(first);
  return address === null || prefixLength > 8 * address.length || prefixLength < 1 ? null : { address, prefixLength };
}

function sixText(words: readonly string[]): string {
  return words.join(':').replace(/^zz$/, '::').replace(/^zz:/, '::').replace(/:zz$/, '::').replace(/:zz:/, '::');
}
