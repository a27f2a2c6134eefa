/** `hawser resolvconf`: shows and, on request, writes the lines that make programs of this host ask Hawser. */

import { readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { DEFAULT_PATHS } from '../config/default-path.ts';
import { findingText } from '../doctor/examine.ts';
import { listenAddresses, type Patient } from '../doctor/patient.ts';
import { isLoopback, managerOf, RESOLV_CONF, rightText, STAY_TEXT } from '../doctor/resolv-conf.ts';
import { askAsLibrary, checkListedResolvers, checkResolvConf, isValidated } from '../doctor/resolv-conf-checks.ts';
import { textOr } from '../doctor/trust-checks.ts';
import type { Files } from '../ports/files.ts';
import { patientOfConfig } from './doctor-patient.ts';
import { programPorts, readUsualConfig } from './own-resolver.ts';
import { readWords, refuseWords, type Subcommand, USAGE_STATUS } from './subcommand.ts';

/** What was there before: the file, or the link itself. */
const BACKUP = `${RESOLV_CONF}.before-hawser`;
/** Where the new file is written until it takes its place. */
const NEW_FILE = `${RESOLV_CONF}.hawser-new`;
const DNS_PORT = 53;
const MODE = 0o644;

export const resolvconfCommand: Subcommand = {
  name: 'resolvconf',
  summary: 'check, install or undo the lines of /etc/resolv.conf that a mail host needs',
  usage: `Usage: hawser resolvconf check|install|undo [-C FILE] [--force]
  check     say whether ${RESOLV_CONF} is right, and whether each listed resolver validates; nothing is changed
  install   write 'nameserver 127.0.0.1' and 'options edns0 trust-ad'; what was there is kept as
            ${BACKUP}. Refused while no validating Hawser answers there, but for --force
  undo      put back what was there
  -C, --config FILE   the configuration, default ${DEFAULT_PATHS}
Exit status: 0 right or done, 1 wrong or not done, ${USAGE_STATUS} it could not be run.
`,
  run,
};

const OPTIONS = { config: { type: 'string', short: 'C' }, force: { type: 'boolean' } } as const;
const ACTIONS = ['check', 'install', 'undo'] as const;

interface Wanted {
  readonly action: (typeof ACTIONS)[number];
  readonly config: string | undefined;
  readonly force: boolean;
}

async function run(words: readonly string[]): Promise<number> {
  const wanted = wantedBy(words);
  if (typeof wanted === 'string') return refuseWords('resolvconf', wanted);
  const ports = await programPorts();
  if (wanted.action === 'undo') return undo(ports.files);
  const config = readUsualConfig(wanted.config, ports.files);
  if (!('server' in config)) return refuseWords('resolvconf', config.join('\n'));
  const patient = patientOfConfig(config, ports);
  return wanted.action === 'check' ? await check(patient) : await install(patient, wanted.force);
}

function wantedBy(words: readonly string[]): Wanted | string {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return read;
  const { values, positionals } = read;
  const action = ACTIONS.find((each) => each === positionals[0]);
  if (action === undefined || positionals.length > 1) return 'check, install or undo expected';
  return { action, config: values.config, force: values.force === true };
}

async function check(patient: Patient): Promise<number> {
  const file = { id: 'resolv-conf', title: RESOLV_CONF, ...checkResolvConf(patient) };
  const listed = { id: 'resolvers', title: 'listed resolvers', ...(await checkListedResolvers(patient)) };
  const findings = [file, listed];
  for (const finding of findings) process.stdout.write(findingText(finding, false));
  const right = rightText(textOr(patient.files, RESOLV_CONF), serverOf(patient));
  if (file.level !== 'ok') process.stdout.write(`The right lines, which 'hawser resolvconf install' writes:\n${right}`);
  return findings.every(({ level }) => level !== 'failure') ? 0 : 1;
}

/** Where Hawser listens for programs of this host: the C library knows port 53 only. */
function serverOf({ config }: Patient): string {
  return listenAddresses(config).find(({ ip, port }) => port === DNS_PORT && isLoopback(ip))?.ip ?? '127.0.0.1';
}

async function install(patient: Patient, isForced: boolean): Promise<number> {
  const { files, host } = patient;
  const server = serverOf(patient);
  if (!isForced && !isValidated(await askAsLibrary(patient, server))) {
    return refuse(`no validating resolver answers at ${server} port ${DNS_PORT}; start Hawser first, or use --force`);
  }
  const text = textOr(files, RESOLV_CONF);
  const link = host.linkTarget(RESOLV_CONF);
  const manager = managerOf({ text, link, exists: (path) => files.exists(path) });
  const right = rightText(text, server);
  if (text === right && link === null) {
    process.stdout.write(`${RESOLV_CONF} is right already\n`);
    return 0;
  }
  const kept = keep(files, text, link);
  if (kept !== null) return refuse(kept);
  const failed = putInPlace(files, right);
  if (failed !== null) return refuse(`cannot write ${RESOLV_CONF}: ${failed}`);
  process.stdout.write(`${RESOLV_CONF} is written; what was there is ${BACKUP}\n`);
  if (STAY_TEXT[manager] !== '') process.stdout.write(`${STAY_TEXT[manager]}\n`);
  return 0;
}

/** Takes the place of the link itself, where there is one: what it names belongs to who writes it anew. An error text, or null. */
function putInPlace(files: Files, text: string): string | null {
  const written = files.replaceAtomically(NEW_FILE, text, MODE);
  if (!written.ok) return written.error.text;
  const failed = attempt(() => renameSync(NEW_FILE, RESOLV_CONF));
  if (failed !== null) files.remove(NEW_FILE);
  return failed;
}

/** Keeps what is there, link or file; what was kept first stays, so that installing twice does not lose it. An error text, or null. */
function keep(files: Files, text: string, link: string | null): string | null {
  if (isThere(BACKUP, files) || (text === '' && link === null)) return null;
  if (link === null) {
    const kept = files.replaceAtomically(BACKUP, text, MODE);
    return kept.ok ? null : `cannot write ${BACKUP}: ${kept.error.text}`;
  }
  return attempt(() => symlinkSync(link, BACKUP));
}

function undo(files: Files): number {
  if (!isThere(BACKUP, files)) return refuse(`there is no ${BACKUP} to put back`);
  // A link is put back as a link. Over a mounted file (containers) only its content can be put back.
  const moved = attempt(() => renameSync(BACKUP, RESOLV_CONF));
  if (moved !== null) return refuse(moved);
  process.stdout.write(`${RESOLV_CONF} is what it was before\n`);
  return 0;
}

/** Also true for a link that leads nowhere now. */
function isThere(path: string, files: Files): boolean {
  return files.exists(path) || attempt(() => readlinkSync(path)) === null;
}

/** What the system says when a call cannot be done; null when it is done. */
function attempt(call: () => unknown): string | null {
  try {
    call();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function refuse(why: string): number {
  process.stderr.write(`hawser resolvconf: ${why}\n`);
  return 1;
}
