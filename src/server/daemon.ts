/**
 * The daemon's outer side: opens and closes listening sockets, gives them another house on reload, drains and stops.
 *
 * A socket whose address stays configured is kept over a reload: nothing is lost in between, and a process that has given up
 * its privileges could not bind port 53 again.
 * Leaves to others: signals, privileges, files (cli), queries (serve).
 */

import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address, Listener, Network, NetworkError } from '../ports/network.ts';
import type { Serve } from '../serve/serve-query.ts';
import type { ServerOptions } from './listen-options.ts';
import { openTcpListener, TcpPlaces } from './tcp-listener.ts';
import { openUdpListener, type UdpListener } from './udp-listener.ts';

/** Milliseconds between looks at whether the waiting clients are answered, while draining. */
const DRAIN_STEP_MS = 20;

/** What a daemon is made of. */
export interface DaemonParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: LogSink;
}

/** An address that could not be listened on. */
export interface ListenProblem {
  readonly address: Address;
  readonly error: NetworkError;
  readonly text: string;
}

/** Listening sockets of one address. */
interface Door {
  readonly udp: UdpListener | null;
  readonly tcp: Listener | null;
}

/** The outer side of one process. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #doors = new Map<string, Door>();
  #places: TcpPlaces | null = null;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
  }

  /** Addresses that are listened on, with the ports that the system chose where 0 was asked for. */
  addresses(): Address[] {
    return [...this.#doors.values()]
      .map((door) => door.udp?.local ?? door.tcp?.local ?? null)
      .filter((address) => address !== null);
  }

  /** Open connections of clients. */
  get connections(): number {
    return this.#places?.count ?? 0;
  }

  /**
   * Listens as the options say, for the first time or after a reload. Returns what could not be opened; what could stays
   * open.
   */
  async listen(serve: Serve, options: ServerOptions): Promise<ListenProblem[]> {
    const places = this.#placesFor(serve, options);
    const wanted = new Map(options.interfaces.map((address) => [addressText(address), address]));
    for (const [key, door] of this.#doors) {
      if (wanted.has(key)) {
        if (door.udp !== null) door.udp.serve = serve;
      } else {
        closeDoor(door);
        this.#doors.delete(key);
      }
    }
    const problems: ListenProblem[] = [];
    for (const [key, address] of wanted) {
      if (!this.#doors.has(key)) problems.push(...(await this.#openDoor({ key, address, serve, options, places })));
    }
    return problems;
  }

  #placesFor(serve: Serve, options: ServerOptions): TcpPlaces {
    this.#places ??= new TcpPlaces(this.#parts.clock, serve, options);
    this.#places.change(serve, options);
    return this.#places;
  }

  async #openDoor(start: {
    readonly key: string;
    readonly address: Address;
    readonly serve: Serve;
    readonly options: ServerOptions;
    readonly places: TcpPlaces;
  }): Promise<ListenProblem[]> {
    const { key, address, serve, options, places } = start;
    const { network } = this.#parts;
    const onError = (error: NetworkError): void => this.#logError(key, error);
    const udp = options.udp ? await openUdpListener({ network, address, options, serve, onError }) : null;
    // Port 0 is the system's choice: TCP has to be where UDP is.
    const local = udp?.ok === true ? (udp.value.local ?? address) : address;
    const hasTcp = options.tcp && options.maxConnections > 0;
    const tcp = hasTcp ? await openTcpListener({ network, address: local, options, places, onError }) : null;
    const problems: ListenProblem[] = [];
    for (const [what, opened] of [['UDP', udp] as const, ['TCP', tcp] as const]) {
      if (opened?.ok !== false) continue;
      problems.push({
        address,
        error: opened.error,
        text: `can't open ${what} socket on ${key}: ${opened.error.text}`,
      });
    }
    const door = { udp: udp?.ok === true ? udp.value : null, tcp: tcp?.ok === true ? tcp.value : null };
    // An address with nothing open is tried again by the next reload.
    if (door.udp !== null || door.tcp !== null) this.#doors.set(key, door);
    return problems;
  }

  /** Errors of single sends are not worth a line each: clients come and go. */
  #logError(key: string, error: NetworkError): void {
    if (error.kind === 'other') this.#parts.log.write('warning', `socket on ${key}: ${error.text}`);
  }

  /** Waits until nobody waits for `serve` any more, at most `maxMs`. */
  async drain(serve: Serve, maxMs: number): Promise<void> {
    const { clock } = this.#parts;
    const until = clock.monotonicMs() + maxMs;
    while (serve.waiting() > 0 && clock.monotonicMs() < until) {
      await new Promise<void>((resume) => clock.after(DRAIN_STEP_MS, resume));
    }
  }

  /** Closes every socket and connection. */
  stop(): void {
    for (const door of this.#doors.values()) closeDoor(door);
    this.#doors.clear();
    this.#places?.closeAll();
  }
}

function closeDoor(door: Door): void {
  door.udp?.close();
  door.tcp?.close();
}

/** `ip@port`, as configured. */
function addressText({ ip, port }: Address): string {
  return `${ip}@${port}`;
}
