/** What the control tests share: a whole resolver on fake ports with its control server, and clients that talk to it. */

import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfigText } from '../../src/config/load-config.ts';
import type { Command } from '../../src/control/command.ts';
import { CommandTable } from '../../src/control/command-table.ts';
import { createCommands } from '../../src/control/commands/all.ts';
import { ControlServer } from '../../src/control/control-server.ts';
import { NegativeAnchors } from '../../src/control/negative-anchors.ts';
import type { Applied, ControlDaemon } from '../../src/control/parts.ts';
import { controlView } from '../../src/daemon/control-view.ts';
import { assemble, type ResolverInstance } from '../../src/daemon/resolver-instance.ts';
import { InstanceStatistics } from '../../src/daemon/statistics.ts';
import type { Address, ByteStream } from '../../src/ports/network.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';

/** Where the control server of these tests listens. */
export const HERE: Address = { ip: '127.0.0.1', port: 8953 };

/** A control server with these commands. */
export async function listenWith(
  ports: FakePorts,
  commands: readonly Command[],
  onRefused: () => void = () => {},
): Promise<ControlServer> {
  const { clock, network, log } = ports;
  const table = new CommandTable(commands);
  const parts = { clock, network, log, commands: () => table, onRefused, removeSocket: () => {} };
  const server = new ControlServer(parts);
  const problems = await clock.runUntilSettled(server.listen({ listeners: [HERE], tls: null }));
  if (problems.length > 0) throw new Error(problems.join());
  return server;
}

/** A client of the control server. */
export class Client {
  /** What has come. */
  text = '';
  isClosed = false;
  readonly #ports: FakePorts;
  #stream: ByteStream | null = null;

  constructor(ports: FakePorts) {
    this.#ports = ports;
  }

  /** Connects; false when it was refused. */
  async connect(): Promise<boolean> {
    const { clock, network } = this.#ports;
    const opened = await clock.runUntilSettled(
      network.connect({
        remote: HERE,
        timeoutMs: 1000,
        onData: (bytes) => {
          this.text += new TextDecoder().decode(bytes);
        },
        onClose: () => {
          this.isClosed = true;
        },
      }),
    );
    if (opened.ok) this.#stream = opened.value;
    return opened.ok;
  }

  send(text: string): void {
    this.#stream?.write(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  close(): void {
    this.#stream?.destroy();
  }
}

/** Runs one command from connecting to the end; its reply. */
export async function sendCommand(ports: FakePorts, line: string, input = ''): Promise<string> {
  const client = new Client(ports);
  await client.connect();
  client.send(`UBCT1 ${line}\n${input}`);
  await ports.clock.runUntil(() => client.isClosed, { waitingFor: `the reply to ${line}` });
  return client.text;
}

/** A resolver with its commands. */
export interface ControlBench {
  readonly ports: FakePorts;
  readonly instance: ResolverInstance;
  readonly statistics: InstanceStatistics;
  /** The commands that there are. */
  readonly names: readonly string[];
  /** Runs a command through the control server. */
  readonly run: (line: string, input?: string) => Promise<string>;
  /** Configurations that were put in force by set_option. */
  readonly applied: Config[];
  /** What else the daemon was told. */
  readonly told: string[];
}

/** Joins a resolver; `reload` is what a reload of the daemon ends as, `textRoom` the octets of text that it has memory for. */
export async function makeBench(
  configText = '',
  reload: Applied = null,
  textRoom = Number.POSITIVE_INFINITY,
): Promise<ControlBench> {
  const ports = makeFakePorts();
  const loaded = parseConfigText(configText, 'test.conf');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.findings));
  const crypto = createNodeCrypto();
  const assembled = await assemble({ config: loaded.config, ports: { ...ports, crypto } });
  if (!assembled.ok) throw new Error(JSON.stringify(assembled.findings));
  const { instance } = assembled;
  const applied: Config[] = [];
  const told: string[] = [];
  const daemon: ControlDaemon = {
    version: '0.0.0',
    pid: 42,
    startedMs: ports.clock.monotonicMs(),
    threads: 1,
    options: () => ' control',
    verbosity: 1,
    setVerbosity: (level) => void told.push(`verbosity ${level}`),
    stop: () => void told.push('stop'),
    reload: async (keepsCaches) => {
      told.push(keepsCaches ? 'reload keeping caches' : 'reload');
      return reload;
    },
    apply: async (config) => {
      applied.push(config);
      return null;
    },
    pageAddress: () => 'http://127.0.0.1:8153/#token=t',
    doctor: async (isJson) => (isJson ? '{}\n' : 'report\n'),
    reopenLog: () => null,
    textRoom: () => textRoom,
  };
  const { clock, network, log } = ports;
  const unixTime = (): number => clock.unixSeconds();
  const held = { connections: () => 0, httpOctets: () => ({ queries: 0, replies: 0 }), fronts: null };
  const counted = { clock, network, log, unixTime, startedMs: daemon.startedMs, ...held };
  const statistics = new InstanceStatistics(counted, instance);
  const seen = controlView(instance, statistics.shown);
  const negativeAnchors = new NegativeAnchors(ports.clock);
  negativeAnchors.activate(seen);
  const table = createCommands({ clock: ports.clock, instance: seen, daemon, negativeAnchors });
  const commands = table.names().map(
    (name): Command => ({
      name,
      takes: 'words',
      run: (words) => table.run(words === '' ? name : `${name} ${words}`),
    }),
  );
  await listenWith(ports, commands);
  const run: ControlBench['run'] = (line, input) => sendCommand(ports, line, input);
  return { ports, instance, statistics, applied, told, names: table.names(), run };
}
