/** The way to a running daemon: its control socket, by the configuration that it was started with. */

import { connect, type Socket } from 'node:net';
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
  if (!config.remoteControl.controlEnable) return { ok: false, why: 'control-enable is no in the configuration' };
  const target = targetOf(config, null);
  if (target === null) return { ok: false, why: 'control-interface is no address' };
  const keys = readKeysFor(config, target);
  if (typeof keys === 'string') return { ok: false, why: keys };
  try {
    const text = await readAll(await openControlSocket(target, keys), requestLine(words));
    return isErrorReply(text) ? { ok: false, why: text.trim() } : { ok: true, text };
  } catch (error) {
    return { ok: false, why: `${systemWords(error as NodeJS.ErrnoException)} for ${targetText(target)}` };
  }
}

function readAll(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let octets = 0;
    socket.setTimeout(REPLY_MS, () => socket.destroy(new Error('no reply in time')));
    socket.on('data', (piece: Buffer) => {
      octets += piece.length;
      pieces.push(piece);
      if (octets > MAX_REPLY_OCTETS) socket.destroy(new Error('the reply is too long'));
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(pieces).toString('utf8')));
    socket.write(request);
  });
}
