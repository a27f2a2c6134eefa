/** All fake ports at once, joined by one clock and one seed, and the crypto port made to fit the fake turns. */

import type { Crypto } from '../../src/ports/crypto.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeFiles } from './fake-files.ts';
import { FakeHttp } from './fake-http.ts';
import { FakeLog } from './fake-log.ts';
import { FakeNetwork } from './fake-network.ts';
import { SeededRandom } from './fake-random.ts';
import { FakeServers } from './fake-server.ts';

/** Fixed time of tests: 2026-01-01T00:00:00Z. */
export const TEST_START_UNIX_SECONDS = 1_767_225_600;

/** The ports and the test's grips on them. */
export interface FakePorts {
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly http: FakeHttp;
  readonly servers: FakeServers;
  readonly random: SeededRandom;
  readonly files: FakeFiles;
  readonly log: FakeLog;
}

/** What may be chosen. */
export interface FakePortsOptions {
  readonly startUnixSeconds?: number;
  readonly seed?: number;
}

/** Makes one of each; the network draws from a seed of its own, so that its use does not disturb the resolver's chance. */
export function makeFakePorts({
  startUnixSeconds = TEST_START_UNIX_SECONDS,
  seed = 1,
}: FakePortsOptions = {}): FakePorts {
  const clock = new FakeClock(startUnixSeconds);
  const network = new FakeNetwork(clock, new SeededRandom(seed + 1));
  return {
    clock,
    network,
    http: new FakeHttp(),
    servers: new FakeServers(network),
    random: new SeededRandom(seed),
    files: new FakeFiles(),
    log: new FakeLog(),
  };
}

/** A crypto port whose promises the fake clock waits for, so that `settle` does not return before they are done. */
export function inTurnOrder(crypto: Crypto, clock: FakeClock): Crypto {
  return {
    supports: (algorithm) => crypto.supports(algorithm),
    importKey: (algorithm, publicKey, wasTaken) => crypto.importKey(algorithm, publicKey, wasTaken),
    digest: (kind, data) => crypto.digest(kind, data),
    verify: (key, data, signature) => {
      const result = crypto.verify(key, data, signature);
      return typeof result === 'boolean' ? result : clock.outside(result);
    },
  };
}
