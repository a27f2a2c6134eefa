/**
 * Proves that a forwarder is asked only where it shows a key that its own zone publishes and DNSSEC proves (forward-tls-dane), and
 * that finding this out through the forwarder itself lets nobody in. The whole resolver, with a signed world behind one forwarder.
 */

import { afterEach, expect, test } from 'vitest';
import { toBase64 } from '../../src/wire/bytes.ts';
import { isAtOrBelow, isBelow } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { type LooseMessage, loosen, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const FORWARDER = '192.0.2.201@853';
const [OWN, NEW, OTHER] = [0xaa, 0xbb, 0xcc];
const digestOf = (key: number): Uint8Array => new Uint8Array(32).fill(key);
const tlsa = (key: number): string => `3 1 1 ${Buffer.from(digestOf(key)).toString('hex')}`;
const LINES = [
  'forward-zone:',
  '\tname: "."',
  '\tforward-tls-upstream: yes',
  `\tforward-addr: ${FORWARDER}#dns.test`,
  '\tforward-tls-dane: yes',
];
/** Servers of the tree by zone, deepest last. */
const ZONES = [
  ['.', '198.41.0.4'],
  ['test.', '192.0.2.1'],
  ['plain.test.', '192.0.2.2'],
] as const;

let scene: Scene;
/** The key that whoever is at the forwarder's address shows. */
let shown = OWN;
let spoil: (reply: LooseMessage) => LooseMessage;

afterEach(async () => await scene.stop());

/** A signed tree, and a forwarder that hands it out; `record` is the TLSA data of its name, null: none. */
async function start(record: string | null): Promise<void> {
  shown = OWN;
  spoil = (reply) => reply;
  scene = new Scene();
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  publish(record);
  scene.zone('plain.test.', { servers: { 'ns.plain.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.81' });
  scene.ports.network.tlsKeyOf = () => toBase64(digestOf(shown));
  scene.serve(FORWARDER, (query) => {
    const asked = loosen(query.bytes).question;
    const name = asked?.name ?? mustParseName('.');
    const holds = (zone: string): boolean =>
      asked?.type === TYPE.DS && zone !== '.'
        ? isBelow(name, mustParseName(zone))
        : isAtOrBelow(name, mustParseName(zone));
    const [, ip = ''] = ZONES.findLast(([zone]) => holds(zone)) ?? [];
    const honest = scene.world.reply({ query: query.bytes, ip, transport: 'tcp' });
    if (honest === null) return;
    const reply = loosen(honest);
    reply.flags = (reply.flags & ~FLAG.AA) | FLAG.RA | FLAG.RD;
    query.reply(tighten(spoil(reply)));
  });
  await scene.start(LINES);
}

function publish(record: string | null): void {
  const line = record === null ? '' : `_853._tcp.dns 3600 IN TLSA ${record}`;
  scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, signing: {}, text: `www IN A 192.0.2.80\n${line}` });
}

/** Of what the forwarder was asked, that which does not prove its key. */
function learnt(): readonly string[] {
  return scene.asked
    .filter((asked) => asked.startsWith(FORWARDER))
    .map((asked) => asked.slice(FORWARDER.length + 1))
    .filter((asked) => !/ (?:DS|DNSKEY)$/.test(asked) && asked !== '_853._tcp.dns.test. TLSA');
}

function keptAnything(): boolean {
  const { rrsets, answers, delegations } = scene.instance.caches;
  return rrsets.count + answers.count + delegations.count > 0;
}

test('the forwarder that shows the published key is asked, with AD; its key was proven first', async () => {
  await start(tlsa(OWN));
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  expect(learnt()).toEqual(['www.test. A']);
  const asked = scene.asked.filter((each) => each.startsWith(FORWARDER));
  expect(asked.indexOf(`${FORWARDER} _853._tcp.dns.test. TLSA`)).toBeLessThan(
    asked.indexOf(`${FORWARDER} www.test. A`),
  );
  expect((await scene.ask('www.plain.test.', 'A')).status).toBe('NOERROR');
});

test('who shows another key learns no question but those that prove the key, and puts nothing into the cache', async () => {
  await start(tlsa(OWN));
  shown = OTHER;
  for (const name of ['www.test.', 'www.plain.test.']) expect((await scene.ask(name, 'A')).status).toBe('SERVFAIL');
  expect(learnt()).toEqual([]);
  expect(keptAnything()).toBe(false);
});

test.each([
  ['forged', tlsa(OWN), true],
  ['not there', null, false],
  ['of another form', `2 0 1 ${'aa'.repeat(32)}`, false],
])('nobody is asked while the records are %s', async (_what, record, isForged) => {
  await start(record);
  if (isForged) {
    shown = OTHER;
    spoil = (reply) => ({
      ...reply,
      answer: reply.answer.map((one) =>
        one.type === TYPE.TLSA ? { ...one, rdata: Uint8Array.of(3, 1, 1, ...digestOf(OTHER)) } : one,
      ),
    });
  }
  expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
  expect(learnt()).toEqual([]);
  expect(keptAnything()).toBe(false);
  const lines = scene.ports.log.lines.map(({ line }) => line).filter((line) => line.includes('forward-tls-dane'));
  expect(lines).toHaveLength(1);
});

test('a new key is found when the old one is not shown any more', async () => {
  await start(tlsa(OWN));
  await scene.ask('www.test.', 'A');
  publish(tlsa(NEW));
  shown = NEW;
  scene.ports.network.resetStreamsAt(FORWARDER.split('@')[0] ?? '');
  await scene.ports.clock.advance(10_000);
  await scene.ask('one.test.', 'A');
  await scene.ports.clock.advance(10_000);
  expect((await scene.ask('two.test.', 'A')).status).toBe('NXDOMAIN ad');
});

test('keys are asked for anew before they end, and nobody waits for it', async () => {
  await start(tlsa(OWN));
  await scene.ask('www.test.', 'A');
  const asks = (): number => scene.asked.filter((each) => each.endsWith(' TLSA')).length;
  expect(asks()).toBe(1);
  await scene.ports.clock.advance(2_000_000);
  await scene.ask('one.test.', 'A');
  await scene.ports.clock.advance(1_000);
  expect(asks()).toBe(2);
});
