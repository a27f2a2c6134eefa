/** The ports that a house stands on. */

import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Files } from '../ports/files.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Network } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';

/** All that reaches outside. */
export interface Ports {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly files: Files;
  readonly crypto: Crypto;
  readonly log: LogSink;
}
