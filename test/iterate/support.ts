/** Messages out of text, and a little unsigned internet of scripted servers with the room on top, for tests of `iterate`. */

import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { DelegationCache } from '../../src/cache/delegation-cache.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { ServerCache } from '../../src/cache/server-cache.ts';
import { createIterate, type IterateCallOptions } from '../../src/iterate/iterate.ts';
import type { IterateOptions } from '../../src/iterate/options.ts';
import { Upstream } from '../../src/iterate/upstream.ts';
import type { IterationResult } from '../../src/terms/iteration-result.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { Counters } from '../../src/trace/counters.ts';
import { Trace } from '../../src/trace/trace.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { type MessageView, parseMessage, type Section } from '../../src/wire/message-view.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { type Question, questionKey } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { typeText } from '../../src/wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../../src/wire/rrset.ts';
import { Budget } from '../../src/work/budget.ts';
import type { Fetch } from '../../src/work/fetch.ts';
import { InFlight } from '../../src/work/in-flight.ts';
import { soonOrTold } from '../../src/work/taker.ts';
import { Work } from '../../src/work/work.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import type { IncomingQuery } from '../fake/fake-server.ts';
import {
  DEFAULT_ALLOWANCE,
  DEFAULT_ITERATE_OPTIONS,
  DEFAULT_SERVER_CACHE_OPTIONS,
} from '../support/default-options.ts';
import { questionFrom, recordFrom } from '../support/records.ts';

/** A response in text: records one a line. */
export interface ResponseText {
  readonly flags?: number;
  readonly rcode?: number;
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
  /** Default true. */
  readonly edns?: boolean;
}

/** The octets of a response. */
export function responseBytes(question: Question | null, text: ResponseText, id = 0): Uint8Array {
  const buffer = new Uint8Array(65_535);
  const builder = new MessageBuilder(buffer);
  builder.start({ id, flags: FLAG.QR | (text.flags ?? 0), rcode: text.rcode ?? RCODE.NOERROR });
  if (question !== null) builder.question(question);
  for (const section of ['answer', 'authority', 'additional'] as const satisfies readonly Section[]) {
    for (const line of text[section] ?? []) {
      builder.record(section, recordFrom(line));
    }
  }
  if (text.edns !== false) builder.edns({ udpSize: 1232, doBit: true });
  return buffer.slice(0, builder.finish());
}

/** The view of a response. */
export function responseView(question: Question, text: ResponseText): MessageView {
  const parsed = parseMessage(responseBytes(question, text));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

/** What a scripted server says to a question; null: silence. */
export type Script = (question: Question, query: IncomingQuery) => ResponseText | null;

/** A script out of a table from `name TYPE` to response; names are asked in lower case. Others are refused. */
export function table(rows: Readonly<Record<string, ResponseText>>): Script {
  return (question) => rows[questionLine(question)] ?? { rcode: RCODE.REFUSED };
}

/** `name TYPE` of a question, in lower case. */
export function questionLine(question: Question): string {
  return `${formatName(question.name).toLowerCase()} ${typeText(question.type)}`;
}

/** `name TYPE rdata` of each record of held sets. */
export function lines(sets: readonly RankedRRset[]): string[] {
  return sets.flatMap(({ rrset }) =>
    rdatasOf(rrset).map(
      (rdata) =>
        `${formatName(rrsetOwner(rrset))} ${typeText(rrsetType(rrset))} ${formatRdata(rrsetType(rrset), rdata)}`,
    ),
  );
}

/** The room on fake ports, with caches and a fetch as the resolver makes it. */
export class Bench {
  readonly ports: FakePorts = makeFakePorts();
  readonly counters = new Counters();
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
  readonly delegations: DelegationCache;
  readonly servers: ServerCache;
  readonly iterate: (work: Work, call?: IterateCallOptions) => Promise<IterationResult>;
  readonly upstream: Upstream;
  readonly options: IterateOptions;
  readonly trace = new Trace();
  /** `ip name TYPE` of each query that reached a server, in order. */
  readonly asked: string[] = [];
  #budget = new Budget(DEFAULT_ALLOWANCE);
  #lastId = 0;
  readonly #inFlight: InFlight<IterationResult>;

  constructor(
    options: Partial<IterateOptions> = {},
    expectsSignatures: (zone: string) => boolean = () => false,
    notice: (text: string) => void = () => {},
  ) {
    const { clock, network, random } = this.ports;
    const { counters } = this;
    const whole = { ...DEFAULT_ITERATE_OPTIONS, hints: [hint('a.root.', '198.41.0.4')], ...options };
    const maxBytes = 1_000_000;
    this.rrsets = new RRsetCache({ clock, random: new SeededRandom(1), maxBytes });
    this.answers = new AnswerCache({ clock, random: new SeededRandom(1), rrsets: this.rrsets, maxBytes });
    this.delegations = new DelegationCache({ clock, random: new SeededRandom(1), maxBytes });
    this.servers = new ServerCache({ clock, options: DEFAULT_SERVER_CACHE_OPTIONS });
    this.#inFlight = new InFlight<IterationResult>({
      isCallerSpecific: () => false,
      refused: () => ({ kind: 'failed', why: { kind: 'dependency-cycle' } }),
      report: (error) => {
        throw error;
      },
    });
    this.options = whole;
    this.upstream = new Upstream({ clock, network, random, counters, notice, servers: this.servers, options: whole });
    const iterate = createIterate({
      ...{ clock, network, random, counters: this.counters },
      ...{ rrsets: this.rrsets, delegations: this.delegations, servers: this.servers },
      fetch: this.fetch,
      findCached: (question) => this.answers.find(question),
      expectsSignatures: (zone) => expectsSignatures(formatName(zone)),
      options: whole,
      upstream: this.upstream,
    });
    this.iterate = (work, call = {}) => soonOrTold((asker) => iterate(work, call, asker));
  }

  readonly fetch: Fetch = async (parent, question, options = {}) => {
    const start = () => this.#work(question, parent);
    const run = (work: Work) => this.iterate(work, options.avoid === undefined ? {} : { avoid: options.avoid });
    return await this.#inFlight.share(questionKey(question), parent, start, run);
  };

  /** Puts a scripted server at an address. */
  serve(ip: string, script: Script): void {
    this.ports.servers.serve(ip, (query) => {
      const parsed = parseMessage(query.bytes);
      const [question] = parsed.ok ? parsed.message.questions : [];
      if (!parsed.ok || question === undefined) return;
      this.asked.push(`${ip} ${questionLine(question)}${query.transport === 'tcp' ? ' tcp' : ''}`);
      const text = script(question, query);
      if (text !== null) query.reply(responseBytes(question, text, parsed.message.id));
    });
  }

  /** Asks as a client's work does, with a budget of its own. */
  async run(text: string, call: IterateCallOptions = {}): Promise<IterationResult> {
    const work = this.newWork(text);
    return await this.ports.clock.runUntilSettled(this.iterate(work, call), { waitingFor: text });
  }

  /** A client's work with a budget of its own. */
  newWork(text: string): Work {
    this.#budget = new Budget(DEFAULT_ALLOWANCE);
    return this.#work(questionFrom(text), null);
  }

  get budget(): Budget {
    return this.#budget;
  }

  #work(question: Question, parent: Work | null): Work {
    const nowMs = this.ports.clock.monotonicMs();
    return new Work({
      ...{ id: ++this.#lastId, question, mode: 'normal', parent, trace: this.trace },
      ...{ budget: parent?.budget ?? this.#budget, startedMs: nowMs, deadlineMs: parent?.deadlineMs ?? nowMs + 60_000 },
    });
  }
}

/** A root hint. */
export function hint(
  name: string,
  ...addresses: string[]
): { name: ReturnType<typeof mustParseName>; addresses: string[] } {
  return { name: mustParseName(name), addresses };
}

/** The end of what was found; throws when nothing was. */
export function endOf(found: IterationResult): Extract<IterationResult, { kind: 'found' }>['end'] {
  if (found.kind === 'failed') throw new Error(`failed: ${JSON.stringify(found.why)}`);
  return found.end;
}
