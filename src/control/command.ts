/** What a control command is, and the words of its line. */

import type { Feed } from './feed.ts';
import type { KnownCommand, Takes } from './usage.ts';

/** Text that goes out at once, in pieces that are made as the client reads them, or as it comes in time. */
export type Reply = string | Iterable<string> | Feed;

/** Takes the further lines of a bulk command. */
export interface BulkInput {
  /** True for the line that ends the input; it is not given to `take`. */
  isEnd(line: string): boolean;
  /** Takes one line; an error text (without line feed) is sent to the client at the end. */
  take(line: string, lineNumber: number): string | null;
  /** The reply's last part. */
  finish(): string;
}

export interface Command {
  readonly name: string;
  readonly takes: Takes;
  /** Runs it with the words after the name, outer blanks removed. For `lines` returns the input, or a text that refuses. */
  run(words: string): Reply | Promise<Reply> | BulkInput;
}

/** The reply of a command that went well and has nothing to tell. */
export const OK = 'ok\n';

/** A command of this name and kind; without both: one of those that there are, with its line of help (usage.ts). */
export type Named<N extends string, T extends Takes> = Command & { readonly name: N; readonly takes: T };
export type OwnCommand = Command & KnownCommand;

export function plain<N extends string>(name: N, run: () => Reply | Promise<Reply>): Named<N, 'none'> {
  return { name, takes: 'none', run };
}

export function worded<N extends string>(name: N, run: (words: string) => Reply | Promise<Reply>): Named<N, 'words'> {
  return { name, takes: 'words', run };
}

/** A bulk command; `run` gives its input, or a text that refuses. */
export function withLines<N extends string>(name: N, run: (words: string) => Reply | BulkInput): Named<N, 'lines'> {
  return { name, takes: 'lines', run };
}

/** The first word and what follows it; an error when there is only one, in Unbound's words. */
export function twoParts(
  words: string,
): { readonly first: string; readonly rest: string } | { readonly error: string } {
  const match = /^(\S+)[ \t]+(.*)$/s.exec(words);
  if (match === null) return { error: `error could not find next argument after ${words}\n` };
  return { first: match[1] ?? '', rest: (match[2] ?? '').trim() };
}

/** Leading `+letters`, such as `+i`, and the words after them. */
export function plusOptions(words: string): { readonly options: string; readonly rest: string } {
  const match = /^\+(\S*)\s*(.*)$/s.exec(words);
  return match === null ? { options: '', rest: words } : { options: match[1] ?? '', rest: match[2] ?? '' };
}
