/**
 * Proves that connections, to us and from us, who waits in line and addresses leave nothing old behind: what stands in a Map of
 * JavaScript when its table is replaced or emptied is kept until the next collection of all (work/transient-map.ts).
 */

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Server as TlsServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { Arrivals } from '../../src/adapters/node-arrivals.ts';
import { NodeStream } from '../../src/adapters/node-stream.ts';
import { KnownServer } from '../../src/cache/known-server.ts';
import { LostDatagrams, type Resendable } from '../../src/iterate/lost-datagrams.ts';
import { UpstreamStreams } from '../../src/iterate/upstream-streams.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ByteStream, Network } from '../../src/ports/network.ts';
import { AccessControl, MAX_REMEMBERED_CLIENTS } from '../../src/serve/access-control.ts';
import { ServerCookies } from '../../src/serve/cookies.ts';
import { ConnectionSlots } from '../../src/server/tcp-listener.ts';
import { ROOT } from '../../src/wire/name.ts';
import { Semaphore } from '../../src/work/semaphore.ts';
import type { StopSignal } from '../../src/work/stop-signal.ts';
import { grownOld, LOAD_OCTETS, load } from '../support/old-memory.ts';
import { HERE, OPTIONS, PlayedServe } from './listening.ts';

const STEPS = 2_000;
/** How many there are at a time. */
const AT_A_TIME = 50;
/** Of what has come and gone so much at most may be old: some of it is there at each collection. */
const MOST_OLD = (STEPS * LOAD_OCTETS) / 20;

/** The streams themselves are old, 600 octets each, and their loads are not. */
const MOST_OLD_OF_STREAMS = STEPS * 1_000;

const NEVER: StopSignal = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} };

/** Three times as many as are remembered: a flood of forged ones, each of which costs so little that new objects are seldom collected. */
const ADDRESSES = 3 * MAX_REMEMBERED_CLIENTS;
/** Octets; in a Map that is emptied 56 of each become old, and none in one that is left for another. */
const MOST_OLD_PER_ADDRESS = 20;
const access = new AccessControl([]);
const cookies = new ServerCookies([new Uint8Array(16)]);
/** That of a client which has none of ours. */
const COOKIE = new Uint8Array(8);

/** Lets everything that can go on go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time that stands still, and holds nothing of who waits. */
const clock: Clock = {
  monotonicMs: () => 0,
  unixSeconds: () => 0,
  after: () => () => {},
  inTurn: () => {},
  nextTurn: () => Promise.resolve(),
};

/** Calls what ends the one that came `AT_A_TIME` before. */
function inTurns(begin: (i: number) => () => void): (i: number) => void {
  const ends: (() => void)[] = new Array(AT_A_TIME).fill(() => {});
  return (i) => {
    ends[i % AT_A_TIME]?.();
    ends[i % AT_A_TIME] = begin(i);
  };
}

function stream(port: number): ByteStream & { readonly load: readonly number[] } {
  const remote = { ip: '192.0.2.1', port };
  const nothing = (): void => {};
  const calls = { write: () => true, pause: nothing, resume: nothing, end: nothing, destroy: nothing };
  return { local: HERE, remote, ...calls, load: load() };
}

function clientConnections(): (i: number) => void {
  const slots = new ConnectionSlots(clock, new PlayedServe(), { ...OPTIONS, maxConnections: 2 * AT_A_TIME });
  return inTurns((i) => {
    const events = slots.admit(stream(i), HERE);
    if (events === null) throw new Error('no slot');
    return () => events.onClose(null);
  });
}

function handshakes(): (i: number) => void {
  const tls = new EventEmitter();
  const arrivals = new Arrivals({}, tls as unknown as TlsServer, () => {});
  return inTurns((i) => {
    const ends = { remoteAddress: '192.0.2.1', remotePort: i, localAddress: HERE.ip };
    const destroy = (): void => void socket.emit('close');
    const socket = Object.assign(new EventEmitter(), ends, { load: load(), destroy }) as unknown as Socket;
    arrivals.take(socket);
    return () => void tls.emit('secureConnection', socket);
  });
}

/** No function of it leads to who is bound to it. */
const socketOfNode = (): Socket =>
  new Duplex({ read: () => {}, write: (_octets, _encoding, done) => done() }) as Socket;

function bindNote(socket: Socket): void {
  const carried = load();
  const note = (): void => void carried.length;
  new NodeStream(socket, { remote: HERE, prefaceOctets: 0 }).bind({ onData: note, onClose: note, onDrain: note });
}

/** Closed streams of Node.js, which are old themselves. */
function boundStreams(): (i: number) => Promise<void> {
  const bindNext = inTurns(() => {
    const socket = socketOfNode();
    bindNote(socket);
    return () => void socket.destroy();
  });
  return async (i) => {
    bindNext(i);
    await settle();
  };
}

/** Each question to a server of its own, whose answer ends the connection. */
function serverConnections(): (i: number) => Promise<void> {
  const answers: (() => void)[] = [];
  const network: Pick<Network, 'connect'> = {
    connect: async ({ onClose }) => {
      const made = stream(53);
      answers.push(() => onClose(null));
      return { ok: true, value: made };
    },
  };
  const streams = new UpstreamStreams({
    ...{ clock, network: network as Network, onStray: () => {}, onCrowdedOut: () => {} },
    options: { maxConnections: 4 * AT_A_TIME, idleMs: 0, maxQuestions: 1 },
  });
  const prepare = () => ({ id: 1, bytes: new Uint8Array(12), onSent: () => {}, accept: () => 'accepted' as const });
  return async (i) => {
    const remote = { ip: `192.0.${(i >> 8) & 0xff}.${i & 0xff}`, port: 53 };
    void streams.ask(NEVER, { remote, localEnd: null, tls: null, timeoutMs: 1000, prepare });
    await settle();
    if (answers.length > AT_A_TIME) answers.shift()?.();
  };
}

function line(): (i: number) => Promise<void> {
  const semaphore = new Semaphore(clock, 1);
  semaphore.takeFree();
  let through = 0;
  const stand = async (): Promise<void> => {
    const carried = load();
    await semaphore.take(NEVER, 1000);
    through += carried.length;
  };
  return async () => {
    void stand();
    if (semaphore.waiting > AT_A_TIME) semaphore.release();
    await settle();
    if (!Number.isFinite(through)) throw new Error('nobody got through');
  };
}

function lostDatagrams(): (i: number) => void {
  const lost = new LostDatagrams({ clock, servers: { isLineCut: () => true } });
  const known = new KnownServer('192.0.2.1@53', ROOT);
  return inTurns(() => {
    const carried = load();
    const datagram: Resendable = { known, send: () => void carried.length, lostAs: 0 };
    lost.add(datagram);
    return () => lost.remove(datagram);
  });
}

describe('nothing becomes old of', () => {
  test.each<[string, () => (i: number) => void | Promise<void>]>([
    ['connections of clients', clientConnections],
    ['connections in their handshake', handshakes],
    ['connections to servers', serverConnections],
    ['who stands in line', line],
    ['datagrams that were lost', lostDatagrams],
  ])('%s', async (_, make) => {
    expect(await grownOld(STEPS, make())).toBeLessThan(MOST_OLD);
  });

  test('who was bound to a stream of Node.js', async () => {
    expect(await grownOld(STEPS, boundStreams())).toBeLessThan(MOST_OLD_OF_STREAMS);
  });

  test.each<[string, (ip: string) => void]>([
    ['may ask', (ip) => void access.actionFor(ip)],
    ['have cookies', (ip) => void cookies.check(COOKIE, 0, COOKIE.length, { ip, now: 0 })],
  ])('addresses that were remembered of who %s', async (_, ask) => {
    const grown = await grownOld(ADDRESSES, (i) => ask(`10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`), ADDRESSES);
    expect(grown / ADDRESSES).toBeLessThan(MOST_OLD_PER_ADDRESS);
  });
});
