/** Proves where zones that are held find the files that their own file names, and that others have turns while they are read. */

import { expect, test, vi } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { assemble } from '../../src/daemon/resolver-instance.ts';
import { RPZ_RECORDS_PER_TURN } from '../../src/policy/policy.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { configOf } from '../config/config-data.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

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
