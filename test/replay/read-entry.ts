/** Reads the lines of one entry of a scenario: MATCH, ADJUST, REPLY, SECTION and records. */

import { FLAG, OPCODE, RCODE } from '../../src/wire/rcode.ts';
import { type Entry, newScriptedMessage, ScenarioError, type ScriptSection } from './scenario.ts';
import { parseScriptedRecord, type RecordDefaults } from './scripted-record.ts';

/** Where the reader is inside an entry. */
export interface EntryState {
  readonly entry: Entry;
  section: ScriptSection;
}

const RCODES: Readonly<Record<string, number>> = { ...RCODE, NOTIMPL: RCODE.NOTIMP };
const OPCODES: Readonly<Record<string, number>> = OPCODE;
const FLAGS: Readonly<Record<string, number>> = FLAG;

/** Takes one line (trimmed, no comment line) into the entry. */
export function readEntryLine(state: EntryState, line: string, lineNumber: number, defaults: RecordDefaults): void {
  const [word = '', ...rest] = line.split(/\s+/);
  const { entry } = state;
  const words = untilComment(rest);
  const message = entry.messages.at(-1) ?? newScriptedMessage();
  switch (word) {
    case 'MATCH':
      for (const item of words) readMatchWord(entry, item);
      return;
    case 'ADJUST':
      for (const item of words) readAdjustWord(entry, item);
      return;
    case 'REPLY':
    case 'FLAGS':
      for (const item of words) readReplyWord(message, item.replace(/,$/, ''), lineNumber);
      return;
    case 'SECTION':
      state.section = sectionOf(words[0] ?? '', lineNumber);
      return;
    case 'EXTRA_PACKET':
      entry.messages.push(newScriptedMessage());
      return;
    case 'MANDATORY':
      entry.isMandatory = true;
      return;
    default:
      message.sections[state.section].push(parseScriptedRecord(line, defaults, state.section === 'question'));
  }
}

function untilComment(words: readonly string[]): readonly string[] {
  const comment = words.findIndex((word) => word.startsWith(';') || word.startsWith('#'));
  return comment < 0 ? words : words.slice(0, comment);
}

function readMatchWord(entry: Entry, word: string): void {
  const valued = /^(serial|ede)[=:](.*)$/.exec(word);
  if (valued === null) entry.match.add(word);
  else if (valued[1] === 'serial') entry.serial = Number(valued[2]);
  else entry.ede = valued[2] === 'any' ? 'any' : Number(valued[2]);
}

function readAdjustWord(entry: Entry, word: string): void {
  const sleep = /^(?:packet_)?sleep=(\d+)/.exec(word);
  if (sleep === null) entry.adjust.add(word);
  else entry.sleepSeconds = Number(sleep[1]);
}

function readReplyWord(message: ReturnType<typeof newScriptedMessage>, word: string, lineNumber: number): void {
  if (word === '') return;
  const opcode = OPCODES[word];
  const rcode = RCODES[word];
  const flag = FLAGS[word];
  if (opcode !== undefined) message.opcode = opcode;
  else if (rcode !== undefined) message.rcode = rcode;
  else if (flag !== undefined) message.flags |= flag;
  else if (word === 'DO') message.doBit = true;
  else if (word === 'CO') message.coBit = true;
  else throw new ScenarioError(`line ${lineNumber}: REPLY ${word}?`);
}

function sectionOf(word: string, lineNumber: number): ScriptSection {
  const section = word.toLowerCase();
  if (section === 'question' || section === 'answer' || section === 'authority' || section === 'additional') {
    return section;
  }
  throw new ScenarioError(`line ${lineNumber}: no section ${word}`);
}
