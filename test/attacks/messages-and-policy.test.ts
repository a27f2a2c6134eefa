/**
 * Attacks by the shape of messages, and on what an operator has configured, each against a whole resolver:
 * compression bomb on output (Unbound CVE-2024-8508 and CVE-2026-44390, Hickory GHSA-q2qq-hmj6-3wpp), compression pointer
 * chain on input (Hickory #3738), many EDNS options and NSID twice (Unbound CVE-2026-41292 and CVE-2026-42944), cookie reply
 * checks (PowerDNS CVE-2026-33262), RPZ and response-ip that rewrite bogus data (Unbound CVE-2026-50243), bogus name of a
 * primary (Unbound CVE-2026-50248), ZONEMD skip (PowerDNS CVE-2026-42390, -33601, -33612).
 */

import { describe, expect, test } from 'vitest';
import { concatBytes, readU16, writeU16 } from '../../src/wire/bytes.ts';
import { EDNS_OPTION, optRdata } from '../../src/wire/edns.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { onType } from '../world/lies.ts';
import { loosen, recordOf, tighten } from '../world/loose-message.ts';
import { queryOf, Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';

function plain(text: string): Scene {
  return Scene.withTest(text, { signing: undefined as never });
}

describe('compression bomb on output', () => {
  test('a reply with thousands of names that share long suffixes is written, whole or cut, in bounded time', async () => {
    const scene = plain('');
    const suffix = Array.from({ length: 40 }, (_, i) => `l${i}`).join('.');
    scene.tamper(AUTH, (reply, query) => {
      if (reply.question?.type !== TYPE.PTR) return reply;
      if (query.transport === 'udp') return { ...reply, flags: FLAG.QR | FLAG.AA | FLAG.TC, answer: [], authority: [] };
      const answer = Array.from({ length: 340 }, (_, i) => recordOf(`big.test. 300 PTR h${i}.x${i}.${suffix}.test.`));
      return { ...reply, flags: FLAG.QR | FLAG.AA, answer, authority: [] };
    });
    await scene.start();
    const whole = await scene.ask('big.test.', 'PTR', { transport: 'tcp' });
    expect(whole.rcode).toBe('NOERROR');
    expect(whole.answer).toHaveLength(340);
    const cut = await scene.ask('big.test.', 'PTR', { udpSize: 1232 });
    expect(cut.tc).toBe(true);
    expect(cut.seen.bytes.length).toBeLessThanOrEqual(1232);
    await scene.stop();
  });
});

describe('compression pointer chain on input', () => {
  /** A reply whose owner name is a pointer to a pointer to a pointer. */
  const chained = (honest: Uint8Array, count: number, target: (i: number) => number) => {
    const start = honest.length;
    const pointers = new Uint8Array(count * 2);
    for (let i = 0; i < count; i++) writeU16(pointers, i * 2, 0xc000 | target(start + i * 2));
    const tail = Uint8Array.of(0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 203, 0, 113, 66);
    const bytes = concatBytes(honest, pointers, tail);
    writeU16(bytes, 10, readU16(bytes, 10) + 1);
    return bytes;
  };

  test.each([
    ['to itself', (at: number) => at],
    ['forwards', (at: number) => at + 2],
    ['backwards from one to the next', (at: number) => at - 2],
  ])('%s is refused and the wait goes on', async (_what, target) => {
    const scene = plain('www IN A 192.0.2.80');
    scene.tamper(AUTH, (reply, query) => {
      query.reply(chained(tighten(reply), 4_000, target));
      return reply;
    });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    await scene.stop();
  });

  test('in a query gets FORMERR or nothing', async () => {
    const scene = plain('www IN A 192.0.2.80');
    await scene.start();
    const query = Uint8Array.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1);
    expect((await scene.askOctets(query)).rcode).toBe('FORMERR');
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('NOERROR');
    await scene.stop();
  });
});

describe('many EDNS options', () => {
  test.each([
    ['300 unknown ones', Array.from({ length: 300 }, (_, i) => ({ code: 60_000 + i, data: Uint8Array.of(1) }))],
    ['NSID twice', [1, 2].map(() => ({ code: EDNS_OPTION.NSID, data: new Uint8Array() }))],
    ['200 client cookies', Array.from({ length: 200 }, () => ({ code: EDNS_OPTION.COOKIE, data: new Uint8Array(8) }))],
    ['200 paddings', Array.from({ length: 200 }, () => ({ code: EDNS_OPTION.PADDING, data: new Uint8Array(4) }))],
  ])('%s are read within bounds and answered once', async (_what, options) => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    await scene.start(['server:', '\tnsid: "ascii_house"']);
    const reply = await scene.ask('www.test.', 'A', { options });
    expect(reply.rcode).toMatch(/NOERROR|FORMERR/);
    expect(reply.seen.opt?.options.filter(({ code }) => code === EDNS_OPTION.NSID).length ?? 0).toBeLessThanOrEqual(1);
    expect(reply.seen.bytes.length).toBeLessThan(600);
    await scene.stop();
  });

  test('two OPT records are FORMERR (RFC 6891 §6.1.1)', async () => {
    const scene = plain('www IN A 192.0.2.80');
    await scene.start();
    const query = loosen(queryOf('www.test.', 'A'));
    query.additional.push(...query.additional);
    expect((await scene.askOctets(tighten(query))).rcode).toBe('FORMERR');
    await scene.stop();
  });

  test('of an upstream reply do not disturb its answer', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    const options = Array.from({ length: 300 }, (_, i) => ({ code: 60_000 + i, data: Uint8Array.of(1, 2, 3) }));
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      additional: reply.additional.map((one) => (one.type === TYPE.OPT ? { ...one, rdata: optRdata(options) } : one)),
    }));
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('cookie reply checks', () => {
  const cookieOf = (query: Uint8Array): Uint8Array | null => {
    const opt = loosen(query).additional.find(({ type }) => type === TYPE.OPT);
    const rdata = opt?.rdata ?? new Uint8Array();
    for (let at = 0; at + 4 <= rdata.length; at += 4 + readU16(rdata, at + 2)) {
      if (readU16(rdata, at) === EDNS_OPTION.COOKIE) return rdata.slice(at + 4, at + 4 + readU16(rdata, at + 2));
    }
    return null;
  };
  const withCookie = (reply: ReturnType<typeof loosen>, data: Uint8Array) => ({
    ...reply,
    additional: reply.additional.map((one) =>
      one.type === TYPE.OPT ? { ...one, rdata: optRdata([{ code: EDNS_OPTION.COOKIE, data }]) } : one,
    ),
  });

  test.each([
    [
      'with another client part',
      (client: Uint8Array) =>
        concatBytes(
          client.map((octet) => octet ^ 1),
          new Uint8Array(8),
        ),
    ],
    ['without a server part', (client: Uint8Array) => client],
    ['with a server part of 7 octets', (client: Uint8Array) => concatBytes(client, new Uint8Array(7))],
    ['with a server part of 33 octets', (client: Uint8Array) => concatBytes(client, new Uint8Array(33))],
    ['of no octets', () => new Uint8Array()],
  ])('a forged reply with a cookie %s does not end the wait', async (_what, spoil) => {
    const scene = plain('www IN A 192.0.2.80');
    let seen = 0;
    scene.tamper(AUTH, (reply, query) => {
      const client = cookieOf(query.bytes)?.slice(0, 8);
      if (client === undefined) return reply;
      seen++;
      const forged = {
        ...reply,
        answer: reply.answer.map((one) => ({ ...one, rdata: Uint8Array.of(203, 0, 113, 66) })),
      };
      query.reply(tighten(withCookie(forged, spoil(client))));
      return withCookie(reply, concatBytes(client, new Uint8Array(8).fill(9)));
    });
    await scene.start(['server:', '\tupstream-cookies: yes']);
    // A server gets cookies when it has answered once.
    expect((await scene.ask('www.test.', 'MX')).rcode).toBe('NOERROR');
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    expect(seen).toBeGreaterThan(0);
    await scene.stop();
  });
});

describe('RPZ and response-ip', () => {
  test('an address rule does not turn bogus data into an answer', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
    await scene.start([
      'server:',
      '\tmodule-config: "respip validator iterator"',
      '\tresponse-ip: 192.0.2.80/32 redirect',
      '\tresponse-ip-data: 192.0.2.80/32 "A 10.0.0.1"',
    ]);
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.status).toBe('SERVFAIL');
    expect(reply.answer).toEqual([]);
    await scene.stop();
  });

  test('a policy zone does not turn bogus data into an answer, and takes AD from what it changes', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80\nmail IN A 192.0.2.81\nother IN A 192.0.2.82');
    scene.ports.files.put(
      '/rpz.zone',
      '$ORIGIN rpz.\n@ 60 SOA a. b. 1 60 60 60 60\n@ 60 NS a.\n32.80.2.0.192.rpz-ip 60 A 10.0.0.1\n32.81.2.0.192.rpz-ip 60 A 10.0.0.2\n',
    );
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => {
        const isWww = reply.question?.name[1] === 0x77;
        return isWww ? { ...reply, answer: reply.answer.filter(({ type }) => type === TYPE.A) } : reply;
      }),
    );
    await scene.start([
      'server:',
      '\tmodule-config: "respip validator iterator"',
      'rpz:',
      '\tname: "rpz."',
      '\tzonefile: "/rpz.zone"',
    ]);
    expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
    const changed = await scene.ask('mail.test.', 'A');
    expect(changed.answer).toEqual(['mail.test. A 10.0.0.2']);
    expect(changed.ad).toBe(false);
    expect((await scene.ask('other.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('rules for some clients', () => {
  test('make no answer that others get from the reply cache', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80\nother IN A 192.0.2.99');
    await scene.start([
      '\taccess-control: 198.51.100.0/24 allow',
      '\taccess-control-view: 198.51.100.1/32 "some"',
      'view:',
      '\tname: "some"',
      '\tlocal-zone: "www.test." redirect',
      '\tlocal-data: "www.test. 300 CNAME other.test."',
    ]);
    const led = await scene.ask('www.test.', 'A', { from: '198.51.100.1' });
    expect(led.answer).toEqual(['www.test. CNAME other.test.', 'other.test. A 192.0.2.99']);
    expect(led.ad).toBe(false);
    const plainly = await scene.ask('www.test.', 'A', { from: '198.51.100.2' });
    expect(plainly.answer).toEqual(['www.test. A 192.0.2.80']);
    expect(plainly.status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('ZONEMD skip', () => {
  const zone = (more: string) =>
    `$ORIGIN held.\n@ 60 SOA a. b. 1 60 60 60 60\n@ 60 NS a.\nwww 60 A 192.0.2.99\n${more}`;
  const config = [
    'server:',
    '\tdomain-insecure: "held."',
    'auth-zone:',
    '\tname: "held."',
    '\tzonefile: "/held.zone"',
    '\tfor-downstream: no',
    '\tfallback-enabled: no',
  ];

  test.each([
    ['a digest that does not match', `@ 60 ZONEMD 1 1 1 ${'ab'.repeat(48)}`, '\tzonemd-check: yes'],
    ['no digest where one is demanded', '', '\tzonemd-reject-absence: yes'],
  ])('a zone with %s is not used', async (_what, more, rule) => {
    const scene = Scene.withTest('');
    scene.ports.files.put('/held.zone', zone(more));
    await scene.start([...config, '\tzonemd-check: yes', ...(rule.includes('check') ? [] : [rule])]);
    await scene.ports.clock.advance(2_000);
    const reply = await scene.ask('www.held.', 'A');
    expect(reply.status).toBe('SERVFAIL');
    await scene.stop();
  });

  test('a zone without a digest is used where none is demanded', async () => {
    const scene = Scene.withTest('');
    scene.ports.files.put('/held.zone', zone(''));
    await scene.start([...config, '\tzonemd-check: yes']);
    await scene.ports.clock.advance(2_000);
    expect((await scene.ask('www.held.', 'A')).answer).toEqual(['www.held. A 192.0.2.99']);
    await scene.stop();
  });
});

describe('bogus name of a primary', () => {
  test('is not asked for a transfer', async () => {
    const scene = Scene.withTest('primary IN A 192.0.2.99');
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
    const connected: string[] = [];
    scene.ports.servers.serve('192.0.2.99', (query) => connected.push(query.transport));
    await scene.start(['auth-zone:', '\tname: "held."', '\tprimary: primary.test.', '\tfor-downstream: no']);
    await scene.ports.clock.advance(120_000);
    expect(scene.asked.some((line) => line.includes('primary.test.'))).toBe(true);
    expect(connected).toEqual([]);
    await scene.stop();
  });
});
