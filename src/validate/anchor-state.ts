/**
 * The state file of one tracked trust anchor (`auto-trust-anchor-file`), in the form that Unbound reads and writes, so that
 * either program goes on where the other stopped.
 *
 * Duties: text both ways; nothing that is not understood is lost silently: a bad line is an error with its number.
 * Leaves to others: reading and writing the file, what the states mean (rfc5011.ts).
 */

import { readU16 } from '../wire/bytes.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { DNSKEY_FLAG, keyTag } from '../wire/rdata-dnskey.ts';
import { formatRdata, parseRecord } from '../wire/record-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { KeyState, TrackedKey, TrackedKeys } from './rfc5011.ts';

/** A tracked anchor with its timetable; times in unix seconds, intervals in seconds, 0 where not known. */
export interface AnchorState {
  readonly tracked: TrackedKeys;
  /** TTL of the DNSKEY set when it was last seen. */
  readonly ttlSeconds: number;
  readonly lastQueried: number;
  readonly lastSuccess: number;
  readonly nextProbe: number;
  /** Probes that failed since the last success. */
  readonly failedProbes: number;
  readonly queryIntervalSeconds: number;
  readonly retrySeconds: number;
}

/** A text read, or its errors. */
type AnchorStateText =
  | { readonly ok: true; readonly state: AnchorState }
  | { readonly ok: false; readonly errors: readonly { readonly line: number; readonly text: string }[] };

/** Unbound's numbers and words of the states; 0 and 5 (removed) are not written. */
const STATES: readonly (readonly [number, KeyState, string])[] = [
  [0, 'start', ' START '],
  [1, 'add-pend', 'ADDPEND'],
  [2, 'valid', ' VALID '],
  [3, 'missing', 'MISSING'],
  [4, 'revoked', 'REVOKED'],
];
const REMOVED = 5;
/** Seconds for a record without TTL, until a probe tells; an hour, as Unbound takes. */
const DEFAULT_TTL = 3600;

/** Reads a state file, or a plain list of DS and DNSKEY records to begin with. One zone only. */
export function readAnchorState(text: string): AnchorStateText {
  const errors: { line: number; text: string }[] = [];
  const keys: TrackedKey[] = [];
  const ds: Uint8Array[] = [];
  let zone: Name | null = null;
  let ttlSeconds = 0;
  text.split('\n').forEach((line, i) => {
    const content = line.replace(/;.*$/, '').trim();
    if (content === '' || content.startsWith('$')) return;
    // Lists to begin with often have no TTL, as Debian's dns-root-data.
    const record = parseRecord(content, { ttl: DEFAULT_TTL });
    if ('error' in record) {
      errors.push({ line: i + 1, text: record.error });
    } else if (zone !== null && !namesEqual(zone, record.owner)) {
      errors.push({ line: i + 1, text: `the file is about ${formatName(zone)}; another zone needs a file of its own` });
    } else if (record.type === TYPE.DS || record.type === TYPE.DNSKEY) {
      zone = record.owner;
      ttlSeconds = record.ttl;
      if (record.type === TYPE.DS) ds.push(record.rdata);
      else pushKey(keys, record.rdata, line);
    }
  });
  if (errors.length === 0 && zone === null) errors.push({ line: 0, text: 'no DS or DNSKEY record' });
  if (errors.length > 0 || zone === null) return { ok: false, errors };
  return { ok: true, state: { tracked: { zone, ds, keys: withoutZoneKeys(keys) }, ttlSeconds, ...readTimes(text) } };
}

/** Unbound puts what it reads in front of what it has: so does this, for the same file afterwards. */
function pushKey(keys: TrackedKey[], rdata: Uint8Array, line: string): void {
  const number = /;;state=(\d+)/.exec(line)?.[1];
  const written = number === undefined ? 'start' : STATES.find(([each]) => each === Number(number))?.[1];
  if (written === undefined || Number(number) === REMOVED) return;
  // RFC 5011 §2.1: a key with the REVOKE bit is no trust anchor, whatever a list says of it.
  const state = (readU16(rdata, 0) & DNSKEY_FLAG.REVOKE) === 0 ? written : 'revoked';
  const numberAfter = (word: string): number => Number(new RegExp(`;;${word}=(\\d+)`).exec(line)?.[1] ?? 0);
  keys.unshift({ rdata, state, count: numberAfter('count'), changedAt: numberAfter('lastchange') });
}

/** RFC 5011 §3 tracks secure entry points; a list that has none is taken as it is. */
function withoutZoneKeys(keys: readonly TrackedKey[]): readonly TrackedKey[] {
  const entryPoints = keys.filter(({ rdata }) => isEntryPoint(rdata));
  return entryPoints.length > 0 ? entryPoints : keys;
}

/** True for a DNSKEY with the SEP flag (RFC 4034 §2.1.1). */
export function isEntryPoint(rdata: Uint8Array): boolean {
  return ((rdata[1] ?? 0) & DNSKEY_FLAG.SEP) !== 0;
}

function readTimes(text: string): Omit<AnchorState, 'tracked' | 'ttlSeconds'> {
  const read = (word: string): number => Number(new RegExp(`^;;${word}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    lastQueried: read('last_queried'),
    lastSuccess: read('last_success'),
    nextProbe: read('next_probe_time'),
    failedProbes: read('query_failed'),
    queryIntervalSeconds: read('query_interval'),
    retrySeconds: read('retry_time'),
  };
}

const REVOKED_NOTE = `;;REVOKED
; The zone has all keys revoked, and is
; considered as if it has no trust anchors.
; the remainder of the file is the last probe.
; to restart the trust anchor, overwrite this file.
; with one containing valid DNSKEYs or DSes.
`;

/** What the file must say besides the state. */
interface AnchorStateNotes {
  readonly isRevoked: boolean;
  /** Size of a key in bits, for the comment; 0 when it cannot be told. */
  readonly bitsOf: (rdata: Uint8Array) => number;
}

/** The text of the file. */
export function formatAnchorState(state: AnchorState, { isRevoked, bitsOf }: AnchorStateNotes): string {
  const { tracked, lastQueried, lastSuccess, nextProbe } = state;
  const zone = formatName(tracked.zone);
  const head = `${zone}\t${state.ttlSeconds}\tIN\t`;
  const dsLines = tracked.ds.map((rdata) => `${head}DS\t${formatRdata(TYPE.DS, rdata)}\n`);
  const keyLines = tracked.keys.map((key) => `${head}DNSKEY\t${keyText(key, bitsOf(key.rdata))}\n`);
  const times = [
    `;;id: ${zone} 1`,
    `;;last_queried: ${lastQueried} ;;${dateText(lastQueried)}`,
    `;;last_success: ${lastSuccess} ;;${dateText(lastSuccess)}`,
    `;;next_probe_time: ${nextProbe} ;;${dateText(nextProbe)}`,
    `;;query_failed: ${state.failedProbes}`,
    `;;query_interval: ${state.queryIntervalSeconds}`,
    `;;retry_time: ${state.retrySeconds}`,
  ];
  const revoked = isRevoked ? REVOKED_NOTE : '';
  return `; autotrust trust anchor file\n${revoked}${times.join('\n')}\n${[...dsLines, ...keyLines].join('')}`;
}

function keyText(key: TrackedKey, bits: number): string {
  const [number, , word] = STATES.find(([, state]) => state === key.state) ?? [REMOVED, null, 'REMOVED'];
  const use = isEntryPoint(key.rdata) ? 'ksk' : 'zsk';
  const comment = `;{id = ${keyTag(key.rdata)} (${use}), size = ${bits}b}`;
  const change = `;;lastchange=${key.changedAt} ;;${dateText(key.changedAt)}`;
  return `${formatRdata(TYPE.DNSKEY, key.rdata)} ${comment} ;;state=${number} [ ${word} ] ;;count=${key.count} ${change}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Mon Aug 24 07:46:40 2009`, in UTC. */
function dateText(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const time = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}
