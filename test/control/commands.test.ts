/** Proves what commands do to a whole resolver: caches, zones, options, local data. The forms of replies beside a live Unbound are test/interop/control.test.ts. */

import { describe, expect, test, vi } from 'vitest';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { controlUsage, TAKES } from '../../src/control/usage.ts';
import { ITEMS_PER_STEP } from '../../src/policy/name-order.ts';
import { RANK } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { rankedAt } from '../support/records.ts';
import { Client, type ControlBench, makeBench } from './bench.ts';

const BOGUS: Verdict = { status: 'bogus', why: { kind: 'no-signature', zone: 'example.', record: 'x.example. A' } };

/** Puts an address of a name into the caches, as answered and validated. */
function know(bench: ControlBench, name: string, verdict: Verdict, type: number = TYPE.A): RankedRRset {
  const { rrsets, answers } = bench.instance.caches;
  const question = questionOf(mustParseName(name), type);
  const rdata = Uint8Array.of(192, 0, 2, 1);
  const rrset = packRRset({ owner: question.name, type, class: 1, rdatas: [rdata], signatures: [] });
  const trust = verdict.status === 'secure' ? RANK.validated : RANK.answerAuthoritative;
  const ranked = rankedAt(TEST_START_UNIX_SECONDS, 300, rrset, { rank: trust, verdict, server: '192.0.2.53@53' });
  const { receivedAt, expiresAt } = ranked;
  rrsets.store(ranked);
  const end = {
    kind: 'answer',
    question,
    rcode: RCODE.NOERROR,
    answer: [ranked],
    authority: [],
    additional: [],
  } as const;
  const found = { kind: 'found', aliases: [], end: { ...end, zone: ROOT, server: ranked.server, expiresAt } } as const;
  answers.store(question, { found, verdict, storedAt: receivedAt, expiresAt });
  return ranked;
}

function isKnown(bench: ControlBench, name: string, type: number = TYPE.A): boolean {
  return bench.instance.resolver.find(questionOf(mustParseName(name), type)) !== null;
}

test('every command has its line in the help, and every line its command', async () => {
  const { names } = await makeBench();
  expect([...names].sort()).toEqual([...TAKES.keys()].sort());
  const help = controlUsage('hawser.conf', '0.0.0');
  // It only says what to use in its place.
  const unsaid = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(help));
  expect(unsaid).toEqual(['stats_shm']);
});

describe('flushing', () => {
  test('a name forgets its common types, and TLSA only when told', async () => {
    const bench = await makeBench();
    know(bench, 'www.example.', SECURE);
    know(bench, '_25._tcp.mx.example.', SECURE, TYPE.TLSA);
    expect(await bench.run('flush www.example')).toBe('ok\n');
    expect(isKnown(bench, 'www.example.')).toBe(false);
    expect(await bench.run('flush _25._tcp.mx.example')).toBe('ok\n');
    expect(isKnown(bench, '_25._tcp.mx.example.', TYPE.TLSA)).toBe(true);
    expect(await bench.run('flush_type +c _25._tcp.mx.example TLSA')).toBe('ok\n');
    expect(isKnown(bench, '_25._tcp.mx.example.', TYPE.TLSA)).toBe(false);
  });

  test('a zone forgets what is at and below it, and counts', async () => {
    const bench = await makeBench();
    for (const name of ['example.', 'a.example.', 'b.a.example.', 'other.']) know(bench, name, SECURE);
    expect(await bench.run('flush_zone a.example')).toBe('ok removed 2 rrsets, 2 messages and 0 key entries\n');
    expect(['example.', 'a.example.', 'b.a.example.', 'other.'].map((name) => isKnown(bench, name))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test('bogus data leaves the rest', async () => {
    const bench = await makeBench();
    know(bench, 'good.example.', SECURE);
    know(bench, 'bad.example.', BOGUS);
    expect(await bench.run('flush_bogus')).toBe('ok removed 1 rrsets, 1 messages and 0 key entries\n');
    expect(isKnown(bench, 'good.example.')).toBe(true);
    expect(isKnown(bench, 'bad.example.')).toBe(false);
  });

  test('servers are forgotten one by one or all', async () => {
    const bench = await makeBench();
    const { servers } = bench.instance.caches;
    for (const server of ['192.0.2.1@53', '192.0.2.1@5353', '2001:db8::1@53']) {
      servers.report(servers.at(server, mustParseName('example.')), { kind: 'answered', rttMs: 20 });
    }
    expect(await bench.run('flush_infra 192.0.2.1@5353')).toBe('ok\n');
    expect(servers.count).toBe(2);
    expect(await bench.run('flush_infra 2001:DB8:0::1')).toBe('ok\n');
    expect([...servers.entries()].map(({ server }) => server)).toEqual(['192.0.2.1@53']);
    expect(await bench.run('flush_infra all')).toBe('ok\n');
    expect(servers.count).toBe(0);
  });
});

describe('dump and load', () => {
  test('a dump that is loaded again comes back unchecked and of no better rank than an answer', async () => {
    const bench = await makeBench();
    know(bench, 'www.example.', SECURE);
    const dump = await bench.run('dump_cache');
    expect(dump).toContain(';rrset 300 1 0 11 5\nwww.example.\t300\tIN\tA\t192.0.2.1\n');
    expect(dump).toContain('msg www.example. IN A 32896 1 300 5 1 0 0 -1 \nwww.example. IN A 0\n');
    await bench.run('flush_zone .');
    expect(await bench.run('load_cache', dump)).toBe('ok\n');
    const { rrsets, answers } = bench.instance.caches;
    const loaded = rrsets.find(mustParseName('www.example.'), TYPE.A, 1);
    expect(loaded).toMatchObject({ verdict: null, rank: RANK.answerAuthoritative });
    expect(answers.find(questionOf(mustParseName('www.example.'), TYPE.A))?.verdict).toBeNull();
    // Not an answer for clients before it has been validated.
    expect(isKnown(bench, 'www.example.')).toBe(false);
  });

  test('a file cannot displace validated data', async () => {
    const bench = await makeBench();
    know(bench, 'www.example.', SECURE);
    const forged = (await bench.run('dump_cache')).replaceAll('192.0.2.1', '192.0.2.66');
    expect(await bench.run('load_cache', forged)).toBe('ok\n');
    const { rrsets } = bench.instance.caches;
    expect(rrsets.find(mustParseName('www.example.'), TYPE.A, 1)?.verdict).toEqual(SECURE);
    expect(await bench.run('dump_cache')).not.toContain('192.0.2.66');
  });

  test('TTLs stay within cache-max-ttl', async () => {
    const bench = await makeBench('server:\n  cache-max-ttl: 60\n');
    const dump = ';rrset 2000000000 1 0 8 0\nw.example. 2000000000 IN A 192.0.2.1\nEOF\n';
    expect(await bench.run('load_cache', dump)).toBe('ok\n');
    const ranked = bench.instance.caches.rrsets.find(mustParseName('w.example.'), TYPE.A, 1);
    expect(ranked?.expiresAt).toBe(TEST_START_UNIX_SECONDS + 60);
  });

  test.each([
    ['rubbish', 'error line 1: neither a set nor a message: rubbish\n'],
    [';rrset 1 2', 'error line 1: not a head of a set: ;rrset 1 2\n'],
    [';rrset 60 99999 99999 8 0', 'error line 1: a set of too many records\n'],
    [';rrset 60 1 0 8 0\nw.example. 60 IN A nonsense', /^error line 2: .+\n$/],
    [
      ';rrset 60 2 0 8 0\na.example. 60 IN A 192.0.2.1\nb.example. 60 IN A 192.0.2.1',
      /^error line 3: records of different/,
    ],
    ['msg w.example. IN A 1', 'error line 1: not a head of a message: msg w.example. IN A 1\n'],
  ])('a fault is told with its line: %j', async (text, expected) => {
    const bench = await makeBench();
    const reply = await bench.run('load_cache', `${text}\nEOF\n`);
    if (typeof expected === 'string') expect(reply).toBe(expected);
    else expect(reply).toMatch(expected);
    expect(bench.instance.caches.rrsets.count).toBe(0);
  });

  test('cache_lookup shows what is at and below a name', async () => {
    const bench = await makeBench();
    know(bench, 'www.example.', SECURE);
    know(bench, 'www.other.', SECURE);
    const shown = await bench.run('cache_lookup www.example');
    expect(shown).toContain('www.example.\t300\tIN\tA');
    expect(shown).not.toContain('other');
    expect(await bench.run('cache_lookup example')).toMatch(/^error/);
    expect(await bench.run('cache_lookup +t example')).toBe(shown);
  });
});

describe('zones whose servers are given', () => {
  test('take effect at once, over TLS too, and go again', async () => {
    const bench = await makeBench();
    expect(await bench.run('forward_add +it fwd.example 192.0.2.1 192.0.2.2@8853#dns.example')).toBe('ok\n');
    expect(await bench.run('list_forwards')).toBe(
      'fwd.example. IN forward +i 192.0.2.1@853 192.0.2.2@8853#dns.example\n',
    );
    expect(await bench.run('lookup www.fwd.example')).toMatch(/forwarding request:\n/);
    expect(await bench.run('forward_remove +i fwd.example')).toBe('ok\n');
    expect(await bench.run('list_forwards')).toBe('');
    expect(await bench.run('list_insecure')).toBe('');
  });

  test('are asked through an interface where the address has a scope; an address with a slip is no name', async () => {
    const bench = await makeBench();
    expect(await bench.run('forward_add . fe80::1%lo')).toBe('ok\n');
    expect(await bench.run('list_forwards')).toBe('. IN forward fe80::1%lo\n');
    expect(await bench.run('forward_add . fe80::g')).toBe('error cannot parse address fe80::g\n');
    expect(await bench.run('forward_add . 192.0.2.1@0')).toBe('error cannot parse address 192.0.2.1@0\n');
  });

  test('a zone that must not be validated drops the trust in what is below it', async () => {
    const bench = await makeBench();
    know(bench, 'www.sub.example.', SECURE);
    know(bench, 'www.other.', SECURE);
    expect(await bench.run('insecure_add example')).toBe('ok\n');
    expect(isKnown(bench, 'www.sub.example.')).toBe(false);
    expect(isKnown(bench, 'www.other.')).toBe(true);
    expect(bench.instance.anchors.closest(mustParseName('www.sub.example.'))?.kind).toBe('negative');
  });

  test('the root may be forwarded and taken back', async () => {
    const bench = await makeBench();
    expect(await bench.run('forward')).toBe('off (using root hints)\n');
    expect(await bench.run('forward 192.0.2.1 2001:db8::1@5353')).toBe('ok\n');
    expect(await bench.run('forward')).toBe('192.0.2.1 2001:db8::1@5353\n');
    expect(await bench.run('forward off')).toBe('ok\n');
    expect(await bench.run('forward')).toBe('off (using root hints)\n');
  });
});

describe('negative trust anchors', () => {
  test('hold for their lifetime, are listed with their reason, and drop trust when they come and go', async () => {
    const bench = await makeBench();
    const kindAt = (name: string) => bench.instance.anchors.closest(mustParseName(name))?.kind;
    know(bench, 'www.example.', SECURE);
    expect(await bench.run('nta_add example 2h the keys were lost')).toBe('ok\n');
    expect(isKnown(bench, 'www.example.')).toBe(false);
    expect(kindAt('www.example.')).toBe('negative');
    expect(await bench.run('list_nta')).toBe('example.\t7200\tthe keys were lost\n');
    await bench.ports.clock.advance(7_201_000);
    expect(await bench.run('list_nta')).toBe('');
    expect(kindAt('www.example.')).toBe('positive');
    expect(await bench.run('nta_remove example')).toBe('error no negative trust anchor for example\n');
  });

  test('leave what is configured as it was, and have a longest lifetime', async () => {
    const bench = await makeBench('server:\n  domain-insecure: "example."\n');
    expect(await bench.run('nta_add example')).toBe('ok\n');
    expect(await bench.run('nta_remove example')).toBe('ok\n');
    expect(await bench.run('list_insecure')).toBe('example.\n');
    expect(await bench.run('nta_add example 2w')).toMatch(/^error lifetime of 1 to 604800 seconds expected: 2w\n$/);
    expect(await bench.run('nta_add example soon')).toMatch(/^error lifetime/);
  });
});

describe('options', () => {
  test('that may be changed while running are put in force; others are refused with the reason', async () => {
    const bench = await makeBench();
    expect(await bench.run('set_option cache-max-ttl: 60')).toBe('ok\n');
    expect(bench.applied[0]?.server.cacheMaxTtl).toBe(60);
    expect(await bench.run('set_option num-threads: 4')).toMatch(/^error setting option: num-threads is not changed/);
    expect(await bench.run('set_option no-such: 4')).toBe('error setting option\n');
    expect(await bench.run('set_option verbosity: 3')).toBe('ok\n');
    expect(bench.told).toEqual(['verbosity 3']);
    expect(bench.applied).toHaveLength(2);
  });
});

describe('the daemon', () => {
  test('reports a reload that fails and stays', async () => {
    const bench = await makeBench('', ['f.conf:3: error: no such option']);
    expect(await bench.run('reload')).toBe(
      'error f.conf:3: error: no such option\nerror the old configuration stays in force\n',
    );
    expect(bench.told).toEqual(['reload']);
  });

  test('reloads with and without caches, fast with what it did, and stops', async () => {
    const bench = await makeBench();
    expect(await bench.run('reload')).toBe('ok\n');
    expect(await bench.run('reload_keep_cache')).toBe('ok\n');
    expect(await bench.run('fast_reload +vd')).toMatch(/^start fast_reload\n.+\nok\n$/);
    expect(await bench.run('stop')).toBe('ok\n');
    expect(bench.told).toEqual(['reload', 'reload keeping caches', 'reload keeping caches', 'stop']);
  });
});

describe('local data', () => {
  test('changes drop finished replies, and a view has its own', async () => {
    const bench = await makeBench('view:\n  name: "v"\n  view-first: yes\n');
    expect(await bench.run('local_data www.example A 192.0.2.1')).toBe('ok\n');
    expect(await bench.run('list_local_data')).toContain('www.example.\t3600\tIN\tA\t192.0.2.1\n\n');
    expect(await bench.run('view_local_data v www.example A 192.0.2.2')).toBe('ok\n');
    expect(await bench.run('view_list_local_data v')).toBe('www.example.\t3600\tIN\tA\t192.0.2.2\n\n');
    expect(await bench.run('local_data_remove www.example')).toBe('ok\n');
    expect(await bench.run('list_local_data')).not.toContain('www.example.');
  });

  test('that the memory left would not hold is refused with a sentence, and can still be removed', async () => {
    const bench = await makeBench('view:\n  name: "v"\n', null, 'a.test A 192.0.2.1'.length);
    const refusal =
      "error the memory that is left would not hold this (V8's heap: --max-old-space-size in NODE_OPTIONS)\n";
    const long = 'long.name.test static';
    expect(await bench.run('local_zones', `a.test static\n${long}\nb.test static\n\x04\n`)).toBe(
      `${refusal}error for input line: ${long} (line 2); it and all that follow are not taken\nadded 1 zones\n`,
    );
    for (const command of ['local_datas', 'view_local_datas v']) {
      const input = 'a.test A 192.0.2.1\nb.test A 192.0.2.33\nc.test A 192.0.2.3\n\x04\n';
      expect(await bench.run(command, input)).toBe(
        `${refusal}error for input line: b.test A 192.0.2.33 (line 2); it and all that follow are not taken\nadded 1 datas\n`,
      );
    }
    expect(await bench.run(`local_zone ${long}`)).toBe(refusal);
    expect(await bench.run('local_data b.test A 192.0.2.33')).toBe(refusal);
    expect(await bench.run('view_local_zone v long.name.test static')).toBe(refusal);
    expect(await bench.run('view_local_data v b.test A 192.0.2.33')).toBe(refusal);
    expect(await bench.run('list_local_data')).not.toContain('b.test.');
    expect(await bench.run('local_zone_remove a.much.longer.name.test')).toBe('ok\n');
    expect(await bench.run('local_zones_remove', 'a.much.longer.name.test\na.test\n\x04\n')).toBe('removed 2 zones\n');
  });

  test('in bulk tells faults with their lines, and a view that is not there after all lines', async () => {
    const bench = await makeBench();
    expect(await bench.run('local_zones', 'a.test static\nb.test\n\nc..test static\n\x04\n')).toBe(
      'error could not find next argument after b.test\nerror for input line: b.test (line 2)\n' +
        'error cannot parse name c..test at 3: Empty label\nerror for input line: c..test static (line 4)\n' +
        'added 1 zones\n',
    );
    expect(await bench.run('view_local_datas nov', 'a A 192.0.2.1\n\x04\n')).toBe('no view with name: nov\n');
  });
});

describe('long lists', () => {
  test.each([
    ['list_local_zones', 20_000],
    ['list_local_data', 20_000],
  ])('%s gives others their turn before the first line too', async (command, count) => {
    const { ports, instance } = await makeBench();
    for (let n = 0; n < count; n++)
      instance.policy.localZones.addRecordText(`n${(n * 7919) % count}.example. A 192.0.2.1`);
    const turns = vi.spyOn(ports.clock, 'nextTurn');
    const client = new Client(ports);
    await client.connect();
    client.send(`UBCT1 ${command}\n`);
    await ports.clock.runUntil(() => client.text !== '');
    expect(turns.mock.calls.length).toBeGreaterThan((count * 10) / ITEMS_PER_STEP / CONTROL_LIMITS.piecesPerTurn);
    await ports.clock.runUntil(() => client.isClosed);
    expect(client.text.match(/^n\d+\.example\./gm)).toHaveLength(count);
  });
});
