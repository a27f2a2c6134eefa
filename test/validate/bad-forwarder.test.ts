/** Proves that one bad forwarder among good ones costs no answer: only who sent the bad reply is blamed for it. */

import { describe, expect, test } from 'vitest';
import { isAtOrBelow, isBelow } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { type LooseMessage, loosen, subjectOf, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const GOOD = '192.0.2.201';
const BAD = '192.0.2.202';
const OTHER = '192.0.2.203';

/** Servers of the tree by zone, deepest last. */
const ZONES: readonly (readonly [zone: string, ip: string])[] = [
  ['.', '198.41.0.4'],
  ['test.', '192.0.2.1'],
  ['plain.test.', '192.0.2.2'],
  ['signed.test.', '192.0.2.3'],
];

/** A tree with a signed and an unsigned zone, whose data forwarders hand out; `spoil` is what the bad one does. */
function sceneWith(seed: number, spoil: (reply: LooseMessage) => LooseMessage, bad: readonly string[]): Scene {
  const scene = new Scene(seed);
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, signing: {}, text: 'www IN A 192.0.2.80' });
  scene.zone('plain.test.', {
    servers: { 'ns.plain.test.': ['192.0.2.2'] },
    text: 'www IN A 192.0.2.81\nmx IN A 192.0.2.82',
  });
  scene.zone('signed.test.', {
    servers: { 'ns.signed.test.': ['192.0.2.3'] },
    signing: {},
    text: 'www IN A 192.0.2.83',
  });
  for (const ip of [GOOD, BAD, OTHER]) {
    scene.serve(ip, (query) => {
      const asked = loosen(query.bytes).question;
      const name = asked?.name ?? mustParseName('.');
      const holds = (zone: string) =>
        asked?.type === TYPE.DS && zone !== '.'
          ? isBelow(name, mustParseName(zone))
          : isAtOrBelow(name, mustParseName(zone));
      const [, server = ''] = ZONES.findLast(([zone]) => holds(zone)) ?? [];
      const honest = scene.world.reply({ query: query.bytes, ip: server, transport: 'udp' });
      if (honest === null) throw new Error(`nobody speaks for ${formatName(name)}`);
      const reply = loosen(honest);
      reply.flags = (reply.flags & ~FLAG.AA) | FLAG.RA | FLAG.RD;
      query.reply(tighten(bad.includes(ip) ? spoil(reply) : reply));
    });
  }
  return scene;
}

const withoutProofs = (reply: LooseMessage): LooseMessage => ({
  ...reply,
  authority: reply.authority.filter((one) => subjectOf(one) !== TYPE.NSEC),
});
const withoutSignatures = (reply: LooseMessage): LooseMessage => ({
  ...reply,
  answer: reply.answer.filter(({ type }) => type !== TYPE.RRSIG),
  authority: reply.authority.filter(({ type }) => type !== TYPE.RRSIG),
});
const withWrongSignatures = (reply: LooseMessage): LooseMessage => ({
  ...reply,
  authority: reply.authority.map((one) =>
    one.type === TYPE.RRSIG
      ? { ...one, rdata: one.rdata.map((octet, i) => (i === one.rdata.length - 3 ? octet ^ 1 : octet)) }
      : one,
  ),
});

const LIES = [
  ['leaves out denial proofs', withoutProofs, [BAD]],
  ['leaves out signatures', withoutSignatures, [BAD]],
  ['spoils signatures of denials', withWrongSignatures, [BAD]],
  ['leaves out denial proofs, of two among three', withoutProofs, [BAD, OTHER]],
] as const;

describe('a forwarder that', () => {
  test.each(LIES)('%s takes nobody along', async (_what, spoil, bad) => {
    const failed: string[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const scene = sceneWith(seed, spoil, bad);
      const forwarders = [GOOD, BAD, ...(bad.length > 1 ? [OTHER] : [])];
      await scene.start(['forward-zone:', '\tname: "test."', ...forwarders.map((ip) => `\tforward-addr: ${ip}`)]);
      const questions = [
        'www.test. TXT',
        'www.plain.test. A',
        'mx.plain.test. A',
        'www.plain.test. TXT',
        'www.signed.test. A',
        'no.signed.test. A',
        'no.test. TLSA',
      ];
      for (const question of questions) {
        const [name = '', type = ''] = question.split(' ');
        const reply = await scene.ask(name, type);
        if (reply.rcode === 'SERVFAIL') failed.push(`${seed} ${question}: ${reply.edeTexts.join()}`);
      }
      await scene.stop();
    }
    expect(failed).toEqual([]);
  });
});
