/** Connections to a mail host that stay open for the caller: in clear, or after STARTTLS with whatever certificate it shows. */

import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Certificate } from '../ports/certificates.ts';
import type { Dialogue, TlsProbed } from '../ports/tls-probe.ts';
import { certificateChainOf, talk } from './node-tls-probe.ts';

interface MailSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
  /** Milliseconds until all of it is done. */
  readonly timeoutMs: number;
}

interface TlsOptions extends MailSocketOptions {
  /** The talk that leads to TLS. */
  readonly dialogue: Dialogue;
  /** For SNI. */
  readonly serverName: string;
}

/** A connection, or why there is none. */
type MailSocket<T> =
  | { readonly ok: true; readonly socket: T }
  | { readonly ok: false; readonly step: (TlsProbed & { readonly kind: 'failed' })['step']; readonly text: string };

/** A connection that is handed over. */
export type MailConnection = Socket;

/** One that nothing was said on. */
export function openMailSocket(options: MailSocketOptions): Promise<MailSocket<Socket>> {
  return open<Socket>(options, (socket, settle) => settle({ ok: true, socket }));
}

/** One inside TLS, with the certificates that were shown; these are for the caller to judge. */
export async function openTlsMailSocket(
  options: TlsOptions,
): Promise<MailSocket<{ readonly tls: TLSSocket; readonly chain: readonly Certificate[] }>> {
  return await open(options, (socket, settle) => {
    const secure = (): void => {
      // Authorities of this host have no say, so that the chain is what the peer sent.
      const tls = connectTls({ socket, rejectUnauthorized: false, ca: [], servername: options.serverName });
      tls.once('error', (error) => settle({ ok: false, step: 'tls', text: error.message }));
      tls.once('secureConnect', () => settle({ ok: true, socket: { tls, chain: certificateChainOf(tls) } }));
    };
    talk(socket, options.dialogue, {
      secure,
      settle: (probed) => {
        if (probed.kind === 'failed') settle({ ok: false, step: probed.step, text: probed.text });
      },
    });
  });
}

function open<T>(
  { host, port, lookup, timeoutMs }: MailSocketOptions,
  connected: (socket: Socket, settle: (end: MailSocket<T>) => void) => void,
): Promise<MailSocket<T>> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, lookup, autoSelectFamily: true });
    const onError = (error: Error): void => settle({ ok: false, step: 'connect', text: error.message });
    const onClose = (): void => settle({ ok: false, step: 'protocol', text: 'the peer closed the connection' });
    const settle = (end: MailSocket<T>): void => {
      clearTimeout(timer);
      socket.off('close', onClose);
      if (end.ok) socket.off('error', onError);
      else socket.destroy();
      resolve(end);
    };
    const timer = setTimeout(
      () => settle({ ok: false, step: 'timeout', text: `no connection in ${timeoutMs} ms` }),
      timeoutMs,
    );
    socket.on('error', onError).once('close', onClose);
    socket.once('connect', () => connected(socket, settle));
  });
}
