/**
 * Proves what local zones answer: each type with and without records, default zones, what the control channel changes. The
 * expected forms were compared with a running Unbound 1.17.1.
 */

import { describe, expect, test } from 'vitest';
import { LocalTables } from '../../src/policy/local-tables.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { PolicyBench } from './policy-bench.ts';

const TYPES = `server:
  local-zone: static.example. static
  local-data: "static.example. 100 SOA ns. h. 1 2 3 4 60"
  local-data: "a.deep.static.example. A 192.0.2.1"
  local-zone: deny.example. deny
  local-data: "a.deny.example. A 192.0.2.1"
  local-zone: refuse.example. refuse
  local-data: "a.refuse.example. A 192.0.2.1"
  local-zone: redirect.example. redirect
  local-data: "redirect.example. A 192.0.2.2"
  local-zone: transparent.example. transparent
  local-data: "a.transparent.example. A 192.0.2.1"
  local-zone: tt.example. typetransparent
  local-data: "a.tt.example. A 192.0.2.1"
  local-zone: inform.example. inform
  local-data: "a.inform.example. A 192.0.2.1"
  local-zone: informdeny.example. inform_deny
  local-zone: informredirect.example. inform_redirect
  local-data: "informredirect.example. A 192.0.2.2"
  local-zone: at.example. always_transparent
  local-data: "a.at.example. A 192.0.2.1"
  local-zone: blocka.example. block_a
  local-data: "a.blocka.example. TXT x"
  local-zone: blockaaaa.example. block_aaaa
  local-data: "a.blockaaaa.example. AAAA 2001:db8::1"
  local-zone: blockawdata.example. block_a_wdata
  local-data: "a.blockawdata.example. A 192.0.2.1"
  local-zone: blockaaaawdata.example. block_aaaa_wdata
  local-data: "a.blockaaaawdata.example. AAAA 2001:db8::1"
  local-zone: truncate.example. truncate
  local-data: "a.truncate.example. A 192.0.2.1"
  local-zone: ar.example. always_refuse
  local-data: "a.ar.example. A 192.0.2.1"
  local-zone: anx.example. always_nxdomain
  local-data: "a.anx.example. A 192.0.2.1"
  local-zone: and.example. always_nodata
  local-zone: ad.example. always_deny
  local-data: "a.ad.example. A 192.0.2.1"
  local-zone: an.example. always_null
  local-data: "a.an.example. A 192.0.2.1"
  local-zone: noview.example. noview
`;

test('a zone of type truncate answers over TCP', () => {
  const bench = new PolicyBench(TYPES);
  expect(bench.local('a.truncate.example.', 'A', { transport: 'tcp' })).toContain('192.0.2.1');
  expect(bench.local('b.truncate.example.', 'A', { transport: 'tcp' })).toBe('-');
});

describe('a local zone of type', () => {
  const bench = new PolicyBench(TYPES);
  test.each([
    ['static', 'a.deep.static.example.', 'A', 'NOERROR AA; a.deep.static.example. A 192.0.2.1'],
    ['static', 'a.deep.static.example.', 'MX', 'NOERROR AA; soa 60'],
    ['static', 'deep.static.example.', 'A', 'NOERROR AA; soa 60'],
    ['static', 'b.static.example.', 'A', 'NXDOMAIN AA; soa 60'],
    ['static', 'static.example.', 'ANY', 'NOERROR AA; soa 60'],
    ['deny', 'a.deny.example.', 'A', 'NOERROR AA; a.deny.example. A 192.0.2.1'],
    ['deny', 'a.deny.example.', 'MX', 'drop'],
    ['refuse', 'a.refuse.example.', 'A', 'NOERROR AA; a.refuse.example. A 192.0.2.1'],
    ['refuse', 'b.refuse.example.', 'A', 'REFUSED AA'],
    ['redirect', 'any.thing.redirect.example.', 'A', 'NOERROR AA; any.thing.redirect.example. A 192.0.2.2'],
    ['redirect', 'any.redirect.example.', 'AAAA', 'NOERROR AA'],
    ['transparent', 'a.transparent.example.', 'A', 'NOERROR AA; a.transparent.example. A 192.0.2.1'],
    ['transparent', 'a.transparent.example.', 'MX', 'NOERROR AA'],
    ['transparent', 'b.transparent.example.', 'A', '-'],
    ['typetransparent', 'a.tt.example.', 'A', 'NOERROR AA; a.tt.example. A 192.0.2.1'],
    ['typetransparent', 'a.tt.example.', 'MX', '-'],
    ['inform', 'a.inform.example.', 'A', 'NOERROR AA; a.inform.example. A 192.0.2.1'],
    ['inform', 'b.inform.example.', 'A', '-'],
    ['inform_deny', 'b.informdeny.example.', 'A', 'drop'],
    ['inform_redirect', 'b.informredirect.example.', 'A', 'NOERROR AA; b.informredirect.example. A 192.0.2.2'],
    ['always_transparent', 'a.at.example.', 'A', '-'],
    ['block_a', 'a.blocka.example.', 'A', 'NOERROR AA'],
    ['block_a', 'a.blocka.example.', 'TXT', '-'],
    ['block_aaaa', 'a.blockaaaa.example.', 'AAAA', 'NOERROR AA'],
    ['block_aaaa', 'a.blockaaaa.example.', 'A', '-'],
    ['block_a_wdata', 'a.blockawdata.example.', 'A', 'NOERROR AA; a.blockawdata.example. A 192.0.2.1'],
    ['block_a_wdata', 'b.blockawdata.example.', 'A', 'NOERROR AA'],
    ['block_a_wdata', 'b.blockawdata.example.', 'AAAA', '-'],
    ['block_aaaa_wdata', 'a.blockaaaawdata.example.', 'AAAA', 'NOERROR AA; a.blockaaaawdata.example. AAAA 2001:db8::1'],
    ['block_aaaa_wdata', 'b.blockaaaawdata.example.', 'AAAA', 'NOERROR AA'],
    ['block_aaaa_wdata', 'b.blockaaaawdata.example.', 'MX', '-'],
    ['truncate', 'a.truncate.example.', 'A', 'NOERROR AA TC'],
    ['always_refuse', 'a.ar.example.', 'A', 'REFUSED AA'],
    ['always_nxdomain', 'a.anx.example.', 'A', 'NXDOMAIN AA'],
    ['always_nodata', 'b.and.example.', 'A', 'NOERROR AA'],
    ['always_deny', 'a.ad.example.', 'A', 'drop'],
    ['always_null', 'a.an.example.', 'A', 'NOERROR AA; a.an.example. A 192.0.2.1'],
    ['always_null', 'b.an.example.', 'A', 'NOERROR AA; b.an.example. A 0.0.0.0'],
    ['always_null', 'b.an.example.', 'AAAA', 'NOERROR AA; b.an.example. AAAA ::'],
    ['always_null', 'b.an.example.', 'MX', 'NOERROR AA'],
    ['noview', 'b.noview.example.', 'A', '-'],
  ] as const)('%s: %s %s gives %s', (_type, name, type, text) => {
    expect(bench.local(name, type)).toBe(text);
  });

  test('inform leaves a line with zone, client and question', () => {
    bench.log.lines = [];
    bench.local('a.inform.example.', 'A', { ip: '192.0.2.7', port: 1234 });
    expect(bench.log.lines.map(({ line }) => line)).toEqual([
      'inform.example. inform 192.0.2.7@1234 a.inform.example. A IN',
    ]);
  });
});

describe('an alias in a redirect zone', () => {
  const bench = new PolicyBench(`server:
  local-zone: r.example. redirect
  local-data: "r.example. CNAME target.net."
  local-zone: w.example. redirect
  local-data: "w.example. CNAME *.target.net."
  local-data: "plain.example. CNAME target.net."
`);

  test('stands for every name below, and leads on', () => {
    expect(bench.local('x.r.example.')).toBe('alias x.r.example. CNAME target.net.');
  });

  test('is the answer to a question for CNAME', () => {
    expect(bench.local('x.r.example.', 'CNAME')).toBe('NOERROR AA; x.r.example. CNAME target.net.');
  });

  test('takes the name asked for in place of its asterisk', () => {
    expect(bench.local('x.w.example.')).toBe('alias x.w.example. CNAME x.w.example.target.net.');
  });

  test('is YXDOMAIN with a reason when the name becomes too long', () => {
    const long = `${'a'.repeat(60)}.`.repeat(4);
    const reply = bench.localReply(`${long.slice(4)}w.example.`);
    expect(reply).toMatchObject({ kind: 'reply', rcode: 6, error: { code: 0 } });
  });

  test('is no alias to follow in other zones', () => {
    expect(bench.local('plain.example.')).toBe('NOERROR AA; plain.example. CNAME target.net.');
  });

  test('stands alone', () => {
    const { localZones } = bench.policy;
    expect(localZones.addRecordText('r.example. A 192.0.2.1')).toContain('must not coexist with CNAME local-data');
    expect(localZones.addRecordText('sub.r.example. A 192.0.2.1')).toContain('must reside at top of zone');
  });
});

describe('default zones', () => {
  const bench = new PolicyBench('server:\n');

  test.each([
    ['localhost.', 'A', 'NOERROR AA; localhost. A 127.0.0.1'],
    ['printer.localhost.', 'AAAA', 'NOERROR AA; printer.localhost. AAAA ::1'],
    ['1.0.0.127.in-addr.arpa.', 'PTR', 'NOERROR AA; 1.0.0.127.in-addr.arpa. PTR localhost.'],
    ['1.1.168.192.in-addr.arpa.', 'PTR', 'NXDOMAIN AA; soa 10800'],
    ['x.20.172.in-addr.arpa.', 'PTR', 'NXDOMAIN AA; soa 10800'],
    ['x.32.172.in-addr.arpa.', 'PTR', '-'],
    ['x.100.100.in-addr.arpa.', 'PTR', 'NXDOMAIN AA; soa 10800'],
    ['a.8.b.d.0.1.0.0.2.ip6.arpa.', 'PTR', 'NXDOMAIN AA; soa 10800'],
    ['www.onion.', 'A', 'NXDOMAIN AA; soa 10800'],
    ['test.', 'NS', 'NOERROR AA; test. NS localhost.'],
    ['x.invalid.', 'A', 'NXDOMAIN AA; soa 10800'],
    ['x.home.arpa.', 'A', 'NXDOMAIN AA; soa 10800'],
    ['_dns.resolver.arpa.', 'SVCB', 'NXDOMAIN AA; soa 10800'],
    ['x.service.arpa.', 'A', 'NXDOMAIN AA; soa 10800'],
    ['example.com.', 'A', '-'],
    ['arpa.', 'NS', '-'],
    // A DS is the parent's business.
    ['home.arpa.', 'DS', '-'],
  ] as const)('%s %s gives %s', (name, type, text) => {
    expect(bench.local(name, type)).toBe(text);
  });

  test('are 104: the 102 of Unbound 1.17, resolver.arpa and service.arpa', () => {
    const names = [...new LocalTables(bench.policy).server.zones()].flatMap((zone) => zone?.type ?? []);
    expect(names.length).toBe(104);
  });

  test('go away by nodefault, and by a zone of the same name', () => {
    const changed = new PolicyBench('server:\nlocal-zone: "test." nodefault\nlocal-zone: "onion." refuse\n');
    expect(changed.local('x.test.')).toBe('-');
    expect(changed.local('x.onion.')).toBe('REFUSED AA');
  });

  test('of private addresses go away by unblock-lan-zones, the others stay', () => {
    const changed = new PolicyBench('server:\nunblock-lan-zones: yes\n');
    expect(changed.local('1.1.168.192.in-addr.arpa.', 'PTR')).toBe('-');
    expect(changed.local('x.test.')).toBe('NXDOMAIN AA; soa 10800');
  });
});

describe('local data', () => {
  test('of a reverse name comes from an address', () => {
    const bench = new PolicyBench('server:\nlocal-data-ptr: "192.0.2.3 77 ptr.example."\n');
    expect(bench.local('3.2.0.192.in-addr.arpa.', 'PTR')).toBe('NOERROR AA; 3.2.0.192.in-addr.arpa. PTR ptr.example.');
  });

  test('in no zone makes one transparent zone at the name that all share', () => {
    const bench = new PolicyBench(
      'server:\nlocal-data: "a.b.example.com. A 192.0.2.1"\nlocal-data: "x.example.com. A 192.0.2.2"\n',
    );
    const table = new LocalTables(bench.policy).server;
    const zones = [...table.zones()].flatMap((zone) => (zone?.type === 'transparent' ? [zone] : []));
    expect(zones.map(({ zone }) => zone)).toEqual([mustParseName('example.com.')]);
    expect(bench.local('b.example.com.')).toBe('-');
    expect([...table.records()].filter((line) => line?.includes('192.0.2'))).toHaveLength(2);
  });

  test('has the case of the question', () => {
    const bench = new PolicyBench('server:\nlocal-data: "mail.example. A 192.0.2.1"\n');
    expect(bench.local('MAIL.Example.')).toBe('NOERROR AA; MAIL.Example. A 192.0.2.1');
  });
});

describe('the control channel', () => {
  const start = (): { bench: PolicyBench; table: LocalTables['server'] } => {
    const bench = new PolicyBench('server:\n');
    return { bench, table: new LocalTables(bench.policy).server };
  };

  test('adds a zone, changes its type with its records kept, and removes it', () => {
    const { bench, table } = start();
    expect(table.addZone(mustParseName('example.'), 'static')).toBe(true);
    expect(table.addData('www.example. A 192.0.2.1')).toBeNull();
    expect(table.addZone(mustParseName('example.'), 'transparent')).toBe(true);
    expect(bench.local('www.example.')).toBe('NOERROR AA; www.example. A 192.0.2.1');
    expect(bench.local('none.example.')).toBe('-');
    table.removeZone(mustParseName('example.'));
    expect(bench.local('www.example.')).toBe('-');
  });

  test('refuses what is no type and what is no record', () => {
    const { table } = start();
    expect(table.addZone(mustParseName('example.'), 'opaque')).toBe(false);
    expect(table.addData('h.new.example A 1.2.3.300')?.position).toBe(16);
    expect(table.addData('www.example. CH TXT x')?.error).toContain('class IN only');
  });

  test('makes a transparent zone for data of its own, which the quick test of names learns', () => {
    const { bench, table } = start();
    const query = mustParseName('www.novel.');
    expect(bench.policy.mayAnswer(query, 0)).toBe(false);
    table.addData('www.novel. A 192.0.2.1');
    expect(bench.policy.mayAnswer(query, 0)).toBe(true);
    expect(bench.local('www.novel.')).toBe('NOERROR AA; www.novel. A 192.0.2.1');
  });

  test('changes default zones for good, which are made when they are wanted first', () => {
    const { bench, table } = start();
    expect(table.removeRecord('localhost. A 127.0.0.1')).toBe(true);
    expect(bench.local('localhost.')).not.toContain('127.0.0.1');
    expect(bench.local('localhost.', 'AAAA')).toContain('::1');
    table.removeName(mustParseName('1.0.0.127.in-addr.arpa.'));
    expect(bench.local('1.0.0.127.in-addr.arpa.', 'PTR')).toBe('NXDOMAIN AA; soa 10800');
    table.addData('a.10.in-addr.arpa. PTR host.example.');
    expect(bench.local('a.10.in-addr.arpa.', 'PTR')).toContain('host.example.');
    expect(bench.local('b.10.in-addr.arpa.', 'PTR')).toBe('NXDOMAIN AA; soa 10800');
    table.addZone(mustParseName('test.'), 'transparent');
    expect(bench.local('test.', 'NS')).toBe('NOERROR AA; test. NS localhost.');
    expect(bench.local('x.test.')).toBe('-');
  });

  test('removes one record, or a name with the empty names above it', () => {
    const { bench, table } = start();
    table.addZone(mustParseName('example.'), 'static');
    table.addData('a.b.example. A 192.0.2.1');
    table.addData('a.b.example. A 192.0.2.2');
    expect(table.removeRecord('a.b.example. A 192.0.2.1')).toBe(true);
    expect(table.removeRecord('a.b.example. A 192.0.2.1')).toBe(false);
    expect(bench.local('a.b.example.')).toBe('NOERROR AA; a.b.example. A 192.0.2.2');
    table.removeName(mustParseName('a.b.example.'));
    expect(bench.local('b.example.')).toBe('NXDOMAIN AA');
  });
});
