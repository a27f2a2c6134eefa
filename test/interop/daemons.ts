/** Real daemons, started for a session and stopped with it. For use inside a network namespace of the session's own. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { findProgram, PROJECT, SHARED } from './programs.ts';

/** A folder for the session's files, with the daemons that run in it. */
export class Session {
  readonly folder = mkdtempSync(join(tmpdir(), 'hawser-interop-'));
  readonly #running: ChildProcess[] = [];

  /** Writes a file of the session; its path. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Starts a daemon in the foreground, its output in NAME.log. */
  start(name: string, command: string, args: readonly string[]): ChildProcess {
    return this.startWith(name, command, args, process.env);
  }

  /** The same with an environment. */
  startWith(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    const log = openSync(join(this.folder, `${name}.log`), 'w');
    const child = spawn(command, args, { stdio: ['ignore', log, log], cwd: this.folder, env });
    closeSync(log);
    this.#running.push(child);
    return child;
  }

  /** What a daemon has written. */
  log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8');
  }

  /** Stops all daemons and removes the files. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map(stopChild));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const killer = setTimeout(() => child.kill('SIGKILL'), 3000);
    child.once('exit', () => {
      clearTimeout(killer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** The real signed root zone of 2020-10-19, as text. */
export function realRootZone(): string {
  return gunzipSync(readFileSync(join(SHARED, 'real-root/root-2020101902.zone.gz'))).toString('utf8');
}

/** When the signatures of that zone are valid, for `val-override-date`. */
export const REAL_ROOT_DATE = '20201021000000';

/** Addresses of the root servers as the zone holds them. */
export function rootServerAddresses(zone: string): string[] {
  const lines = zone.matchAll(/^[a-m]\.root-servers\.net\.\s+\d+\s+IN\s+(?:A|AAAA)\s+(\S+)/gim);
  return [...new Set([...lines].map((match) => match[1] as string))];
}

/** NSD serving a zone on the given addresses, which are put on loopback first. */
export async function serveWithNsd(session: Session, zoneName: string, zone: string, addresses: readonly string[]) {
  for (const address of addresses) {
    execFileSync(
      'ip',
      ['addr', 'add', `${address}/${address.includes(':') ? 128 : 32}`, 'dev', 'lo', 'nodad'].filter(
        (word) => word !== 'nodad' || address.includes(':'),
      ),
    );
  }
  session.file('zone', zone);
  const config = session.file(
    'nsd.conf',
    [
      'server:',
      ...addresses.map((address) => `  ip-address: ${address}`),
      `  zonesdir: "${session.folder}"`,
      `  pidfile: "${session.folder}/nsd.pid"`,
      `  xfrdfile: "${session.folder}/xfrd.state"`,
      `  zonelistfile: "${session.folder}/zone.list"`,
      '  database: ""',
      '  username: ""',
      '  rrl-ratelimit: 0',
      '  server-count: 1',
      'remote-control:',
      '  control-enable: no',
      'zone:',
      `  name: "${zoneName}"`,
      '  zonefile: "zone"',
      '  provide-xfr: 127.0.0.0/8 NOKEY',
    ].join('\n'),
  );
  session.start('nsd', findProgram('nsd') as string, ['-d', '-c', config]);
  await waitForAnswer(addresses[0] as string, 53, '. SOA');
}

/** Hawser from this checkout with a configuration. */
export async function startHawser(session: Session, configuration: string, port: number): Promise<ChildProcess> {
  const config = session.file('hawser.conf', configuration);
  const child = session.start('hawser', process.env.HAWSER ?? join(PROJECT, 'bin/hawserd'), ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', port, 'version.server CH TXT');
  return child;
}

/** Waits until a server answers a question at all; throws after 40 s. */
export async function waitForAnswer(server: string, port: number, question: string): Promise<void> {
  const giveUpAt = Date.now() + 40_000;
  for (;;) {
    const reply = dig(server, port, [...question.split(' '), '+time=1', '+tries=1']);
    if (reply.includes('->>HEADER<<-')) return;
    if (Date.now() > giveUpAt) throw new Error(`${server} port ${port} does not answer ${question}:\n${reply}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What real dig prints. */
export function dig(server: string, port: number, words: readonly string[]): string {
  try {
    return execFileSync('dig', [`@${server}`, '-p', String(port), ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error);
  }
}

/** One reply as dig's header lines tell it. */
export interface DigReply {
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly flags: readonly string[];
  readonly answers: number;
}

/** Asks many questions with one dig (batch mode), in order; a question without a reply is missing from the result. */
export function digBatch(session: Session, port: number, questions: readonly string[], words: readonly string[]) {
  const batch = session.file('questions', `${questions.join('\n')}\n`);
  const text = dig('127.0.0.1', port, ['-f', batch, '+dnssec', '+time=5', '+tries=1', ...words]);
  return parseDigReplies(text);
}

/** Replies in dig's output. */
export function parseDigReplies(text: string): DigReply[] {
  return text
    .split(/^;; ->>HEADER<<- /m)
    .slice(1)
    .map((part) => {
      const status = /status: (\w+)/.exec(part)?.[1] ?? '';
      const flags = (/^;; flags: ([^;]*);/m.exec(part)?.[1] ?? '').trim().split(' ');
      const answers = Number(/ANSWER: (\d+)/.exec(part)?.[1] ?? 0);
      const question = /^;; QUESTION SECTION:\n;(\S+)\s+\S+\s+(\S+)/m.exec(part);
      return { name: question?.[1] ?? '', type: question?.[2] ?? '', status, flags, answers };
    });
}
