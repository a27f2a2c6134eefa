/** Frame Streams, what dnstap travels in: control frames of both sides, data frames (the protocol of the fstrm library). */

import { readU32, writeU32 } from '../wire/bytes.ts';

/** What the frames hold. */
const CONTENT_TYPE = 'protobuf:dnstap.Dnstap';

export const CONTROL = { accept: 1, start: 2, stop: 3, ready: 4, finish: 5 } as const;

type ControlType = (typeof CONTROL)[keyof typeof CONTROL];

/** The longest control frame, octets. */
const MAX_CONTROL_OCTETS = 512;
const FIELD_CONTENT_TYPE = 1;
const WORD = 4;

const CONTENT_TYPE_OCTETS = new TextEncoder().encode(CONTENT_TYPE);

/** A control frame; those that begin or offer a stream name the content. */
export function controlFrame(type: ControlType): Uint8Array {
  const isNamed = type === CONTROL.ready || type === CONTROL.start;
  const fields = isNamed ? 2 * WORD + CONTENT_TYPE_OCTETS.length : 0;
  const frame = new Uint8Array(3 * WORD + fields);
  // A data frame of length 0 is the escape.
  writeU32(frame, WORD, WORD + fields);
  writeU32(frame, 2 * WORD, type);
  if (!isNamed) return frame;
  writeU32(frame, 3 * WORD, FIELD_CONTENT_TYPE);
  writeU32(frame, 4 * WORD, CONTENT_TYPE_OCTETS.length);
  frame.set(CONTENT_TYPE_OCTETS, 5 * WORD);
  return frame;
}

/** A data frame. */
export function dataFrame(data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(WORD + data.length);
  writeU32(frame, 0, data.length);
  frame.set(data, WORD);
  return frame;
}

/** A control frame at the beginning of what has come; `more`: not whole yet; `malformed`: no such frame. */
type ReadControl =
  | { readonly kind: 'control'; readonly type: number; readonly takesContent: boolean; readonly octets: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' };

/** Reads what a collector says. A frame that names no content takes any. */
export function readControl(bytes: Uint8Array): ReadControl {
  if (bytes.length < 2 * WORD) return { kind: 'more' };
  const length = readU32(bytes, WORD);
  if (readU32(bytes, 0) !== 0 || length < WORD || length > MAX_CONTROL_OCTETS) return { kind: 'malformed' };
  const end = 2 * WORD + length;
  if (bytes.length < end) return { kind: 'more' };
  const named: string[] = [];
  let at = 3 * WORD;
  while (at < end) {
    if (at + 2 * WORD > end) return { kind: 'malformed' };
    const fieldType = readU32(bytes, at);
    const fieldEnd = at + 2 * WORD + readU32(bytes, at + WORD);
    if (fieldType !== FIELD_CONTENT_TYPE || fieldEnd > end) return { kind: 'malformed' };
    named.push(new TextDecoder().decode(bytes.subarray(at + 2 * WORD, fieldEnd)));
    at = fieldEnd;
  }
  const takesContent = named.length === 0 || named.includes(CONTENT_TYPE);
  return { kind: 'control', type: readU32(bytes, 2 * WORD), takesContent, octets: end };
}
