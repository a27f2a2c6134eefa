/** Turns a scripted message into octets, without the checks of the resolver's own builder: scenarios script nonsense too. */

import { writeU16, writeU32 } from '../../src/wire/bytes.ts';
import { type Name, nameKey, parentOf } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ScriptedMessage } from './scenario.ts';
import type { ScriptedRecord } from './scripted-record.ts';

/** UDP size that scripted OPT records state. */
const SCRIPTED_UDP_SIZE = 1232;
/** Messages above this size are compressed, as a server would have to. */
const COMPRESS_ABOVE_OCTETS = 1200;
/** Highest offset that a compression pointer can name. */
const MAX_POINTER = 0x3fff;

/** An OPT record put in where the script has none, or its size and flags where it has. */
export interface ForcedOpt {
  readonly udpSize: number;
  readonly flags: number;
}

/** Octets of the message, with id 0. */
export function encodeScripted(message: ScriptedMessage, forced: ForcedOpt | null): Uint8Array {
  if (message.hex !== null) return message.hex.slice();
  const plain = encode(message, forced, null);
  return plain.length > COMPRESS_ABOVE_OCTETS ? encode(message, forced, new Map()) : plain;
}

/** Octets of the message without compression, however long. */
export function encodeUncompressed(message: ScriptedMessage, forced: ForcedOpt | null): Uint8Array {
  return message.hex?.slice() ?? encode(message, forced, null);
}

type Pointers = Map<string, number> | null;

function encode(message: ScriptedMessage, forced: ForcedOpt | null, pointers: Pointers): Uint8Array {
  const { question, answer, authority, additional } = message.sections;
  const opt = optOf(message, forced);
  const header = new Uint8Array(12);
  writeU16(header, 2, message.flags | (message.opcode << 11) | (message.rcode & 15));
  [question, answer, authority, additional].forEach((section, i) => {
    writeU16(header, 4 + 2 * i, section.length);
  });
  if (opt !== null) writeU16(header, 10, additional.length + 1);
  const out = [...header];
  for (const { owner, type, class: recordClass } of question) {
    putName(out, owner, pointers);
    out.push(type >>> 8, type & 0xff, recordClass >>> 8, recordClass & 0xff);
  }
  for (const record of [...answer, ...authority, ...additional]) putRecord(out, record, pointers);
  if (opt !== null) out.push(...opt);
  return Uint8Array.from(out);
}

function optOf(message: ScriptedMessage, forced: ForcedOpt | null): Uint8Array | null {
  const isScripted = message.doBit || message.coBit || message.ednsOptions !== null;
  if (!isScripted && forced === null) return null;
  const options = message.ednsOptions ?? new Uint8Array();
  const scriptedFlags = (message.doBit ? 0x8000 : 0) | (message.coBit ? 0x4000 : 0);
  const opt = new Uint8Array(11 + options.length);
  writeU16(opt, 1, TYPE.OPT);
  writeU16(opt, 3, forced?.udpSize ?? SCRIPTED_UDP_SIZE);
  opt[5] = message.rcode >>> 4;
  writeU16(opt, 7, isScripted ? scriptedFlags : (forced?.flags ?? 0));
  writeU16(opt, 9, options.length);
  opt.set(options, 11);
  return opt;
}

function putRecord(out: number[], record: ScriptedRecord, pointers: Pointers): void {
  const rdata = record.rdata ?? new Uint8Array();
  const fixed = new Uint8Array(10);
  writeU16(fixed, 0, record.type);
  writeU16(fixed, 2, record.class);
  writeU32(fixed, 4, record.ttl);
  writeU16(fixed, 8, rdata.length);
  putName(out, record.owner, pointers);
  out.push(...fixed, ...rdata);
}

function putName(out: number[], name: Name, pointers: Pointers): void {
  let rest = name;
  while (rest.length > 1) {
    const known = pointers?.get(nameKey(rest));
    if (known !== undefined) {
      out.push(0xc0 | (known >>> 8), known & 0xff);
      return;
    }
    if (out.length < MAX_POINTER) pointers?.set(nameKey(rest), out.length);
    const next = parentOf(rest);
    out.push(...rest.subarray(0, rest.length - next.length));
    rest = next;
  }
  out.push(0);
}
