/**
 * Session: `hawser explain`, `trace`, `trace --follow`, `dane check` and `dane rollover` ask the running daemon over its control socket, and do without
 * it when it has stopped. A signed world of mail domains. Prints one line of JSON with what each said.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { dig, Session } from './daemons.ts';
import { controlClause, makeCertificate, startDaneWorld, WRONG_TLSA } from './dane-world.ts';
import { domainsFor, makeChain } from './mail-domains.ts';
import { PROJECT } from './programs.ts';

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function hawser(words: readonly string[], program = 'hawser'): Promise<Ended> {
  const child = spawn(join(PROJECT, 'bin', program), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (piece) => {
    said.out += piece;
  });
  child.stderr.on('data', (piece) => {
    said.err += piece;
  });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, ...said })));
}

/** `tlsa`: the record of the mail hosts. */
async function startWorld(session: Session, tlsa: string) {
  const domains = domainsFor(tlsa, makeChain(session).tlsa);
  return await startDaneWorld(session, domains, { clauses: controlClause(session) });
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const { tlsa } = makeCertificate(session);
    const daemon = await startWorld(session, tlsa);
    const of = ['-C', join(session.folder, 'hawser.conf')];
    const said: Record<string, Ended> = {};
    said.nothingHeld = await hawser(['explain', ...of, '--cached', '--json', 'mx.good.org', 'A']);
    dig('127.0.0.1', 53, ['mx.good.org', 'A']);
    said.cached = await hawser(['explain', ...of, '--cached', '--json', 'mx.good.org', 'A']);
    said.bogus = await hawser(['explain', ...of, '_25._tcp.mx.bogus.org', 'TLSA']);
    said.unsigned = await hawser(['explain', ...of, '--json', 'unsigned.org', 'MX']);
    said.denied = await hawser(['explain', ...of, 'nothing.good.org', 'TLSA']);
    said.dot = await hawser(['explain', ...of, '--dot', 'good.org', 'MX']);
    said.controlDot = await hawser(['-c', of[1] ?? '', 'explain', 'good.org', 'MX', '+dot'], 'hawser-control');
    said.later = await hawser(['explain', ...of, '--at', '+400d', '--json', 'good.org', 'MX']);
    said.trace = await hawser(['trace', ...of, '--json', 'chain.org', 'MX']);
    said.traceText = await hawser(['trace', ...of, '_25._tcp.mx.bogus.org', 'TLSA']);
    said.traceOwn = await hawser(['trace', ...of, '--own', 'good.org', 'MX']);
    const following = hawser(['trace', ...of, '--follow', '--count', '2', 'good.org']);
    await waitForFollower(of);
    for (const name of ['mx.good.org', 'none.org', 'new.good.org']) dig('127.0.0.1', 53, [name, 'A']);
    said.follow = await following;
    said.check = await hawser(['dane', 'check', ...of, '--daemon', '--no-connect', '--json', 'good.org', 'bogus.org']);
    said.bogusReport = await hawser(['explain', ...of, '--json', '_25._tcp.mx.bogus.org', 'TLSA']);
    for (const domain of ['good.org', 'bogus.org']) {
      const state = join(session.folder, `${domain}.json`);
      await hawser([
        'dane',
        'rollover',
        'plan',
        `mx.${domain}`,
        '--current',
        tlsa,
        '--next',
        WRONG_TLSA,
        '--state',
        state,
      ]);
      said[`rollover ${domain}`] = await hawser([
        'dane',
        'rollover',
        'status',
        ...of,
        '--daemon',
        '--no-connect',
        '--state',
        state,
      ]);
    }
    said.clash = await hawser(['explain', ...of, '--own', '--daemon', 'good.org']);
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    await ended;
    said.stopped = await hawser(['explain', ...of, '--daemon', 'good.org', 'MX']);
    said.alone = await hawser(['explain', ...of, '--json', 'good.org', 'MX']);
    said.followStopped = await hawser(['trace', ...of, '--follow']);
    console.log(JSON.stringify(said));
  } finally {
    await session.stop();
  }
}

/** Until somebody follows: each query before that is lost. */
async function waitForFollower(of: readonly string[]): Promise<void> {
  // The program needs some 300 ms to start; there is no command that counts followers.
  await hawser(['-c', of[1] ?? '', 'status'], 'hawser-control');
  await new Promise((resolve) => setTimeout(resolve, 4000));
}

await main();
process.exit(0);
