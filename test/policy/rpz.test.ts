/** Proves response policy zones: every trigger, every action, overrides, order, tags, lines, switching and new states. */

import { describe, expect, test } from 'vitest';
import { RPZ_RECORDS_PER_TURN } from '../../src/policy/policy.ts';
import { actionOf, triggerOf } from '../../src/policy/rpz-triggers.ts';
import { ipText } from '../../src/wire/ip.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { parseRecord } from '../../src/wire/record-text.ts';
import { readZoneFile } from '../../src/zones/zone-file.ts';
import { PolicyBench } from './policy-bench.ts';

describe('an owner name of a policy zone', () => {
  const zone = mustParseName('rpz.example.');
  const read = (text: string): string => {
    const trigger = triggerOf(mustParseName(`${text}rpz.example.`), zone);
    if (trigger === null) return '-';
    return 'name' in trigger
      ? `${trigger.kind} ${formatName(trigger.name)}`
      : `${trigger.kind} ${ipText(trigger.address)}/${trigger.prefixLength}`;
  };
  test.each([
    ['bad.example.com.', 'qname bad.example.com.'],
    ['*.bad.example.com.', 'qname *.bad.example.com.'],
    ['*.', 'qname *.'],
    ['32.1.2.0.192.rpz-ip.', 'ip 192.0.2.1/32'],
    ['24.0.2.0.192.rpz-client-ip.', 'client-ip 192.0.2.0/24'],
    ['8.0.0.0.10.rpz-nsip.', 'nsip 10.0.0.0/8'],
    ['128.57.zz.101.db8.2001.rpz-ip.', 'ip 2001:db8:101::57/128'],
    ['48.zz.101.db8.2001.rpz-ip.', 'ip 2001:db8:101::/48'],
    ['128.1.zz.rpz-ip.', 'ip ::1/128'],
    ['ns.evil.example.rpz-nsdname.', 'nsdname ns.evil.example.'],
    ['33.1.2.0.192.rpz-ip.', '-'],
    ['x.1.2.0.192.rpz-ip.', '-'],
    ['32.300.2.0.192.rpz-ip.', '-'],
    ['0.0.0.0.0.rpz-ip.', '-'],
    ['rpz-ip.', '-'],
    ['a.rpz-unknown.', '-'],
    ['', '-'],
  ])('%s is %s', (text, trigger) => {
    expect(read(text)).toBe(trigger);
  });
});

describe('a record of a policy zone', () => {
  test.each([
    ['CNAME .', 'nxdomain'],
    ['CNAME *.', 'nodata'],
    ['CNAME rpz-passthru.', 'passthru'],
    ['CNAME RPZ-Drop.', 'drop'],
    ['CNAME rpz-tcp-only.', 'tcp-only'],
    ['CNAME rpz-novel.', null],
    ['CNAME elsewhere.example.', 'local-data'],
    ['A 192.0.2.1', 'local-data'],
    ['NS ns.example.', null],
    ['DNAME d.example.', null],
  ])('%s means %s', (text, action) => {
    const record = parseRecord(`x.rpz. 60 IN ${text}`);
    if ('error' in record) throw new Error(record.error);
    expect(actionOf(record.type, record.rdata)).toBe(action);
  });
});

const ZONE = `
bad.tld CNAME .
*.bad.tld CNAME .
deep.bad.tld CNAME rpz-passthru.
nodata.tld CNAME *.
drop.tld CNAME rpz-drop.
tcp.tld CNAME rpz-tcp-only.
pass.tld CNAME rpz-passthru.
local.tld A 192.0.2.9
local.tld A 192.0.2.8
local.tld TXT "said here"
alias.tld CNAME walled.tld.
wild.tld CNAME *.walled.tld.
32.66.2.0.192.rpz-client-ip CNAME .
32.67.2.0.192.rpz-client-ip CNAME rpz-passthru.
24.0.100.51.198.rpz-ip CNAME .
32.9.100.51.198.rpz-ip A 203.0.113.1
32.10.100.51.198.rpz-ip CNAME walled.tld.
32.11.100.51.198.rpz-ip CNAME rpz-tcp-only.
32.12.100.51.198.rpz-ip CNAME rpz-passthru.
32.53.2.0.192.rpz-nsip CNAME .
ns.evil.tld.rpz-nsdname A 203.0.113.5
`;

function serverWith(options = '', zone = ZONE): PolicyBench {
  return new PolicyBench(`rpz:\n  name: rpz.\n${options}`, { 'rpz.': zone });
}

describe('the trigger qname', () => {
  const bench = serverWith();
  test.each([
    ['bad.tld.', 'A', 'NXDOMAIN AA'],
    ['x.y.bad.tld.', 'A', 'NXDOMAIN AA'],
    // What has a rule of its own is not covered by the wildcard, nor is what lies below it.
    ['deep.bad.tld.', 'A', 'exempt'],
    ['x.deep.bad.tld.', 'A', '-'],
    ['nodata.tld.', 'A', 'NOERROR AA'],
    ['drop.tld.', 'A', 'drop'],
    ['tcp.tld.', 'A', 'NOERROR AA TC'],
    ['pass.tld.', 'A', 'exempt'],
    ['local.tld.', 'A', 'NOERROR AA; local.tld. A 192.0.2.8; local.tld. A 192.0.2.9'],
    ['local.tld.', 'MX', 'NOERROR AA'],
    ['alias.tld.', 'A', 'alias alias.tld. CNAME walled.tld.'],
    ['alias.tld.', 'CNAME', 'NOERROR AA; alias.tld. CNAME walled.tld.'],
    ['wild.tld.', 'A', 'alias wild.tld. CNAME wild.tld.walled.tld.'],
    ['tld.', 'A', '-'],
    ['good.tld.', 'A', '-'],
  ] as const)('%s %s gives %s', (name, type, text) => {
    expect(bench.local(name, type)).toBe(text);
  });

  test('lets TCP through where it asks for TCP', () => {
    expect(bench.local('tcp.tld.', 'A', { transport: 'tcp' })).toBe('-');
  });

  test('looks at the names that aliases lead to', async () => {
    bench.know('c.tld.', 'A', ['c.tld. CNAME bad.tld.', 'bad.tld. A 192.0.2.1']);
    expect(await bench.ruled('c.tld.')).toBe('NXDOMAIN AA; c.tld. CNAME bad.tld.');
  });
});

describe('the trigger client-ip', () => {
  const bench = serverWith();
  test('comes before the name', () => {
    expect(bench.local('local.tld.', 'A', { ip: '192.0.2.66' })).toBe('NXDOMAIN AA');
    expect(bench.local('bad.tld.', 'A', { ip: '192.0.2.67' })).toBe('exempt');
  });

  test('lets an exempt client have addresses that have rules', async () => {
    bench.know('w.tld.', 'A', ['w.tld. A 198.51.100.1']);
    expect(await bench.ruled('w.tld.', 'A', { ip: '192.0.2.67' })).toBe('NOERROR secure; w.tld. A 198.51.100.1');
    expect(await bench.ruled('w.tld.')).toBe('NXDOMAIN');
  });
});

describe('the trigger ip', () => {
  const bench = serverWith();
  bench.know('walled.tld.', 'A', ['walled.tld. A 192.0.2.80']);
  test.each([
    ['198.51.100.1', 'NXDOMAIN'],
    ['198.51.100.9', 'NOERROR; w.tld. A 203.0.113.1'],
    ['198.51.100.10', 'NOERROR; w.tld. CNAME walled.tld.; walled.tld. A 192.0.2.80'],
    ['198.51.100.11', 'NOERROR TC'],
    ['198.51.100.12', 'NOERROR secure; w.tld. A 198.51.100.12'],
    ['198.51.101.1', 'NOERROR secure; w.tld. A 198.51.101.1'],
  ])('for an answer with %s gives %s', async (address, text) => {
    expect(await bench.know('w.tld.', 'A', [`w.tld. A ${address}`]).ruled('w.tld.')).toBe(text);
  });
});

describe('the triggers of servers', () => {
  test('nsip acts on a zone with such a server', async () => {
    const bench = serverWith().know('w.tld.', 'A', ['w.tld. A 192.0.2.1']);
    bench.servers = { names: [], addresses: ['192.0.2.53'] };
    expect(await bench.ruled('w.tld.')).toBe('NXDOMAIN AA');
  });

  test('nsip acts on an answer from such a server when its zone is not known any more', async () => {
    const bench = serverWith();
    const name = 'w.tld.';
    bench.know(name, 'A', [`${name} A 192.0.2.1`]);
    const result = await bench.result(name);
    if (result.kind !== 'answer' || result.resolution.kind !== 'answered') throw new Error('no answer');
    const answer = result.resolution.answer.map((ranked) => ({ ...ranked, server: '192.0.2.53@53' }));
    bench.knowResolution({ ...result.resolution, answer });
    expect(await bench.ruled(name)).toBe('NXDOMAIN AA');
  });

  test('nsdname gives its records, also where the servers do not answer', async () => {
    const bench = serverWith();
    bench.servers = { names: [mustParseName('ns.evil.tld.')], addresses: [] };
    expect(await bench.ruled('w.tld.')).toBe('NOERROR AA; w.tld. A 203.0.113.5');
  });
});

describe('rpz-action-override', () => {
  test.each([
    ['nxdomain', 'NXDOMAIN AA'],
    ['nodata', 'NOERROR AA'],
    ['passthru', 'exempt'],
    ['drop', 'drop'],
    ['disabled', '-'],
    ['cname\n  rpz-cname-override: "walled.tld."', 'alias local.tld. CNAME walled.tld.'],
  ])('%s', (word, text) => {
    expect(serverWith(`  rpz-action-override: ${word}\n`).local('local.tld.')).toBe(text);
  });

  test('cname without a name is refused', () => {
    expect(() => serverWith('  rpz-action-override: cname\n')).toThrow('wants a name in rpz-cname-override');
  });
});

describe('several policy zones', () => {
  const config = `server:
  define-tag: "kids"
  access-control-tag: 192.0.2.1/32 "kids"
rpz:
  name: one.
  tags: "kids"
rpz:
  name: two.
  rpz-log: yes
  rpz-log-name: "second"
  rpz-signal-nxdomain-ra: yes
`;
  const start = (): PolicyBench => new PolicyBench(config, { 'one.': 'x.tld CNAME *.\n', 'two.': 'x.tld CNAME .\n' });

  test('act in their order, each for the clients with its tags', () => {
    const bench = start();
    expect(bench.local('x.tld.', 'A', { ip: '192.0.2.1' })).toBe('NOERROR AA');
    expect(bench.local('x.tld.')).toBe('NXDOMAIN AA not RA');
  });

  test('leave lines in the form that Unbound has', () => {
    const bench = start();
    bench.local('x.tld.', 'A', { ip: '192.0.2.9', port: 77 });
    expect(bench.log.text()).toBe('info: rpz: applied [second] x.tld. rpz-nxdomain 192.0.2.9@77 x.tld. A IN\n');
  });

  test('can be switched off and on', () => {
    const bench = start();
    const zone = bench.policy.rpz.zone(mustParseName('two.'));
    if (zone === null) throw new Error('no zone');
    zone.isEnabled = false;
    expect(bench.local('x.tld.')).toBe('-');
    zone.isEnabled = true;
    expect(bench.local('x.tld.')).toBe('NXDOMAIN AA not RA');
  });

  test('take a new state whole', () => {
    const bench = start();
    const zone = bench.policy.rpz.zone(mustParseName('two.'));
    const record = parseRecord('y.tld.two. 60 IN CNAME .');
    if (zone === null || 'error' in record) throw new Error('no zone');
    expect(bench.policy.mayAnswer(mustParseName('y.novel.'), 0)).toBe(false);
    void bench.policy.loadPolicyZone(zone, [record]);
    expect(bench.local('x.tld.')).toBe('-');
    expect(bench.local('y.tld.')).toBe('NXDOMAIN AA not RA');
  });

  test('take a large state a piece at a time, with the old one in force until it is whole', async () => {
    const bench = start();
    const zone = bench.policy.rpz.zone(mustParseName('two.'));
    const records = Array.from({ length: 2 * RPZ_RECORDS_PER_TURN }, (_, i) =>
      parseRecord(`n${i}.tld.two. 60 IN CNAME .`),
    );
    if (zone === null) throw new Error('no zone');
    const whole = records.flatMap((record) => ('error' in record ? [] : [record]));
    void bench.policy.loadPolicyZone(zone, whole.slice(0, RPZ_RECORDS_PER_TURN + 1));
    void bench.policy.loadPolicyZone(zone, whole);
    expect(bench.local('x.tld.')).toBe('NXDOMAIN AA not RA');
    await bench.clock.settle();
    expect(bench.local('x.tld.')).toBe('-');
    expect(bench.local(`n${whole.length - 1}.tld.`)).toBe('NXDOMAIN AA not RA');
    expect(zone.count).toBe(whole.length);
  });

  test.each([
    ['an alias and then an address', 'x.tld CNAME walled.tld.\nx.tld A 192.0.2.1\n', 'alias x.tld. CNAME walled.tld.'],
    ['an address and then an alias', 'x.tld A 192.0.2.1\nx.tld CNAME walled.tld.\n', 'NOERROR AA; x.tld. A 192.0.2.1'],
  ])('take %s in the order of the zone file', (_, rules, said) => {
    const bench = serverWith('', '');
    const name = mustParseName('rpz.');
    const { zone } = readZoneFile(`$ORIGIN rpz.\n$TTL 60\n@ SOA ns h 1 1 1 1 1\n${rules}`, name);
    const rpz = bench.policy.rpz.zone(name);
    if (zone === null || rpz === null) throw new Error('no zone');
    void bench.policy.loadPolicyZone(rpz, zone.unsortedRecords());
    expect(bench.local('x.tld.')).toBe(said);
  });

  test('keep the first of contradicting actions', () => {
    const bench = serverWith('', 'x.tld CNAME .\nx.tld CNAME *.\nx.tld A 192.0.2.1\n');
    expect(bench.local('x.tld.')).toBe('NXDOMAIN AA');
  });
});

describe('a name that policy leads to', () => {
  const zone = [
    'garden.tld CNAME safe.tld.',
    'safe.tld A 192.0.2.66',
    'blocked.tld CNAME .',
    'toblocked.tld CNAME blocked.tld.',
    'topass.tld CNAME pass.tld.',
    'pass.tld CNAME rpz-passthru.',
    '*.com CNAME home.com.',
    'home.com CNAME home2.com.',
    '*.loop CNAME *.more.loop.',
    '',
  ].join('\n');
  const start = (): PolicyBench => new PolicyBench('rpz:\n  name: rpz.\n', { 'rpz.': zone });

  test.each([
    ['garden.tld.', 'NOERROR AA; garden.tld. CNAME safe.tld.; safe.tld. A 192.0.2.66'],
    ['toblocked.tld.', 'NXDOMAIN AA; toblocked.tld. CNAME blocked.tld.'],
    ['topass.tld.', 'NOERROR AA; topass.tld. CNAME pass.tld.; pass.tld. A 192.0.2.7'],
  ])('is looked up in policy: %s', async (name, expected) => {
    const bench = start().know('pass.tld.', 'A', ['pass.tld. A 192.0.2.7']);
    expect(await bench.ruled(name)).toBe(expected);
  });

  test('is looked up once by each rule, so that a garden inside its own rule works', async () => {
    const bench = start().know('home2.com.', 'A', ['home2.com. A 192.0.2.8']);
    expect(await bench.ruled('a.com.')).toBe(
      'NOERROR AA; a.com. CNAME home.com.; home.com. CNAME home2.com.; home2.com. A 192.0.2.8',
    );
    bench.know('x.loop.more.loop.', 'A', ['x.loop.more.loop. A 192.0.2.9']);
    expect(await bench.ruled('x.loop.')).toContain('x.loop.more.loop. A 192.0.2.9');
  });

  test('that cannot be resolved is subject to its rule, when an alias of the tree leads there', async () => {
    const bench = start();
    const why = { kind: 'all-servers-lame', zone: 'blocked.tld.', tried: '' } as const;
    const alias = ['www.org. CNAME blocked.tld.'];
    const question = { name: mustParseName('www.org.'), type: 1, class: 1 };
    bench.knowResolution({ kind: 'failed', question, why }).know('www.org.', 'CNAME', alias);
    expect(await bench.ruled('www.org.')).toBe('NXDOMAIN AA; www.org. CNAME blocked.tld.');
    bench.knowResolution({ kind: 'failed', question, why: { kind: 'cached-failure', of: why } });
    expect(await bench.ruled('www.org.')).toBe('NXDOMAIN AA; www.org. CNAME blocked.tld.');
    bench.know('www.org.', 'CNAME', alias, { verdict: { status: 'bogus', why: { kind: 'no-dnskey', zone: 'org.' } } });
    expect(await bench.ruled('www.org.')).toBe('failed cached-failure');
  });

  test('is not asked for by itself when its own zone failed', async () => {
    const bench = start();
    const question = { name: mustParseName('www.org.'), type: 1, class: 1 };
    bench.knowResolution({ kind: 'failed', question, why: { kind: 'all-servers-lame', zone: 'org.', tried: '' } });
    bench.know('www.org.', 'CNAME', ['www.org. CNAME blocked.tld.']);
    expect(await bench.ruled('www.org.')).toBe('failed all-servers-lame');
  });
});
