/** Proves that clients get what their tags, netblocks and views say, and no more. */

import { describe, expect, test } from 'vitest';
import { PolicyBench } from './policy-bench.ts';

describe('tags', () => {
  const bench = new PolicyBench(`server:
  define-tag: "red green blue"
  local-zone: all.example. redirect
  local-data: "all.example. TXT plain"
  local-zone: red.all.example. redirect
  local-data: "red.all.example. TXT red"
  local-zone-tag: red.all.example. "red"
  local-zone: gb.all.example. redirect
  local-data: "gb.all.example. TXT own"
  local-zone-tag: gb.all.example. "green blue"
  access-control: 192.0.2.0/24 allow
  access-control-tag: 192.0.2.1/32 "red"
  access-control-tag: 192.0.2.2/32 "blue"
  access-control-tag-data: 192.0.2.2/32 blue "TXT of-tag"
  access-control-tag: 192.0.2.3/32 "green blue"
  access-control-tag-action: 192.0.2.3/32 blue refuse
  access-control-tag: 10.0.0.0/8 "red"
  access-control: 10.1.0.0/16 allow
`);

  test('hide a zone from clients without them: the zone above answers', () => {
    expect(bench.local('x.red.all.example.', 'TXT', { ip: '192.0.2.9' })).toBe(
      'NOERROR AA; x.red.all.example. TXT "plain"',
    );
    expect(bench.local('x.red.all.example.', 'TXT', { ip: '192.0.2.1' })).toBe(
      'NOERROR AA; x.red.all.example. TXT "red"',
    );
  });

  test('give records in place of those of a redirect zone', () => {
    expect(bench.local('x.gb.all.example.', 'TXT', { ip: '192.0.2.2' })).toBe(
      'NOERROR AA; x.gb.all.example. TXT "of-tag"',
    );
  });

  test('give a zone another type', () => {
    expect(bench.local('x.gb.all.example.', 'MX', { ip: '192.0.2.3' })).toBe('REFUSED AA');
  });

  test('belong to the longest netblock alone', () => {
    expect(bench.local('red.all.example.', 'TXT', { ip: '10.2.0.1' })).toContain('"red"');
    expect(bench.local('red.all.example.', 'TXT', { ip: '10.1.0.1' })).toContain('"plain"');
  });
});

describe('of several lines', () => {
  const bench = new PolicyBench(`server:
  interface: 192.0.2.53
  define-tag: "red green"
  local-zone: red.example. refuse
  local-zone-tag: red.example. "red"
  local-zone: green.example. refuse
  local-zone-tag: green.example. "green"
  access-control-tag: 192.0.2.1/32 "red"
  access-control-tag: 192.0.2.1/32 "green"
  interface-tag: 192.0.2.53 "red"
  interface-tag: 192.0.2.53 "green"
`);
  test.each([
    ['a netblock', { ip: '192.0.2.1' }],
    ['a listening address', { ip: '198.51.100.1', local: { ip: '192.0.2.53', port: 53 } }],
  ])('with tags for %s the first counts (Unbound 1.17.1)', (_, from) => {
    expect(bench.local('red.example.', 'A', from)).toBe('REFUSED AA');
    expect(bench.local('green.example.', 'A', from)).toBe('-');
  });
});

describe('the address that was asked', () => {
  const bench = new PolicyBench(`server:
  port: 53
  interface: 192.0.2.53
  interface: 0.0.0.0
  define-tag: "red"
  local-zone: example. redirect
  local-data: "example. TXT plain"
  local-zone: x.example. redirect
  local-data: "x.example. TXT red"
  local-zone-tag: x.example. "red"
  interface-tag: 192.0.2.53 "red"
  interface-tag-action: 192.0.2.53 red refuse
  interface-view: 0.0.0.0 "v"
  access-control: 10.0.0.0/8 allow
view:
  name: "v"
  local-zone: example. redirect
  local-data: "example. TXT in-view"
`);
  const at = (ip: string) => ({ ip, port: 53 });

  test('says which tags and view clients have that no access-control line is about', () => {
    expect(bench.local('x.example.', 'MX', { ip: '198.51.100.1', local: at('192.0.2.53') })).toBe('REFUSED AA');
    expect(bench.local('x.example.', 'TXT', { ip: '198.51.100.1', local: at('203.0.113.1') })).toContain('"in-view"');
  });

  test('says nothing for clients that one is about', () => {
    expect(bench.local('x.example.', 'TXT', { ip: '10.0.0.1', local: at('192.0.2.53') })).toContain('"plain"');
  });
});

describe('local-zone-override', () => {
  test('gives clients of a netblock another type', () => {
    const bench = new PolicyBench(`server:
  local-zone: x.example. static
  local-zone-override: x.example. 192.0.2.0/24 refuse
`);
    expect(bench.local('a.x.example.', 'A', { ip: '192.0.2.1' })).toBe('REFUSED AA');
    expect(bench.local('a.x.example.', 'A', { ip: '198.51.100.1' })).toBe('NXDOMAIN AA');
  });
});

describe('a view', () => {
  const bench = new PolicyBench(`server:
  local-zone: example. redirect
  local-data: "example. TXT global"
  access-control-view: 192.0.2.1/32 "closed"
  access-control-view: 192.0.2.2/32 "first"
  access-control-view: 192.0.2.3/32 "empty"
view:
  name: "closed"
  local-zone: a.example. redirect
  local-data: "a.example. TXT closed"
  local-zone: out.example. noview
view:
  name: "first"
  view-first: yes
  local-zone: a.example. redirect
  local-data: "a.example. TXT first"
  local-zone: t.example. transparent
  local-zone: out.a.example. noview
view:
  name: "empty"
`);
  test.each([
    ['192.0.2.1', 'a.example.', 'NOERROR AA; a.example. TXT "closed"'],
    ['192.0.2.1', 'b.example.', '-'],
    ['192.0.2.1', 'out.example.', '-'],
    // A closed view has the default zones as well.
    ['192.0.2.1', 'x.test.', 'NXDOMAIN AA; soa 10800'],
    ['192.0.2.2', 'a.example.', 'NOERROR AA; a.example. TXT "first"'],
    ['192.0.2.2', 'b.example.', 'NOERROR AA; b.example. TXT "global"'],
    ['192.0.2.2', 't.example.', 'NOERROR AA; t.example. TXT "global"'],
    ['192.0.2.2', 'x.out.a.example.', 'NOERROR AA; x.out.a.example. TXT "global"'],
    ['192.0.2.3', 'b.example.', 'NOERROR AA; b.example. TXT "global"'],
    ['192.0.2.9', 'b.example.', 'NOERROR AA; b.example. TXT "global"'],
  ])('for %s: %s TXT gives %s', (ip, name, text) => {
    expect(bench.local(name, 'TXT', { ip })).toBe(text);
  });

  test('has rules for answers of its own', async () => {
    const ruled = new PolicyBench(`server:
  response-ip: 198.51.100.0/24 always_nxdomain
  access-control-view: 192.0.2.1/32 "v"
view:
  name: "v"
  response-ip: 198.51.100.1/32 redirect
  response-ip-data: 198.51.100.1/32 "A 203.0.113.1"
`);
    ruled.know('w.example.', 'A', ['w.example. A 198.51.100.1']).know('o.example.', 'A', ['o.example. A 198.51.100.2']);
    expect(await ruled.ruled('w.example.', 'A', { ip: '192.0.2.1' })).toBe('NOERROR; w.example. A 203.0.113.1');
    expect(await ruled.ruled('o.example.', 'A', { ip: '192.0.2.1' })).toBe('NOERROR secure; o.example. A 198.51.100.2');
    expect(await ruled.ruled('w.example.', 'A', { ip: '192.0.2.9' })).toBe('NXDOMAIN');
  });
});
