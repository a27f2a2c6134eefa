/**
 * Attacks that try to get false data believed or kept, each against a whole resolver:
 * TuDoor (malformed replies that end the wait), MaginotDNS (CVE-2022-32983, CVE-2021-25220), RebirthDay (Unbound
 * CVE-2025-5994), Phoenix and ghost domains (Unbound CVE-2022-30698 and -30699, CVE-2026-40622, CVE-2026-42955), promiscuous
 * NS, DNAME and glue (BIND CVE-2025-40778, PowerDNS CVE-2025-59023 and -59024, Unbound CVE-2026-42960, Hickory
 * GHSA-83hf-93m4-rgwq), spoofed FORMERR (PowerDNS CVE-2026-52690), QR=0 and odd headers (PowerDNS CVE-2026-42389), source
 * port and id prediction (BIND CVE-2025-40780, Unbound CVE-2026-50252), 0.0.0.0 glue (Unbound CVE-2026-50251), below an
 * NXDOMAIN a stub zone is shadowed (Unbound CVE-2026-44687).
 */

import { describe, expect, test } from 'vitest';
import { readU16, writeU16 } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { onType } from '../world/lies.ts';
import { recordOf, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const FORGER = '203.0.113.66';

/** An unsigned zone: only the rules of iteration protect it. */
function plain(text: string): Scene {
  return Scene.withTest(text, { signing: undefined as never });
}

describe('TuDoor', () => {
  const spoilers: readonly (readonly [string, (honest: Uint8Array) => Uint8Array])[] = [
    ['header only', (honest) => honest.slice(0, 12)],
    ['cut off', (honest) => honest.slice(0, honest.length - 3)],
    ['of one octet', () => Uint8Array.of(1)],
    ['empty', () => new Uint8Array()],
    ['with another id', (honest) => withU16(honest, 0, readU16(honest, 0) ^ 1)],
    ['with another opcode', (honest) => withU16(honest, 2, readU16(honest, 2) | 0x2800)],
    ['with two questions announced', (honest) => withU16(honest, 4, 2)],
    ['with 60000 answers announced', (honest) => withU16(honest, 6, 60_000)],
    ['to another name', (honest) => withU16(honest, 13, readU16(honest, 13) ^ 1)],
  ];

  test.each(spoilers)('a reply %s before the good one does not end the wait', async (_what, spoil) => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.attach();
    scene.tamper(AUTH, (reply, query) => {
      query.reply(spoil(tighten(reply)));
      return reply;
    });
    await scene.start();
    const before = scene.ports.clock.monotonicMs();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    expect(scene.ports.clock.monotonicMs()).toBe(before);
    expect(scene.count('upstream.timeouts')).toBe(0);
    expect(scene.count('unwanted.replies')).toBeGreaterThan(0);
    await scene.stop();
  });
});

function withU16(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  writeU16(copy, at, value);
  return copy;
}

describe('MaginotDNS', () => {
  test('a forwarder for one zone can say nothing of another, not even of the zones above', async () => {
    const scene = plain('www IN A 192.0.2.80');
    scene.serve('192.0.2.77', (query, reply) => {
      query.reply(
        tighten({
          ...reply,
          flags: FLAG.QR | FLAG.RA,
          answer: [recordOf('www.inside.test. 300 A 192.0.2.78')],
          authority: [recordOf('test. 86400 NS ns.evil.test.'), recordOf('. 86400 NS ns.evil.test.')],
          additional: [recordOf(`ns.evil.test. 86400 A ${FORGER}`), recordOf(`www.test. 86400 A ${FORGER}`)],
        }),
      );
    });
    await scene.start(['forward-zone:', '\tname: "inside.test."', '\tforward-addr: 192.0.2.77']);
    // The attach of the start put only the world's servers up.
    expect((await scene.ask('www.inside.test.', 'A')).answer).toEqual(['www.inside.test. A 192.0.2.78']);
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    expect(scene.instance.caches.delegations.findDeepest(mustParseName('x.test.'))?.servers.length ?? 1).toBe(1);
    expect(scene.asked.filter((line) => line.startsWith(FORGER))).toEqual([]);
    await scene.stop();
  });
});

describe('RebirthDay', () => {
  test('many clients with one question cause one question at a time upstream', async () => {
    const scene = plain('*.x IN A 192.0.2.80');
    await scene.start();
    await scene.ask('first.x.test.', 'A');
    const before = scene.asked.length;
    const answered = await scene.askTogether(Array.from({ length: 50 }, () => 'same.x.test. A'));
    expect(answered).toHaveLength(50);
    expect(scene.asked.length - before).toBe(1);
    await scene.stop();
  });

  test('a reply to another port than the question came from is worth nothing', async () => {
    const scene = plain('www IN A 192.0.2.80');
    scene.tamper(AUTH, (reply, query) => {
      const forged = tighten({
        ...reply,
        answer: reply.answer.map((one) => ({ ...one, rdata: Uint8Array.of(203, 0, 113, 66) })),
      });
      for (const port of [query.from.port - 1, query.from.port + 1]) {
        scene.ports.network.transmit({ bytes: forged, from: query.to, to: { ip: query.from.ip, port } });
      }
      return reply;
    });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    await scene.stop();
  });

  test('a reply with the right id from another address is worth nothing', async () => {
    const scene = plain('www IN A 192.0.2.80');
    scene.tamper(AUTH, (reply, query) => {
      const forged = tighten({
        ...reply,
        answer: reply.answer.map((one) => ({ ...one, rdata: Uint8Array.of(203, 0, 113, 66) })),
      });
      scene.ports.network.transmit({ bytes: forged, from: { ip: FORGER, port: 53 }, to: query.from });
      return reply;
    });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    await scene.stop();
  });
});

describe('ghost domains', () => {
  /** `test.` delegates `ghost.test.` for an hour; the child claims that it lives for a week. */
  function ghost(): Scene {
    const scene = plain('');
    scene.zone('ghost.test.', { servers: { 'ns.ghost.test.': ['192.0.2.5'] }, text: '*.x 60 IN A 192.0.2.66' });
    scene.tamper('192.0.2.5', (reply) => ({
      ...reply,
      authority: [recordOf('ghost.test. 604800 NS ns.ghost.test.')],
      additional: [recordOf('ns.ghost.test. 604800 A 192.0.2.5')],
    }));
    return scene;
  }

  test('are gone when the parent has taken the delegation away', async () => {
    const scene = ghost();
    await scene.start();
    expect((await scene.ask('a.x.ghost.test.', 'A')).rcode).toBe('NOERROR');
    const parent = scene.world.get('test.');
    const taken = () => {
      parent.remove(mustParseName('ghost.test.'), TYPE.NS);
      parent.remove(mustParseName('ns.ghost.test.'), TYPE.A);
    };
    taken();
    // The child is asked all the time, for names of its own and for its NS set.
    for (let minute = 0; minute < 70; minute += 5) {
      await scene.ask(`n${minute}.x.ghost.test.`, 'A');
      await scene.ask('ghost.test.', 'NS');
      await scene.ask('ns.ghost.test.', 'A');
      await scene.ports.clock.advance(5 * 60_000);
    }
    expect((await scene.ask('late.x.ghost.test.', 'A')).rcode).toBe('NXDOMAIN');
    await scene.stop();
  });
});

describe('promiscuous NS, DNAME and glue', () => {
  test('an NS set beside an answer does not become a delegation', async () => {
    const scene = plain('*.x IN A 192.0.2.80\nwww IN A 192.0.2.81');
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      authority: [recordOf('test. 86400 NS ns.evil.test.')],
      additional: [recordOf(`ns.evil.test. 86400 A ${FORGER}`)],
    }));
    await scene.start();
    await scene.ask('a.x.test.', 'A');
    await scene.ask('b.x.test.', 'A');
    expect(scene.asked.filter((line) => line.startsWith(FORGER))).toEqual([]);
    await scene.stop();
  });

  test('a DNAME of a zone above is not followed nor kept', async () => {
    const scene = plain('www IN A 192.0.2.80\nmail IN A 192.0.2.81');
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({
        ...reply,
        answer: [recordOf('. 86400 DNAME evil.'), ...reply.answer],
        authority: [recordOf('test. 86400 DNAME evil.')],
      })),
    );
    await scene.start();
    await scene.ask('www.test.', 'A');
    expect((await scene.ask('mail.test.', 'A')).answer).toEqual(['mail.test. A 192.0.2.81']);
    expect(scene.instance.caches.rrsets.find(mustParseName('.'), TYPE.DNAME, CLASS.IN)).toBeNull();
    await scene.stop();
  });

  test('glue for names of other zones is not used', async () => {
    const scene = plain('');
    scene.zone('other.', { servers: { 'ns.other.': ['192.0.2.3'] }, text: 'www IN A 192.0.2.91' });
    scene.zone('sub.test.', { servers: { 'ns.other.': ['192.0.2.3'] }, text: 'www IN A 192.0.2.90' });
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      additional: [recordOf(`ns.other. 86400 A ${FORGER}`), recordOf(`www.other. 86400 A ${FORGER}`)],
    }));
    await scene.start();
    expect((await scene.ask('www.sub.test.', 'A')).answer).toEqual(['www.sub.test. A 192.0.2.90']);
    expect((await scene.ask('www.other.', 'A')).answer).toEqual(['www.other. A 192.0.2.91']);
    expect(scene.asked.filter((line) => line.startsWith(FORGER))).toEqual([]);
    await scene.stop();
  });

  test('records of other names in the answer section are not kept', async () => {
    const scene = plain('www IN A 192.0.2.80\nmail IN A 192.0.2.81');
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, answer: [...reply.answer, recordOf(`mail.test. 86400 A ${FORGER}`)] })),
    );
    await scene.start();
    await scene.ask('www.test.', 'A');
    scene.tamper(AUTH, (reply) => reply);
    expect((await scene.ask('mail.test.', 'A')).answer).toEqual(['mail.test. A 192.0.2.81']);
    await scene.stop();
  });
});

describe('spoofed FORMERR', () => {
  test('does not take DNSSEC away from a server that is known to have EDNS', async () => {
    const scene = Scene.withTest('*.x IN A 192.0.2.80');
    await scene.start();
    expect((await scene.ask('a.x.test.', 'A')).status).toBe('NOERROR ad');
    scene.tamper(AUTH, (reply, query) => {
      query.reply(tighten({ ...reply, flags: FLAG.QR | RCODE.FORMERR, answer: [], authority: [], additional: [] }));
      return reply;
    });
    expect((await scene.ask('b.x.test.', 'A')).rcode).toMatch(/NOERROR|SERVFAIL/);
    scene.tamper(AUTH, (reply) => reply);
    expect((await scene.ask('c.x.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('never makes unsigned data of a signed zone pass', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.tamper(AUTH, (reply, query) => {
      const hasEdns = reply.additional.some(({ type }) => type === TYPE.OPT);
      const formerr = { ...reply, flags: FLAG.QR | RCODE.FORMERR, answer: [], authority: [], additional: [] };
      if (hasEdns || query.transport === 'tcp') return formerr;
      return { ...reply, answer: [recordOf(`www.test. 300 A ${FORGER}`)], authority: [] };
    });
    await scene.start();
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.status).toBe('SERVFAIL');
    await scene.stop();
  });
});

describe('QR=0 and odd headers', () => {
  test.each([
    ['without the QR bit', (flags: number) => flags & ~FLAG.QR],
    ['with the opcode of an update', (flags: number) => flags | 0x2800],
    ['with rcode 15', (flags: number) => flags | 15],
  ])('a message %s is no answer', async (_what, change) => {
    const scene = Scene.withTest('www IN A 192.0.2.80', {
      servers: { 'ns.test.': [AUTH], 'ns2.test.': ['192.0.2.2'] },
    });
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      flags: change(reply.flags),
      answer: [recordOf(`www.test. 300 A ${FORGER}`)],
    }));
    await scene.start(['server:', '\toutbound-msg-retry: 1']);
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    await scene.stop();
  });

  test('a query that comes to an upstream socket starts nothing', async () => {
    const scene = plain('www IN A 192.0.2.80');
    scene.tamper(AUTH, (reply, query) => {
      query.reply(query.bytes);
      return reply;
    });
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 192.0.2.80']);
    expect(scene.instance.serve.stats.queries).toBe(1);
    await scene.stop();
  });
});

describe('port and id prediction', () => {
  test('every question has a port and an id of its own, spread over all there are', async () => {
    const scene = plain('*.x IN A 192.0.2.80');
    const ports: number[] = [];
    const ids: number[] = [];
    scene.ports.network.watch = ({ bytes, from, to }) => {
      if (to.port !== 53) return;
      ports.push(from.port);
      ids.push(readU16(bytes, 0));
    };
    await scene.start();
    for (let i = 0; i < 800; i++) await scene.ask(`n${i}.x.test.`, 'A');
    for (const [values, low] of [
      [ports, 1024],
      [ids, 0],
    ] as const) {
      expect(new Set(values).size).toBeGreaterThan(values.length * 0.97);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      // Each of 16 equal ranges gets its share: chi-squared with 15 degrees of freedom, 1 in 100,000 at 52.
      const buckets = new Array<number>(16).fill(0);
      for (const value of values) {
        const bucket = Math.floor(((value - low) * 16) / (0x10000 - low));
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      const share = values.length / 16;
      expect(buckets.reduce((sum, n) => sum + (n - share) ** 2 / share, 0)).toBeLessThan(52);
      // Neighbours tell nothing of each other.
      const steps = new Set(values.slice(1).map((value, i) => value - (values[i] ?? 0)));
      expect(steps.size).toBeGreaterThan(values.length * 0.95);
    }
    await scene.stop();
  });
});

describe('0.0.0.0 and :: glue', () => {
  test.each(['0.0.0.0', '::', '127.0.0.1', '::1'])('%s is not asked', async (ip) => {
    const scene = plain(`sub IN NS ns.sub\nns.sub IN ${ip.includes(':') ? 'AAAA' : 'A'} ${ip}`);
    const sent: string[] = [];
    await scene.start();
    scene.ports.network.watch = ({ to }) => sent.push(to.ip);
    expect((await scene.ask('www.sub.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(sent.filter((to) => to === ip && ip !== '127.0.0.1')).toEqual([]);
    expect(scene.asked.filter((line) => line.startsWith(`${ip} `))).toEqual([]);
    await scene.stop();
  });
});

describe('below an NXDOMAIN', () => {
  test('a stub zone still answers', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.serve('192.0.2.55', (query, reply) =>
      query.reply(tighten({ ...reply, answer: [recordOf('host.corp.inside.test. 300 A 10.1.2.3')] })),
    );
    await scene.start([
      'server:',
      '\tdomain-insecure: "corp.inside.test."',
      'stub-zone:',
      '\tname: "corp.inside.test."',
      '\tstub-addr: 192.0.2.55',
    ]);
    expect((await scene.ask('inside.test.', 'A')).status).toBe('NXDOMAIN ad');
    expect((await scene.ask('host.corp.inside.test.', 'A')).answer).toEqual(['host.corp.inside.test. A 10.1.2.3']);
    await scene.stop();
  });
});

describe('zones that are configured', () => {
  const STUB = '192.0.2.55';
  const config = (zone: string) => [
    `\tdomain-insecure: "${zone}"`,
    'stub-zone:',
    `\tname: "${zone}"`,
    `\tstub-addr: ${STUB}`,
  ];

  test('are asked themselves when an alias leads there: what the zone above adds is not kept', async () => {
    const scene = plain('www IN CNAME host.inside\nwww2 IN CNAME host.inside');
    const forged = recordOf(`host.inside.test. 3600 A ${FORGER}`);
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, answer: [...reply.answer, forged], authority: [] })),
    );
    scene.serve(STUB, (query, reply) =>
      query.reply(tighten({ ...reply, answer: [recordOf('host.inside.test. 300 A 10.1.2.3')] })),
    );
    await scene.start(config('inside.test.'));
    for (const name of ['www.test.', 'www2.test.', 'host.inside.test.']) {
      expect((await scene.ask(name, 'A')).answer.at(-1)).toBe('host.inside.test. A 10.1.2.3');
    }
    await scene.stop();
  });

  test('are not hidden by a DNAME of the zone above, proven as it may be', async () => {
    const scene = Scene.withTest('corp IN DNAME other\nhost.other IN A 192.0.2.99\nhost.inside.other IN A 192.0.2.98');
    scene.serve(STUB, (query, reply) =>
      query.reply(tighten({ ...reply, answer: [recordOf('host.inside.corp.test. 300 A 10.1.2.3')] })),
    );
    await scene.start(config('inside.corp.test.'));
    expect((await scene.ask('host.corp.test.', 'A')).status).toBe('NOERROR ad');
    expect((await scene.ask('host.inside.corp.test.', 'A')).answer).toEqual(['host.inside.corp.test. A 10.1.2.3']);
    await scene.stop();
  });
});
