/**
 * The front threads of a daemon (num-threads): the memory that they share, what of the instance in force is published there, and
 * when that is taken back.
 *
 * Thread 0 resolves, and all that decides is there: access, policy, rates, cookies, logs, streams. The others answer from
 * shared memory what thread 0 has answered before, and hand over the rest. Whatever changes the instance starts a new epoch,
 * in which nothing that was published before holds.
 */

import type { Config } from '../config/config.ts';
import { allocateFrontMemory, type FrontGiven, type FrontMemory } from '../front/front-memory.ts';
import { FrontStats, FrontStatsView } from '../front/front-stats.ts';
import { SharedClients } from '../front/shared-clients.ts';
import { SharedReplies } from '../front/shared-replies.ts';
import { type FrontSettings, SharedState } from '../front/shared-state.ts';
import type { FrontThreadOptions, FrontThreads } from '../ports/front-threads.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Random } from '../ports/random.ts';
import type { ReplyPublisher } from '../serve/publish.ts';
import type { ServeStats } from '../serve/serve-stats.ts';
import type { Caches } from './caches.ts';
import type { ResolverInstance } from './resolver-instance.ts';

/** Part of msg-cache-size that replies in shared memory may take beside it, and bounds for it, octets. */
const PART_OF_MESSAGES = 4;
const LEAST_OCTETS = 1_048_576;
const MOST_OCTETS = 67_108_864;

/** Most front threads. Each is a heap of its own; more than a host has processors for do not help. */
const MAX_FRONT_THREADS = 63;

/** Commands that change nothing which a reply depends on: those that monitoring repeats, and those that only look. */
const READING =
  /^(?:stats|stats_noreset|flush_stats|status|get_option|lookup|explain|doctor|page_address|cache_lookup|verbosity|log_reopen|print_cookie_secrets|(?:ip_)?ratelimit_list|view_list_\w+|list_\w+|dump_\w+)$/;

/** What fronts are made of. */
interface FrontsParts {
  readonly config: Config;
  readonly random: Random;
  /** Front threads, beside the one that resolves. */
  readonly threads: number;
}

export class Fronts {
  readonly #state: SharedState;
  readonly #memory: FrontMemory;
  readonly #replies: SharedReplies;
  readonly #clients: SharedClients;
  readonly #stats: readonly SharedArrayBuffer[];
  readonly #views: readonly FrontStatsView[];
  #threads: FrontThreads | null = null;
  #inForce: { readonly publisher: ReplyPublisher; readonly caches: Caches } | null = null;

  constructor({ config, random, threads }: FrontsParts) {
    const octets = Math.max(LEAST_OCTETS, Math.min(MOST_OCTETS, config.server.msgCacheSize / PART_OF_MESSAGES));
    this.#state = SharedState.create(random.bytes(8));
    this.#memory = allocateFrontMemory(this.#state, octets);
    this.#replies = new SharedReplies(this.#state, this.#memory.replies);
    this.#clients = new SharedClients(this.#state, this.#memory.clients);
    this.#stats = Array.from({ length: Math.min(threads, MAX_FRONT_THREADS) }, () => FrontStats.allocate());
    this.#views = this.#stats.map((memory) => new FrontStatsView(memory));
  }

  /** Starts the threads; why they do not run, else null. */
  async start(
    start: (options: FrontThreadOptions) => Promise<FrontThreads | string>,
    log: LogSink,
  ): Promise<string | null> {
    const started = await start({
      threads: this.#stats.length,
      memoryOf: (number): FrontGiven => ({ ...this.#memory, stats: this.#stats[number] as SharedArrayBuffer }),
      onTrouble: (text) => log.write('error', text),
    });
    if (typeof started === 'string') return started;
    this.#threads = started;
    return null;
  }

  /** Threads that run. */
  get running(): number {
    return this.#threads?.running ?? 0;
  }

  /** What each thread has counted. */
  stats(): ServeStats[] {
    return this.#views.map((view) => view.read());
  }

  resetStats(): void {
    for (const view of this.#views) view.reset();
  }

  /** For an instance that is being made; it publishes nothing until it is in force. */
  newPublisher(): ReplyPublisher {
    const publisher: ReplyPublisher = {
      publish: (reply, questionEnd, client, now) => {
        if (this.#inForce?.publisher !== publisher) return;
        if (this.#replies.publish(reply, questionEnd, now)) this.#clients.add(client, now);
      },
    };
    return publisher;
  }

  /** Another instance is in force: what was published by the one before holds no more. */
  activate({ config, caches }: Pick<ResolverInstance, 'config' | 'caches'>, publisher: ReplyPublisher): void {
    if (this.#inForce !== null) this.#inForce.caches.replies.copies = null;
    this.#inForce = { publisher, caches };
    caches.replies.copies = this.#replies;
    this.#state.change(frontSettings(config));
  }

  /** A command has run, or a part of it, and may have changed what is answered: then nothing published holds any more. */
  commandRan(line: string): void {
    if (!READING.test(line.split(/\s/, 1)[0] ?? '')) this.#state.startEpoch();
  }

  stop(): void {
    this.#threads?.stop();
  }
}

/** What a reply from shared memory depends on beside the reply. */
function frontSettings({ server }: Config): FrontSettings {
  return {
    maxUdpOctets: server.maxUdpSize,
    ednsUdpSize: server.ednsBufferSize,
    hardensShortSize: server.hardenShortBufsize,
    dropLargeQueries: server.hardenLargeQueries,
    roundRobin: server.rrsetRoundrobin,
    checksCookies: server.answerCookie,
  };
}
