/**
 * Proves that block lists of local zones are read and held in little room: a list that took 320 MB of V8's heap once fits 96,
 * the program itself included; and that zones held by their type alone can do all that whole zones can.
 */

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { PolicyBench } from './policy-bench.ts';

const COUNT = 100_000;

/** Reads a list and makes policy of it, in a process of its own whose heap is small. */
const SCRIPT = `
import { parseConfigText } from ${JSON.stringify(resolve('src/config/load-config.ts'))};
import { makePolicy } from ${JSON.stringify(resolve('src/policy/make-policy.ts'))};
let text = 'server:\\n';
for (let i = 0; i < ${COUNT}; i++) text += 'local-zone: "host' + i + '.ads' + (i % 977) + '.example.com" always_nxdomain\\n';
const loaded = parseConfigText(text, 'test.conf');
text = '';
const none = () => {};
const parts = { log: { write: none }, counters: { add: none }, accessBlocks: [], defaultBlocks: [], listenKeys: [] };
const { policy, problems } = makePolicy({ config: loaded.config, clock: null, serversOf: none, ...parts });
console.log(policy.localZones.size, problems.length, loaded.warnings.length);
`;

test('a hundred thousand local zones take 96 MiB of heap at most while they are read', () => {
  const node = resolve(`node_modules/node-linux-${process.arch}/bin/node`);
  const args = ['--max-old-space-size=96', '--max-semi-space-size=1', '--input-type=module-typescript', '-e', SCRIPT];
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' });
  expect([status, status === 0 ? '' : stderr.slice(-500)]).toEqual([0, '']);
  expect(Number(stdout.split(' ')[0])).toBeGreaterThan(COUNT);
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
