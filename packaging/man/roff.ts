/** Text as troff's man macros want it (man(7)). */

/** A line of text: no control line by chance, no lost backslash, dashes that can be copied. */
export function escapeRoff(text: string): string {
  const escaped = text.replaceAll('\t', ' ').replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** An argument in quotes. */
function quoted(text: string): string {
  return `"${escapeRoff(text).replaceAll('"', '\\(dq')}"`;
}

export const heading = (title: string): string => `.SH ${quoted(title)}`;
export const subheading = (title: string): string => `.SS ${quoted(title)}`;
export const paragraph = (text: string): string => `.PP\n${escapeRoff(text)}`;

/** A term in bold with its text indented below; without a text, with the next term's. */
export function term(name: string, text: string): string {
  return text === '' ? `.TP\n.B ${quoted(name)}\n\\&` : `.TP\n.B ${quoted(name)}\n${escapeRoff(text)}`;
}

/** Lines as they stand, such as commands. */
export function verbatim(lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.nf', ...lines.map(escapeRoff), '.fi', '.RE'].join('\n');
}

/** A page of these pieces; a heading begins a paragraph by itself. */
export function joinPieces(pieces: readonly string[]): string {
  return `${pieces.join('\n').replaceAll(/^(\.S[HS] .*)\n\.PP$/gm, '$1')}\n`;
}

/** The page's first line. */
export function title(name: string, section: number, date: string, source: string): string {
  return `.TH ${quoted(name.toUpperCase())} ${section} "${date}" ${quoted(source)}`;
}
