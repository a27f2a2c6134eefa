/** The process that a daemon runs in: the real ports, what the system says of the host, whom it will become. */

import { existsSync } from 'node:fs';
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { CryptoMaker } from '../adapters/crypto-engine.ts';
import { findInheritedSockets, type InheritedSockets } from '../adapters/inherited-sockets.ts';
import { createNodeClock } from '../adapters/node-clock.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import { createNodeHost } from '../adapters/node-host.ts';
import { createNodeLog, type NodeLog } from '../adapters/node-log.ts';
import { createNodeNetwork } from '../adapters/node-network.ts';
import { createNodeRandom } from '../adapters/node-random.ts';
import { tlsFault } from '../adapters/node-tls.ts';
import type { LowUser } from '../adapters/root-writes.ts';
import { Turns } from '../adapters/turns.ts';
import type { LoadedPageParts } from '../daemon/instance-page.ts';
import type { HostFacts } from '../daemon/options/rooms.ts';
import type { DaemonPorts, HostProcess } from '../daemon/running.ts';
import { PROGRAM_VERSION } from '../daemon/version.ts';
import { heapUse, textRoom } from './heap.ts';
import { futureUser } from './privileges.ts';

/** What a daemon runs on in this process. */
interface ThisProcess {
  readonly ports: DaemonPorts & { readonly log: NodeLog };
  readonly host: HostProcess;
}

/** Makes the ports of this process; takes the sockets that were passed to it. */
export function thisProcess(): ThisProcess {
  const inherited = findInheritedSockets();
  let becomes: LowUser | null = null;
  const user = (): LowUser | null => becomes;
  const turns = new Turns();
  const network = createNodeNetwork(inherited, user, turns);
  const crypto = new CryptoMaker();
  return {
    ports: {
      clock: createNodeClock(turns),
      network,
      http: network,
      random: createNodeRandom(),
      files: createNodeFiles(user),
      log: createNodeLog(user),
    },
    host: {
      pid: process.pid,
      unixTime: () => Date.now() / 1000,
      facts: hostFacts,
      view: createNodeHost(),
      willBecome: (name) => {
        becomes = futureUser(name);
      },
      chooseUdpEngine: network.chooseUdpEngine,
      startFronts: (options) => network.startFrontThreads(frontProgram(), options),
      unusedSockets: () => unusedTexts(inherited),
      chooseCryptoEngine: (wanted) => crypto.choose(wanted),
      createCrypto: (report, options) => crypto.create(report, options),
      openStore: async (place) => (await import('../adapters/redis-store.ts')).openRedisStore(place),
      loadPage,
      tlsFault,
      textRoom: () => textRoom(heapUse()),
      // The same way as a signal from outside: one way to stop.
      requestStop: () => void process.kill(process.pid, 'SIGTERM'),
    },
  };
}

function unusedTexts({ left, unfit }: InheritedSockets): string[] {
  const why = 'was passed to this process, but';
  return [
    ...left.map(
      ({ transport, local: { ip, port } }) =>
        `socket ${transport} ${ip}@${port} ${why} no interface is configured there, or another one was passed for it`,
    ),
    ...unfit.map((fd) => `descriptor ${fd} ${why} is no socket that waits at an address for anybody`),
  ];
}

/** Addresses as a socket is bound to them: those of a link need to be told of which (RFC 4007 §11). */
function boundAddresses(name: string, all: readonly NetworkInterfaceInfo[] = []): string[] {
  return all.map(({ address, ...more }) => ('scopeid' in more && more.scopeid ? `${address}%${name}` : address));
}

/** The program of front threads: of the build beside this one, where what programs share is below it, or its source. */
function frontProgram(): URL {
  const places = ['../front.cjs', './front.cjs', './front.ts'].map((path) => new URL(path, import.meta.url));
  return places.find((place) => existsSync(place)) ?? new URL('./front.cjs', import.meta.url);
}

/** Loaded only when a page is served: most daemons serve none. */
async function loadPage(): Promise<LoadedPageParts> {
  const [{ createNodeHttpServer }, { createNodeTlsProbe }, { createNodeCrypto }, { readPageFiles }] = await Promise.all(
    [
      import('../adapters/node-http-server.ts'),
      import('../adapters/node-tls-probe.ts'),
      import('../adapters/node-crypto.ts'),
      import('./page-files.ts'),
    ],
  );
  return {
    http: createNodeHttpServer(),
    tls: createNodeTlsProbe(),
    crypto: createNodeCrypto(),
    files: await readPageFiles(),
    hostName: hostname(),
  };
}

function hostFacts(): HostFacts {
  return {
    hostName: hostname(),
    programVersion: PROGRAM_VERSION,
    heapOctets: heapUse().limit,
    unixTime: () => Date.now() / 1000,
    addressesOf: (name) => boundAddresses(name, networkInterfaces()[name]),
    allAddresses: () => Object.entries(networkInterfaces()).flatMap(([name, all]) => boundAddresses(name, all)),
  };
}
