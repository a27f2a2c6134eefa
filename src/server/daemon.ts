/**
 * The daemon's outer side: opens and closes listening sockets, gives them another resolver on reload, drains and stops.
 *
 * A socket whose address stays configured is kept over a reload: nothing is lost in between, and a process that has given up
 * its privileges could not bind port 53 again. For the same reason one that is no longer wanted is closed only when all that
 * is wanted is open, and one of a network interface stays while that has no address. One that is to speak another protocol is
 * closed at once, with its connections: what is called encrypted must not be answered plainly.
 * Leaves to others: signals, privileges, files (cli), queries (serve).
 */

import type { Clock } from '../ports/clock.ts';
import type { HttpNetwork } from '../ports/http.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address, Listener, Network, NetworkError, TlsServerOptions } from '../ports/network.ts';
import type { Serve } from '../serve/query-server.ts';
import type { ListenAddress, ServerOptions } from './listen-options.ts';
import { ConnectionSlots, openTcpListener } from './tcp-listener.ts';
import { openUdpListener, type UdpListener } from './udp-listener.ts';

/** Milliseconds between looks at whether the waiting clients are answered, while draining. */
const DRAIN_STEP_MS = 20;

export interface DaemonParts {
  readonly network: Network;
  readonly http: HttpNetwork;
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
interface ListenerPair {
  readonly address: ListenAddress;
  udp: UdpListener | null;
  tcp: Listener | null;
}

interface ListenerParts {
  readonly serve: Serve;
  readonly options: ServerOptions;
  readonly slots: ConnectionSlots;
}

/** The outer side of one process. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #pairs = new Map<string, ListenerPair>();
  #slots: ConnectionSlots | null = null;
  #tls: TlsServerOptions | null = null;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
  }

  /** Addresses that are listened on, with the ports that the system chose where 0 was asked for. */
  addresses(): Address[] {
    return [...this.#pairs.values()]
      .map((pair) => pair.udp?.local ?? pair.tcp?.local ?? null)
      .filter((address) => address !== null);
  }

  /** Open connections of clients. */
  get connections(): number {
    return this.#slots?.count ?? 0;
  }

  get httpOctets(): { readonly queries: number; readonly replies: number } {
    return this.#slots?.httpOctets ?? { queries: 0, replies: 0 };
  }

  /**
   * Listens as the options say, for the first time, after a reload, or (`isRetry`) to open what could not be opened before,
   * which closes nothing in the hope of it. Returns what could not be opened; what could stays open.
   */
  async listen(serve: Serve, options: ServerOptions, isRetry = false): Promise<ListenProblem[]> {
    const start = { serve, options, slots: this.#slotsFor(serve, options) };
    this.#closeChanged(options);
    // With the same key as before clients may take up their sessions again.
    const hasNewTls = JSON.stringify(options.tls) !== JSON.stringify(this.#tls);
    this.#tls = options.tls ?? null;
    for (const { udp, tcp } of this.#pairs.values()) {
      if (hasNewTls && options.tls) tcp?.useTls(options.tls);
      if (udp === null) continue;
      udp.serve = serve;
      udp.change(options);
    }
    const problems = await this.#openWanted(start);
    const unwanted = this.#unwanted(options);
    if (unwanted.length === 0 || problems.length === 0) {
      this.#close(unwanted);
      return problems;
    }
    return isRetry ? problems : await this.#makeWay(unwanted, problems, start);
  }

  /** Closes what is not wanted where that lets everything be opened; else it stays, and that is said. */
  async #makeWay(
    unwanted: readonly ListenerPair[],
    problems: ListenProblem[],
    start: ListenerParts,
  ): Promise<ListenProblem[]> {
    // An old socket may be in the way of a new one: "any address" and one of them. The system has said that it is in use, and
    // not that it is not permitted, so that both the new one and, if need be, the old one can be opened.
    const isInTheWay = problems.every(({ error }) => error.kind === 'in-use');
    if (isInTheWay) this.#close(unwanted);
    const left = isInTheWay ? await this.#openWanted(start) : problems;
    for (const { address } of left.length > 0 ? unwanted : []) {
      await this.#openPair(address, start);
      this.#parts.log.write(
        'error',
        `still listening on ${addressText(address)}: not all that is configured could be opened`,
      );
    }
    return left;
  }

  /** Whether anything is listened on by these options, or stays. */
  hasSlot(options: ServerOptions): boolean {
    if (!options.udp && !hasTcp(options)) return false;
    const stays = [...this.#pairs.values()].some(({ address }) => isOfInterface(address, options));
    return options.interfaces.length > 0 || stays || options.waitsForAddresses === true;
  }

  /** Opens what is wanted and not open, and closes the transport that is not wanted at all. */
  async #openWanted(start: ListenerParts): Promise<ListenProblem[]> {
    const { interfaces, missing = [] } = start.options;
    const problems = missing.map((name): ListenProblem => {
      const text = `no address at interface ${name}`;
      return { address: { ip: '', port: 0 }, error: { kind: 'unreachable', text }, text };
    });
    for (const address of new Map(interfaces.map((each) => [addressText(each), each])).values()) {
      problems.push(...(await this.#openPair(address, start)));
    }
    for (const [key, pair] of this.#pairs) {
      if (!start.options.udp) closeUdp(pair);
      if (!hasTcp(start.options)) closeTcp(pair);
      if (pair.udp === null && pair.tcp === null) this.#pairs.delete(key);
    }
    return problems;
  }

  #unwanted(options: ServerOptions): ListenerPair[] {
    const wanted = new Set(options.interfaces.map(addressText));
    return [...this.#pairs.values()].filter(
      ({ address }) => !wanted.has(addressText(address)) && !isOfInterface(address, options),
    );
  }

  /** Closes what is to speak another protocol than it does. */
  #closeChanged({ interfaces, kindOfPort }: ServerOptions): void {
    const wanted = new Map(interfaces.map((address) => [addressText(address), address]));
    const changed = [...this.#pairs.values()].filter(({ address }) => {
      const now = wanted.get(addressText(address)) ?? kindOfPort?.(address.port);
      return now !== undefined && (now.protocol !== address.protocol || now.isProxied !== address.isProxied);
    });
    this.#close(changed);
    for (const { address } of changed) this.#slots?.closeAt(address);
  }

  #close(pairs: readonly ListenerPair[]): void {
    for (const pair of pairs) {
      closeUdp(pair);
      closeTcp(pair);
      this.#pairs.delete(addressText(pair.address));
    }
  }

  #slotsFor(serve: Serve, options: ServerOptions): ConnectionSlots {
    this.#slots ??= new ConnectionSlots(this.#parts.clock, serve, options);
    this.#slots.change(serve, options);
    return this.#slots;
  }

  /** Opens what is not open of an address: both at first, the one that failed later on. */
  async #openPair(address: ListenAddress, { serve, options, slots }: ListenerParts): Promise<ListenProblem[]> {
    const { network, http } = this.#parts;
    const key = addressText(address);
    const pair: ListenerPair = this.#pairs.get(key) ?? { address, udp: null, tcp: null };
    const onError = (error: NetworkError): void => this.#logError(key, error);
    const wantsUdp = hasUdp(address, options) && pair.udp === null;
    const udp = wantsUdp ? await openUdpListener({ network, address, options, serve, onError }) : null;
    if (udp?.ok === true) pair.udp = udp.value;
    // Port 0 is the system's choice: TCP has to be where UDP is.
    const local = { ip: address.ip, port: pair.udp?.local?.port ?? address.port };
    const wantsTcp = hasTcp(options) && pair.tcp === null;
    const tcp = wantsTcp
      ? await openTcpListener({ network, http, address: pair.address, local, options, slots, onError })
      : null;
    if (tcp?.ok === true) pair.tcp = tcp.value;
    if (pair.udp !== null || pair.tcp !== null) this.#pairs.set(key, pair);
    return [['UDP', udp] as const, [(address.protocol ?? 'tcp').toUpperCase(), tcp] as const].flatMap(
      ([what, opened]) =>
        opened?.ok !== false
          ? []
          : [{ address, error: opened.error, text: `can't open ${what} socket on ${key}: ${opened.error.text}` }],
    );
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
    this.#close([...this.#pairs.values()]);
    this.#slots?.closeAll();
  }
}

function closeUdp(pair: ListenerPair): void {
  pair.udp?.close();
  pair.udp = null;
}

function closeTcp(pair: ListenerPair): void {
  pair.tcp?.close();
  pair.tcp = null;
}

/** Only plain DNS is spoken over UDP. */
function hasUdp({ protocol }: ListenAddress, { udp }: ServerOptions): boolean {
  return udp && protocol === undefined;
}

function hasTcp({ tcp, maxConnections }: ServerOptions): boolean {
  return tcp && maxConnections > 0;
}

/** Whether it was found at a network interface that is still listened at. */
function isOfInterface({ from }: ListenAddress, { networkInterfaces = [] }: ServerOptions): boolean {
  return from !== undefined && networkInterfaces.includes(from);
}

/** `ip@port`, as configured. */
function addressText({ ip, port }: Address): string {
  return `${ip}@${port}`;
}
