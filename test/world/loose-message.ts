/**
 * A message as lists of records that a test may change: what an honest server said, taken apart, and put together again
 * with whatever an attacker would rather say. Names are written without compression, so nothing is tidied up on the way.
 */

import { concatBytes, writeU16, writeU32 } from '../../src/wire/bytes.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { type Name, nameKey } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import type { Question } from '../../src/wire/question.ts';
import { parseRdata } from '../../src/wire/record-text.ts';
import { CLASS, TYPE, typeFromText } from '../../src/wire/rr-type.ts';
import { type ResourceRecord, recordsOf } from '../../src/wire/rrsets.ts';

/** Sections by name. */
export const SECTIONS = ['answer', 'authority', 'additional'] as const;

/** The message. */
export interface LooseMessage {
  id: number;
  /** The flags field with its rcode. */
  flags: number;
  question: Question | null;
  answer: ResourceRecord[];
  authority: ResourceRecord[];
  additional: ResourceRecord[];
}

/** Takes octets apart; throws when they are no message. */
export function loosen(bytes: Uint8Array): LooseMessage {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { message } = parsed;
  return {
    id: message.id,
    flags: message.flags,
    question: message.questions[0] ?? null,
    answer: recordsOf(message, message.answer),
    authority: recordsOf(message, message.authority),
    additional: recordsOf(message, message.additional),
  };
}

/** Puts it together. */
export function tighten({ id, flags, question, ...sections }: LooseMessage): Uint8Array {
  const head = new Uint8Array(12);
  writeU16(head, 0, id);
  writeU16(head, 2, flags);
  writeU16(head, 4, question === null ? 0 : 1);
  const parts: Uint8Array[] = [head];
  if (question !== null) parts.push(question.name, u16(question.type), u16(question.class));
  for (const [i, name] of SECTIONS.entries()) {
    writeU16(head, 6 + 2 * i, sections[name].length);
    for (const record of sections[name]) parts.push(recordOctets(record));
  }
  return concatBytes(...parts);
}

/** One record in octets. */
export function recordOctets({ owner, type, class: recordClass, ttl, rdata }: ResourceRecord): Uint8Array {
  const ttlOctets = new Uint8Array(4);
  writeU32(ttlOctets, 0, ttl);
  return concatBytes(owner, u16(type), u16(recordClass), ttlOctets, u16(rdata.length), rdata);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** A record out of text: `www.test. 300 A 192.0.2.1`. Throws when it cannot be read. */
export function recordOf(line: string): ResourceRecord {
  const [owner = '', ttl = '', typeName = '', ...rest] = line.split(' ');
  const type = typeFromText(typeName) ?? TYPE.A;
  const rdata = parseRdata(type, rest.join(' '));
  if (!(rdata instanceof Uint8Array)) throw new Error(`${line}: ${rdata.error}`);
  return { owner: mustParseName(owner), type, class: CLASS.IN, ttl: Number(ttl), rdata };
}

/** True when the record has that name. */
export function isAt(record: ResourceRecord, name: string | Name): boolean {
  return nameKey(record.owner) === nameKey(typeof name === 'string' ? mustParseName(name) : name);
}

/** The type that an RRSIG covers; the record's own type for others. */
export function subjectOf({ type, rdata }: ResourceRecord): number {
  return type === TYPE.RRSIG ? ((rdata[0] ?? 0) << 8) | (rdata[1] ?? 0) : type;
}
