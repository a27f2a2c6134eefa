/**
 * Session: a real Postfix sends to real Postfix receivers through Hawser, at the levels dane and dane-only, for domains of every
 * kind; `hawser dane check` looks at the same domains, by itself and through the daemon. Prints one line of JSON: for each
 * domain what Postfix logged, and what the check said.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Session } from './daemons.ts';
import { AT, makeCertificate, startDaneWorld } from './dane-world.ts';
import { deliveries, domainsFor, makeChain, SUBMIT_PORT, startMail } from './mail-domains.ts';
import { submit } from './postfix.ts';
import { PROJECT } from './programs.ts';

function run(
  program: string,
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly text: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (piece) => {
    text += piece;
  });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, text })));
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const { tlsa } = makeCertificate(session);
    const chain = makeChain(session);
    const domains = domainsFor(tlsa, chain.tlsa);
    const zones = domains.map(({ zone }) => zone.slice(0, -1));
    await startDaneWorld(session, domains);
    const mail = startMail(session, chain.pem, zones);
    const recipients = zones.flatMap((zone) => [`dane@${zone}`, `only@${zone}`]);
    for (const recipient of recipients) await submit(SUBMIT_PORT, recipient);
    const ends = await deliveries(mail.sender.log, recipients);
    const hawser = join(PROJECT, 'bin/hawser');
    const config = join(session.folder, 'hawser.conf');
    const own = await run(hawser, ['dane', 'check', '--json', '-4', '-C', config, ...zones]);
    const asked = await run(hawser, ['dane', 'check', '--json', '-4', '--resolver', '127.0.0.1', ...zones]);
    const words = await run(hawser, [
      'dane',
      'check',
      '--explain',
      '--servers',
      '-4',
      '--resolver',
      '127.0.0.1',
      ...zones,
    ]);
    const statuses: Record<string, number | null> = {};
    for (const zone of ['good.org', 'wrong.org', 'none.org', 'null.org'])
      statuses[zone] = (await run(hawser, ['dane', 'check', '-4', '--resolver', '127.0.0.1', zone])).status;
    const nagios = await run(hawser, [
      'dane',
      'check',
      '--nagios',
      '-4',
      '--resolver',
      '127.0.0.1',
      'good.org',
      'wrong.org',
    ]);
    const live = await run(hawser, ['tlsa', '--live', 'mx.good.org:25', '--address', AT.mail]);
    const verified: Record<string, { readonly status: number | null; readonly text: string }> = {};
    const example = ['-C', 'hawser-source', join(PROJECT, 'examples/verify-mail-host.ts')];
    for (const host of ['mx.good.org', 'mx.wrong.org', 'mx.none.org', 'mx.bogus.org', 'mx.chain.org', 'mx.alias.org'])
      verified[host] = await run(process.execPath, [...example, host, config]);
    const sending = ['-C', 'hawser-source', join(PROJECT, 'examples/send-mail.ts')];
    const sent: typeof verified = {};
    for (const zone of ['good.org', 'chain.org', 'wrong.org', 'plain.org', 'bogus.org', 'none.org', 'unsigned.org'])
      sent[zone] = await run(process.execPath, [...sending, `mx.${zone}`, `nodemailer@${zone}`, config]);
    console.log(
      JSON.stringify({
        ends,
        log: mail.sender.log(),
        own: JSON.parse(own.text),
        asked: JSON.parse(asked.text),
        words: words.text,
        statuses,
        nagios,
        live: live.text,
        tlsa,
        verified,
        sent,
        received: mail.receiver.log(),
      }),
    );
    mail.stop();
  } finally {
    await session.stop();
  }
}

await main();
process.exit(0);
