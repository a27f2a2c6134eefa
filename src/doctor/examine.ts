/** All checks in their order, and the report in text and as JSON. */

import {
  checkInterception,
  checkIp4,
  checkIp6,
  checkSignatures,
  checkSizes,
  checkTcp,
  checkUdp,
} from './network-checks.ts';
import type { Level, Outcome } from './outcome.ts';
import type { Patient } from './patient.ts';
import { checkAdThroughLibrary, checkCopies, checkListedResolvers, checkResolvConf } from './resolv-conf-checks.ts';
import { checkLimits, checkListener, checkPostfix } from './service-checks.ts';
import { type Survey, takeSurvey } from './survey.ts';
import { checkAnchorFile, checkClock, checkRoot } from './trust-checks.ts';

interface Check {
  /** For scripts; stays as it is. */
  readonly id: string;
  readonly title: string;
  readonly run: (patient: Patient, survey: Survey) => Outcome | Promise<Outcome>;
}

const CHECKS: readonly Check[] = [
  { id: 'udp', title: 'UDP port 53', run: (patient, survey) => checkUdp(survey, patient) },
  { id: 'tcp', title: 'TCP port 53', run: (patient, survey) => checkTcp(survey, patient) },
  { id: 'ip4', title: 'IPv4', run: (patient, survey) => checkIp4(survey, patient) },
  { id: 'ip6', title: 'IPv6', run: (patient, survey) => checkIp6(survey, patient) },
  { id: 'size', title: 'size of answers', run: (patient, survey) => checkSizes(survey, patient) },
  { id: 'interception', title: 'interception', run: (patient, survey) => checkInterception(survey, patient) },
  { id: 'signatures', title: 'signatures', run: (patient, survey) => checkSignatures(survey, patient) },
  { id: 'clock', title: 'clock', run: (patient, survey) => checkClock(survey, patient) },
  { id: 'anchor', title: 'trust anchor file', run: checkAnchorFile },
  { id: 'root', title: 'validation of the root', run: checkRoot },
  { id: 'listener', title: 'service', run: checkListener },
  { id: 'resolv-conf', title: 'resolv.conf', run: checkResolvConf },
  { id: 'resolvers', title: 'listed resolvers', run: checkListedResolvers },
  { id: 'ad', title: 'AD bit through libc', run: checkAdThroughLibrary },
  { id: 'copies', title: 'copies of resolv.conf', run: checkCopies },
  { id: 'postfix', title: 'Postfix', run: checkPostfix },
  { id: 'limits', title: 'files and memory', run: checkLimits },
];

/** How many checks there are, for progress. */
export const CHECK_COUNT = CHECKS.length;

export interface Finding extends Outcome {
  readonly id: string;
  readonly title: string;
}

/** Runs all checks, one after the other once the servers were asked; `onFinding` is called with each as it is done. */
export async function examine(patient: Patient, onFinding: (finding: Finding) => void): Promise<readonly Finding[]> {
  const survey = await takeSurvey(patient);
  const findings: Finding[] = [];
  for (const { id, title, run } of CHECKS) {
    const finding = { id, title, ...(await run(patient, survey)) };
    findings.push(finding);
    onFinding(finding);
  }
  return findings;
}

/** Exit status: 0 all is well or there are only warnings, 1 with a failure. */
export function exitStatusOf(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ level }) => level === 'failure') ? 1 : 0;
}

const COLOURS: Readonly<Record<Level, string>> = { ok: '\x1b[32m', warning: '\x1b[33m', failure: '\x1b[31m' };
const PLAIN = '\x1b[0m';
const WORDS: Readonly<Record<Level, string>> = { ok: 'ok', warning: 'WARNING', failure: 'FAILURE' };

/** One finding as lines: level, what was checked, the cause; then the remedy. */
export function findingText({ level, title, cause, remedy }: Finding, hasColour: boolean): string {
  const word = WORDS[level].padEnd(8);
  const head = `${hasColour ? `${COLOURS[level]}${word}${PLAIN}` : word}${title}: ${cause}.`;
  return remedy === null ? `${head}\n` : `${head}\n        -> ${remedy}\n`;
}

/** The last line. */
export function summaryText(findings: readonly Finding[]): string {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  return `${count('ok')} ok, ${count('warning')} warnings, ${count('failure')} failures\n`;
}

/** For programs: one object on one line. `configuration`: path of the file that was read; null inside the daemon. */
export function findingsJson(findings: readonly Finding[], configuration: string | null = null): string {
  const checks = findings.map(({ id, level, cause, remedy }) => ({ id, level, cause, remedy }));
  const status = exitStatusOf(findings) === 0 ? 'ok' : 'failure';
  return `${JSON.stringify({ status, ...(configuration === null ? {} : { configuration }), checks })}\n`;
}

/** The report of the daemon for the control channel: `error` first when a check fails, which gives the client its exit status. */
export function controlReport(findings: readonly Finding[], isJson: boolean): string {
  if (isJson) return findingsJson(findings);
  const head = exitStatusOf(findings) === 0 ? '' : 'error the host has faults:\n';
  return `${head}${findings.map((finding) => findingText(finding, false)).join('')}${summaryText(findings)}`;
}
