/** What the sessions of encrypted clients share: certificates by openssl, Hawser that serves by them, and its clients. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dig, parseDigReplies, type Session } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

/** The name that certificates hold. */
export const SERVICE_NAME = 'dns.example';
export const PLAIN_PORT = 5300;
export const TLS_PORT = 8853;

/** Paths of a key and its certificate. */
export interface KeyFiles {
  readonly key: string;
  readonly certificate: string;
}

/** Makes a pair for the name; `name` begins the names of the files. */
export function makeKeyFiles(session: Session, name: string): KeyFiles {
  const files = { key: join(session.folder, `${name}.key`), certificate: join(session.folder, `${name}.pem`) };
  const subject = ['-subj', `/CN=${SERVICE_NAME}`, '-addext', `subjectAltName=DNS:${SERVICE_NAME}`, '-days', '2'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', files.key, '-out', files.certificate, ...subject], {
    stdio: 'ignore',
  });
  return files;
}

/** A configuration that answers `www.example.` plainly and over TLS, without asking anybody. */
export function serviceConfig({ key, certificate }: KeyFiles, more: readonly string[] = []): string {
  const lines = [
    `interface: 127.0.0.1@${PLAIN_PORT}`,
    `interface: 127.0.0.1@${TLS_PORT}`,
    `tls-port: ${TLS_PORT}`,
    `tls-service-key: "${key}"`,
    `tls-service-pem: "${certificate}"`,
    'username: ""',
    'chroot: ""',
    'pidfile: ""',
    'use-syslog: no',
    'module-config: "iterator"',
    'extended-statistics: yes',
    'local-zone: "example." static',
    'local-data: "www.example. A 192.0.2.80"',
    ...more,
  ];
  return `server:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** What a program prints, whatever it ends with; its errors too. */
export function outputOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 15_000, env });
  return `${stdout}${stderr}`;
}

/** What kdig got: `status addresses`, or `failed`. */
export function kdig(words: readonly string[], port = TLS_PORT): string {
  const text = outputOf('kdig', [
    '@127.0.0.1',
    '-p',
    String(port),
    '+retry=0',
    '+time=3',
    ...words,
    'www.example',
    'A',
  ]);
  const status = /opcode: QUERY; status: (\w+)/.exec(text)?.[1];
  const addresses = [...text.matchAll(/\sIN\s+A\s+(\d\S+)/g)].map((match) => match[1]);
  return status === undefined ? 'failed' : [status, ...addresses].join(' ');
}

/** What dig got from a forwarder before Hawser, as soon as that answers with success; the last status after 10 s. */
export async function throughForwarder(port: number, server = '127.0.0.1'): Promise<string> {
  const giveUpAt = Date.now() + 10_000;
  for (;;) {
    const [reply] = parseDigReplies(dig(server, port, ['www.example.', 'A', '+time=2', '+tries=1']));
    if (reply?.status === 'NOERROR' || Date.now() > giveUpAt) return reply?.status ?? 'no reply';
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The counters of the running daemon, as they are now, by name. */
export function statistics(session: Session): (name: string) => number {
  const lines = control(session, 'stats_noreset').split('\n');
  const values = new Map(lines.map((line) => line.split('=') as [string, string]));
  return (name) => Number(values.get(name) ?? Number.NaN);
}

/** Asks the running daemon for something. */
export function control(session: Session, ...words: readonly string[]): string {
  return outputOf(join(PROJECT, 'bin/hawser-control'), ['-c', join(session.folder, 'hawser.conf'), ...words]);
}

/** systemd's resolver; null where it is not installed. */
export function findResolved(): string | null {
  const places = [
    process.env.SYSTEMD_RESOLVED ?? '',
    '/lib/systemd/systemd-resolved',
    '/usr/lib/systemd/systemd-resolved',
  ];
  return places.find((path) => path !== '' && existsSync(path)) ?? findProgram('systemd-resolved');
}
