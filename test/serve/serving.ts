/** What the tests of serving share: RRsets out of text, resolutions, a resolver whose resolver is played, a client's view. */

import { ReplyCache } from '../../src/cache/reply-cache.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Address } from '../../src/ports/network.ts';
import { createServe, REPLY_BUFFER_OCTETS, type Serve, type ServeParts } from '../../src/serve/query-server.ts';
import type { Layer, ReplyChannel, Transport } from '../../src/serve/reply-channel.ts';
import type { ServeOptions } from '../../src/serve/serve-options.ts';
import { RANK } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../../src/terms/resolution.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { type ExtendedError, extendedErrorsOf } from '../../src/wire/ede.ts';
import { type Edns, readEdns } from '../../src/wire/edns.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { type Question, questionKey } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { formatRecord } from '../../src/wire/record-text.ts';
import { TYPE, typeText } from '../../src/wire/rr-type.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { DEFAULT_SERVE_OPTIONS } from '../support/default-options.ts';
import { rankedAt, recordFrom, rrsetFrom } from '../support/records.ts';

/** When tests take place. */
export const NOW = 1_767_225_600;
/** The signature that signed sets of these tests carry; nothing here checks it. */
const SIGNATURE = 'RRSIG A 13 2 300 20270101000000 20250101000000 1 example. AAAA';
/** A bogus verdict. */
export const BOGUS: Verdict = {
  status: 'bogus',
  why: { kind: 'no-signature', zone: 'example.', record: 'mx.example. A' },
};
/** An insecure one. */
export const INSECURE: Verdict = { status: 'insecure', why: { kind: 'no-ds-proven', zone: 'example.' } };

/** One RRset out of `owner TYPE rdata` lines, with a signature when `signed`. */
export function ranked(lines: readonly string[], { ttl = 300, signed = true } = {}): RankedRRset {
  const rrset = rrsetFrom(lines, signed ? [recordFrom(`. ${SIGNATURE}`).rdata] : []);
  return rankedAt(NOW, ttl, rrset, { rank: RANK.validated, verdict: SECURE, server: null });
}

/** An answer, secure unless said otherwise. */
export function answered(question: Question, parts: Partial<Answered> = {}): Answered {
  return {
    kind: 'answered',
    question,
    rcode: RCODE.NOERROR,
    denied: false,
    answer: [],
    authority: [],
    additional: [],
    verdict: SECURE,
    expiresAt: NOW + 300,
    ...parts,
  };
}

/** How a test asks. */
export interface Asking {
  readonly id?: number;
  readonly rd?: boolean;
  readonly cd?: boolean;
  readonly ad?: boolean;
  /** With EDNS of this size; without it none. */
  readonly udpSize?: number;
  readonly doBit?: boolean;
  readonly optionCodes?: readonly number[];
  readonly transport?: Transport;
  readonly layer?: Layer;
  readonly from?: string;
}

/** What a client got. */
export interface Reply {
  readonly octets: number;
  readonly message: MessageView;
  readonly rcode: number;
  /** Header flags by name, in order of the bits. */
  readonly flags: string;
  /** Owner and type of each record, by section. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  /** Whole records as text. */
  readonly records: readonly string[];
  readonly edns: Edns | null;
  readonly errors: readonly ExtendedError[];
}

/** Reads a reply as a client does. */
export function readReply(bytes: Uint8Array): Reply {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(`malformed reply: ${parsed.reason}`);
  const { message } = parsed;
  const edns = readEdns(message);
  if (edns === 'malformed') throw new Error('malformed OPT');
  const textOf = (i: number): string =>
    formatRecord({
      owner: message.owner(i),
      type: message.type(i),
      class: message.class(i),
      ttl: message.ttl(i),
      rdata: message.rdata(i),
    });
  const indexes = ({ start, end }: { start: number; end: number }): number[] =>
    Array.from({ length: end - start }, (_, i) => start + i).filter((i) => message.type(i) !== TYPE.OPT);
  const short = (i: number): string => `${textOf(i).split(/\s+/)[0]} ${typeText(message.type(i))}`;
  return {
    octets: bytes.length,
    message,
    rcode: message.rcode,
    flags: (['QR', 'AA', 'TC', 'RD', 'RA', 'AD', 'CD'] as const).filter((flag) => message.has(FLAG[flag])).join(' '),
    answer: indexes(message.answer).map(short),
    authority: indexes(message.authority).map(short),
    additional: indexes(message.additional).map(short),
    records: [...indexes(message.answer), ...indexes(message.authority), ...indexes(message.additional)].map(textOf),
    edns,
    errors: edns === null ? [] : extendedErrorsOf(edns),
  };
}

/** The octets of a query. */
export function queryFor(question: Question, asking: Asking = {}): Uint8Array {
  const { id = 1, rd = true, cd = false, ad = false, udpSize, doBit = false, optionCodes = [] } = asking;
  const flags = (rd ? FLAG.RD : 0) | (cd ? FLAG.CD : 0) | (ad ? FLAG.AD : 0);
  const options = optionCodes.map((code) => ({ code, data: new Uint8Array() }));
  return buildQuery({ id, question, flags, ...(udpSize === undefined ? {} : { edns: { udpSize, doBit, options } }) });
}

/** A resolver whose resolver says what the test puts in. */
export class PlayedResolver {
  readonly clock = new FakeClock(NOW);
  readonly log = new FakeLog();
  readonly replies: ReplyCache;
  readonly serve: Serve;
  /** What `find` knows, by question. */
  readonly known = new Map<string, Resolution>();
  /** How often the caches were looked into. */
  looks = 0;
  /** What `findReferral` gives. */
  referral: Answered | null = null;
  /** Questions that were handed over, with the way to end them. */
  readonly resolving: { question: Question; end: (resolution: Resolution) => void; fail: (error: Error) => void }[] =
    [];
  /** Replies that came later; null where there was none. */
  readonly late: (Reply | null)[] = [];
  readonly #out = new Uint8Array(REPLY_BUFFER_OCTETS);

  constructor(
    options: Partial<ServeOptions> = {},
    policy: Policy | null = null,
    more: Pick<ServeParts, 'cookies' | 'clientRates' | 'publisher' | 'zones' | 'followers'> = {},
  ) {
    this.replies = new ReplyCache({ clock: this.clock, random: new SeededRandom(1), maxBytes: 1 << 20 });
    this.serve = createServe({
      clock: this.clock,
      log: this.log,
      replies: this.replies,
      options: { ...DEFAULT_SERVE_OPTIONS, ...options },
      ...(policy === null ? {} : { policy }),
      ...more,
      resolver: {
        look: (question) => {
          this.looks++;
          return this.known.get(questionKey(question)) ?? { kind: 'miss', unchecked: null };
        },
        peek: (question) => this.known.get(questionKey(question)) ?? null,
        findReferral: () => this.referral,
        resolve: (question) =>
          new Promise((end, fail) => {
            this.resolving.push({ question, end, fail });
          }),
        resolveFor: (client, question) => {
          const end = (resolution: Resolution) => client.take(resolution);
          this.resolving.push({ question, end, fail: (error) => client.fail(error) });
        },
      },
    });
  }

  /** Lets the resolver know something. */
  know(resolution: Resolution): this {
    this.known.set(questionKey(resolution.question), resolution);
    return this;
  }

  /** Sends octets; a reply at once, null for silence, 'handed over' when it comes later. */
  send(bytes: Uint8Array, asking: Asking = {}, isPassedOn = false): Reply | null | 'handed over' {
    const from: Address = { ip: asking.from ?? '127.0.0.1', port: 40_000 };
    const channel: ReplyChannel = {
      transport: asking.transport ?? 'udp',
      layer: asking.layer,
      deliver: (reply, length) => this.late.push(length === 0 ? null : readReply(reply.slice(0, length))),
    };
    const length = isPassedOn
      ? this.serve.queryPassedOn(bytes, from, channel, this.#out)
      : this.serve.query(bytes, from, channel, this.#out);
    if (length === 0) return 'handed over';
    return length < 0 ? null : readReply(this.#out.slice(0, length));
  }

  /** Asks and expects a reply at once. */
  reply(question: Question, asking: Asking = {}): Reply {
    const reply = this.send(queryFor(question, asking), asking);
    if (reply === null || reply === 'handed over') throw new Error(`no reply at once: ${reply}`);
    return reply;
  }

  /** Ends the oldest question that was handed over. */
  async end(resolution: Resolution): Promise<void> {
    this.resolving.shift()?.end(resolution);
    await this.clock.settle();
  }
}
