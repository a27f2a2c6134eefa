/** Proves what a resolver forgets when the clock was set, and what list_anchors and the log say of keys that are not trusted. */

import { describe, expect, test } from 'vitest';
import { AnchorNews, anchorWarnings } from '../../src/daemon/anchor-news.ts';
import { RANK } from '../../src/terms/rank.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { Counters } from '../../src/trace/counters.ts';
import type { TrustAnchor } from '../../src/validate/trust-anchors.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import { type ControlBench, makeBench } from '../control/bench.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { rankedAt } from '../support/records.ts';

function hold(
  bench: ControlBench,
  owner: string,
  type: number,
  rdatas: readonly Uint8Array[],
  verdict: Verdict | null,
) {
  const rrset = packRRset({ owner: mustParseName(owner), type, class: 1, rdatas, signatures: [] });
  const rank = verdict === null ? RANK.answerAuthoritative : RANK.validated;
  bench.instance.caches.rrsets.store(rankedAt(TEST_START_UNIX_SECONDS, 9000, rrset, { rank, verdict }));
}

const ADDRESS = Uint8Array.of(192, 0, 2, 1);

describe('when the clock was set', () => {
  async function makeInstance(): Promise<ControlBench> {
    const bench = await makeBench();
    hold(bench, 'judged.example.', TYPE.A, [ADDRESS], SECURE);
    hold(bench, 'unvalidated.example.', TYPE.A, [ADDRESS], null);
    bench.instance.caches.servers.report(bench.instance.caches.servers.at('192.0.2.1@53', ROOT), {
      kind: 'answered',
      rttMs: 20,
    });
    return bench;
  }

  test('forward, what was validated by the time before is forgotten, counted and said', async () => {
    const { instance, ports } = await makeInstance();
    instance.clockStepped(120);
    expect(instance.caches.rrsets.count).toBe(1);
    expect(instance.caches.servers.count).toBe(1);
    expect(instance.counters.get('clock.steps')).toBe(1);
    expect(ports.log.text()).toContain('warning: the clock was set forward by 120 seconds');
  });

  test('back, everything is forgotten: it would live on for as long as that', async () => {
    const { instance, ports } = await makeInstance();
    instance.clockStepped(-86_400);
    expect([instance.caches.rrsets.count, instance.caches.servers.count]).toEqual([0, 0]);
    expect(ports.log.text()).toContain('set back by 86400 seconds');
  });
});

describe('keys that a zone announces', () => {
  /** DNSKEY rdata with flags; the octets make the tag. */
  const key = (flags: number, octet: number): Uint8Array =>
    Uint8Array.of(flags >> 8, flags & 255, 3, 13, ...new Array(64).fill(octet));
  const [trusted, next, zoneKey, revoked] = [key(257, 1), key(257, 2), key(256, 3), key(257 | 0x80, 4)];
  const anchorOf = (zone: string): TrustAnchor => ({
    kind: 'positive',
    zone: mustParseName(zone),
    ds: [],
    dnskeys: [trusted],
  });

  test('are told when they are not trusted here, and of the root also when this release does not know them', async () => {
    const bench = await makeBench();
    const { rrsets } = bench.instance.caches;
    expect(anchorWarnings(anchorOf('example.'), rrsets)).toEqual([]);
    hold(bench, 'example.', TYPE.DNSKEY, [trusted, next, zoneKey, revoked], SECURE);
    expect(anchorWarnings(anchorOf('example.'), rrsets)).toEqual([
      `the zone announces key ${keyTag(next)}, which is not trusted here yet`,
    ]);
    hold(bench, '.', TYPE.DNSKEY, [trusted, zoneKey], SECURE);
    expect(anchorWarnings(anchorOf('.'), rrsets)).toEqual([
      `key ${keyTag(trusted)} of the root is newer than the anchors of this release; update Hawser`,
    ]);
  });

  test('are said once in the log and counted each time', async () => {
    const bench = await makeBench();
    hold(bench, '.', TYPE.DNSKEY, [trusted, next], SECURE);
    const [log, counters] = [new FakeLog(), new Counters()];
    const news = new AnchorNews(log, counters);
    for (let i = 0; i < 3; i++) news.note(anchorOf('.'), bench.instance.caches.rrsets);
    expect(log.lines).toHaveLength(3);
    expect(counters.get('anchor.unknown-keys')).toBe(3);
    expect(counters.get('anchor.old-release')).toBe(6);
  });

  test('list_anchors shows the fixed anchors of the root with the built-in tags', async () => {
    const bench = await makeBench();
    expect(await bench.run('list_anchors')).toBe(
      '.\tfixed\n.\tDS 20326 algorithm 8\tconfigured\tsince -\n.\tDS 38696 algorithm 8\tconfigured\tsince -\n',
    );
    expect(await bench.run('doctor')).toBe('report\n');
    expect(await bench.run('doctor +json')).toBe('{}\n');
    expect(await bench.run('doctor +x')).toMatch(/^error unexpected words/);
  });
});
