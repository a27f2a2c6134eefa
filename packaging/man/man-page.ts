/** Makes man pages: of a program from its -h text and our words, of the configuration from the options table. */

import { referencePage } from '../../src/config/reference-page.ts';
import type { Page, Section } from './pages.ts';
import { heading, joinPieces, paragraph, subheading, term, title, verbatim } from './roff.ts';
import { readUsage, type UsagePart } from './usage.ts';

/** The day that pages carry; of the release. */
const DATE = '2026-11-29';

/** The page of a program; `helps` are its -h texts, in the page's order. */
export function programPage(page: Page, helps: readonly string[], version: string): string {
  const parts = helps.map(readUsage);
  const lines = [
    title(page.name, page.section, DATE, `Hawser ${version}`),
    heading('NAME'),
    `${page.name} \\- ${page.summary.replaceAll('-', '\\-')}`,
    heading('SYNOPSIS'),
    verbatim(synopses(parts)),
    heading('DESCRIPTION'),
    ...page.description.map(paragraph),
    ...parts.flatMap((usage, i) =>
      usageBody(usage, parts.length > 1 ? (page.helps[i]?.slice(1) ?? []).join(' ') : null),
    ),
    ...page.sections.flatMap(sectionBody),
    heading('SEE ALSO'),
    paragraph(page.seeAlso.join(', ')),
  ];
  return joinPieces(lines);
}

function synopses(parts: readonly (readonly UsagePart[])[]): string[] {
  return parts.flatMap((usage) => usage.flatMap((part) => (part.kind === 'synopsis' ? part.lines : [])));
}

/** What one -h text says, as sections, or as a subsection where a page tells of several. */
function usageBody(usage: readonly UsagePart[], command: string | null): string[] {
  const lines: string[] = command === null ? [] : [heading(command === '' ? 'SUBCOMMANDS' : command.toUpperCase())];
  const open = command === null ? heading : subheading;
  for (const part of usage) {
    if (part.kind === 'text') lines.push(paragraph(part.text));
    else if (part.kind === 'options')
      lines.push(open('OPTIONS'), ...part.items.map((item) => term(item.term, item.text)));
    else if (part.kind === 'commands')
      lines.push(
        ...(command === '' ? [] : [open('COMMANDS')]),
        ...part.items.map((item) => term(item.term, item.text)),
      );
    else if (part.kind === 'status') lines.push(open('EXIT STATUS'), paragraph(part.text));
    else if (part.kind === 'examples') lines.push(open('EXAMPLES'), verbatim(part.lines));
    else if (command !== null && command !== '') lines.push(verbatim(part.lines));
  }
  return lines;
}

function sectionBody({ title: name, texts = [], terms = [], lines = [] }: Section): string[] {
  const words = [...texts.map(paragraph), ...terms.map(([word, text]) => term(word, text))];
  return [heading(name), ...words, ...(lines.length === 0 ? [] : [verbatim(lines)])];
}

/** hawser.conf(5), from the page of directives. */
export function configurationPage(version: string): string {
  const lines = [
    title('hawser.conf', 5, DATE, `Hawser ${version}`),
    heading('NAME'),
    'hawser.conf \\- configuration of hawserd(8)',
    heading('DESCRIPTION'),
    paragraph(
      'The form is that of unbound.conf(5): sections such as "server:", in them a directive with a colon and its value on each line; "#" begins a comment; text with blanks stands in quotes; "include:" reads files at its place. All directives of Unbound are read. hawser-checkconf(8) checks a file.',
    ),
    paragraph(
      'Where nothing else is said, a directive takes effect at the start and at a reload. "no effect" is read and warned about; "refused" keeps the daemon from starting, since ignoring it would lower protection (its default is always accepted).',
    ),
    ...directiveLines(referencePage()),
    heading('SEE ALSO'),
    paragraph('hawserd(8), hawser-checkconf(8), hawser-control(8), unbound.conf(5)'),
  ];
  return joinPieces(lines);
}

/** The Markdown page as man macros: a section for each heading, a term for each directive. */
function directiveLines(markdown: string): string[] {
  const lines: string[] = [];
  for (const line of markdown.split('\n')) {
    const row = line.startsWith('| ') ? cellsOf(line) : null;
    if (line.startsWith('## ')) lines.push(heading(plain(line.slice(3))));
    else if (row !== null && row[0] !== 'directive' && !/^-+$/.test(row[0] ?? '')) lines.push(...directive(row));
    else if (row === null && line !== '' && !line.startsWith('|') && !line.startsWith('#'))
      lines.push(paragraph(plain(line)));
  }
  return lines;
}

function cellsOf(line: string): string[] {
  return line
    .slice(2, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.trim().replaceAll('\\|', '|')));
}

/** A directive's row: name, value, default, support, meaning. */
function directive([name = '', value = '', initial = '', support = '', meaning = '']: readonly string[]): string[] {
  const known = initial === '' ? '' : ` Default: ${initial}.`;
  const how =
    support === 'yes' ? '' : support === 'yes, live' ? ' May be changed while running.' : ` Support: ${support}.`;
  return [term(`${name}: <${value}>`, `${meaning}${known}${how}`)];
}

function plain(markdown: string): string {
  return markdown.replaceAll('**', '').replaceAll('`', '');
}
