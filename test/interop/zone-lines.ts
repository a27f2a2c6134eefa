/**
 * A signed zone file as lines that can be changed: what a careless operator, a bad script or a liar does to it after signing.
 * Reads what BIND's, Knot's and ldns's signers write, one record in a line. Used by interop sessions.
 */

import { createHash } from 'node:crypto';
import { toBase32hex } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';

/** One record as text. */
export interface ZoneLine {
  /** With the final dot, lower case. */
  readonly owner: string;
  readonly ttl: string;
  readonly type: string;
  readonly rdata: string;
}

/** A change of a zone's lines. */
export type Edit = (lines: readonly ZoneLine[], zone: string) => readonly ZoneLine[];
/** Which lines. */
export type Which = (line: ZoneLine, zone: string) => boolean;

/** Lines of a zone file as a signer writes it. */
export function linesOf(text: string): ZoneLine[] {
  return text.split('\n').flatMap((raw) => {
    const found = /^(\S+)\s+(\d+)\s+(?:IN\s+)?([A-Z][A-Z0-9]*)\s+(.*)$/.exec(raw.replace(/\s*;.*$/, ''));
    if (found === null) return [];
    const [, owner = '', ttl = '', type = '', rdata = ''] = found;
    return [{ owner: owner.toLowerCase(), ttl, type, rdata: rdata.trim().replaceAll(/\s+/g, ' ') }];
  });
}

/** The zone file again. */
export function textOf(lines: readonly ZoneLine[]): string {
  return `${lines.map(({ owner, ttl, type, rdata }) => `${owner} ${ttl} IN ${type} ${rdata}`).join('\n')}\n`;
}

/** Type that a signature covers; empty for other records. */
function covered({ type, rdata }: ZoneLine): string {
  return type === 'RRSIG' ? (rdata.split(' ')[0] ?? '') : '';
}

/** Records of a type, at one owner (relative to the zone, `@` for its top) or at all. */
export const records =
  (type: string, owner?: string): Which =>
  (line, zone) =>
    line.type === type && isAt(line, zone, owner);

/** Signatures over a type, or over all. */
export const signatures =
  (type?: string, owner?: string): Which =>
  (line, zone) =>
    line.type === 'RRSIG' && (type === undefined || covered(line) === type) && isAt(line, zone, owner);

function isAt(line: ZoneLine, zone: string, owner: string | undefined): boolean {
  return owner === undefined || line.owner === (owner === '@' ? zone : `${owner}.${zone}`);
}

/** Any of several. */
export const either =
  (...all: readonly Which[]): Which =>
  (line, zone) =>
    all.some((one) => one(line, zone));

/** All of several. */
export const every =
  (...all: readonly Which[]): Which =>
  (line, zone) =>
    all.every((one) => one(line, zone));

/** Without some lines. */
export const drop =
  (which: Which): Edit =>
  (lines, zone) =>
    lines.filter((line) => !which(line, zone));

/** With the words of some lines' rdata changed. */
export const reword =
  (which: Which, change: (words: readonly string[]) => readonly string[]): Edit =>
  (lines, zone) =>
    lines.map((line) => (which(line, zone) ? { ...line, rdata: change(line.rdata.split(' ')).join(' ') } : line));

/** With one word of some lines' rdata changed. */
export const put = (which: Which, at: number, value: string | ((word: string) => string)): Edit =>
  reword(which, (words) =>
    words.map((word, i) => (i === at ? (typeof value === 'string' ? value : value(word)) : word)),
  );

/** One edit after the other. */
export const both =
  (...edits: readonly Edit[]): Edit =>
  (lines, zone) =>
    edits.reduce((so, edit) => edit(so, zone), lines);

/** Base64 or hexadecimal text with one digit in the middle changed. */
export function spoil(text: string): string {
  const at = Math.floor(text.length / 2);
  return `${text.slice(0, at)}${text[at] === '5' ? '7' : '5'}${text.slice(at + 1)}`;
}

/** Signatures with a digit changed. */
export const spoilt = (which: Which): Edit =>
  reword(which, (words) => [...words.slice(0, 8), spoil(words.slice(8).join(''))]);

/** Owner of the NSEC or NSEC3 record that matches a name, as the zone has it; undefined when there is none. */
export function matching(lines: readonly ZoneLine[], name: string): string | undefined {
  const owners = denialOwners(lines);
  return owners.find((owner) => owner === name) ?? owners.find((owner) => owner.startsWith(`${hashOf(name)}.`));
}

/** Owner of the NSEC3 record that covers a name's hash. */
export function covering(lines: readonly ZoneLine[], name: string): string | undefined {
  const owners = [...denialOwners(lines)].sort();
  const hash = hashOf(name);
  return owners.filter((owner) => owner < hash).at(-1) ?? owners.at(-1);
}

function denialOwners(lines: readonly ZoneLine[]): string[] {
  return lines.filter(({ type }) => type === 'NSEC' || type === 'NSEC3').map(({ owner }) => owner);
}

/** RFC 5155 §5 with no salt and no further iterations, which all plans here have. */
function hashOf(name: string): string {
  const digest = createHash('sha1').update(mustParseName(name)).digest();
  return toBase32hex(new Uint8Array(digest)).toLowerCase();
}
