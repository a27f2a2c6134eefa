/**
 * The page over HTTP: files of the page to whoever asks by the right name, actions and statistics to who has the token.
 *
 * Duties: which request gets what, bounds on bodies and on what is under way, headers that keep the browser strict, samples for
 * the plots, counts of what was refused. Leaves to others: framing and bounds of HTTP (ports/http-server), who may ask
 * (check-request.ts), what an action finds out (PageActions).
 */

import type { CheckLines } from '../dane/report.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { HttpListener, HttpReply, HttpRequest, HttpServer, HttpSink, HttpTarget } from '../ports/http-server.ts';
import type { LogSink } from '../ports/log-sink.ts';
import { ListenerSet } from '../server/listener-set.ts';
import type { WebRefusal } from '../terms/web-refusal.ts';
import { parseName } from '../wire/name-text.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { typeFromText } from '../wire/rr-type.ts';
import { checkRequest, type PageRefusal, type PageRoute, pathOf, REFUSALS } from './check-request.ts';
import { DEFAULT_PAGE_PORT, MAX_ACTIONS, MAX_BODY_OCTETS, PAGE_HTTP_LIMITS, SAMPLE_MS } from './limits.ts';
import type { DoctorLine, Explained, Health, StepMessage } from './messages.ts';
import { Samples } from './samples.ts';

/** The daemon's word on itself, or why there is none. */
export type DaemonView =
  | (Pick<Health, 'statistics' | 'bogus'> & { readonly daemon: NonNullable<Health['daemon']> })
  | { readonly why: string };

/** Tells of a step of an action: `id` is the same for its begin and its end. */
export type TellStep = (step: { readonly id: number; readonly text: string; readonly isDone: boolean }) => void;

/** What the page can have done. None rejects but for bugs. */
export interface PageActions {
  explain(question: Question): Promise<Explained | string>;
  /** `target`: a mail domain, or HOST:PORT. A text: it is neither. */
  checkDane(target: string, tell: TellStep): Promise<CheckLines | string>;
  /** Tells of each check as it is done; a text: it could not be run. */
  examine(tell: (finding: DoctorLine) => void): Promise<string | null>;
  look(): Promise<DaemonView>;
}

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

interface PageParts {
  readonly clock: Clock;
  readonly http: HttpServer;
  readonly log: LogSink;
  readonly actions: PageActions;
  /** By path, `/` among them. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** What acting needs; only visible characters. */
  readonly token: string;
  /** Takes why each request was refused, for the statistics; absent: nobody does. */
  readonly onRefused?: (why: WebRefusal) => void;
}

const HEADERS = {
  // Nothing inline, nothing from elsewhere; pictures of explain are blobs. Trusted Types: no text becomes markup.
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

const ACTIONS: ReadonlyMap<string, PageRoute> = new Map([
  ['/api/health', { method: 'GET', needsToken: true }],
  ['/api/explain', { method: 'POST', needsToken: true }],
  ['/api/check', { method: 'POST', needsToken: true }],
  ['/api/doctor', { method: 'POST', needsToken: true }],
]);

/** The page; listens nowhere until told to. */
export class PageServer {
  readonly #parts: PageParts;
  readonly #listeners = new ListenerSet<HttpListener>();
  readonly #samples = new Samples();
  readonly #refused = new Map<WebRefusal, number>();
  #cancelSampling: CancelTimer | null = null;
  #underWay = 0;

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  /** Listens at these addresses of loopback and unix sockets, and no others; lines say what could not be opened. */
  async listen(targets: readonly HttpTarget[]): Promise<readonly string[]> {
    const wanted = new Map(targets.map((target) => [targetText(target), target]));
    const problems = await this.#listeners.change(wanted, async (local, key) => {
      let port = 'path' in local ? null : local.port;
      const opened = await this.#parts.http.listen({
        local,
        limits: PAGE_HTTP_LIMITS,
        onRequest: (request) => this.answer(request, port),
        onRefusal: (why) => this.#count(why),
      });
      if (!opened.ok) return `can't serve the page on ${key}: ${opened.error.text}`;
      port = 'path' in opened.value.local ? null : opened.value.local.port;
      return opened.value;
    });
    this.#sampleWhileListening();
    return problems;
  }

  /** Where it listens. */
  targets(): HttpTarget[] {
    return this.#listeners.values().map(({ local }) => local);
  }

  /** The address for a browser, with the token where the browser keeps it to itself; null: it listens nowhere. */
  get url(): string | null {
    const [first] = this.targets();
    if (first === undefined) return null;
    if ('path' in first) {
      const here = `localhost:${DEFAULT_PAGE_PORT}`;
      return `http://${here}/#token=${this.#parts.token} after ssh -L ${DEFAULT_PAGE_PORT}:${first.path} HOST`;
    }
    const host = first.ip.includes(':') ? `[${first.ip}]` : first.ip;
    return `http://${host}:${first.port}/#token=${this.#parts.token}`;
  }

  /** How many requests were refused, by why. */
  get refused(): ReadonlyMap<WebRefusal, number> {
    return this.#refused;
  }

  stop(): void {
    this.#listeners.stop();
    this.#sampleWhileListening();
  }

  /** `port`: where the request came in; null: by a unix socket. */
  async answer(request: HttpRequest, port: number | null): Promise<HttpReply> {
    const { token, files } = this.#parts;
    const routeOf = (path: string): PageRoute | null =>
      ACTIONS.get(path) ?? (files.has(path) ? { method: 'GET', needsToken: false } : null);
    const refusal = checkRequest(request, { port, token, routeOf });
    if (refusal !== null) return this.#refuse(refusal, routeOf(pathOf(request.target)));
    const file = files.get(pathOf(request.target));
    if (file !== undefined)
      return { status: 200, headers: { ...HEADERS, 'Content-Type': file.type }, body: file.bytes };
    const words = request.method === 'POST' ? await readWords(request) : {};
    if (words === 'body' || words === 'words') return this.#refuse(words);
    return await this.#act(pathOf(request.target), words);
  }

  async #act(path: string, words: Words): Promise<HttpReply> {
    const { actions } = this.#parts;
    if (path === '/api/health') return json(200, await this.#health());
    if (this.#underWay >= MAX_ACTIONS) return this.#refuse('busy');
    if (path === '/api/doctor') {
      return this.#stream<DoctorLine>(async (send) => {
        const why = await actions.examine((part) => send({ kind: 'part', part }));
        return why ?? null;
      });
    }
    if (path === '/api/check') {
      const { target = '' } = words;
      return this.#stream<CheckLines>(async (send) => {
        const result = await actions.checkDane(target, (step) => send({ kind: 'step', ...step }));
        return typeof result === 'string' ? result : { result };
      });
    }
    const question = questionFrom(words);
    if (question === null) return this.#refuse('words');
    return await this.#counted(async () => {
      const explained = await actions.explain(question);
      return typeof explained === 'string' ? json(502, { error: explained }) : json(200, explained);
    });
  }

  async #counted<T>(run: () => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await run();
    } finally {
      this.#underWay--;
    }
  }

  /** Lines of JSON as they come. What `run` gives: null, a result, or a text that says why there is none. */
  #stream<T>(
    run: (send: (message: StepMessage<T>) => void) => Promise<{ readonly result: T } | string | null>,
  ): HttpReply {
    const body = (sink: HttpSink): Promise<void> =>
      this.#counted(async () => {
        // In order, one after the other; who has gone gets nothing, and the action ends by its own limits.
        let written: Promise<unknown> = Promise.resolve();
        const send = (message: StepMessage<T>): void => {
          written = written.then(() => sink.write(`${JSON.stringify(message)}\n`));
        };
        const end = await run(send);
        send(typeof end === 'string' ? { kind: 'error', text: end } : { kind: 'result', result: end?.result ?? null });
        await written;
      });
    return { status: 200, headers: { ...HEADERS, 'Content-Type': 'application/x-ndjson' }, body };
  }

  async #health(): Promise<Health> {
    const at = this.#parts.clock.unixSeconds();
    const view = await this.#parts.actions.look();
    const samples = this.#samples.all;
    if ('why' in view) return { at, daemon: null, why: view.why, statistics: {}, samples, bogus: [] };
    const refused = Object.fromEntries([...this.#refused].map(([why, count]) => [`num.web.refused.${why}`, count]));
    return { at, why: null, samples, ...view, statistics: { ...view.statistics, ...refused } };
  }

  #refuse(refusal: PageRefusal, route: PageRoute | null = null): HttpReply {
    this.#count(refusal);
    const { status, text } = REFUSALS[refusal];
    const more: Record<string, string> =
      refusal === 'method' && route !== null
        ? { Allow: route.method === 'GET' ? 'GET, HEAD' : 'POST' }
        : refusal === 'token'
          ? { 'WWW-Authenticate': 'Bearer' }
          : refusal === 'busy'
            ? { 'Retry-After': '5' }
            : {};
    return json(status, { error: text }, more);
  }

  #count(why: WebRefusal): void {
    this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1);
    this.#parts.onRefused?.(why);
  }

  /** Statistics are looked at only while somebody may look at the page. */
  #sampleWhileListening(): void {
    if (this.#listeners.values().length === 0) {
      this.#cancelSampling?.();
      this.#cancelSampling = null;
    } else if (this.#cancelSampling === null) this.#sample();
  }

  #sample(): void {
    this.#cancelSampling = this.#parts.clock.after(SAMPLE_MS, () => this.#sample());
    void this.#parts.actions.look().then((view) => {
      if ('why' in view) this.#samples.miss();
      else this.#samples.take(view.statistics, this.#parts.clock.unixSeconds());
    });
  }
}

function targetText(target: HttpTarget): string {
  return 'path' in target ? target.path : `${target.ip}@${target.port}`;
}

interface Words {
  readonly name?: string;
  readonly type?: string;
  readonly target?: string;
}

function json(status: number, value: unknown, more: Readonly<Record<string, string>> = {}): HttpReply {
  const body = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return { status, headers: { ...HEADERS, ...more, 'Content-Type': 'application/json' }, body };
}

/** The texts of a body; anything but an object of texts is refused. */
async function readWords(request: HttpRequest): Promise<Words | 'body' | 'words'> {
  const body = await request.readBody(MAX_BODY_OCTETS);
  if (body === 'too-large') return 'body';
  if (body === 'gone') return 'words';
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'words';
    return Object.values(value).every((one) => typeof one === 'string') ? value : 'words';
  } catch {
    return 'words';
  }
}

function questionFrom({ name: nameText, type: typeText = 'A' }: Words): Question | null {
  const name = nameText === undefined ? null : parseName(nameText);
  const type = typeFromText(typeText.toUpperCase());
  return name === null || type === null ? null : questionOf(name, type);
}
