/**
 * A running daemon in this process: configuration, instance, sockets, and the instance that comes after a reload.
 *
 * Also the control channel's view of it: reload with or without caches, one option changed, stop.
 * Leaves to others: flags, signals, privileges, pid file (cli/hawserd.ts); what an instance is (resolver-instance.ts).
 */

import { keptForOptionChange, keptForReload } from '../cache/forget.ts';
import type { Config } from '../config/config.ts';
import { type Finding, findingText } from '../config/finding.ts';
import { CommandTable } from '../control/command-table.ts';
import { createCommands } from '../control/commands/all.ts';
import { ControlServer } from '../control/control-server.ts';
import { NegativeAnchors } from '../control/negative-anchors.ts';
import type { Applied, ControlDaemon } from '../control/parts.ts';
import { controlReport, examine } from '../doctor/examine.ts';
import type { Patient } from '../doctor/patient.ts';
import type { CancelTimer } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { FrontThreadOptions, FrontThreads } from '../ports/front-threads.ts';
import type { Host } from '../ports/host.ts';
import type { HttpNetwork } from '../ports/http.ts';
import type { ConfigurableLog } from '../ports/log-sink.ts';
import type { Address, TlsKeyCheck } from '../ports/network.ts';
import type { Ports } from '../ports/ports.ts';
import type { OpenStore } from '../ports/shared-store.ts';
import { Daemon, type ListenProblem } from '../server/daemon.ts';
import { SERVER_LIMITS } from '../server/listen-options.ts';
import { runInTurns, type Steps } from '../wire/steps.ts';
import { watchClockSteps } from '../work/clock-steps.ts';
import { CacheFile } from './cache-file.ts';
import type { Caches } from './caches.ts';
import { controlSetup, controlView } from './control-view.ts';
import { Fronts } from './fronts.ts';
import { InstancePage, type LoadedPageParts } from './instance-page.ts';
import { patientOfInstance } from './join-doctor.ts';
import { logTarget } from './options/log.ts';
import { type HostFacts, serverOptions } from './options/rooms.ts';
import { dropStaleTrust } from './reload.ts';
import { type AssembleParts, assemble, hasError, type ResolverInstance } from './resolver-instance.ts';
import { readServiceTls } from './service-tls.ts';
import { configNotices, InstanceStatistics } from './statistics.ts';
import { NOTICE_VERBOSITY } from './step-log.ts';
import { PROGRAM_VERSION, VERSION } from './version.ts';

/** Milliseconds that clients of the instance before a reload get to be answered. */
const DRAIN_MS = 10_000;
/** Milliseconds that the word that the service is ready waits for the cache file: a usual one takes a tenth of that. */
const CACHE_FILE_PATIENCE_MS = 1_000;
/** Milliseconds from the command to stop until the process ends, in which the reply goes out. */
const STOP_DELAY_MS = 100;

/** Why there is nothing to listen on: the family or the transport is switched off, or no interface has an address. */
const NO_SOCKET = 'no socket to listen on: see interface, do-ip4, do-ip6, do-udp, do-tcp, incoming-num-tcp';

/** A configuration, or the lines that say why there is none. */
export type LoadedFor =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly lines: readonly string[] };

/** An instance, or the lines that say why there is none. */
type Built =
  | { readonly ok: true; readonly instance: ResolverInstance; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly lines: readonly string[] };

/** The ports of a daemon; those of cryptography are made with each instance, by its configuration. */
export type DaemonPorts = Omit<Ports, 'crypto' | 'log'> & {
  readonly http: HttpNetwork;
  readonly log: ConfigurableLog;
};

/** What something goes through: the sentence for the log, and whether what was asked for by name cannot be had. */
interface ChosenEngine {
  readonly text: string;
  readonly isRefused: boolean;
}

/** The process that a daemon runs in. */
export interface HostProcess {
  readonly pid: number;
  /** Seconds since 1970-01-01T00:00Z with a fraction, for time.now. */
  unixTime(): number;
  facts(): HostFacts;
  /** The host as the doctor looks at it. */
  readonly view: Host;
  /** Says whom a process that is root will become (`username`): what is made from now on is made for them. */
  willBecome(user: string): void;
  /** Chooses what datagrams go through (`udp-engine`), for sockets that are opened from now on. */
  chooseUdpEngine(wanted: Config['server']['udpEngine']): Promise<ChosenEngine>;
  /** Chooses what signatures are checked by (`crypto-engine`), for what `createCrypto` makes from now on. */
  chooseCryptoEngine(wanted: Config['server']['cryptoEngine']): Promise<ChosenEngine>;
  /** Starts threads that answer from shared memory (`num-threads`); a text: why there are none. */
  startFronts(options: FrontThreadOptions): Promise<FrontThreads | string>;
  /** A sentence for each socket that was passed to the process and that nobody listens on. */
  unusedSockets(): readonly string[];
  /** `report` gets a line for each thing that the platform cannot do; `legacy`: algorithms that anybody can forge too. */
  createCrypto(report: (line: string) => void, options: { readonly legacy: boolean }): Promise<Crypto>;
  /** Whether TLS can use a key and a certificate. */
  readonly tlsFault: TlsKeyCheck;
  /** Octets of text that the memory which is left would hold as local zones and data. */
  textRoom(): number;
  /** Opens the store that hosts share (cachedb). */
  readonly openStore: OpenStore;
  /** What the page needs (web-interface). */
  readonly loadPage: () => Promise<LoadedPageParts>;
  /** Ends the process, as a signal would (control channel). */
  requestStop(): void;
}

/** What a daemon runs on. */
interface RunningParts {
  readonly ports: DaemonPorts;
  readonly host: HostProcess;
  /** Reads the configuration, at start and for each reload. */
  readonly load: () => Steps<LoadedFor>;
  /** -dd: log to stderr whatever the configuration says. */
  readonly logToStderr: boolean;
}

export class Running {
  readonly #parts: RunningParts;
  readonly #ports: DaemonPorts;
  readonly #daemon: Daemon;
  #instance: ResolverInstance | null = null;
  #statistics: InstanceStatistics | null = null;
  readonly #control: ControlServer;
  #commands = new CommandTable([]);
  readonly #negativeAnchors: NegativeAnchors;
  readonly #page: InstancePage;
  readonly #cacheFile: CacheFile;
  readonly #startedMs: number;
  #verbosity = 0;
  /** What datagrams go through and what signatures are checked by, in words. */
  #engines: readonly string[] = [];
  /** Null with one thread. */
  #fronts: Fronts | null = null;
  /** What could not be listened on and was said. */
  #notListening: readonly string[] = [];
  #cancelReopen: CancelTimer = () => {};
  readonly #unwatchClock: CancelTimer;
  #isStopped = false;
  /** Reloads come one after the other. */
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(parts: RunningParts) {
    this.#parts = parts;
    this.#ports = parts.ports;
    this.#daemon = new Daemon(this.#ports);
    this.#startedMs = this.#ports.clock.monotonicMs();
    const { clock, network, files, log } = this.#ports;
    this.#cacheFile = new CacheFile(this.#ports);
    this.#negativeAnchors = new NegativeAnchors(clock);
    this.#page = new InstancePage({
      ...this.#ports,
      load: () => parts.host.loadPage(),
      startedMs: this.#startedMs,
      statistics: () => this.#statistics?.shown ?? null,
      instance: () => this.#instance,
      patient: (instance) => this.#patient(instance),
    });
    this.#unwatchClock = watchClockSteps(clock, (seconds) => this.#instance?.clockStepped(seconds));
    this.#control = new ControlServer({
      clock,
      network,
      log,
      commands: () => this.#commands,
      commandRan: (line) => this.#fronts?.commandRan(line),
      onRefused: () => this.#instance?.counters.add('control.refused'),
      removeSocket: (path) => files.removeSocket(path),
    });
  }

  /** The configuration in force. */
  get config(): Config | null {
    return this.#instance?.config ?? null;
  }

  /** Where it listens. */
  addresses(): Address[] {
    return this.#daemon.addresses();
  }

  /** Starts; the lines returned say why it could not. Then nothing is left open. */
  async start(): Promise<readonly string[]> {
    const built = await this.#build();
    if (!built.ok) return built.lines;
    const { instance } = built;
    const listened = await this.#daemon.listen(instance.serve, instance.server);
    const problems = listened.filter((problem) => !this.#isPassedOver(instance.config, problem));
    const awaited = problems.filter(
      ({ error }) => instance.server.waitsForAddresses === true && error.kind === 'unreachable',
    );
    const lines = problems.filter((problem) => !awaited.includes(problem)).map(({ text }) => text);
    const isListening = this.#daemon.addresses().length > 0 || awaited.length > 0;
    if (!isListening && lines.length === 0) lines.push(NO_SOCKET);
    if (lines.length === 0) lines.push(...(await this.#listenForControl(instance.config)));
    if (lines.length > 0) {
      this.#daemon.stop();
      this.#fronts?.stop();
      this.#control.stop();
      return lines;
    }
    this.#activate(instance);
    const loaded = this.#cacheFile.load(instance);
    this.#watchSockets(awaited);
    await this.#listenForPeople();
    for (const text of this.#parts.host.unusedSockets()) this.#ports.log.write('warning', text);
    instance.config.server.moduleConfig.forEach((module, i) => {
      this.#ports.log.write('notice', `init module ${i}: ${module}`);
    });
    for (const text of this.#engines) this.#ports.log.write('info', text);
    this.#ports.log.write('info', `start of service (${PROGRAM_VERSION}).`);
    await this.#waitBriefly(loaded);
    return [];
  }

  /** Queries are answered already; who waits for the service to be ready should find its cache warm, unless that takes long. */
  async #waitBriefly(loaded: Promise<void>): Promise<void> {
    let cancel: CancelTimer = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#ports.clock.after(CACHE_FILE_PATIENCE_MS, resolve);
    });
    await Promise.race([loaded, timeout]);
    cancel();
  }

  /** Takes the configuration anew, with empty caches; one that is broken leaves everything as it was. */
  reload(): Promise<Applied> {
    return this.#inTurn(() => this.#reload(false));
  }

  /** Reloads and changes come one after the other. */
  #inTurn(run: () => Promise<Applied>): Promise<Applied> {
    const result = this.#reloading.then(run);
    // A bug in one of them is returned to its caller, and must not hold up the next.
    this.#reloading = result.catch(() => null);
    return result;
  }

  async #reload(keepsCaches: boolean): Promise<Applied> {
    const { log } = this.#ports;
    const built = await this.#build(keepsCaches && this.#instance !== null ? keptForReload(this.#instance.caches) : {});
    if (!built.ok) {
      for (const line of built.lines) log.write('error', line);
      log.write('error', 'reload failed: the configuration before stays in force');
      // Warnings are for the log; the operator gets the errors.
      return built.lines.filter((line) => !line.includes(': warning: '));
    }
    if (!this.#daemon.hasSlot(built.instance.server)) {
      built.instance.stop();
      log.write('error', `reload failed: the configuration before stays in force: ${NO_SOCKET}`);
      return [NO_SOCKET];
    }
    const before = this.#instance;
    const dropped = keepsCaches && before !== null ? dropStaleTrust(before, built.instance, this.#ports.clock) : null;
    this.#activate(built.instance);
    const listened = await this.#daemon.listen(built.instance.serve, built.instance.server);
    this.#watchSockets(listened.filter((problem) => !this.#isPassedOver(built.instance.config, problem)));
    log.write('notice', `Restart of ${PROGRAM_VERSION}.`);
    log.write('info', `start of service (${PROGRAM_VERSION}).`);
    for (const line of await this.#listenForControl(built.instance.config)) log.write('error', line);
    await this.#listenForPeople();
    this.#retire(before);
    await dropped;
    return null;
  }

  /** Another configuration around everything that is known or was changed at run time (set_option). */
  async #apply(config: Config): Promise<Applied> {
    const before = this.#instance;
    const built = await this.#join(
      config,
      before === null
        ? {}
        : { caches: keptForOptionChange(before.caches), carried: before, serviceTls: before.serviceTls },
    );
    if (!built.ok || before === null) return built.ok ? [] : built.lines;
    const { instance, warnings } = built;
    for (const text of warnings) this.#ports.log.write('warning', text);
    this.#activate(instance);
    await this.#daemon.listen(instance.serve, instance.server);
    // Local copies of zones go on in the new instance: only what is worked on ends.
    this.#retire(before, () => before.resolver.abortAll());
    return null;
  }

  /** Says what cannot be listened on, once, and tries it again until it can: a network that comes up late, half of a pair. */
  #watchSockets(problems: readonly ListenProblem[]): void {
    const { log } = this.#ports;
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
    const instance = this.#instance;
    if (instance === null || this.#isStopped) return null;
    const { config, serve, serviceTls } = instance;
    const options = serverOptions(config, this.#parts.host.facts(), serviceTls?.options);
    const problems = await this.#daemon.listen(serve, options, true);
    if (this.#isStopped) this.#daemon.stop();
    else this.#watchSockets(problems.filter((problem) => !this.#isPassedOver(config, problem)));
    return null;
  }

  /** Makes an instance the one in force. */
  #activate(instance: ResolverInstance): void {
    this.#instance = instance;
    if (instance.publisher !== null) this.#fronts?.activate(instance, instance.publisher);
    this.#cacheFile.activate(instance);
    this.#setVerbosity(instance.config.server.verbosity);
    const { clock, network, log } = this.#ports;
    const connections = (): number => this.#daemon.connections;
    const unixTime = (): number => this.#parts.host.unixTime();
    const httpOctets = (): Daemon['httpOctets'] => this.#daemon.httpOctets;
    const fronts = this.#fronts;
    const statistics = { clock, network, log, unixTime, startedMs: this.#startedMs, connections, httpOctets, fronts };
    this.#statistics ??= new InstanceStatistics(statistics, instance);
    this.#statistics.activate(instance);
    const seen = controlView(instance, this.#statistics.shown);
    this.#negativeAnchors.activate(seen);
    const daemon = this.#asSeenByControl();
    this.#commands = createCommands({ clock, instance: seen, daemon, negativeAnchors: this.#negativeAnchors });
  }

  /** Clients of the instance before get their answers. */
  #retire(before: ResolverInstance | null, stop = (): void => before?.stop()): void {
    if (before !== null) void this.#daemon.drain(before.serve, DRAIN_MS).then(stop);
  }

  /** Listens for control clients; lines say what could not be opened. */
  async #listenForControl(config: Config): Promise<readonly string[]> {
    const setup = controlSetup(config, this.#ports.files, this.#parts.host.tlsFault);
    if (setup.ok) return await this.#control.listen(setup.options ?? { listeners: [], tls: null });
    const text = setup.findings.map(findingText).join('; ');
    // After privileges are dropped the key can often not be read again: what is open goes on with the keys that it has.
    if (this.#control.kinds !== '') {
      this.#ports.log.write('warning', `control channel keeps its certificate: ${text}`);
      return [];
    }
    return [`cannot set up the control channel: ${text}`];
  }

  /** Monitoring and a page that cannot be listened for are no reason not to serve. */
  async #listenForPeople(): Promise<void> {
    const { log } = this.#ports;
    for (const line of (await this.#statistics?.listen()) ?? []) log.write('error', line);
    if (this.#instance === null) return;
    for (const line of await this.#page.listen(this.#instance.config)) log.write('error', line);
  }

  #asSeenByControl(): ControlDaemon {
    const { host } = this.#parts;
    const { log } = this.#ports;
    const readVerbosity = (): number => this.#verbosity;
    const countThreads = (): number => 1 + (this.#fronts?.running ?? 0);
    return {
      version: VERSION,
      pid: host.pid,
      startedMs: this.#startedMs,
      get threads() {
        return countThreads();
      },
      options: () => this.#control.kinds,
      get verbosity() {
        return readVerbosity();
      },
      setVerbosity: (level) => this.#setVerbosity(level),
      // The reply to the command goes out first.
      stop: () => void this.#ports.clock.after(STOP_DELAY_MS, () => host.requestStop()),
      reload: (keepsCaches) => this.#inTurn(() => this.#reload(keepsCaches)),
      apply: (config) => this.#inTurn(() => this.#apply(config)),
      pageAddress: () => this.#page.address,
      doctor: (isJson) => this.#examineHost(isJson),
      reopenLog: () => log.reopen(),
      textRoom: () => host.textRoom(),
    };
  }

  /** The doctor's report as this process sees the host. */
  async #examineHost(isJson: boolean): Promise<string> {
    const instance = this.#instance;
    if (instance === null) return 'error no configuration is in force\n';
    return controlReport(await examine(this.#patient(instance), () => {}), isJson);
  }

  #patient(instance: ResolverInstance): Patient {
    const { host } = this.#parts;
    return patientOfInstance(instance, this.#ports, { host: host.view, heapOctets: host.facts().heapOctets });
  }

  /** Stops: no socket and no work is left. */
  stop(): void {
    const { log } = this.#ports;
    this.#isStopped = true;
    this.#cancelReopen();
    this.#unwatchClock();
    this.#daemon.stop();
    this.#fronts?.stop();
    this.#control.stop();
    this.#page.stop();
    this.#cacheFile.stop();
    this.#instance?.stop();
    log.write('info', `service stopped (${PROGRAM_VERSION}).`);
    this.#statistics?.writeLog();
    this.#statistics?.stop();
  }

  /** An instance by the configuration as it is now. Until there is one, the log stays where it is; but for the first. */
  async #build(caches: Partial<Caches> = {}): Promise<Built> {
    const { log } = this.#ports;
    const loaded = await runInTurns(this.#parts.load(), this.#ports.clock);
    if (!loaded.ok) return loaded;
    const { config } = loaded;
    this.#parts.host.willBecome(config.server.username);
    const isFirst = this.#instance === null;
    if (isFirst) this.#configureLog(config);
    const refused = isFirst ? await this.#chooseEngines(config) : null;
    if (refused !== null) return { ok: false, lines: [refused] };
    if (isFirst && config.server.numThreads > 1) await this.#startFronts(config);
    const found: Finding[] = [];
    const tlsParts = { files: this.#ports.files, check: this.#parts.host.tlsFault };
    const inForce = this.#instance?.serviceTls ?? null;
    const serviceTls = readServiceTls(config, { ...tlsParts, inForce }, found);
    if (hasError(found)) return { ok: false, lines: found.map(findingText) };
    const built = await this.#join(config, { caches, serviceTls, zonesBefore: this.#instance?.zones ?? null });
    if (!built.ok) return built;
    if (!isFirst) this.#configureLog(config);
    const warnings = [...loaded.warnings, ...found].map(warningText);
    for (const text of [...warnings, ...built.warnings]) log.write('warning', text);
    for (const line of configNotices(config)) log.write('notice', line);
    return built;
  }

  /** Chooses once: sockets are kept over reloads. Why the start must end, else null. */
  async #chooseEngines({ server }: Config): Promise<string | null> {
    const { host } = this.#parts;
    const udp = await host.chooseUdpEngine(server.udpEngine);
    const crypto = await host.chooseCryptoEngine(server.cryptoEngine);
    this.#engines = [udp.text, crypto.text];
    if (udp.isRefused) return `udp-engine: ${server.udpEngine}: ${udp.text}`;
    return crypto.isRefused ? `crypto-engine: ${server.cryptoEngine}: ${crypto.text}` : null;
  }

  /** Started once, as sockets are. Without them thread 0 serves everything. */
  async #startFronts(config: Config): Promise<void> {
    const { random, log } = this.#ports;
    const fronts = new Fronts({ config, random, threads: config.server.numThreads - 1 });
    const fault = await fronts.start((options) => this.#parts.host.startFronts(options), log);
    if (fault === null) this.#fronts = fronts;
    else log.write('warning', `num-threads: ${config.server.numThreads}: one thread serves: ${fault}`);
  }

  /** Joins the rooms for a configuration, with what is kept of the instance before. */
  async #join(
    config: Config,
    kept: Pick<AssembleParts, 'caches' | 'carried' | 'serviceTls' | 'zonesBefore'>,
  ): Promise<Built> {
    const legacy = config.server.valLegacyAlgorithms || config.server.fakeDsa;
    const verbosity = (): number => this.#verbosity;
    const warnings: string[] = [];
    const crypto = await this.#parts.host.createCrypto((line) => warnings.push(line), { legacy });
    const assembled = await assemble({
      config,
      ports: { ...this.#ports, crypto },
      host: this.#parts.host.facts(),
      openStore: this.#parts.host.openStore,
      verbosity,
      ...kept,
      ...(this.#fronts === null ? {} : { publisher: this.#fronts.newPublisher() }),
    });
    if (!assembled.ok) return { ok: false, lines: assembled.findings.map(findingText) };
    warnings.push(...assembled.warnings.map(warningText));
    if (legacy) {
      warnings.push('val-legacy-algorithms: DSA and short RSA keys verify, which anybody can forge. For tests only.');
    }
    return { ok: true, instance: assembled.instance, warnings };
  }

  /** In force at once: for notices, for works that go on, and for clients. */
  #setVerbosity(level: number): void {
    this.#verbosity = level;
    this.#ports.log.setNotices(level >= NOTICE_VERBOSITY);
  }

  #configureLog(config: Config): void {
    const { log } = this.#ports;
    const problem = log.configure(logTarget(config, this.#parts.logToStderr));
    log.setNotices(config.server.verbosity >= NOTICE_VERBOSITY);
    if (problem !== null) log.write('warning', `cannot open the log: ${problem}`);
  }

  /** Without `interface` both loopback addresses are tried; a host without IPv6 has only one. */
  #isPassedOver(config: Config, { address, error, text }: ListenProblem): boolean {
    const isOptional = config.server.interface.length === 0 && address.ip === '::1' && error.kind === 'unreachable';
    if (isOptional && this.#instance === null) this.#ports.log.write('notice', text);
    return isOptional;
  }
}

function warningText({ file, line, text }: Finding): string {
  return line === 0 ? text : `${file}:${line}: ${text}`;
}
