/**
 * The network of this machine: UDP (fast-udp.ts or node-udp.ts) and streams (node-streams.ts) behind one port. Never throws.
 */

import type { HttpNetwork } from '../ports/http.ts';
import type { ListenOptions, Network } from '../ports/network.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { listenNodeHttp } from './node-http.ts';
import { type ListenParts, listenNodeStreams } from './node-listen.ts';
import { connectNodeStream } from './node-streams.ts';
import { openNodeUdp } from './node-udp.ts';
import type { LowUser } from './root-writes.ts';
import { type ChosenUdpEngine, chooseUdpEngine, type WantedUdpEngine } from './udp-engine.ts';

/** The network port, and the choice of what its datagrams go through. */
export interface NodeNetwork extends Network {
  /** Chooses for the sockets that are opened from now on; until then they are dgram's. */
  chooseUdpEngine(wanted: WantedUdpEngine): Promise<ChosenUdpEngine>;
}

/**
 * The system's network. Sockets that a service manager opened are used where one is bound to what is asked for. `user` tells
 * whom a process that is still root will become, whose unix sockets are made.
 */
export function createNodeNetwork(
  inherited = new InheritedSockets([]),
  user: () => LowUser | null = () => null,
): NodeNetwork & HttpNetwork {
  let chosen: ChosenUdpEngine | null = null;
  const partsOf = ({ local }: Pick<ListenOptions, 'local'>): ListenParts => ({
    fd: 'path' in local ? null : inherited.take('tcp', local),
    user: user(),
  });
  return {
    chooseUdpEngine: async (wanted) => {
      chosen = await chooseUdpEngine(wanted);
      return chosen;
    },
    openUdp: async (options) => {
      const fd = inherited.take('udp', options.local);
      return chosen?.engine?.open(options, fd) ?? openNodeUdp(options, fd);
    },
    connect: connectNodeStream,
    listen: (options) => listenNodeStreams(options, partsOf(options)),
    listenHttp: (options) => listenNodeHttp(options, partsOf(options)),
  };
}
