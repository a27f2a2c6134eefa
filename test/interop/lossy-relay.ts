/**
 * A relay in front of a real server that loses, delays (and so reorders) and doubles datagrams, or is dead: takes everything
 * and answers nothing. TCP is delayed only: the system would repeat what is lost. Counts what comes from resolvers.
 */

import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/** What happens to datagrams, in both directions. */
export interface Weather {
  /** Share of datagrams that are lost, each way. */
  readonly loss: number;
  readonly delayMs: readonly [least: number, most: number];
  /** Share of datagrams that come twice. */
  readonly duplicates: number;
}

/** Where a relay stands and what is behind it; nothing when dead. */
export interface RelayPlan {
  readonly address: string;
  readonly backendPort: number;
  readonly isDead: boolean;
  readonly weather: Weather;
  /** Chance, from 0 to below 1. */
  readonly random: () => number;
  readonly onQuery: () => void;
}

/** How long a way back to a resolver's port is kept. */
const WAY_BACK_MS = 3000;

/** Numbers from 0 to below 1 that depend on the seed only (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sends through the weather: not at all, late, or twice. */
function through({ weather, random }: RelayPlan, send: () => void): void {
  if (random() < weather.loss) return;
  const [least, most] = weather.delayMs;
  const copies = random() < weather.duplicates ? 2 : 1;
  for (let i = 0; i < copies; i++) setTimeout(send, least + random() * (most - least));
}

function startUdp(plan: RelayPlan): Promise<() => void> {
  const front = createSocket('udp4');
  const waysBack = new Map<string, Socket>();
  let isOpen = true;
  front.on('message', (query, from) => {
    plan.onQuery();
    if (plan.isDead) return;
    const key = `${from.address} ${from.port}`;
    let back = waysBack.get(key);
    if (back === undefined) {
      const made = createSocket('udp4');
      made.on('message', (reply) => through(plan, () => isOpen && front.send(reply, from.port, from.address)));
      made.on('error', () => {});
      waysBack.set(key, made);
      setTimeout(() => {
        waysBack.delete(key);
        made.close();
      }, WAY_BACK_MS);
      back = made;
    }
    const way = back;
    through(plan, () => waysBack.get(key) === way && way.send(query, plan.backendPort, plan.address));
  });
  front.on('error', () => {});
  return new Promise((resolve) => {
    front.bind(53, plan.address, () =>
      resolve(() => {
        isOpen = false;
        front.close();
      }),
    );
  });
}

function startTcp(plan: RelayPlan): Promise<() => void> {
  const [least, most] = plan.weather.delayMs;
  const late = (act: () => void): void => void setTimeout(act, (least + most) / 2);
  const server = createServer((front) => {
    front.on('error', () => {});
    if (plan.isDead) return;
    const back = connect(plan.backendPort, plan.address);
    back.on('error', () => front.destroy());
    front.on('data', (piece) => {
      plan.onQuery();
      late(() => back.write(piece));
    });
    back.on('data', (piece) => late(() => front.write(piece)));
    front.on('close', () => back.destroy());
    back.on('close', () => late(() => front.destroy()));
  });
  server.on('error', () => {});
  return new Promise((resolve) => {
    server.listen(53, plan.address, () => resolve(() => void server.close()));
  });
}

/** Starts a relay; what ends it. */
export async function startRelay(plan: RelayPlan): Promise<() => void> {
  const closers = [await startUdp(plan), await startTcp(plan)];
  return () => {
    for (const close of closers) close();
  };
}
