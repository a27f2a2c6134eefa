/**
 * The statistics in the text form that Prometheus reads (exposition format 0.0.4), from the same table as
 * `unbound-control stats`, whatever extended-statistics says.
 *
 * Counters go back to 0 when the statistics do (`stats`, statistics-interval without statistics-cumulative, reload), which
 * Prometheus takes for a restart.
 */

import { spanEnd } from '../serve/serve-stats.ts';
import type { StatisticsSnapshot, StatRow } from './stat-row.ts';
import { type DaemonStatistics, threadSnapshot } from './statistics.ts';
import { extendedRows, MEMORY_ROWS, THREAD_ROWS } from './stats-names.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Before every name. */
const PREFIX = 'hawser_';

export function metricsText(statistics: DaemonStatistics, version: string): string {
  const { snapshot } = statistics;
  const { now, up, elapsed } = statistics.times();
  const lines = [
    ...head('build_info', 'gauge', 'Version of the daemon'),
    sample('build_info', ['version', version], 1),
    ...single('time_now_seconds', 'gauge', 'Seconds since 1970', now),
    ...single('time_up_seconds_total', 'counter', 'Seconds since the daemon started', up),
    ...single('time_elapsed_seconds', 'gauge', 'Seconds since the statistics were set back', elapsed),
    ...single('bugs_total', 'counter', 'Exceptions caught while serving', snapshot.serve.bugs),
    ...threadLines(snapshot),
    ...rowLines([...MEMORY_ROWS, ...extendedRows()], snapshot),
    ...histogramLines(snapshot),
  ];
  return `${lines.join('\n')}\n`;
}

/** Statistics that are of the whole daemon in the exporter too. */
function isWhole({ name }: StatRow): boolean {
  return name.startsWith('recursion.time.');
}

/** Each statistic of threads, for each of them. */
function threadLines(snapshot: StatisticsSnapshot): string[] {
  const threads = snapshot.threads.map((_, i) => threadSnapshot(snapshot, i));
  return THREAD_ROWS.flatMap((row) => {
    if (isWhole(row)) return rowLines([row], snapshot);
    return [
      ...head(row.metric, row.kind, row.help),
      ...threads.map((thread, i) => sample(row.metric, row.label ?? ['thread', String(i)], row.read(thread))),
    ];
  });
}

function rowLines(rows: readonly StatRow[], snapshot: StatisticsSnapshot): string[] {
  const lines: string[] = [];
  let metric = '';
  for (const row of rows) {
    const value = row.read(snapshot);
    if (value === 0 && row.isOptional) continue;
    if (row.metric !== metric) lines.push(...head(row.metric, row.kind, row.help));
    metric = row.metric;
    lines.push(sample(metric, row.label, value));
  }
  return lines;
}

function histogramLines({ serve: { histogram, recursionMs } }: StatisticsSnapshot): string[] {
  const name = 'response_time_seconds';
  const lines = head(name, 'histogram', 'Time that clients waited for recursion');
  let passed = 0;
  histogram.forEach((count, span) => {
    passed += count;
    lines.push(sample(`${name}_bucket`, ['le', boundText(spanEnd(span) / 1e6)], passed));
  });
  lines.push(sample(`${name}_bucket`, ['le', '+Inf'], passed));
  lines.push(sample(`${name}_sum`, null, recursionMs / 1000), sample(`${name}_count`, null, passed));
  return lines;
}

/** A bound of a bucket as Go and OpenMetrics write numbers: it is part of a series' name, so both forms have the same. */
function boundText(seconds: number): string {
  if (seconds < 1e-4) return seconds.toExponential().replace(/e-(\d)$/, 'e-0$1');
  return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
}

function single(name: string, kind: StatRow['kind'], help: string, value: number): string[] {
  return [...head(name, kind, help), sample(name, null, value)];
}

/** What is said of a family of metrics before its samples. */
export function head(name: string, kind: StatRow['kind'] | 'histogram', help: string): string[] {
  return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${kind}`];
}

/** One value of a family. */
export function sample(name: string, label: StatRow['label'], value: number): string {
  const labels = label === null ? '' : `{${label[0]}="${escaped(label[1])}"}`;
  return `${PREFIX}${name}${labels} ${value}`;
}

/** Label values: backslash, quote and line feed are escaped. */
function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}
