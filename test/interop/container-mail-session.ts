/**
 * Session: a real Postfix beside the container image, whose resolver it asks: mail to a domain with good TLSA records, to one with
 * wrong ones, to one whose are bogus. The image runs as an engine would run it in the namespace of the mail server: read-only, as
 * nobody, without capabilities. Prints one line of JSON. Runs inside a network namespace.
 *
 * Usage: container-mail-session.ts ROOT   (the unpacked file system of the image)
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Session, waitForAnswer } from './daemons.ts';
import { AT, makeCertificate, startServers } from './dane-world.ts';
import { deliveries, domainsFor, makeChain, SUBMIT_PORT, startMail } from './mail-domains.ts';
import { submit } from './postfix.ts';

const ZONES = ['good.org', 'wrong.org', 'bogus.org'];
const USER = '5353:5353';

/** What an engine does with the image: its folders, and the configuration that an operator mounts. */
function engineScript(session: Session, root: string): string {
  const { folder } = session;
  const volumes = ['/var/lib/hawser', '/run/hawser'].flatMap((path) => [
    `mkdir -p ${folder}/volume${path}`,
    `chown ${USER} ${folder}/volume${path}`,
    `mount --bind ${folder}/volume${path} ${root}${path}`,
  ]);
  return [
    'mount --make-rprivate /',
    `mount --bind ${root} ${root}`,
    ...volumes,
    `mount --bind ${folder}/conf.d ${root}/etc/hawser/hawser.conf.d`,
    `mount --bind ${folder}/hawser.conf ${root}/etc/hawser/hawser.conf`,
    `mount -o remount,bind,ro ${root}`,
    'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start',
    `exec setpriv --no-new-privs chroot --userspec=${USER} ${root} /usr/bin/node /usr/lib/hawser/dist/launch.cjs hawserd -d -d -p -c /etc/hawser/hawser.conf`,
  ].join(' && ');
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const { tlsa } = makeCertificate(session);
    const chain = makeChain(session);
    const anchors = await startServers(session, domainsFor(tlsa, chain.tlsa));
    const folder = `${session.folder}/conf.d`;
    writeConfiguration(folder, anchors);
    const root = process.argv[2] ?? '';
    // The name servers of the lab have port 53 at other addresses of this namespace, and its root has keys of its own.
    const configuration = readFileSync(`${root}/etc/hawser/hawser.conf`, 'utf8')
      .replace('interface: 0.0.0.0', 'interface: 127.0.0.1')
      .replace(/ *interface: ::0\n/, '')
      .replace(/auto-trust-anchor-file: .*/, 'trust-anchor-file: "/etc/hawser/hawser.conf.d/anchor"');
    session.file('hawser.conf', configuration);
    session.start('image', 'unshare', ['-m', 'sh', '-ec', engineScript(session, root)]);
    await waitForAnswer('127.0.0.1', 53, 'version.server CH TXT');
    const mail = startMail(session, chain.pem, ZONES);
    const recipients = ZONES.map((zone) => `dane@${zone}`);
    for (const recipient of recipients) await submit(SUBMIT_PORT, recipient);
    const ends = await deliveries(mail.sender.log, recipients);
    console.log(JSON.stringify({ ends, log: mail.sender.log(), image: session.log('image') }));
    mail.stop();
  } catch (error) {
    console.error(session.log('image'));
    throw error;
  } finally {
    await session.stop();
  }
}

function writeConfiguration(folder: string, anchors: readonly string[]): void {
  mkdirSync(folder);
  writeFileSync(`${folder}/hints`, `. 3600000 NS r0.rootservers.\nr0.rootservers. 3600000 A ${AT.root}\n`);
  writeFileSync(`${folder}/anchor`, anchors.map((rdata) => `. 3600 IN DS ${rdata}\n`).join(''));
  const inImage = '/etc/hawser/hawser.conf.d';
  writeFileSync(`${folder}/lab.conf`, `server:\n  root-hints: "${inImage}/hints"\n`);
}

await main();
process.exit(0);
