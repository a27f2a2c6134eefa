/**
 * A report as a picture (SVG): the chain of trust from the anchor down to the answer, a box for each zone, an arrow with the DS
 * between them, each in the colour of its state and with a mark beside it. By itself light or dark, as its reader's system is.
 *
 * Texts come from anybody's zones: they are escaped, and nothing in the picture is a link or runs.
 */

import type { KeyLine, Report, SetLine, SignatureLine, ZoneLine } from './report.ts';

/** Units; a unit is a pixel as long as nobody scales it. */
const WIDTH = 700;
const LEFT = 12;
const ROW = 20;
const HEAD = 30;
const GAP = 18;
const PAD = 10;
/** Characters of a row: digits and capitals, of which digests are made, are about 8.5 units wide. */
const MAX_CHARACTERS = 72;
/** Characters of a title, beside which the state stands. */
const MAX_TITLE_CHARACTERS = 48;
/** Rows of one box; a zone in a roll-over has a handful of keys. */
const MAX_ROWS = 14;

type Tone = 'good' | 'warn' | 'bad';

const MARKS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕' };

const STYLE = `text{font:13px system-ui,"DejaVu Sans",sans-serif;fill:#16242a}.head{font-weight:700}.soft{fill:#52646b}
.box{fill:#fff;stroke-width:2}.good{stroke:#17653a}.warn{stroke:#a86a00;stroke-dasharray:6 4}.bad{stroke:#a3201d}
.t-good{fill:#17653a}.t-warn{fill:#7a4b00}.t-bad{fill:#a3201d}.line{fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){text{fill:#e6eef0}.soft{fill:#a3b5bb}.box{fill:#172226}.good{stroke:#7fd6a0}.warn{stroke:#f0c271}
.bad{stroke:#ff9d97}.t-good{fill:#7fd6a0}.t-warn{fill:#f0c271}.t-bad{fill:#ff9d97}}`;

interface Row {
  readonly text: string;
  /** Null: plain. */
  readonly tone: Tone | null;
}

/** The picture, a whole SVG document. */
export function chainPicture(report: Report): string {
  const drawn = new Drawing();
  report.zones.forEach((zone, i) => {
    if (i > 0) drawn.arrow(toneOf(zone.status), linkRows(zone));
    drawn.box(zone.zone, toneOf(zone.status), zone.status, zoneRows(zone));
  });
  const tone = toneOf(report.status);
  if (report.zones.length > 0) drawn.arrow(tone, []);
  const shown = [...report.answer, ...report.proof];
  const rows = shown.flatMap((set) => setRows(set));
  drawn.box(report.question, tone, `${report.rcode}, ${report.status}`, [
    ...(report.status === 'secure' ? [] : [{ text: report.reason, tone }]),
    ...rows,
  ]);
  return drawn.finish(`Chain of trust of ${report.question}: ${report.status}`);
}

function toneOf(status: string): Tone {
  if (status === 'secure') return 'good';
  return status === 'insecure' || status === 'unchecked' ? 'warn' : 'bad';
}

function zoneRows(zone: ZoneLine): readonly Row[] {
  const anchor =
    zone.anchor === null ? [] : [{ text: `trust anchor ${zone.anchor.join(', ')}`, tone: 'good' as const }];
  const why = zone.why === null ? [] : [{ text: zone.why, tone: toneOf(zone.status) }];
  return [...anchor, ...why, ...zone.keys.map(keyRow), ...(zone.keySet?.signatures ?? []).map(signatureRow)];
}

function keyRow({ keyTag, algorithmName, bits, isEntry, isTrusted, isRevoked }: KeyLine): Row {
  const marks = [
    isEntry ? 'signs keys' : 'signs data',
    ...(isTrusted ? ['trusted from above'] : []),
    ...(isRevoked ? ['REVOKED'] : []),
  ];
  return {
    text: `DNSKEY ${keyTag}  ${algorithmName}, ${bits} bits: ${marks.join(', ')}`,
    tone: isRevoked ? 'bad' : null,
  };
}

function signatureRow({ keyTag, expiration, state }: SignatureLine): Row {
  const until = new Date(expiration * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const tone = state === 'good' ? 'good' : state === 'not checked' ? 'warn' : 'bad';
  return { text: `signed by ${keyTag}: ${state}, until ${until}Z`, tone };
}

/** What the zone above says of this one. */
function linkRows(zone: ZoneLine): readonly Row[] {
  const ds = zone.ds.map(({ keyTag, algorithm, digestType }) => ({
    text: `DS ${keyTag}, algorithm ${algorithm}, digest ${digestType}`,
    tone: null,
  }));
  const none = zone.noDs.map(({ owner, type }) => ({
    text: `no DS, proven by ${owner} ${type}`,
    tone: 'warn' as const,
  }));
  return [...ds, ...(zone.dsSet?.signatures ?? []).map(signatureRow), ...none];
}

function setRows({ owner, type, status, records, proves, signatures }: SetLine): readonly Row[] {
  const tone = toneOf(status);
  const says =
    proves === ''
      ? records.map((record) => ({ text: `${type} ${record}`, tone: null }))
      : [{ text: `says: ${proves}`, tone: null }];
  return [{ text: `${owner} ${type}: ${status}`, tone }, ...says, ...signatures.map(signatureRow)];
}

/** Boxes and arrows from top to bottom. */
class Drawing {
  readonly #parts: string[] = [];
  #y = 8;

  box(title: string, tone: Tone, state: string, rows: readonly Row[]): void {
    const kept = bounded(rows);
    const height = HEAD + kept.length * ROW + (kept.length > 0 ? PAD : 4);
    this.#parts.push(
      `<rect class="box ${tone}" x="${LEFT}" y="${this.#y}" width="${WIDTH - LEFT * 2}" height="${height}" rx="10"/>`,
    );
    this.#text({ text: title, tone: null }, LEFT + PAD, this.#y + ROW, 'head');
    const mark = `<text class="t-${tone} head" x="${WIDTH - LEFT - PAD}" y="${this.#y + ROW}" text-anchor="end">`;
    this.#parts.push(`${mark}${MARKS[tone]} ${escaped(state)}</text>`);
    for (const [i, row] of kept.entries()) this.#text(row, LEFT + PAD * 2, this.#y + HEAD + i * ROW + 12);
    this.#y += height;
  }

  arrow(tone: Tone, rows: readonly Row[]): void {
    const kept = bounded(rows);
    const height = Math.max(GAP, kept.length * ROW + PAD);
    const x = LEFT + 40;
    const end = this.#y + height;
    this.#parts.push(
      `<path class="line ${tone}" d="M${x} ${this.#y}V${end - 2}M${x - 6} ${end - 9}L${x} ${end - 2}L${x + 6} ${end - 9}"/>`,
    );
    for (const [i, row] of kept.entries()) this.#text(row, x + 16, this.#y + i * ROW + 18);
    this.#y = end;
  }

  finish(title: string): string {
    const height = this.#y + 8;
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`;
    return `${head}<title>${escaped(title)}</title><style>${STYLE}</style>${this.#parts.join('')}</svg>\n`;
  }

  #text({ text, tone }: Row, x: number, y: number, kind = ''): void {
    const most = kind === 'head' ? MAX_TITLE_CHARACTERS : MAX_CHARACTERS;
    const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text;
    const mark = tone === null ? '' : `${MARKS[tone]} `;
    const classes = [kind, tone === null ? '' : `t-${tone}`].filter((one) => one !== '').join(' ');
    this.#parts.push(
      `<text${classes === '' ? '' : ` class="${classes}"`} x="${x}" y="${y}">${mark}${escaped(shown)}</text>`,
    );
  }
}

function bounded(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= MAX_ROWS) return rows;
  return [...rows.slice(0, MAX_ROWS - 1), { text: `and ${rows.length - MAX_ROWS + 1} more`, tone: null }];
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
