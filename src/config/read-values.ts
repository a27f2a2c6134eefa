/**
 * Clauses to the typed configuration.
 *
 * Duties: read each value by the form of its row, merge clauses that repeat, fill in defaults.
 * Leaves to others: which directives have an effect (report-support.ts), what they mean together (check.ts).
 */

import { type Name, nameKey } from '../wire/name.ts';
import type { Steps } from '../wire/steps.ts';
import type { AuthZoneConfig, Config, RpzConfig } from './config.ts';
import type { Findings } from './finding.ts';
import { FormError, portRange } from './form.ts';
import { MAX_LINES_AS_WRITTEN, MAX_VALUES_PER_DIRECTIVE } from './limits.ts';
import { camelCase, defaultsOf, SECRET_DIRECTIVES, type ValueRow, type ValuesOf } from './option.ts';
import { CLAUSES, type ClauseName, rowOf } from './options-table.ts';
import type { OutgoingPortRule } from './outgoing-ports.ts';
import type { Clause, Entry } from './parser.ts';

/** Lines that are read in one piece: about a millisecond. */
const LINES_PER_PIECE = 500;
const CLAUSES_PER_PIECE = 100;

/** The configuration that the clauses describe. What has an error is left at its default. */
export function* readValues(clauses: readonly Clause[], findings: Findings): Steps<Config> {
  const merged = <C extends ClauseName>(name: C): Steps<ValuesOf<(typeof CLAUSES)[C]>> =>
    readClause(
      name,
      clauses.filter((clause) => clause.name === name).flatMap((clause) => clause.entries),
      findings,
    );
  const each = <C extends ClauseName>(name: C) => readEach(name, clauses, findings);
  return {
    server: yield* merged('server'),
    remoteControl: yield* merged('remote-control'),
    stubZones: lastOfEachName(yield* each('stub-zone')),
    forwardZones: lastOfEachName(yield* each('forward-zone')),
    authZones: joinedByName(yield* each('auth-zone'), NONE),
    views: yield* each('view'),
    rpzs: joinedByName(yield* each('rpz'), OF_LAST_RPZ),
    python: yield* merged('python'),
    dynlib: yield* merged('dynlib'),
    ipset: yield* merged('ipset'),
    dnscrypt: yield* merged('dnscrypt'),
    cachedb: yield* merged('cachedb'),
    dnstap: yield* merged('dnstap'),
    outgoingPortRules: portRules(clauses),
    given: yield* givenTexts(clauses),
  };
}

/** The values of each clause of a kind that has a name. */
function* readEach<C extends ClauseName>(
  name: C,
  clauses: readonly Clause[],
  findings: Findings,
): Steps<readonly ValuesOf<(typeof CLAUSES)[C]>[]> {
  const read: ValuesOf<(typeof CLAUSES)[C]>[] = [];
  for (const [i, clause] of clauses.entries()) {
    if (i % CLAUSES_PER_PIECE === CLAUSES_PER_PIECE - 1) yield;
    if (clause.name !== name || !hasName(clause, findings)) continue;
    read.push(yield* readClause(name, clause.entries, findings));
  }
  return read;
}

/** True when a clause that must be named is named once, and by a name. */
function hasName(clause: Clause, findings: Findings): boolean {
  const names = clause.entries.filter((entry) => entry.directive === 'name');
  const [first, second] = names;
  if (first === undefined && clause.name === 'auth-zone') {
    // As in Unbound: nothing is lost but the copy.
    findings.warning(clause, 'auth-zone without a name, skipped');
    return false;
  }
  if (first === undefined) findings.error(clause, `${clause.name} without name`);
  if (second !== undefined) {
    findings.error(second, `${clause.name} name override, there must be one name for one ${clause.name}`);
  }
  if (first === undefined) return false;
  const value = rowOf(clause.name, 'name')?.row.form.read(...first.values);
  if (value instanceof FormError) findings.error(first, withDirective(first, value));
  return !(value instanceof FormError);
}

function* readClause<C extends ClauseName>(
  name: C,
  entries: readonly Entry[],
  findings: Findings,
): Steps<ValuesOf<(typeof CLAUSES)[C]>> {
  const values: Record<string, unknown> = { ...defaultsOf(CLAUSES[name]) };
  for (const [directive, given] of groupByDirective(entries)) {
    const row = rowOf(name, directive)?.row;
    if (row === undefined) continue;
    const read = yield* readDirective(row, given, findings);
    if (read !== null) values[camelCase(directive)] = read.value;
  }
  // The cast states what the loop does: each member comes from the default or the form of its own row.
  return values as ValuesOf<(typeof CLAUSES)[C]>;
}

function groupByDirective(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.directive);
    if (group === undefined) groups.set(entry.directive, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** The value of a directive from its lines: the last one, or all as a list; null when none is of the form. */
function* readDirective(
  row: ValueRow,
  entries: readonly Entry[],
  findings: Findings,
): Steps<{ value: unknown } | null> {
  const read: unknown[] = [];
  for (const [i, entry] of entries.entries()) {
    if (i % LINES_PER_PIECE === LINES_PER_PIECE - 1) yield;
    if (read.length >= MAX_VALUES_PER_DIRECTIVE) {
      findings.error(entry, `too many lines of '${entry.directive}' (at most ${MAX_VALUES_PER_DIRECTIVE})`);
      break;
    }
    const value = row.form.read(...entry.values);
    if (value instanceof FormError) findings.error(entry, withDirective(entry, value));
    else {
      const remark = row.form.remark?.(...entry.values) ?? null;
      if (remark !== null) findings.warning(entry, `${entry.directive}: ${remark}`);
      read.push(value);
    }
  }
  if (row.kind === 'many') return { value: read };
  return read.length === 0 ? null : { value: read.at(-1) };
}

/** The reason with the directive and what was given, unless it names the value already. */
function withDirective({ directive, values }: Entry, { text }: FormError): string {
  if (SECRET_DIRECTIVES.has(directive)) return `${directive}: ${text}`;
  const given = values.join(' ').slice(0, 100);
  return text.includes(`'`) ? `${directive}: ${text}` : `${text} (${directive}: ${JSON.stringify(given)})`;
}

/** Directives with more lines than are kept as they were written. */
function longLists(clauses: readonly Clause[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { entries } of clauses) {
    for (const { directive } of entries) counts.set(directive, (counts.get(directive) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count > MAX_LINES_AS_WRITTEN).map(([directive]) => directive));
}

/** What stands in the file, by clause and directive: for `get_option`, which shows lists as they were written. */
function* givenTexts(clauses: readonly Clause[]): Steps<Config['given']> {
  const given: Record<string, string[]> = {};
  const isLong = longLists(clauses);
  for (const { name, entries } of clauses) {
    if (name !== 'server' && name !== 'remote-control') continue;
    for (let at = 0; at < entries.length; at += LINES_PER_PIECE) {
      const piece = groupByDirective(entries.slice(at, at + LINES_PER_PIECE));
      for (const [directive, lines] of piece) {
        if (isLong.has(directive)) continue;
        const text = lines.map(({ values }) => values.join(' ')).join('\n');
        const texts = given[directive];
        if (texts === undefined) given[directive] = [text];
        else texts.push(text);
      }
      yield;
    }
  }
  return Object.fromEntries(Object.entries(given).map(([directive, texts]) => [directive, texts.join('\n')]));
}

function portRules(clauses: readonly Clause[]): readonly OutgoingPortRule[] {
  const rules: OutgoingPortRule[] = [];
  for (const { directive, values } of clauses.flatMap((clause) => clause.entries)) {
    if (directive !== 'outgoing-port-permit' && directive !== 'outgoing-port-avoid') continue;
    const range = portRange.read(...values);
    if (!(range instanceof FormError)) rules.push({ ...range, isPermitted: directive === 'outgoing-port-permit' });
  }
  return rules;
}

/** Of several stub or forward zones with one name the last counts, as in Unbound: a site's file overrides what it includes. */
function lastOfEachName<Z extends NamedZone>(zones: readonly Z[]): readonly Z[] {
  return [...byName(zones).values()].flatMap((same) => same.slice(-1));
}

interface NamedZone {
  readonly name: Name;
}

/** The zones by name, which stand in the order of the last of each. */
function byName<Z extends NamedZone>(zones: readonly Z[]): ReadonlyMap<string, readonly Z[]> {
  const groups = new Map<string, Z[]>();
  for (const zone of zones) {
    const key = nameKey(zone.name);
    const same = groups.get(key) ?? [];
    same.push(zone);
    groups.delete(key);
    groups.set(key, same);
  }
  return groups;
}

const NONE: readonly never[] = [];
/** What says how a policy acts: of several clauses Unbound takes the last one's, beside the first one's file. */
const OF_LAST_RPZ = [
  'rpzActionOverride',
  'rpzCnameOverride',
  'rpzLog',
  'rpzLogName',
  'rpzSignalNxdomainRa',
  'tags',
] as const satisfies readonly (keyof RpzConfig)[];
const LISTS = ['primary', 'url', 'allowNotify'] as const;

/**
 * Several clauses for one zone that is kept as a copy are one, as in Unbound: lists are joined, of single values the first
 * clause's count, and the last one's for the members in `ofLast`. check.ts warns.
 */
function joinedByName<Z extends NamedZone & Pick<AuthZoneConfig, (typeof LISTS)[number]>>(
  zones: readonly Z[],
  ofLast: readonly (keyof Z)[],
): readonly Z[] {
  return [...byName(zones).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined || same.length === 1) return same;
    const last = same.at(-1) ?? first;
    const lasts = Object.fromEntries(ofLast.map((member) => [member, last[member]]));
    const lists = Object.fromEntries(LISTS.map((member) => [member, same.flatMap((zone) => [...zone[member]])]));
    return [{ ...first, ...lasts, ...lists }];
  });
}
