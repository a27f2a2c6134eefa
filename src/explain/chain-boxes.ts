/**
 * The chain of trust of a report as boxes from the anchor down to the answer, and what stands on the way between two of them:
 * what every picture of it (SVG, Graphviz) draws.
 */

import { dateText } from './date-text.ts';
import type { KeyLine, ProofLine, Report, SetLine, SignatureLine, ZoneLine } from './report.ts';

/** Rows of one box; a zone in a roll-over has a handful of keys. */
const MAX_ROWS = 14;

export type Tone = 'good' | 'warn' | 'bad';

/** Said beside every colour, for who cannot see it. */
export const MARKS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕' };

export interface Row {
  readonly text: string;
  /** Null: plain. */
  readonly tone: Tone | null;
}

/** A zone, or the answer. */
interface Box {
  readonly title: string;
  readonly tone: Tone;
  readonly state: string;
  readonly rows: readonly Row[];
  /** What the box above says of this one; empty for the first. */
  readonly link: readonly Row[];
}

/** The boxes, from the anchor down. The last one is the answer. */
export function chainBoxes(report: Report): readonly Box[] {
  const zones = report.zones.map((zone, i) => ({
    title: zone.zone,
    tone: toneOf(zone.status),
    state: zone.status,
    rows: bounded(zoneRows(zone)),
    link: i === 0 ? [] : bounded(linkRows(zone)),
  }));
  const tone = toneOf(report.status);
  const rows = [
    ...(report.status === 'secure' ? [] : [{ text: report.reason, tone }]),
    ...report.denials.flatMap(proofRows),
    ...[...report.answer, ...report.proof].flatMap(setRows),
  ];
  const state = `${report.rcode}, ${report.status}`;
  return [...zones, { title: report.question, tone, state, rows: bounded(rows), link: [] }];
}

/** What is proven not to be there, each piece with its record. */
function proofRows({ says, isComplete, steps }: ProofLine): readonly Row[] {
  const pieces = steps.map(({ text, record }) => ({
    text: record === null ? text : `${text}: ${record.owner} ${record.type}`,
    tone: record === null ? ('bad' as const) : null,
  }));
  return [{ text: says, tone: isComplete ? 'good' : 'bad' }, ...(steps.length > 1 ? pieces : [])];
}

function toneOf(status: string): Tone {
  if (status === 'secure') return 'good';
  return status === 'insecure' || status === 'unchecked' ? 'warn' : 'bad';
}

function zoneRows(zone: ZoneLine): readonly Row[] {
  const anchor =
    zone.anchor === null ? [] : [{ text: `trust anchor ${zone.anchor.join(', ')}`, tone: 'good' as const }];
  const why = zone.why === null ? [] : [{ text: zone.why, tone: toneOf(zone.status) }];
  return [...anchor, ...why, ...zone.keys.map(keyRow), ...(zone.keySet?.signatures ?? []).map(signatureRow)];
}

function keyRow({ keyTag, algorithmName, bits, isEntry, isTrusted, isRevoked }: KeyLine): Row {
  const marks = [
    isEntry ? 'signs keys' : 'signs data',
    ...(isTrusted ? ['trusted from above'] : []),
    ...(isRevoked ? ['REVOKED'] : []),
  ];
  return {
    text: `DNSKEY ${keyTag}  ${algorithmName}, ${bits} bits: ${marks.join(', ')}`,
    tone: isRevoked ? 'bad' : null,
  };
}

function signatureRow({ keyTag, expiration, state }: SignatureLine): Row {
  const tone = state === 'good' ? 'good' : state === 'not checked' ? 'warn' : 'bad';
  return { text: `signed by ${keyTag}: ${state}, until ${dateText(expiration)}`, tone };
}

/** What the zone above says of this one. */
function linkRows(zone: ZoneLine): readonly Row[] {
  const ds = zone.ds.map(({ keyTag, algorithm, digestType }) => ({
    text: `DS ${keyTag}, algorithm ${algorithm}, digest ${digestType}`,
    tone: null,
  }));
  const none = zone.noDs.map(({ owner, type, proves }) => ({
    text: `no DS: ${proves === '' ? '' : `${proves}, `}by ${owner} ${type}`,
    tone: 'warn' as const,
  }));
  return [...ds, ...(zone.dsSet?.signatures ?? []).map(signatureRow), ...none];
}

function setRows({ owner, type, status, records, proves, signatures }: SetLine): readonly Row[] {
  const tone = toneOf(status);
  const says =
    proves === ''
      ? records.map((record) => ({ text: `${type} ${record}`, tone: null }))
      : [{ text: `says: ${proves}`, tone: null }];
  return [{ text: `${owner} ${type}: ${status}`, tone }, ...says, ...signatures.map(signatureRow)];
}

function bounded(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= MAX_ROWS) return rows;
  return [...rows.slice(0, MAX_ROWS - 1), { text: `and ${rows.length - MAX_ROWS + 1} more`, tone: null }];
}
