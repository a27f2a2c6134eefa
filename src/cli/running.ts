/**
 * A running daemon in this process: configuration, house, sockets, and the house that comes after a reload.
 *
 * Also the control channel's view of it: reload with or without caches, one option changed, stop.
 * Leaves to others: flags, signals, privileges, pid file (hawserd.ts); what a house is (daemon/resolver-instance.ts).
 */

import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { createCrypto } from '../adapters/crypto.ts';
import { findInheritedSockets } from '../adapters/inherited-sockets.ts';
import { createNodeClock } from '../adapters/node-clock.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import { DEFAULT_IDENTITY, type LogTarget, type NodeLog } from '../adapters/node-log.ts';
import { createNodeNetwork } from '../adapters/node-network.ts';
import { createNodeRandom } from '../adapters/node-random.ts';
import type { LowUser } from '../adapters/root-writes.ts';
import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import { type Finding, findingText } from '../config/finding.ts';
import { CommandTable } from '../control/command-table.ts';
import { createCommands } from '../control/commands/all.ts';
import { ControlServer } from '../control/control-server.ts';
import { NegativeAnchors } from '../control/negative-anchors.ts';
import type { Applied, ControlDaemon } from '../control/parts.ts';
import type { Caches } from '../daemon/caches.ts';
import { controlHouse, controlSetup } from '../daemon/control-view.ts';
import { type HostFacts, serverOptions } from '../daemon/options/rooms.ts';
import { dropStaleTrust } from '../daemon/reload.ts';
import { type AssembleStart, assemble, type House } from '../daemon/resolver-instance.ts';
import { HouseStatistics, remarksOn } from '../daemon/statistics.ts';
import { NOTICE_VERBOSITY } from '../daemon/step-log.ts';
import { PROGRAM_VERSION, VERSION } from '../daemon/version.ts';
import type { CancelTimer } from '../ports/clock.ts';
import type { Address } from '../ports/network.ts';
import { Daemon, type ListenProblem } from '../server/daemon.ts';
import { SERVER_LIMITS } from '../server/listen-options.ts';
import { heapUse } from './heap.ts';
import { futureUser } from './privileges.ts';

/** Milliseconds that clients of the house before a reload get to be answered. */
const DRAIN_MS = 10_000;
/** Milliseconds from the command to stop until the process ends, in which the reply goes out. */
const STOP_DELAY_MS = 100;

/** Why there is nothing to listen on: the family or the transport is switched off, or no interface has an address. */
const NO_SOCKET = 'no socket to listen on: see interface, do-ip4, do-ip6, do-udp, do-tcp, incoming-num-tcp';

/** A configuration, or the lines that say why there is none. */
export type LoadedFor =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly lines: readonly string[] };

/** A house, or the lines that say why there is none. */
type Built =
  | { readonly ok: true; readonly house: House; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly lines: readonly string[] };

/** What a daemon runs on. */
export interface RunningParts {
  readonly log: NodeLog;
  /** Reads the configuration, at start and for each reload. */
  readonly load: () => LoadedFor;
  /** -dd: log to stderr whatever the configuration says. */
  readonly logToStderr: boolean;
  /** Ends the process, as a signal would (control channel). */
  readonly requestStop: () => void;
}

/** The daemon. */
export class Running {
  readonly #parts: RunningParts;
  readonly #inherited = findInheritedSockets();
  /** Whom this process becomes when it has started as root: what is made before is made for them. */
  #user: LowUser | null = null;
  readonly #ports = {
    clock: createNodeClock(),
    network: createNodeNetwork(this.#inherited, () => this.#user),
    random: createNodeRandom(),
    files: createNodeFiles(() => this.#user),
  };
  readonly #daemon: Daemon;
  #house: House | null = null;
  #statistics: HouseStatistics | null = null;
  readonly #control: ControlServer;
  #commands = new CommandTable([]);
  readonly #negativeAnchors: NegativeAnchors;
  readonly #startedMs: number;
  #verbosity = 0;
  /** What could not be listened on and was said. */
  #notListening: readonly string[] = [];
  #cancelReopen: CancelTimer = () => {};
  #isStopped = false;
  /** Reloads come one after the other. */
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(parts: RunningParts) {
    this.#parts = parts;
    this.#daemon = new Daemon({ ...this.#ports, log: parts.log });
    this.#startedMs = this.#ports.clock.monotonicMs();
    const { clock, network, files } = this.#ports;
    this.#negativeAnchors = new NegativeAnchors(clock);
    this.#control = new ControlServer({
      clock,
      network,
      log: parts.log,
      commands: () => this.#commands,
      removeSocket: (path) => files.remove(path),
    });
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
    const listened = await this.#daemon.listen(house.serve, house.server);
    const problems = listened.filter((problem) => !this.#isPassedOver(house.config, problem));
    const awaited = problems.filter(
      ({ error }) => house.server.waitsForAddresses === true && error.kind === 'unreachable',
    );
    const lines = problems.filter((problem) => !awaited.includes(problem)).map(({ text }) => text);
    const isListening = this.#daemon.addresses().length > 0 || awaited.length > 0;
    if (!isListening && lines.length === 0) lines.push(NO_SOCKET);
    if (lines.length === 0) lines.push(...(await this.#listenForControl(house.config)));
    if (lines.length > 0) {
      this.#daemon.stop();
      this.#control.stop();
      return lines;
    }
    this.#moveInto(house);
    this.#watchSockets(awaited);
    await this.#listenForMetrics();
    for (const { transport, local } of this.#inherited.left) {
      const text = `socket ${transport} ${local.ip}@${local.port} was passed to this process, but no interface is configured there`;
      this.#parts.log.write('warning', text);
    }
    house.config.server.moduleConfig.forEach((module, i) => {
      this.#parts.log.write('notice', `init module ${i}: ${module}`);
    });
    this.#parts.log.write('info', `start of service (${PROGRAM_VERSION}).`);
    return [];
  }

  /** Takes the configuration anew, with empty caches; one that is broken leaves everything as it was. */
  reload(): Promise<Applied> {
    return this.#inTurn(() => this.#reload(false));
  }

  /** Reloads and changes come one after the other. */
  #inTurn(run: () => Promise<Applied>): Promise<Applied> {
    const result = this.#reloading.then(run);
    // A bug in one of them is told to its caller, and must not hold up the next.
    this.#reloading = result.catch(() => null);
    return result;
  }

  async #reload(keepsCaches: boolean): Promise<Applied> {
    const { log } = this.#parts;
    const built = await this.#build(keepsCaches ? keptCaches(this.#house) : {});
    if (!built.ok) {
      for (const line of built.lines) log.write('error', line);
      log.write('error', 'reload failed: the configuration before stays in force');
      // Warnings are for the log; the operator is told what stands in the way.
      return built.lines.filter((line) => !line.includes(': warning: '));
    }
    if (!this.#daemon.hasPlace(built.house.server)) {
      built.house.stop();
      log.write('error', `reload failed: the configuration before stays in force: ${NO_SOCKET}`);
      return [NO_SOCKET];
    }
    const before = this.#house;
    if (keepsCaches && before !== null) dropStaleTrust(before, built.house);
    this.#moveInto(built.house);
    const listened = await this.#daemon.listen(built.house.serve, built.house.server);
    this.#watchSockets(listened.filter((problem) => !this.#isPassedOver(built.house.config, problem)));
    log.write('notice', `Restart of ${PROGRAM_VERSION}.`);
    log.write('info', `start of service (${PROGRAM_VERSION}).`);
    for (const line of await this.#listenForControl(built.house.config)) log.write('error', line);
    await this.#listenForMetrics();
    this.#leave(before);
    return null;
  }

  /** Another configuration around everything that is known or was changed at run time (set_option). */
  async #apply(config: Config): Promise<Applied> {
    const before = this.#house;
    const built = await this.#join(config, before === null ? {} : { caches: keptForChange(before), live: before });
    if (!built.ok || before === null) return built.ok ? [] : built.lines;
    const { house, warnings } = built;
    for (const text of warnings) this.#parts.log.write('warning', text);
    this.#moveInto(house);
    await this.#daemon.listen(house.serve, house.server);
    // Zones that are held go on in the new house: only what is worked on ends.
    this.#leave(before, () => before.resolver.abortAll());
    return null;
  }

  /** Says what cannot be listened on, once, and tries it again until it can: a network that comes up late, half of a pair. */
  #watchSockets(problems: readonly ListenProblem[]): void {
    const { log } = this.#parts;
    const texts = problems.map(({ text }) => text);
    for (const text of texts)
      if (!this.#notListening.includes(text)) log.write('error', `${text}; it will be tried again`);
    if (texts.length === 0 && this.#notListening.length > 0) log.write('notice', 'listening on all that is configured');
    this.#notListening = texts;
    this.#cancelReopen();
    if (texts.length === 0) return;
    this.#cancelReopen = this.#ports.clock.after(SERVER_LIMITS.reopenMs, () => void this.#inTurn(() => this.#reopen()));
  }

  async #reopen(): Promise<Applied> {
    const house = this.#house;
    if (house === null || this.#isStopped) return null;
    const { config, serve } = house;
    const problems = await this.#daemon.listen(serve, serverOptions(config, hostFacts()), true);
    if (this.#isStopped) this.#daemon.stop();
    else this.#watchSockets(problems.filter((problem) => !this.#isPassedOver(config, problem)));
    return null;
  }

  /** Makes a house the one in force. */
  #moveInto(house: House): void {
    this.#house = house;
    this.#setVerbosity(house.config.server.verbosity);
    const { clock, network } = this.#ports;
    const { log } = this.#parts;
    const connections = (): number => this.#daemon.connections;
    const unixTime = (): number => Date.now() / 1000;
    const statistics = { clock, network, log, unixTime, startedMs: this.#startedMs, connections };
    this.#statistics ??= new HouseStatistics(statistics, house);
    this.#statistics.moveInto(house);
    const seen = controlHouse(house, this.#statistics.shown);
    this.#negativeAnchors.moveInto(seen);
    const daemon = this.#asSeenByControl();
    this.#commands = createCommands({ clock, house: seen, daemon, negativeAnchors: this.#negativeAnchors });
  }

  /** Clients of the house before get their answers. */
  #leave(before: House | null, stop = (): void => before?.stop()): void {
    if (before !== null) void this.#daemon.drain(before.serve, DRAIN_MS).then(stop);
  }

  /** Listens for control clients; lines say what could not be opened. */
  async #listenForControl(config: Config): Promise<readonly string[]> {
    const setup = controlSetup(config, this.#ports.files);
    if (setup.ok) return await this.#control.listen(setup.options ?? { places: [], tls: null });
    // After privileges are dropped the key can often not be read again: what is open goes on with the keys that it has.
    if (this.#control.kinds !== '') {
      this.#parts.log.write('warning', `control channel keeps its certificate: ${setup.text}`);
      return [];
    }
    return [`cannot set up the control channel: ${setup.text}`];
  }

  /** Monitoring that cannot be listened for is no reason not to serve. */
  async #listenForMetrics(): Promise<void> {
    for (const line of (await this.#statistics?.listen()) ?? []) this.#parts.log.write('error', line);
  }

  #asSeenByControl(): ControlDaemon {
    const { log, requestStop } = this.#parts;
    const readVerbosity = (): number => this.#verbosity;
    return {
      version: VERSION,
      pid: process.pid,
      startedMs: this.#startedMs,
      threads: 1,
      options: () => this.#control.kinds,
      get verbosity() {
        return readVerbosity();
      },
      setVerbosity: (level) => this.#setVerbosity(level),
      // The reply to the command goes out first.
      stop: () => void this.#ports.clock.after(STOP_DELAY_MS, requestStop),
      reload: (keepsCaches) => this.#inTurn(() => this.#reload(keepsCaches)),
      apply: (config) => this.#inTurn(() => this.#apply(config)),
      reopenLog: () => log.reopen(),
    };
  }

  /** Stops: no socket and no work is left. */
  stop(): void {
    const { log } = this.#parts;
    this.#isStopped = true;
    this.#cancelReopen();
    this.#daemon.stop();
    this.#control.stop();
    this.#house?.stop();
    log.write('info', `service stopped (${PROGRAM_VERSION}).`);
    this.#statistics?.writeLog();
    this.#statistics?.stop();
  }

  /** A house by the configuration as it is now. Until there is one, the log stays where it is; but for the first. */
  async #build(caches: Partial<Caches> = {}): Promise<Built> {
    const { log, load } = this.#parts;
    const loaded = load();
    if (!loaded.ok) return loaded;
    const { config } = loaded;
    this.#user = futureUser(config.server.username);
    const isFirst = this.#house === null;
    if (isFirst) this.#aimLog(config);
    const built = await this.#join(config, { caches });
    if (!built.ok) return built;
    if (!isFirst) this.#aimLog(config);
    for (const text of [...loaded.warnings.map(warningText), ...built.warnings]) log.write('warning', text);
    for (const line of remarksOn(config)) log.write('notice', line);
    return built;
  }

  /** Joins the rooms for a configuration, with what is kept of the house before. */
  async #join(config: Config, kept: Pick<AssembleStart, 'caches' | 'live'>): Promise<Built> {
    const { log } = this.#parts;
    const legacy = config.server.valLegacyAlgorithms || config.server.fakeDsa;
    const verbosity = (): number => this.#verbosity;
    const warnings: string[] = [];
    const crypto = await createCrypto((line) => warnings.push(line), { legacy });
    const assembled = await assemble({
      config,
      ports: { ...this.#ports, crypto, log },
      host: hostFacts(),
      verbosity,
      ...kept,
    });
    if (!assembled.ok) return { ok: false, lines: assembled.findings.map(findingText) };
    warnings.push(...assembled.warnings.map(warningText));
    if (legacy) {
      warnings.push('val-legacy-algorithms: DSA and short RSA keys verify, which anybody can forge. For tests only.');
    }
    return { ok: true, house: assembled.house, warnings };
  }

  /** In force at once: for notices, for works that go on, and for clients. */
  #setVerbosity(level: number): void {
    this.#verbosity = level;
    this.#parts.log.setNotices(level >= NOTICE_VERBOSITY);
  }

  #aimLog(config: Config): void {
    const { log, logToStderr } = this.#parts;
    const target = logTarget(config, logToStderr);
    const problem = log.aim({ ...target, user: this.#user });
    log.setNotices(config.server.verbosity >= NOTICE_VERBOSITY);
    if (problem !== null) log.write('warning', `cannot open the log: ${problem}`);
  }

  /** Without `interface` both loopback addresses are tried; a host without IPv6 has only one. */
  #isPassedOver(config: Config, { address, error, text }: ListenProblem): boolean {
    const isOptional = config.server.interface.length === 0 && address.ip === '::1' && error.kind === 'unreachable';
    if (isOptional && this.#house === null) this.#parts.log.write('notice', text);
    return isOptional;
  }
}

/** What reload_keep_cache keeps: data and what is known of servers. Trust in zones is found again. */
function keptCaches(before: House | null): Partial<Caches> {
  if (before === null) return {};
  const { rrsets, answers, servers, delegations } = before.caches;
  return { rrsets, answers, servers, delegations };
}

/** What a changed option keeps: all but finished replies, which may depend on it. */
function keptForChange({ caches: { replies: _, ...kept } }: House): Partial<Caches> {
  return kept;
}

/** Where the log goes by configuration; syslog wins over the file, as in Unbound. */
export function logTarget({ server, ...rest }: Config, logToStderr: boolean): LogTarget {
  const file = server.logfile === '' || logToStderr ? null : absolutePath({ server, ...rest }, server.logfile);
  return {
    file,
    syslog: server.useSyslog && !logToStderr,
    identity: server.logIdentity || DEFAULT_IDENTITY,
    time: server.logTimeAscii ? (server.logTimeIso ? 'iso' : 'ascii') : 'epoch',
    hasThreadId: server.logThreadId,
    isJson: server.logFormat === 'json',
  };
}

function warningText({ file, line, text }: Finding): string {
  return line === 0 ? text : `${file}:${line}: ${text}`;
}

/** Addresses as a socket is bound to them: those of a link need to be told of which (RFC 4007 §11). */
function boundAddresses(name: string, all: readonly NetworkInterfaceInfo[] = []): string[] {
  return all.map(({ address, ...more }) => ('scopeid' in more && more.scopeid ? `${address}%${name}` : address));
}

function hostFacts(): HostFacts {
  return {
    hostName: hostname(),
    programVersion: PROGRAM_VERSION,
    heapOctets: heapUse().limit,
    addressesOf: (name) => boundAddresses(name, networkInterfaces()[name]),
    allAddresses: () => Object.entries(networkInterfaces()).flatMap(([name, all]) => boundAddresses(name, all)),
  };
}
