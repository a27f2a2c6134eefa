/** The network of this machine: UDP (node-udp.ts) and streams (node-streams.ts) behind one port. Never throws. */

import type { HttpNetwork } from '../ports/http.ts';
import type { ListenOptions, Network } from '../ports/network.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { listenNodeHttp } from './node-http.ts';
import { type ListenParts, listenNodeStreams } from './node-listen.ts';
import { connectNodeStream } from './node-streams.ts';
import { openNodeUdp } from './node-udp.ts';
import type { LowUser } from './root-writes.ts';
import { TlsSessions } from './tls-sessions.ts';

/**
 * The system's network. Sockets that a service manager opened are used where one is bound to what is asked for. `user` tells
 * whom a process that is still root will become, whose unix sockets are made.
 */
export function createNodeNetwork(
  inherited = new InheritedSockets([]),
  user: () => LowUser | null = () => null,
): Network & HttpNetwork {
  const sessions = new TlsSessions();
  const partsOf = ({ local }: Pick<ListenOptions, 'local'>): ListenParts => ({
    fd: 'path' in local ? null : inherited.take('tcp', local),
    user: user(),
  });
  return {
    openUdp: (options) => openNodeUdp(options, inherited.take('udp', options.local)),
    connect: (options) => connectNodeStream(options, sessions),
    listen: (options) => listenNodeStreams(options, partsOf(options)),
    listenHttp: (options) => listenNodeHttp(options, partsOf(options)),
  };
}
