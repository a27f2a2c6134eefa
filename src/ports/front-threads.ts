/** Threads of this process that take clients' datagrams beside the one that resolves. */

/** How they are started. */
export interface FrontThreadOptions {
  /** How many. */
  readonly threads: number;
  /** What thread `number` (from 0 on) is given; shared memory stays shared. */
  memoryOf(number: number): unknown;
  /** A sentence for the log: a thread has ended, or a socket for it could not be opened. */
  onTrouble(text: string): void;
}

export interface FrontThreads {
  /** Threads that run. */
  readonly running: number;
  /** Ends them all; their sockets are closed. */
  stop(): void;
}
