/**
 * Reads the text of a `.rpl` scenario.
 *
 * Duties: the line grammar of both dialects, files embedded in the configuration, `$ORIGIN` and `$TTL`.
 * Leaves to others: records (scripted-record.ts), what the steps mean (engine.ts).
 */

import { mustParseName } from '../../src/wire/name-text.ts';
import { canonicalIp } from './ip-key.ts';
import { readEntryLine } from './read-entry.ts';
import {
  type ConfigLine,
  type Dialect,
  type Entry,
  lastMessage,
  newEntry,
  type Scenario,
  ScenarioError,
  type ScriptRange,
  STEP_KINDS,
  type Step,
  type StepKind,
} from './scenario.ts';
import type { RecordDefaults } from './scripted-record.ts';

/** TTL of records that state none. */
const DEFAULT_TTL_SECONDS = 3600;

/** Steps that act on the inside of a resolver in ways that this resolver has no interface for. */
const IMPOSSIBLE: Partial<Record<StepKind, string>> = {
  ERROR: 'STEP ERROR injects an error inside the resolver',
  INFRA_RTT: 'STEP INFRA_RTT sets a value inside the server cache',
  FLUSH_MESSAGE: 'STEP FLUSH_MESSAGE acts on the message cache from inside',
  EXPIRE_MESSAGE: 'STEP EXPIRE_MESSAGE acts on the message cache from inside',
};

/** Lines with a cursor. */
class Lines {
  readonly #lines: readonly string[];
  at = 0;

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/);
  }

  /** The next line; null at the end. */
  next(): string | null {
    return this.#lines[this.at++] ?? null;
  }

  /** The next line that is not empty and no comment, trimmed. */
  nextMeaningful(comments = ';'): string | null {
    for (let line = this.next(); line !== null; line = this.next()) {
      const trimmed = line.trim();
      if (trimmed !== '' && !comments.includes(trimmed.charAt(0))) return trimmed;
    }
    return null;
  }

  /** Lines up to one that starts with `word`. */
  until(word: string): string[] {
    const found: string[] = [];
    for (let line = this.next(); line !== null; line = this.next()) {
      if (line.trim().startsWith(word)) return found;
      found.push(line);
    }
    throw new ScenarioError(`no ${word}`);
  }
}

/** What is known while reading. */
interface Reading {
  readonly lines: Lines;
  readonly dialect: Dialect;
  defaults: RecordDefaults;
  skip: string | null;
}

/** Reads a scenario; throws ScenarioError where it is not one. */
export function readScenario(name: string, text: string, dialect: Dialect = dialectOf(text)): Scenario {
  const reading: Reading = {
    lines: new Lines(text),
    dialect,
    defaults: { origin: mustParseName('.'), ttl: DEFAULT_TTL_SECONDS },
    skip: null,
  };
  const head = readConfigPart(reading.lines);
  const body = readScenarioPart(reading);
  return { name, dialect, ...head, ...body, skip: reading.skip };
}

/** Files of the deckard dialect have no clause lines in their configuration. */
export function dialectOf(text: string): Dialect {
  const [head = ''] = text.split('CONFIG_END');
  if (/^\s*(server|stub-zone|forward-zone|auth-zone|rpz|view)\s*:/m.test(head)) return 'unbound';
  const isDeckard = /^\s*(stub-addr|forward-addr|trust-anchor|do-ip6|query-minimization|feature)/m.test(head);
  return isDeckard ? 'deckard' : 'unbound';
}

type Head = Pick<Scenario, 'config' | 'autotrustFiles' | 'tempFiles'>;

function readConfigPart(lines: Lines): Head {
  const config: ConfigLine[] = [];
  const autotrustFiles = new Map<string, readonly string[]>();
  const tempFiles = new Map<string, readonly string[]>();
  for (;;) {
    const line = lines.next();
    if (line === null) throw new ScenarioError('no CONFIG_END');
    const trimmed = line.trim();
    if (trimmed.startsWith('CONFIG_END')) return { config, autotrustFiles, tempFiles };
    if (trimmed === '' || trimmed.startsWith(';')) continue;
    const file = trimmed.split(/\s+/)[1] ?? '';
    if (trimmed.startsWith('COMMANDLINE')) continue;
    if (trimmed.startsWith('AUTOTRUST_FILE')) {
      autotrustFiles.set(file, lines.until('AUTOTRUST_END'));
      config.push({ kind: 'autotrust', file });
    } else if (trimmed.startsWith('TEMPFILE_NAME')) {
      config.push({ kind: 'tempfile', file });
    } else if (trimmed.startsWith('TEMPFILE_CONTENTS')) {
      tempFiles.set(file, lines.until('TEMPFILE_END'));
    } else {
      config.push({ kind: 'text', text: line });
    }
  }
}

type Body = Pick<Scenario, 'title' | 'ranges' | 'steps'>;

function readScenarioPart(reading: Reading): Body {
  const ranges: ScriptRange[] = [];
  const steps: Step[] = [];
  let title = '';
  for (;;) {
    const line = reading.lines.nextMeaningful();
    if (line === null && title === '') throw new ScenarioError('no SCENARIO_BEGIN');
    if (line === null || line.startsWith('SCENARIO_END')) return { title, ranges, steps };
    if (line.startsWith('SCENARIO_BEGIN')) title = line.slice(14).trim() || '-';
    else if (line.startsWith('RANGE_BEGIN')) ranges.push(readRange(reading, line));
    else if (line.startsWith('STEP')) steps.push(readStep(reading, line));
    else if (!line.startsWith('RANGE_END') && !readDirective(reading, line)) throw unexpected(reading, line);
  }
}

function unexpected(reading: Reading, line: string): ScenarioError {
  return new ScenarioError(`line ${reading.lines.at}: unexpected "${line.slice(0, 50)}"`);
}

/** `$ORIGIN` and `$TTL`; other `$` lines are passed over. */
function readDirective(reading: Reading, line: string): boolean {
  const [word, value = ''] = line.split(/\s+/);
  if (word === '$ORIGIN') reading.defaults = { ...reading.defaults, origin: mustParseName(value) };
  if (word === '$TTL') reading.defaults = { ...reading.defaults, ttl: Number(value) };
  return line.startsWith('$');
}

function readRange(reading: Reading, head: string): ScriptRange {
  const [, from, to] = head.split(/\s+/);
  const range: ScriptRange = { from: Number(from), to: Number(to), ips: new Set(), entries: [] };
  for (;;) {
    const line = reading.lines.nextMeaningful();
    if (line === null) throw new ScenarioError('no RANGE_END');
    if (line.startsWith('RANGE_END')) return range;
    if (line.startsWith('ADDRESS')) range.ips.add(canonicalIp(line.split(/\s+/)[1] ?? ''));
    else if (line.startsWith('ENTRY_BEGIN')) range.entries.push(readEntryBody(reading));
    else if (!readDirective(reading, line)) throw unexpected(reading, line);
  }
}

/** Reads up to the entry that a step must have. */
function readEntry(reading: Reading): Entry {
  for (;;) {
    const line = reading.lines.nextMeaningful(';#');
    if (line === null) throw new ScenarioError('no ENTRY_BEGIN');
    if (line.startsWith('ENTRY_BEGIN')) return readEntryBody(reading);
    if (!readDirective(reading, line)) throw unexpected(reading, line);
  }
}

function readEntryBody(reading: Reading): Entry {
  const { lines } = reading;
  const entry = newEntry(lines.at);
  const state = { entry, section: 'question' as const };
  for (;;) {
    const line = lines.nextMeaningful(';#');
    if (line === null) throw new ScenarioError(`line ${entry.line}: no ENTRY_END`);
    if (line.startsWith('ENTRY_END')) return entry;
    if (readDirective(reading, line)) continue;
    if (line.startsWith('TSIG')) reading.skip ??= 'TSIG in an entry';
    else if (line.startsWith('HEX_ANSWER_BEGIN')) lastMessage(entry).hex = hexOf(lines.until('HEX_ANSWER_END'));
    else if (line.startsWith('HEX_EDNSDATA_BEGIN')) {
      lastMessage(entry).ednsOptions = hexOf(lines.until('HEX_EDNSDATA_END'));
    } else if (line.startsWith('RAW') && reading.dialect === 'deckard') {
      const octets = (lines.next() ?? '').trim();
      entry.raw = octets === 'NULL' ? new Uint8Array() : hexOf([octets]);
    } else readEntryLine(state, line, lines.at, reading.defaults);
  }
}

function hexOf(lines: readonly string[]): Uint8Array {
  const digits = lines.map((line) => (line.split(';')[0] ?? '').replace(/[^0-9a-fA-F]/g, '')).join('');
  return new Uint8Array(Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex'));
}

function readStep(reading: Reading, head: string): Step {
  const match = /^STEP\s+(\d+)\s+([A-Z_]+)\s*(.*)$/.exec(head);
  const kind = STEP_KINDS.find((candidate) => candidate === match?.[2]);
  if (match === null || kind === undefined) throw new ScenarioError(`bad step: ${head}`);
  if (IMPOSSIBLE[kind] !== undefined) reading.skip ??= IMPOSSIBLE[kind];
  const rest = match[3] ?? '';
  const plain = rest.replace(/;.*$/, '').trim();
  const assign = kind === 'ASSIGN' ? /^(\S+)\s*=\s*(.*)$/.exec(rest) : null;
  const isFileCheck = kind === 'CHECK_AUTOTRUST' || kind === 'CHECK_TEMPFILE';
  const hasEntry = kind === 'QUERY' || kind === 'CHECK_ANSWER' || kind === 'CHECK_OUT_QUERY' || kind === 'REPLY';
  return {
    number: Number(match[1]),
    kind,
    line: reading.lines.at,
    ip: /\bADDRESS\s+(\S+)/.exec(plain)?.[1] ?? null,
    elapseSeconds: Number(/\bELAPSE\s+([0-9.]+)/.exec(plain)?.[1] ?? 0),
    text: (assign?.[2] ?? /^EVAL\s+(.*)$/.exec(rest)?.[1] ?? plain).trim(),
    subject: assign?.[1] ?? (isFileCheck ? plain : ''),
    content: isFileCheck ? readExpectedFile(reading.lines) : [],
    entry: hasEntry ? readEntry(reading) : null,
  };
}

function readExpectedFile(lines: Lines): string[] {
  const begin = lines.next();
  if (!begin?.startsWith('FILE_BEGIN')) throw new ScenarioError(`line ${lines.at}: FILE_BEGIN expected`);
  return lines.until('FILE_END').map((line) => line.trimEnd());
}
