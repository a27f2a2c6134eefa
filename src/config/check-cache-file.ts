/** That nothing is written over by the cache file, or over it: its path, and that of its key, are nobody else's. */

import { absolutePath, pidfilePath } from './check-files.ts';
import type { Config } from './config.ts';
import type { Findings } from './finding.ts';
import type { Lines } from './lines.ts';

/** Adds findings about `cache-file`. */
export function checkCacheFile(config: Config, lines: Lines, findings: Findings): void {
  const { server } = config;
  const path = absolutePath(config, server.cacheFile);
  if (path === '') return;
  const at = lines.last('cache-file');
  if (path.endsWith('/')) findings.error(at, `cache-file: "${path}" is a folder`);
  const others = {
    logfile: [server.logfile],
    'cookie-secret-file': [server.cookieSecretFile],
    'root-hints': server.rootHints,
    'trust-anchor-file': server.trustAnchorFile,
    'auto-trust-anchor-file': server.autoTrustAnchorFile,
    zonefile: [...config.authZones, ...config.rpzs].map(({ zonefile }) => zonefile),
    'tls-service-key': [server.tlsServiceKey],
    'tls-service-pem': [server.tlsServicePem],
    'server-key-file': [config.remoteControl.serverKeyFile],
  };
  for (const [what, paths] of Object.entries(others)) {
    const isSame = paths.some((other) => isOurs(absolutePath(config, other)));
    if (isSame) findings.error(at, `cache-file: "${path}" is the file of ${what}, or has its key there`);
  }
  if (isOurs(pidfilePath(config))) findings.error(at, `cache-file: "${path}" is the pidfile, or has its key there`);

  function isOurs(other: string): boolean {
    return other === path || other === `${path}.key`;
  }
}
