/** The network of this machine: UDP (node-udp.ts) and streams (node-streams.ts) behind one port. Never throws. */

import type { Network } from '../ports/network.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { connectNodeStream, listenNodeStreams } from './node-streams.ts';
import { openNodeUdp } from './node-udp.ts';

/** The system's network. Sockets that a service manager opened are used where one is bound to what is asked for. */
export function createNodeNetwork(inherited = new InheritedSockets([])): Network {
  return {
    openUdp: (options) => openNodeUdp(options, inherited.take('udp', options.local)),
    connect: connectNodeStream,
    listen: (options) =>
      listenNodeStreams(options, 'path' in options.local ? null : inherited.take('tcp', options.local)),
  };
}
