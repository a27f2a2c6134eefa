/** The ports that a resolver stands on. */

import type { Clock } from './clock.ts';
import type { Crypto } from './crypto.ts';
import type { Files } from './files.ts';
import type { LogSink } from './log-sink.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';

export interface Ports {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly files: Files;
  readonly crypto: Crypto;
  readonly log: LogSink;
}
