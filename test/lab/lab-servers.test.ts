import { expect, test } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import type { Network } from '../../src/ports/network.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { KeyStore } from '../world/keys.ts';
import { serveWorld } from './lab-servers.ts';
import { makeLabWorld } from './lab-world.ts';

const world = makeLabWorld(TEST_START_UNIX_SECONDS, new KeyStore());

/** The system's network, on which the first so many ports are somebody's for TCP; how many were refused so. */
function crowded(taken: number): { network: Network; refused: () => number } {
  const network = createNodeNetwork();
  let refused = 0;
  const listen: Network['listen'] = async (options) => {
    if (refused >= taken) return await network.listen(options);
    refused++;
    return { ok: false, error: { kind: 'other', text: 'listen EADDRINUSE' } };
  };
  return { network: { ...network, listen }, refused: () => refused };
}

test('takes other ports where some are free for UDP alone', async () => {
  const { network, refused } = crowded(3);
  const servers = await serveWorld(world, network);
  servers.close();
  expect(refused()).toBe(3);
  expect([...servers.addresses.keys()].sort()).toEqual([...world.ips()].sort());
});

test('says so when there is no port for TCP', async () => {
  const { network } = crowded(Number.POSITIVE_INFINITY);
  await expect(serveWorld(world, network)).rejects.toThrow(/^no TCP socket for .*: listen EADDRINUSE$/);
});
