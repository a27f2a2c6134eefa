/**
 * The network of this machine: UDP (fast-udp.ts or node-udp.ts) and streams (node-streams.ts) behind one port. Never throws.
 */

import { closeSync } from 'node:fs';
import type { FrontThreadOptions, FrontThreads } from '../ports/front-threads.ts';
import type { HttpNetwork } from '../ports/http.ts';
import type { Listener, ListenOptions, Network, Opened, UdpOptions, UdpSocket } from '../ports/network.ts';
import type { SharingThreads } from './front-threads.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { listenNodeHttp } from './node-http.ts';
import { type ListenParts, listenNodeStreams } from './node-listen.ts';
import { connectNodeStream } from './node-streams.ts';
import { openNodeUdp } from './node-udp.ts';
import type { LowUser } from './root-writes.ts';
import { bindSystemCalls } from './system-calls.ts';
import { TlsSessions } from './tls-sessions.ts';
import { Turns } from './turns.ts';
import { type ChosenUdpEngine, chooseUdpEngine, type WantedUdpEngine } from './udp-engine.ts';

/** The network port, and the choice of what its datagrams go through. */
export interface NodeNetwork extends Network {
  /** Chooses for the sockets that are opened from now on; until then they are dgram's. */
  chooseUdpEngine(wanted: WantedUdpEngine): Promise<ChosenUdpEngine>;
  /** Starts threads that serve the sockets opened from now on that allow it, by this program; a text: why there are none. */
  startFrontThreads(program: URL, options: FrontThreadOptions): Promise<FrontThreads | string>;
}

/** What the binding of a listening socket takes. */
type Bindable = Pick<ListenOptions, 'local' | 'reusePort' | 'bindForeign'>;

/**
 * The system's network. Sockets that a service manager opened are used where one is bound to what is asked for. `user` tells
 * whom a process that is still root will become, whose unix sockets are made; datagrams that arrive begin turns of `turns`.
 */
export function createNodeNetwork(
  inherited = new InheritedSockets([]),
  user: () => LowUser | null = () => null,
  turns = new Turns(),
): NodeNetwork & HttpNetwork {
  const sessions = new TlsSessions();
  let chosen: ChosenUdpEngine | null = null;
  let threads: SharingThreads | null = null;
  const listenBy = async <O extends Bindable>(
    options: O,
    listen: (options: O, parts: ListenParts) => Promise<Opened<Listener>>,
  ): Promise<Opened<Listener>> => {
    const { local } = options;
    const passed = 'path' in local ? null : inherited.take('tcp', local);
    // Node.js would have an address looked up first, for which it loads and sets up its resolver.
    const isOurs = passed === null && !('path' in local);
    const bound = isOurs ? chosen?.engine?.bindStream(options, local) : undefined;
    if (bound !== undefined && 'error' in bound) return { ok: false, error: bound.error };
    const opened = await listen(options, { fd: bound?.fd ?? passed, user: user() });
    // Where TLS cannot be set up Node.js has not taken the socket.
    if (bound !== undefined && !opened.ok && opened.error.kind === 'tls') closeSync(bound.fd);
    return opened;
  };
  return {
    chooseUdpEngine: async (wanted) => {
      chosen = await chooseUdpEngine(wanted, () => bindSystemCalls(turns));
      return chosen;
    },
    startFrontThreads: async (program, options) => {
      const calls = chosen?.engine?.calls;
      if (calls === undefined) return 'front threads need system calls, and UDP goes through dgram';
      // Most daemons have one thread.
      const { startFrontThreads } = await import('./front-threads.ts');
      const started = await startFrontThreads({ calls, program, options });
      if (typeof started !== 'string') threads = started;
      return started;
    },
    openUdp: (options) => {
      const fd = inherited.take('udp', options.local);
      const behindFronts = (opened: Opened<UdpSocket>): Opened<UdpSocket> =>
        threads === null || !opened.ok || options.onPassedOn === undefined
          ? opened
          : { ok: true, value: withFronts(opened.value, options, threads) };
      const engine = chosen?.engine ?? null;
      // Sockets towards servers are made for each question: who can open one at once waits for nothing.
      return engine === null ? openNodeUdp(options, fd).then(behindFronts) : behindFronts(engine.open(options, fd));
    },
    connect: async (options) => {
      const { localIp, bindForeign } = options;
      const isForeign = localIp !== undefined && bindForeign !== undefined;
      const bound = isForeign ? chosen?.engine?.bindStream({ bindForeign }, { ip: localIp, port: 0 }) : undefined;
      if (bound !== undefined && 'error' in bound) return { ok: false, error: bound.error };
      return connectNodeStream(options, sessions, bound?.fd ?? null);
    },
    listen: (options) => listenBy(options, listenNodeStreams),
    listenHttp: (options) => listenBy(options, listenNodeHttp),
  };
}

/** A socket together with those of the front threads at its address. */
function withFronts(socket: UdpSocket, options: UdpOptions, threads: SharingThreads): UdpSocket {
  const shared = threads.share(socket, options);
  return {
    get local() {
      return socket.local;
    },
    setBuffers: (receive, send) => {
      socket.setBuffers(receive, send);
      shared.setBuffers(receive, send);
    },
    send: (bytes, length, to) => socket.send(bytes, length, to),
    close: () => {
      shared.close();
      socket.close();
    },
  };
}
