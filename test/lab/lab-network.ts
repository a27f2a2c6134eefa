/**
 * Lets the lab's servers be at any address without privileges: each lives on a loopback port of its own, and this network
 * sends what goes to its true address and port 53 there, and shows what comes from there under the true address.
 */

import type { Address, Network, UdpOptions } from '../../src/ports/network.ts';

/** Where each server really is, by its address in the lab's world. */
export type ServerAddresses = ReadonlyMap<string, Address>;

/** A network on which the lab's servers are reachable at their own addresses. */
export function withLabServers(network: Network, addresses: ServerAddresses): Network {
  const names = new Map([...addresses].map(([ip, real]) => [addressKey(real), { ip, port: 53 }]));
  const realOf = (address: Address) => (address.port === 53 ? (addresses.get(address.ip) ?? address) : address);
  const trueOf = (address: Address) => names.get(addressKey(address)) ?? address;
  return {
    listen: (options) => network.listen(options),
    connect: (options) =>
      network.connect({ ...options, remote: 'path' in options.remote ? options.remote : realOf(options.remote) }),
    openUdp: async (options) => {
      const opened = await network.openUdp(translated(options, realOf, trueOf));
      if (!opened.ok) return opened;
      const socket = opened.value;
      return {
        ok: true,
        value: {
          local: socket.local,
          setBuffers: (receiveBytes, sendBytes) => socket.setBuffers(receiveBytes, sendBytes),
          send: (bytes, length, to) => socket.send(bytes, length, realOf(to)),
          close: () => socket.close(),
        },
      };
    },
  };
}

type Translate = (address: Address) => Address;

function translated(options: UdpOptions, realOf: Translate, trueOf: Translate): UdpOptions {
  const onDatagrams: UdpOptions['onDatagrams'] = (batch) =>
    options.onDatagrams(batch.map(({ bytes, from }) => ({ bytes, from: trueOf(from) })));
  const onError: UdpOptions['onError'] = (error) => options.onError(error);
  const { local, remote, bindForeign } = options;
  const others = { local, bindForeign, onError };
  return remote === undefined ? { ...others, onDatagrams } : { ...others, onDatagrams, remote: realOf(remote) };
}

function addressKey({ ip, port }: Address): string {
  return `${ip}@${port}`;
}
