/** Telling a zone which of its keys are trusted here (RFC 8145). */

import { readU16 } from '../wire/bytes.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { TrustAnchor } from './trust-anchors.ts';

/** Most key tags in one label of 63 octets: `_ta` and five octets each. */
const MAX_SIGNALLED_TAGS = 12;

/** Key tags of a zone's trust anchor. */
export function anchorTags({ ds, dnskeys }: Pick<TrustAnchor, 'ds' | 'dnskeys'>): ReadonlySet<number> {
  return new Set([...ds.map((rdata) => readU16(rdata, 0)), ...dnskeys.map(keyTag)]);
}

/**
 * The question that tells a zone which of its keys are trusted here (trust-anchor-signaling, RFC 8145 §5.1): `_ta-` and the
 * key tags in hexadecimal, ascending, of type NULL. Null when the name would be too long.
 */
export function anchorSignal(anchor: TrustAnchor): Question | null {
  const tags = [...anchorTags(anchor)].sort((a, b) => a - b).slice(0, MAX_SIGNALLED_TAGS);
  const label = `_ta${tags.map((tag) => `-${tag.toString(16).padStart(4, '0')}`).join('')}`;
  const name = parseName(`${label}.${formatName(anchor.zone)}`.replace(/\.\.$/, '.'));
  return name === null ? null : questionOf(name, TYPE.NULL);
}
