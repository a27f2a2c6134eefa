/** Proves the way down the tree on scripted servers: referrals, glue, aliases, denials, minimisation, TCP, retries, limits. */

import { describe, expect, test } from 'vitest';
import { isRoot, ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { Cancelled } from '../../src/work/cancelled.ts';
import { Bench, endOf, hint, lines, type ResponseText, type Script, table } from './support.ts';

const { AA, RA, TC } = FLAG;
const ROOT_NS: ResponseText = { flags: AA, answer: ['. NS a.root.'], additional: ['a.root. A 198.41.0.4'] };
const SOA = 'example. SOA ns.example. h.example. 1 2 3 4 300';

function referral(zone: string, server: string, ...glue: string[]): ResponseText {
  return { authority: [`${zone} NS ${server}`], additional: glue };
}

/** The root, which delegates `example.` to one server with glue. */
function rootScript(extra: Readonly<Record<string, ResponseText>> = {}): Script {
  return (question, query) => {
    const rows = table({ '. NS': ROOT_NS, ...extra });
    const said = rows(question, query);
    return said?.rcode === RCODE.REFUSED ? referral('example.', 'ns.example.', 'ns.example. A 192.0.2.1') : said;
  };
}

function benchWith(example: Readonly<Record<string, ResponseText>>, options = {}): Bench {
  const bench = new Bench(options);
  bench.serve('198.41.0.4', rootScript());
  bench.serve('192.0.2.1', table(example));
  return bench;
}

describe('the way down', () => {
  test('primes the root, follows a referral with glue and gives the answer', async () => {
    const bench = benchWith({ 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } });
    const end = endOf(await bench.run('www.example. A'));
    expect(lines(end.answer)).toEqual(['www.example. A 192.0.2.80']);
    expect(bench.asked).toEqual(['198.41.0.4 . NS', '198.41.0.4 example. A', '192.0.2.1 www.example. A']);
    expect(end.server).toBe('192.0.2.1@53');
  });

  test('starts at the deepest delegation known', async () => {
    const bench = benchWith({
      'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] },
      'ftp.example. A': { flags: AA, answer: ['ftp.example. A 192.0.2.21'] },
    });
    await bench.run('www.example. A');
    bench.asked.length = 0;
    await bench.run('ftp.example. A');
    expect(bench.asked).toEqual(['192.0.2.1 ftp.example. A']);
  });

  test('looks up a server that came without glue', async () => {
    const bench = new Bench({ useIp6: false });
    const other = referral('other.', 'ns.example.');
    bench.serve('198.41.0.4', rootScript({ 'other. A': other, 'www.other. A': other }));
    bench.serve('192.0.2.1', table({ 'ns.example. A': { flags: AA, answer: ['ns.example. A 192.0.2.7'] } }));
    bench.serve('192.0.2.7', table({ 'www.other. A': { flags: AA, answer: ['www.other. A 192.0.2.81'] } }));
    expect(lines(endOf(await bench.run('www.other. A')).answer)).toEqual(['www.other. A 192.0.2.81']);
  });

  test('ends without a hang when two zones have their servers in each other', async () => {
    const bench = new Bench();
    const rows = {
      '. NS': ROOT_NS,
      ...Object.fromEntries(
        ['a.', 'ns.a.', 'www.a.'].flatMap((name) =>
          ['A', 'AAAA'].map((type) => [`${name} ${type}`, referral('a.', 'ns.b.')]),
        ),
      ),
      ...Object.fromEntries(
        ['b.', 'ns.b.'].flatMap((name) => ['A', 'AAAA'].map((type) => [`${name} ${type}`, referral('b.', 'ns.a.')])),
      ),
    };
    bench.serve('198.41.0.4', table(rows));
    const found = await bench.run('www.a. A');
    expect(found.kind).toBe('failed');
    expect(bench.asked.length).toBeLessThan(30);
  });

  test('asks the parent for DS', async () => {
    const bench = benchWith({});
    bench.serve(
      '198.41.0.4',
      rootScript({ 'example. DS': { flags: AA, authority: ['. SOA a.root. h.root. 1 2 3 4 300'] } }),
    );
    const end = endOf(await bench.run('example. DS'));
    expect(end.kind).toBe('nodata');
    expect(bench.asked).toEqual(['198.41.0.4 . NS', '198.41.0.4 example. DS']);
  });
});

describe('aliases', () => {
  test('follows a CNAME to another zone and says each step', async () => {
    const bench = benchWith({
      'www.example. A': { flags: AA, answer: ['www.example. CNAME web.other.'] },
    });
    const other = referral('other.', 'ns.other.', 'ns.other. A 192.0.2.9');
    bench.serve('198.41.0.4', rootScript({ 'other. A': other }));
    bench.serve('192.0.2.9', table({ 'web.other. A': { flags: AA, answer: ['web.other. A 192.0.2.90'] } }));
    const found = await bench.run('www.example. A');
    expect(found.kind === 'found' && lines(found.aliases.map((step) => step.alias))).toEqual([
      'www.example. CNAME web.other.',
    ]);
    expect(lines(endOf(found).answer)).toEqual(['web.other. A 192.0.2.90']);
  });

  test('synthesises the CNAME of a DNAME', async () => {
    const bench = benchWith({
      'www.old.example. A': { flags: AA, answer: ['old.example. DNAME new.example.'] },
      'old.example. A': { flags: AA, authority: [SOA] },
      'new.example. A': { flags: AA, authority: [SOA] },
      'www.new.example. A': { flags: AA, answer: ['www.new.example. A 192.0.2.5'] },
    });
    const found = await bench.run('www.old.example. A');
    const [step] = found.kind === 'found' ? found.aliases : [];
    expect(step?.via).toBe('dname');
    expect(lines(step?.synthesised ? [step.synthesised] : [])).toEqual(['www.old.example. CNAME www.new.example.']);
    expect(lines(endOf(found).answer)).toEqual(['www.new.example. A 192.0.2.5']);
  });

  test('says that a chain comes back to itself', async () => {
    const bench = benchWith({
      'a.example. A': { flags: AA, answer: ['a.example. CNAME b.example.'] },
      'b.example. A': { flags: AA, answer: ['b.example. CNAME a.example.'] },
    });
    expect(await bench.run('a.example. A')).toMatchObject({ kind: 'failed', why: { kind: 'alias-loop' } });
  });

  test('stops after max-query-restarts', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', rootScript());
    bench.serve('192.0.2.1', ({ name }) => {
      const number = Number(new TextDecoder().decode(name.subarray(2, 1 + (name[0] ?? 0))));
      return { flags: AA, answer: [`n${number}.example. CNAME n${number + 1}.example.`] };
    });
    expect(await bench.run('n1.example. A')).toMatchObject({
      kind: 'failed',
      why: { kind: 'limit', limit: 'aliases' },
    });
  });

  test('leaves an alias alone when the call says so', async () => {
    const bench = benchWith({ 'www.example. A': { flags: AA, answer: ['www.example. CNAME web.example.'] } });
    const found = await bench.run('www.example. A', { followAliases: false });
    expect(found.kind === 'found' && found.aliases.length).toBe(1);
    expect(endOf(found).answer).toEqual([]);
  });
});

describe('aliases that cannot end', () => {
  test('gives a DNAME that leads below itself as it is', async () => {
    const bench = benchWith({ 'a.example. A': { flags: AA, answer: ['example. DNAME b.example.'] } });
    const found = await bench.run('a.example. A');
    expect(found.kind === 'found' && found.aliases.length).toBe(1);
    expect(endOf(found).rcode).toBe(RCODE.NOERROR);
  });
});

describe('denials', () => {
  test('tells NXDOMAIN and NODATA apart and lets them live as long as the SOA says', async () => {
    const bench = benchWith({
      'no.example. A': { flags: AA, rcode: RCODE.NXDOMAIN, authority: [SOA] },
      'yes.example. A': { flags: AA, authority: [SOA] },
    });
    const now = bench.ports.clock.unixSeconds();
    const nxdomain = endOf(await bench.run('no.example. A'));
    expect(nxdomain).toMatchObject({ kind: 'nxdomain', rcode: RCODE.NXDOMAIN, expiresAt: now + 300 });
    expect(endOf(await bench.run('yes.example. A'))).toMatchObject({ kind: 'nodata', rcode: RCODE.NOERROR });
    expect(nxdomain.authority[0]?.originalTtl).toBe(300);
  });
});

describe('minimisation', () => {
  test('asks with the full name when a server denies an empty non-terminal', async () => {
    const bench = benchWith({
      'b.example. A': { flags: AA, rcode: RCODE.NXDOMAIN, authority: [SOA] },
      'a.b.example. TXT': { flags: AA, answer: ['a.b.example. TXT "here"'] },
    });
    expect(lines(endOf(await bench.run('a.b.example. TXT')).answer)).toEqual(['a.b.example. TXT "here"']);
  });

  test('believes the denial in strict mode', async () => {
    const rows = {
      'b.example. A': { flags: AA, rcode: RCODE.NXDOMAIN, authority: [SOA] },
      'a.b.example. TXT': { flags: AA, answer: ['a.b.example. TXT "here"'] },
    };
    const bench = benchWith(rows, { minimisation: 'strict' });
    expect(endOf(await bench.run('a.b.example. TXT')).kind).toBe('nxdomain');
  });

  test('asks with the full name when the short one is refused', async () => {
    const bench = benchWith({ 'a.b.example. TXT': { flags: AA, answer: ['a.b.example. TXT "here"'] } });
    expect(endOf(await bench.run('a.b.example. TXT')).kind).toBe('answer');
  });
});

describe('transports', () => {
  test('fetches a truncated answer over TCP', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', rootScript());
    bench.serve('192.0.2.1', (_question, query) =>
      query.transport === 'udp' ? { flags: AA | TC } : { flags: AA, answer: ['www.example. A 192.0.2.80'] },
    );
    expect(lines(endOf(await bench.run('www.example. A')).answer)).toEqual(['www.example. A 192.0.2.80']);
    expect(bench.asked.at(-1)).toBe('192.0.2.1 www.example. A tcp');
    await bench.ports.clock.advance(60_000);
    expect(bench.ports.network.openCounts()).toEqual({ udp: 0, streams: 0, listeners: 0 });
  });

  test('falls back from EDNS for one question, and believes it only after several', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', rootScript());
    bench.serve('192.0.2.1', ({ name }, { bytes }) =>
      bytes[11] === 1
        ? { rcode: RCODE.FORMERR, edns: false }
        : {
            flags: AA,
            edns: false,
            answer: [`${new TextDecoder().decode(name.subarray(1, 2))}.example. A 192.0.2.80`],
          },
    );
    for (const name of ['a', 'b', 'c']) {
      expect(bench.servers.manners(bench.servers.at('192.0.2.1@53', ROOT)).takesEdns).toBe(true);
      expect(endOf(await bench.run(`${name}.example. A`)).kind).toBe('answer');
    }
    expect(bench.servers.manners(bench.servers.at('192.0.2.1@53', ROOT)).takesEdns).toBe(false);
  });

  test('ignores replies that are not the answer and waits on', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', rootScript());
    bench.serve('192.0.2.1', (_question, query) => {
      query.reply(Uint8Array.of(1, 2, 3));
      query.reply(Uint8Array.of(query.bytes[0] ?? 0, query.bytes[1] ?? 0, 0x84, 0, 0, 9, 0, 9, 0, 0, 0, 0));
      const wrongId = Uint8Array.from(query.bytes);
      wrongId[0] = (wrongId[0] ?? 0) ^ 1;
      wrongId[2] = 0x84;
      query.reply(wrongId);
      return { flags: AA, answer: ['www.example. A 192.0.2.80'] };
    });
    expect(endOf(await bench.run('www.example. A')).kind).toBe('answer');
    expect(bench.counters.get('unwanted.replies')).toBe(3);
  });

  test('mixes the case of the name when told to, and asks over TCP when it comes back changed', async () => {
    const bench = new Bench({ useCapsForId: true });
    bench.serve('198.41.0.4', rootScript());
    let heard = '';
    bench.ports.servers.serve('192.0.2.1', (query) => {
      heard += new TextDecoder('latin1').decode(query.bytes.subarray(12, 40));
      const reply = Uint8Array.from(query.bytes.subarray(0, query.bytes.length - 11));
      reply[2] = 0x84;
      reply[11] = 0;
      if (query.transport === 'udp')
        for (let i = 12; i < reply.length; i++)
          if ((reply[i] ?? 0) >= 0x41 && (reply[i] ?? 0) <= 0x5a) reply[i] = (reply[i] ?? 0) | 0x20;
      query.reply(reply);
    });
    await bench.run('a-rather-long-name.example. A');
    expect(heard).toMatch(/[A-Z]/);
    expect(bench.counters.get('upstream.tcp')).toBeGreaterThan(0);
  });
});

describe('servers', () => {
  test('goes on to another server when one is silent', async () => {
    const bench = new Bench({ hints: [hint('a.root.', '198.41.0.4'), hint('b.root.', '198.41.0.5')] });
    bench.serve('198.41.0.5', rootScript());
    bench.serve('192.0.2.1', table({ 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } }));
    expect(endOf(await bench.run('www.example. A')).kind).toBe('answer');
  });

  test('fails with the reason when all are silent', async () => {
    const bench = new Bench();
    expect(await bench.run('www.example. A')).toMatchObject({
      kind: 'failed',
      why: { kind: 'no-reachable-server', zone: '.' },
    });
    // Nobody has answered yet, so the line itself may be cut: what is lost is sent again meanwhile.
    expect(bench.counters.get('upstream.timeouts')).toBe(5);
  });

  test('fails with the reason when all are lame', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', rootScript());
    bench.serve('192.0.2.1', () => ({ authority: ['. NS a.root.'] }));
    expect(await bench.run('www.example. A')).toMatchObject({ kind: 'failed', why: { kind: 'all-servers-lame' } });
  });

  test('asks a server that recurses with RD when there is no other', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', rootScript());
    bench.serve('192.0.2.1', (_question, { bytes }) =>
      (bytes[2] ?? 0) & 1 ? { flags: RA, answer: ['www.example. A 192.0.2.80'] } : { flags: RA },
    );
    expect(endOf(await bench.run('www.example. A')).kind).toBe('answer');
  });

  test('never asks an address that is forbidden, unspecified or of this machine', async () => {
    const bench = new Bench();
    const glue = ['ns.example. A 127.0.0.1', 'ns.example. A 0.0.0.0', 'ns.example. AAAA ::1', 'ns.example. AAAA ::'];
    bench.serve('198.41.0.4', (question, query) => {
      const said = table({ '. NS': ROOT_NS })(question, query);
      return said?.rcode === RCODE.REFUSED ? referral('example.', 'ns.example.', ...glue) : said;
    });
    bench.serve('*', () => ({ flags: AA, answer: ['www.example. A 6.6.6.6'] }));
    expect((await bench.run('www.example. A')).kind).toBe('failed');
    expect(bench.asked.every((line) => line.startsWith('198.41.0.4 '))).toBe(true);
  });

  test('prefers servers that give signatures where they are expected, and takes what came when none does', async () => {
    const bench = new Bench({ attemptsPerServer: 2 }, (zone) => zone === 'example.');
    bench.serve('198.41.0.4', (question, query) => {
      const said = table({ '. NS': ROOT_NS })(question, query);
      const glue = ['ns.example. A 192.0.2.1', 'ns.example. A 192.0.2.2'];
      return said?.rcode === RCODE.REFUSED ? referral('example.', 'ns.example.', ...glue) : said;
    });
    for (const ip of ['192.0.2.1', '192.0.2.2']) {
      bench.serve(ip, table({ 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } }));
    }
    expect(endOf(await bench.run('www.example. A')).kind).toBe('answer');
    const toExample = bench.asked.filter((line) => line.includes('www.example.'));
    expect(toExample.length).toBe(2);
  });
});

describe('being stopped', () => {
  test('ends a wait at once and leaves nothing open', async () => {
    const bench = new Bench();
    const work = bench.newWork('. NS');
    const ended = bench.iterate(work).catch((error: unknown) => error);
    await bench.ports.clock.advance(10);
    expect(bench.ports.network.openCounts().udp).toBe(1);
    work.abort();
    await bench.ports.clock.settle();
    expect(bench.ports.network.openCounts().udp).toBe(0);
    expect(await ended).toBeInstanceOf(Cancelled);
  });

  test('fails at the deadline, not after it', async () => {
    const bench = new Bench({ attemptsPerServer: 1000, maxSentCount: 1000 });
    const startedMs = bench.ports.clock.monotonicMs();
    expect(await bench.run('www.example. A')).toMatchObject({ kind: 'failed' });
    expect(bench.ports.clock.monotonicMs() - startedMs).toBeLessThanOrEqual(60_000);
  });
});

describe('configured zones', () => {
  const address = [{ ip: '192.0.2.53', port: 5353, tlsName: null }];
  const zone = { hosts: [], prime: false, first: false, tcp: false, tls: false, noCache: false, addresses: address };

  test('asks a forwarder with RD for the whole name', async () => {
    const bench = new Bench({ configuredZones: [{ ...zone, kind: 'forward', zone: mustParseName('.') }] });
    bench.serve('192.0.2.53@5353', (_question, { bytes }) =>
      (bytes[2] ?? 0) & 1 ? { flags: RA, answer: ['a.b.example. A 192.0.2.80'] } : { rcode: RCODE.REFUSED },
    );
    expect(endOf(await bench.run('a.b.example. A')).kind).toBe('answer');
    expect(bench.asked).toEqual(['192.0.2.53@5353 a.b.example. A']);
  });

  test('asks the servers of a stub zone without priming', async () => {
    const bench = new Bench({ configuredZones: [{ ...zone, kind: 'stub', zone: mustParseName('example.') }] });
    bench.serve('192.0.2.53@5353', table({ 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } }));
    expect(endOf(await bench.run('www.example. A')).kind).toBe('answer');
    expect(bench.asked).toEqual(['192.0.2.53@5353 www.example. A']);
  });

  test.each([
    ['gives no address', { flags: AA, answer: ['example. NS ns.other.'] }, 'answer'],
    ['is empty', { flags: AA }, 'answer'],
    [
      'names a dead server',
      {
        ...referral('example.', 'ns.example.', 'ns.example. A 192.0.2.99'),
        authority: [],
        answer: ['example. NS ns.example.'],
        flags: AA,
      },
      'failed',
    ],
  ])('asks nobody above for a stub zone whose priming answer %s', async (_, ns, kind) => {
    const bench = benchWith(
      {},
      { configuredZones: [{ ...zone, kind: 'stub', zone: mustParseName('example.'), prime: true }] },
    );
    const rows = { 'example. NS': ns, 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } };
    bench.serve('192.0.2.53@5353', table(rows));
    const found = await bench.run('www.example. A');
    expect(found.kind === 'failed' ? found.kind : endOf(found).kind).toBe(kind);
    expect(bench.asked.filter((line) => line.includes('www.example') && line.startsWith('198.41.0.4'))).toEqual([]);
  });

  test.each([
    ['are silent', () => null],
    ['fail', () => ({ rcode: RCODE.SERVFAIL })],
    ['refuse', () => ({ rcode: RCODE.REFUSED })],
  ])('resolves from the root when servers that are to be primed %s and stub-first is set', async (_, script) => {
    const stub = { ...zone, kind: 'stub', zone: mustParseName('example.'), prime: true, first: true } as const;
    const bench = benchWith(
      { 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } },
      { configuredZones: [stub] },
    );
    bench.serve('192.0.2.53@5353', script);
    expect(endOf(await bench.run('www.example. A')).server).toBe('192.0.2.1@53');
  });

  test('resolves from the root when the servers fail and forward-first is set', async () => {
    const bench = benchWith(
      { 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } },
      { configuredZones: [{ ...zone, kind: 'forward', zone: mustParseName('example.'), first: true }] },
    );
    bench.serve('192.0.2.53@5353', () => ({ rcode: RCODE.SERVFAIL }));
    expect(endOf(await bench.run('www.example. A')).server).toBe('192.0.2.1@53');
  });

  test.each([
    ['the hints', null],
    ['a stub for the root', { ip: '198.41.0.4', port: 53, tlsName: null }],
  ])('does not wait for a forwarder of the root again before it asks %s (forward-first)', async (_, server) => {
    const forward = { ...zone, kind: 'forward', zone: ROOT, first: true };
    const stub = { ...zone, kind: 'stub', zone: ROOT, addresses: [server] };
    const bench = benchWith(
      { 'www.example. A': { flags: AA, answer: ['www.example. A 192.0.2.80'] } },
      { configuredZones: server === null ? [forward] : [stub, forward] },
    );
    bench.serve('192.0.2.53@5353', (question) => (isRoot(question.name) ? null : { rcode: RCODE.SERVFAIL }));
    expect(endOf(await bench.run('www.example. A')).server).toBe('192.0.2.1@53');
    expect(bench.asked).not.toContain('192.0.2.53@5353 . NS');
  });
});

describe('limits', () => {
  test('looks up no more server names than the limits allow (NXNSAttack)', async () => {
    const bench = new Bench({ useIp6: false });
    const many = Array.from({ length: 100 }, (_, i) => `evil. NS n${i}.victim.`);
    bench.serve('198.41.0.4', (question, query) => {
      const rows: Record<string, ResponseText> = { '. NS': ROOT_NS };
      const name = new TextDecoder('latin1').decode(question.name);
      if (name.includes('evil')) return { authority: many };
      if (name.includes('victim')) return referral('victim.', 'ns.victim.', 'ns.victim. A 192.0.2.6');
      return table(rows)(question, query);
    });
    bench.serve('192.0.2.6', () => ({
      flags: AA,
      rcode: RCODE.NXDOMAIN,
      authority: ['victim. SOA ns.victim. h.victim. 1 2 3 4 300'],
    }));
    expect((await bench.run('www.evil. A')).kind).toBe('failed');
    expect(bench.asked.filter((line) => line.startsWith('192.0.2.6')).length).toBeLessThanOrEqual(16);
  });

  test('spends one quota for all that a question starts', async () => {
    const bench = new Bench({ maxSentCount: 1000, attemptsPerServer: 1000 });
    bench.serve('198.41.0.4', rootScript());
    let depth = 0;
    bench.serve('192.0.2.1', ({ name }) => {
      depth++;
      return {
        flags: AA,
        answer: [`${new TextDecoder().decode(name.subarray(1, 1 + (name[0] ?? 0)))}.example. A 1.2.3.4`],
      };
    });
    await bench.run('www.example. A');
    expect(bench.budget.left('upstream-queries')).toBe(200 - 3);
    expect(depth).toBe(1);
  });

  test('bounds a delegation by the one above it, so that a withdrawn zone dies (ghost domain)', async () => {
    const bench = new Bench();
    bench.serve('198.41.0.4', (question, query) => {
      const said = table({ '. NS': ROOT_NS })(question, query);
      return said?.rcode === RCODE.REFUSED
        ? { authority: ['example. 60 NS ns.example.'], additional: ['ns.example. 60 A 192.0.2.1'] }
        : said;
    });
    bench.serve('192.0.2.1', () => ({
      authority: ['sub.example. 86400 NS ns.sub.example.'],
      additional: ['ns.sub.example. A 192.0.2.2'],
    }));
    bench.serve('192.0.2.2', () => ({ flags: AA, answer: ['www.sub.example. A 192.0.2.80'] }));
    await bench.run('www.sub.example. A');
    const now = bench.ports.clock.unixSeconds();
    expect(bench.delegations.find(mustParseName('sub.example.'))?.expiresAt).toBeLessThanOrEqual(now + 60);
  });
});
