/** Proves how policy meets clients: local data before all else, rules for one client and not for the caches of all. */

import { describe, expect, test } from 'vitest';
import { parseIp } from '../../src/wire/ip.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { PolicyBench } from '../policy/policy-bench.ts';
import { questionFrom } from '../support/records.ts';
import { answered, PlayedResolver, queryFor, ranked } from './serving.ts';

const LOCAL = `server:
  local-zone: lan.example. static
  local-data: "a.lan.example. A 192.0.2.1"
  local-data: "a.lan.example. A 192.0.2.2"
  local-zone: silent.example. deny
  local-zone: r.example. redirect
  local-data: "r.example. CNAME t.example."
`;

function serverWith(config: string, options = {}): PlayedResolver {
  return new PlayedResolver(options, new PolicyBench(config).policy);
}

describe('local data', () => {
  test('is given at once, with AA and without AD, with RD or without', () => {
    const server = serverWith(LOCAL);
    expect(server.reply(questionFrom('a.lan.example.'), { ad: true }).flags).toBe('QR AA RD RA');
    expect(server.reply(questionFrom('a.lan.example.'), { rd: false }).flags).toBe('QR AA RA');
    expect(server.reply(questionFrom('none.lan.example.')).rcode).toBe(RCODE.NXDOMAIN);
  });

  test('turns its addresses with the query', () => {
    const server = serverWith(LOCAL);
    const firsts = [1, 2].map((id) => server.reply(questionFrom('a.lan.example.'), { id }).records[0]);
    expect(new Set(firsts).size).toBe(2);
  });

  test('may be silence', () => {
    expect(serverWith(LOCAL).send(queryFor(questionFrom('x.silent.example.')))).toBeNull();
  });

  test('is all that some clients get', () => {
    const block = { address: parseIp('198.51.100.0') ?? new Uint8Array(4), prefixLength: 24 };
    const server = serverWith(LOCAL, { access: [{ ...block, action: 'refuse_non_local' }] });
    const from = '198.51.100.1';
    expect(server.reply(questionFrom('a.lan.example.'), { from }).rcode).toBe(RCODE.NOERROR);
    expect(server.reply(questionFrom('www.example.'), { from }).rcode).toBe(RCODE.REFUSED);
  });

  test('is not sent to addresses that may be forged, where cookies are wanted', () => {
    const block = { address: parseIp('198.51.100.0') ?? new Uint8Array(4), prefixLength: 24 };
    const server = serverWith(LOCAL, { access: [{ ...block, action: 'allow_cookie' }] });
    const reply = server.reply(questionFrom('a.lan.example.'), { from: '198.51.100.1' });
    expect([reply.flags, reply.answer]).toEqual(['QR TC RD RA', []]);
  });

  test('that is an alias waits for its target', async () => {
    const server = serverWith(LOCAL);
    expect(server.send(queryFor(questionFrom('x.r.example.')))).toBe('handed over');
    await server.end(answered(questionFrom('t.example.'), { answer: [ranked(['t.example. A 192.0.2.9'])] }));
    expect(server.late[0]?.answer).toEqual(['x.r.example. CNAME', 't.example. A']);
    expect(server.late[0]?.flags).toBe('QR AA RD RA');
    expect(server.serve.waiting()).toBe(0);
  });
});

describe('a rule for answers', () => {
  const RULE = `server:
  access-control-view: 198.51.100.1/32 "v"
view:
  name: "v"
  response-ip: 192.0.2.0/24 redirect
  response-ip-data: 192.0.2.0/24 "A 10.0.0.1"
`;
  const block = { address: parseIp('198.51.100.0') ?? new Uint8Array(4), prefixLength: 24 };
  const options = { access: [{ ...block, action: 'allow' as const }] };

  test('changes what one client gets, out of a cache that others are served from', async () => {
    const server = serverWith(RULE, options);
    const resolution = answered(questionFrom('w.example.'), { answer: [ranked(['w.example. A 192.0.2.9'])] });
    server.know(resolution);
    expect(server.reply(questionFrom('w.example.'), { from: '198.51.100.2' }).records[0]).toContain('192.0.2.9');
    expect(server.send(queryFor(questionFrom('w.example.')), { from: '198.51.100.1' })).toBe('handed over');
    await server.end(resolution);
    expect(server.late[0]?.records[0]).toContain('10.0.0.1');
    expect(server.reply(questionFrom('w.example.'), { from: '198.51.100.2' }).records[0]).toContain('192.0.2.9');
  });

  test('does not break when the resolver does: SERVFAIL, and a line', async () => {
    const server = serverWith(RULE, options);
    server.send(queryFor(questionFrom('w.example.')), { from: '198.51.100.1' });
    server.resolving[0]?.fail(new Error('broken'));
    await server.clock.settle();
    expect(server.late[0]?.rcode).toBe(RCODE.SERVFAIL);
    expect(server.serve.waiting()).toBe(0);
    expect(server.log.text()).toContain('broken');
  });
});

describe('the SOA of the policy zone that made a reply', () => {
  const zones = {
    'rpz.': `@ 60 SOA ns.rpz. host.rpz. 7 1 1 1 60
bad.tld CNAME .
nodata.tld CNAME *.
local.tld A 192.0.2.9
tcp.tld CNAME rpz-tcp-only.
32.9.100.51.198.rpz-ip CNAME .
`,
  };
  const served = (options: object): PlayedResolver =>
    new PlayedResolver(options, new PolicyBench('rpz:\n  name: rpz.\n', zones).policy);

  test.each([
    ['bad.tld.', ['rpz. SOA']],
    ['nodata.tld.', ['rpz. SOA']],
    ['local.tld.', ['rpz. SOA']],
    ['tcp.tld.', []],
  ])('comes along for %s where replies are not minimal', (name, additional) => {
    expect(served({ minimalResponses: false }).reply(questionFrom(name)).additional).toEqual(additional);
    expect(served({ minimalResponses: true }).reply(questionFrom(name)).additional).toEqual([]);
  });

  test.each([
    ['has a rule comes along', 'bad.tld. A 192.0.2.1', ['rpz. SOA']],
    // As Unbound: only the address is changed, the policy zone does not speak for the name.
    ['has an address with a rule does not', 'www.tld. A 198.51.100.9', []],
  ])('of an answer whose name %s', async (_, record, additional) => {
    const server = served({ minimalResponses: false });
    server.send(queryFor(questionFrom('www.tld.')));
    const target = record.split(' ')[0] ?? '';
    const alias = target === 'www.tld.' ? [] : [ranked([`www.tld. CNAME ${target}`])];
    await server.end(answered(questionFrom('www.tld.'), { answer: [...alias, ranked([record])] }));
    expect([server.late[0]?.rcode, server.late[0]?.additional]).toEqual([RCODE.NXDOMAIN, additional]);
  });

  test('does not come along with a denial that is resolved and minimal', async () => {
    const server = served({ minimalResponses: true });
    server.send(queryFor(questionFrom('www.tld.')));
    await server.end(
      answered(questionFrom('www.tld.'), {
        rcode: RCODE.NXDOMAIN,
        denied: true,
        additional: [ranked(['rpz. SOA n. h. 7 1 1 1 60'])],
      }),
    );
    expect(server.late[0]?.additional).toEqual([]);
  });
});
