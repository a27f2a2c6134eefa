/** Proves what silence teaches a whole resolver: about the zone and the type that it was met in, and nothing when the own line is cut. */

import { describe, expect, test } from 'vitest';
import { EDNS_OPTION, readEdns } from '../../src/wire/edns.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { loosen, recordOf, tighten } from './loose-message.ts';
import { Scene } from './scene.ts';

const ROOT = '198.41.0.4';
const PROVIDER = '192.0.2.1';
const VICTIM = '192.0.2.3';

/** Names of a zone: `host-0` and so on. */
function hosts(count: number): string {
  return Array.from({ length: count }, (_, i) => `host-${i} IN A 192.0.2.90\nhost-${i} IN MX 10 mx`).join('\n');
}

function victimScene(): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  scene.zone('victim.', { servers: { 'ns.victim.': [VICTIM] }, signing: {}, text: hosts(120) });
  return scene;
}

describe('a server that drops what it does not serve', () => {
  test.each(['before', 'after'])(
    'serves its own zone, which was asked %s a stranger delegated his to it',
    async (when) => {
      const scene = victimScene();
      const isStrangers = (octets: Uint8Array): boolean => Buffer.from(octets).includes('stranger');
      scene.tamper(ROOT, (reply) => {
        if (reply.question === null || !isStrangers(reply.question.name)) return reply;
        const authority = [recordOf('stranger. 3600 NS ns.victim.')];
        return {
          ...reply,
          flags: FLAG.QR,
          answer: [],
          authority,
          additional: [recordOf(`ns.victim. 3600 A ${VICTIM}`)],
        };
      });
      scene.tamper(VICTIM, (reply, query) => (isStrangers(query.bytes) ? null : reply));
      await scene.start(['server:', '\tqname-minimisation: no', '\taggressive-nsec: no']);
      if (when === 'before') expect((await scene.ask('host-0.victim.', 'A')).status).toBe('NOERROR ad');
      for (let i = 0; i < 120; i++) {
        await scene.askLater(`x${i}.stranger.`, i % 2 === 0 ? 'A' : 'MX');
        await scene.ports.clock.advance(1000);
      }
      for (let i = 1; i < 40; i++) {
        await scene.askLater(`y${i}.stranger.`, 'A');
        const startedMs = scene.ports.clock.monotonicMs();
        expect((await scene.ask(`host-${i}.victim.`, 'A')).status).toBe('NOERROR ad');
        expect(scene.ports.clock.monotonicMs() - startedMs).toBeLessThan(500);
        await scene.ports.clock.advance(7000);
      }
      await scene.stop();
    },
  );
});

describe('a server that drops or refers one type', () => {
  test.each(['drops', 'refers upward'])('and %s TLSA still serves MX', async (what) => {
    const scene = victimScene();
    scene.tamper(VICTIM, (reply) => {
      if (reply.question?.type !== TYPE.TLSA) return reply;
      if (what === 'drops') return null;
      return { ...reply, flags: FLAG.QR, answer: [], authority: [recordOf('. 3600 NS a.root.')], additional: [] };
    });
    await scene.start();
    for (let i = 0; i < 60; i++) {
      await scene.askLater(`_25._tcp.host-${i}.victim.`, 'TLSA');
      await scene.ports.clock.advance(20_000);
      if (i < 20) continue;
      expect((await scene.ask(`host-${i}.victim.`, 'MX')).status).toBe('NOERROR ad');
    }
    await scene.stop();
  });
});

describe('an outage of the own line', () => {
  /** Seconds of silence, and milliseconds that the first question after it takes at most: lost ones are sent again every 100 ms. */
  const OUTAGES = [
    [30, 200],
    [120, 200],
    [600, 2000],
    [1200, 2000],
  ] as const;

  /** Questions all the while, then `quietSeconds` without any; then the line is back. */
  async function throughOutage(seconds: number, isWarm: boolean, quietSeconds = 0): Promise<Scene> {
    const scene = victimScene();
    // The root has only the server that the world has: each question gives up after six silent ones.
    scene.ports.files.put('/hints', `. 3600000 NS a.root.\na.root. 3600000 A ${ROOT}\n`);
    await scene.start(['server:', '\troot-hints: "/hints"']);
    if (isWarm) for (const name of ['host-100.victim.', 'www.test.']) await scene.ask(name, 'A');
    scene.isCut = true;
    for (let at = 0; at < seconds; at += 2) {
      await scene.askLater(`host-${at % 50}.victim.`, 'MX');
      await scene.askLater(`no-${at}.test.`, 'A');
      await scene.ports.clock.advance(2000);
    }
    await scene.ports.clock.advance(quietSeconds * 1000);
    scene.isCut = false;
    return scene;
  }

  describe.each(OUTAGES)('of %i s', (seconds, mostMs) => {
    test.each(['warm', 'cold'])(
      'is over with the first question after it, for names that were asked in it too (%s caches)',
      async (caches) => {
        const scene = await throughOutage(seconds, caches === 'warm');
        const startedMs = scene.ports.clock.monotonicMs();
        const reply = await scene.ask('host-99.victim.', 'A');
        expect([reply.status, reply.edeTexts]).toEqual(['NOERROR ad', []]);
        expect(scene.ports.clock.monotonicMs() - startedMs).toBeLessThanOrEqual(mostMs);
        expect((await scene.ask('host-8.victim.', 'MX')).status).toBe('NOERROR ad');
        await scene.stop();
      },
    );
  });

  test('leaves the way to the zone known: who asks after it needs one question, not the whole way from the root', async () => {
    for (const seconds of [4, 30]) {
      const scene = await throughOutage(seconds, true, 30);
      const askedBefore = scene.asked.length;
      const { status } = await scene.ask('host-99.victim.', 'A');
      const asked = scene.asked.slice(askedBefore);
      expect([seconds, status, asked]).toEqual([seconds, 'NOERROR ad', [`${VICTIM} host-99.victim. A`]]);
      await scene.stop();
    }
  });
});

describe('a line that has become slow', () => {
  test('is waited for: answers that take 1.5 s are heard', async () => {
    const scene = victimScene();
    let isSlow = false;
    for (const ip of [ROOT, PROVIDER, VICTIM]) {
      scene.tamper(ip, (reply, query) => {
        if (isSlow) scene.ports.clock.after(1500, () => query.reply(tighten(reply)));
        return isSlow ? null : reply;
      });
    }
    await scene.start();
    expect((await scene.ask('host-0.victim.', 'A')).status).toBe('NOERROR ad');
    await scene.ports.clock.advance(60_000);
    isSlow = true;
    let answered = 0;
    for (let i = 1; i <= 20; i++) {
      if ((await scene.ask(`host-${i}.victim.`, 'A')).status === 'NOERROR ad') answered++;
      await scene.ports.clock.advance(20_000);
    }
    expect(answered).toBeGreaterThanOrEqual(19);
    await scene.stop();
  });
});

describe('six servers that drop questions with EDNS', () => {
  test('serve their unsigned zone well before a client gives up', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    const servers = Object.fromEntries([1, 2, 3, 4, 5, 6].map((i) => [`ns${i}.old.`, [`192.0.2.${100 + i}`]]));
    scene.zone('old.', { servers, text: hosts(20) });
    for (let i = 1; i <= 6; i++) {
      scene.tamper(`192.0.2.${100 + i}`, (reply, query) =>
        loosen(query.bytes).additional.some(({ type }) => type === TYPE.OPT) ? null : reply,
      );
    }
    await scene.start();
    for (let i = 0; i < 20; i++) {
      const startedMs = scene.ports.clock.monotonicMs();
      expect((await scene.ask(`host-${i}.old.`, 'A')).status).toBe('NOERROR');
      expect(scene.ports.clock.monotonicMs() - startedMs).toBeLessThan(4000);
    }
    await scene.stop();
  });
});

describe('a server that drops questions with a cookie', () => {
  test('serves its signed zone as if there were none', async () => {
    const scene = victimScene();
    for (const ip of [ROOT, PROVIDER, VICTIM]) {
      scene.tamper(ip, (reply, query) => {
        // An option of eight octets: a client cookie.
        const isCookie = Buffer.from(query.bytes).includes(Buffer.of(0, EDNS_OPTION.COOKIE, 0, 8));
        return isCookie ? null : reply;
      });
    }
    await scene.start();
    let ms = 0;
    for (let i = 0; i < 20; i++) {
      const startedMs = scene.ports.clock.monotonicMs();
      expect((await scene.ask(`host-${i}.victim.`, 'A')).status).toBe('NOERROR ad');
      ms += scene.ports.clock.monotonicMs() - startedMs;
    }
    expect(ms).toBeLessThan(1500);
    await scene.stop();
  });
});

describe('a line that lets no large UDP message through', () => {
  /** What counts as large here: the answers of this world are small. */
  const LARGE_OCTETS = 200;

  /** A server whose large answers are lost when more than 512 octets may come over UDP; it truncates those that may not. */
  function losesLarge(scene: Scene, ip: string): void {
    scene.tamper(ip, (reply, query) => {
      const parsed = parseMessage(query.bytes);
      const edns = parsed.ok ? readEdns(parsed.message) : null;
      if (query.transport !== 'udp' || tighten(reply).length <= LARGE_OCTETS) return reply;
      if (edns !== null && edns !== 'malformed' && edns.udpSize > 512) return null;
      return { ...reply, flags: reply.flags | FLAG.TC, answer: [], authority: [], additional: [] };
    });
  }

  test('still brings signed answers: the least size is asked for, and TCP', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.zone('victim.', { servers: { 'ns.victim.': [VICTIM] }, signing: {}, text: hosts(120) });
    for (const ip of [ROOT, PROVIDER, VICTIM]) losesLarge(scene, ip);
    scene.ports.files.put('/hints', `. 3600000 NS a.root.\na.root. 3600000 A ${ROOT}\n`);
    await scene.start(['server:', '\troot-hints: "/hints"']);
    const reply = await scene.ask('host-1.victim.', 'A');
    expect(reply.status).toBe('NOERROR ad');
    await scene.stop();
  });
});
