/**
 * The configuration text that a scenario's resolver starts from, and the date at which it starts.
 *
 * Unbound's dialect is unbound.conf text already; the deckard dialect's few settings are written out as such. A head of
 * our own goes before it: where to listen, no daemon matters, old algorithms allowed (the suites sign with them).
 */

import { type ConfigLine, type Scenario, ScenarioError } from './scenario.ts';

/** Port that the resolver of a scenario listens on. */
export const RESOLVER_PORT = 53530;
/** Folder of the scenario's own files. */
export const FILES_FOLDER = '/scenario';
/** A file without anchors. */
const NO_ANCHORS_PATH = `${FILES_FOLDER}/no-anchors`;
/** Date of a scenario that does not care: 2026-01-01T00:00:00Z. */
const DEFAULT_START_SECONDS = 1_767_225_600;
/** A first TIME_PASSES at least this long sets the date itself. */
const ABSOLUTE_DATE_SECONDS = 1_000_000_000;

/** All that is needed to start. */
export interface ScenarioSetup {
  readonly configText: string;
  /** Files by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Address that clients ask. */
  readonly resolverIp: string;
  readonly startUnixSeconds: number;
  /** Index of the step whose time has already passed at the start; -1 when none. */
  readonly passedStep: number;
  /** Addresses that count as root servers in the deckard dialect, and their name. */
  readonly rootIps: readonly string[];
  readonly rootName: string;
  /** Why the scenario cannot run here; null when it can. */
  readonly skip: string | null;
}

/** Path of an autotrust or temporary file. */
export function scenarioFilePath(kind: 'autotrust' | 'tempfile', id: string): string {
  return `${FILES_FOLDER}/${kind}_${id.replace(/[^\w.-]/g, '_')}`;
}

/** Works out how to start a scenario. */
export function setUp(scenario: Scenario): ScenarioSetup {
  const deckard = scenario.dialect === 'deckard' ? readDeckardSettings(scenario.config) : null;
  const body = deckard === null ? unboundLines(scenario.config) : deckard.lines;
  const isIp6Only = body.some((line) => /^\s*do-ip4:\s*"?no\b/.test(line));
  const asksOverIp6 = scenario.steps.some((step) => step.kind === 'QUERY' && step.ip?.includes(':'));
  const interfaces = [...(isIp6Only ? [] : ['127.0.0.1']), ...(isIp6Only || asksOverIp6 ? ['::1'] : [])];
  const head = [
    'server:',
    ...interfaces.map((ip) => `\tinterface: ${ip}`),
    `\tport: ${RESOLVER_PORT}`,
    '\tuse-syslog: no',
    '\tlogfile: ""',
    `\tdirectory: "${FILES_FOLDER}"`,
    '\tchroot: ""',
    '\tusername: ""',
    '\tpidfile: ""',
    '\tval-log-level: 2',
    '\tlog-servfail: yes',
    '\tval-legacy-algorithms: yes',
    // The format knows no built-in anchors: without one of its own, a scenario is about unsigned data.
    ...(hasAnchor(scenario, body) ? [] : [`\ttrust-anchor-file: "${NO_ANCHORS_PATH}"`]),
    // Time passes here only where the script lets it: no answer is too late for its client.
    '\tdiscard-timeout: 0',
    // The suites were recorded with extended errors off by default; a scenario about them says `ede: yes` itself.
    '\tede: no',
    // Nor did the resolver that they were recorded with send cookies to servers.
    '\tupstream-cookies: no',
    'remote-control:',
    '\tcontrol-enable: no',
  ];
  const start = startOf(scenario, deckard?.startUnixSeconds ?? null, body);
  return {
    configText: `${[...head, ...body].join('\n')}\n`,
    files: filesOf(scenario),
    resolverIp: isIp6Only ? '::1' : '127.0.0.1',
    ...start,
    rootIps: deckard?.rootIps ?? [],
    rootName: deckard?.rootName ?? '',
    skip: deckard?.skip ?? null,
  };
}

function hasAnchor(scenario: Scenario, body: readonly string[]): boolean {
  const directive = /^\s*(trust-anchor|trust-anchor-file|auto-trust-anchor-file|trusted-keys-file):/;
  return scenario.autotrustFiles.size > 0 || body.some((line) => directive.test(line));
}

function filesOf(scenario: Scenario): Map<string, string> {
  const files = new Map<string, string>([[NO_ANCHORS_PATH, '']]);
  for (const [id, lines] of scenario.autotrustFiles) {
    files.set(scenarioFilePath('autotrust', id), `${lines.join('\n')}\n`);
  }
  for (const [id, lines] of scenario.tempFiles) {
    const joined = lines.map((line) => {
      const included = /^\s*\$INCLUDE_TEMPFILE\s+(\S+)/.exec(line);
      return included === null ? line : `$INCLUDE ${scenarioFilePath('tempfile', included[1] ?? '')}`;
    });
    files.set(scenarioFilePath('tempfile', id), `${joined.join('\n')}\n`);
  }
  return files;
}

function unboundLines(config: readonly ConfigLine[]): string[] {
  const lines: string[] = [];
  for (const line of config) {
    if (line.kind === 'text') lines.push(line.text);
    else if (line.kind === 'autotrust') {
      lines.push('server:', `\tauto-trust-anchor-file: "${scenarioFilePath('autotrust', line.file)}"`);
    } else {
      // The name stands on a line of its own after its directive.
      const before = lines.at(-1)?.trimEnd() ?? '';
      const value = `"${scenarioFilePath('tempfile', line.file)}"`;
      if (before.endsWith(':')) lines[lines.length - 1] = `${before} ${value}`;
      else lines.push(value);
    }
  }
  return lines;
}

type Start = Pick<ScenarioSetup, 'startUnixSeconds' | 'passedStep'>;

function startOf(scenario: Scenario, stated: number | null, body: readonly string[]): Start {
  if (stated !== null) return { startUnixSeconds: stated, passedStep: -1 };
  // Scripted server cookies carry the time 0.
  if (body.some((line) => /^\s*cookie-secret:/.test(line))) return { startUnixSeconds: 0, passedStep: -1 };
  const index = scenario.steps.findIndex((step) => step.kind === 'TIME_PASSES');
  const first = scenario.steps[index];
  if (first !== undefined) {
    const sum = /^\$\{([0-9 +]+)\}$/.exec(first.text)?.[1];
    const seconds = sum?.split('+').reduce((total, part) => total + Number(part), 0) ?? first.elapseSeconds;
    if (seconds >= ABSOLUTE_DATE_SECONDS) return { startUnixSeconds: seconds, passedStep: index };
  }
  return { startUnixSeconds: DEFAULT_START_SECONDS, passedStep: -1 };
}

interface DeckardSettings {
  readonly lines: readonly string[];
  readonly startUnixSeconds: number | null;
  readonly rootIps: readonly string[];
  readonly rootName: string;
  readonly skip: string | null;
}

/** Features that can be written as unbound.conf. */
const DECKARD_FEATURES = new Set(['min_ttl', 'max_ttl', 'dns64_prefix']);

function readDeckardSettings(config: readonly ConfigLine[]): DeckardSettings {
  const settings = new Map<string, string[]>();
  for (const line of config) {
    if (line.kind !== 'text') throw new ScenarioError('a file in a deckard configuration');
    const match = /^\s*([\w-]+)\s*:\s*(.*)$/.exec(line.text.split('#')[0] ?? '');
    if (match === null) continue;
    const value =
      (match[2] ?? '')
        .split(' ;')[0]
        ?.trim()
        .replace(/^["']|["']$/g, '') ?? '';
    settings.set(match[1] ?? '', [...(settings.get(match[1] ?? '') ?? []), value]);
  }
  const last = (key: string) => settings.get(key)?.at(-1) ?? null;
  const features = new Map(
    (settings.get('features') ?? [])
      .flatMap((value) => value.split(';'))
      .map((feature): [string, string] => [feature.split('=')[0]?.trim() ?? '', feature.split('=')[1]?.trim() ?? '']),
  );
  const unknown = [...features.keys()].filter((feature) => feature !== '' && !DECKARD_FEATURES.has(feature));
  if (settings.has('feature-list')) unknown.push('policy');
  return {
    lines: deckardLines(settings, features),
    startUnixSeconds: dateOf(last('val-override-timestamp'), last('val-override-date')),
    rootIps: settings.get('stub-addr') ?? [],
    rootName: last('stub-name') ?? 'k.root-servers.net.',
    skip: unknown.length === 0 ? null : `needs a Knot Resolver feature: ${unknown.join(' ')}`,
  };
}

function deckardLines(settings: ReadonlyMap<string, string[]>, features: ReadonlyMap<string, string>): string[] {
  const isYes = (key: string, otherwise: boolean) => {
    const value = settings.get(key)?.at(-1);
    return value === undefined ? otherwise : ['yes', 'true', 'on', '1'].includes(value.toLowerCase());
  };
  const yesNo = (isOn: boolean) => (isOn ? 'yes' : 'no');
  const lines = [
    'server:',
    '\ttarget-fetch-policy: "0 0 0 0 0"',
    '\ttrust-anchor-signaling: no',
    '\tfake-sha1: yes',
    '\tmax-udp-size: 4096',
    '\tedns-buffer-size: 4096',
    `\tqname-minimisation: ${yesNo(isYes('query-minimization', true))}`,
    `\tdo-ip6: ${yesNo(isYes('do-ip6', true))}`,
    `\tdo-ip4: ${yesNo(isYes('do-ip4', true))}`,
  ];
  const rootIps = settings.get('stub-addr') ?? [];
  if (!isYes('harden-glue', true)) lines.push('\tharden-glue: no');
  if (!isYes('do-not-query-localhost', true) || rootIps.some((ip) => ip.startsWith('127.'))) {
    lines.push('\tdo-not-query-localhost: no');
  }
  for (const anchor of settings.get('trust-anchor') ?? []) lines.push(`\ttrust-anchor: "${anchor}"`);
  for (const zone of settings.get('domain-insecure') ?? []) lines.push(`\tdomain-insecure: "${zone}"`);
  lines.push(...featureLines(features));
  const zones = [
    ['stub-zone', 'stub-addr'],
    ['forward-zone', 'forward-addr'],
  ] as const;
  for (const [clause, key] of zones) {
    const ips = settings.get(key) ?? [];
    if (ips.length > 0) lines.push(`${clause}:`, '\tname: "."', ...ips.map((ip) => `\t${key}: ${ip}`));
  }
  return lines;
}

function featureLines(features: ReadonlyMap<string, string>): string[] {
  const lines: string[] = [];
  const [least, most, prefix] = ['min_ttl', 'max_ttl', 'dns64_prefix'].map((feature) => features.get(feature));
  if (least !== undefined) lines.push(`\tcache-min-ttl: ${least}`);
  if (most !== undefined) lines.push(`\tcache-max-ttl: ${most}`);
  if (prefix !== undefined) {
    lines.push('\tmodule-config: "dns64 validator iterator"');
    lines.push(`\tdns64-prefix: ${prefix.includes('/') ? prefix : `${prefix}/96`}`);
  }
  return lines;
}

function dateOf(timestamp: string | null, date: string | null): number | null {
  if (timestamp !== null) return Number(timestamp);
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(date ?? '');
  if (digits === null) return null;
  const [, year, month, day, hour, minute, second] = digits.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000;
}
