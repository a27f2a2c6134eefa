/** `hawser web`: the page, served to browsers of this host; with the running daemon where there is one, else with a resolver of its own. */

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { createNodeHttpServer } from '../adapters/node-http-server.ts';
import { createNodeTlsProbe } from '../adapters/node-tls-probe.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_PATHS } from '../config/default-path.ts';
import { explainParts } from '../daemon/explain-parts.ts';
import { lookUpBy, lookUpExplained } from '../daemon/explained-look-up.ts';
import { makeToken } from '../daemon/instance-page.ts';
import type { ResolverInstance } from '../daemon/resolver-instance.ts';
import { lookUpAt } from '../dane/ask-server.ts';
import { failedLookUp, type LookUp } from '../dane/look-up.ts';
import { examine } from '../doctor/examine.ts';
import { listenAddresses } from '../doctor/patient.ts';
import { explainQuestion } from '../explain/gather.ts';
import type { Report } from '../explain/report.ts';
import type { Files } from '../ports/files.ts';
import type { Ports } from '../ports/ports.ts';
import { makeActions } from '../web/actions.ts';
import { DEFAULT_PAGE_PORT } from '../web/limits.ts';
import type { BogusLine } from '../web/messages.ts';
import { type DaemonView, PageServer } from '../web/page-server.ts';
import { readStatistics } from '../web/samples.ts';
import type { Question } from '../wire/question.ts';
import { askDaemon } from './control-connection.ts';
import { daemonReport } from './daemon-report.ts';
import { patientOfConfig, withoutWriting } from './doctor-patient.ts';
import { programPorts, readUsualConfig, startOwnResolver } from './own-resolver.ts';
import { readPageFiles } from './page-files.ts';
import { readWords, refuseWords, type Subcommand } from './subcommand.ts';

const EXPIRY_SECONDS = 3 * 86_400;

const USAGE = `Usage: hawser web [-C FILE] [--port N | --socket PATH] [--own]
Serves a page to browsers of this host: TLSA generator (which works in the browser alone), DANE check, explain, health. Prints
its address, which holds the token that all but the generator need. It listens on 127.0.0.1 only; from another host use
ssh -L ${DEFAULT_PAGE_PORT}:127.0.0.1:${DEFAULT_PAGE_PORT} HOST. The running daemon is asked over its control channel where that is open.

  -C, --config FILE   the configuration, default ${DEFAULT_PATHS}
      --port N        default ${DEFAULT_PAGE_PORT}; 0: any that is free
      --socket PATH   a unix socket instead, for you alone: ssh -L ${DEFAULT_PAGE_PORT}:PATH HOST leads to it
      --own           ask no daemon: resolve from the root
Ends with Ctrl-C. Exit status: 0 it was ended, 3 it could not be served.

Examples:
  hawser web
  hawser web --port 0 --own
  hawser web --socket ~/hawser.sock
`;

export const webCommand: Subcommand = {
  name: 'web',
  summary: 'serve the page: TLSA generator, DANE check, explain, health',
  usage: USAGE,
  run,
};

const OPTIONS = {
  config: { type: 'string', short: 'C' },
  port: { type: 'string' },
  socket: { type: 'string' },
  own: { type: 'boolean', default: false },
} as const;

interface Wish {
  readonly config: string | undefined;
  readonly port: number;
  /** Null: an address. */
  readonly socket: string | null;
  readonly own: boolean;
}

function wishOf(words: readonly string[]): Wish | string {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return read;
  if (read.positionals.length > 0) return `unexpected word ${read.positionals[0]}`;
  const { config, socket = null, own, port: given = String(DEFAULT_PAGE_PORT) } = read.values;
  if (socket !== null && read.values.port !== undefined) return 'of --port and --socket only one can be';
  const port = /^\d{1,5}$/.test(given) ? Number(given) : -1;
  if (port < 0 || port > 65_535) return `not a port: ${given}`;
  return { config, port, socket: socket === null ? null : resolve(socket), own };
}

async function run(words: readonly string[]): Promise<number> {
  const wish = wishOf(words);
  if (typeof wish === 'string') return refuseWords('web', wish);
  const ports = await programPorts();
  const config = readUsualConfig(wish.config, ports.files);
  if (!('server' in config)) return refuseWords('web', config.join('\n'));
  const files = await readPageFiles();
  if (typeof files === 'string') return refuseWords('web', files);
  const daemon = wish.own ? { ok: false, why: '--own was given' } : await askDaemon(config, ['status']);
  const resolver = daemon.ok ? throughDaemon(config, ports) : throughOwn(config, ports);
  const server = new PageServer({
    clock: ports.clock,
    http: createNodeHttpServer(),
    log: ports.log,
    token: makeToken(ports.random),
    files,
    actions: makeActions({
      clock: ports.clock,
      crypto: ports.crypto,
      tls: createNodeTlsProbe(),
      ehlo: hostname(),
      ...resolver,
      examine: async (tell) => {
        await examine(patientOfConfig(config, ports), tell);
        return null;
      },
      look: () => (wish.own ? Promise.resolve({ why: '--own was given' }) : lookAtDaemon(config)),
    }),
  });
  const place = wish.socket === null ? { ip: '127.0.0.1', port: wish.port } : { path: wish.socket };
  const problems = await server.listen([place]);
  if (problems.length > 0) return refuseWords('web', problems.join('; '));
  const source = 'why' in daemon ? `resolving by itself (${daemon.why})` : 'asking the running daemon';
  process.stdout.write(`${server.url}\n`);
  process.stderr.write(`Open it in a browser of this host; ${source}. Ctrl-C ends it.\n`);
  await ended();
  server.stop();
  return 0;
}

function ended(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

/** Where answers come from. */
interface Source {
  readonly lookUp: LookUp;
  readonly report: (question: Question) => Promise<Report | string>;
}

function throughDaemon(config: Config, ports: Ports): Source {
  const report = (question: Question): Promise<Report | string> => daemonReport(config, question);
  const [address] = listenAddresses(config);
  // On loopback, where its AD bit counts.
  const lookUp = address === undefined ? throughOwn(config, ports).lookUp : lookUpAt(ports, address, true);
  return { lookUp: lookUpExplained(lookUp, report), report };
}

/** A resolver of our own, begun with the first question. */
function throughOwn(config: Config, ports: Ports): Source {
  let started: Promise<ResolverInstance | string> | null = null;
  const resolver = (): Promise<ResolverInstance | string> => {
    started ??= startOwn(config, ports);
    return started;
  };
  return {
    lookUp: async (name, type) => {
      const own = await resolver();
      if (typeof own === 'string') return failedLookUp(name, 'failed', own);
      return lookUpBy(own, ports.clock)(name, type);
    },
    report: async (question) => {
      const own = await resolver();
      if (typeof own === 'string') return own;
      const options = { isCached: false, expirySeconds: EXPIRY_SECONDS };
      const explained = await explainQuestion(explainParts(own, ports.clock), question, options);
      return explained === null ? 'nothing was found' : explained.report;
    },
  };
}

async function startOwn(config: Config, ports: Ports): Promise<ResolverInstance | string> {
  // Local copies of zones would be transferred, and anchors written: nothing is to change.
  const files: Files = withoutWriting(ports.files);
  const own = await startOwnResolver({ ...config, authZones: [], rpzs: [] }, { ...ports, files });
  return 'resolver' in own ? own : own.join('; ');
}

/** What the daemon says of itself now. */
async function lookAtDaemon(config: Config): Promise<DaemonView> {
  const status = await askDaemon(config, ['status']);
  if (!status.ok) return { why: status.why };
  const statistics = await askDaemon(config, ['stats_noreset']);
  const bogus = await askDaemon(config, ['list_bogus', '+json']);
  const version = /^version: (.*)$/m.exec(status.text)?.[1] ?? '';
  const seconds = /^uptime: (\d+) seconds$/m.exec(status.text)?.[1] ?? '0';
  return {
    daemon: { version: `daemon ${version}`, upSeconds: Number(seconds) },
    statistics: statistics.ok ? readStatistics(statistics.text) : {},
    bogus: bogus.ok ? (JSON.parse(bogus.text) as readonly BogusLine[]) : [],
  };
}
