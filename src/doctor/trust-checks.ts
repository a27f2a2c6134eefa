/** Checks of what validation rests on: the clock, the anchor file, the root's keys. */

import type { Files } from '../ports/files.ts';
import type { UserIds } from '../ports/host.ts';
import { failureText } from '../terms/failure-text.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { spanText } from './days.ts';
import { failure, type Outcome, ok, warning } from './outcome.ts';
import type { Patient } from './patient.ts';
import { repliesOf, type Survey } from './survey.ts';

/** No clock that is right shows less: this program was written after it (2026-11-01). */
const WRITTEN_AFTER = 1_793_491_200;
/** Days without a proven probe after which the anchor file counts as old: RFC 5011 asks at least every 15 days (§2.3). */
const OLD_DAYS = 30;
const DAY = 86_400;
const GROUP_WRITES = 0o020;
const OWNER_WRITES = 0o200;
const OTHERS_WRITE = 0o002;

const SET_CLOCK = 'Set the clock and keep it right with chrony or systemd-timesyncd.';

/** The wall clock against the times of the root's own signatures (RFC 4034 §3.1.5). */
export function checkClock({ signed, signedTcp }: Survey, { clock, config }: Patient): Outcome {
  const time = config.server.valOverrideDate;
  if (time.kind !== 'clock') {
    return warning(
      'val-override-date is set: signatures are not checked by the clock, so old answers can be played back',
      "Remove 'val-override-date' once the clock is right.",
    );
  }
  const now = clock.unixSeconds();
  const windows = [...repliesOf(signed), ...repliesOf(signedTcp)].flatMap(({ message }) => {
    const found: { readonly from: number; readonly until: number }[] = [];
    for (let i = message.answer.start; i < message.answer.end; i++) {
      const rrsig = message.type(i) === TYPE.RRSIG ? readRrsig(message.rdata(i)) : null;
      if (rrsig !== null) found.push({ from: rrsig.inception, until: rrsig.expiration });
    }
    return found;
  });
  if (windows.some(({ from, until }) => from <= now && now <= until))
    return ok("the clock lies within the times of the root's signatures");
  const [first] = windows;
  if (first !== undefined && now < first.from) {
    return failure(
      `the clock is at least ${spanText(first.from - now)} slow: the root's signatures are not yet valid by it`,
      SET_CLOCK,
    );
  }
  if (first !== undefined) {
    return failure(
      `the clock is at least ${spanText(now - first.until)} fast: the root's signatures have expired by it`,
      SET_CLOCK,
    );
  }
  if (now < WRITTEN_AFTER) return failure('the clock shows a date before this program was written', SET_CLOCK);
  return warning(
    'the clock could not be compared: no signature of the root came',
    'See the checks of UDP and TCP first.',
  );
}

/** Each file of `auto-trust-anchor-file`: there, readable, of today, and the daemon may replace it. */
export function checkAnchorFile(patient: Patient): Outcome {
  const { config, pathOf } = patient;
  const { autoTrustAnchorFile, trustAnchorFile, trustAnchor } = config.server;
  const paths = autoTrustAnchorFile.filter((path) => path !== '').map(pathOf);
  if (paths.length === 0 && trustAnchorFile.length + trustAnchor.length > 0) {
    return warning(
      'the trust anchors are fixed: after the next roll of the root key nothing can be validated',
      "Use 'auto-trust-anchor-file' in place of 'trust-anchor-file' or 'trust-anchor'.",
    );
  }
  if (paths.length === 0) return ok('the built-in trust anchors are used');
  for (const path of paths) {
    const outcome = checkOneAnchorFile(path, patient);
    if (outcome.level !== 'ok') return outcome;
  }
  return ok(`${paths.join(', ')} can be read and replaced`);
}

function checkOneAnchorFile(path: string, patient: Patient): Outcome {
  const { files, host, config, clock } = patient;
  const text = files.readText(path);
  if (!text.ok)
    return failure(`the anchor file ${path} cannot be read: ${text.error.text}`, `Run 'hawser-anchor -a ${path}'.`);
  if (!/^[^;\n]*\s(?:DS|DNSKEY)\s/m.test(text.value)) {
    return failure(`the anchor file ${path} holds no key`, `Run 'hawser-anchor -a ${path}'.`);
  }
  const user = config.server.username === '' ? null : host.userNamed(config.server.username);
  const folder = path.replace(/\/[^/]*$/, '') || '/';
  // The file is replaced, not written in place: it is the folder that counts.
  if (!mayWrite(patient, folder, user)) {
    const who = user === null ? 'this user' : `the user '${config.server.username}'`;
    return failure(
      `${who} may not write in ${folder}, so that a new key of the root cannot be kept in ${path}`,
      user === null
        ? `Make ${folder} writable.`
        : `Run 'chown ${config.server.username} ${folder} ${path}', or mount it writable.`,
    );
  }
  const proven = Number(/^;;last_success: (\d+)/m.exec(text.value)?.[1] ?? 0);
  const age = clock.unixSeconds() - proven;
  if (proven > 0 && age > OLD_DAYS * DAY) {
    return warning(
      `the anchors of ${path} were last proven ${spanText(age)} ago`,
      `Run 'hawser-anchor -v -a ${path}' and see what it says.`,
    );
  }
  return ok(`${path} can be read and replaced`);
}

function mayWrite({ host }: Pick<Patient, 'host'>, folder: string, user: UserIds | null): boolean {
  const facts = host.fileFacts(folder);
  if (facts === null || !facts.isWritable) return false;
  if (user === null || user.uid === 0) return true;
  if (facts.uid === user.uid) return (facts.mode & OWNER_WRITES) !== 0;
  return (facts.mode & (user.gids.includes(facts.gid) ? GROUP_WRITES : OTHERS_WRITE)) !== 0;
}

/** Priming and the root's keys, as the resolver itself sees them. */
export async function checkRoot({ resolveRootKeys }: Patient): Promise<Outcome> {
  const resolution = await resolveRootKeys();
  if (typeof resolution === 'string') {
    return failure(`the resolver cannot start: ${resolution}`, "Run 'hawser-checkconf' and mend what it says.");
  }
  if (resolution.kind === 'failed') {
    return failure(
      `the root's keys could not be had: ${failureText(resolution.why)}`,
      'See the checks of UDP and TCP first.',
    );
  }
  const { verdict } = resolution;
  if (verdict?.status === 'secure')
    return ok("the root's servers were found, and its keys are proven by the trust anchor");
  if (verdict === null || verdict.status === 'insecure' || verdict.status === 'indeterminate') {
    const remedy =
      "Have 'module-config: \"validator iterator\"' and a trust anchor for the root, and no 'domain-insecure: .'.";
    return failure('the root is not validated, so that no answer gets the AD bit', remedy);
  }
  return failure(
    `the root's keys are not proven: ${verdictText(verdict)}`,
    "Set the clock when it is wrong; else run 'hawser-anchor -v' and see what it says.",
  );
}

/** Text of a file, or '' when there is none. */
export function textOr(files: Pick<Files, 'readText'>, path: string): string {
  const read = files.readText(path);
  return read.ok ? read.value : '';
}
