/** The daemon's page (`web-interface`): what it can have done, by the instance in force, and where it listens. */

import type { Config } from '../config/config.ts';
import type { Statistics } from '../control/parts.ts';
import { examine } from '../doctor/examine.ts';
import type { Patient } from '../doctor/patient.ts';
import { explainQuestion } from '../explain/gather.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { HttpServer, HttpTarget } from '../ports/http-server.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Random } from '../ports/random.ts';
import type { TlsProbe } from '../ports/tls-probe.ts';
import type { WebRefusal } from '../terms/web-refusal.ts';
import { makeActions } from '../web/actions.ts';
import { DEFAULT_PAGE_PORT } from '../web/limits.ts';
import { type DaemonView, type PageActions, type PageFile, PageServer } from '../web/page-server.ts';
import { readStatistics } from '../web/samples.ts';
import { toHex } from '../wire/bytes.ts';
import { explainParts } from './explain-parts.ts';
import { lookUpBy } from './explained-look-up.ts';
import type { ResolverInstance } from './resolver-instance.ts';
import { PROGRAM_VERSION } from './version.ts';

/** Octets of the token: nobody guesses 128 bits. */
const TOKEN_OCTETS = 16;
/** Signatures that run out sooner are listed: signers renew earlier than that. */
const EXPIRY_SECONDS = 3 * 86_400;

/** What the page needs of the process, loaded when it is to be served. */
export interface LoadedPageParts {
  readonly http: HttpServer;
  readonly tls: TlsProbe;
  readonly crypto: Crypto;
  /** By path; a text: why they are not there. */
  readonly files: ReadonlyMap<string, PageFile> | string;
  /** The name that this host gives itself in EHLO. */
  readonly hostName: string;
}

interface InstancePageParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LogSink;
  readonly load: () => Promise<LoadedPageParts>;
  /** When the daemon started, monotonic milliseconds. */
  readonly startedMs: number;
  readonly statistics: () => Pick<Statistics, 'text'> | null;
  readonly instance: () => ResolverInstance | null;
  readonly patient: (instance: ResolverInstance) => Patient;
}

export function makeToken(random: Pick<Random, 'bytes'>): string {
  return toHex(random.bytes(TOKEN_OCTETS));
}

/** The page of one daemon, over reloads; its token stays the same. */
export class InstancePage {
  readonly #parts: InstancePageParts;
  #server: PageServer | null = null;

  constructor(parts: InstancePageParts) {
    this.#parts = parts;
  }

  /** Serves it where the configuration says; lines say what could not be opened. */
  async listen(config: Config): Promise<readonly string[]> {
    const targets = pageTargets(config);
    if (targets.length === 0 && this.#server === null) return [];
    const server = this.#server ?? (await this.#make());
    if (typeof server === 'string') return [`can't serve the page: ${server}`];
    this.#server = server;
    return await server.listen(targets);
  }

  /** With the token; null: it is not served. */
  get address(): string | null {
    return this.#server?.url ?? null;
  }

  stop(): void {
    this.#server?.stop();
  }

  async #make(): Promise<PageServer | string> {
    const loaded = await this.#parts.load();
    const { files, http } = loaded;
    if (typeof files === 'string') return files;
    const { clock, random, log } = this.#parts;
    const onRefused = (why: WebRefusal): void => this.#parts.instance()?.counters.add(`web.refused.${why}`);
    const served = { clock, http, log, files, token: makeToken(random), actions: this.#actions(loaded) };
    return new PageServer({ ...served, onRefused });
  }

  #actions({ tls, crypto, hostName }: LoadedPageParts): PageActions {
    const { clock, instance, patient } = this.#parts;
    const inForce = (): ResolverInstance => {
      const now = instance();
      if (now === null) throw new Error('no configuration is in force');
      return now;
    };
    return makeActions({
      clock,
      tls,
      ehlo: hostName,
      crypto,
      lookUp: (name, type) => lookUpBy(inForce(), clock)(name, type),
      report: async (question) => {
        const options = { isCached: false, expirySeconds: EXPIRY_SECONDS };
        const explained = await explainQuestion(explainParts(inForce(), clock), question, options);
        return explained === null ? 'nothing was found' : explained.report;
      },
      examine: async (tell) => {
        await examine(patient(inForce()), tell);
        return null;
      },
      look: () => Promise.resolve(this.#look(inForce())),
    });
  }

  #look({ recentBogus }: ResolverInstance): DaemonView {
    const { clock, startedMs, statistics } = this.#parts;
    return {
      daemon: { version: PROGRAM_VERSION, upSeconds: Math.floor((clock.monotonicMs() - startedMs) / 1000) },
      statistics: readStatistics(statistics()?.text() ?? ''),
      bogus: recentBogus.list(),
    };
  }
}

/** Where the page is served. */
export function pageTargets({ server }: Config): HttpTarget[] {
  return server.webInterface.map(({ kind, target, port }) =>
    kind === 'path' ? { path: target } : { ip: target, port: port ?? DEFAULT_PAGE_PORT },
  );
}
