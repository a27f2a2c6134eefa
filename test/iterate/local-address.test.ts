/** Proves which address a question goes out from (outgoing-interface). */

import { expect, test } from 'vitest';
import { upstreamOptions } from '../../src/daemon/options/upstream.ts';
import { localEndFor } from '../../src/iterate/prepare-query.ts';
import { configOf } from '../config/config-data.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';

const lines = (...places: readonly string[]) => places.map((place) => ` outgoing-interface: ${place}\n`).join('');

function localIps(text: string, remote: string): Set<string | null> {
  const options = { ...DEFAULT_ITERATE_OPTIONS, ...upstreamOptions(configOf(`server:\n${text}`)) };
  const random = new SeededRandom(7);
  return new Set(
    Array.from({ length: 64 }, () => localEndFor({ ip: remote, port: 53 }, { random, options })?.ip ?? null),
  );
}

test('it is one of the family that is configured, with its scope', () => {
  const text = lines('192.0.2.1', 'fe80::1%lo');
  expect([...localIps(text, '192.0.2.53')]).toEqual(['192.0.2.1']);
  expect([...localIps(text, '2001:db8::53')]).toEqual(['fe80::1%lo']);
});

test('of a netblock it is any address, so that a forger has to guess it', () => {
  const ips = localIps(lines('2001:db8:0:1::/64'), '2001:db8::53');
  expect(ips.size).toBeGreaterThan(60);
  for (const ip of ips) expect(ip).toMatch(/^2001:db8:0:1:/);
});
