/** Does a message fit an entry's MATCH line? One function for each dialect; both give the first difference in words. */

import { bytesEqual, readU16, readU32, toHex } from '../../src/wire/bytes.ts';
import { isAtOrBelow, nameKey } from '../../src/wire/name.ts';
import { rcodeText } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { sectionDifference } from './compare-sections.ts';
import { type Entry, firstMessage } from './scenario.ts';
import { encodeScripted } from './scripted-message.ts';
import { flagsText, SeenMessage, type SeenOpt, type SeenOption, type SeenQuestion } from './seen-message.ts';

/** How a message came. */
export interface MatchContext {
  readonly transport: 'udp' | 'tcp';
  /** Seconds that TTLs may have lost. */
  readonly ttlSlackSeconds: number;
}

const COOKIE_OPTION_CODE = 10;
/** Option code of extended errors (RFC 8914 §2). */
export const EDE_OPTION_CODE = 15;
const DO_BIT = 0x8000;
const CO_BIT = 0x4000;

const expectations = new WeakMap<Entry, SeenMessage>();

/** The entry's first message, as seen on the wire. */
export function expectedOf(entry: Entry): SeenMessage {
  const known = expectations.get(entry);
  if (known !== undefined) return known;
  const expected = new SeenMessage(encodeScripted(firstMessage(entry), null));
  expectations.set(entry, expected);
  return expected;
}

/** Unbound's dialect. Null: it fits; else what differs first. */
export function unboundDifference(entry: Entry, got: SeenMessage, context: MatchContext): string | null {
  if (got.bad !== null) return got.bad;
  const { match } = entry;
  const expected = expectedOf(entry);
  const extras = expectedOptionsDifference(entry, got);
  if (typeof extras === 'string') return extras;
  const [asked] = got.questions;
  const [wanted] = expected.questions;
  if (match.has('opcode') && got.opcode !== expected.opcode) return `opcode ${got.opcode}, expected ${expected.opcode}`;
  if (match.has('qtype') && (asked?.type ?? 0) !== (wanted?.type ?? 0)) return 'qtype differs';
  if (match.has('qname') && !sameName(asked, wanted)) return 'qname differs';
  if (match.has('rcode') && got.rcode !== expected.rcode) return rcodeDifference(got, expected);
  if (match.has('question') && !sameQuestions(got, expected)) return 'question differs';
  const rules = { compareTtl: match.has('ttl'), ttlSlackSeconds: context.ttlSlackSeconds, inOrder: true };
  if (match.has('answer')) {
    const difference = sectionDifference('answer', expected.answer, got.answer, rules);
    if (difference !== null) return difference;
  }
  if (match.has('subdomain') && !(asked && wanted && isAtOrBelow(asked.name, wanted.name))) return 'not a subdomain';
  if (entry.serial !== null && serialOf(got) !== entry.serial) return 'serial differs';
  if (match.has('DO') && ((got.opt?.flags ?? 0) & DO_BIT) === 0) return 'no DO bit';
  if (match.has('CO') && ((got.opt?.flags ?? 0) & CO_BIT) === 0) return 'no CO bit';
  if (match.has('noedns') && got.opt !== null) return 'EDNS present';
  if (match.has('ednsdata') && optionsText(got.opt, extras) !== optionsText(expected.opt, [])) {
    return `EDNS options ${optionsText(got.opt, extras)}, expected ${optionsText(expected.opt, [])}`;
  }
  if (match.has('UDP') && context.transport !== 'udp') return 'not UDP';
  if (match.has('TCP') && context.transport !== 'tcp') return 'not TCP';
  if (!match.has('all') && !match.has('all_noedns')) return null;
  return (
    wholeDifference(got, expected, rules) ??
    (match.has('all') ? ednsDifference(got, expected, { rules, extras }) : null)
  );
}

type Rules = Parameters<typeof sectionDifference>[3];

function wholeDifference(got: SeenMessage, expected: SeenMessage, rules: Rules): string | null {
  if (got.rcode !== expected.rcode) return rcodeDifference(got, expected);
  if (got.opcode !== expected.opcode) return 'opcode differs';
  if (got.flags !== expected.flags) return flagsDifference(got, expected);
  if (!sameQuestions(got, expected)) return 'question differs';
  const anyOrder = { ...rules, inOrder: false };
  return (
    sectionDifference('answer', expected.answer, got.answer, rules) ??
    sectionDifference('authority', expected.authority, got.authority, anyOrder) ??
    sectionDifference('additional', expected.additional, got.additional, anyOrder)
  );
}

/** Presence and options always; extended rcode, version and flags only where TTLs count (they share a field). */
function ednsDifference(
  got: SeenMessage,
  expected: SeenMessage,
  { rules, extras }: { rules: Rules; extras: readonly number[] },
): string | null {
  if ((got.opt === null) !== (expected.opt === null)) {
    const word = (opt: SeenOpt | null) => (opt === null ? 'absent' : 'present');
    return `EDNS ${word(got.opt)}, expected ${word(expected.opt)}`;
  }
  const gotText = optText(got.opt, extras, rules.compareTtl);
  const expectedText = optText(expected.opt, [], rules.compareTtl);
  return gotText === expectedText ? null : `EDNS ${gotText}, expected ${expectedText}`;
}

/** Checks `ede` and cookie words; gives the codes of the options that are thereby accounted for, or the difference. */
function expectedOptionsDifference(entry: Entry, got: SeenMessage): readonly number[] | string {
  const accounted: number[] = [];
  if (entry.ede !== null) {
    const ede = optionOf(got, EDE_OPTION_CODE);
    if (ede === undefined || ede.data.length < 2) return `EDE ${entry.ede} expected, none in the answer`;
    const code = readU16(ede.data, 0);
    if (entry.ede !== 'any' && code !== entry.ede) return `EDE ${entry.ede} expected, got ${code}`;
    accounted.push(EDE_OPTION_CODE);
  }
  const wantsServerCookie = entry.match.has('server_cookie');
  if (wantsServerCookie || entry.match.has('client_cookie')) {
    const cookie = optionOf(got, COOKIE_OPTION_CODE);
    const octets = wantsServerCookie ? 24 : 8;
    if (cookie?.data.length !== octets)
      return `cookie of ${octets} octets expected, got ${cookie?.data.length ?? 'none'}`;
    accounted.push(COOKIE_OPTION_CODE);
  }
  return accounted;
}

function optionOf(message: SeenMessage, code: number): SeenOption | undefined {
  return message.opt?.options.find((option) => option.code === code);
}

function optText(opt: SeenOpt | null, without: readonly number[], withFlags: boolean): string {
  if (opt === null) return 'absent';
  const flags = (opt.flags & (DO_BIT | CO_BIT)).toString(16);
  const head = withFlags ? `rcode ${opt.extendedRcode} v${opt.version} flags ${flags} ` : '';
  return `${head}options ${optionsText(opt, without)}`;
}

function optionsText(opt: SeenOpt | null, without: readonly number[]): string {
  const options = (opt?.options ?? []).filter(({ code }) => !without.includes(code));
  return `[${options.map(({ code, data }) => `${code}:${toHex(data)}`).join(' ')}]`;
}

/** The words that `all` and `question` of the deckard dialect stand for. */
const DECKARD_ALL = ['opcode', 'qtype', 'qname', 'flags', 'rcode', 'answer', 'authority', 'additional'];

/** Deckard's dialect. Null: it fits; else what differs first. */
export function deckardDifference(entry: Entry, got: SeenMessage, context: MatchContext): string | null {
  if (got.bad !== null) return got.bad;
  const words = new Set(entry.match);
  if (words.has('all')) for (const word of DECKARD_ALL) words.add(word);
  if (words.has('question')) words.add('qtype').add('qname');
  const expected = expectedOf(entry);
  const [asked] = got.questions;
  const [wanted] = expected.questions;
  if (words.has('opcode') && got.opcode !== expected.opcode) return 'opcode differs';
  if (words.has('rcode') && got.rcode !== expected.rcode) return rcodeDifference(got, expected);
  if (words.has('flags') && got.flags !== expected.flags) return flagsDifference(got, expected);
  if (words.has('qtype') && asked?.type !== wanted?.type) return 'qtype differs';
  if (words.has('qname') && (asked !== undefined || wanted !== undefined) && !sameName(asked, wanted)) {
    return 'qname differs';
  }
  if (words.has('qcase') && !sameOctets(got, expected)) return 'letter case of qname differs';
  if (words.has('subdomain') && wanted && !(asked && isAtOrBelow(asked.name, wanted.name))) return 'not a subdomain';
  const rules = { compareTtl: words.has('ttl'), ttlSlackSeconds: context.ttlSlackSeconds, inOrder: false };
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (!words.has(section)) continue;
    const difference = sectionDifference(section, expected[section], got[section], rules);
    if (difference !== null) return difference;
  }
  const types = words.has('answertypes') || words.has('answerrrsigs');
  return types && answerTypes(got, words) !== answerTypes(expected, words) ? 'types in the answer differ' : null;
}

function answerTypes(message: SeenMessage, words: ReadonlySet<string>): string {
  const records = message.answer.filter((record) => words.has('answerrrsigs') || record.type !== TYPE.RRSIG);
  const types = records.map(({ type, rdata }) => (type === TYPE.RRSIG ? `RRSIG${readU16(rdata, 0)}` : String(type)));
  return [...new Set(types)].sort().join(' ');
}

function sameName(a: SeenQuestion | undefined, b: SeenQuestion | undefined): boolean {
  return a !== undefined && b !== undefined && nameKey(a.name) === nameKey(b.name);
}

function sameOctets(a: SeenMessage, b: SeenMessage): boolean {
  return bytesEqual(a.rawName ?? new Uint8Array(), b.rawName ?? new Uint8Array());
}

function sameQuestions(a: SeenMessage, b: SeenMessage): boolean {
  const text = ({ questions }: SeenMessage) =>
    questions.map(({ name, type, class: questionClass }) => `${nameKey(name)} ${type} ${questionClass}`).join();
  return text(a) === text(b);
}

function serialOf(message: SeenMessage): number {
  const soa = message.authority.find((record) => record.type === TYPE.SOA);
  return soa === undefined ? 0 : readU32(soa.rdata, soa.rdata.length - 20);
}

function rcodeDifference(got: SeenMessage, expected: SeenMessage): string {
  return `rcode ${rcodeText(got.rcode)}, expected ${rcodeText(expected.rcode)}`;
}

function flagsDifference(got: SeenMessage, expected: SeenMessage): string {
  return `flags "${flagsText(got.flags)}", expected "${flagsText(expected.flags)}"`;
}
