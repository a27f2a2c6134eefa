/**
 * The scripted servers of a scenario: every address is a server, what it says stands in the ranges that hold at the step
 * that comes next, or in REPLY steps.
 *
 * Duties: queries that wait for their answer (unbound dialect), first match or SERVFAIL (deckard dialect), building
 * answers. Leaves to others: the order of the steps (engine.ts).
 */

import { concatBytes, writeU16 } from '../../src/wire/bytes.ts';
import { nameKey, ROOT } from '../../src/wire/name.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE, typeText } from '../../src/wire/rr-type.ts';
import type { FakeClock } from '../fake/fake-clock.ts';
import type { IncomingQuery } from '../fake/fake-server.ts';
import { canonicalIp } from './ip-key.ts';
import { deckardDifference, unboundDifference } from './match.ts';
import { type Entry, firstMessage, newEntry, type Scenario, type ScriptedMessage, type Step } from './scenario.ts';
import type { ScenarioSetup } from './scenario-config.ts';
import { encodeScripted, encodeUncompressed, type ForcedOpt } from './scripted-message.ts';
import { parseScriptedRecord } from './scripted-record.ts';
import { SeenMessage } from './seen-message.ts';

/** UDP size that answers of scripted servers state. */
const SERVER_UDP_SIZE = 1232;
/** Waiting queries kept; a resolver in a loop must not fill the memory. */
const MAX_WAITING = 400;
/** Compressed messages may point into the question, which then cannot be exchanged in place. */
const COMPRESSED_ABOVE_OCTETS = 1200;

/** A query that waits for an answer of the scenario. */
export interface WaitingQuery {
  readonly query: IncomingQuery;
  readonly seen: SeenMessage;
  readonly ip: string;
}

/** What the servers must know about the run. */
export interface UpstreamParts {
  readonly scenario: Scenario;
  readonly setup: ScenarioSetup;
  readonly clock: FakeClock;
  /** The step that comes next; null after the last. */
  readonly step: () => Step | null;
  /** Goes on to the following step. */
  readonly nextStep: () => void;
  readonly say: (line: string) => void;
}

/** The scripted servers. */
export class Upstream {
  readonly #parts: UpstreamParts;
  /** Newest first. */
  waiting: WaitingQuery[] = [];
  /** Entries that also answer the retransmissions of a query answered by a step. */
  #byStep = new Map<string, Entry>();
  readonly #usedReplies = new Set<number>();
  readonly #scriptedIps: ReadonlySet<string>;
  /** While true, zone transfers and their SOA probes are not answered (they start with the resolver, not with the script). */
  holdsTransfers = false;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#scriptedIps = new Set(parts.scenario.ranges.flatMap((range) => [...range.ips]));
  }

  /** Takes a query of the resolver. */
  take(query: IncomingQuery): void {
    const waiting = { query, seen: new SeenMessage(query.bytes), ip: canonicalIp(query.to.ip) };
    this.#parts.say(`  upstream query -> ${describeQuery(waiting)}`);
    if ((waiting.seen.flags & FLAG.QR) !== 0) return;
    if (this.#parts.scenario.dialect === 'deckard') {
      this.#answerDeckard(waiting);
      return;
    }
    const type = waiting.seen.questions[0]?.type;
    if (this.holdsTransfers && (type === TYPE.SOA || type === TYPE.IXFR || type === TYPE.AXFR)) return;
    this.waiting = [waiting, ...this.waiting].slice(0, MAX_WAITING);
    this.serve();
  }

  /** Answers waiting queries as long as something matches; a CHECK_OUT_QUERY that comes next takes its query. */
  serve(): void {
    while (this.#serveOne()) {}
  }

  /** A new client query: answers given by earlier steps no longer hold for retransmissions. */
  forgetStepAnswers(): void {
    this.#byStep = new Map();
  }

  /** Answers a waiting query with the entry of a REPLY step, its retransmissions too. */
  replyByStep(waiting: WaitingQuery, entry: Entry): void {
    this.#answer(waiting, entry);
    if (this.waiting.some((other) => sameQueryKey(other) === sameQueryKey(waiting))) {
      this.#byStep.set(sameQueryKey(waiting), entry);
      this.serve();
    }
  }

  #serveOne(): boolean {
    const step = this.#parts.step();
    if (step === null) return false;
    if (step.kind === 'CHECK_OUT_QUERY' && this.#takeForStep(step)) return true;
    for (const waiting of this.waiting) {
      const entry = this.#entryFor(waiting, step.number) ?? this.#byStep.get(sameQueryKey(waiting));
      if (entry === undefined) continue;
      this.#answer(waiting, entry);
      return true;
    }
    return false;
  }

  #takeForStep(step: Step): boolean {
    const { entry } = step;
    if (entry === null) return false;
    const ip = step.ip === null ? null : canonicalIp(step.ip);
    const found = this.waiting.find(
      (waiting) =>
        (ip === null || waiting.ip === ip) && unboundDifference(entry, waiting.seen, contextOf(waiting)) === null,
    );
    if (found === undefined) return false;
    this.#parts.say(`step ${step.number} CHECK_OUT_QUERY matched`);
    this.#parts.nextStep();
    if (entry.adjust.has('copy_id') && (firstMessage(entry).flags & FLAG.QR) !== 0) {
      this.#byStep.set(sameQueryKey(found), entry);
      this.#answer(found, entry);
    }
    return true;
  }

  /** The last range of the file is looked at first, its entries in order. */
  #entryFor(waiting: WaitingQuery, stepNumber: number): Entry | undefined {
    for (const range of this.#parts.scenario.ranges.toReversed()) {
      if (stepNumber < range.from || stepNumber > range.to) continue;
      if (range.ips.size > 0 && !range.ips.has(waiting.ip)) continue;
      const entry = range.entries.find((one) => unboundDifference(one, waiting.seen, contextOf(waiting)) === null);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #answer(waiting: WaitingQuery, entry: Entry): void {
    this.waiting = this.waiting.filter((other) => other !== waiting);
    entry.fired++;
    this.#parts.say(`    answered by the entry at line ${entry.line}`);
    const messages = entry.messages.map((message) => this.#build(waiting, entry, message));
    const send = () => {
      const count = waiting.query.transport === 'udp' ? 1 : messages.length;
      for (const message of messages.slice(0, count)) waiting.query.reply(message);
    };
    if (entry.sleepSeconds > 0) this.#parts.clock.after(entry.sleepSeconds * 1000, send);
    else send();
  }

  /** The scripted message made to fit its query: id always, question where the entry says so, EDNS where it was asked. */
  #build({ seen, query }: WaitingQuery, entry: Entry, message: ScriptedMessage): Uint8Array {
    const isDeckard = this.#parts.scenario.dialect === 'deckard';
    const mayEcho = isDeckard || (message.rcode !== RCODE.FORMERR && message.rcode !== RCODE.NOTIMP);
    const forced: ForcedOpt | null =
      seen.opt !== null && mayEcho ? { udpSize: SERVER_UDP_SIZE, flags: seen.opt.flags & 0x8000 } : null;
    let octets = encodeScripted(message, forced);
    const asked = query.bytes.slice(12, seen.questionEnd);
    if (entry.adjust.has('copy_query') && seen.questions.length > 0 && octets.length >= 12) {
      octets = withQuestion(octets, asked, () => encodeUncompressed(message, forced));
    } else if (entry.adjust.has('copy_id') && isDeckard && sameFirstName(octets, seen)) {
      octets.set(seen.rawName ?? new Uint8Array(), 12);
    }
    if (octets.length >= 2) octets.set(query.bytes.subarray(0, 2));
    return octets;
  }

  #answerDeckard(waiting: WaitingQuery): void {
    const entry = this.#deckardEntry(waiting) ?? this.#primingEntry(waiting);
    if (entry === null) {
      this.#parts.say('    no entry: SERVFAIL');
      waiting.query.reply(servfail(waiting));
    } else if (entry.raw !== null) {
      const octets = entry.raw.slice();
      if (entry.adjust.has('raw_id') && octets.length >= 2) octets.set(waiting.query.bytes.subarray(0, 2));
      waiting.query.reply(octets);
    } else if (!entry.adjust.has('do_not_answer')) {
      this.#answer(waiting, entry);
    }
  }

  /** The first range of the address decides; without one, a REPLY step not used yet. */
  #deckardEntry(waiting: WaitingQuery): Entry | null {
    const { scenario } = this.#parts;
    const stepNumber = (this.#parts.step() ?? scenario.steps.at(-1))?.number ?? 0;
    const fits = (entry: Entry) => deckardDifference(entry, waiting.seen, contextOf(waiting)) === null;
    const isKnown = this.#scriptedIps.has(waiting.ip);
    const range = scenario.ranges.find(
      ({ from, to, ips }) =>
        from <= stepNumber && stepNumber <= to && (!isKnown || ips.size === 0 || ips.has(waiting.ip)),
    );
    if (range !== undefined) return range.entries.find(fits) ?? null;
    const reply = scenario.steps.find(
      ({ number, kind, entry }) =>
        kind === 'REPLY' && number >= stepNumber && !this.#usedReplies.has(number) && entry !== null && fits(entry),
    );
    if (reply === undefined) return null;
    this.#usedReplies.add(reply.number);
    return reply.entry;
  }

  /** The deckard set assumes a resolver that does not ask for the root's servers: its root server answers that itself. */
  #primingEntry({ seen, ip }: WaitingQuery): Entry | null {
    const { rootIps, rootName } = this.#parts.setup;
    const [asked] = seen.questions;
    if (asked?.type !== TYPE.NS || asked.name.length !== 1 || !rootIps.map(canonicalIp).includes(ip)) return null;
    const entry = newEntry(0);
    const message = firstMessage(entry);
    const record = (line: string) => parseScriptedRecord(line, { origin: ROOT, ttl: 0 }, false);
    message.flags = FLAG.QR | FLAG.AA;
    message.sections.question.push(parseScriptedRecord('. IN NS', { origin: ROOT, ttl: 0 }, true));
    message.sections.answer.push(record(`. 518400 IN NS ${rootName}`));
    message.sections.additional.push(record(`${rootName} 518400 IN ${ip.includes(':') ? 'AAAA' : 'A'} ${ip}`));
    return entry;
  }
}

/** The query on one line. */
export function describeQuery({ query, seen, ip }: WaitingQuery): string {
  const [asked] = seen.questions;
  const what = asked === undefined ? (seen.bad ?? 'no question') : `${formatName(asked.name)} ${typeText(asked.type)}`;
  return `${ip} ${query.transport} ${what}`;
}

function contextOf({ query }: WaitingQuery): Parameters<typeof unboundDifference>[2] {
  return { transport: query.transport, ttlSlackSeconds: 0 };
}

/** Equal for a query and its retransmissions. */
function sameQueryKey({ query, seen, ip }: WaitingQuery): string {
  const [asked] = seen.questions;
  return `${ip} ${query.transport} ${asked === undefined ? '' : `${nameKey(asked.name)} ${asked.type} ${asked.class}`}`;
}

function withQuestion(octets: Uint8Array, asked: Uint8Array, uncompressed: () => Uint8Array): Uint8Array {
  const seen = new SeenMessage(octets);
  if (seen.questions.length === 0) {
    const header = octets.slice(0, 12);
    writeU16(header, 4, 1);
    return concatBytes(header, asked, octets.subarray(12));
  }
  if (seen.bad !== null) return octets;
  const plain = octets.length > COMPRESSED_ABOVE_OCTETS ? uncompressed() : octets;
  const { questionEnd } = new SeenMessage(plain);
  return concatBytes(plain.subarray(0, 12), asked, plain.subarray(questionEnd));
}

function sameFirstName(octets: Uint8Array, asked: SeenMessage): boolean {
  const [scripted] = new SeenMessage(octets).questions;
  const [question] = asked.questions;
  return scripted !== undefined && question !== undefined && nameKey(scripted.name) === nameKey(question.name);
}

function servfail({ query, seen }: WaitingQuery): Uint8Array {
  const octets = query.bytes.slice(0, seen.questionEnd);
  writeU16(octets, 2, (seen.flags & (FLAG.RD | FLAG.CD)) | FLAG.QR | RCODE.SERVFAIL);
  writeU16(octets, 4, seen.questions.length > 0 ? 1 : 0);
  octets.fill(0, 6, 12);
  return octets;
}
