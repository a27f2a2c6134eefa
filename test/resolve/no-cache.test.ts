/** Proves that `stub-no-cache` and `forward-no-cache` hold in every cache: each question asks the servers anew. */

import { afterEach, describe, expect, test } from 'vitest';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { recordOf, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const LAN = '192.0.2.77';
/** Data of `test.` in the tree, whose signatures make it secure when a forwarder hands it out. */
const TEXT = 'www IN A 192.0.2.80\nout IN CNAME host.lan.\nmail IN MX 10 www\n';

let scene: Scene;
let version = 1;
afterEach(async () => {
  version = 1;
  await scene.stop();
});

/** A resolver with a stub for `lan.`, whose server says something new each second. */
async function instance(clause: 'stub' | 'forward', lines: readonly string[] = []): Promise<void> {
  scene = Scene.withTest(TEXT);
  scene.serve(LAN, (query, reply) => {
    const owner = scene.asked.at(-1)?.split(' ')[1] ?? '';
    const isHost = reply.question?.type === TYPE.A && owner !== 'lan.';
    if (owner.startsWith('broken.')) reply.flags = FLAG.QR | RCODE.SERVFAIL;
    else if (owner.startsWith('no.')) reply.flags |= RCODE.NXDOMAIN;
    else if (isHost) reply.answer = [recordOf(`${owner} 300 A 10.0.0.${version}`)];
    if (reply.answer.length === 0) reply.authority = [recordOf('lan. 300 SOA ns.lan. admin.lan. 1 60 60 60 300')];
    query.reply(tighten(reply));
  });
  const zone = [`${clause}-zone:`, '\tname: "lan."', `\t${clause}-addr: ${LAN}`, `\t${clause}-no-cache: yes`];
  const server = ['server:', '\tdomain-insecure: "lan."', '\tserve-expired: yes', ...lines.map((line) => `\t${line}`)];
  await scene.start([...server, ...zone]);
}

const asksOfLan = () => scene.asked.filter((line) => line.startsWith(LAN)).length;

describe.each(['stub', 'forward'] as const)('%s-no-cache', (clause) => {
  test.each([
    ['an answer', 'host.lan.', 'NOERROR'],
    ['a denial of the name', 'no.lan.', 'NXDOMAIN'],
    ['the end of an alias from elsewhere', 'out.test.', 'NOERROR'],
  ])('asks for %s each time', async (_what, name, rcode) => {
    await instance(clause);
    const seen: string[][] = [];
    for (version = 1; version <= 3; version++) {
      scene.ports.clock.skip(1000);
      const before = asksOfLan();
      const reply = await scene.ask(name, 'A');
      expect(reply.rcode).toBe(rcode);
      expect(asksOfLan()).toBeGreaterThan(before);
      seen.push(reply.answer.filter((line) => line.includes(' A ')));
      for (const record of reply.seen.answer) expect(record.ttl).toBeGreaterThan(0);
    }
    if (rcode === 'NOERROR') expect(seen).toEqual([1, 2, 3].map((n) => [`host.lan. A 10.0.0.${n}`]));
  });

  test('remembers no failure', async () => {
    await instance(clause);
    expect((await scene.ask('broken.lan.', 'A')).rcode).toBe('SERVFAIL');
    const before = asksOfLan();
    const reply = await scene.ask('broken.lan.', 'A');
    expect([reply.rcode, reply.edes.includes(13)]).toEqual(['SERVFAIL', false]);
    expect(asksOfLan()).toBeGreaterThan(before);
  });

  test('leaves nothing in the caches', async () => {
    await instance(clause);
    await scene.ask('host.lan.', 'A');
    await scene.ask('no.lan.', 'A');
    const { caches } = scene.instance;
    const owners = [...caches.rrsets.entries()].length;
    await scene.ask('other.lan.', 'A');
    expect([...caches.rrsets.entries()].length).toBe(owners);
  });
});
