/**
 * Session: a real Postfix sends to real Postfix receivers through Hawser, at the levels dane and dane-only, for domains of every
 * kind; `hawser dane check` looks at the same domains, by itself and through the daemon. Prints one line of JSON: for each
 * domain what Postfix logged, and what the check said.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Session } from './daemons.ts';
import { AT, makeCertificate, startDaneWorld } from './dane-world.ts';
import { domainsFor, makeChain, startReceiver } from './mail-domains.ts';
import { startPostfix, submit } from './postfix.ts';
import { PROJECT } from './programs.ts';

const SUBMIT_PORT = 2525;
const PATIENCE_MS = 60_000;

/** What receives, and the sender, which asks Hawser. */
function startMail(session: Session, chain: string, zones: readonly string[]) {
  const receiver = startReceiver(session, chain);
  const only = zones.map((zone) => `{ only@${zone} = daneonly: }`).join(', ');
  const sender = startPostfix(session, {
    name: 'sender',
    resolv: 'nameserver 127.0.0.1\noptions trust-ad edns0\n',
    settings: [
      'myhostname = client.test',
      'mydestination =',
      'inet_interfaces = loopback-only',
      'smtp_dns_support_level = dnssec',
      'smtp_tls_security_level = dane',
      'smtp_tls_loglevel = 1',
      `transport_maps = inline:{ ${only} }`,
    ],
    services: [
      `127.0.0.1:${SUBMIT_PORT} inet n - n - - smtpd`,
      'daneonly unix - - n - - smtp -o smtp_tls_security_level=dane-only -o syslog_name=postfix/daneonly',
    ],
  });
  return { sender, receiver, stop: () => [sender, receiver].map((one) => one.stop()) };
}

/** Each recipient's end, once all have one. */
async function endsOf(log: () => string, recipients: readonly string[]): Promise<Record<string, string>> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const text = log();
    const ends = recipients.map(
      (one) =>
        [one, text.split('\n').find((line) => line.includes(`to=<${one}>`) && line.includes('status='))] as const,
    );
    if (ends.every(([, line]) => line !== undefined) || Date.now() > giveUpAt)
      return Object.fromEntries(ends.map(([one, line]) => [one, line ?? `nothing in\n${text}`]));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

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
    const ends = await endsOf(mail.sender.log, recipients);
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
