/**
 * What one cached answer costs from the query's octets to the reply's: microseconds and octets allocated, for what clients send
 * and for what an operator configures. Run: `node --expose-gc bench/serve-hot-query.ts [setup]`.
 */

import { ReplyCache } from '../src/cache/reply-cache.ts';
import { parseConfigText } from '../src/config/load-config.ts';
import { makePolicy } from '../src/policy/make-policy.ts';
import { DEFAULT_ACCESS } from '../src/serve/access-control.ts';
import { ServerCookies } from '../src/serve/cookies.ts';
import { createServe, REPLY_BUFFER_OCTETS, type ServeParts } from '../src/serve/query-server.ts';
import { ClientRates } from '../src/serve/rate-limit.ts';
import type { ReplyChannel } from '../src/serve/reply-channel.ts';
import { RANK } from '../src/terms/rank.ts';
import type { Resolution } from '../src/terms/resolution.ts';
import { SECURE } from '../src/terms/verdict.ts';
import { Counters } from '../src/trace/counters.ts';
import { EDNS_OPTION } from '../src/wire/edns.ts';
import { ROOT } from '../src/wire/name.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { buildQuery } from '../src/wire/query.ts';
import { type Question, questionOf } from '../src/wire/question.ts';
import { FLAG, RCODE } from '../src/wire/rcode.ts';
import { CLASS, TYPE } from '../src/wire/rr-type.ts';
import { packRRset } from '../src/wire/rrset.ts';
import { DEFAULT_SERVE_OPTIONS } from '../test/support/default-options.ts';
import { stillClock } from './still-clock.ts';

const NOW = Math.floor(Date.now() / 1000);
const HITS = 400_000;
const ROUNDS = 9;
const CLIENTS = 8;
/** Queries of one name: see `mixed`. */
const KINDS = 8;
/** Of `host-00000`, after the header and the octet of its length. */
const LAST_DIGIT_AT = 12 + 10;

const clock = stillClock(NOW);
const random = {
  u16: () => 1,
  below: (n: number) => n - 1,
  bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
};
const log = { write: () => {} };

function answerTo(question: Question): Resolution {
  const rdatas = [1, 2].map((i) => Uint8Array.of(192, 0, 2, i));
  const signatures = [new Uint8Array(96).fill(7)];
  const rrset = packRRset({ owner: question.name, type: TYPE.A, class: CLASS.IN, rdatas, signatures });
  const times = { receivedAt: NOW, expiresAt: NOW + 3600, originalTtl: 3600 };
  const parts = { rcode: RCODE.NOERROR, denied: false, authority: [], additional: [], verdict: SECURE };
  const answer = [{ rrset, ...times, rank: RANK.validated, verdict: SECURE, server: null, zone: ROOT }];
  return { kind: 'answered', question, answer, expiresAt: NOW + 3600, ...parts };
}

/** How a setup differs from plain queries to a server without anything configured. */
interface Setup {
  readonly name: string;
  readonly names: number;
  readonly queries: (question: Question, n: number) => Uint8Array;
  readonly parts: Partial<ServeParts>;
}

const plain = (question: Question, n: number): Uint8Array => buildQuery({ id: n & 0xffff, question, flags: FLAG.RD });
const withDo = (question: Question, n: number): Uint8Array =>
  buildQuery({ id: n & 0xffff, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true, options: [] } });
const withCookie = (question: Question, n: number): Uint8Array => {
  const options = [{ code: EDNS_OPTION.COOKIE, data: new Uint8Array(8).fill(3) }];
  return buildQuery({ id: n & 0xffff, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true, options } });
};
/** Eight kinds of query, one after the other. */
const mixed = (question: Question, n: number): Uint8Array => {
  const flags = FLAG.RD | ((n & 1) === 0 ? FLAG.AD : 0) | ((n & 2) === 0 ? FLAG.CD : 0);
  const edns = { udpSize: (n & 4) === 0 ? 4096 : 1232, doBit: (n & 1) === 0, options: [] };
  return buildQuery({ id: n & 0xffff, question, flags, ...((n & 7) === 7 ? {} : { edns }) });
};

function defaultPolicy(): Pick<ServeParts, 'policy'> {
  const loaded = parseConfigText('server:\n', 'bench.conf', { readText: () => null } as never);
  if (!loaded.ok) throw new Error('no configuration');
  const serversOf = async (): Promise<never> => {
    throw new Error('not asked for');
  };
  const blocks = { accessBlocks: [], defaultBlocks: DEFAULT_ACCESS, listenKeys: () => [] };
  return {
    policy: makePolicy({ config: loaded.config, log, clock, counters: new Counters(), ...blocks, serversOf }).policy,
  };
}

function everything(): Partial<ServeParts> {
  const options = { perSecond: 1e9, perSecondWithCookie: 1e9, factor: 10, backoff: false, maxBytes: 1 << 22 };
  const cookies = new ServerCookies([new Uint8Array(16).fill(7)]);
  return { ...defaultPolicy(), cookies, clientRates: new ClientRates({ clock, random, options }) };
}

const SETUPS: readonly Setup[] = [
  { name: 'plain', names: 8, queries: plain, parts: {} },
  { name: 'do', names: 8, queries: withDo, parts: {} },
  { name: 'mixed', names: 8, queries: mixed, parts: {} },
  { name: 'policy', names: 8, queries: withDo, parts: defaultPolicy() },
  { name: 'everything', names: 8, queries: withCookie, parts: everything() },
  { name: 'zipf', names: 20_000, queries: withDo, parts: {} },
  { name: 'zipf-mixed', names: 20_000, queries: mixed, parts: {} },
];

/** Which name comes when: by Zipf's law, the same on every run. */
function ranks(names: number): Uint32Array {
  let seed = 1;
  const next = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  return Uint32Array.from({ length: 1 << 17 }, () => Math.min(names - 1, Math.floor(names ** next()) - 1));
}

async function measure(setup: Setup): Promise<void> {
  const replies = new ReplyCache({ clock, random, maxBytes: 64 * 1024 * 1024 });
  const unknown = (): never => {
    throw new Error('not in the reply cache');
  };
  let look: (question: Question) => Resolution = answerTo;
  const resolver = {
    look: (question: Question) => look(question),
    peek: unknown,
    findReferral: unknown,
    resolve: unknown,
    resolveFor: unknown,
  };
  const serve = createServe({ clock, log, resolver, replies, options: DEFAULT_SERVE_OPTIONS, ...setup.parts });
  const clients = Array.from({ length: CLIENTS }, (_, n) => ({ ip: `127.0.0.${n + 1}`, port: 40_000 + n }));
  const channel: ReplyChannel = { transport: 'udp', local: { ip: '127.0.0.1', port: 53 }, deliver: () => {} };
  const out = new Uint8Array(REPLY_BUFFER_OCTETS);
  // Few queries whose digits change, so that it is the server's memory that is measured and not that of the questions.
  const question = questionOf(mustParseName('host-00000.mail.example.'), TYPE.A);
  const queries = Array.from({ length: KINDS }, (_, n) => setup.queries(question, n));
  const queryFor = (name: number, kind: number): Uint8Array => {
    const query = queries[kind] as Uint8Array;
    for (let at = LAST_DIGIT_AT, left = name; at > LAST_DIGIT_AT - 5; at--, left = Math.floor(left / 10)) {
      query[at] = 0x30 + (left % 10);
    }
    return query;
  };
  for (let n = 0; n < setup.names * KINDS; n++) {
    if (serve.query(queryFor(n >> 3, n & 7), clients[0] as never, channel, out) <= 0) throw new Error('no reply');
  }
  look = unknown;
  const order = ranks(setup.names);
  const hit = (times: number): void => {
    for (let i = 0; i < times; i++) {
      const query = queryFor(order[i & (order.length - 1)] as number, i & (KINDS - 1));
      const length = serve.query(query, clients[i & (CLIENTS - 1)] as never, channel, out);
      if (length <= 0) throw new Error('miss');
    }
  };
  hit(HITS);
  const times: number[] = [];
  let octets = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    const start = process.cpuUsage();
    hit(HITS);
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / HITS);
    const after = process.memoryUsage();
    octets = Math.min(octets, after.heapUsed + after.external - before.heapUsed - before.external);
  }
  times.sort((a, b) => a - b);
  const [least, median] = [times[0] ?? 0, times[ROUNDS >> 1] ?? 0].map((us) => us.toFixed(3));
  const { count, sizeBytes } = replies;
  console.log(
    `${setup.name.padEnd(11)} ${least} µs least, ${median} median; ${(octets / HITS).toFixed(2)} octets allocated; ${count} entries, ${(sizeBytes / 1024).toFixed(0)} kB`,
  );
}

const wanted = process.argv[2];
for (const setup of SETUPS) if (wanted === undefined || setup.name === wanted) await measure(setup);
