/**
 * One record line of a scenario: `owner [ttl] [class] type rdata`, more forgiving than a zone file, since scenarios also
 * script data that no server should send (key tags that do not fit, base64 without padding, times out of range).
 */

import { concatBytes, writeU16, writeU32 } from '../../src/wire/bytes.ts';
import type { Name } from '../../src/wire/name.ts';
import { parseName } from '../../src/wire/name-text.ts';
import { parseRdata } from '../../src/wire/record-text.ts';
import { CLASS, classFromText, TYPE, typeFromText } from '../../src/wire/rr-type.ts';
import { ScenarioError } from './scenario.ts';

/** What lines may leave out. */
export interface RecordDefaults {
  readonly origin: Name;
  readonly ttl: number;
}

/** A record, or a question when `rdata` is null. */
export interface ScriptedRecord {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdata: Uint8Array | null;
}

/** Parses a line; throws ScenarioError when it is none. */
export function parseScriptedRecord(line: string, defaults: RecordDefaults, isQuestion: boolean): ScriptedRecord {
  const words = /^(\S+)\s*(.*)$/.exec(line);
  const owner = parseName(words?.[1] ?? '', defaults.origin);
  if (owner === null) throw new ScenarioError(`bad owner name: ${line}`);
  let rest = words?.[2] ?? '';
  let { ttl } = defaults;
  let recordClass: number = CLASS.IN;
  for (;;) {
    const next = /^(\S+)\s*(.*)$/s.exec(rest);
    const word = next?.[1] ?? '';
    rest = next?.[2] ?? '';
    if (word === '' || word.startsWith(';')) throw new ScenarioError(`no type: ${line}`);
    // ANY is a class as well as a type; as the last word it is the type.
    const isType = word.toUpperCase() === 'ANY' && (rest === '' || rest.startsWith(';'));
    const otherClass = isType ? null : classFromText(word);
    if (/^(\d+[wdhms]?)+$/i.test(word)) ttl = secondsOf(word);
    else if (otherClass !== null && !isType) recordClass = otherClass;
    else return finish({ owner, ttl, class: recordClass, typeWord: word }, rest, isQuestion ? null : defaults.origin);
  }
}

interface Head {
  readonly owner: Name;
  readonly ttl: number;
  readonly class: number;
  readonly typeWord: string;
}

/** Types that are newer than the table of mnemonics. */
const OTHER_TYPES: Readonly<Record<string, number>> = { HHIT: 67, BRID: 68, CLA: 263, IPN: 264 };

function finish({ owner, ttl, class: recordClass, typeWord }: Head, rest: string, origin: Name | null): ScriptedRecord {
  const type = typeFromText(typeWord) ?? OTHER_TYPES[typeWord.toUpperCase()] ?? null;
  if (type === null) throw new ScenarioError(`unknown type ${typeWord}`);
  if (origin === null) return { owner, type, class: recordClass, ttl: 0, rdata: null };
  const body = withoutComment(rest);
  return { owner, type, class: recordClass, ttl, rdata: rdataOf(type, body, origin) };
}

function rdataOf(type: number, body: string, origin: Name): Uint8Array {
  if (body === '') return new Uint8Array();
  const generic = /^\\#\s+(\d+)\s*(.*)$/s.exec(body);
  if (generic !== null) return new Uint8Array(Buffer.from((generic[2] ?? '').replace(/\s/g, ''), 'hex'));
  const parsed = parseRdata(type, body, origin);
  if (parsed instanceof Uint8Array) return parsed;
  const forgiven = forgivingRdata(type, body.split(/\s+/), origin);
  if (forgiven === null) throw new ScenarioError(`rdata "${body.slice(0, 80)}": ${parsed.error}`);
  return forgiven;
}

/** Octets of the types whose fields scenarios bend; null for the others. */
function forgivingRdata(type: number, words: readonly string[], origin: Name): Uint8Array | null {
  switch (type) {
    case TYPE.DS:
    case TYPE.CDS:
    case TYPE.DLV:
      return concatBytes(u16(words[0]), u8(algorithm(words[1])), u8(Number(words[2])), hex(words.slice(3)));
    case TYPE.DNSKEY:
    case TYPE.CDNSKEY:
      return concatBytes(u16(words[0]), u8(Number(words[1])), u8(algorithm(words[2])), base64(words.slice(3)));
    case TYPE.RRSIG:
      return signature(words, origin);
    case TYPE.ZONEMD:
      return concatBytes(u32(Number(words[0])), u8(Number(words[1])), u8(Number(words[2])), hex(words.slice(3)));
    default:
      return null;
  }
}

function signature(words: readonly string[], origin: Name): Uint8Array | null {
  const signer = parseName(words[7] ?? '', origin);
  const covered = typeFromText(words[0] ?? '');
  if (signer === null || covered === null) return null;
  return concatBytes(
    u16(covered),
    u8(algorithm(words[1])),
    u8(Number(words[2])),
    u32(Number(words[3])),
    u32(instant(words[4])),
    u32(instant(words[5])),
    u16(words[6]),
    signer,
    base64(words.slice(8)),
  );
}

const ALGORITHMS: Readonly<Record<string, number>> = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
};

function algorithm(word = ''): number {
  return /^\d+$/.test(word) ? Number(word) : (ALGORITHMS[word.toUpperCase()] ?? 0);
}

/** Time of a signature: 14 digits of a date, or seconds. */
function instant(word = ''): number {
  const date = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(word);
  if (date === null) return Number(word);
  const [, year, month, day, hour, minute, second] = date.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000;
}

function secondsOf(word: string): number {
  const units: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1, '': 1 };
  let sum = 0;
  for (const [, count, unit] of word.matchAll(/(\d+)([wdhms]?)/gi)) {
    sum += Number(count) * (units[(unit ?? '').toLowerCase()] ?? 1);
  }
  return sum;
}

/** Text before a `;` that stands outside quotes. */
function withoutComment(text: string): string {
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') isQuoted = !isQuoted;
    else if (text[i] === ';' && !isQuoted) return text.slice(0, i).trim();
  }
  return text.trim();
}

function u8(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff);
}

function u16(value: string | number = 0): Uint8Array {
  const octets = new Uint8Array(2);
  writeU16(octets, 0, Number(value));
  return octets;
}

function u32(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  writeU32(octets, 0, value >>> 0);
  return octets;
}

function hex(words: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(words.join(''), 'hex'));
}

function base64(words: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(words.join(''), 'base64'));
}
