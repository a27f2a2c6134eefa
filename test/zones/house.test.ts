/** Proves what local zone copies mean for a whole resolver: copies are validated like servers' answers, and stand for servers only so far. */

import { describe, expect, test } from 'vitest';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { Scene } from '../world/scene.ts';
import { FakePrimary } from './fake-primary.ts';
import { zoneOf } from './zones-data.ts';

const TEST = mustParseName('test.');
const SERVER = '192.0.2.1';
const PRIMARY = '192.0.2.77';
/** Unsigned: bogus below a parent that has a DS for it. */
const FORGED = 'test. 300 IN SOA ns hostmaster 1 3600 900 86400 60\ntest. 300 IN NS ns\nwww 300 IN A 203.0.113.66\n';

function withCopy(text: string): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80\nhost IN A 192.0.2.77\n');
  scene.ports.files.put('/zones/test', text);
  return scene;
}

const clause = (...lines: string[]): string[] => ['auth-zone:', '\tname: "test."', ...lines.map((line) => `\t${line}`)];
const fromFile = (...lines: string[]): string[] => clause('zonefile: "/zones/test"', 'for-downstream: no', ...lines);

describe('a copy used for resolution', () => {
  test('is validated: forged data is bogus', async () => {
    const scene = withCopy(FORGED);
    await scene.start(fromFile());
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['SERVFAIL', []]);
    expect(scene.asked.filter((each) => each.startsWith(SERVER))).toEqual([]);
  });

  test('that is bogus gives way to the servers where that is allowed', async () => {
    const scene = withCopy(FORGED);
    await scene.start(fromFile('fallback-enabled: yes'));
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['NOERROR ad', ['www.test. A 192.0.2.80']]);
  });

  test('saves the questions to servers', async () => {
    const scene = withCopy(FORGED);
    await scene.start([...fromFile(), 'server:', '\tdomain-insecure: "test."']);
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['NOERROR', ['www.test. A 203.0.113.66']]);
    expect(scene.asked.filter((each) => each.startsWith(SERVER))).toEqual([]);
    expect(scene.count('authzone.up')).toBeGreaterThan(0);
  });

  test('that never came is SERVFAIL with a reason', async () => {
    const scene = withCopy(FORGED);
    await scene.start(clause(`primary: ${PRIMARY}`, 'for-downstream: no'));
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.edes]).toEqual(['SERVFAIL', [EDE.INVALID_DATA]]);
    expect(reply.edeTexts[0]).toContain('zone-unusable: the copy of test.');
  });
});

describe('a copy for clients', () => {
  test('is answered with authority, not validated and not kept', async () => {
    const scene = withCopy(FORGED);
    await scene.start(clause('zonefile: "/zones/test"'));
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['NOERROR', ['www.test. A 203.0.113.66']]);
    expect(reply.seen.flags & 0x0400).not.toBe(0);
    scene.ports.files.put('/zones/test', FORGED.replace('203.0.113.66', '203.0.113.67'));
    expect(await scene.ports.clock.runUntilSettled(scene.instance.zones.reload(TEST))).toBeNull();
    expect((await scene.ask('www.test.', 'A')).answer).toEqual(['www.test. A 203.0.113.67']);
  });

  test('that never came is SERVFAIL with a reason', async () => {
    const scene = withCopy(FORGED);
    await scene.start(clause(`primary: ${PRIMARY}`));
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.edes]).toEqual(['SERVFAIL', [EDE.INVALID_DATA]]);
  });

  test('does not answer for names outside', async () => {
    const scene = withCopy(FORGED);
    scene.zone('other.', { servers: { 'ns.other.': ['192.0.2.3'] }, signing: {}, text: 'www IN A 192.0.2.90\n' });
    await scene.start(clause('zonefile: "/zones/test"'));
    expect((await scene.ask('www.other.', 'A')).status).toBe('NOERROR ad');
  });
});

describe('a primary that is named', () => {
  const COPY = 'copy. 300 IN SOA ns hostmaster 1 3600 900 86400 60\nwww 300 IN A 192.0.2.81\n';
  const lines = ['auth-zone:', '\tname: "copy."', '\tprimary: host.test.'];

  test('is looked up', async () => {
    const scene = withCopy(FORGED);
    const primary = new FakePrimary(scene.ports, PRIMARY, zoneOf(COPY, mustParseName('copy.')));
    await scene.start(lines);
    await scene.ports.clock.advance(1000);
    expect(primary.asked).toEqual(['SOA udp', 'AXFR tcp']);
    expect((await scene.ask('www.copy.', 'A')).answer).toEqual(['www.copy. A 192.0.2.81']);
  });

  test('is not asked when the look-up is bogus (CVE-2026-50248)', async () => {
    const scene = withCopy(FORGED);
    const primary = new FakePrimary(scene.ports, PRIMARY, zoneOf(COPY, mustParseName('copy.')));
    scene.tamper(SERVER, (reply) => ({ ...reply, answer: reply.answer.filter(({ type }) => type !== 46) }));
    await scene.start(lines);
    await scene.ports.clock.advance(60_000);
    expect(primary.asked).toEqual([]);
  });
});
