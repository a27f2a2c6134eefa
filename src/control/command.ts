/** What a control command is, and the words of its line. */

/** Text that goes out at once, or in pieces that are made as the client reads them. */
export type Reply = string | Iterable<string>;

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
  /** `none`: words after the name are an error, as in Unbound 1.26. */
  readonly takes: 'none' | 'words' | 'lines';
  /** Runs it with the words after the name, outer blanks removed. For `lines` returns the input, or a text that refuses. */
  run(words: string): Reply | Promise<Reply> | BulkInput;
}

/** The reply of a command that went well and has nothing to tell. */
export const OK = 'ok\n';

/** A command without words. */
export function plain(name: string, run: () => Reply | Promise<Reply>): Command {
  return { name, takes: 'none', run };
}

export function worded(name: string, run: (words: string) => Reply | Promise<Reply>): Command {
  return { name, takes: 'words', run };
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
