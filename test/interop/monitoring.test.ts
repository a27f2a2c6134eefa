/**
 * Proves that what monitors resolvers monitors Hawser: a real Prometheus scrapes it in OpenMetrics and raises the alerts of
 * packaging/monitoring, every expression of the dashboard evaluates, the client library's strict parser reads the metrics, and
 * Debian's munin plugin draws each of its graphs.
 */

import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(
  ['nsd', 'dig', 'ip', 'prometheus', 'promtool'],
  ['/usr/share/munin/plugins/unbound_munin_', '/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py'],
);

interface Checked {
  readonly status: number;
  readonly text: string;
}

interface Observed {
  readonly target: { readonly health: string; readonly lastError: string };
  readonly firing: readonly string[];
  readonly samples: number;
  readonly plain: { readonly type: string; readonly samples: number };
  readonly open: { readonly type: string; readonly body: string };
  readonly linted: Checked;
  readonly rules: Checked;
  readonly tested: Checked;
  readonly failing: readonly string[];
  readonly munin: Readonly<Record<string, { readonly config: string; readonly values: string }>>;
}

/** Names that Unbound's exporter gave them, which dashboards know. */
const KNOWN_BY_EXPORTER = [
  ...['infra', 'key', 'msg', 'rrset'].map(
    (cache) => `hawser_${cache}_cache_count non-histogram and non-summary metrics should not have "_count" suffix`,
  ),
  'hawser_query_queue_time_max_us metric names should not contain abbreviated units',
];

const PARSE = [
  'import sys',
  'from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse',
  'families = list(parse(sys.stdin.read()))',
  'print(sum(len(family.samples) for family in families), " ".join(sorted({family.unit for family in families})).strip())',
].join('\n');

describe.skipIf(why !== null)(`monitoring ${why ?? ''}`, () => {
  let seen: Observed;
  beforeAll(() => {
    seen = JSON.parse(runInNamespace('monitoring-session.ts', [], 170_000)) as Observed;
  }, 180_000);

  test('Prometheus scrapes every sample, in OpenMetrics and in the text form', () => {
    expect(seen.target).toEqual({ health: 'up', lastError: '' });
    expect(seen.samples).toBe(seen.plain.samples);
    expect(seen.plain.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(seen.open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  });

  test('the strict parser of the client library reads OpenMetrics whole, with units', () => {
    const parsed = spawnSync('/usr/bin/python3', ['-c', PARSE], { input: seen.open.body, encoding: 'utf8' });
    expect(parsed.stderr).toBe('');
    const [samples, ...units] = parsed.stdout.trim().split(' ');
    expect(Number(samples)).toBe(seen.plain.samples);
    expect(units).toEqual(['bytes', 'seconds']);
  });

  test('promtool has nothing to say but of names that are known from the exporter', () => {
    expect(seen.linted.text.trim().split('\n').sort()).toEqual([...KNOWN_BY_EXPORTER].sort());
  });

  test('the rules are right, and alerts fire of a missing root anchor and of bogus answers', () => {
    expect(seen.rules).toMatchObject({ status: 0 });
    expect(seen.tested).toMatchObject({ status: 0 });
    expect(seen.firing).toContain('HawserTrustAnchorMissing');
    expect(seen.firing).toContain('HawserBogusRising');
    expect(seen.firing).not.toContain('HawserDown');
    expect(seen.firing).not.toContain('HawserClockDoubtful');
  });

  test('every expression of the dashboard evaluates', () => {
    expect(seen.failing).toEqual([]);
  });

  test.each(['hits', 'queue', 'memory', 'by_type', 'by_class', 'by_opcode', 'by_rcode', 'by_flags', 'histogram'])(
    "munin's plugin draws %s",
    (graph) => {
      const { config, values } = seen.munin[graph] ?? { config: '', values: '' };
      const drawn = [...config.matchAll(/^(\S+)\.label /gm)].map(([, name]) => name as string);
      const given = new Map([...values.matchAll(/^(\S+)\.value (\S+)$/gm)].map(([, name, value]) => [name, value]));
      expect(drawn.length).toBeGreaterThan(0);
      for (const name of drawn) expect(given.get(name)).toMatch(/^\d+(?:\.\d+)?$/);
    },
  );
});
