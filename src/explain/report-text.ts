/** A report as a tree for people, with colour where that is wanted. */

import { agoText } from './remedy.ts';
import type { KeyLine, Report, SetLine, SignatureLine, ZoneLine } from './report.ts';

/** Escape sequences of a terminal. */
const COLOURS = { red: '31', green: '32', yellow: '33', bold: '1' } as const;

interface TextOptions {
  readonly hasColour: boolean;
}

type Paint = (text: string, colour: keyof typeof COLOURS) => string;

export function reportText(report: Report, { hasColour }: TextOptions): string {
  const paint: Paint = (text, colour) => (hasColour ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text);
  const lines = [
    paint(report.question, 'bold'),
    ...endingLines(report, paint),
    '',
    report.zones.length === 0 ? 'No zone of the chain is known.' : 'Chain of trust, from the anchor down:',
    ...report.zones.flatMap((zone) => zoneLines(zone, report.at, paint)),
    ...sets('Answer', report.answer, report.at, paint),
    ...sets('Proof and SOA', report.proof, report.at, paint),
    ...serverLines(report),
    ...expiryLines(report, paint),
  ];
  return `${lines.join('\n')}\n`;
}

function endingLines({ rcode, status, seconds, reason, ede, remedy, isCached }: Report, paint: Paint): string[] {
  const source = isCached ? 'out of the cache' : `${seconds.toFixed(3)} s`;
  const head = `${rcode} ${painted(status, paint)}, ${source}: ${reason}`;
  const codes = ede.map(({ code, name }) => `extended error ${code} (${name})`);
  const advice = remedy === null ? [] : [`Who must act: ${remedy.who}.`, `What to do:   ${remedy.text}`];
  return [head, ...codes, ...advice];
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

function expiryLines({ expiring, at }: Report, paint: Paint): string[] {
  if (expiring.length === 0) return [];
  const lines = expiring.map(
    ({ record, keyTag, expiration }) =>
      `  ${record}, key ${keyTag}: ${agoText(expiration - at)} left (${dateText(expiration)})`,
  );
  return ['', paint('Signatures that run out soon (does the signer renew?):', 'yellow'), ...lines];
}

function dateText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000', '');
}
