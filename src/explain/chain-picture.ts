/**
 * A report as a picture (SVG): the chain of trust from the anchor down to the answer, a box for each zone, an arrow with the DS
 * between them, each in the colour of its state and with a mark beside it. By itself light or dark, as its reader's system is.
 *
 * Texts come from anybody's zones: they are escaped, and nothing in the picture is a link or runs.
 */

import { chainBoxes, MARKS, type Row, type Tone } from './chain-boxes.ts';
import type { Report } from './report.ts';

/** What a picture is made for. */
interface Form {
  /** Units; a unit is a pixel as long as nobody scales it. */
  readonly width: number;
  /** Characters of a row: digits and capitals, of which digests are made, are about 8.5 units wide. */
  readonly characters: number;
  /** Lines of a row that does not fit in one. */
  readonly lines: number;
  readonly titleCharacters: number;
  /** The state stands below the title, not beside it. */
  readonly isStateBelow: boolean;
}

const FORMS = {
  wide: { width: 700, characters: 72, lines: 3, titleCharacters: 48, isStateBelow: false },
  /** For the screen of a phone. */
  narrow: { width: 340, characters: 31, lines: 8, titleCharacters: 33, isStateBelow: true },
} as const satisfies Readonly<Record<string, Form>>;

const LEFT = 12;
const ROW = 20;
const HEAD = 30;
const GAP = 18;
const PAD = 10;

const STYLE = `text{font:13px system-ui,"DejaVu Sans",sans-serif;fill:#16242a}.head{font-weight:700}.soft{fill:#52646b}
.box{fill:#fff;stroke-width:2}.good{stroke:#17653a}.warn{stroke:#a86a00;stroke-dasharray:6 4}.bad{stroke:#a3201d}
.t-good{fill:#17653a}.t-warn{fill:#7a4b00}.t-bad{fill:#a3201d}.line{fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){text{fill:#e6eef0}.soft{fill:#a3b5bb}.box{fill:#172226}.good{stroke:#7fd6a0}.warn{stroke:#f0c271}
.bad{stroke:#ff9d97}.t-good{fill:#7fd6a0}.t-warn{fill:#f0c271}.t-bad{fill:#ff9d97}}`;

/** The picture, a whole SVG document. */
export function chainPicture(report: Report, kind: keyof typeof FORMS = 'wide'): string {
  const form: Form = FORMS[kind];
  const drawn = new Drawing(form);
  const wrapped = (row: Row): readonly DrawnRow[] => linesOf(row, form);
  chainBoxes(report).forEach(({ title, tone, state, rows, link }, i) => {
    if (i > 0) drawn.arrow(tone, link.flatMap(wrapped));
    drawn.box(title, tone, state, rows.flatMap(wrapped));
  });
  return drawn.finish(`Chain of trust of ${report.question}: ${report.status}`);
}

/** A line of a row; only the first has its mark. */
interface DrawnRow extends Row {
  readonly isContinued?: true;
}

/** A word that is longer than a line, in pieces: a digest may be read to its end. */
function piecesOf(word: string, characters: number): readonly string[] {
  return word.match(new RegExp(`.{1,${characters}}`, 'gsu')) ?? [''];
}

/** A row on as many lines as it needs, broken at blanks; only the first has its mark. */
function linesOf({ text, tone }: Row, form: Form): readonly DrawnRow[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const joined = last === undefined ? word : `${last} ${word}`;
    const isFull = joined.length > form.characters && lines.length < form.lines;
    if (last === undefined || isFull) lines.push(...piecesOf(word, form.characters));
    else lines[lines.length - 1] = joined;
  }
  return lines.map((line, i) => (i === 0 ? { text: line, tone } : { text: line, tone, isContinued: true }));
}

/** Boxes and arrows from top to bottom. */
class Drawing {
  readonly #form: Form;
  readonly #parts: string[] = [];
  #y = 8;

  constructor(form: Form) {
    this.#form = form;
  }

  box(title: string, tone: Tone, state: string, rows: readonly Row[]): void {
    const { width, isStateBelow } = this.#form;
    const head = isStateBelow ? HEAD + ROW : HEAD;
    const height = head + rows.length * ROW + (rows.length > 0 ? PAD : 4);
    this.#parts.push(
      `<rect class="box ${tone}" x="${LEFT}" y="${this.#y}" width="${width - LEFT * 2}" height="${height}" rx="10"/>`,
    );
    this.#text({ text: title, tone: null }, LEFT + PAD, this.#y + ROW, 'head');
    const place = isStateBelow
      ? `x="${LEFT + PAD}" y="${this.#y + ROW * 2}"`
      : `x="${width - LEFT - PAD}" y="${this.#y + ROW}" text-anchor="end"`;
    const mark = `<text class="t-${tone} head" ${place}>`;
    this.#parts.push(`${mark}${MARKS[tone]} ${escaped(state)}</text>`);
    for (const [i, row] of rows.entries()) this.#text(row, LEFT + PAD * 2, this.#y + head + i * ROW + 12);
    this.#y += height;
  }

  arrow(tone: Tone, rows: readonly Row[]): void {
    const height = Math.max(GAP, rows.length * ROW + PAD);
    const x = LEFT + 40;
    const end = this.#y + height;
    this.#parts.push(
      `<path class="line ${tone}" d="M${x} ${this.#y}V${end - 2}M${x - 6} ${end - 9}L${x} ${end - 2}L${x + 6} ${end - 9}"/>`,
    );
    for (const [i, row] of rows.entries()) this.#text(row, x + 16, this.#y + i * ROW + 18);
    this.#y = end;
  }

  finish(title: string): string {
    const { width } = this.#form;
    const height = this.#y + 8;
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`;
    return `${head}<title>${escaped(title)}</title><style>${STYLE}</style>${this.#parts.join('')}</svg>\n`;
  }

  #text({ text, tone, isContinued }: DrawnRow, x: number, y: number, kind = ''): void {
    const most = kind === 'head' ? this.#form.titleCharacters : this.#form.characters;
    const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text;
    const mark = tone === null || isContinued === true ? '' : `${MARKS[tone]} `;
    const classes = [kind, tone === null ? '' : `t-${tone}`].filter((one) => one !== '').join(' ');
    this.#parts.push(
      `<text${classes === '' ? '' : ` class="${classes}"`} x="${isContinued === true ? x + 16 : x}" y="${y}">${mark}${escaped(shown)}</text>`,
    );
  }
}

/** XML 1.0 has no control characters, not even escaped. */
function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/\p{C}/gu, '?').replace(/[&<>"']/g, (letter) => names[letter] ?? letter);
}
