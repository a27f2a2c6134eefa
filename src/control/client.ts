/**
 * The control program's side of the protocol: its arguments, where it connects, what it sends, what its exit status is.
 *
 * Leaves to others: sockets, files, printing (cli/hawser-control.ts).
 */

import type { Config } from '../config/config.ts';
import { readShortFlags } from '../config/short-flags.ts';
import type { Address } from '../ports/network.ts';
import { parseIp } from '../wire/ip.ts';
import { PROTOCOL_VERSION } from './request-reader.ts';
import { TAKES } from './usage.ts';

/** Exit statuses of unbound-control. */
export const EXIT = { ok: 0, error: 1, stopped: 3 } as const;

export interface ClientArguments {
  readonly configPath: string | null;
  /** `-s`: address, `address@port`, or path of a unix socket. */
  readonly server: string | null;
  readonly quiet: boolean;
  readonly wantsHelp: boolean;
  readonly words: readonly string[];
}

/**
 * Reads the arguments as getopt does, options after the command too; a text when they are wrong. `--` ends the options, and
 * after the command a word that is no option of ours is a word of the command (`set_option val-override-date: -1`).
 */
export function readClientArguments(given: readonly string[]): ClientArguments | string {
  // After the command only what can be nothing else is an option of ours.
  const isMeant = (word: string, before: readonly string[]): boolean =>
    before.length === 0 || /^-[qh]*(?:[qh]|[cs].*)$/.test(word);
  const read = readShortFlags(given, { withValue: 'cs', withoutValue: 'qh', isMeant });
  if (typeof read === 'string') return read;
  const { values, words } = read;
  const last = (flag: string): string | null => values.get(flag)?.at(-1) ?? null;
  return { configPath: last('c'), server: last('s'), quiet: values.has('q'), wantsHelp: values.has('h'), words };
}

export type Target =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly address: Address; readonly usesTls: boolean };

/** The control socket that `-s` or the configuration names; null when it is none. */
export function targetOf({ server, remoteControl }: Config, given: string | null): Target | null {
  const { controlInterface, controlPort, controlUseCert } = remoteControl;
  const first = controlInterface[0];
  const standard = server.doIp4 ? '127.0.0.1' : '::1';
  const target = given ?? (first === undefined ? standard : first.target);
  if (target.startsWith('/')) return { kind: 'unix', path: target };
  const [ip = '', portText] = target.split('@');
  const port = portText === undefined ? ((given === null ? first?.port : null) ?? controlPort) : Number(portText);
  if (parseIp(ip) === null || !Number.isInteger(port)) return null;
  return { kind: 'tcp', address: { ip: reachable(ip), port }, usesTls: controlUseCert };
}

/** "Any address" is listened on; what is connected to is loopback. */
function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' || ip === '::0' ? '::1' : ip;
}

/** The command's line, in the form of Unbound's program: magic, then a blank before each word. */
export function requestLine(words: readonly string[]): string {
  return `UBCT${PROTOCOL_VERSION} ${words.map((word) => ` ${word}`).join('')}\n`;
}

/** What follows the command's line: the lines of standard input, with the mark that ends them where there is one. */
export function inputOf(words: readonly string[]): 'none' | 'lines' | 'dump' {
  const [command = ''] = words;
  if (command === 'load_cache') return 'dump';
  return TAKES.get(command) === 'lines' ? 'lines' : 'none';
}

/** The mark that ends the lines of a bulk command. */
export const END_OF_LINES = '\x04\n';

/** True when the reply says that the command failed. */
export function isErrorReply(start: string): boolean {
  return start.startsWith('error');
}

/** `ip port n`, or the path, as error lines name the place. */
export function targetText(target: Target): string {
  return target.kind === 'unix' ? target.path : `${target.address.ip} port ${target.address.port}`;
}
