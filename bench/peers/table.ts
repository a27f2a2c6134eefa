/** Makes the table of bench/against-peers.ts: medians with their spread, and ratios. */

import type { Figures, Measuring } from './rows.ts';

/** A contestant and what each round gave: one measuring for each process that was started. */
export interface Column {
  readonly name: string;
  readonly runs: Measuring[][];
}

/** At most so many complaints are shown for a contestant. */
const SHOWN = 5;

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}

/** Which figures of a measuring. */
type Of = (measuring: Measuring) => Figures;

const FIGURES: Of = ({ figures }) => figures;
const TYPES: Of = ({ byType }) => byType;

/** Values of one figure, least first. */
function valuesOf({ runs }: Column, label: string, of: Of): number[] {
  const values = runs.flat().flatMap((measuring) => of(measuring).get(label) ?? []);
  return values.sort((a, b) => a - b);
}

function textOf(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function cell(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const [least = 0, most = 0] = [values[0], values.at(-1)];
  const spread = values.length < 2 ? '' : ` (${textOf(least)}–${textOf(most)})`;
  return `${textOf(median(values))}${spread}`;
}

function ratio(values: readonly number[], base: readonly number[]): string {
  const value = median(values) / median(base);
  return Number.isNaN(value) ? '–' : value.toFixed(2);
}

/** Contestants side by side, Hawser's ratio to the first peer, and that of the one who was there twice. */
function rowsOf(columns: readonly Column[], of: Of): string[][] {
  const again = columns.find(({ name }) => name.endsWith(' again'));
  const once = columns.find(({ name }) => `${name} again` === again?.name);
  const hawser = columns.find(({ name }) => name === 'hawser');
  const base = columns.find((column) => column !== hawser && column !== again);
  const labels = new Set(columns.flatMap(({ runs }) => runs.flat().flatMap((one) => [...of(one).keys()])));
  const head = ['figure: median (least–most)', ...columns.map(({ name }) => name), 'hawser / first peer', 'noise'];
  const figures = [...labels].map((label) => {
    const values = (column: Column | undefined) => (column === undefined ? [] : valuesOf(column, label, of));
    const cells = columns.map((column) => cell(values(column)));
    return [label, ...cells, ratio(values(hawser), values(base)), ratio(values(again), values(once))];
  });
  return [head, head.map(() => '---'), ...figures];
}

function textOfRows(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** The table of all figures. */
export function tableOf(columns: readonly Column[]): string {
  const sum = (column: Column, of: (measuring: Measuring) => number): string =>
    String(column.runs.flat().reduce((total, measuring) => total + of(measuring), 0));
  const none = ['', ''];
  const ends = [
    ['wrong answers, all rows', ...columns.map((column) => sum(column, ({ wrong }) => wrong)), ...none],
    ['lost, all rows', ...columns.map((column) => sum(column, ({ lost }) => lost)), ...none],
  ];
  const complaints = columns.flatMap(({ name, runs }) => {
    const all = runs.flat().flatMap((measuring) => measuring.complaints);
    return [...new Set(all)].slice(0, SHOWN).map((complaint) => `- ${name}: ${complaint}`);
  });
  return [textOfRows([...rowsOf(columns, FIGURES), ...ends]), '', ...complaints].join('\n');
}

/** The table of packets upstream per question, by the type that they ask for. */
export function typesOf(columns: readonly Column[]): string {
  return textOfRows(rowsOf(columns, TYPES));
}
