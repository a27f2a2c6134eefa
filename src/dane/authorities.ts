/**
 * What every authoritative server of a zone says of a TLSA set: resolvers get their answer from any of them, so the slowest one
 * counts. What they say is not validated; it may only make the caller wait longer, never less, beside a validated look-up.
 */

import { toHex } from '../wire/bytes.ts';
import { ipText } from '../wire/ip.ts';
import { isAtOrBelow, type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { FLAG, RCODE, rcodeText } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { readTlsa } from '../wire/rdata-tlsa.ts';
import { TYPE } from '../wire/rr-type.ts';
import { recordsOf } from '../wire/rrsets.ts';
import type { ServerReply } from './ask-server.ts';
import type { Looked, LookUp } from './look-up.ts';

/** Servers of a zone that are asked. */
const MAX_SERVERS = 20;

/** What one address of one server said. */
export interface ServerSays {
  readonly server: string;
  /** Null: the server has no address. */
  readonly ip: string | null;
  /** The set as texts `3 1 1 hex`; null when there was no proper answer. */
  readonly records: readonly string[] | null;
  /** TTL of the set; without a set that of the denial; null without answer. Seconds. */
  readonly ttl: number | null;
  readonly why: string | null;
}

/** What all of them said. */
export interface AuthoritiesSay {
  /** Null: the zone or its servers could not be found. */
  readonly servers: readonly ServerSays[] | null;
  readonly why: string | null;
  /** The validated look-up of the same set. */
  readonly validated: Looked;
}

export type AskAddress = (ip: string, question: Question) => Promise<ServerReply>;

export async function askAuthorities(lookUp: LookUp, ask: AskAddress, name: Name): Promise<AuthoritiesSay> {
  const validated = await lookUp(name, TYPE.TLSA);
  const failed = (why: string): AuthoritiesSay => ({ servers: null, why, validated });
  // Behind an alias the set belongs to the zone of its target.
  const { owner } = validated;
  const soa = await lookUp(owner, TYPE.SOA);
  if (soa.zone === null || !isAtOrBelow(owner, soa.zone.name))
    return failed(soa.why ?? `no zone of ${formatName(owner)} found`);
  const { rdatas, why } = await lookUp(soa.zone.name, TYPE.NS);
  if (rdatas.length === 0) return failed(why ?? `no servers of ${formatName(soa.zone.name)} found`);
  const names = rdatas
    .slice(0, MAX_SERVERS)
    .map(readTargetName)
    .filter((one) => one !== null);
  const said = await Promise.all(names.map((server) => askOne({ lookUp, ask }, server, questionOf(owner, TYPE.TLSA))));
  return { servers: said.flat(), why: null, validated };
}

interface Asking {
  readonly lookUp: LookUp;
  readonly ask: AskAddress;
}

async function askOne({ lookUp, ask }: Asking, name: Name, question: Question): Promise<readonly ServerSays[]> {
  const server = formatName(name);
  const looked = await Promise.all([lookUp(name, TYPE.A), lookUp(name, TYPE.AAAA)]);
  const ips = looked.flatMap(({ rdatas }) => rdatas.map(ipText));
  if (ips.length === 0) return [{ server, ip: null, records: null, ttl: null, why: 'it has no address' }];
  return Promise.all(ips.map(async (ip) => ({ server, ip, ...saidIn(await ask(ip, question), question) })));
}

function saidIn(reply: ServerReply, question: Question): Pick<ServerSays, 'records' | 'ttl' | 'why'> {
  const nothing = (why: string) => ({ records: null, ttl: null, why });
  if (reply.kind === 'failed') return nothing(reply.why);
  const { message } = reply;
  const { rcode } = message;
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return nothing(rcodeText(rcode));
  if (!message.has(FLAG.AA)) return nothing('it does not answer with authority');
  const set = recordsOf(message, message.answer).filter(
    ({ type, owner }) => type === TYPE.TLSA && namesEqual(owner, question.name),
  );
  const soa = recordsOf(message, message.authority).find(({ type }) => type === TYPE.SOA);
  const ttl = set.length > 0 ? Math.max(...set.map((one) => one.ttl)) : (soa?.ttl ?? null);
  return { records: set.map(({ rdata }) => tlsaKey(rdata)), ttl, why: null };
}

/** A record as one text, to be compared. */
export function tlsaKey(rdata: Uint8Array): string {
  const tlsa = readTlsa(rdata);
  if (tlsa === null) return '';
  return `${tlsa.usage} ${tlsa.selector} ${tlsa.matchingType} ${toHex(tlsa.association)}`;
}

/** How the servers differ from the validated set and from each other, one sentence each; one when all agree. */
export function serverRemarks({ servers, why, validated }: AuthoritiesSay): readonly string[] {
  if (servers === null) return [`the servers of the zone were not asked: ${why}`];
  const sets = servers.map(({ records }) => (records === null ? null : setText(records)));
  const wanted = validated.outcome === 'none' ? null : setText(validated.rdatas.map(tlsaKey));
  const reference = wanted ?? sets.find((set) => set !== null) ?? null;
  const remarks = servers.flatMap(({ server, ip, why: fault }, at) => {
    const place = ip === null ? server : `${server} (${ip})`;
    if (sets[at] === null) return [`${place} does not answer for it: ${fault}`];
    return sets[at] === reference ? [] : [`${place} shows another set: ${sets[at] || 'none'}`];
  });
  return remarks.length > 0 ? remarks : [`all ${servers.length} servers of the zone show the same set`];
}

function setText(records: readonly string[]): string {
  return [...records].sort().join(', ');
}
