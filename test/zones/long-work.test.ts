/** Proves that large zones keep nobody waiting: reading, building, sorting and writing go in pieces, and nothing is more than linear. */

import { describe, expect, test, vi } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { runAtOnce, type Steps, sortSteps } from '../../src/wire/steps.ts';
import { checkZone } from '../../src/zones/check-zone.ts';
import { fetchOverHttp } from '../../src/zones/http-fetch.ts';
import { HttpReader } from '../../src/zones/http-reader.ts';
import { transferZone } from '../../src/zones/transfer.ts';
import { TransferReader } from '../../src/zones/transfer-reader.ts';
import type { Zone } from '../../src/zones/zone.ts';
import { ZoneBuilder } from '../../src/zones/zone-builder.ts';
import { denialChainSteps } from '../../src/zones/zone-denial.ts';
import { zoneFileSteps, zoneFileTextSteps } from '../../src/zones/zone-file.ts';
import { countWork } from '../attacks/counted-work.ts';
import { strayDs, TAG } from '../attacks/traps.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { DEFAULT_CHECK_OPTIONS } from '../support/default-options.ts';
import { growthOfEight, MOST_GROWTH } from '../support/growth.ts';
import { collidingKeys } from '../world/lies.ts';
import { FakePrimary } from './fake-primary.ts';
import { ORIGIN, recordOf, soaLine, zoneOf } from './zones-data.ts';

const NAMES = 4000;

function textOf(names: number): string {
  const lines = Array.from({ length: names }, (_, i) => `n${(i * 7919) % names} 300 A 192.0.2.1`);
  return [soaLine(1), '@ 300 NS ns', ...lines, ''].join('\n');
}

/** Names with a denial record each; what it says does not matter here. */
function signedBy(kind: 'NSEC' | 'NSEC3'): string {
  const nsec3 = (i: number): string => `${i.toString(32).padStart(32, '0')} 300 NSEC3 1 0 0 - ${'0'.repeat(31)}1 A`;
  const lines = Array.from({ length: NAMES }, (_, i) => (kind === 'NSEC' ? `n${i} 300 NSEC n${i + 1} A` : nsec3(i)));
  const top = kind === 'NSEC' ? '@ 300 NSEC n0 SOA' : '@ 0 NSEC3PARAM 1 0 0 -';
  return [soaLine(1), top, ...lines, ''].join('\n');
}

function piecesOf(steps: Steps<unknown>): number {
  let pieces = 1;
  while (steps.next().done !== true) pieces++;
  return pieces;
}

describe('a zone of many names', () => {
  const zone = zoneOf(textOf(NAMES));
  test.each<[string, () => Steps<unknown>]>([
    ['is read', () => zoneFileSteps(textOf(NAMES), ORIGIN)],
    ['is sorted', () => zoneOf(textOf(NAMES)).sortSteps()],
    ['is written', () => zoneFileTextSteps(zone)],
    ['has its NSEC chain made', () => denialChainSteps(zoneOf(signedBy('NSEC')), createNodeCrypto())],
    ['has its NSEC3 chain made', () => denialChainSteps(zoneOf(signedBy('NSEC3')), createNodeCrypto())],
    ['is changed', () => new ZoneBuilder(ORIGIN, zone).buildSteps()],
  ])('%s in pieces', (_, start) => {
    expect(piecesOf(start())).toBeGreaterThanOrEqual(4);
  });

  test('is sorted as at once, and written so that it reads back the same', () => {
    const items = Array.from({ length: 5003 }, (_, i) => ({ key: (i * 31) % 97, i }));
    const byKey = (a: { key: number }, b: { key: number }): number => a.key - b.key;
    expect(runAtOnce(sortSteps(items, byKey))).toEqual([...items].sort(byKey));
    const text = Buffer.from(runAtOnce(zoneFileTextSteps(zone)) ?? []).toString();
    expect(Buffer.from(runAtOnce(zoneFileTextSteps(zoneOf(text))) ?? []).toString()).toBe(text);
  });

  test('gives others a turn after each message of its transfer', async () => {
    const ports = makeFakePorts();
    new FakePrimary(ports, '192.0.2.53', zoneOf(textOf(500)));
    const turns = vi.spyOn(ports.clock, 'nextTurn');
    const request = { zone: ORIGIN, server: { ip: '192.0.2.53', port: 53 }, tlsName: null, authorities: null };
    const limits = { own: null, maxOctets: 1 << 20, maxMs: 10_000, signal: new AbortController().signal };
    const end = await ports.clock.runUntilSettled(transferZone(ports, { ...request, ...limits }));
    expect(end.kind === 'zone' && end.zone.recordCount).toBe(502);
    expect(turns).toHaveBeenCalled();
  });
});

describe('a transfer', () => {
  const question = questionOf(ORIGIN, TYPE.AXFR);
  const piecesOfMessage = (owners: readonly string[]): number => {
    const buffer = new Uint8Array(65_535);
    const builder = new MessageBuilder(buffer);
    builder.start({ id: 1, flags: FLAG.QR, rcode: 0 });
    builder.question(question);
    builder.record('answer', recordOf(soaLine(1)));
    for (const owner of owners) builder.record('answer', recordOf(`${owner} A 192.0.2.1`));
    const reader = new TransferReader({ question, id: 1, own: null, maxOctets: 65_535 });
    return piecesOf(reader.take(buffer.slice(0, builder.finish())));
  };

  test('is read in pieces, however many records there are in a message', () => {
    expect(piecesOfMessage(Array.from({ length: 2000 }, (_, i) => `h${i}`))).toBeGreaterThanOrEqual(8);
  });

  test('of records that each make a hundred names has pieces as small', () => {
    const deep = (i: number): string => `${'x.'.repeat(100)}n${i}`;
    expect(piecesOfMessage(Array.from({ length: 200 }, (_, i) => deep(i)))).toBeGreaterThanOrEqual(40);
    const lines = Array.from({ length: 200 }, (_, i) => `${deep(i)} 300 A 192.0.2.1`);
    const text = [soaLine(1), ...lines].join('\n');
    expect(piecesOf(zoneFileSteps(text, ORIGIN))).toBeGreaterThanOrEqual(40);
  });
});

test('what comes over HTTP is read in pieces, however small its chunks are', async () => {
  const ports = makeFakePorts();
  const body = `${'1\r\nx\r\n'.repeat(5000)}0\r\n\r\n`;
  const reply = new TextEncoder().encode(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
  const server = { ip: '192.0.2.80', port: 80 };
  const listening = ports.network.listen({
    local: server,
    onConnection: (stream) => ({ onData: () => void stream.write(reply), onClose: () => {} }),
    onError: () => {},
  });
  await ports.clock.runUntilSettled(listening);
  const turns = vi.spyOn(ports.clock, 'nextTurn');
  const url = { secure: false, host: 'h', authority: 'h', port: 80, path: '/' };
  const limits = { maxOctets: 10_000, maxMs: 10_000, signal: new AbortController().signal };
  const fetched = await ports.clock.runUntilSettled(
    fetchOverHttp(ports, { url, address: server, authorities: null, ...limits }),
  );
  expect(fetched.kind === 'body' && fetched.body.length).toBe(5000);
  expect(turns.mock.calls.length).toBeGreaterThanOrEqual(Math.floor(reply.length / 4096));
});

test('interim responses without end are no response', () => {
  const reader = new HttpReader(1000);
  const one = new TextEncoder().encode('HTTP/1.1 103 Early Hints\r\n\r\n');
  const steps = Array.from({ length: 20 }, () => reader.take(one).kind);
  expect([steps[15], steps[16]]).toEqual(['more', 'failed']);
});

describe('records at one name', () => {
  test('have a bounded number of types', () => {
    const builder = new ZoneBuilder(ORIGIN);
    const added = Array.from({ length: 300 }, (_, i) => builder.add({ ...recordOf('x A 192.0.2.1'), type: 1000 + i }));
    expect(added.indexOf('too-many')).toBe(256);
  });

  test('cost the same each, added and taken away again', () => {
    const run = (count: number): void => {
      const builder = new ZoneBuilder(ORIGIN);
      const owner = mustParseName('many.example.org.');
      const records = Array.from({ length: count }, (_, i) => {
        return { owner, type: TYPE.A, class: 1, ttl: 1, rdata: Uint8Array.of(10, i >>> 16, (i >>> 8) & 255, i & 255) };
      });
      for (const record of records) builder.add(record);
      const zone: Zone = runAtOnce(builder.buildSteps());
      const changed = new ZoneBuilder(ORIGIN, zone);
      for (const record of records) changed.remove(record);
    };
    expect(growthOfEight(run, 2000)).toBeLessThan(MOST_GROWTH);
  });
});

test('a body in chunks of one octet costs as much for each as a short one', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const run = (count: number): void => {
    const reader = new HttpReader(1 << 24);
    reader.take(new TextEncoder().encode(head));
    const step = reader.take(new TextEncoder().encode(`${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`));
    expect(step.kind === 'body' && step.body.length).toBe(count);
  };
  expect(growthOfEight(run, 4000)).toBeLessThan(MOST_GROWTH);
});

test('the check of a zone tries so many keys against a DS, however many have its tag (KeyTrap)', async () => {
  const { clock } = makeFakePorts();
  const work = countWork(clock);
  const keys = collidingKeys(500, TAG).map((rdata) => `@ 300 IN DNSKEY ${formatRdata(TYPE.DNSKEY, rdata)}`);
  const zone = zoneOf([soaLine(1), '@ 300 IN NS ns', 'ns 300 IN A 192.0.2.53', ...keys, ''].join('\n'));
  const findAnchor = async () => ({ kind: 'signed', ds: strayDs(2), dnskeys: [] }) as const;
  const parts = { crypto: work.crypto, clock, findAnchor, rules: DEFAULT_CHECK_OPTIONS };
  expect((await checkZone(zone, false, parts)).kind).toBe('bad');
  expect(work.digests.all).toBeGreaterThan(0);
  expect(work.digests.all).toBeLessThanOrEqual(64);
  vi.restoreAllMocks();
});
