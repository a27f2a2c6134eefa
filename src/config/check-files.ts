/**
 * Whether the files, folders, interfaces and users that a configuration names are there.
 *
 * For the check program; the daemon finds out when it opens them, and goes on without some (pid file, log file).
 */

import type { Files } from '../ports/files.ts';
import { formatName } from '../wire/name-text.ts';
import type { Config } from './config.ts';
import type { Findings } from './finding.ts';

const NOWHERE = { file: '', line: 0 };

/** A path as the daemon sees it: relative ones from `directory`; those that leave `chroot` out are within it, as in Unbound. */
export function absolutePath(config: Config, path: string): string {
  const { directory } = config.server;
  const chroot = config.server.chroot.replace(/\/+$/, '');
  if (path === '') return path;
  const whole = path.startsWith('/') || directory === '' ? path : `${directory.replace(/\/$/, '')}/${path}`;
  return chroot === '' || whole === chroot || whole.startsWith(`${chroot}/`) ? whole : `${chroot}${whole}`;
}

/** The pid file, which is written outside of `chroot`. */
export function pidfilePath({ server, ...rest }: Config): string {
  return absolutePath({ ...rest, server: { ...server, chroot: '' } }, server.pidfile);
}

function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : path.slice(0, end) || '/';
}

/** Where Linux shows the interfaces of the machine, one folder each. */
const INTERFACES_FOLDER = '/sys/class/net';
/** Where the users of the machine are listed; the daemon looks here too. */
const USERS_FILE = '/etc/passwd';

/** Adds findings about files, folders, interfaces and users that are missing. */
export function checkFiles(config: Config, files: Files, findings: Findings): void {
  checkFolders(config, files, findings);
  checkNamedFiles(config, files, findings);
  checkCertificates(config, files, findings);
  checkZoneFiles(config, files, findings);
  for (const { kind, target } of config.server.interface) {
    if (kind !== 'interface' || !files.exists(INTERFACES_FOLDER) || files.exists(`${INTERFACES_FOLDER}/${target}`))
      continue;
    findings.error(NOWHERE, `cannot parse interface specified as '${target}': there is no such interface`);
  }
  const users = files.readText(USERS_FILE);
  const { username } = config.server;
  const isGiven = config.given.username !== undefined && username !== '';
  if (isGiven && users.ok && !users.value.split('\n').some((line) => line.startsWith(`${username}:`))) {
    findings.error(NOWHERE, `user '${username}' does not exist in ${USERS_FILE}.`);
  }
}

function checkFolders(config: Config, files: Files, findings: Findings): void {
  const { server } = config;
  if (server.chroot !== '' && !files.exists(server.chroot)) findings.error(NOWHERE, 'bad chroot directory');
  if (server.directory !== '' && !files.exists(server.directory)) findings.error(NOWHERE, 'bad chdir directory');
  for (const [what, path] of [
    ['pidfile', pidfilePath(config)],
    ['logfile', absolutePath(config, server.logfile)],
    ['cache-file', absolutePath(config, server.cacheFile)],
  ] as const) {
    const folder = folderOf(path);
    if (path !== '' && files.exists(`${path}/.`)) findings.error(NOWHERE, `${what}: ${path} is a folder`);
    else if (path !== '' && !files.exists(folder))
      findings.error(NOWHERE, `${what} directory does not exist: ${folder}`);
  }
}

function checkNamedFiles(config: Config, files: Files, findings: Findings): void {
  const { server } = config;
  for (const [what, paths] of [
    ['file with root-hints', server.rootHints],
    ['trust-anchor-file', server.trustAnchorFile],
    ['auto-trust-anchor-file', server.autoTrustAnchorFile],
    ['trusted-keys-file', server.trustedKeysFile],
  ] as const) {
    for (const path of paths) {
      const isGlob = what === 'trusted-keys-file' && /[*?[{]/.test(path);
      const isMissing = path !== '' && !isGlob && !files.exists(absolutePath(config, path));
      if (isMissing) findings.error(NOWHERE, `${what}: "${path}" does not exist`);
    }
  }
}

/**
 * Zones that come from nowhere but a file that is not there. Without a copy of a zone its servers are asked or it fails, which
 * is reported; a policy zone without rules would let through what it is to keep out.
 */
function checkZoneFiles(config: Config, files: Files, findings: Findings): void {
  const isMissing = ({ zonefile, primary, url }: Config['authZones'][0] | Config['rpzs'][0]): boolean =>
    zonefile !== '' && primary.length + url.length === 0 && !files.exists(absolutePath(config, zonefile));
  for (const zone of config.authZones.filter(isMissing)) {
    findings.warning(NOWHERE, `cannot open zonefile ${zone.zonefile} for ${formatName(zone.name)}`);
  }
  for (const zone of config.rpzs.filter(isMissing)) {
    findings.error(NOWHERE, `cannot open zonefile ${zone.zonefile} for rpz ${formatName(zone.name)}`);
  }
  for (const { zonefile, name } of [...config.authZones, ...config.rpzs]) {
    // A folder has itself in it. Nothing could be read from there, nor a transferred zone be written.
    if (zonefile === '' || !files.exists(`${absolutePath(config, zonefile)}/.`)) continue;
    findings.error(NOWHERE, `zonefile ${zonefile} for ${formatName(name)} is a folder`);
  }
}

/** The certificates of the control channel, when it uses them: a unix socket does not. */
function checkCertificates(config: Config, files: Files, findings: Findings): void {
  const { controlEnable, controlUseCert, controlInterface, ...control } = config.remoteControl;
  if (!controlEnable || !controlUseCert || controlInterface.some(({ kind }) => kind === 'path')) return;
  for (const [what, path] of [
    ['server-key-file', control.serverKeyFile],
    ['server-cert-file', control.serverCertFile],
    ['control-key-file', control.controlKeyFile],
    ['control-cert-file', control.controlCertFile],
  ] as const) {
    if (!files.exists(absolutePath(config, path))) findings.error(NOWHERE, `${what}: "${path}" does not exist`);
  }
}
