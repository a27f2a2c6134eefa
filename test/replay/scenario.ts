/**
 * What a `.rpl` scenario says, after reading: configuration, scripted servers (ranges of entries) and steps.
 *
 * Two dialects share the form: `unbound` (configuration in unbound.conf syntax, answers that wait for their step) and
 * `deckard` (a short list of settings, a client that waits for each answer).
 */

import type { ScriptedRecord } from './scripted-record.ts';

/** Which rules a scenario goes by. */
export type Dialect = 'unbound' | 'deckard';

/** Sections of a scripted message. */
export type ScriptSection = 'question' | 'answer' | 'authority' | 'additional';

/** One scripted message. */
export interface ScriptedMessage {
  flags: number;
  opcode: number;
  rcode: number;
  doBit: boolean;
  coBit: boolean;
  readonly sections: Record<ScriptSection, ScriptedRecord[]>;
  /** The whole message as octets; the rest is not looked at then. */
  hex: Uint8Array | null;
  /** EDNS options as octets; null without. */
  ednsOptions: Uint8Array | null;
}

/** One scripted exchange: what to match, what to answer. */
export interface Entry {
  readonly line: number;
  readonly match: Set<string>;
  readonly adjust: Set<string>;
  /** SOA serial that an incremental transfer's query must carry. */
  serial: number | null;
  /** Extended error expected: its code, or that there is one. */
  ede: number | 'any' | null;
  /** Messages to send, one after another on the same connection. */
  readonly messages: ScriptedMessage[];
  sleepSeconds: number;
  isMandatory: boolean;
  /** Octets to send instead (deckard); empty for an empty datagram. */
  raw: Uint8Array | null;
  /** How often it has answered. */
  fired: number;
}

/** Entries that some servers answer with while the scenario is between two steps. */
export interface ScriptRange {
  readonly from: number;
  readonly to: number;
  /** Canonical addresses; none: every address. */
  readonly ips: Set<string>;
  readonly entries: Entry[];
}

/** What kinds of steps there are. */
export const STEP_KINDS = [
  'NOTHING',
  'QUERY',
  'CHECK_ANSWER',
  'CHECK_OUT_QUERY',
  'REPLY',
  'TIMEOUT',
  'TIME_PASSES',
  'CHECK_AUTOTRUST',
  'CHECK_TEMPFILE',
  'ERROR',
  'TRAFFIC',
  'ASSIGN',
  'INFRA_RTT',
  'FLUSH_MESSAGE',
  'EXPIRE_MESSAGE',
] as const;

/** One kind of step. */
export type StepKind = (typeof STEP_KINDS)[number];

/** One step. */
export interface Step {
  readonly number: number;
  readonly kind: StepKind;
  readonly line: number;
  /** Scripted message of QUERY, CHECK_ANSWER, CHECK_OUT_QUERY, REPLY. */
  readonly entry: Entry | null;
  /** Client of a QUERY, server of a CHECK_OUT_QUERY. */
  readonly ip: string | null;
  readonly elapseSeconds: number;
  /** Expression of TIME_PASSES EVAL and ASSIGN; words of INFRA_RTT, FLUSH_MESSAGE, EXPIRE_MESSAGE. */
  readonly text: string;
  /** Variable of ASSIGN, file of CHECK_AUTOTRUST and CHECK_TEMPFILE. */
  readonly subject: string;
  /** Expected lines of a file. */
  readonly content: readonly string[];
}

/** A line of the configuration, or where a file of the scenario is named in it. */
export type ConfigLine =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'autotrust' | 'tempfile'; readonly file: string };

/** A whole scenario. */
export interface Scenario {
  readonly name: string;
  readonly dialect: Dialect;
  readonly title: string;
  readonly config: readonly ConfigLine[];
  /** Lines of the scenario's own files, by their id. */
  readonly autotrustFiles: ReadonlyMap<string, readonly string[]>;
  readonly tempFiles: ReadonlyMap<string, readonly string[]>;
  readonly ranges: readonly ScriptRange[];
  readonly steps: readonly Step[];
  /** Why it cannot be run; null when it can. */
  readonly skip: string | null;
}

/** A scenario file that cannot be read. */
export class ScenarioError extends Error {}

/** An empty scripted message. */
export function newScriptedMessage(): ScriptedMessage {
  return {
    flags: 0,
    opcode: 0,
    rcode: 0,
    doBit: false,
    coBit: false,
    sections: { question: [], answer: [], authority: [], additional: [] },
    hex: null,
    ednsOptions: null,
  };
}

/** An empty entry. */
export function newEntry(line: number): Entry {
  return {
    line,
    match: new Set(),
    adjust: new Set(),
    serial: null,
    ede: null,
    messages: [newScriptedMessage()],
    sleepSeconds: 0,
    isMandatory: false,
    raw: null,
    fired: 0,
  };
}

/** The entry's first message; every entry has one. */
export function firstMessage(entry: Entry): ScriptedMessage {
  const [first] = entry.messages;
  if (first === undefined) throw new ScenarioError(`entry at line ${entry.line} has no message`);
  return first;
}

/** The entry's message that is being read. */
export function lastMessage(entry: Entry): ScriptedMessage {
  return entry.messages.at(-1) ?? firstMessage(entry);
}
