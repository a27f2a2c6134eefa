/** What the daemon would say of the files that a configuration names, without starting one: for the check program. */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { Files } from '../ports/files.ts';
import type { TlsKeyCheck } from '../ports/network.ts';
import { formatName } from '../wire/name-text.ts';
import { readZoneFile } from '../zones/zone-file.ts';
import { controlSetup } from './control-view.ts';
import { readCookieSecrets } from './cookie-secrets.ts';
import { readInputs } from './inputs.ts';
import { readTrackedFiles } from './join-anchors.ts';
import { readDnstap } from './join-dnstap.ts';
import { readServiceTls } from './service-tls.ts';

/** Faults in root hints, trust anchors, authorities, secrets of cookies, keys of the control channel and of TLS towards clients, and zone files. */
export function inspectFiles(config: Config, files: Files, check: TlsKeyCheck): readonly Finding[] {
  const findings: Finding[] = [...readInputs(config, files).findings];
  readTrackedFiles(config, files, findings);
  readCookieSecrets(config, files, findings);
  const control = controlSetup(config, files, check);
  if (!control.ok) findings.push(...control.findings);
  readDnstap(config, 'localhost', files, findings);
  readServiceTls(config, { files, check, inForce: null }, findings);
  for (const { name, zonefile, primary, url } of [...config.authZones, ...config.rpzs]) {
    const path = absolutePath(config, zonefile);
    const text = zonefile === '' ? null : files.readText(path);
    if (text?.ok !== true) continue;
    const read = readZoneFile(text.value, name, (included) => includedText(included, config, files));
    // A zone that can be had elsewhere is: its file is then written anew.
    const severity = primary.length + url.length === 0 ? 'error' : 'warning';
    for (const { file, line, text: wrong } of read.problems) {
      findings.push({ file: file ?? path, line, severity, text: `auth-zone ${formatName(name)} zonefile: ${wrong}` });
    }
  }
  return findings;
}

function includedText(path: string, config: Config, files: Files): string | null {
  const text = files.readText(absolutePath(config, path));
  return text.ok ? text.value : null;
}
