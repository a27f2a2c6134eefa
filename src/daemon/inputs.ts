/** Reads what a configuration names besides itself: root hints and trust anchors. Every fault is a finding with its file. */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import { isValidating } from '../config/modules.ts';
import { BUILT_IN_HINTS, type Hint, hintsFromRecords } from '../iterate/root-hints.ts';
import type { Files } from '../ports/files.ts';
import { type AnchorText, readAnchors, readBindAnchors } from '../validate/read-anchors.ts';
import { ROOT_ANCHORS_TEXT } from '../validate/root-anchors.ts';
import type { AnchorRecord } from '../validate/trust-anchors.ts';
import { readU16 } from '../wire/bytes.ts';
import { isRoot, type Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { readZoneText } from '../wire/zone-text.ts';

/** TTL of hints whose file says none, seconds; without meaning, since hints do not expire. */
const HINTS_TTL = 3_600_000;

/** Where systems keep the authorities that they trust: Debian, Fedora, SUSE, Alpine and the BSDs. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** What was read, or why not. */
export interface Inputs {
  readonly hints: readonly Hint[];
  /** PEM text of `tls-cert-bundle` or, with `tls-system-cert`, of the system's; null: those that come with the program. */
  readonly tlsAuthorities: string | null;
  readonly anchors: readonly AnchorRecord[];
  /** Zones of those anchors that were configured, without the built-in ones of the root. */
  readonly anchored: readonly Name[];
  /** Errors stop the start; warnings are logged. */
  readonly findings: readonly Finding[];
}

export function readInputs(config: Config, files: Files): Inputs {
  const findings: Finding[] = [];
  const hints = readHints(config, files, findings);
  const anchors = isValidating(config) ? readAllAnchors(config, files, findings) : [];
  const tlsAuthorities = readTlsAuthorities(config, files, findings);
  const anchored = hasConfiguredAnchors(config) ? anchors.map(({ zone }) => zone) : [];
  return { hints, anchors, anchored, tlsAuthorities, findings };
}

function readHints(config: Config, files: Files, findings: Finding[]): readonly Hint[] {
  const paths = config.server.rootHints.filter((path) => path !== '');
  if (paths.length === 0) return BUILT_IN_HINTS;
  const records = paths.flatMap((path) => {
    const text = readNamedFile(absolutePath(config, path), files, findings);
    if (text === null) return [];
    const zone = readZoneText(text, { defaultTtl: HINTS_TTL });
    for (const error of zone.errors) findings.push(errorAt(path, error.line, error.text));
    return zone.records;
  });
  const hints = hintsFromRecords(records);
  if (hints.length === 0) findings.push(errorAt(paths[0] ?? '', 0, 'root-hints name no root server'));
  return hints;
}

function readTlsAuthorities(config: Config, files: Files, findings: Finding[]): string | null {
  const { tlsCertBundle, tlsSystemCert } = config.server;
  const texts: string[] = [];
  if (tlsCertBundle !== '') {
    const text = readNamedFile(absolutePath(config, tlsCertBundle), files, findings);
    if (text !== null) texts.push(text);
  }
  if (tlsSystemCert) {
    const path = SYSTEM_BUNDLES.find((each) => files.exists(each));
    const text = path === undefined ? null : readNamedFile(path, files, findings);
    if (text !== null) texts.push(text);
  }
  return texts.length === 0 ? null : texts.join('\n');
}

function readAllAnchors(config: Config, files: Files, findings: Finding[]): AnchorRecord[] {
  const { server } = config;
  const records: AnchorRecord[] = [];
  const take = (read: AnchorText, file: string): void => {
    for (const error of read.errors) findings.push(errorAt(file, error.line, error.text));
    records.push(...read.records);
  };
  for (const line of server.trustAnchor) take(readAnchors(line), `trust-anchor "${line}"`);
  for (const path of [...server.trustAnchorFile, ...server.autoTrustAnchorFile].filter((each) => each !== '')) {
    const text = readNamedFile(absolutePath(config, path), files, findings);
    if (text !== null) take(readAnchors(text), path);
  }
  for (const path of server.trustedKeysFile.flatMap((pattern) => files.glob(absolutePath(config, pattern)))) {
    const text = readNamedFile(path, files, findings);
    if (text !== null) take(readBindAnchors(text), path);
  }
  if (records.length > 0 || hasConfiguredAnchors(config)) return records;
  return builtInAnchors(config, findings);
}

function hasConfiguredAnchors({ server }: Config): boolean {
  const { trustAnchor, trustAnchorFile, autoTrustAnchorFile, trustedKeysFile } = server;
  return [...trustAnchor, ...trustAnchorFile, ...autoTrustAnchorFile, ...trustedKeysFile].some((each) => each !== '');
}

/**
 * The root's own anchors, when none is configured: a resolver that is only started validates. Not where configuration
 * puts other servers in the root's place: their root may be a private one, and Unbound does not validate there either.
 */
function builtInAnchors(config: Config, findings: Finding[]): AnchorRecord[] {
  const isRootReplaced = [...config.stubZones, ...config.forwardZones].some((zone) => isRoot(zone.name));
  if (!isRootReplaced) return [...readAnchors(ROOT_ANCHORS_TEXT).records];
  const text = 'answers are not validated: "." is a stub-zone or forward-zone, and no trust-anchor-file is configured';
  findings.push({ file: '', line: 0, severity: 'warning', text });
  return [];
}

function readNamedFile(path: string, files: Files, findings: Finding[]): string | null {
  const text = files.readText(path);
  if (text.ok) return text.value;
  findings.push(errorAt(path, 0, `cannot read ${path}: ${text.error.text}`));
  return null;
}

function errorAt(file: string, line: number, text: string): Finding {
  return { file, line, severity: 'error', text };
}

/** Zone and key tags of all anchors, a line each, as trustanchor.unbound tells them: `. 20326 38696`. */
export function anchorTexts(anchors: readonly AnchorRecord[]): string[] {
  const tags = new Map<string, Set<number>>();
  for (const { zone, type, rdata } of anchors) {
    const name = formatName(zone);
    const known = tags.get(name) ?? new Set();
    tags.set(name, known.add(type === 'DS' ? readU16(rdata, 0) : keyTag(rdata)));
  }
  return [...tags].map(([zone, each]) => `${zone} ${[...each].join(' ')}`);
}
