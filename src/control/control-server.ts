/**
 * The control server: where it listens and how many connections it has.
 *
 * Duties: open and close listening sockets (addresses with or without TLS, unix sockets), keep those whose place stays
 * configured over a reload, the bound on connections.
 * Leaves to others: a connection (connection.ts), certificates' files (cli).
 */

import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address, ByteStream, Listener, Network, StreamEvents, TlsServerOptions } from '../ports/network.ts';
import { ListenerSet } from '../server/listener-set.ts';
import type { CommandTable } from './command-table.ts';
import { ControlConnection, type ControlConnectionParts } from './connection.ts';
import { CONTROL_LIMITS } from './limits.ts';

/** Where and how to listen. */
export interface ControlOptions {
  readonly listeners: readonly (Address | { readonly path: string })[];
  /** For addresses; null: no TLS (control-use-cert: no). A unix socket never has it. */
  readonly tls: TlsServerOptions | null;
}

interface ControlServerParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: LogSink;
  /** The commands of the instance that is in force. */
  readonly commands: () => CommandTable;
  /** Told of each command, and of each line that it takes, before the client learns that it is done. */
  readonly commandRan?: (command: string) => void;
  /** Told of each connection that found no place, or that had to give its place to another one. */
  readonly onRefused: () => void;
  /** Takes the remains of a unix socket away before the place is listened on again. */
  readonly removeSocket: (path: string) => void;
}

interface OpenListener {
  readonly listener: Listener;
  readonly tls: TlsServerOptions | null;
  close(): void;
}

export class ControlServer {
  readonly #parts: ControlServerParts;
  readonly #open = new ListenerSet<OpenListener>();
  readonly #connections = new Set<ControlConnection>();
  readonly #connectionParts: ControlConnectionParts;

  constructor(parts: ControlServerParts) {
    this.#parts = parts;
    const { clock, log, commands, commandRan } = parts;
    this.#connectionParts = {
      clock,
      log,
      commands,
      commandRan: commandRan ?? (() => {}),
      onClosed: (connection) => this.#connections.delete(connection),
    };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Addresses that are listened on, with the port that the system chose; unix sockets are not among them. */
  addresses(): Address[] {
    return this.#open
      .values()
      .map(({ listener }) => listener.local)
      .filter(({ ip }) => ip !== '');
  }

  /** What `status` shows: ` control(ssl)`, ` control(namedpipe)`, ` control`, or nothing. */
  get kinds(): string {
    const kinds = this.#open
      .entries()
      .map(([key, { tls }]) => (isPath(key) ? ' control(namedpipe)' : tls === null ? ' control' : ' control(ssl)'));
    return [...new Set(kinds)].join('');
  }

  /** Listens as the options say, for the first time or after a reload; returns what could not be opened, a line each. */
  async listen({ listeners, tls }: ControlOptions): Promise<string[]> {
    const wanted = new Map(listeners.map((listener) => [listenerText(listener), listener]));
    return await this.#open.change(
      wanted,
      (listener, key) => this.#openListener(key, listener, tls),
      (before, key) => isPath(key) || sameTls(before.tls, tls),
    );
  }

  /**
   * Closes every socket and connection at the end of the process. Unix sockets end with it and not before: closing one takes
   * its file away, and a client takes a refused connection for "stopped" but not a missing file.
   */
  stop(): void {
    this.#open.stop((key) => !isPath(key));
    for (const connection of [...this.#connections]) connection.close();
  }

  async #openListener(
    key: string,
    listener: Address | { readonly path: string },
    tls: TlsServerOptions | null,
  ): Promise<OpenListener | string> {
    const { network, log } = this.#parts;
    const hasTls = !('path' in listener) && tls !== null;
    if ('path' in listener) this.#parts.removeSocket(listener.path);
    const opened = await network.listen({
      local: listener,
      ...(hasTls ? { tls } : {}),
      maxConnections: CONTROL_LIMITS.sockets,
      maxHandshakes: CONTROL_LIMITS.handshakes,
      onConnection: (stream) => this.#admit(stream),
      onError: (error) => log.write('warning', `control socket ${key}: ${error.text}`),
    });
    if (!opened.ok) return `cannot open control socket ${key}: ${opened.error.text}`;
    const { value } = opened;
    return { listener: value, tls: hasTls ? tls : null, close: () => value.close() };
  }

  #admit(stream: ByteStream): StreamEvents | null {
    if (this.#connections.size >= CONTROL_LIMITS.connections) {
      this.#parts.onRefused();
      if (!this.#closeLongestWaiting()) return null;
    }
    const connection = new ControlConnection(stream, this.#connectionParts);
    this.#connections.add(connection);
    return connection;
  }

  /**
   * Clients that do nothing never keep others out: the connection that has waited for its client longest gives way, those that
   * were told to expect many lines, or to whom nobody listens, among them.
   */
  #closeLongestWaiting(): boolean {
    let longest: ControlConnection | null = null;
    for (const connection of this.#connections) {
      const since = connection.waitsSinceMs;
      if (since !== null && since < (longest?.waitsSinceMs ?? Number.POSITIVE_INFINITY)) longest = connection;
    }
    longest?.close();
    return longest !== null;
  }
}

function listenerText(listener: Address | { readonly path: string }): string {
  return 'path' in listener ? listener.path : `${listener.ip}@${listener.port}`;
}

function isPath(key: string): boolean {
  return key.startsWith('/');
}

function sameTls(a: TlsServerOptions | null, b: TlsServerOptions | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.certificatePem === b.certificatePem &&
    a.privateKeyPem === b.privateKeyPem &&
    a.clientAuthorityPem === b.clientAuthorityPem
  );
}
