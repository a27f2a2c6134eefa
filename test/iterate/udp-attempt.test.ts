/** Proves how much of the time that is left one datagram gets: unknown-server-time-limit at least, else a third of it. */

import { expect, test } from 'vitest';
import { ServerCache } from '../../src/cache/server-cache.ts';
import { LostDatagrams } from '../../src/iterate/lost-datagrams.ts';
import { attemptUdp } from '../../src/iterate/udp-attempt.ts';
import type { ExchangeParts, UpstreamQuery } from '../../src/iterate/upstream-query.ts';
import { UpstreamStreams } from '../../src/iterate/upstream-streams.ts';
import { Counters } from '../../src/trace/counters.ts';
import { ROOT } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Budget } from '../../src/work/budget.ts';
import { Deadlines } from '../../src/work/deadlines.ts';
import { Semaphore } from '../../src/work/semaphore.ts';
import { Work } from '../../src/work/work.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import {
  DEFAULT_ALLOWANCE,
  DEFAULT_ITERATE_OPTIONS,
  DEFAULT_SERVER_CACHE_OPTIONS,
} from '../support/default-options.ts';
import { questionFrom } from '../support/records.ts';

const KEY = '192.0.2.53@53';
const QUESTION = questionFrom('www.example. A');

/** How long a server that never answers is waited for, ms, with so much left; `timeouts`: what it has shown before. */
async function waitedFor(leftMs: number, unknownTimeoutMs: number, timeouts = 5) {
  const { clock, network, random } = makeFakePorts();
  const servers = new ServerCache({ clock, options: { ...DEFAULT_SERVER_CACHE_OPTIONS, unknownTimeoutMs } });
  const known = servers.at(KEY, ROOT);
  for (let i = 0; i < timeouts; i++) {
    servers.report(known, { kind: 'silent', waitedMs: servers.timeoutMs(known), type: TYPE.A });
  }
  const options = DEFAULT_ITERATE_OPTIONS;
  const streams = new UpstreamStreams({
    ...{ clock, network, options: options.streams },
    onStray: () => {},
    onCrowdedOut: () => {},
  });
  const parts: ExchangeParts = {
    ...{ clock, network, random, servers, options, streams, counters: new Counters() },
    ...{ sockets: new Semaphore(clock, 1), lost: new LostDatagrams({ clock, servers }) },
    deadlines: new Deadlines(clock),
    ...{ notice: () => {}, noteUnwanted: () => {}, sayExhausted: () => {} },
  };
  const startedMs = clock.monotonicMs();
  const work = new Work({
    ...{ id: 1, question: QUESTION, mode: 'normal', parent: null, trace: null },
    ...{ budget: new Budget(DEFAULT_ALLOWANCE), startedMs, deadlineMs: startedMs + leftMs },
  });
  const query: UpstreamQuery = {
    ...{ server: { ip: '192.0.2.53', port: 53 }, question: QUESTION, tlsName: null },
    known,
    recursion: false,
    transport: 'udp',
    needsSignatures: false,
    zoneTimeouts: 0,
  };
  const made = { query, withEdns: false, withOptions: false, withCookie: false, randomCase: false };
  const end = await clock.runUntilSettled(attemptUdp(parts, work, made), { waitingFor: KEY });
  expect(end).toMatchObject({ kind: 'timeout', waitedMs: clock.monotonicMs() - startedMs });
  return end.kind === 'timeout' ? { waitedMs: end.waitedMs, wasCut: end.wasCut } : null;
}

test('a server that was silent gets a third of what is left, so that others have their turn', async () => {
  expect(await waitedFor(2400, 376)).toEqual({ waitedMs: 800, wasCut: true });
});

test('little as is left, it gets unknown-server-time-limit', async () => {
  expect(await waitedFor(600, 376)).toEqual({ waitedMs: 376, wasCut: true });
  expect(await waitedFor(600, 500)).toEqual({ waitedMs: 500, wasCut: true });
  expect(await waitedFor(600, 100)).toEqual({ waitedMs: 200, wasCut: true });
});

test('never more than is left', async () => {
  expect(await waitedFor(250, 376)).toEqual({ waitedMs: 250, wasCut: true });
});

test('a server that nothing is known of gets just unknown-server-time-limit', async () => {
  expect(await waitedFor(6000, 376, 0)).toEqual({ waitedMs: 376, wasCut: false });
  expect(await waitedFor(6000, 500, 0)).toEqual({ waitedMs: 500, wasCut: false });
});
