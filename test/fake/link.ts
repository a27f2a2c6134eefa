/** What the wire between two hosts does to a datagram: delivers, delays, loses, doubles or reorders it. */

import type { Address } from '../../src/ports/network.ts';
import type { SeededRandom } from './fake-random.ts';

/** A datagram on its way. */
export interface Travelling {
  readonly bytes: Uint8Array;
  readonly from: Address;
  readonly to: Address;
}

/** One arrival of it. */
export interface Delivery {
  /** Fake milliseconds on the way; 0: in the next turn. */
  readonly afterMs: number;
  /** Other octets than were sent. */
  readonly bytes?: Uint8Array;
  /** Another sender than the true one (forgery). */
  readonly from?: Address;
}

/** Decides the arrivals of a datagram; an empty list loses it. */
export type Link = (datagram: Travelling) => readonly Delivery[];

/** Delivers everything once after `delayMs`. */
export function steadyLink(delayMs = 0): Link {
  const deliveries = [{ afterMs: delayMs }];
  return () => deliveries;
}

/** How bad a link is. */
export interface BadLinkOptions {
  /** Share of datagrams lost, 0 to 1. */
  readonly loss?: number;
  /** Share of datagrams that arrive twice, 0 to 1. */
  readonly duplication?: number;
  /** Least and most milliseconds on the way; a spread reorders. */
  readonly delayMs?: readonly [number, number];
}

/** Loses, doubles and delays by chance. */
export function badLink(random: SeededRandom, { loss = 0, duplication = 0, delayMs = [0, 0] }: BadLinkOptions): Link {
  const arrival = () => ({ afterMs: delayMs[0] + random.fraction() * (delayMs[1] - delayMs[0]) });
  return () => {
    if (random.fraction() < loss) return [];
    return random.fraction() < duplication ? [arrival(), arrival()] : [arrival()];
  };
}
