/**
 * Whether the files and folders that a configuration names are there.
 *
 * For the check program; the daemon finds out when it opens them, and goes on without some (pid file, log file).
 */

import type { Files } from '../ports/files.ts';
import type { Config } from './config.ts';
import type { Findings } from './finding.ts';

const NOWHERE = { file: '', line: 0 };

/** A path as the daemon sees it: relative ones from `directory`. */
export function absolutePath(config: Config, path: string): string {
  const { directory } = config.server;
  return path === '' || path.startsWith('/') || directory === '' ? path : `${directory.replace(/\/$/, '')}/${path}`;
}

function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : path.slice(0, end) || '/';
}

/** Adds an error for each file or folder that is missing. */
export function checkFiles(config: Config, files: Files, findings: Findings): void {
  const { server, remoteControl } = config;
  const isThere = (path: string): boolean => files.exists(absolutePath(config, path));
  if (server.directory !== '' && !files.exists(server.directory)) findings.error(NOWHERE, 'bad chdir directory');
  for (const [what, path] of [
    ['pidfile', server.pidfile],
    ['logfile', server.logfile],
  ] as const) {
    const folder = folderOf(absolutePath(config, path));
    if (path !== '' && !files.exists(folder)) findings.error(NOWHERE, `${what} directory does not exist: ${folder}`);
  }
  for (const [what, paths] of [
    ['file with root-hints', server.rootHints],
    ['trust-anchor-file', server.trustAnchorFile],
    ['auto-trust-anchor-file', server.autoTrustAnchorFile],
    ['trusted-keys-file', server.trustedKeysFile],
  ] as const) {
    for (const path of paths) {
      const isGlob = what === 'trusted-keys-file' && /[*?[{]/.test(path);
      if (path !== '' && !isGlob && !isThere(path)) findings.error(NOWHERE, `${what}: "${path}" does not exist`);
    }
  }
  const usesCertificates =
    remoteControl.controlEnable &&
    remoteControl.controlUseCert &&
    !remoteControl.controlInterface.some((place) => place.kind === 'path');
  if (!usesCertificates) return;
  for (const [what, path] of [
    ['server-key-file', remoteControl.serverKeyFile],
    ['server-cert-file', remoteControl.serverCertFile],
    ['control-key-file', remoteControl.controlKeyFile],
    ['control-cert-file', remoteControl.controlCertFile],
  ] as const) {
    if (!isThere(path)) findings.error(NOWHERE, `${what}: "${path}" does not exist`);
  }
}
