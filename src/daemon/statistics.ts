/**
 * The statistics of the instance in force: where they come from, when the log shows them, and the metrics endpoint.
 *
 * Leaves to others: what is counted (the rooms), names and forms (control).
 */

import type { Config } from '../config/config.ts';
import { listenedPorts } from '../config/listen-protocol.ts';
import { DEFAULT_METRICS_PORT, MetricsServer } from '../control/metrics-server.ts';
import { OPEN_METRICS_CONTENT_TYPE, openMetricsText, prefersOpenMetrics } from '../control/open-metrics.ts';
import { METRICS_CONTENT_TYPE, metricsText } from '../control/prometheus.ts';
import type { StatisticsSnapshot } from '../control/stat-row.ts';
import { DaemonStatistics, type StatisticsOptions } from '../control/statistics.ts';
import { type Watched, watchedText } from '../control/watched.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address, Network } from '../ports/network.ts';
import { ServeStats } from '../serve/serve-stats.ts';
import { isLocalClient } from '../serve/wait-limit.ts';
import type { Fronts } from './fronts.ts';
import { listAnchors } from './list-anchors.ts';
import type { ResolverInstance } from './resolver-instance.ts';
import { VERSION } from './version.ts';

/** What statistics of a daemon are made of. */
interface InstanceStatisticsParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: LogSink;
  /** Seconds since 1970-01-01T00:00Z with a fraction, for time.now. */
  readonly unixTime: () => number;
  /** When the daemon started, monotonic milliseconds. */
  readonly startedMs: number;
  /** Open connections of clients. */
  readonly connections: () => number;
  readonly httpOctets: () => StatisticsSnapshot['httpOctets'];
  /** Threads beside the one that resolves; null: there are none. */
  readonly fronts: Pick<Fronts, 'stats' | 'resetStats'> | null;
}

/** The statistics of a daemon over reloads. */
export class InstanceStatistics {
  readonly shown: DaemonStatistics;
  readonly metrics: MetricsServer;
  readonly #parts: InstanceStatisticsParts;
  #instance: ResolverInstance;
  #cancelTimer: CancelTimer = () => {};

  constructor(parts: InstanceStatisticsParts, instance: ResolverInstance) {
    this.#parts = parts;
    this.#instance = instance;
    const { clock, startedMs, unixTime, connections, httpOctets, network, log, fronts } = parts;
    this.shown = new DaemonStatistics({
      clock,
      startedMs,
      unixTime,
      snapshot: () =>
        takeSnapshot(this.#instance, fronts?.stats() ?? [], { tcpUsage: connections(), httpOctets: httpOctets() }),
      resetServe: () => {
        this.#instance.serve.stats.reset();
        fronts?.resetStats();
      },
      options: () => statisticsOptions(this.#instance.config),
    });
    this.metrics = new MetricsServer({ clock, network, log, page: (accept) => this.metricsPage(accept) });
  }

  /** The metrics of now, in the form that this Accept field would rather have. */
  metricsPage(accept: string): { readonly body: string; readonly contentType: string } {
    const body = `${metricsText(this.shown, VERSION)}${watchedText(watchedOf(this.#instance))}`;
    return prefersOpenMetrics(accept)
      ? { body: openMetricsText(body), contentType: OPEN_METRICS_CONTENT_TYPE }
      : { body, contentType: METRICS_CONTENT_TYPE };
  }

  /** Reads from another instance. */
  activate(instance: ResolverInstance): void {
    this.#instance = instance;
    this.#cancelTimer();
    const seconds = instance.config.server.statisticsInterval;
    if (seconds > 0) this.#startTimer(seconds * 1000);
  }

  /** Listens for monitoring as configured; lines say what could not be opened. */
  listen(): Promise<readonly string[]> {
    return this.metrics.listen(metricsListeners(this.#instance.config));
  }

  /** Writes them into the log. */
  writeLog(): void {
    for (const line of this.shown.logLines()) this.#parts.log.write('info', line);
  }

  stop(): void {
    this.#cancelTimer();
    this.metrics.stop();
  }

  #startTimer(ms: number): void {
    this.#cancelTimer = this.#parts.clock.after(ms, () => {
      this.writeLog();
      if (!this.#instance.config.server.statisticsCumulative) this.shown.reset();
      this.#startTimer(ms);
    });
  }
}

function watchedOf(instance: ResolverInstance): Watched {
  const { answers, rrsets } = instance.caches;
  return {
    anchors: listAnchors(instance),
    isClockDoubtful: instance.clockDoubt.isDoubtful,
    // Answers and replies have msg-cache-size each.
    cacheLimits: { rrset: rrsets.maxBytes, message: 2 * answers.maxBytes },
  };
}

/** What the instance has counted until now, and what the listeners hold. */
function takeSnapshot(
  instance: ResolverInstance,
  fronts: readonly ServeStats[],
  held: Pick<StatisticsSnapshot, 'tcpUsage' | 'httpOctets'>,
): StatisticsSnapshot {
  const { serve, counters, caches, resolver, policy, expiringSignatures } = instance;
  const all = resolver.works().length;
  return {
    serve: fronts.length === 0 ? serve.stats : sumOf([serve.stats, ...fronts]),
    threads: [serve.stats, ...fronts],
    counters,
    caches,
    requestList: { all, user: resolver.worksInProgress, replies: serve.waiting() },
    ...held,
    expiring: expiringSignatures.count,
    policyActions: policy.rpz.applied,
  };
}

function sumOf(all: readonly ServeStats[]): ServeStats {
  const sum = new ServeStats();
  for (const each of all) sum.add(each);
  return sum;
}

export function statisticsOptions({ server }: Config): StatisticsOptions {
  return {
    extended: server.extendedStatistics,
    inhibitZero: server.statisticsInhibitZero,
    cumulative: server.statisticsCumulative,
  };
}

/** Where the metrics endpoint listens. */
export function metricsListeners({ server }: Config): Address[] {
  return server.metricsInterface.map(({ target, port }) => ({ ip: target, port: port ?? DEFAULT_METRICS_PORT }));
}

/** What an operator should know of a configuration that is right but does not do what it may seem to. */
export function configNotices(config: Config): string[] {
  const { server } = config;
  const remarks: string[] = [];
  for (const { ip, port } of metricsListeners(config)) {
    if (!isLocalClient(ip)) remarks.push(`metrics-interface ${ip}@${port}: whoever reaches it may read the statistics`);
  }
  if (server.proxyProtocolPort.length > 0 && server.proxyProtocolFrom.length === 0) {
    remarks.push('proxy-protocol-port without proxy-protocol-from: whoever reaches it may claim any client address');
  }
  if (server.httpNotlsDownstream && listenedPorts(config).has(server.httpsPort)) {
    remarks.push(
      `https-port ${server.httpsPort} speaks HTTP unencrypted (http-notls-downstream): a proxy must add TLS`,
    );
  }
  return remarks;
}
