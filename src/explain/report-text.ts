/** A report as a tree for people, with colour where that is wanted. */

import { agoText, dateText } from './date-text.ts';
import { whyText } from './ending.ts';
import type {
  HeldLine,
  KeyLine,
  ProofLine,
  ProofRecord,
  ProofStep,
  Report,
  SetLine,
  SignatureLine,
  ZoneLine,
} from './report.ts';

/** Escape sequences of a terminal. */
const COLOURS = { red: '31', green: '32', yellow: '33', bold: '1' } as const;

interface TextOptions {
  readonly hasColour: boolean;
}

type Paint = (text: string, colour: keyof typeof COLOURS) => string;

export function reportText(report: Report, { hasColour }: TextOptions): string {
  const paint: Paint = (text, colour) => (hasColour ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text);
  const at = report.judgedAt?.unixSeconds ?? report.at;
  const lines = [
    paint(report.question, 'bold'),
    ...endingLines(report, paint),
    ...heldLines(report),
    '',
    report.zones.length === 0 ? 'No zone of the chain is known.' : 'Chain of trust, from the anchor down:',
    ...report.zones.flatMap((zone) => zoneLines(zone, at, paint)),
    ...sets('Answer', report.answer, at, paint),
    ...proofLines(report, paint),
    ...sets('Records of the proof, and SOA', report.proof, at, paint),
    ...serverLines(report),
    ...expiryLines(report, paint),
  ];
  return `${lines.join('\n')}\n`;
}

function endingLines(report: Report, paint: Paint): string[] {
  const { rcode, status, seconds, reason, ede, remedy, isCached, judgedAt } = report;
  const source = isCached ? 'out of the cache' : `${seconds.toFixed(3)} s`;
  const head = `${rcode} ${painted(status, paint)}, ${source}${whyText(status, reason)}`;
  const codes = ede.map(({ code, name }) => `extended error ${code} (${name})`);
  const advice = remedy === null ? [] : [`Who must act: ${remedy.who}.`, `What to do:   ${remedy.text}`];
  return [head, ...judgedLines(judgedAt), ...codes, ...advice];
}

function judgedLines(judgedAt: Report['judgedAt']): string[] {
  if (judgedAt === null) return [];
  const by = judgedAt.by === 'asked' ? 'asked for' : 'val-override-date';
  return judgedAt.unixSeconds === null
    ? [`Times of signatures are not looked at (${by}).`]
    : [`Signatures are judged as of ${dateText(judgedAt.unixSeconds)} (${by}), not by the clock.`];
}

/** What the caches hold: since when, until when, why. */
function heldLines({ held, at }: Report): string[] {
  if (held.length === 0) return [];
  const lines = held.flatMap(({ what, since, until, why }) => {
    const from = `since ${dateText(since)} (${agoText(at - since)} ago)`;
    return [`  ${what}`, `    ${from}, ${untilText(until, at)}`, `    ${why}`];
  });
  return ['', 'Held now:', ...lines];
}

function untilText(until: HeldLine['until'], at: number): string {
  if (until === null) return 'for as long as this configuration is in force';
  const left = until > at ? `${agoText(until - at)} left` : `over since ${agoText(at - until)}`;
  return `until ${dateText(until)} (${left})`;
}

/** What is proven not to be there, each piece with the record that says it. */
function proofLines({ denials }: Report, paint: Paint): string[] {
  return denials.length === 0 ? [] : ['', 'What the proof says:', ...denials.flatMap((one) => proofText(one, paint))];
}

function proofText({ says, isComplete, steps }: ProofLine, paint: Paint): string[] {
  const pieces = steps.map((step) => {
    const by = step.record === null ? paint('missing', 'red') : recordText(step.record);
    return `    ${ROLE_TEXT[step.role]}: ${step.text}\n      ${by}`;
  });
  return [`  ${paint(says, isComplete ? 'green' : 'red')}`, ...pieces];
}

const ROLE_TEXT: Readonly<Record<ProofStep['role'], string>> = {
  name: 'the name',
  'closest-encloser': 'closest encloser',
  'next-closer': 'next closer name',
  wildcard: 'wildcard',
};

function recordText({ owner, type, next, types, isOptOut, hashing }: ProofRecord): string {
  const salt = hashing?.salt === '' ? 'no salt' : `salt ${hashing?.salt}`;
  const how = hashing === null ? '' : `, ${hashing.iterations} extra iterations, ${salt}`;
  const flag = isOptOut ? ', opt-out' : '';
  return `by ${owner} ${type}, next ${next}, types ${types.length === 0 ? 'none' : types.join(' ')}${how}${flag}`;
}

function painted(status: string, paint: Paint): string {
  if (status === 'secure' || status === 'good') return paint(status, 'green');
  return status === 'insecure' || status === 'not checked' ? paint(status, 'yellow') : paint(status, 'red');
}

function zoneLines(zone: ZoneLine, at: number, paint: Paint): string[] {
  const depth = zone.zone === '.' ? 0 : zone.zone.split('.').length - 1;
  const pad = '  '.repeat(depth);
  const why = zone.why === null ? '' : `: ${zone.why}`;
  const anchor = zone.anchor === null ? '' : ` (trust anchor ${zone.anchor.join(', ')})`;
  const ds = zone.ds.map(
    (one) => `DS     names key ${one.keyTag}, algorithm ${one.algorithm}, digest ${one.digestType}`,
  );
  const inner = [
    ...ds,
    ...(zone.dsSet?.signatures ?? []).map((one) => `       ${signatureText(one, at, paint)}`),
    ...(zone.noDsProof === null ? [] : proofText(zone.noDsProof, paint).map((line) => `no DS${line}`)),
    ...zone.noDs.flatMap((set) => setLines(set, at, paint)).map((line) => `no DS  ${line}`),
    ...zone.keys.map(keyText),
    ...(zone.keySet?.signatures ?? []).map((one) => `       ${signatureText(one, at, paint)}`),
  ];
  return [
    `${pad}${paint(zone.zone, 'bold')} ${painted(zone.status, paint)}${why}${anchor}`,
    ...inner.map((line) => `${pad}    ${line}`),
  ];
}

function keyText(key: KeyLine): string {
  const marks = [
    key.isEntry ? 'signs keys' : 'signs data',
    ...(key.isTrusted ? ['trusted from above'] : []),
    ...(key.isRevoked ? ['REVOKED'] : []),
  ];
  return `DNSKEY ${key.keyTag} ${key.algorithmName} ${key.bits} bits, flags ${key.flags}: ${marks.join(', ')}`;
}

function signatureText(
  { keyTag, signer, inception, expiration, state }: SignatureLine,
  at: number,
  paint: Paint,
): string {
  const left = expiration > at ? `${agoText(expiration - at)} left` : `over since ${agoText(at - expiration)}`;
  return `signed by ${keyTag} of ${signer}: ${painted(state, paint)}, ${dateText(inception)} to ${dateText(expiration)}, ${left}`;
}

function sets(title: string, lines: readonly SetLine[], at: number, paint: Paint): string[] {
  return lines.length === 0
    ? []
    : ['', `${title}:`, ...lines.flatMap((set) => setLines(set, at, paint)).map((line) => `  ${line}`)];
}

function setLines(set: SetLine, at: number, paint: Paint): string[] {
  const from = set.server === null ? '' : `, from ${set.server}`;
  const { owner, ttl, type } = set;
  return [
    ...set.records.map((record) => `${owner}\t${ttl}\tIN\t${type}\t${record}`),
    `  ${painted(set.status, paint)}${from}${set.proves === '' ? '' : `; says: ${set.proves}`}`,
    ...set.signatures.map((one) => `  ${signatureText(one, at, paint)}`),
  ];
}

function serverLines({ servers }: Report): string[] {
  if (servers.length === 0) return [];
  const lines = servers.map(({ server, zone, question, transport, said, rttMs }) => {
    const time = rttMs === null ? '' : ` after ${rttMs.toFixed(1)} ms`;
    return `  ${server} (${zone}) asked for ${question} over ${transport}: ${said}${time}`;
  });
  return ['', 'What each server said:', ...lines];
}

function expiryLines({ expiring, at: now, judgedAt }: Report, paint: Paint): string[] {
  const at = judgedAt?.unixSeconds ?? now;
  if (expiring.length === 0) return [];
  const lines = expiring.map(
    ({ record, keyTag, expiration }) =>
      `  ${record}, key ${keyTag}: ${agoText(expiration - at)} left (${dateText(expiration)})`,
  );
  return ['', paint('Signatures that run out soon (does the signer renew?):', 'yellow'), ...lines];
}
