/**
 * The sides that a port's compliance suite runs on: the fakes under their fake clock, and the real adapters, with each engine that
 * datagrams can go through.
 */

import { createNodeClock } from '../../src/adapters/node-clock.ts';
import { createNodeNetwork, type NodeNetwork } from '../../src/adapters/node-network.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Network } from '../../src/ports/network.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

/** Real milliseconds after which a condition counts as never coming true. */
const REAL_PATIENCE_MS = 60_000;

/** Clock and network of one side, and how to wait on it. */
export interface Side {
  readonly clock: Clock;
  readonly network: Network;
  /** Waits for a promise. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Waits until something holds. */
  until(holds: () => boolean): Promise<void>;
  /** Gives things that must not happen the time to happen. */
  pass(ms: number): Promise<void>;
}

/** Node's own sockets, and the system's calls where the optional package or this Node.js brings them. */
const DGRAM = createNodeNetwork();
const CALLS = createNodeNetwork();
const chosen = await CALLS.chooseUdpEngine('auto');
/** The network of each engine that is there, by its name. */
export const ENGINES: readonly (readonly [string, NodeNetwork])[] =
  chosen.engine === null
    ? [['dgram', DGRAM]]
    : [
        ['dgram', DGRAM],
        [chosen.engine.by, CALLS],
      ];

/** A side by its name, made anew for each test. */
export const SIDES: readonly (readonly [string, () => Side])[] = [
  ['fake', fakeSide],
  ...ENGINES.map(([name, network]) => [name, () => nodeSide(network)] as const),
];

function fakeSide(): Side {
  const { clock, network } = makeFakePorts();
  network.closedPorts = 'refuse';
  return {
    clock,
    network,
    run: (promise) => clock.runUntilSettled(promise),
    until: (holds) => clock.runUntil(holds),
    pass: (ms) => clock.advance(ms),
  };
}

function nodeSide(network: Network): Side {
  return {
    clock: createNodeClock(),
    network,
    run: (promise) => promise,
    until: async (holds) => {
      const endMs = performance.now() + REAL_PATIENCE_MS;
      while (!holds()) {
        if (performance.now() > endMs) throw new Error('never came true');
        await sleep(1);
      }
    },
    pass: sleep,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
