/**
 * Proves that the dashboard has the form that Grafana imports, that dashboard and alert rules name only metrics that there are,
 * and that the names which monitoring of Unbound reads are in our statistics.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeBench } from '../control/bench.ts';

const FOLDER = join(import.meta.dirname, '../../packaging/monitoring');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

const dashboard = JSON.parse(read('grafana-hawser.json')) as {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly id?: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};

/** Names of samples of a daemon. */
async function sampleNames(): Promise<Set<string>> {
  const { instance, statistics } = await makeBench();
  instance.serve.stats.byType[TYPE.A] = 1;
  const { body } = statistics.metricsPage('text/plain');
  const families = [...body.matchAll(/^# HELP (\S+) /gm)].map(([, name]) => name as string);
  const samples = [...body.matchAll(/^[a-z]\w+/gm)].map(([name]) => name);
  return new Set([...families, ...samples]);
}

describe('the dashboard', () => {
  test('is one that Grafana imports: no id of a database, unique panels that do not overlap, a data source to choose', () => {
    expect(dashboard).toMatchObject({ uid: 'hawser', title: 'Hawser' });
    expect(dashboard.id).toBeUndefined();
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    for (const { type, targets = [] } of dashboard.panels) {
      expect(['row', 'stat', 'timeseries']).toContain(type);
      expect(targets.length > 0).toBe(type !== 'row');
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });
});

test('dashboard and alert rules name only metrics that there are', async () => {
  const names = await sampleNames();
  const text = `${read('grafana-hawser.json')}${read('hawser-alerts.yaml')}`;
  const named = new Set([...text.matchAll(/\bhawser_[a-zA-Z0-9_]+/g)].map(([name]) => name));
  expect(named.size).toBeGreaterThan(30);
  expect([...named].filter((name) => !names.has(name))).toEqual([]);
});

/** What others read of `unbound-control stats`, gathered from their public sources. */
const READ_BY = {
  'unbound_exporter (letsencrypt, kumina)': [
    'thread0.num.queries thread0.num.queries_cookie_valid thread0.num.queries_cookie_client thread0.num.cachehits',
    'thread0.num.queries_discard_timeout thread0.num.queries_replyaddr_limit thread0.num.queries_wait_limit',
    'thread0.num.cachemiss thread0.num.prefetch thread0.num.expired thread0.num.recursivereplies',
    'thread0.num.dns_error_reports thread0.requestlist.overwritten thread0.requestlist.exceeded',
    'thread0.requestlist.current.all thread0.requestlist.current.user thread0.requestlist.current.replies',
    'total.recursion.time.avg total.recursion.time.median time.now time.up time.elapsed mem.cache.rrset mem.cache.message',
    'mem.mod.iterator mem.mod.validator mem.mod.respip mem.mod.subnet mem.http.query_buffer mem.http.response_buffer',
    'mem.quic histogram.000000.000000.to.000000.000001 histogram.262144.000000.to.524288.000000 num.query.type.A',
    'num.query.class.IN num.query.opcode.QUERY num.query.tcp num.query.tcpout num.query.udpout num.query.tls',
    'num.query.tls.resume num.query.ipv6 num.query.https num.query.quic num.query.flags.RD num.query.edns.present',
    'num.query.edns.DO num.answer.rcode.NOERROR num.answer.rcode.nodata num.answer.secure num.answer.bogus',
    'num.rrset.bogus num.valops num.query.aggressive.NOERROR num.query.aggressive.NXDOMAIN unwanted.queries',
    'unwanted.replies msg.cache.count rrset.cache.count infra.cache.count msg.cache.max_collisions',
    'rrset.cache.max_collisions num.rpz.action.rpz-nxdomain num.query.subnet num.query.subnet_cache',
  ],
  "zabbix's and collectd's scripts, telegraf, netdata": [
    'total.num.queries total.num.queries_ip_ratelimited total.num.cachehits total.num.cachemiss total.num.prefetch',
    'total.num.expired total.num.recursivereplies total.requestlist.max total.requestlist.avg',
    'total.requestlist.overwritten total.requestlist.exceeded total.requestlist.current.all',
    'total.requestlist.current.user total.tcpusage total.recursion.time.avg total.recursion.time.median',
    'num.query.type.A num.query.type.AAAA num.query.type.MX num.query.type.NS num.query.type.PTR num.query.type.SOA',
    'num.query.type.SRV num.query.type.TXT num.answer.rcode.NXDOMAIN num.answer.rcode.SERVFAIL num.answer.rcode.REFUSED',
    'key.cache.count mem.streamwait time.up',
  ],
};

test.each(Object.entries(READ_BY))('what %s read is there, each a number in a line NAME=VALUE', async (_, groups) => {
  const bench = await makeBench('server:\n  extended-statistics: yes\n  statistics-inhibit-zero: no\n');
  const lines = (await bench.run('stats_noreset')).trim().split('\n');
  const values = new Map(lines.map((line) => line.split('=') as [string, string]));
  const strange = groups
    .flatMap((names) => names.split(' '))
    .filter((name) => !/^\d+(?:\.\d+)?(?:e-\d+)?$/.test(values.get(name) ?? ''));
  expect(strange).toEqual([]);
});
