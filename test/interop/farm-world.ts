/**
 * The farm of docs/farm.md in one namespace, by the very configuration that the page shows: a signed and an unsigned zone, Redis,
 * two Hawsers, dnsdist, a mail host.
 */

import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from './daemons.ts';
import { waitForAnswer } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';
import { addAddress, startAuthority } from './real-authorities.ts';
import { signZone } from './real-signers.ts';

/** Addresses of the page, and of the servers of the world. */
export const AT = {
  root: '198.51.100.1',
  zones: '198.51.100.2',
  dnsdist: '10.53.0.10',
  tier: ['10.53.0.11', '10.53.0.12'],
  redis: '10.53.0.13',
  mailHost: '10.53.1.5',
} as const;
/** A port of each Hawser of the tier without PROXY headers, for the test alone. */
export const DIRECT_PORT = 5399;
export const NAMES = 400;
const BIN = join(PROJECT, 'bin');

/** The block of the page that begins with a comment of this path. */
export function pageBlock(path: string): string {
  const page = readFileSync(join(PROJECT, 'docs/farm.md'), 'utf8');
  const blocks = [...page.matchAll(/^```conf\n([\s\S]*?)^```$/gm)].map(([, body = '']) => body);
  const found = blocks.find((body) => body.startsWith(`# ${path}\n`));
  if (found === undefined) throw new Error(`docs/farm.md has no ${path}`);
  return found;
}

/** A Hawser of the farm. */
export interface Host {
  readonly name: string;
  readonly port: number;
  readonly address: string;
  readonly config: string;
  child: ChildProcess;
}

export class Farm {
  readonly session: Session;
  #anchors: readonly string[] = [];

  constructor(session: Session) {
    this.session = session;
  }

  /** The Internet of the farm: a signed root, `org.` and example.org with mail hosts, and plain.org, which is not signed. */
  async startWorld(): Promise<void> {
    const plan = { signer: 'bind', algorithms: [13], denial: 'nsec' } as const;
    const apex = (zone: string, address: string): string =>
      `$TTL 3600\n${zone} SOA ns.${zone === '.' ? 'root.' : zone} h. 1 3600 900 86400 300\n${zone} NS ns.${zone === '.' ? 'root.' : zone}\nns.${zone === '.' ? 'root.' : zone} A ${address}\n`;
    const numbered = (make: (i: number) => string): string => Array.from({ length: NAMES }, (_, i) => make(i)).join('');
    const example = signZone(this.session.folder, {
      ...plan,
      zone: 'example.org.',
      text: `${apex('example.org.', AT.zones)}mx.example.org. A 192.0.2.25\n_25._tcp.mx.example.org. TLSA 3 1 1 ${'ab'.repeat(32)}\n${numbered((i) => `mx${i}.example.org. A 192.0.2.${i % 250}\n`)}`,
    });
    const plain = `${apex('plain.org.', AT.zones)}mx.plain.org. A 192.0.2.26\n${numbered((i) => `mx${i}.plain.org. A 192.0.2.${i % 250}\n`)}`;
    const org = signZone(this.session.folder, {
      ...plan,
      zone: 'org.',
      text: `${apex('org.', AT.root)}example.org. NS ns.example.org.\nns.example.org. A ${AT.zones}\n${example.ds[2].map((ds) => `example.org. DS ${ds}\n`).join('')}plain.org. NS ns.plain.org.\nns.plain.org. A ${AT.zones}\n`,
    });
    const root = signZone(this.session.folder, {
      ...plan,
      zone: '.',
      text: `${apex('.', AT.root)}org. NS ns.org.\nns.org. A ${AT.root}\n${org.ds[2].map((ds) => `org. DS ${ds}\n`).join('')}`,
    });
    this.#anchors = root.ds[2];
    for (const address of [AT.dnsdist, ...AT.tier, AT.redis, AT.mailHost]) addAddress(address);
    await startAuthority(this.session, { program: 'nsd', address: AT.root, zones: [root, org] });
    await startAuthority(this.session, {
      program: 'nsd',
      address: AT.zones,
      zones: [example, { zone: 'plain.org.', text: plain }],
    });
  }

  /** Redis by the page; `name` tells several apart. */
  async startRedis(name = 'redis', more: readonly string[] = []): Promise<ChildProcess> {
    const folder = join(this.session.folder, name);
    mkdirSync(folder, { recursive: true });
    const text = `${pageBlock('/etc/redis/redis.conf')}dir ${folder}\n${more.join('\n')}\n`;
    const child = this.session.start(name, 'redis-server', [this.session.file(`${name}.conf`, text)]);
    const port = /^port (\d+)$/m.exec(more.join('\n'))?.[1] ?? '6379';
    for (let tries = 0; tries < 100; tries++) {
      if (this.redis(['PING'], port).includes('PONG')) return child;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('Redis does not answer');
  }

  /** What redis-cli prints; empty when it fails. */
  redis(words: readonly string[], port = '6379'): string {
    try {
      const where = ['-h', AT.redis, '-p', port, '-a', 'change-this-password', '--no-auth-warning'];
      return execFileSync('redis-cli', [...where, ...words], {
        encoding: 'utf8',
        timeout: 5_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch {
      return '';
    }
  }

  /** A host of the tier by the page, with a port for the test; `change` makes its lines others. */
  async startTier(index: 0 | 1, change = (text: string): string => text, name = `tier${index}`): Promise<Host> {
    const address = AT.tier[index];
    const text = pageBlock('/etc/hawser/hawser.conf.d/tier.conf').replace(
      'interface: 10.53.0.11',
      `interface: ${address}`,
    );
    const more = [
      `interface: ${address}@${DIRECT_PORT}`,
      'access-control: 10.53.0.0/24 allow',
      `root-hints: "${this.session.file('hints', `. 3600000 NS r0.root.\nr0.root. 3600000 A ${AT.root}\n`)}"`,
    ];
    return await this.#startHost(name, { address, port: DIRECT_PORT }, change(text), more);
  }

  async startMailHost(): Promise<Host> {
    const certificate = join(this.session.folder, 'cert.pem');
    const text = pageBlock('/etc/hawser/hawser.conf.d/mail-host.conf').replace('/etc/hawser/farm.pem', certificate);
    const more = [`outgoing-interface: ${AT.mailHost}`, 'do-not-query-localhost: no'];
    return await this.#startHost('mail-host', { address: '127.0.0.1', port: 53 }, text, more);
  }

  /** dnsdist by the page, with a certificate for the name that mail hosts check. */
  startDnsdist(): ChildProcess {
    const { folder } = this.session;
    const subject = ['-subj', '/CN=dns.example.net', '-addext', 'subjectAltName=DNS:dns.example.net', '-days', '2'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...subject], { stdio: 'ignore' });
    const text = pageBlock('/etc/dnsdist/dnsdist.conf')
      .replaceAll('/etc/dnsdist/', `${folder}/`)
      .replaceAll(/^#/gm, '--');
    const config = this.session.file('dnsdist.conf', text);
    return this.session.start('dnsdist', findProgram('dnsdist') as string, [
      '--supervised',
      '--disable-syslog',
      '-C',
      config,
    ]);
  }

  async #startHost(
    name: string,
    { address, port }: { readonly address: string; readonly port: number },
    text: string,
    more: readonly string[],
  ): Promise<Host> {
    const state = join(this.session.folder, `${name}.state`);
    mkdirSync(state, { recursive: true });
    const own = [
      ...more,
      'username: ""',
      'pidfile: ""',
      'use-syslog: no',
      `directory: "${state}"`,
      'extended-statistics: yes',
      ...this.#anchors.map((ds) => `trust-anchor: ". DS ${ds}"`),
    ];
    const control = `remote-control:\n  control-enable: yes\n  control-interface: "${state}/control"\n`;
    const lines = own.map((line) => `    ${line}\n`).join('');
    const whole = text.replaceAll('/var/lib/hawser', state).replace('server:\n', `server:\n${lines}`);
    const host: Host = {
      name,
      address,
      port,
      config: this.session.file(`${name}.conf`, whole + control),
      child: null as never,
    };
    await this.restart(host);
    return host;
  }

  /** Starts a host that is not running. */
  async restart(host: Host): Promise<void> {
    host.child = this.session.start(host.name, process.env.HAWSER ?? join(BIN, 'hawserd'), ['-d', '-c', host.config]);
    for (let tries = 0; ; tries++) {
      try {
        return await waitForAnswer(host.address, host.port, 'version.server CH TXT');
      } catch (error) {
        // A busy machine starts several programs at once.
        if (tries === 3) throw error;
      }
    }
  }

  async stop(host: Host, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const gone = new Promise((resolve) => host.child.once('exit', resolve));
    host.child.kill(signal);
    await gone;
  }

  control(host: Host, ...words: string[]): string {
    return execFileSync(join(BIN, 'hawser-control'), ['-c', host.config, ...words], { encoding: 'utf8' });
  }

  /** Counters by name, as they are now. */
  statistics(host: Host): (name: string) => number {
    const lines = this.control(host, 'stats_noreset').split('\n');
    const values = new Map(lines.map((line) => line.split('=') as [string, string]));
    return (name) => Number(values.get(name) ?? Number.NaN);
  }
}
