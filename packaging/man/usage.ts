/**
 * What a program says of itself with -h, taken apart: man pages and shell completions are made from it, so that neither can name an
 * option that the program has not.
 */

/** One option or command with its words. */
export interface UsageItem {
  /** As it is typed, with its arguments: `-C, --config FILE`. */
  readonly term: string;
  readonly text: string;
}

/** A -h text in its parts, in the order in which they stand. */
export type UsagePart =
  | { readonly kind: 'synopsis'; readonly lines: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'options'; readonly items: readonly UsageItem[] }
  | { readonly kind: 'commands'; readonly items: readonly UsageItem[] }
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'examples'; readonly lines: readonly string[] };

const OPTION = /^\s*(-\S.*?)(?:\t+ ?| {2,})(\S.*)$/;
/** A word that is no option, with what it stands for: `file` and `check`. */
const WORD = /^(?: {2}(\S+) {2,}|([a-z]+)\t+)(\S.*)$/;
const OPTION_ALONE = /^\s+(-\S.*)$/;
/** A word in the column of commands, and what it does; a command that goes on in the next line has nothing there. */
const COMMAND = /^ {2}(\S.*?)(?: {2,}|$)(.*)$/;
/** Left out: what every program ends with, and headings of what follows. */
const NOT_SAID = /^(Version \S+|MIT licensed.*|Options:|OPTIONS|usage:|Usage:)$/;

interface Draft {
  kind: UsagePart['kind'];
  lines: string[];
  items: { term: string; text: string }[];
}

/** Reads a -h text. Lines that fit nothing are text. */
export function readUsage(help: string): UsagePart[] {
  const drafts: Draft[] = [];
  let isBroken = true;
  const open = (kind: Draft['kind']): Draft => {
    const last = drafts.at(-1);
    if (last !== undefined && last.kind === kind && !(kind === 'text' && isBroken)) return last;
    const draft: Draft = { kind, lines: [], items: [] };
    drafts.push(draft);
    return draft;
  };
  for (const line of help.split('\n')) {
    const kind = drafts.at(-1)?.kind;
    if (line.trim() === '' || NOT_SAID.test(line.trim())) isBroken = true;
    else {
      readLine(line, isBroken ? undefined : kind, open);
      isBroken = false;
    }
  }
  return drafts.map(partOf);
}

function readLine(line: string, kind: Draft['kind'] | undefined, open: (kind: Draft['kind']) => Draft): void {
  const option = OPTION.exec(line);
  const word = WORD.exec(line);
  const alone = OPTION_ALONE.exec(line);
  if (/^usage:\s+\S/i.test(line)) open('synopsis').lines.push(line.replace(/^usage:\s+/i, ''));
  else if (/^Exit status:/.test(line)) open('status').lines.push(line.replace(/^Exit status:\s*/, ''));
  else if (/^Examples:/.test(line)) open('examples');
  else if (/^Commands:/.test(line)) open('commands');
  else if (kind === 'synopsis' && /^\s+(hawser|\[)/.test(line)) open('synopsis').lines.push(line.trim());
  else if (kind === 'examples') open('examples').lines.push(line.trim());
  else if (kind === 'status') open('status').lines.push(line.trim());
  else if (option !== null) open('options').items.push({ term: option[1] ?? '', text: option[2] ?? '' });
  else if (kind === 'commands' && /^ /.test(line)) readCommand(line, open('commands'));
  else if (word?.[2] !== undefined) open('options').items.push({ term: word[2], text: word[3] ?? '' });
  else if (word !== null) open('commands').items.push({ term: word[1] ?? '', text: word[3] ?? '' });
  else if (alone !== null) open('options').items.push({ term: alone[1] ?? '', text: '' });
  else if (kind === 'options' && /^\s{2,}|^\t/.test(line)) continueItem(open('options'), line);
  else open('text').lines.push(line.trim());
}

function readCommand(line: string, draft: Draft): void {
  const found = COMMAND.exec(line);
  if (found === null || /^\s{10}/.test(line)) continueItem(draft, line);
  else draft.items.push({ term: found[1] ?? '', text: found[2] ?? '' });
}

function continueItem(draft: Draft, line: string): void {
  const item = draft.items.at(-1);
  if (item === undefined) draft.items.push({ term: line.trim(), text: '' });
  else item.text = `${item.text} ${line.trim()}`.trim();
}

function partOf({ kind, lines, items }: Draft): UsagePart {
  if (kind === 'options' || kind === 'commands') return { kind, items };
  if (kind === 'synopsis' || kind === 'examples') return { kind, lines };
  return { kind, text: lines.join(' ') };
}

/** The words that begin with a dash, each as it is typed; `--no-color` of `--color | --no-color` too. */
export function flagsOf(term: string): string[] {
  return term.match(/(?<![\w-])--?[A-Za-z0-9][\w-]*/g) ?? [];
}
