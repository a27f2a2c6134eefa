/**
 * Session: a real Exim sends to real Postfix receivers through Hawser, with DANE tried and with DANE required, for domains of every
 * kind; `hawser dane check` looks at the same domains. Then the same with a resolver that does not validate in second place of
 * resolv.conf, and the first one silent. Prints one line of JSON.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BLIND, startBlindResolver } from './blind-resolver.ts';
import { Session } from './daemons.ts';
import { makeCertificate, startDaneWorld } from './dane-world.ts';
import { makeExim } from './exim.ts';
import { domainsFor, makeChain, startReceiver } from './mail-domains.ts';
import { PROJECT } from './programs.ts';

function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  return new Promise((resolve) => child.once('close', () => resolve(text)));
}

async function main(): Promise<void> {
  const session = new Session();
  const receiver = { stop: (): void => {} };
  try {
    const { tlsa } = makeCertificate(session);
    const chain = makeChain(session);
    const domains = domainsFor(tlsa, chain.tlsa);
    const zones = domains.map(({ zone }) => zone.slice(0, -1));
    const hawser = await startDaneWorld(session, domains);
    receiver.stop = startReceiver(session, chain.pem).stop;
    const resolv = 'nameserver 127.0.0.1\noptions edns0 trust-ad\n';
    const trying = makeExim(session, { name: 'trying', transport: ['hosts_try_dane = *'], resolv });
    const requiring = makeExim(session, { name: 'requiring', transport: ['hosts_require_dane = *'], resolv });
    const tried: Record<string, string> = {};
    const required: Record<string, string> = {};
    for (const zone of zones) {
      [tried[zone], required[zone]] = await Promise.all([trying.send(`a@${zone}`), requiring.send(`a@${zone}`)]);
    }
    const check = ['dane', 'check', '--json', '-4', '--resolver'];
    const checked: unknown = JSON.parse(await run(join(PROJECT, 'bin/hawser'), [...check, '127.0.0.1', ...zones]));
    await startBlindResolver(session, join(session.folder, 'hints'));
    hawser.kill('SIGSTOP');
    const second = `nameserver 127.0.0.1\nnameserver ${BLIND}\noptions edns0 trust-ad timeout:1 attempts:1\n`;
    const misled = makeExim(session, { name: 'misled', transport: ['hosts_try_dane = *'], resolv: second });
    const astray: Record<string, string> = {};
    // At once: each waits for the silent one.
    const strays = ['good.org', 'wrong.org', 'bogus.org'];
    const sent = await Promise.all(strays.map((zone) => misled.send(`a@${zone}`)));
    for (const [i, zone] of strays.entries()) astray[zone] = sent[i] ?? '';
    const blind: unknown = JSON.parse(await run(join(PROJECT, 'bin/hawser'), [...check, BLIND, ...strays]));
    hawser.kill('SIGCONT');
    console.log(JSON.stringify({ tried, required, checked, astray, blind }));
  } finally {
    receiver.stop();
    await session.stop();
  }
}

await main();
process.exit(0);
