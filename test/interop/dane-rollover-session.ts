/**
 * Session: a roll-over of a key from the first record to the last, with two real name servers of which one lags, a real Postfix
 * that shows the certificate, and the hook that certbot and acme.sh call. Prints one line of JSON: each step's exit status and text.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dig, Session } from './daemons.ts';
import { AT, apex } from './dane-world.ts';
import { startPostfix } from './postfix.ts';
import { findProgram, PROJECT } from './programs.ts';
import { addAddress, startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';

const SECOND = '198.51.100.3';
const ZONE = 'roll.org.';
const DAY_SECONDS = 86_400;
const HAWSER = join(PROJECT, 'bin/hawser');

interface Identity {
  readonly key: string;
  readonly cert: string;
  readonly tlsa: string;
}

function makeIdentity(session: Session, name: string): Identity {
  const [key, cert] = [join(session.folder, `${name}.key`), join(session.folder, `${name}.pem`)] as const;
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, '-subj', '/CN=mx.roll.org'], {
    stdio: 'ignore',
  });
  const pipe = `openssl x509 -in ${cert} -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum`;
  const digest = execFileSync('sh', ['-c', pipe], { encoding: 'utf8' }).split(' ')[0];
  return { key, cert, tlsa: `3 1 1 ${digest}` };
}

let serial = 1;

/** The zone with these records, signed with the keys of the first time. */
function zoneWith(session: Session, tlsas: readonly string[], isFirst = false) {
  const records = tlsas.map((data) => `_25._tcp.mx.${ZONE} TLSA ${data}\n`).join('');
  const base = apex(ZONE, AT.zones).replace(' h. 1 ', ` h. ${serial++} `);
  const text = `${base}${ZONE} NS ns2.${ZONE}\nns2.${ZONE} A ${SECOND}\n${ZONE} MX 10 mx\nmx.${ZONE} A ${AT.mail}\n${records}`;
  return signZone(session.folder, {
    zone: ZONE,
    text,
    signer: 'bind',
    algorithms: isFirst ? [13] : [],
    denial: 'nsec',
  });
}

/** Gives one server a set, and waits until it serves it. */
async function publish(session: Session, address: string, tlsas: readonly string[]): Promise<void> {
  const folder = join(session.folder, `nsd-${address}-53`);
  writeFileSync(join(folder, 'roll.org.zone'), zoneWith(session, tlsas).text);
  process.kill(Number(readFileSync(join(folder, 'nsd.pid'), 'utf8')), 'SIGHUP');
  const wanted = tlsas.map((one) => one.split(' ')[3]?.toUpperCase()).sort();
  for (let tries = 0; tries < 100; tries++) {
    const shown = dig(address, 53, [`_25._tcp.mx.${ZONE}`, 'TLSA', '+short', '+norec'])
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(3).join(''))
      .sort();
    if (shown.join() === wanted.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${address} does not serve ${tlsas.join(', ')}`);
}

async function startServers(session: Session, tlsas: readonly string[]): Promise<readonly string[]> {
  const zone = zoneWith(session, tlsas, true);
  const ds = (name: string, rdatas: readonly string[]): string =>
    rdatas.map((rdata) => `${name} DS ${rdata}\n`).join('');
  const glue = `${ZONE} NS ns1.${ZONE}\n${ZONE} NS ns2.${ZONE}\nns1.${ZONE} A ${AT.zones}\nns2.${ZONE} A ${SECOND}\n`;
  const plan = { signer: 'bind', algorithms: [13], denial: 'nsec' } as const;
  const org = signZone(session.folder, {
    ...plan,
    zone: 'org.',
    text: apex('org.', AT.root) + glue + ds(ZONE, zone.ds[2]),
  });
  const down = `org. NS ns1.org.\nns1.org. A ${AT.root}\n${ds('org.', org.ds[2])}`;
  const root = signZone(session.folder, { ...plan, zone: '.', text: apex('.', AT.root) + down });
  await startAuthority(session, { program: 'nsd', address: AT.root, zones: [root, org] });
  for (const address of [AT.zones, SECOND]) await startAuthority(session, { program: 'nsd', address, zones: [zone] });
  return root.ds[2];
}

/** Postfix with a chain file that the hook replaces. */
function startMail(session: Session, identity: Identity) {
  addAddress(AT.mail);
  const chain = join(session.folder, 'tls.pem');
  writeFileSync(chain, readFileSync(identity.key, 'utf8') + readFileSync(identity.cert, 'utf8'));
  const service = `${AT.mail}:25 inet n - n - - smtpd -o smtpd_tls_security_level=may -o smtpd_tls_chain_files=${chain}`;
  const settings = ['myhostname = mx.roll.org', 'mydestination ='];
  const postfix = startPostfix(session, {
    name: 'mx',
    resolv: 'nameserver 127.0.0.1\n',
    settings,
    services: [service],
  });
  return { ...postfix, chain };
}

interface Ran {
  readonly status: number | null;
  readonly text: string;
}

function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      text += piece;
    });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, text })));
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const [old, next, third] = ['old', 'next', 'third'].map((name) => makeIdentity(session, name)) as [
      Identity,
      Identity,
      Identity,
    ];
    const anchors = await startServers(session, [old.tlsa]);
    const mail = startMail(session, old);
    const hints = session.file('hints', `. 3600000 NS r0.rootservers.\nr0.rootservers. 3600000 A ${AT.root}\n`);
    const anchor = session.file('anchor', anchors.map((rdata) => `. 3600 IN DS ${rdata}\n`).join(''));
    const config = session.file('own.conf', `server:\n  root-hints: "${hints}"\n  trust-anchor-file: "${anchor}"\n`);
    mkdirSync(join(session.folder, 'state'));
    const state = join(session.folder, 'state/mx.json');
    const own = ['--state', state, '-C', config, '-4'];
    const look = (...words: string[]): Promise<Ran> => run(HAWSER, ['dane', 'rollover', ...words, ...own]);
    const hook = (identity: Identity): Promise<Ran> =>
      run(join(PROJECT, 'packaging/hooks/dane-install-certificate'), [identity.key, identity.cert], {
        HAWSER,
        HAWSER_ROLLOVER_STATE: state,
        HAWSER_ROLLOVER_OPTIONS: `-C ${config} -4`,
        HAWSER_CHAIN_FILE: mail.chain,
        HAWSER_RELOAD: `${findProgram('postfix')} -c ${mail.config} reload`,
      });
    /** As if the last looks had been a day earlier. */
    const age = (): void => {
      const value = JSON.parse(readFileSync(state, 'utf8')) as { bothSince: number };
      writeFileSync(state, JSON.stringify({ ...value, bothSince: value.bothSince - DAY_SECONDS }));
    };
    const steps: Record<string, Ran> = {};
    const both = [old.tlsa, next.tlsa];
    steps.plan = await look('plan', 'mx.roll.org', '--current', old.cert, '--next', next.key);
    steps.planAgain = await look('plan', 'mx.roll.org', '--current', old.cert, '--next', next.key);
    steps.oldOnly = await look('next');
    steps.renewedWithSameKey = await hook(old);
    steps.hookTooEarly = await hook(next);
    await publish(session, AT.zones, both);
    steps.secondLags = await look('status');
    await publish(session, SECOND, both);
    steps.justPublished = await look('next');
    steps.hookStillTooEarly = await hook(next);
    age();
    steps.longEnough = await look('next');
    await publish(session, SECOND, [old.tlsa]);
    steps.secondFellBack = await look('next');
    await publish(session, SECOND, both);
    steps.waitsAnew = await look('next');
    age();
    execFileSync('ip', ['addr', 'del', `${SECOND}/32`, 'dev', 'lo']);
    steps.secondSilent = await look('next');
    addAddress(SECOND);
    steps.thirdKey = await hook(third);
    steps.switched = await hook(next);
    spawnSync('sleep', ['1']);
    steps.afterSwitch = await look('next');
    await publish(session, AT.zones, [next.tlsa]);
    steps.oneRemoved = await look('next');
    await publish(session, SECOND, [next.tlsa]);
    steps.done = await look('next');
    console.log(
      JSON.stringify({
        steps,
        old: old.tlsa,
        next: next.tlsa,
        chain: readFileSync(mail.chain, 'utf8').includes(readFileSync(next.cert, 'utf8')),
      }),
    );
    mail.stop();
  } finally {
    await session.stop();
  }
}

await main();
process.exit(0);
