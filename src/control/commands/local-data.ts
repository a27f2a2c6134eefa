/**
 * Commands about local zones and local data, of the server and of views, one at a time and in bulk.
 *
 * Leaves to others: zones and records themselves (the policy room), which are reached through `LocalTable`.
 */

import { forgetReplies } from '../../cache/forget.ts';
import type { Name } from '../../wire/name.ts';
import { formatName } from '../../wire/name-text.ts';
import {
  type BulkInput,
  type Named,
  OK,
  type OwnCommand,
  plain,
  type Reply,
  twoParts,
  withLines,
  worded,
} from '../command.ts';
import { readName } from '../names.ts';
import type { ControlParts, InstanceView, LocalTable } from '../parts.ts';

/** Octet that ends a bulk input, on a line of its own. */
const END_OF_INPUT = '\x04';

/** The memory is used up by what is added, not by how many commands bring it. */
const NO_ROOM = "error the memory that is left would not hold this (V8's heap: --max-old-space-size in NODE_OPTIONS)\n";

/** What the commands work on; `textRoom` is the daemon's. */
interface LocalParts {
  readonly instance: InstanceView;
  readonly textRoom: () => number;
}

export function localDataCommands({ instance, daemon }: ControlParts): OwnCommand[] {
  const parts: LocalParts = { instance, textRoom: () => daemon.textRoom() };
  return [...serverCommands(parts), ...viewCommands(parts), ...bulkCommands(parts)];
}

/** Does it where the memory that is left would hold what is added. */
function ifRoom({ textRoom }: LocalParts, words: string, run: () => string): string {
  return words.length > textRoom() ? NO_ROOM : run();
}

function serverCommands(parts: LocalParts): OwnCommand[] {
  const { instance } = parts;
  const table = instance.local.server;
  const onTable = <N extends string>(name: N, run: (words: string, local: LocalTable) => string): Named<N, 'words'> =>
    worded(name, (words) => changed(instance, run(words, table)));
  return [
    plain('list_local_zones', () => zoneLines(table)),
    plain('list_local_data', () => recordLines(table)),
    onTable('local_zone', (words, local) => ifRoom(parts, words, () => addZone(words, local))),
    onTable('local_zone_remove', (words, local) => withName(words, (zone) => local.removeZone(zone))),
    onTable('local_data', (words, local) => ifRoom(parts, words, () => addData(words, local))),
    onTable('local_data_remove', removeData),
  ];
}

function viewCommands(local: LocalParts): OwnCommand[] {
  const { instance } = local;
  const inView = <N extends string>(name: N, run: (words: string, local: LocalTable) => string): Named<N, 'words'> =>
    worded(name, (words) => {
      const parts = twoParts(words);
      if ('error' in parts) return parts.error;
      const table = instance.local.view(parts.first);
      return table === null ? noView(parts.first) : changed(instance, run(parts.rest, table));
    });
  const list = <N extends string>(name: N, lines: (local: LocalTable) => Reply): Named<N, 'words'> =>
    worded(name, (view) => {
      const table = instance.local.view(view);
      return table === null ? noView(view) : lines(table);
    });
  return [
    list('view_list_local_zones', zoneLines),
    list('view_list_local_data', recordLines),
    inView('view_local_zone', (words, table) => ifRoom(local, words, () => addZone(words, table))),
    inView('view_local_zone_remove', (words, local) => withName(words, (zone) => local.removeZone(zone))),
    inView('view_local_data', (words, table) => ifRoom(local, words, () => addData(words, table))),
    inView('view_local_data_remove', removeData),
  ];
}

function bulkCommands(parts: LocalParts): OwnCommand[] {
  const { instance } = parts;
  const bulk = <N extends string>(name: N, verb: BulkVerb): Named<N, 'lines'> =>
    withLines(name, () => new BulkLines({ ...parts, table: instance.local.server, refusal: '', verb }));
  const viewBulk = <N extends string>(name: N, verb: BulkVerb): Named<N, 'lines'> =>
    withLines(name, (view) => {
      const table = instance.local.view(view);
      return new BulkLines({ ...parts, table, refusal: noView(view), verb });
    });
  return [
    bulk('local_zones', ADD_ZONES),
    bulk('local_zones_remove', REMOVE_ZONES),
    bulk('local_datas', ADD_DATAS),
    bulk('local_datas_remove', REMOVE_DATAS),
    viewBulk('view_local_datas', ADD_DATAS),
    viewBulk('view_local_datas_remove', REMOVE_DATAS),
  ];
}

/** Finished replies may hold what was just changed. */
function changed(instance: InstanceView, reply: string): string {
  forgetReplies(instance.caches);
  return reply;
}

/** Without the word `error`: Unbound's client ends with 0 here, and scripts know it. */
function noView(view: string): string {
  return `no view with name: ${view}\n`;
}

function* zoneLines(local: LocalTable): Generator<string> {
  for (const listed of local.zones()) yield listed === null ? '' : `${formatName(listed.zone)} ${listed.type}\n`;
}

/** An empty line after each record, as Unbound writes it. */
function* recordLines(local: LocalTable): Generator<string> {
  for (const line of local.records()) yield line === null ? '' : `${line}\n\n`;
}

function addZone(words: string, local: LocalTable): string {
  const parts = twoParts(words);
  if ('error' in parts) return parts.error;
  const read = readName(parts.first);
  if (!read.ok) return read.error;
  return local.addZone(read.name, parts.rest) ? OK : `error not a zone type. ${parts.rest}\n`;
}

function withName(words: string, run: (name: Name) => void): string {
  const read = readName(words);
  if (!read.ok) return read.error;
  run(read.name);
  return OK;
}

function addData(words: string, local: LocalTable, place = ''): string {
  const fault = local.addData(words);
  if (fault === null) return OK;
  return `error parsing local-data at ${place}position ${fault.position} '${words}': ${fault.error}\n`;
}

/** All records of a name, or the one record that is written out (1.26). */
function removeData(words: string, local: LocalTable): string {
  if (!/\s/.test(words)) return withName(words, (name) => local.removeName(name));
  return local.removeRecord(words) ? OK : `error no local data for rr ${words}\n`;
}

/** One bulk command's work on a line. */
interface BulkVerb {
  readonly done: 'added' | 'removed';
  readonly what: string;
  run(line: string, local: LocalTable, lineNumber: number): string;
}

const ADD_ZONES: BulkVerb = { done: 'added', what: 'zones', run: (line, local) => addZone(line, local) };
const REMOVE_ZONES: BulkVerb = {
  done: 'removed',
  what: 'zones',
  run: (line, local) => withName(line, (zone) => local.removeZone(zone)),
};
const ADD_DATAS: BulkVerb = {
  done: 'added',
  what: 'datas',
  run: (line, local, lineNumber) => addData(line, local, `line ${lineNumber} `),
};
const REMOVE_DATAS: BulkVerb = {
  done: 'removed',
  what: 'datas',
  run: (line, local) => removeData(line, local),
};

interface BulkParts extends LocalParts {
  /** Null: there is none, and `refusal` says so once all lines are in. */
  readonly table: LocalTable | null;
  readonly refusal: string;
  readonly verb: BulkVerb;
}

/** The lines of a bulk command. A bad line is reported, with its number, and the rest goes on, until there is no memory for one. */
class BulkLines implements BulkInput {
  readonly #parts: BulkParts;
  #count = 0;
  #isFull = false;

  constructor(parts: BulkParts) {
    this.#parts = parts;
  }

  isEnd(line: string): boolean {
    return line.startsWith(END_OF_INPUT);
  }

  take(line: string, lineNumber: number): string | null {
    const { table, verb } = this.#parts;
    const words = line.trim();
    if (table === null || words === '' || this.#isFull) return null;
    const run = (): string => verb.run(words, table, lineNumber);
    const reply = verb.done === 'added' ? ifRoom(this.#parts, words, run) : run();
    this.#isFull = reply === NO_ROOM;
    if (reply === OK) {
      this.#count++;
      return null;
    }
    const namesLine = reply.startsWith(`error parsing local-data at line ${lineNumber} `);
    if (this.#isFull)
      return `${reply}error for input line: ${words} (line ${lineNumber}); it and all that follow are not taken`;
    return namesLine ? reply.trimEnd() : `${reply}error for input line: ${words} (line ${lineNumber})`;
  }

  finish(): string {
    const { table, verb, instance, refusal } = this.#parts;
    if (table === null) return refusal;
    return changed(instance, `${verb.done} ${this.#count} ${verb.what}\n`);
  }
}
