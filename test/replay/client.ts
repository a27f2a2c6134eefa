/** The clients of a scenario: each query from its step's address, over UDP or on a connection that is kept open. */

import type { ByteStream } from '../../src/ports/network.ts';
import { concatBytes, writeU16 } from '../../src/wire/bytes.ts';
import type { FakePorts } from '../fake/fake-ports.ts';
import { messageSplitter } from '../fake/fake-server.ts';
import { firstMessage, type Scenario, type Step } from './scenario.ts';
import { RESOLVER_PORT, type ScenarioSetup } from './scenario-config.ts';
import { encodeScripted } from './scripted-message.ts';
import { SeenMessage } from './seen-message.ts';

/** Milliseconds that a client waits for its connection. */
const CONNECT_TIMEOUT_MS = 3_000;
/** UDP size that deckard's client states. */
const DECKARD_UDP_SIZE = 4096;

/** A query that a step has sent. */
export interface SentQuery {
  readonly step: Step;
  readonly id: number;
  readonly transport: 'udp' | 'tcp';
  isAnswered: boolean;
}

/** An answer that a client got. */
export interface ClientAnswer {
  readonly query: SentQuery;
  readonly seen: SeenMessage;
}

interface Connection {
  readonly stream: ByteStream;
  isOpen: boolean;
}

/** All clients. */
export class Clients {
  readonly #ports: FakePorts;
  readonly #scenario: Scenario;
  readonly #setup: ScenarioSetup;
  readonly #connections = new Map<string, Connection>();
  readonly sent: SentQuery[] = [];
  /** Answers that no step has looked at yet. */
  answers: ClientAnswer[] = [];
  #nextId = 1000;

  constructor(ports: FakePorts, scenario: Scenario, setup: ScenarioSetup) {
    this.#ports = ports;
    this.#scenario = scenario;
    this.#setup = setup;
  }

  /** Queries without an answer. */
  get unanswered(): SentQuery[] {
    return this.sent.filter((query) => !query.isAnswered);
  }

  /** Sends a step's query; null, or why it could not be sent. */
  async send(step: Step): Promise<string | null> {
    const { entry } = step;
    if (entry === null) return 'a QUERY without an entry';
    const forced = this.#scenario.dialect === 'deckard' ? { udpSize: DECKARD_UDP_SIZE, flags: 0 } : null;
    const octets = entry.raw?.slice() ?? encodeScripted(firstMessage(entry), forced);
    const transport = entry.match.has('TCP') ? 'tcp' : 'udp';
    const query: SentQuery = { step, id: this.#nextId++, transport, isAnswered: false };
    if (octets.length >= 2) writeU16(octets, 0, query.id);
    this.sent.push(query);
    const resolverIp = step.ip?.includes(':') ? '::1' : step.ip === null ? this.#setup.resolverIp : '127.0.0.1';
    const clientIp = step.ip ?? resolverIp;
    return transport === 'udp'
      ? this.#sendDatagram(query, octets, { clientIp, resolverIp })
      : this.#sendOnStream(octets, { clientIp, resolverIp });
  }

  async #sendDatagram(query: SentQuery, octets: Uint8Array, { clientIp, resolverIp }: Ends): Promise<string | null> {
    const opening = this.#ports.network.openUdp({
      local: { ip: clientIp, port: 0 },
      onDatagrams: (batch) => {
        for (const { bytes } of batch) this.#take(bytes.slice(), [query]);
      },
      onError: () => {},
    });
    const opened = await this.#ports.clock.runUntilSettled(opening);
    if (!opened.ok) return opened.error.text;
    opened.value.send(octets, octets.length, { ip: resolverIp, port: RESOLVER_PORT });
    return null;
  }

  async #sendOnStream(octets: Uint8Array, ends: Ends): Promise<string | null> {
    let connection = this.#connections.get(ends.clientIp);
    if (connection === undefined || !connection.isOpen) {
      const made = await this.#connect(ends);
      if (typeof made === 'string') return made;
      connection = made;
      this.#connections.set(ends.clientIp, made);
    }
    connection.stream.write(concatBytes(Uint8Array.of(octets.length >>> 8, octets.length & 0xff), octets));
    return null;
  }

  async #connect({ clientIp, resolverIp }: Ends): Promise<Connection | string> {
    const state = { isOpen: true };
    const onData = messageSplitter((bytes) => this.#take(bytes, this.sent));
    const connecting = this.#ports.network.connect({
      remote: { ip: resolverIp, port: RESOLVER_PORT },
      localIp: clientIp,
      timeoutMs: CONNECT_TIMEOUT_MS,
      onData,
      onClose: () => {
        state.isOpen = false;
      },
    });
    const opened = await this.#ports.clock.runUntilSettled(connecting);
    return opened.ok ? Object.assign(state, { stream: opened.value }) : `TCP query: ${opened.error.text}`;
  }

  #take(bytes: Uint8Array, candidates: readonly SentQuery[]): void {
    const seen = new SeenMessage(bytes);
    const query = candidates.find(({ id }) => id === seen.id);
    if (query === undefined) return;
    query.isAnswered = true;
    this.answers.push({ query, seen });
  }
}

interface Ends {
  readonly clientIp: string;
  readonly resolverIp: string;
}
