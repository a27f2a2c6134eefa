/**
 * Session: the commands of one guide in their order, on a copy-on-write copy of this host with real packages, in a signed world where
 * example.org has DANE and a real Postfix that receives. Argument: the page. Prints one line of JSON: each step with its output.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CopiedHost } from './copied-host.ts';
import { dig, Session } from './daemons.ts';
import { AT, apex, mailZone, makeCertificate, startServers } from './dane-world.ts';
import { readGuide } from './guide-text.ts';
import { makeChain, startReceiver } from './mail-domains.ts';
import { addAddress, startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';

const [page = '', packages = '', eximPackages = ''] = process.argv.slice(2);

interface Ran {
  readonly commands: string;
  readonly status: number;
  readonly output: string;
}

/** The root and `org.`, in which example.org is delegated to the copy, without a DS until the registrar gets one. */
async function startParent(session: Session) {
  const plan = { signer: 'bind', algorithms: [13], denial: 'nsec' } as const;
  let serial = 1;
  const org = (ds: string, algorithms: readonly number[]) => {
    const text = apex('org.', AT.root).replace(' h. 1 ', ` h. ${serial++} `);
    const below = `example.org. NS ns1.example.org.\nns1.example.org. A ${AT.zones}\n${ds}`;
    return signZone(session.folder, { ...plan, algorithms, zone: 'org.', text: text + below });
  };
  const first = org('', [13]);
  const down = `org. NS ns1.org.\nns1.org. A ${AT.root}\n${first.ds[2].map((rdata) => `org. DS ${rdata}\n`).join('')}`;
  const root = signZone(session.folder, { ...plan, zone: '.', text: apex('.', AT.root) + down });
  await startAuthority(session, { program: 'nsd', address: AT.root, zones: [root, first] });
  const folder = join(session.folder, `nsd-${AT.root}-53`);
  const delegate = async (ds: string): Promise<void> => {
    writeFileSync(join(folder, 'org.zone'), org(`example.org. DS ${ds}\n`, []).text);
    process.kill(Number(readFileSync(join(folder, 'nsd.pid'), 'utf8')), 'SIGHUP');
    for (let tries = 0; tries < 100; tries++) {
      if (dig(AT.root, 53, ['example.org', 'DS', '+short', '+norec']).trim() !== '') return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the DS is not published');
  };
  return { anchors: root.ds[2], delegate };
}

/** What stands for the Internet and for a host as it was before: our root and its anchor, a log, an old resolv.conf. */
async function prepare(host: CopiedHost, anchors: readonly string[]): Promise<void> {
  await host.prepare({
    '/etc/test-world/hints': `. 3600000 NS r0.rootservers.\nr0.rootservers. 3600000 A ${AT.root}\n`,
    '/usr/share/dns/root.key': anchors.map((rdata) => `. 3600 IN DS ${rdata}\n`).join(''),
    '/etc/hawser/hawser.conf.d/test-world.conf': 'server:\n  root-hints: "/etc/test-world/hints"\n',
    '/etc/resolv.conf': 'nameserver 192.0.2.53\n',
    '/etc/bind/named.conf.options': `options { directory "/var/cache/bind"; listen-on { ${AT.zones}; }; listen-on-v6 { none; }; recursion no; };\n`,
    // Only what is given to it can be installed.
    '/etc/apt/apt.conf.d/99-test': 'APT::Install-Recommends "false";\n',
  });
  const debs = [packages, eximPackages].flatMap((folder) =>
    folder === ''
      ? []
      : readdirSync(folder)
          .filter((name) => name.endsWith('.deb'))
          .map((name) => join(folder, name)),
  );
  const archives = debs.filter((path) => !basename(path).startsWith('hawser'));
  const own = debs.find((path) => basename(path).startsWith('hawser_')) ?? '';
  const inside = page === 'guide-receiving.md' ? `127.0.0.1,${AT.mail}` : 'loopback-only';
  // The next pages begin where the first steps of another one end.
  const isBegun = ['guide-receiving.md', 'troubleshooting.md'].includes(page);
  const steps = [
    // No maps of this host's own, and a log where one expects it.
    'mkdir -p /var/spool/postfix/etc && rm -rf /var/lib/hawser /etc/hawser/hawser.conf /etc/unbound',
    `postconf -e maillog_file=/var/log/mail.log maillog_file_prefixes=/var/log inet_interfaces=${inside} inet_protocols=ipv4 myhostname=client.test mydestination= alias_maps=`,
    'ln -sf /bin/true /usr/local/sbin/newaliases',
    `cp ${own} /root/`,
    ...(isBegun
      ? [
          `dpkg -i /root/${basename(own)}`,
          'systemctl start hawser',
          'hawser resolvconf install',
          'cp /etc/resolv.conf /var/spool/postfix/etc/',
        ]
      : []),
    ...archives.map((path) => `cp '${path}' /var/cache/apt/archives/`),
  ];
  for (const step of steps) {
    const { status, output } = await host.run(step);
    if (status !== 0) throw new Error(`${step}\n${output}`);
  }
}

async function main(): Promise<void> {
  const session = new Session();
  const receiver = { stop: (): void => {} };
  let host: CopiedHost | null = null;
  try {
    const { tlsa } = makeCertificate(session);
    const chain = makeChain(session);
    // Who receives signs and publishes example.org in the copy; else it is there, with a mail host.
    const isReceiving = page === 'guide-receiving.md';
    const parent = isReceiving ? await startParent(session) : null;
    const domain = { zone: 'example.org.', text: mailZone('example.org.', [tlsa]), isSigned: true };
    const anchors = parent === null ? await startServers(session, [domain]) : parent.anchors;
    if (isReceiving) for (const address of [AT.zones, AT.mail]) addAddress(address);
    else receiver.stop = startReceiver(session, chain.pem).stop;
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    host = new CopiedHost(session);
    await prepare(host, anchors);
    const ran: Ran[] = [];
    for (const { commands } of readGuide(page)) {
      const { status, output } = await host.run(`cd /root\n${commands}`);
      ran.push({ commands, status, output });
      // The registrar.
      const ds = /^example\.org\. IN DS (.+)$/m.exec(output)?.[1];
      if (parent !== null && ds !== undefined) await parent.delegate(ds);
      if (status !== 0) break;
    }
    console.log(JSON.stringify(ran));
  } finally {
    await host?.stop();
    receiver.stop();
    await session.stop();
  }
}

await main();
process.exit(0);
