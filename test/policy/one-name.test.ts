/** Proves that many records at one name cost no more each than few, in local data and policy zones, and that they are bounded. */

import { describe, expect, test } from 'vitest';
import { LocalTables } from '../../src/policy/local-tables.ts';
import { LocalZones } from '../../src/policy/local-zones.ts';
import { NameFilter } from '../../src/policy/name-filter.ts';
import { MAX_SET_RECORDS, MAX_TYPES, RecordSets, TOO_MANY } from '../../src/policy/record-sets.ts';
import { RpzZone } from '../../src/policy/rpz-zone.ts';
import { Counters } from '../../src/trace/counters.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { rdataCount, rdatasOf } from '../../src/wire/rrset.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { growthOfEight, MOST_GROWTH } from '../support/growth.ts';
import { PolicyBench } from './policy-bench.ts';

const OWNER = mustParseName('many.example.');
const RPZ = { override: null, cnameOverride: null, logName: null, signalNxdomainRa: false, tags: null } as const;

function address(i: number, owner = OWNER): ResourceRecord {
  return { owner, type: TYPE.A, class: 1, ttl: 60, rdata: Uint8Array.of(10, i >>> 16, (i >>> 8) & 255, i & 255) };
}

function zoneWith(count: number): LocalZones {
  const zones = new LocalZones(new NameFilter(), new Counters());
  for (let i = 0; i < count; i++) zones.addRecord(address(i));
  return zones;
}

function policyZoneWith(records: readonly ResourceRecord[]): RpzZone {
  const zone = new RpzZone({ ...RPZ, name: mustParseName('rpz.') });
  zone.load(records);
  return zone;
}

describe('many records at one name', () => {
  test('cost the same each in local data', () => {
    expect(growthOfEight((count) => void zoneWith(count).list(), 500)).toBeLessThan(MOST_GROWTH);
  });

  test('cost the same each in a policy zone', () => {
    const owner = mustParseName('many.example.rpz.');
    const records = Array.from({ length: 4000 }, (_, i) => address(i, owner));
    expect(growthOfEight((count) => void policyZoneWith(records.slice(0, count)), 500)).toBeLessThan(MOST_GROWTH);
  });

  test('cost the same each to take out', () => {
    const sets = new RecordSets();
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) sets.add(address(i));
      for (let i = 0; i < count; i++) sets.remove(TYPE.A, address(i).rdata);
    };
    expect(growthOfEight(run, 500)).toBeLessThan(MOST_GROWTH);
    expect(sets.size).toBe(0);
  });

  test('are bounded in number and in types', () => {
    const zones = zoneWith(MAX_SET_RECORDS);
    expect(zones.addRecord(address(MAX_SET_RECORDS))).toBe(TOO_MANY);
    expect(zones.addRecord(address(7))).toBe(null);
    expect([...zones.listRecords()].filter((record) => record !== null)).toHaveLength(MAX_SET_RECORDS);
    const types = Array.from({ length: MAX_TYPES + 1 }, (_, i) =>
      zones.addRecord({ ...address(0, mustParseName('types.example.')), type: 1000 + i }),
    );
    expect(types.filter((problem) => problem !== null)).toEqual([TOO_MANY]);
  });

  test('do not stop the start: a line in the log says what is left out', () => {
    const lines = Array.from(
      { length: MAX_SET_RECORDS + 5 },
      (_, i) => `local-data: "m.example. A 10.0.${i >>> 8}.${i & 255}"`,
    );
    const bench = new PolicyBench(`server:\n${lines.join('\n')}\n`);
    expect(bench.problems).toEqual([]);
    expect(bench.counters.get('limit.policy-records')).toBe(5);
    expect(bench.log.lines.filter(({ line }) => line.includes('m.example.'))).toHaveLength(1);
  });
});

test('a policy zone is taken a piece in each turn, also when it is the first', async () => {
  const bench = new PolicyBench('rpz:\n  name: rpz.\n');
  const zone = bench.policy.rpz.zone(mustParseName('rpz.')) ?? failed();
  const records = Array.from({ length: MAX_SET_RECORDS + 10 }, (_, i) =>
    address(i, mustParseName('many.example.rpz.')),
  );
  const taken = bench.policy.loadPolicyZone(zone, records);
  expect(zone.count).toBe(0);
  await bench.clock.advance(1);
  await taken;
  expect(zone.count).toBe(1);
  expect(bench.log.text()).toContain('10 records left out');
  expect(bench.counters.get('limit.policy-records')).toBe(10);
});

test('records of a tag, of a response-ip and of the control channel are counted too when they are left out', () => {
  const lines = (words: string) =>
    Array.from({ length: MAX_SET_RECORDS + 1 }, (_, i) => `${words} "A 10.0.${i >>> 8}.${i & 255}"`).join('\n');
  const rules = new PolicyBench(
    `server:\nresponse-ip: 192.0.2.0/24 redirect\n${lines('response-ip-data: 192.0.2.0/24')}\n`,
  );
  expect(rules.counters.get('limit.policy-records')).toBe(1);
  const tags = new PolicyBench(`server:\ndefine-tag: "t"\n${lines('access-control-tag-data: 192.0.2.0/24 t')}\n`);
  expect(tags.counters.get('limit.policy-records')).toBe(1);
  const table = new LocalTables(rules.policy).server;
  for (let i = 0; i <= MAX_SET_RECORDS; i++) table.addData(`m.example. A 10.0.${i >>> 8}.${i & 255}`);
  expect(rules.counters.get('limit.policy-records')).toBe(2);
});

describe('a set that grows', () => {
  test.each(['newest-first', 'oldest-first'] as const)('keeps its order, %s, whatever its size', (order) => {
    for (const count of [3, 100]) {
      const sets = new RecordSets(order);
      for (let i = 0; i < count; i++) sets.add(address(i));
      sets.add(address(1));
      const found = rdatasOf(sets.get(TYPE.A)?.rrset ?? failed()).map(
        (rdata) => (rdata[2] ?? 0) * 256 + (rdata[3] ?? 0),
      );
      const inTurn = Array.from({ length: count }, (_, i) => i);
      expect(found).toEqual(order === 'newest-first' ? inTurn.reverse() : inTurn);
    }
  });

  test('is whole between additions', () => {
    const sets = new RecordSets();
    for (let i = 0; i < 40; i++) {
      sets.add(address(i));
      expect(rdataCount(sets.get(TYPE.A)?.rrset ?? failed())).toBe(i + 1);
    }
    expect(sets.remove(TYPE.A, address(5).rdata)).toBe(true);
    expect(sets.remove(TYPE.A, address(5).rdata)).toBe(false);
    expect(rdataCount(sets.get(TYPE.A)?.rrset ?? failed())).toBe(39);
  });
});

function failed(): never {
  throw new Error('no set');
}
