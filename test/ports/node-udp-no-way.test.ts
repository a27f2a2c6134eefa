/** Proves that a socket which cannot be connected is told as such: a host without IPv6 is noticed by this. */

import { expect, test } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';

test('a socket on loopback has no way to the outside', async () => {
  const opened = await createNodeNetwork().openUdp({
    local: { ip: '127.0.0.1', port: 0 },
    remote: { ip: '203.0.113.1', port: 53 },
    onDatagrams: () => {},
    onError: () => {},
  });
  expect(opened.ok).toBe(false);
});
