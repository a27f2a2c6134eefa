/**
 * Proves that block lists of local zones and data are read and held in little room: a list that took 320 MB of V8's heap once
 * fits 96, the program itself included; and that zones held by their type alone can do all that whole zones can.
 */

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { PolicyBench } from './policy-bench.ts';

const COUNT = 100_000;

/** Reads a list and makes policy of it, in a process of its own whose heap is small. */
const scriptFor = (lines: string): string => `
import { parseConfigText } from ${JSON.stringify(resolve('src/config/load-config.ts'))};
import { makePolicy } from ${JSON.stringify(resolve('src/policy/make-policy.ts'))};
let text = 'server:\\n';
for (let i = 0; i < ${COUNT}; i++) {
  const name = 'host' + i + '.ads' + (i % 977) + '.example.com';
  text += ${lines};
}
const loaded = parseConfigText(text, 'test.conf');
text = '';
const none = () => {};
const parts = { log: { write: none }, counters: { add: none }, accessBlocks: [], defaultBlocks: [], listenKeys: [] };
const { policy, problems } = makePolicy({ config: loaded.config, clock: null, serversOf: none, ...parts });
console.log(policy.localZones.size, problems.length, loaded.warnings.length);
`;

const ZONE = `'local-zone: "' + name + '" always_nxdomain\\n'`;
const RECORD = `'local-data: "' + name + ' 300 IN A 192.0.2.1"\\n'`;

test.each([
  ['local zones', ZONE, COUNT],
  ['records of local data', RECORD, 0],
])('a hundred thousand %s take 96 MiB of heap at most while they are read', (_what, lines, zones) => {
  const node = resolve(`node_modules/node-linux-${process.arch}/bin/node`);
  const heap = ['--max-old-space-size=96', '--max-semi-space-size=1'];
  const args = [...heap, '--input-type=module-typescript', '-e', scriptFor(lines)];
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' });
  expect([status, status === 0 ? '' : stderr.slice(-500)]).toEqual([0, '']);
  expect(Number(stdout.split(' ')[0])).toBeGreaterThan(zones);
  expect(stdout.trim()).toMatch(/ 0 0$/);
});

const LIST = ['server:', 'local-zone: ads.test. always_nxdomain', 'local-zone: Caps.Test. static'].join('\n');

test('a zone held by its type alone takes records, another type, and goes away', () => {
  const { policy } = new PolicyBench(LIST);
  const zones = policy.localZones;
  const ads = mustParseName('ads.test.');
  expect(zones.find(mustParseName('x.ads.test.'), TYPE.A, null)?.type).toBe('always_nxdomain');
  expect(zones.addRecordText('x.ads.test. 60 A 192.0.2.1')).toBeNull();
  expect(zones.find(ads, TYPE.A, null)?.find(mustParseName('x.ads.test.'))?.sets.size).toBe(1);
  zones.addZone(ads, 'static');
  expect(zones.find(ads, TYPE.A, null)?.type).toBe('static');
  expect(zones.find(ads, TYPE.A, null)?.find(mustParseName('x.ads.test.'))?.sets.size).toBe(1);
  expect(zones.removeZone(ads)).toBe(true);
  expect(zones.has(ads)).toBe(false);
});

test('a zone is listed as it is spelled', () => {
  const { policy } = new PolicyBench(LIST);
  const listed = [...policy.localZones.list()].flatMap((zone) => zone ?? []).map(({ name }) => name);
  expect(listed).toContainEqual(mustParseName('Caps.Test.'));
  expect(listed).toContainEqual(mustParseName('ads.test.'));
});

test('a name takes further records, is listed, and goes with the names above it that have none', () => {
  const { policy } = new PolicyBench('server:\nlocal-zone: z.test. static');
  const zones = policy.localZones;
  const zone = () => zones.find(mustParseName('z.test.'), TYPE.A, null);
  const has = (name: string): number => zone()?.find(mustParseName(name))?.sets.size ?? -1;
  for (const text of ['a.b.Z.test. 60 A 192.0.2.1', 'a.b.z.test. 60 A 192.0.2.2', 'a.b.z.test. 60 MX 1 a.b.z.test.']) {
    expect(zones.addRecordText(text)).toBeNull();
  }
  expect(zones.addRecordText('x.a.b.z.test. 60 A 192.0.2.3')).toBeNull();
  expect(zones.addRecordText('c.z.test. 60 A 192.0.2.4')).toBeNull();
  expect(['x.a.b.z.test.', 'a.b.z.test.', 'b.z.test.', 'c.z.test.', 'd.z.test.'].map(has)).toEqual([1, 2, 0, 1, -1]);
  const listed = [...zones.listRecords()].flatMap((record) => record ?? []).filter(({ ttl }) => ttl === 60);
  expect(listed.map(({ type }) => type)).toEqual([TYPE.MX, TYPE.A, TYPE.A, TYPE.A, TYPE.A]);
  expect(zones.removeData(mustParseName('a.b.z.test.'))).toBe(true);
  expect(['x.a.b.z.test.', 'a.b.z.test.', 'b.z.test.'].map(has)).toEqual([1, 0, 0]);
  const last = { owner: mustParseName('X.a.b.z.test.'), type: TYPE.A, rdata: Uint8Array.of(192, 0, 2, 3) };
  expect(zone()?.removeRecord(last)).toBe(true);
  expect(zone()?.removeRecord(last)).toBe(false);
  expect(['x.a.b.z.test.', 'a.b.z.test.', 'b.z.test.', 'z.test.'].map(has)).toEqual([-1, -1, -1, 0]);
  expect(zone()?.remove(mustParseName('c.z.test.'))).toBe(true);
  expect([...(zone()?.keys() ?? [])]).toEqual([]);
});
