/**
 * Proves the form of statistics: numbers as C prints them, quantiles, lines left out, lines of the log, and that every kind
 * of bogus data and every limit has its counter, for unbound-control and for Prometheus.
 */

import { describe, expect, test } from 'vitest';
import { metricsText } from '../../src/control/prometheus.ts';
import { quantile, type StatisticsSnapshot } from '../../src/control/stat-row.ts';
import { DaemonStatistics, generalText, type StatisticsOptions, secondsText } from '../../src/control/statistics.ts';
import { ServeStats } from '../../src/serve/serve-stats.ts';
import { BOUND_TEXT, LIMIT_TEXT } from '../../src/terms/limit.ts';
import { Counters } from '../../src/trace/counters.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { makeBench } from './bench.ts';

const ALL: StatisticsOptions = { extended: true, inhibitZero: true, cumulative: false };
const SIZED = { count: 3, sizeBytes: 1000 };

function made(options: Partial<StatisticsOptions> = {}) {
  const clock = new FakeClock(1_767_225_600);
  const serve = new ServeStats();
  const figures: StatisticsSnapshot = {
    serve,
    threads: [serve],
    counters: new Counters(),
    caches: {
      rrsets: SIZED,
      answers: SIZED,
      replies: SIZED,
      servers: SIZED,
      keys: SIZED,
      denials: SIZED,
      delegations: SIZED,
      failures: SIZED,
    },
    requestList: { all: 5, user: 3, replies: 7 },
    tcpUsage: 2,
    httpOctets: { queries: 0, replies: 0 },
    expiring: 0,
    policyActions: new Map([['rpz-drop', 4]]),
  };
  const statistics = new DaemonStatistics({
    clock,
    startedMs: clock.monotonicMs(),
    unixTime: () => 1_767_225_600.25,
    snapshot: () => figures,
    resetServe: () => serve.reset(),
    options: () => ({ ...ALL, ...options }),
  });
  return { clock, figures, statistics };
}

describe('numbers', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [0.5, '0.5'],
    [1 / 3, '0.333333'],
    [123456, '123456'],
    [1234567, '1.23457e+06'],
    [0.0001, '0.0001'],
    [0.00001234, '1.234e-05'],
    [16.777216, '16.7772'],
    [999999.7, '1e+06'],
  ])('%d is %s, as %%g of C writes it', (value, text) => {
    expect(generalText(value)).toBe(text);
  });

  test('seconds have six places', () => {
    expect([0, 1.5, 0.0000014, 1795460373.964136, 0.9999999].map(secondsText)).toEqual([
      '0.000000',
      '1.500000',
      '0.000001',
      '1795460373.964136',
      '1.000000',
    ]);
  });

  test('quantiles lie straight between the ends of their span, and need 4 waits', () => {
    const { serve } = made().figures;
    for (const ms of [3, 3, 3]) serve.countRecursion(ms);
    expect(quantile(serve.histogram, 0.5)).toBe(0);
    serve.countRecursion(3);
    expect(quantile(serve.histogram, 0.5)).toBeCloseTo(0.003072, 9);
    expect(quantile(serve.histogram, 0.25)).toBeCloseTo(0.00256, 9);
  });
});

describe('the text', () => {
  test('says the same for the thread and in total, and the times', async () => {
    const { clock, statistics, figures } = made();
    figures.serve.countMiss(4);
    figures.serve.countRecursion(250);
    await clock.advance(1500);
    const text = statistics.text();
    for (const prefix of ['thread0', 'total']) {
      expect(text).toContain(`${prefix}.requestlist.avg=4\n${prefix}.requestlist.max=4\n`);
      expect(text).toContain(`${prefix}.requestlist.current.all=5\n${prefix}.requestlist.current.user=3\n`);
      expect(text).toContain(`${prefix}.recursion.time.avg=0.250000\n${prefix}.recursion.time.median=0\n`);
      expect(text).toContain(`${prefix}.tcpusage=2\n`);
    }
    expect(text).toContain('time.now=1767225600.250000\ntime.up=1.500000\ntime.elapsed=1.500000\n');
    expect(text).toContain('mem.cache.rrset=1000\nmem.cache.message=2000\nmem.mod.iterator=3000\n');
    expect(text).toContain('num.rpz.action.rpz-drop=4\n');
    statistics.reset();
    expect(statistics.text()).not.toContain('num.rpz.action');
  });

  test('has nothing extended unless asked for', () => {
    const { statistics } = made({ extended: false });
    expect(statistics.text().split('\n').at(-2)).toMatch(/^time\.elapsed=/);
  });

  test('leaves out what is 0 of types, classes, opcodes and odd rcodes, and only of those', () => {
    const { statistics, figures } = made();
    const query = { type: TYPE.TLSA, class: CLASS.IN, opcode: 0, flags: FLAG.RD, hasEdns: false, doBit: false };
    figures.serve.countQuery(query, { transport: 'udp' }, false);
    const names = statistics.text().match(/^num\.(?:query\.(?:type|class|opcode)|answer\.rcode)\.\S+?(?==)/gm);
    expect(names).toEqual([
      'num.query.type.TLSA',
      'num.query.class.IN',
      'num.query.opcode.QUERY',
      'num.answer.rcode.NOERROR',
      'num.answer.rcode.FORMERR',
      'num.answer.rcode.SERVFAIL',
      'num.answer.rcode.NXDOMAIN',
      'num.answer.rcode.NOTIMPL',
      'num.answer.rcode.REFUSED',
    ]);
  });

  test('goes back to 0 when shown, unless it is cumulative; the elapsed time does so in any case', async () => {
    for (const cumulative of [false, true]) {
      const { clock, statistics, figures } = made({ cumulative });
      figures.serve.overRate = 2;
      figures.counters.add('prefetch');
      await clock.advance(1000);
      expect(statistics.textOnce()).toContain('thread0.num.queries_ip_ratelimited=2\n');
      const after = statistics.text();
      expect(after).toContain(`thread0.num.queries_ip_ratelimited=${cumulative ? 2 : 0}\n`);
      expect(after).toContain(`thread0.num.prefetch=${cumulative ? 1 : 0}\n`);
      expect(after).toContain('time.up=1.000000\ntime.elapsed=0.000000\n');
    }
  });

  test('counts each kind of bogus data, each limit and each outcome of TLSA', () => {
    const { statistics, figures } = made();
    figures.counters.add('bogus.signature-expired', 3);
    figures.counters.add('limit.upstream-queries');
    figures.serve.tlsa.bogus = 2;
    const text = statistics.text();
    expect(text).toContain('num.bogus.signature-expired=3\n');
    expect(text).toContain('num.limit.upstream-queries=1\n');
    expect(text).toContain('num.dane.tlsa.bogus=2\n');
    expect(text.match(/^num\.bogus\./gm)?.length).toBeGreaterThan(20);
    expect(text.match(/^num\.limit\./gm)).toHaveLength(Object.keys({ ...LIMIT_TEXT, ...BOUND_TEXT }).length);
  });
});

test('the log gets the lines that Unbound writes', () => {
  const { statistics, figures } = made();
  figures.serve.queries = 9;
  for (const inProgress of [0, 1]) figures.serve.countMiss(inProgress);
  expect(statistics.logLines()).toEqual([
    'server stats for thread 0: 9 queries, 7 answers from cache, 2 recursions, 0 prefetch, 0 rejected by ip ratelimiting',
    'server stats for thread 0: requestlist max 1 avg 0.5 exceeded 0 jostled 0',
  ]);
  for (const ms of [3, 3, 3, 1500]) figures.serve.countRecursion(ms);
  expect(statistics.logLines().slice(2)).toEqual([
    'average recursion processing time 0.377250 sec',
    'histogram of recursion processing times',
    '[25%]=0.00273067 median[50%]=0.00341333 [75%]=0.004096',
    'lower(secs) upper(secs) recursions',
    '   0.002048    0.004096 3',
    '   1.000000    2.000000 1',
  ]);
});

describe('metrics', () => {
  test('each have one HELP and one TYPE, right before their samples', () => {
    const { statistics } = made();
    const lines = metricsText(statistics, '1.2.3').trimEnd().split('\n');
    const described = lines.flatMap((line) => /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1] ?? []);
    expect(new Set(described).size).toBe(described.length);
    let current = '';
    const strange = lines.filter((line) => {
      const type = /^# TYPE (\S+) /.exec(line)?.[1];
      if (type !== undefined) current = type;
      if (line.startsWith('# ')) return false;
      const sample = /^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{[a-z]+="[^"\\\n]*"\})? [0-9.e+-]+$/.exec(line);
      return sample === null || !(sample[1] ?? '').startsWith(current);
    });
    expect(strange).toEqual([]);
  });

  test('show the histogram as Prometheus wants it: cumulative, in seconds, with sum and count', () => {
    const { statistics, figures } = made();
    for (const ms of [3, 3, 1500]) figures.serve.countRecursion(ms);
    const text = metricsText(statistics, '1.2.3');
    expect(text).toContain('hawser_response_time_seconds_bucket{le="0.002048"} 0\n');
    expect(text).toContain('hawser_response_time_seconds_bucket{le="0.004096"} 2\n');
    expect(text).toContain('hawser_response_time_seconds_bucket{le="2.0"} 3\n');
    expect(text).toContain('hawser_response_time_seconds_bucket{le="+Inf"} 3\n');
    expect(text).toContain('hawser_response_time_seconds_sum 1.506\nhawser_response_time_seconds_count 3\n');
  });
});

test('the verbs show and set back what a resolver has counted', async () => {
  const bench = await makeBench('server:\n  extended-statistics: yes\n');
  bench.instance.serve.stats.overRate = 2;
  bench.instance.counters.add('rrset.bogus');
  expect(await bench.run('stats_noreset')).toContain('num.rrset.bogus=1\n');
  expect(await bench.run('stats')).toContain('thread0.num.queries_ip_ratelimited=2\n');
  expect(await bench.run('stats_noreset')).toContain('thread0.num.queries_ip_ratelimited=0\n');
  expect(await bench.run('flush_stats')).toBe('ok\n');
});

test('statistics in shared memory are refused, with what to ask for in their place', async () => {
  const bench = await makeBench();
  expect(await bench.run('stats_shm')).toBe(
    'error statistics are not in shared memory here; stats_noreset shows them\n',
  );
});
