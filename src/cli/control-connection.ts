/** The way to a running daemon: its control socket, by the configuration that it was started with. */

import { connect, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { createNodeFiles } from '../adapters/node-files.ts';
import { nodeTls, tlsFault } from '../adapters/node-tls.ts';
import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import { isErrorReply, requestLine, type Target, targetOf, targetText } from '../control/client.ts';

/** Name that the daemon's certificate holds. */
const SERVER_NAME = 'unbound';
/** What the system says, in the words of strerror. */
const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  ECONNRESET: 'Connection reset by peer',
};
/** Octets of a reply that are kept for a program: statistics and a report with a long chain are far below. */
const MAX_REPLY_OCTETS = 16_000_000;
/** Milliseconds for a reply: an explanation asks many servers. */
const REPLY_MS = 60_000;

/** A failure of the system in the words that people know. */
export function systemWords({ code = '', message }: NodeJS.ErrnoException): string {
  return SYSTEM_WORDS[code] ?? message;
}

/** What TLS needs of this side, as PEM. */
interface Keys {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

/** The keys that the place needs, null where it needs none; a text: why they cannot be read. */
export function readKeysFor(config: Config, target: Target): Keys | null | string {
  if (target.kind !== 'tcp' || !target.usesTls) return null;
  const { serverCertFile, controlKeyFile, controlCertFile } = config.remoteControl;
  const texts: string[] = [];
  for (const path of [serverCertFile, controlKeyFile, controlCertFile]) {
    const read = createNodeFiles().readText(absolutePath(config, path));
    if (!read.ok) return `could not read ${path}: ${read.error.text}`;
    texts.push(read.value);
  }
  const [ca = '', key = '', cert = ''] = texts;
  // OpenSSL's words name no file.
  const ofServer = tlsFault({ privateKeyPem: key, certificatePem: ca });
  if (ofServer?.of === 'certificate') return `no certificate in ${serverCertFile}: ${ofServer.text}`;
  const own = tlsFault({ privateKeyPem: key, certificatePem: cert });
  if (own?.of === 'key') return `no private key in ${controlKeyFile}: ${own.text}`;
  if (own?.of === 'certificate') return `no certificate in ${controlCertFile}: ${own.text}`;
  if (own?.of === 'pair') return `${controlKeyFile} is not the key of ${controlCertFile}: ${own.text}`;
  return { ca, key, cert };
}

/** Connects; rejects with the system's error. */
export function openControlSocket(target: Target, keys: Keys | null): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const ready = (socket: Socket, event: 'connect' | 'secureConnect'): void => {
      socket.once('error', reject);
      socket.once(event, () => {
        socket.off('error', reject);
        resolve(socket);
      });
    };
    if (target.kind === 'unix') return ready(connect({ path: target.path }), 'connect');
    const { ip, port } = target.address;
    if (keys === null) return ready(connect({ host: ip, port }), 'connect');
    ready(nodeTls().connect({ host: ip, port, ...keys, servername: SERVER_NAME }), 'secureConnect');
  });
}

/** What the daemon says to a command, or why it says nothing. */
type DaemonReply = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** Runs one command without lines of input. Never rejects. */
export async function askDaemon(config: Config, words: readonly string[]): Promise<DaemonReply> {
  const pieces: string[] = [];
  const heard = await listenToDaemon(config, words, { onText: (text) => pieces.push(text), silenceMs: REPLY_MS });
  return heard.ok ? { ok: true, text: pieces.join('') } : heard;
}

interface Listening {
  /** Takes text as it comes. */
  readonly onText: (text: string) => void;
  /** Milliseconds without a word after which the daemon is given up. */
  readonly silenceMs: number;
}

/** Runs one command, and passes on what it says while it says it. Never rejects. */
export async function listenToDaemon(
  config: Config,
  words: readonly string[],
  listening: Listening,
): Promise<{ readonly ok: true } | { readonly ok: false; readonly why: string }> {
  if (!config.remoteControl.controlEnable) return { ok: false, why: 'control-enable is no in the configuration' };
  const target = targetOf(config, null);
  if (target === null) return { ok: false, why: 'control-interface is no address' };
  const keys = readKeysFor(config, target);
  if (typeof keys === 'string') return { ok: false, why: keys };
  try {
    const error = await readReply(await openControlSocket(target, keys), requestLine(words), listening);
    return error === null ? { ok: true } : { ok: false, why: error };
  } catch (error) {
    return { ok: false, why: `${systemWords(error as NodeJS.ErrnoException)} for ${targetText(target)}` };
  }
}

/** Reads to the end; the error that the daemon tells, or null. */
function readReply(socket: Socket, request: string, { onText, silenceMs }: Listening): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    let start: string | null = null;
    let octets = 0;
    socket.setTimeout(silenceMs, () => socket.destroy(new Error('no reply in time')));
    socket.on('data', (piece: Buffer) => {
      octets += piece.length;
      if (octets > MAX_REPLY_OCTETS) {
        socket.destroy(new Error('the reply is too long'));
        return;
      }
      const text = decoder.write(piece);
      start ??= text;
      if (isErrorReply(start)) start += start === text ? '' : text;
      else onText(text);
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(start !== null && isErrorReply(start) ? start.trim() : null));
    socket.write(request);
  });
}
