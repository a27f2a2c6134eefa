/**
 * A report as a graph for Graphviz (`dot -Tsvg`, `-Tpdf`): a node for each zone and the answer, an edge with the DS between
 * them; the same facts, marks and colours as the SVG picture, for who lays out or embeds pictures by other means.
 *
 * Texts come from anybody's zones: they stand in quoted strings, escaped, and no HTML-like label is used.
 */

import { chainBoxes, MARKS, type Row, type Tone } from './chain-boxes.ts';
import type { Report } from './report.ts';

/** Characters of a line: wider nodes are hard to read. */
const MAX_CHARACTERS = 100;

const COLOURS: Readonly<Record<Tone, string>> = { good: '#17653a', warn: '#a86a00', bad: '#a3201d' };

/** The graph, a whole DOT file. */
export function chainDot(report: Report): string {
  const boxes = chainBoxes(report);
  const nodes = boxes.map(({ title, tone, state, rows }, i) => {
    const label = [
      ...lines([
        { text: title, tone: null },
        { text: state, tone },
      ]),
      '',
      ...lines(rows),
    ];
    const style = tone === 'good' ? 'rounded' : 'rounded,dashed';
    return `  n${i} [label=${quoted(label)}, color="${COLOURS[tone]}", style="${style}"];\n`;
  });
  const edges = boxes.slice(1).map(({ tone, link }, i) => {
    const style = tone === 'good' ? 'solid' : 'dashed';
    return `  n${i} -> n${i + 1} [label=${quoted(lines(link))}, color="${COLOURS[tone]}", style="${style}"];\n`;
  });
  const title = quoted([`Chain of trust of ${report.question}: ${report.status}`]);
  return `digraph chain {
  label=${title};
  labelloc="t";
  fontname="DejaVu Sans";
  node [shape="box", fontname="DejaVu Sans", fontsize="10", penwidth="2"];
  edge [fontname="DejaVu Sans", fontsize="10", penwidth="2"];
${nodes.join('')}${edges.join('')}}
`;
}

function lines(rows: readonly Row[]): readonly string[] {
  return rows.map(({ text, tone }) => {
    const shown = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
    return tone === null ? shown : `${MARKS[tone]} ${shown}`;
  });
}

/**
 * Lines as a quoted string, each ended by `\l`, which aligns it to the left. Backslashes and quotes are escaped; `&` as well,
 * since Graphviz reads HTML entities in every label.
 */
function quoted(texts: readonly string[]): string {
  const escaped = texts.map((text) => text.replace(/\p{C}/gu, '?').replace(/[\\"]/g, '\\$&').replaceAll('&', '&amp;'));
  return `"${escaped.map((text) => `${text}\\l`).join('')}"`;
}
