/** `hawser dane rollover`: words, files and output; the decisions are in src/dane/rollover.ts. */

import { hostname } from 'node:os';
import { createNodeCertificates } from '../adapters/node-certificates.ts';
import { createNodeTlsProbe } from '../adapters/node-tls-probe.ts';
import { askServer } from '../dane/ask-server.ts';
import { type AuthoritiesSay, askAuthorities, tlsaKey } from '../dane/authorities.ts';
import { matchLiveKey } from '../dane/live-key.ts';
import { recordsText, serviceOwner } from '../dane/make-record.ts';
import { makeTlsas } from '../dane/make-tlsa.ts';
import {
  type RolloverState,
  type RolloverStep,
  readRolloverState,
  rolloverStatus,
  rolloverTurn,
  stepText,
} from '../dane/rollover.ts';
import { readServiceName, starttlsFor } from '../dane/service-name.ts';
import { tlsaRdata } from '../dane/tlsa-record.ts';
import type { Ports } from '../ports/ports.ts';
import { DNS_PORT } from '../wire/address-text.ts';
import { fromHex } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import {
  familyOf,
  LOOK_UP_HELP,
  LOOK_UP_OPTIONS,
  type LookUpValues,
  openChosenSource,
  SOURCE_HELP,
} from './look-up-source.ts';
import { programPorts } from './own-resolver.ts';
import { readWords, refuseWords, USAGE_STATUS, type WordValues } from './subcommand.ts';

/** Milliseconds for each connection to the host. */
const LIVE_MS = 20_000;
/** TTL of the records that a plan suggests: short enough to change keys within the hour. */
const SUGGESTED_TTL = 3600;
const STATE_MODE = 0o644;

export const DANE_ROLLOVER_USAGE = `Usage: hawser dane rollover plan HOST[:PORT] --current FILE --next FILE --state FILE [OPTION ...]
       hawser dane rollover status|next --state FILE [--use FILE] [OPTION ...]
Leads from one key to the next without losing mail (RFC 7671 §8). Files are certificates or keys (3 1 1), or texts '2 1 1 HEX'.
plan writes the state file and says what to publish. status shows what each server of the zone says; next says only the next
step. Both look at all servers of the zone, at the validated set and at the certificates in use, and keep in the state file
since when all was well. While any server is silent or shows the old set, nothing is called safe.
${SOURCE_HELP}

  --state FILE            the state of this roll-over
  --use FILE              a certificate that somebody is about to install: 0 only if that is safe now
  --no-connect            do not look at the host's certificates
${LOOK_UP_HELP}  --authority-port N      port of the zone's servers, default ${DNS_PORT}
  --json
Exit status: 0 the next key may be used (or is); with --use, this certificate may; 1 not yet; 3 it cannot be told.

Examples:
  hawser dane rollover plan mx.example.org --current cert.pem --next next.key --state /var/lib/hawser/mx.json
  hawser dane rollover next --state /var/lib/hawser/mx.json
  hawser dane rollover next --state /var/lib/hawser/mx.json --use "$RENEWED_LINEAGE/cert.pem" && postfix reload
`;

const OPTIONS = {
  ...LOOK_UP_OPTIONS,
  current: { type: 'string' },
  next: { type: 'string' },
  state: { type: 'string' },
  use: { type: 'string' },
  'no-connect': { type: 'boolean' },
  'authority-port': { type: 'string', default: String(DNS_PORT) },
  json: { type: 'boolean' },
} as const;

type Values = WordValues<typeof OPTIONS>;

/** Runs it; the exit status. */
export async function runDaneRollover(words: readonly string[]): Promise<number> {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return refuseWords('dane rollover', read);
  const { values, positionals } = read;
  const [verb, ...rest] = positionals;
  if (values.state === undefined) return refuseWords('dane rollover', '--state is needed');
  const ports = await programPorts();
  if (verb === 'plan') return plan(values, rest, values.state, ports);
  if ((verb !== 'status' && verb !== 'next') || rest.length > 0)
    return refuseWords('dane rollover', 'plan, status or next is needed');
  return look(values, { verb, path: values.state }, ports);
}

async function plan(values: Values, words: readonly string[], path: string, ports: Ports): Promise<number> {
  const refuse = (why: string): number => refuseWords('dane rollover', why);
  const place = words.length === 1 ? readServiceName(words[0] ?? '', 25) : null;
  const owner = place === null ? null : serviceOwner(place.host, place.port, 'tcp');
  if (place === null || owner === null) return refuse('one HOST[:PORT] is needed');
  if (ports.files.exists(path)) return refuse(`${path} is there already: remove it when that roll-over is done`);
  const current = await recordOf(values.current, ports);
  const next = await recordOf(values.next, ports);
  if ('why' in current) return refuse(`--current: ${current.why}`);
  if ('why' in next) return refuse(`--next: ${next.why}`);
  if (current.key === next.key) return refuse('--current and --next have the same key: nothing has to be published');
  const state: RolloverState = {
    version: 1,
    ...place,
    current: current.key,
    next: next.key,
    maxTtl: 0,
    bothSince: null,
  };
  const fault = writeState(path, state, ports);
  if (fault !== null) return refuse(fault);
  const record = (rdata: Uint8Array) => ({ owner, ttl: SUGGESTED_TTL, type: TYPE.TLSA, rdata });
  process.stdout.write(
    `Publish both, the second beside the first:\n${recordsText([record(current.rdata), record(next.rdata)], 'zone')}`,
  );
  process.stdout.write(`Then ask: hawser dane rollover next --state ${path}\n`);
  return 0;
}

interface Record {
  readonly key: string;
  readonly rdata: Uint8Array;
}

/** The record of a file, or of its text. */
async function recordOf(word: string | undefined, ports: Ports): Promise<Record | { readonly why: string }> {
  if (word === undefined) return { why: 'is needed' };
  const text = /^([23]) ([01]) ([012]) ([0-9a-fA-F]+)$/.exec(word);
  const data = text === null ? null : fromHex(text[4] ?? '');
  if (text !== null && data !== null) {
    const rdata = Uint8Array.of(Number(text[1]), Number(text[2]), Number(text[3]), ...data);
    return { key: tlsaKey(rdata), rdata };
  }
  const content = ports.files.readBytes(word);
  if (!content.ok) return { why: `${word}: ${content.error.text}` };
  const material = await createNodeCertificates().readFile(content.value);
  if (material === null) return { why: `${word}: neither certificate, request nor key` };
  const wish = { usage: 3, selector: 1, matchingType: 1, host: '', isMail: true, now: ports.clock.unixSeconds() };
  const made = makeTlsas([material], wish, ports.crypto);
  const [tlsa] = typeof made === 'string' ? [] : made.tlsas;
  if (tlsa === undefined) return { why: typeof made === 'string' ? made : 'no record' };
  const rdata = tlsaRdata(tlsa);
  return { key: tlsaKey(rdata), rdata };
}

function writeState(path: string, state: RolloverState, { files }: Ports): string | null {
  const written = files.replaceAtomically(path, `${JSON.stringify(state, null, 2)}\n`, STATE_MODE);
  return written.ok ? null : `${path}: ${written.error.text}`;
}

interface LookWords {
  readonly verb: 'status' | 'next';
  readonly path: string;
}

async function look(values: Values, { verb, path }: LookWords, ports: Ports): Promise<number> {
  const refuse = (why: string): number => refuseWords('dane rollover', why);
  const text = ports.files.readText(path);
  if (!text.ok) return refuse(`${path}: ${text.error.text}`);
  const state = readRolloverState(text.value);
  const owner = state === null ? null : serviceOwner(state.host, state.port, 'tcp');
  if (state === null || owner === null) return refuse(`${path} is no state of a roll-over`);
  const used = values.use === undefined ? null : await recordOf(values.use, ports);
  if (used !== null && 'why' in used) return refuse(used.why);
  const seen = await observe(values, { state, owner }, ports);
  if ('why' in seen) return refuse(seen.why);
  const { state: kept, step } = rolloverTurn(state, { ...seen, now: ports.clock.unixSeconds() });
  // A safe time that is not kept would begin anew at every look.
  const fault = writeState(path, kept, ports);
  if (fault !== null) return refuse(fault);
  if (values.json === true)
    process.stdout.write(
      `${JSON.stringify({ state: kept, live: seen.live, servers: seen.said.servers, step }, null, 2)}\n`,
    );
  else {
    if (verb === 'status') process.stdout.write(statusText(kept, seen.said));
    process.stdout.write(`${stepText(step, formatName(owner))}\n`);
  }
  return used === null ? rolloverStatus(step) : statusOfUse(used.key, kept, { step, said: seen.said });
}

interface Seen {
  readonly said: AuthoritiesSay;
  readonly live: Parameters<typeof rolloverTurn>[1]['live'];
}

interface Planned {
  readonly state: RolloverState;
  readonly owner: Name;
}

async function observe(
  values: Values,
  { state, owner }: Planned,
  ports: Ports,
): Promise<Seen | { readonly why: string }> {
  const port = Number(values['authority-port']);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return { why: '--authority-port takes a port' };
  const source = await openChosenSource(values satisfies LookUpValues, ports);
  if (!('lookUp' in source)) return { why: source.join('; ') };
  if (source.remark !== '') process.stderr.write(`warning: ${source.remark}\n`);
  const { lookUp } = source;
  const said = await askAuthorities(lookUp, (ip, question) => askServer(ports, { ip, port }, question, 0), owner);
  const live =
    values['no-connect'] === true
      ? 'unknown'
      : await matchLiveKey(
          {
            lookUp,
            tls: createNodeTlsProbe(),
            crypto: ports.crypto,
            timeoutMs: LIVE_MS,
            ehlo: hostname(),
            family: familyOf(values),
          },
          { ...state, starttls: starttlsFor(state.port), now: ports.clock.unixSeconds() },
        );
  source.stop();
  return { said, live };
}

function statusText({ current, next }: RolloverState, { servers, validated }: AuthoritiesSay): string {
  const lines = (servers ?? []).map(({ server, ip, records, ttl, why }) => {
    const has = (record: string): string => (records?.includes(record) === true ? 'yes' : 'no');
    const said =
      records === null ? (why ?? 'no answer') : `current ${has(current)}, next ${has(next)}, TTL ${ttl ?? '?'}`;
    return `${server} ${ip ?? ''}: ${said}\n`;
  });
  return `${lines.join('')}validated: ${validated.status}${validated.why === null ? '' : ` (${validated.why})`}\n`;
}

/** Whether a certificate may be installed: with the key in use at any time while its record is everywhere, with the next when safe. */
function statusOfUse(
  key: string,
  { current, next }: RolloverState,
  seen: Pick<Seen, 'said'> & { readonly step: RolloverStep },
): number {
  const { step, said } = seen;
  if (key === next) return rolloverStatus(step);
  if (key !== current) {
    process.stderr.write('this certificate has neither the current nor the next key: do not install it\n');
    return 1;
  }
  if (step.action === 'blocked') return USAGE_STATUS;
  return said.servers?.every(({ records }) => records?.includes(current) === true) === true ? 0 : 1;
}
