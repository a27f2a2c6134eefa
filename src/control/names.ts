/** Names in commands: reading them with Unbound's error texts, and the order of its lists. */

import { compareBytes } from '../wire/bytes.ts';
import { labelsOf, type Name, toLowerCase } from '../wire/name.ts';
import { type NameTextError, parseNameOrReason } from '../wire/name-text.ts';

/** A name, or the reply that says why it is none. */
type NameArgument = { readonly ok: true; readonly name: Name } | { readonly ok: false; readonly error: string };

/** Reads a name out of a command. */
export function readName(text: string): NameArgument {
  if (text === '') return { ok: false, error: 'error: this option requires a domain name\n' };
  const name = parseNameOrReason(text);
  if (typeof name !== 'string') return { ok: true, name };
  return { ok: false, error: `error cannot parse name ${text} at ${faultPosition(text, name)}: ${faultText(name)}\n` };
}

function faultText(why: NameTextError): string {
  switch (why) {
    case 'empty label':
      return 'Empty label';
    case 'label too long':
      return 'Label length overflow';
    case 'name too long':
      return 'Domainname length overflow';
    case 'bad escape':
      return 'Syntax error, bad escape sequence';
    default:
      return why;
  }
}

/** Characters read when the fault showed. */
function faultPosition(text: string, why: NameTextError): number {
  if (why !== 'empty label') return text.length;
  const dots = /^\.|\.\./.exec(text);
  return dots === null ? text.length : dots.index + dots[0].length;
}

/** The order of Unbound's lists: label by label from the root, a shorter label before a longer one. */
export function compareForList(a: Name, b: Name): number {
  const labelsA = labelsOf(toLowerCase(a)).reverse();
  const labelsB = labelsOf(toLowerCase(b)).reverse();
  for (let i = 0; i < Math.min(labelsA.length, labelsB.length); i++) {
    const labelA = labelsA[i] ?? EMPTY;
    const labelB = labelsB[i] ?? EMPTY;
    const order = labelA.length - labelB.length || compareBytes(labelA, labelB);
    if (order !== 0) return order;
  }
  return labelsA.length - labelsB.length;
}

const EMPTY = new Uint8Array();
