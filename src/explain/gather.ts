/**
 * Gathers what `explain` tells: resolves the question with a trace, then looks at DS, DNSKEY and trust of each zone on the way
 * from the anchor to each name of the answer, with the resolver's own eyes.
 *
 * Leaves to others: validating (validate), text and pictures of the report.
 */

import { checkedAt, type SignatureTime } from '../dnssec/signature-time.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { TraceEvent } from '../trace/events.ts';
import { Trace } from '../trace/trace.ts';
import {
  isRoot,
  labelCount,
  lastLabels,
  type Name,
  nameFromBytes,
  nameKey,
  namesEqual,
  parentOf,
} from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionOf, questionText } from '../wire/question.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { readDs } from '../wire/rdata-ds.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { endingOf, troubleText } from './ending.ts';
import { expansionsOf, proofLine } from './proof.ts';
import { remedyOf, whoText } from './remedy.ts';
import type { DsLine, ExpiryLine, HeldLine, ProofLine, Report, ServerLine, SetLine, ZoneLine } from './report.ts';
import { keyLine, type ShowParts, setLine } from './set-line.ts';

/** A zone's trust, without its keys. */
type ZoneState = { readonly zone: Name } & Verdict;

/** A configured starting point. */
interface Anchor {
  readonly zone: Name;
  /** DS and DNSKEY rdatas. */
  readonly ds: readonly Uint8Array[];
  readonly dnskeys: readonly Uint8Array[];
}

/** The resolver, as `explain` sees it. */
export interface ExplainParts {
  readonly resolve: (question: Question, trace: Trace) => Promise<Resolution>;
  /** What the caches hold; nobody is asked. */
  readonly peek: (question: Question) => Resolution | null;
  /** What is believed of exactly this zone; null when it is no zone or nothing is known. */
  readonly trustOf: (zone: Name) => ZoneState | null;
  readonly anchors: () => readonly Anchor[];
  /** Everything that is held of the question, and of what it rests on. */
  readonly held: (question: Question) => readonly HeldLine[];
  readonly crypto: Crypto;
  /** The second at which the resolver checks signatures. */
  readonly signatureTime: SignatureTime;
  readonly unixSeconds: () => number;
  readonly monotonicMs: () => number;
}

interface ExplainOptions {
  /** From the caches only. */
  readonly isCached: boolean;
  /** Signatures that run out within so many seconds are listed. */
  readonly expirySeconds: number;
  /** True: `signatureTime` was chosen for this explanation, and is not how the resolver is configured. */
  readonly isTimeAsked?: boolean;
}

/** Zones that are shown: a name has seldom more than 5, an alias chain leads to a few names. */
const MAX_ZONES = 40;
/** Names of an answer whose zones are walked to; as many as aliases are followed. */
const MAX_NAMES = 12;

/** The report, with the steps that led to it. */
interface Explained {
  readonly report: Report;
  readonly events: readonly TraceEvent[];
}

/** Explains one question; null only with `isCached`: nothing is held about it. */
export async function explainQuestion(
  parts: ExplainParts,
  question: Question,
  options: ExplainOptions,
): Promise<Explained | null> {
  const trace = new Trace();
  const startedMs = parts.monotonicMs();
  const get = async (one: Question): Promise<Resolution | null> =>
    options.isCached ? parts.peek(one) : await parts.resolve(one, trace);
  const resolution = await get(question);
  const held = options.isCached ? parts.held(question) : [];
  if (resolution === null) return held.length === 0 ? null : { report: heldOnly(parts, question, held), events: [] };
  const seconds = (parts.monotonicMs() - startedMs) / 1000;
  const now = parts.unixSeconds();
  const own = [...trace.events()];
  const states = statesOf(parts, own, namesOf(question, resolution));
  const chain: Raw[] = [];
  for (const state of states) chain.push(await rawZone(state, { parts, get }));
  const show = { now, chain, outcomes: outcomesOf(trace.events()), parts };
  const zones = chain.map((raw) => zoneLine(raw, show));
  const denials = resolution.kind === 'failed' ? [] : denialsOf(question, resolution, parts.crypto);
  const shown = showOf(show, denials);
  const answer = resolution.kind === 'failed' ? [] : resolution.answer.map((ranked) => setLine(ranked, shown));
  const proof = resolution.kind === 'failed' ? [] : proofOf(resolution).map((ranked) => setLine(ranked, shown));
  const signed = [...zones.flatMap(({ keySet, dsSet, noDs }) => [keySet, dsSet, ...noDs]), ...answer, ...proof];
  const report: Report = {
    question: questionText(question),
    at: now,
    seconds,
    ...endingOf(resolution),
    remedy: remedyLine(resolution, parts, { now, isTimeAsked: options.isTimeAsked === true }),
    zones,
    answer,
    proof,
    servers: serverLines(own),
    denials,
    expiring: expiringOf(signed, checkedAt(parts.signatureTime, now, now), options.expirySeconds),
    held,
    isCached: options.isCached,
    judgedAt: judgedAtOf(parts.signatureTime, options),
  };
  return { report, events: own };
}

interface RemedyTime {
  readonly now: number;
  readonly isTimeAsked: boolean;
}

function remedyLine(resolution: Resolution, parts: ExplainParts, time: RemedyTime): Report['remedy'] {
  const anchored = new Set(parts.anchors().map(({ zone }) => formatName(zone)));
  const { signatureTime } = parts;
  const now = checkedAt(signatureTime, time.now, time.now);
  const isClock = signatureTime.kind === 'clock';
  const clock = isClock ? 'own' : time.isTimeAsked ? 'asked' : 'configured';
  const remedy = remedyOf(resolution, { now, anchored, clock });
  return remedy === null ? null : { ...remedy, who: whoText(remedy.culprit, resolution) };
}

/** The same two of a resolution without a report. */
export function troubleOf(resolution: Resolution, parts: ExplainParts): string {
  const remedy = remedyLine(resolution, parts, { now: parts.unixSeconds(), isTimeAsked: false });
  return troubleText({ reason: endingOf(resolution).reason, remedy });
}

function judgedAtOf(time: SignatureTime, { isTimeAsked }: ExplainOptions): Report['judgedAt'] {
  if (time.kind === 'clock') return null;
  const by = isTimeAsked === true ? 'asked' : 'configured';
  return { unixSeconds: time.kind === 'fixed' ? time.unixSeconds : null, by };
}

/** The report where the caches have no answer to give, but know something all the same. */
function heldOnly(parts: ExplainParts, question: Question, held: readonly HeldLine[]): Report {
  const nothing = { zones: [], answer: [], proof: [], denials: [], servers: [], expiring: [], ede: [] };
  return {
    ...nothing,
    question: questionText(question),
    at: parts.unixSeconds(),
    seconds: 0,
    rcode: 'none',
    status: 'unchecked',
    reason: 'no answer is held: a client that asks now has it resolved',
    remedy: null,
    held,
    isCached: true,
    judgedAt: null,
  };
}

/** The name that is asked for and those that its aliases lead to; for a DS the zone above holds it. */
function namesOf(question: Question, resolution: Resolution): readonly Name[] {
  const first = question.type === TYPE.DS && !isRoot(question.name) ? parentOf(question.name) : question.name;
  const owners = resolution.kind === 'failed' ? [] : resolution.answer.map(({ rrset }) => rrsetOwner(rrset));
  return [first, ...owners.filter((owner) => !namesEqual(owner, question.name))].slice(0, MAX_NAMES);
}

/** Zones at and above the names about which something is known, from the root down, each once. */
function statesOf(parts: ExplainParts, events: readonly TraceEvent[], names: readonly Name[]): readonly ZoneState[] {
  const seen = new Map<string, ZoneState>();
  const traced = tracedStates(events);
  for (const name of names) {
    for (let labels = 0; labels <= labelCount(name) && seen.size < MAX_ZONES; labels++) {
      const zone = lastLabels(name, labels);
      const key = nameKey(zone);
      const state = seen.get(key) ?? parts.trustOf(zone) ?? traced.get(key);
      if (state === undefined) continue;
      seen.set(key, state);
      // Below a zone that is not secure nothing is proven.
      if (state.status !== 'secure') break;
    }
  }
  return [...seen.values()];
}

/** What cannot be said is in no cache. */
function tracedStates(events: readonly TraceEvent[]): ReadonlyMap<string, ZoneState> {
  const states = new Map<string, ZoneState>();
  for (const event of events) {
    if (event.kind !== 'zone-trust' || event.verdict === undefined) continue;
    states.set(nameKey(event.zone), { zone: event.zone, ...event.verdict });
  }
  return states;
}

/** A zone with its own records, before they are made text. */
interface Raw {
  readonly state: ZoneState;
  readonly anchor: Anchor | null;
  readonly ds: RankedRRset | null;
  readonly noDs: readonly RankedRRset[];
  readonly keys: RankedRRset | null;
}

interface GetParts {
  readonly parts: ExplainParts;
  readonly get: (question: Question) => Promise<Resolution | null>;
}

async function rawZone(state: ZoneState, { parts, get }: GetParts): Promise<Raw> {
  const { zone } = state;
  const anchor = parts.anchors().find((one) => namesEqual(one.zone, zone)) ?? null;
  const ds = isRoot(zone) ? null : await get(questionOf(zone, TYPE.DS));
  // A zone that is unsigned to us is not asked for keys.
  const keys =
    state.status === 'insecure' && state.why.kind === 'no-ds-proven' ? null : await get(questionOf(zone, TYPE.DNSKEY));
  return {
    state,
    anchor,
    ds: findSet(ds, zone, TYPE.DS),
    noDs: ds?.kind === 'answered' && ds.denied ? proofOf(ds).filter(isDenial) : [],
    keys: findSet(keys, zone, TYPE.DNSKEY),
  };
}

function findSet(resolution: Resolution | null, name: Name, type: number): RankedRRset | null {
  if (resolution?.kind !== 'answered') return null;
  return (
    resolution.answer.find(({ rrset }) => rrsetType(rrset) === type && namesEqual(rrsetOwner(rrset), name)) ?? null
  );
}

function isDenial({ rrset }: RankedRRset): boolean {
  const type = rrsetType(rrset);
  return type === TYPE.NSEC || type === TYPE.NSEC3;
}

function proofOf({ authority }: Answered): readonly RankedRRset[] {
  return authority.filter((ranked) => isDenial(ranked) || rrsetType(ranked.rrset) === TYPE.SOA);
}

/** What is denied by an answer, and which names a wildcard answers for, with the records that say so. */
function denialsOf(question: Question, resolution: Answered, crypto: ExplainParts['crypto']): readonly ProofLine[] {
  const sets = resolution.authority.filter(isDenial);
  const { name, type } = question;
  const ends = resolution.denied
    ? [{ name: endOfAliases(name, type, resolution.answer), type, encloserLabels: null }]
    : [];
  return [...expansionsOf(resolution.answer), ...ends].flatMap((denied) => proofLine(denied, sets, crypto) ?? []);
}

/** The name that an answer's aliases lead to. */
function endOfAliases(asked: Name, type: number, answer: readonly RankedRRset[]): Name {
  let name = asked;
  for (let i = 0; i < MAX_NAMES && type !== TYPE.CNAME; i++) {
    const alias = answer.find(({ rrset }) => rrsetType(rrset) === TYPE.CNAME && namesEqual(rrsetOwner(rrset), name));
    const target = alias === undefined ? null : nameFromBytes(rdatasOf(alias.rrset)[0] ?? new Uint8Array());
    if (target === null) return name;
    name = target;
  }
  return name;
}

/** What all lines of one report are made with. */
interface Show {
  readonly now: number;
  readonly chain: readonly Raw[];
  readonly outcomes: ReadonlyMap<string, string>;
  readonly parts: ExplainParts;
}

function showOf({ now, chain, outcomes, parts }: Show, proofs: readonly ProofLine[]): ShowParts {
  const keysOf = (signer: Name): readonly Uint8Array[] | null => {
    const raw = chain.find(({ state }) => namesEqual(state.zone, signer));
    return raw?.keys == null ? null : rdatasOf(raw.keys.rrset);
  };
  return { now, keysOf, outcomes, time: parts.signatureTime, proofs };
}

function outcomesOf(events: readonly TraceEvent[]): ReadonlyMap<string, string> {
  const outcomes = new Map<string, string>();
  for (const event of events) {
    if (event.kind !== 'signature') continue;
    const key = `${nameKey(event.owner)} ${event.type} ${event.keyTag}`;
    // Two keys may have one tag: one good outcome counts.
    if (outcomes.get(key) !== 'valid') outcomes.set(key, event.outcome);
  }
  return outcomes;
}

function zoneLine({ state, anchor, ds, noDs, keys }: Raw, show: Show): ZoneLine {
  const denied = { name: state.zone, type: TYPE.DS, encloserLabels: null };
  const noDsProof = proofLine(denied, noDs, show.parts.crypto);
  const shown = showOf(show, noDsProof === null ? [] : [noDsProof]);
  const dsLines = ds === null ? [] : dsLinesOf(rdatasOf(ds.rrset));
  const anchored = anchor === null ? [] : dsLinesOf(anchor.ds);
  // A tag alone proves nothing: only the validator has compared the digests.
  const named = state.status === 'secure' ? [...dsLines, ...anchored] : [];
  const trusted = new Set(named.map((one) => `${one.keyTag} ${one.algorithm}`));
  const anchorKeys = (anchor?.dnskeys ?? []).map((rdata) => keyTag(rdata));
  return {
    zone: formatName(state.zone),
    status: state.status,
    why: state.status === 'secure' ? null : state.why.kind,
    anchor: anchor === null ? null : [...anchored.map((one) => one.keyTag), ...anchorKeys],
    ds: dsLines,
    dsSet: ds === null ? null : setLine(ds, shown),
    noDs: noDs.map((ranked) => setLine(ranked, shown)),
    noDsProof,
    keys:
      keys === null
        ? []
        : rdatasOf(keys.rrset).map((rdata) =>
            keyLine(
              rdata,
              (tag, algorithm) =>
                trusted.has(`${tag} ${algorithm}`) || (state.status === 'secure' && anchorKeys.includes(tag)),
            ),
          ),
    keySet: keys === null ? null : setLine(keys, shown),
  };
}

function dsLinesOf(rdatas: readonly Uint8Array[]): readonly DsLine[] {
  return rdatas.flatMap((rdata) => {
    const ds = readDs(rdata);
    return ds === null ? [] : [{ keyTag: ds.keyTag, algorithm: ds.algorithm, digestType: ds.digestType }];
  });
}

/** Each question to a server with what came of it, in order. */
function serverLines(events: readonly TraceEvent[]): readonly ServerLine[] {
  const lines: ServerLine[] = [];
  const open = new Map<string, number>();
  for (const event of events) {
    if (event.kind === 'ask') {
      const { server, transport } = event;
      open.set(`${event.workId} ${server}`, lines.length);
      const asked = { zone: formatName(event.zone), question: questionText(event.question) };
      lines.push({ server, ...asked, transport, said: 'nothing yet', rttMs: null });
    } else if (event.kind === 'response' || event.kind === 'exchange-failed') {
      const at = open.get(`${event.workId} ${event.server}`);
      const line = at === undefined ? undefined : lines[at];
      if (at === undefined || line === undefined) continue;
      lines[at] =
        event.kind === 'response'
          ? { ...line, transport: event.transport, said: event.classified, rttMs: Math.round(event.rttMs * 10) / 10 }
          : { ...line, said: event.outcome };
    }
  }
  return lines;
}

function expiringOf(sets: readonly (SetLine | null)[], now: number, within: number): readonly ExpiryLine[] {
  const found = new Map<string, ExpiryLine>();
  for (const set of sets) {
    for (const { keyTag: tag, expiration, state } of set?.signatures ?? []) {
      if (set === null || state === 'expired' || state === 'wrong' || expiration - now > within) continue;
      const record = `${set.owner} ${set.type}`;
      found.set(`${record} ${tag}`, { record, keyTag: tag, expiration });
    }
  }
  return [...found.values()].sort((a, b) => a.expiration - b.expiration);
}
