/** A question: name, type and class (RFC 1035 §4.1.2). */

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

/** `name TYPE CLASS` as Unbound's log lines write it, e.g. `mx.example. A IN`. */
export function questionText(question: Question): string {
  return `${formatName(question.name)} ${typeText(question.type)} ${classText(question.class)}`;
}
