/** The network of this machine: UDP (node-udp.ts) and streams (node-streams.ts) behind one port. Never throws. */

import type { Network } from '../ports/network.ts';
import { connectNodeStream, listenNodeStreams } from './node-streams.ts';
import { openNodeUdp } from './node-udp.ts';

/** The system's network. */
export function createNodeNetwork(): Network {
  return { openUdp: openNodeUdp, connect: connectNodeStream, listen: listenNodeStreams };
}
