/**
 * The network of this machine: UDP (fast-udp.ts or node-udp.ts) and streams (node-streams.ts) behind one port. Never throws.
 */

import type { Network } from '../ports/network.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { connectNodeStream, listenNodeStreams } from './node-streams.ts';
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
): NodeNetwork {
  let chosen: ChosenUdpEngine | null = null;
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
    listen: async (options) => {
      const { local } = options;
      const fd = 'path' in local ? null : inherited.take('tcp', local);
      const isForeign = fd === null && options.bindForeign !== undefined && !('path' in local);
      const bound = isForeign ? chosen?.engine?.bindStream(options, local) : undefined;
      if (bound !== undefined && 'error' in bound) return { ok: false, error: bound.error };
      return await listenNodeStreams(options, { fd: bound?.fd ?? fd, user: user() });
    },
  };
}
