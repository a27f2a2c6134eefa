/**
 * A message as the replay engine compares it: names lower-cased, rdata decompressed, sections as lists. Reads leniently,
 * since scenarios contain messages that the resolver itself must refuse.
 */

import { readU16, readU32, toHex } from '../../src/wire/bytes.ts';
import { type Name, type PointerBudget, readName, skipName, toLowerCase } from '../../src/wire/name.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { FLAG, rcodeText } from '../../src/wire/rcode.ts';
import { canonicalRdata, expandRdata, measureRdata } from '../../src/wire/rdata-names.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { TYPE, typeText } from '../../src/wire/rr-type.ts';

/** Flag bits that are compared. */
const FLAG_MASK = 0x87b0;

/** A question as seen. */
export interface SeenQuestion {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** A record as seen. */
export interface SeenRecord extends SeenQuestion {
  readonly ttl: number;
  readonly rdata: Uint8Array;
}

/** One EDNS option. */
export interface SeenOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** The OPT record as seen. */
export interface SeenOpt {
  readonly udpSize: number;
  readonly extendedRcode: number;
  readonly version: number;
  readonly flags: number;
  readonly options: readonly SeenOption[];
}

/** A message as seen. */
export class SeenMessage {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly opcode: number;
  readonly rcode: number;
  readonly flags: number;
  questions: SeenQuestion[] = [];
  answer: SeenRecord[] = [];
  authority: SeenRecord[] = [];
  additional: SeenRecord[] = [];
  opt: SeenOpt | null = null;
  /** First question's name as it was written. */
  rawName: Name | null = null;
  questionEnd = 12;
  /** Why the rest could not be read; null when all could. */
  bad: string | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const flags = readU16(bytes, 2);
    this.id = readU16(bytes, 0);
    this.opcode = (flags >>> 11) & 15;
    this.rcode = flags & 15;
    this.flags = flags & FLAG_MASK;
    if (!this.#readAll()) this.bad = `unreadable message of ${bytes.length} octets`;
  }

  #readAll(): boolean {
    const { bytes } = this;
    if (bytes.length < 12) return false;
    const budget = { left: 100_000 };
    let at = 12;
    for (let i = 0; i < readU16(bytes, 4); i++) {
      const name = readName(bytes, at, bytes.length, budget);
      const end = skipName(bytes, at);
      if (name === null || end + 4 > bytes.length) return false;
      this.rawName ??= name;
      const [type, questionClass] = [readU16(bytes, end), readU16(bytes, end + 2)];
      this.questions.push({ name: toLowerCase(name), type, class: questionClass });
      at = end + 4;
    }
    this.questionEnd = at;
    const sections = [this.answer, this.authority, this.additional];
    for (const [i, section] of sections.entries()) {
      for (let n = 0; n < readU16(bytes, 6 + 2 * i); n++) {
        const end = this.#readRecord(at, section, budget);
        if (end < 0) return false;
        at = end;
      }
    }
    return true;
  }

  /** Offset after the record; -1 when it is not one. */
  #readRecord(at: number, section: SeenRecord[], budget: PointerBudget): number {
    const { bytes } = this;
    const owner = readName(bytes, at, bytes.length, budget);
    const fixedAt = skipName(bytes, at);
    if (owner === null || fixedAt + 10 > bytes.length) return -1;
    const [type, recordClass] = [readU16(bytes, fixedAt), readU16(bytes, fixedAt + 2)];
    const ttl = readU32(bytes, fixedAt + 4);
    const start = fixedAt + 10;
    const end = start + readU16(bytes, fixedAt + 8);
    if (end > bytes.length) return -1;
    if (type === TYPE.OPT && section === this.additional) {
      this.opt = readOpt(bytes.subarray(start, end), recordClass, ttl);
      return end;
    }
    const octets = measureRdata(bytes, { start, end }, type, budget) ?? 0;
    const rdata = octets < 0 ? new Uint8Array(-octets) : bytes.subarray(start, end);
    if (octets < 0) expandRdata(bytes, start, rdata, 0);
    section.push({ name: toLowerCase(owner), type, class: recordClass, ttl, rdata: comparable(rdata, type) });
    return end;
  }
}

function readOpt(options: Uint8Array, udpSize: number, ttl: number): SeenOpt {
  const found: SeenOption[] = [];
  for (let at = 0; at + 4 <= options.length; at += 4 + readU16(options, at + 2)) {
    found.push({ code: readU16(options, at), data: options.slice(at + 4, at + 4 + readU16(options, at + 2)) });
  }
  return { udpSize, extendedRcode: ttl >>> 24, version: (ttl >>> 16) & 0xff, flags: ttl & 0xffff, options: found };
}

/** Rdata with its names lower-cased, NSEC's too. */
function comparable(rdata: Uint8Array, type: number): Uint8Array {
  if (type !== TYPE.NSEC) return canonicalRdata(rdata, type);
  const next = readName(rdata, 0, rdata.length, { left: 0 });
  if (next === null) return rdata;
  const copy = rdata.slice();
  copy.set(toLowerCase(next));
  return copy;
}

/** A record on one line, long rdata cut. */
export function seenRecordText(record: SeenRecord): string {
  const rdata = rdataText(record);
  const shown = rdata.length > 60 ? `${rdata.slice(0, 57)}...` : rdata;
  return `${formatName(record.name)} ${typeText(record.type)} ${shown}`;
}

function rdataText({ type, rdata }: SeenRecord): string {
  return rdata.length === 0 ? '(empty)' : formatRdata(type, rdata);
}

/** Names of the flags that are set. */
export function flagsText(flags: number): string {
  return Object.entries(FLAG)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join(' ');
}

/** The message as dig would show it, roughly. */
export function seenMessageText(message: SeenMessage): string {
  if (message.bad !== null) return `${message.bad}: ${toHex(message.bytes)}\n`;
  const lines = [`;; ${rcodeText(message.rcode)} opcode ${message.opcode} flags: ${flagsText(message.flags)}`];
  if (message.opt !== null) {
    const options = message.opt.options.map(({ code, data }) => `${code}:${toHex(data)}`).join(' ');
    lines.push(`;; EDNS udp ${message.opt.udpSize} flags ${message.opt.flags.toString(16)} options [${options}]`);
  }
  for (const { name, type } of message.questions) lines.push(`;${formatName(name)} ${typeText(type)}`);
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (message[section].length > 0) lines.push(`;; ${section}`);
    for (const record of message[section]) {
      lines.push(`${formatName(record.name)} ${record.ttl} ${typeText(record.type)} ${rdataText(record)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
