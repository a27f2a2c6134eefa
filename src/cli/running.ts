/**
 * A running daemon in this process: configuration, house, sockets, and the house that comes after a reload.
 *
 * Leaves to others: flags, signals, privileges, pid file (hawserd.ts); what a house is (assemble.ts).
 */

import { hostname, networkInterfaces } from 'node:os';
import { createCrypto } from '../adapters/crypto.ts';
import { createNodeClock } from '../adapters/node-clock.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import { DEFAULT_IDENTITY, type LogTarget, type NodeLog } from '../adapters/node-log.ts';
import { createNodeNetwork } from '../adapters/node-network.ts';
import { createNodeRandom } from '../adapters/node-random.ts';
import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import { type Finding, findingText } from '../config/finding.ts';
import type { Address } from '../ports/network.ts';
import { Daemon, type ListenProblem } from '../server/daemon.ts';
import { assemble, type House } from './assemble.ts';
import { PROGRAM_VERSION } from './program.ts';
import type { HostFacts } from './room-options.ts';

/** Milliseconds that clients of the house before a reload get to be answered. */
const DRAIN_MS = 10_000;

/** A configuration, or the lines that say why there is none. */
export type LoadedFor =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly lines: readonly string[] };

/** What a daemon runs on. */
export interface RunningParts {
  readonly log: NodeLog;
  /** Reads the configuration, at start and for each reload. */
  readonly load: () => LoadedFor;
  /** -dd: log to stderr whatever the configuration says. */
  readonly logToStderr: boolean;
}

/** The daemon. */
export class Running {
  readonly #parts: RunningParts;
  readonly #ports = {
    clock: createNodeClock(),
    network: createNodeNetwork(),
    random: createNodeRandom(),
    files: createNodeFiles(),
  };
  readonly #daemon: Daemon;
  #house: House | null = null;
  /** Reloads come one after the other. */
  #reloading: Promise<void> = Promise.resolve();

  constructor(parts: RunningParts) {
    this.#parts = parts;
    this.#daemon = new Daemon({ ...this.#ports, log: parts.log });
  }

  /** The configuration in force. */
  get config(): Config | null {
    return this.#house?.config ?? null;
  }

  /** Where it listens. */
  addresses(): Address[] {
    return this.#daemon.addresses();
  }

  /** Starts; the lines returned say why it could not. Then nothing is left open. */
  async start(): Promise<readonly string[]> {
    const built = await this.#build();
    if (!built.ok) return built.lines;
    const { house } = built;
    const problems = await this.#daemon.listen(house.serve, house.server);
    const lines = problems.filter((problem) => !this.#isPassedOver(house.config, problem)).map(({ text }) => text);
    if (lines.length > 0) {
      this.#daemon.stop();
      return lines;
    }
    this.#house = house;
    house.config.server.moduleConfig.forEach((module, i) => {
      this.#parts.log.write('notice', `init module ${i}: ${module}`);
    });
    this.#parts.log.write('info', `start of service (${PROGRAM_VERSION}).`);
    return [];
  }

  /** Takes the configuration anew, with empty caches; one that is broken leaves everything as it was. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload());
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const { log } = this.#parts;
    const built = await this.#build();
    if (!built.ok) {
      for (const line of built.lines) log.write('error', line);
      log.write('error', 'reload failed: the configuration before stays in force');
      return;
    }
    const before = this.#house;
    this.#house = built.house;
    for (const { text } of await this.#daemon.listen(built.house.serve, built.house.server)) log.write('error', text);
    log.write('notice', `Restart of ${PROGRAM_VERSION}.`);
    log.write('info', `start of service (${PROGRAM_VERSION}).`);
    if (before !== null) void this.#daemon.drain(before.serve, DRAIN_MS).then(() => before.stop());
  }

  /** Stops: no socket and no work is left. */
  stop(): void {
    const { log } = this.#parts;
    this.#daemon.stop();
    this.#house?.stop();
    log.write('info', `service stopped (${PROGRAM_VERSION}).`);
    const stats = this.#house?.serve.stats;
    if (stats === undefined) return;
    const { queries, cacheHits, recursions } = stats;
    log.write(
      'info',
      `server stats for thread 0: ${queries} queries, ${cacheHits} answers from cache, ${recursions} recursions, 0 prefetch, 0 rejected by ip ratelimiting`,
    );
  }

  async #build(): Promise<{ ok: true; house: House } | { ok: false; lines: readonly string[] }> {
    const { log, load } = this.#parts;
    const loaded = load();
    if (!loaded.ok) return loaded;
    const { config } = loaded;
    this.#aimLog(config);
    const legacy = config.server.valLegacyAlgorithms || config.server.fakeDsa;
    const crypto = await createCrypto((line) => log.write('warning', line), { legacy });
    const assembled = await assemble({ config, ports: { ...this.#ports, crypto, log }, host: hostFacts() });
    if (!assembled.ok) return { ok: false, lines: assembled.findings.map(findingText) };
    for (const finding of [...loaded.warnings, ...assembled.warnings]) log.write('warning', warningText(finding));
    if (legacy) {
      log.write(
        'warning',
        'val-legacy-algorithms: DSA and short RSA keys verify, which anybody can forge. For tests only.',
      );
    }
    return { ok: true, house: assembled.house };
  }

  #aimLog(config: Config): void {
    const { log, logToStderr } = this.#parts;
    const problem = log.aim(logTarget(config, logToStderr));
    if (problem !== null) log.write('warning', `logging to stderr: ${problem}`);
  }

  /** Without `interface` both loopback addresses are tried; a host without IPv6 has only one. */
  #isPassedOver(config: Config, { address, error, text }: ListenProblem): boolean {
    const isOptional = config.server.interface.length === 0 && address.ip === '::1' && error.kind === 'unreachable';
    if (isOptional) this.#parts.log.write('notice', text);
    return isOptional;
  }
}

/** Where the log goes by configuration; syslog wins over the file, as in Unbound. */
function logTarget({ server, ...rest }: Config, logToStderr: boolean): LogTarget {
  const file = server.logfile === '' || logToStderr ? null : absolutePath({ server, ...rest }, server.logfile);
  return {
    file,
    syslog: server.useSyslog && !logToStderr,
    identity: server.logIdentity || DEFAULT_IDENTITY,
    time: server.logTimeAscii ? (server.logTimeIso ? 'iso' : 'ascii') : 'epoch',
  };
}

function warningText({ file, line, text }: Finding): string {
  return line === 0 ? text : `${file}:${line}: ${text}`;
}

function hostFacts(): HostFacts {
  return {
    hostName: hostname(),
    programVersion: PROGRAM_VERSION,
    addressesOf: (name) => (networkInterfaces()[name] ?? []).map(({ address }) => address),
  };
}
