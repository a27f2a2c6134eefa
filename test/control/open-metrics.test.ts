/** Proves the form of OpenMetrics 1.0, who is given it, and the states that alerts look at. */

import { describe, expect, test } from 'vitest';
import { openMetricsText, prefersOpenMetrics } from '../../src/control/open-metrics.ts';
import { watchedText } from '../../src/control/watched.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { makeBench } from './bench.ts';

const PLAIN = [
  '# HELP a_queries_total Queries',
  '# TYPE a_queries_total counter',
  'a_queries_total{thread="0"} 5',
  '# HELP a_caches_bytes Octets held',
  '# TYPE a_caches_bytes gauge',
  'a_caches_bytes 7',
  '# HELP a_build_info Version',
  '# TYPE a_build_info gauge',
  'a_build_info{version="1"} 1',
  '',
].join('\n');

describe('OpenMetrics', () => {
  test('names families without what their kind adds to samples, says units, and ends', () => {
    expect(openMetricsText(PLAIN)).toBe(
      [
        '# TYPE a_queries counter',
        '# HELP a_queries Queries',
        'a_queries_total{thread="0"} 5',
        '# TYPE a_caches_bytes gauge',
        '# UNIT a_caches_bytes bytes',
        '# HELP a_caches_bytes Octets held',
        'a_caches_bytes 7',
        '# TYPE a_build info',
        '# HELP a_build Version',
        'a_build_info{version="1"} 1',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  test.each([
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      true,
    ],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8, text/plain;q=0.9', true],
    ['text/plain;q=0.5, application/openmetrics-text;q=0.9', true],
    ['', false],
    ['*/*', false],
    ['text/plain;version=0.0.4', false],
    ['text/plain, application/openmetrics-text;q=0.9', false],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=2', false],
    ['application/openmetrics-text;version=0.0.1', false],
    ['application/openmetrics-text;version=2.0.0, */*', false],
  ])('is what %s asks for: %s', (accept, isWanted) => {
    expect(prefersOpenMetrics(accept)).toBe(isWanted);
  });
});

describe('states', () => {
  const key = { keyTag: 1, algorithm: 13, type: 'DNSKEY' as const, since: 0 };
  const times = { lastQueried: 0, nextProbe: 0, path: null, warnings: ['probe failed'] };

  test('tell for each anchor how many keys are trusted, and what list_anchors warns of', () => {
    const keys = ['valid', 'missing', 'add-pend', 'revoked'].map((state) => ({ ...key, state }));
    const anchors = [{ ...times, zone: mustParseName('example.'), keys, lastSuccess: 1_700_000_000 }];
    const lines = watchedText({ anchors, isClockDoubtful: true, cacheLimits: { rrset: 5 } }).split('\n');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
      'hawser_clock_doubtful 1',
      'hawser_memory_caches_limit_bytes{cache="rrset"} 5',
      'hawser_trust_anchor_keys{zone="example."} 2',
      'hawser_trust_anchor_missing_keys{zone="example."} 1',
      'hawser_trust_anchor_warnings{zone="example."} 1',
      'hawser_trust_anchor_last_success_time_seconds{zone="example."} 1700000000',
      '',
    ]);
  });

  test('of an instance are its own anchors and the sizes that its caches have', async () => {
    const bench = await makeBench('server:\n  msg-cache-size: 3m\n  rrset-cache-size: 5m\n');
    expect(bench.instance.clockDoubt.isDoubtful).toBe(false);
    expect(bench.instance.caches.answers.maxBytes).toBe(3 * 1024 * 1024);
    expect(bench.instance.caches.rrsets.maxBytes).toBe(5 * 1024 * 1024);
  });
});
