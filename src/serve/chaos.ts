/**
 * Questions of class CHAOS about the server itself: version.bind, version.server, hostname.bind, id.server,
 * trustanchor.unbound (Unbound's manual). Everything else of that class is REFUSED by the caller.
 */

import { type Name, namesEqual } from '../wire/name.ts';
import { mustParseName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, type RRset } from '../wire/rrset.ts';
import type { ChaosOptions } from './serve-options.ts';

/** Longest text of one TXT string (RFC 1035 §3.3.14). */
const MAX_STRING_OCTETS = 255;

type Topic = keyof ChaosOptions;

const TOPICS: readonly (readonly [Name, Topic])[] = [
  [mustParseName('version.bind.'), 'version'],
  [mustParseName('version.server.'), 'version'],
  [mustParseName('hostname.bind.'), 'identity'],
  [mustParseName('id.server.'), 'identity'],
  [mustParseName('trustanchor.unbound.'), 'trustAnchors'],
];

/** The TXT RRset that answers; null: refuse (unknown, hidden, or another type than TXT or ANY). */
export function answerChaos(question: Question, options: ChaosOptions): RRset | null {
  if (question.type !== TYPE.TXT && question.type !== TYPE.ANY) return null;
  const topic = TOPICS.find(([name]) => namesEqual(name, question.name))?.[1];
  const configured = topic === undefined ? null : options[topic];
  if (configured === null || configured.length === 0) return null;
  const rdatas = (typeof configured === 'string' ? [configured] : configured).map(textRdata);
  return packRRset({ owner: question.name, type: TYPE.TXT, class: CLASS.CH, rdatas, signatures: [] });
}

function textRdata(text: string): Uint8Array {
  const octets = new TextEncoder().encode(text).subarray(0, MAX_STRING_OCTETS);
  const rdata = new Uint8Array(1 + octets.length);
  rdata[0] = octets.length;
  rdata.set(octets, 1);
  return rdata;
}
