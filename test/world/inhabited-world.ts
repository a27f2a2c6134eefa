/** A test world with a resolver in it: the whole of Hawser on fake ports, trusting the world's root, and clients to ask it. */

import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { typeFromText } from '../../src/wire/rr-type.ts';
import { type FakePorts, inTurnOrder } from '../fake/fake-ports.ts';
import { SeenMessage } from '../replay/seen-message.ts';
import { type RunningInstance, startInstance } from '../replay/start-instance.ts';
import type { World } from './world.ts';

/** Where the resolver listens. */
export const RESOLVER_ADDRESS = { ip: '127.0.0.1', port: 5300 };

/** How to ask. */
export interface AskOptions {
  readonly isUnchecked?: boolean;
  /** Default true. */
  readonly doBit?: boolean;
}

/** Configuration that makes a resolver trust and find the world's root. */
export function worldConfigLines(world: World): string[] {
  const root = world.zones().find(({ name }) => name === '.');
  return [
    'server:',
    ...(root?.zone.signing == null ? [] : world.anchors().map((anchor) => `\ttrust-anchor: "${anchor}"`)),
    '\ttrust-anchor-signaling: no',
    'stub-zone:',
    '\tname: "."',
    ...Object.values(root?.spec.servers ?? {})
      .flat()
      .map((ip) => `\tstub-addr: ${ip}`),
  ];
}

/** A running resolver in a world. */
export class InhabitedWorld {
  readonly ports: FakePorts;
  readonly running: RunningInstance;

  constructor(ports: FakePorts, running: RunningInstance) {
    this.ports = ports;
    this.running = running;
  }

  /** Starts a resolver; `lines` go at the end of its configuration. Throws when it does not start. */
  static async start(ports: FakePorts, lines: readonly string[]): Promise<InhabitedWorld> {
    const place = ['server:', `\tinterface: ${RESOLVER_ADDRESS.ip}`, `\tport: ${RESOLVER_ADDRESS.port}`];
    // `test.` is answered locally by default (RFC 6761 §6.2); in these worlds it is a zone like any other.
    const listening = [...place, '\tlocal-zone: "test." nodefault'];
    const crypto = inTurnOrder(createNodeCrypto(), ports.clock);
    const starting = startInstance(`${[...lines, ...listening].join('\n')}\n`, { ...ports, crypto });
    const running = await ports.clock.runUntilSettled(starting, { waitingFor: 'the start' });
    if (typeof running === 'string') throw new Error(running);
    return new InhabitedWorld(ports, running);
  }

  /** Asks over UDP and waits; throws HangError when no answer comes. */
  async ask(name: string, type: string, { isUnchecked = false, doBit = true }: AskOptions = {}): Promise<SeenMessage> {
    const { clock, network } = this.ports;
    const answers: SeenMessage[] = [];
    const opening = network.openUdp({
      local: { ip: '127.0.0.1', port: 0 },
      onDatagrams: (batch) => {
        for (const { bytes } of batch) answers.push(new SeenMessage(bytes.slice()));
      },
      onError: () => {},
    });
    const opened = await clock.runUntilSettled(opening);
    if (!opened.ok) throw new Error(opened.error.text);
    const question = questionOf(mustParseName(name), typeFromText(type) ?? 0);
    const flags = FLAG.RD | (isUnchecked ? FLAG.CD : 0);
    const query = buildQuery({ id: 1, question, flags, edns: { udpSize: 4096, doBit } });
    opened.value.send(query, query.length, RESOLVER_ADDRESS);
    try {
      await clock.runUntil(() => answers.length > 0, { waitingFor: `the answer to ${name} ${type}` });
    } finally {
      opened.value.close();
    }
    return answers[0] as SeenMessage;
  }

  /** Stops the resolver. */
  async stop(): Promise<void> {
    await this.ports.clock.runUntilSettled(this.running.stop(), { waitingFor: 'the stop' });
  }
}
