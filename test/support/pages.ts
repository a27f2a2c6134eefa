/**
 * The pages of docs that are made from the code's own tables: limits and statistics (Markdown). Not a test itself;
 * pages.test.ts holds what is committed against this.
 */

import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import type { StatRow } from '../../src/control/stat-row.ts';
import { extendedRows, MEMORY_ROWS, THREAD_ROWS } from '../../src/control/stats-names.ts';
import { BOUND_TEXT, LIMIT_TEXT, type Limit } from '../../src/terms/limit.ts';
import { DEFAULT_ALLOWANCE, DEFAULT_ITERATE_OPTIONS, DEFAULT_VALIDATE_OPTIONS } from './default-options.ts';
import { readSources, roomOf } from './source-files.ts';

/** Page name, below `docs`, to its text. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'limits.md': limitsPage,
  'statistics.md': statisticsPage,
};

/** Label values up to which they are listed; of more, only the pattern is shown. */
const MOST_LISTED = 40;

/** Where each limit stands when nothing is configured, and for what it counts. */
const LIMIT_VALUES: Readonly<Record<Limit, string>> = {
  'upstream-queries': `${DEFAULT_ALLOWANCE['upstream-queries']} for one client query`,
  'sent-count': `${DEFAULT_ITERATE_OPTIONS.maxSentCount} for one question, anew after each referral`,
  referrals: `${DEFAULT_ITERATE_OPTIONS.maxReferrals} for one question`,
  aliases: `${DEFAULT_ALLOWANCE.aliases} for one client query`,
  'failed-servers': `${DEFAULT_ITERATE_OPTIONS.maxFailedServers} of one zone for one question; each of a zone with up to 13 addresses`,
  'failed-queries': `${DEFAULT_ITERATE_OPTIONS.maxFailedQueries} for one question`,
  'address-queries': `${DEFAULT_ITERATE_OPTIONS.maxAddressQueries} for one zone and question`,
  'target-lookups': `${DEFAULT_ALLOWANCE['target-lookups']} for one client query, ${DEFAULT_ITERATE_OPTIONS.maxTargetLookupsPerDelegation} for one zone`,
  'target-nxdomains': `${DEFAULT_ALLOWANCE['target-nxdomains']} for one client query`,
  'address-depth': `${DEFAULT_ITERATE_OPTIONS.targetFetchPolicy.length} deep`,
  'signature-checks': `${DEFAULT_ALLOWANCE['signature-checks']} for one client query, ${DEFAULT_VALIDATE_OPTIONS.limits.signatureChecks} for one RRset`,
  'ds-match-failures': `${DEFAULT_VALIDATE_OPTIONS.limits.dsMatchFailures} for one zone`,
  'nsec3-hashes': `${DEFAULT_ALLOWANCE['nsec3-hashes']} for one client query, counted with their iterations`,
  'wall-time': 'the deadline of the client query',
};

function limitsPage(): string {
  const limits = Object.entries(LIMIT_TEXT).map(
    ([name, text]) => `| \`num.limit.${name}\` | ${cell(text)} | ${LIMIT_VALUES[name as Limit]} |`,
  );
  const bounds = Object.entries(BOUND_TEXT).map(([name, text]) => `| \`num.limit.${name}\` | ${cell(text)} |`);
  return `# Limits

This page is made from the code's tables and constants (\`npm run docs\`). Limits that a directive sets are in
[options.md](options.md) with their bounds.

## On the work for one question

Where one is reached, that piece of work ends; when nothing else answers the question, the client gets SERVFAIL with an extended
error that says this sentence. The counter is in the statistics and metrics.

| counter | sentence | default |
| --- | --- | --- |
${limits.join('\n')}

## On what is taken and kept

No question fails by these.

| counter | sentence |
| --- | --- |
${bounds.join('\n')}

## On the control channel

| limit | value | why |
| --- | --- | --- |
${controlLines().join('\n')}

## In the code

Bounds that no directive changes, by room.
${boundSections().join('\n')}`;
}

function controlLines(): string[] {
  const text = readSources('src').find(({ path }) => path.endsWith('control/limits.ts'))?.text ?? '';
  return Object.entries(CONTROL_LIMITS).map(([name, value]) => {
    const match = new RegExp(`/\\*\\* ([^*]*) \\*/\\s+${name}:`).exec(text);
    return `| ${name} | ${value} | ${cell(match?.[1] ?? '')} |`;
  });
}

/** A bound of the code: the constant, its value as it is written, what its comment says. */
interface Bound {
  readonly room: string;
  readonly name: string;
  readonly value: string;
  readonly why: string;
}

/** Constants named MAX_… with their comments. */
export function boundsOfCode(): Bound[] {
  const declaration =
    /\/\*\*(?<why>(?:(?!\*\/)[\s\S])*)\*\/\n(?:export )?const (?<name>MAX_[A-Z0-9_]+)(?:: \w+)? = (?<value>[^;\n]+);/g;
  return readSources('src').flatMap(({ path, text }) =>
    [...text.matchAll(declaration)].map(({ groups }) => ({
      room: roomOf(path),
      name: groups?.name ?? '',
      value: groups?.value ?? '',
      why: (groups?.why ?? '').replace(/\n \*/g, '').trim(),
    })),
  );
}

function boundSections(): string[] {
  const bounds = boundsOfCode().sort((a, b) =>
    `${a.room} ${a.name} ${a.why}` < `${b.room} ${b.name} ${b.why}` ? -1 : 1,
  );
  return [...new Set(bounds.map(({ room }) => room))].map((room) => {
    const rows = bounds.filter((bound) => bound.room === room);
    const lines = rows.map(({ name, value, why }) => `| \`${name}\` | ${cell(value)} | ${cell(why)} |`);
    return `\n### ${room}\n\n| bound | value | what and why |\n| --- | --- | --- |\n${lines.join('\n')}\n`;
  });
}

function statisticsPage(): string {
  return `# Statistics

This page is made from the tables of statistics (\`npm run docs\`). \`hawser-control stats\` and Debian's \`unbound-control stats\`
show the names of the first column, the metrics endpoint (\`metrics-interface\`, Prometheus) the second one with \`hawser_\` before
it. Names are Unbound's; what Unbound does not have is ours in its manner. A counter begins at 0 with the start, and again with
\`stats\` unless \`statistics-cumulative\` is set; a gauge is as of now.

## Of the thread

Shown as \`thread0.NAME\`, for each further thread (\`num-threads\`) as \`thread1.NAME\` and so on, and as \`total.NAME\`. A query
counts for the thread that answers it: thread 0 resolves, the others answer from memory, so that theirs are all cache hits.

${tableOf(THREAD_ROWS)}

Times: \`time.now\`, \`time.up\` (since the start), \`time.elapsed\` (since the statistics were set back), seconds.

## With extended-statistics

Waits of clients that the caches did not answer: \`histogram.FROM.to.TO\`, seconds. A name that is not always there is shown when
it is not 0, with \`statistics-inhibit-zero\`.

${tableOf([...MEMORY_ROWS, ...extendedRows()])}
`;
}

function tableOf(rows: readonly StatRow[]): string {
  const families = new Map<string, StatRow[]>();
  for (const row of rows) {
    const key = `${row.metric} ${patternOf(row)}`;
    families.set(key, [...(families.get(key) ?? []), row]);
  }
  const lines = [...families.values()].map(familyLine);
  return `| name | metric | kind | meaning |\n| --- | --- | --- | --- |\n${lines.join('\n')}`;
}

function familyLine(rows: readonly StatRow[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const { metric, label, kind, help } = first;
  const values = rows.map((row) => row.label?.[1] ?? '');
  const listed = rows.length > 1 && rows.length <= MOST_LISTED ? `: ${values.join(', ')}` : '';
  const name = rows.length > 1 ? patternOf(first) : first.name;
  const labelText = label === null ? '' : `{${label[0]}}`;
  return `| \`${name}\` | \`${metric}${labelText}\` | ${kind} | ${cell(help + listed)} |`;
}

/** The name with its label's value left open. */
function patternOf({ name, label }: StatRow): string {
  return label !== null && name.endsWith(label[1])
    ? `${name.slice(0, name.length - label[1].length)}${label[0].toUpperCase()}`
    : name;
}

function cell(text: string): string {
  return text.replace(/[|]/g, '\\|').replace(/</g, '&lt;');
}
