/** Serves a test world on real loopback sockets, UDP and TCP, one port for each of its addresses. */

import type { Address, Network } from '../../src/ports/network.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { messageSplitter } from '../fake/fake-server.ts';
import type { World } from '../world/world.ts';

/** Running servers. */
export interface LabServers {
  /** Where each address of the world is served. */
  readonly addresses: ReadonlyMap<string, Address>;
  close(): void;
}

/** Ports that are tried for an address: one that is free for UDP may be somebody's for TCP. */
const TRIES = 20;

/** Opens the sockets; throws when the machine has no loopback ports left. */
export async function serveWorld(world: World, network: Network): Promise<LabServers> {
  const addresses = new Map<string, Address>();
  const closers: (() => void)[] = [];
  for (const ip of world.ips()) {
    const { local, close } = await openBoth(world, network, ip);
    closers.push(close);
    addresses.set(ip, local);
  }
  return {
    addresses,
    close: () => {
      for (const close of closers) close();
    },
  };
}

async function openBoth(world: World, network: Network, ip: string): Promise<{ local: Address; close: () => void }> {
  let problem = '';
  for (let i = 0; i < TRIES; i++) {
    const udp = await openUdp(world, network, ip);
    const tcp = await openTcp(world, network, { ip, local: udp.local });
    if (typeof tcp !== 'string') {
      const close = (): void => {
        udp.close();
        tcp();
      };
      return { local: udp.local, close };
    }
    udp.close();
    problem = tcp;
  }
  throw new Error(`no TCP socket for ${ip}: ${problem}`);
}

async function openUdp(world: World, network: Network, ip: string): Promise<{ local: Address; close: () => void }> {
  const opened = await network.openUdp({
    local: { ip: '127.0.0.1', port: 0 },
    onDatagrams: (batch) => {
      for (const { bytes, from } of batch) {
        const reply = world.reply({ query: bytes.slice(), ip, transport: 'udp' });
        if (reply !== null && opened.ok) opened.value.send(reply, reply.length, from);
      }
    },
    onError: () => {},
  });
  if (!opened.ok) throw new Error(`no UDP socket for ${ip}: ${opened.error.text}`);
  return { local: opened.value.local, close: () => opened.value.close() };
}

/** What closes it, or what went wrong. */
async function openTcp(
  world: World,
  network: Network,
  { ip, local }: { readonly ip: string; readonly local: Address },
): Promise<(() => void) | string> {
  const opened = await network.listen({
    local,
    onConnection: (stream) => ({
      onData: messageSplitter((query) => {
        const reply = world.reply({ query, ip, transport: 'tcp' });
        if (reply === null) return;
        stream.write(concatBytes(Uint8Array.of(reply.length >>> 8, reply.length & 0xff), reply));
      }),
      onClose: () => {},
    }),
    onError: () => {},
  });
  if (!opened.ok) return opened.error.text;
  return () => opened.value.close();
}
