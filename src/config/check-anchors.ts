/** Trust anchors that are both fixed and kept up to date: which of the two counted would be chance, so neither may be. */

import type { Files } from '../ports/files.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { parseRecord } from '../wire/record-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { readZoneText } from '../wire/zone-text.ts';
import { absolutePath } from './check-files.ts';
import type { Config } from './config.ts';
import type { Findings } from './finding.ts';
import { Lines } from './lines.ts';
import type { Clause } from './parser.ts';

/** TTL for records that are written without one; its value is of no account here. */
const ANY_TTL_SECONDS = 3600;

/** Adds findings; files that cannot be read are reported where they are needed. */
export function checkAnchorFiles(clauses: readonly Clause[], config: Config, files: Files, findings: Findings): void {
  const lines = new Lines(clauses.filter(({ name }) => name === 'server'));
  const fixed = new Set<string>();
  for (const line of config.server.trustAnchor) {
    const record = parseRecord(line, { ttl: ANY_TTL_SECONDS });
    if (!('error' in record)) fixed.add(nameKey(record.owner));
  }
  const ownersIn = (path: string): Name[] => anchorOwners(absolutePath(config, path), files);
  for (const owner of config.server.trustAnchorFile.flatMap(ownersIn)) fixed.add(nameKey(owner));
  if (fixed.size === 0) return;
  for (const entry of lines.of('auto-trust-anchor-file')) {
    const twice = ownersIn(entry.values[0] ?? '').find((owner) => fixed.has(nameKey(owner)));
    if (twice === undefined) continue;
    findings.error(entry, `trust anchor ${formatName(twice)} cannot be both fixed and in an auto-trust-anchor-file`);
  }
}

function anchorOwners(path: string, files: Files): Name[] {
  const text = path === '' ? null : files.readText(path);
  if (text?.ok !== true) return [];
  const { records } = readZoneText(text.value, { defaultTtl: ANY_TTL_SECONDS });
  return records.filter(({ type }) => type === TYPE.DS || type === TYPE.DNSKEY).map(({ owner }) => owner);
}
