/**
 * Assembly: the one place where the rooms are joined into a house, for the daemon and, with fake ports, for the replay
 * engine of the tests.
 */

import type { Config } from '../config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Files } from '../ports/files.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Network } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { Serve } from '../serve/serve-query.ts';
import type { ServerOptions } from '../server/listen-options.ts';
import type { Counters } from '../trace/counters.ts';

/** All that reaches outside. */
export interface Ports {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly files: Files;
  readonly crypto: Crypto;
  readonly log: LogSink;
}

/** A house with its rooms joined; nothing listens yet (server/daemon.ts does, with `serve` and `server`). */
export interface House {
  readonly config: Config;
  readonly serve: Serve;
  readonly server: ServerOptions;
  readonly counters: Counters;
  /** Stops all works. The house answers nothing afterwards. */
  stop(): void;
}
