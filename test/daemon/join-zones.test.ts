/** Proves where zones that are held find the files that their own file names, and that others have turns while they are read. */

import { describe, expect, test, vi } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { assemble } from '../../src/daemon/resolver-instance.ts';
import { RPZ_RECORDS_PER_TURN } from '../../src/policy/policy.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import type { ZoneStore } from '../../src/zones/zone-store.ts';
import { configOf } from '../config/config-data.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';
import { questionFrom } from '../support/records.ts';

const SOA = '@ 60 SOA ns. host. 7 60 60 60 60\n';

test.each([
  ['from directory', 'directory: "/d"\nchroot: ""', 'more', '/d/more'],
  ['within chroot', 'directory: "/d"\nchroot: "/jail"', 'more', '/jail/d/more'],
  ['as it is when it is absolute', 'directory: "/d"\nchroot: ""', '/e/more', '/e/more'],
])('$INCLUDE of a zone file is read %s', async (_, where, name, path) => {
  const ports = makeFakePorts();
  ports.files.put('/z/zone', `$ORIGIN held.\n${SOA}$INCLUDE ${name}\n`);
  ports.files.put('/jail/z/zone', `$ORIGIN held.\n${SOA}$INCLUDE ${name}\n`);
  ports.files.put(path, 'www 60 A 192.0.2.1\n');
  const config = configOf(`server:\n${where}\nauth-zone:\nname: held.\nzonefile: "/z/zone"\n`);
  const made = await assemble({ config, ports: { ...ports, crypto: createNodeCrypto() } });
  if (!made.ok) throw new Error(made.findings.map(({ text }) => text).join());
  const [zone] = made.instance.zones.list();
  made.instance.stop();
  expect(zone).toMatchObject({ serial: 7 });
});

describe('after a reload', () => {
  const ZONES = 'auth-zone:\nname: held.\nzonefile: "/z/zone"\nrpz:\nname: rpz.\nzonefile: "/z/rpz"\n';
  const HEAD = 'server:\nchroot: ""\nmodule-config: "respip validator iterator"\n';
  const FILES = ['/z/zone', '/z/more', '/z/rpz'];

  /** Instances one after the other over the same files, and what of them each read. */
  async function reloading(change: (ports: FakePorts) => void, then = `${HEAD}directory: "/z"\n${ZONES}`) {
    const ports = makeFakePorts();
    ports.files.put('/z/zone', `$ORIGIN held.\n${SOA}$INCLUDE more\n`);
    ports.files.put('/z/more', 'www 60 A 192.0.2.1\n');
    ports.files.put('/e/more', 'www 60 A 192.0.2.9\n');
    ports.files.put('/z/rpz', `$ORIGIN rpz.\n$TTL 60\n${SOA}bad.example CNAME .\n`);
    const all = { ...ports, crypto: createNodeCrypto() };
    const make = async (text: string, zonesBefore: ZoneStore | null) => {
      ports.files.reads.length = 0;
      const made = await ports.clock.runUntilSettled(assemble({ config: configOf(text), ports: all, zonesBefore }));
      if (!made.ok) throw new Error(made.findings.map(({ text: why }) => why).join());
      return { instance: made.instance, reads: ports.files.reads.filter((path) => /^\/[ze]\//.test(path)) };
    };
    const first = await make(`${HEAD}directory: "/z"\n${ZONES}`, null);
    expect(first.reads).toEqual(FILES);
    change(ports);
    const second = await make(then, first.instance.zones);
    const { instance, reads } = second;
    const answered = instance.zones.answer(questionFrom('www.held. A'), false);
    const address = answered === null || answered === 'unusable' ? null : answered.answer[0]?.rrset.at(-1);
    const rules = instance.policy.rpz.zone(mustParseName('rpz.'))?.count;
    ports.files.reads.length = 0;
    const problem = await ports.clock.runUntilSettled(instance.zones.reload(mustParseName('held.')));
    expect([problem, ports.files.reads]).toEqual([
      null,
      ['/z/zone', reads.includes('/e/more') ? '/e/more' : '/z/more'],
    ]);
    first.instance.stop();
    instance.stop();
    return { reads, address, rules };
  }

  test('zone files that have not changed are not read again, and auth_zone_reload reads them', async () => {
    expect(await reloading(() => {})).toEqual({ reads: [], address: 1, rules: 1 });
  });

  test.each([
    ['the zone file', '/z/zone', `$ORIGIN held.\n${SOA}$INCLUDE more\n`, ['/z/zone', '/z/more']],
    ['a file that it includes', '/z/more', 'www 60 A 192.0.2.2\n', ['/z/zone', '/z/more']],
    ['the file of a policy zone', '/z/rpz', `$ORIGIN rpz.\n$TTL 60\n${SOA}a CNAME .\nb CNAME .\n`, ['/z/rpz']],
  ])('%s is read again when it has changed', async (_, path, text, reads) => {
    const found = await reloading(({ files }) => files.put(path, text));
    expect(found.reads).toEqual(reads);
    expect([found.address, found.rules]).toEqual([path === '/z/more' ? 2 : 1, path === '/z/rpz' ? 2 : 1]);
  });

  test('what a name leads to is looked for anew: directory may have changed', async () => {
    const found = await reloading(() => {}, `${HEAD}directory: "/e"\n${ZONES}`);
    expect(found).toEqual({ reads: ['/z/zone', '/e/more'], address: 9, rules: 1 });
  });
});

test('a policy zone is read a piece in each turn, and acts before anybody is answered', async () => {
  const ports = makeFakePorts();
  const rules = Array.from({ length: 3 * RPZ_RECORDS_PER_TURN }, (_, i) => `n${i}.tld CNAME .\n`);
  ports.files.put('/z/rpz', `$ORIGIN rpz.\n$TTL 60\n${SOA}${rules.join('')}`);
  const config = configOf(
    'server:\nmodule-config: "respip validator iterator"\nrpz:\nname: rpz.\nzonefile: "/z/rpz"\n',
  );
  const turns = vi.spyOn(ports.clock, 'nextTurn');
  const making = assemble({ config, ports: { ...ports, crypto: createNodeCrypto() } });
  const made = await ports.clock.runUntilSettled(making);
  if (!made.ok) throw new Error(made.findings.map(({ text }) => text).join());
  const zone = made.instance.policy.rpz.zone(mustParseName('rpz.'));
  made.instance.stop();
  expect(zone?.count).toBe(rules.length);
  // Read from the file as well as taken by policy.
  expect(turns.mock.calls.length).toBeGreaterThanOrEqual(6);
});
