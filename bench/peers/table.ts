/** Makes the table of bench/against-peers.ts: medians with their spread, and ratios. */

import type { Measuring } from './rows.ts';

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

/** Values of one figure, least first. */
function valuesOf({ runs }: Column, label: string): number[] {
  const values = runs.flat().flatMap(({ figures }) => figures.get(label) ?? []);
  return values.sort((a, b) => a - b);
}

function textOf(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function cell(column: Column, label: string): string {
  const values = valuesOf(column, label);
  if (values.length === 0) return '–';
  const [least = 0, most = 0] = [values[0], values.at(-1)];
  const spread = values.length < 2 ? '' : ` (${textOf(least)}–${textOf(most)})`;
  return `${textOf(median(values))}${spread}`;
}

function ratio(column: Column | undefined, base: Column | undefined, label: string): string {
  if (column === undefined || base === undefined) return '–';
  const value = median(valuesOf(column, label)) / median(valuesOf(base, label));
  return Number.isNaN(value) ? '–' : value.toFixed(2);
}

/** The table: contestants side by side, Hawser's ratio to the first peer, and that of the one who was there twice. */
export function tableOf(columns: readonly Column[]): string {
  const labels = new Set(columns.flatMap(({ runs }) => runs.flat().flatMap(({ figures }) => [...figures.keys()])));
  const again = columns.find(({ name }) => name.endsWith(' again'));
  const once = columns.find(({ name }) => `${name} again` === again?.name);
  const hawser = columns.find(({ name }) => name === 'hawser');
  const base = columns.find((column) => column !== hawser && column !== again);
  const head = ['figure: median (least–most)', ...columns.map(({ name }) => name), 'hawser / first peer', 'noise'];
  const sum = (column: Column, of: (measuring: Measuring) => number): string =>
    String(column.runs.flat().reduce((total, measuring) => total + of(measuring), 0));
  const none = ['', ''];
  const rows = [
    head,
    head.map(() => '---'),
    ...[...labels].map((label) => [
      label,
      ...columns.map((column) => cell(column, label)),
      ratio(hawser, base, label),
      ratio(again, once, label),
    ]),
    ['wrong answers, all rows', ...columns.map((column) => sum(column, ({ wrong }) => wrong)), ...none],
    ['lost, all rows', ...columns.map((column) => sum(column, ({ lost }) => lost)), ...none],
  ];
  const complaints = columns.flatMap(({ name, runs }) => {
    const all = runs.flat().flatMap((measuring) => measuring.complaints);
    return [...new Set(all)].slice(0, SHOWN).map((complaint) => `- ${name}: ${complaint}`);
  });
  return [...rows.map((row) => `| ${row.join(' | ')} |`), '', ...complaints].join('\n');
}
