/**
 * Trust anchors as text: DS and DNSKEY records in zone-file form (`trust-anchor`, `trust-anchor-file`,
 * `auto-trust-anchor-file`), and BIND's clauses (`trusted-keys-file`).
 */

import { fromBase64, fromHex, writeU16 } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { readZoneText } from '../wire/zone-text.ts';
import type { AnchorRecord } from './trust-anchors.ts';

/** What is wrong with a text, and where. */
interface AnchorTextError {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface AnchorText {
  readonly records: readonly AnchorRecord[];
  readonly errors: readonly AnchorTextError[];
}

/**
 * Keys that an RFC 5011 state file lists without trusting them (RFC 5011 §4.2): 0 start, 1 add-pend, 4 revoked, 5 removed.
 * 2 (valid) and 3 (missing) are trusted.
 */
const UNTRUSTED_STATE = /;;state=[0145]\b/;

/** Reads zone-file form; names without a final dot are absolute. Types other than DS and DNSKEY are passed over. */
export function readAnchors(text: string): AnchorText {
  const trusted = text.split('\n').map((line) => (UNTRUSTED_STATE.test(line) ? '' : line));
  const { records, errors } = readZoneText(trusted.join('\n'), { defaultTtl: 0 });
  const anchors: AnchorRecord[] = [];
  for (const { owner, type, rdata } of records) {
    if (type === TYPE.DS) anchors.push({ zone: owner, type: 'DS', rdata });
    else if (type === TYPE.DNSKEY) anchors.push({ zone: owner, type: 'DNSKEY', rdata });
  }
  return { records: anchors, errors: errors.map(({ line, text: wrong }) => ({ line, text: wrong })) };
}

interface Token {
  readonly text: string;
  readonly line: number;
}

/** Clauses of BIND that hold anchors. */
const CLAUSES: ReadonlySet<string> = new Set(['trusted-keys', 'managed-keys', 'trust-anchors']);
const KEY_WORDS: ReadonlySet<string> = new Set(['static-key', 'initial-key']);
const DS_WORDS: ReadonlySet<string> = new Set(['static-ds', 'initial-ds']);

/** Reads BIND's `trusted-keys { "." 257 3 8 "..."; };`, `managed-keys` and `trust-anchors`. */
export function readBindAnchors(text: string): AnchorText {
  const tokens = tokensOf(text);
  const records: AnchorRecord[] = [];
  const errors: AnchorTextError[] = [];
  let isInside = false;
  let entry: Token[] = [];
  for (const token of tokens) {
    if (token.text === '{') isInside = CLAUSES.has(entry[0]?.text ?? '');
    else if (token.text === '}') isInside = false;
    else if (token.text !== ';') {
      entry.push(token);
      continue;
    } else if (isInside && entry.length > 0) {
      const record = recordOf(entry.map(({ text: word }) => word));
      if (record === null) errors.push({ line: entry[0]?.line ?? 0, text: 'not a trusted key' });
      else records.push(record);
    }
    entry = [];
  }
  return { records, errors };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let from = 0;
  for (const match of text.matchAll(/\/\*[\s\S]*?\*\/|(?:\/\/|#).*|"([^"]*)"|[{};]|[^\s{};"]+/g)) {
    for (; from < match.index; from++) if (text[from] === '\n') line++;
    if (!/^(?:\/\*|\/\/|#)/.test(match[0])) tokens.push({ text: match[1] ?? match[0], line });
  }
  return tokens;
}

/** `name [static-key|initial-key] flags protocol algorithm key`, or `name static-ds tag algorithm digest-type digest`. */
function recordOf([nameText = '', ...words]: readonly string[]): AnchorRecord | null {
  const parsed = parseName(nameText);
  if (parsed === null) return null;
  const zone: Name = parsed;
  const isDs = DS_WORDS.has(words[0] ?? '');
  const fields = isDs || KEY_WORDS.has(words[0] ?? '') ? words.slice(1) : words;
  const [first, second, third] = fields.slice(0, 3).map(Number);
  const digits = fields.slice(3).join('').replace(/\s/g, '');
  const octets = isDs ? fromHex(digits) : fromBase64(digits);
  if (first === undefined || second === undefined || third === undefined || octets === null) return null;
  if (!isWithin(first, 0xffff) || !isWithin(second, 0xff) || !isWithin(third, 0xff) || octets.length === 0) return null;
  const rdata = new Uint8Array(4 + octets.length);
  writeU16(rdata, 0, first);
  rdata[2] = second;
  rdata[3] = third;
  rdata.set(octets, 4);
  return { zone, type: isDs ? 'DS' : 'DNSKEY', rdata };
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}
