/** A question: name, type and class (RFC 1035 §4.1.2). */

import { FNV_PRIME } from './fnv.ts';
import { type Name, namesEqual, numberedNameKey } from './name.ts';
import { formatName } from './name-text.ts';
import { CLASS, classText, typeText } from './rr-type.ts';

/** What is asked: name (case as asked), type, class. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** A question of class IN. */
export function questionOf(name: Name, type: number): Question {
  return { name, type, class: CLASS.IN };
}

/** True when both ask the same, without regard to the case of the name. */
export function questionsEqual(a: Question, b: Question): boolean {
  return a.type === b.type && a.class === b.class && namesEqual(a.name, b.name);
}

/** A string that is equal exactly for equal questions; for use as a Map key, never shown. */
export function questionKey(question: Question): string {
  return rrsetKey(question.name, question.type, question.class);
}

/** The same key from its three parts; also the key of an RRset. */
export function rrsetKey(name: Name, type: number, rrClass: number): string {
  return numberedNameKey(type, rrClass, name);
}

/** Octets of a name that are mixed: of a random one most of its first label. */
const MIXED_OCTETS = 8;

/**
 * A number below a power of two that is the same for equal questions, and mostly another one for others: for who mostly looks for
 * a question in vain, at a small part of the price of its key.
 */
export function questionPlace({ name, type }: Question, places: number): number {
  let mixed = type ^ (name.length << 16);
  const end = Math.min(MIXED_OCTETS, name.length);
  // The bit that tells capital letters is left out, of other octets too.
  for (let i = 0; i < end; i++) mixed = Math.imul(mixed ^ ((name[i] as number) | 0x20), FNV_PRIME);
  return (mixed ^ (mixed >>> 15)) & (places - 1);
}

/** `name TYPE CLASS` as Unbound's log lines write it, e.g. `mx.example. A IN`. */
export function questionText(question: Question): string {
  return `${formatName(question.name)} ${typeText(question.type)} ${classText(question.class)}`;
}
