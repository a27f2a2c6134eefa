/** Looks at a peer's TLS with node:net and node:tls. Checks nothing: certificates are taken whatever they are. */

import type { X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { Certificate } from '../ports/certificates.ts';
import type { Dialogue, TlsProbe, TlsProbed, TlsProbeRequest } from '../ports/tls-probe.ts';
import { certificateOf } from './node-certificates.ts';

/** Certificates that are taken from a peer. */
const MAX_CERTIFICATES = 10;
/** Milliseconds that the peer may take to close after the farewell. */
const FAREWELL_MS = 1_000;

const SIGNATURES: Readonly<Record<'rsa' | 'ecdsa', Pick<ConnectionOptions, 'sigalgs' | 'ciphers'>>> = {
  rsa: {
    sigalgs: 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:aRSA:!aNULL:!eNULL',
  },
  ecdsa: {
    sigalgs: 'ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:aECDSA:!aNULL:!eNULL',
  },
};

/** The system's network and Node's TLS. */
export function createNodeTlsProbe(): TlsProbe {
  return { probe };
}

function probe(request: TlsProbeRequest): Promise<TlsProbed> {
  return new Promise((resolve) => {
    const { ip, port } = request.remote;
    const socket = connectTcp({ host: ip, port, autoSelectFamily: false, noDelay: true });
    let step: 'connect' | 'protocol' | 'tls' = 'connect';
    const settle = (probed: TlsProbed): void => {
      clearTimeout(timer);
      if (probed.kind === 'failed') socket.destroy();
      resolve(probed);
    };
    const timer = setTimeout(() => {
      const text = `${WAITED_FOR[step]} in ${request.timeoutMs} ms`;
      settle({ kind: 'failed', step: step === 'connect' ? 'connect' : 'timeout', text });
    }, request.timeoutMs);
    socket.on('error', (error) => settle({ kind: 'failed', step, text: error.message }));
    socket.on('close', () => settle({ kind: 'failed', step, text: 'the peer closed the connection' }));
    const secure = (): void => {
      step = 'tls';
      startTls(socket, request, settle);
    };
    socket.once('connect', () => {
      step = 'protocol';
      if (request.dialogue === null) secure();
      else talk(socket, request.dialogue, { secure, settle });
    });
  });
}

const WAITED_FOR = { connect: 'no connection', protocol: 'no whole reply', tls: 'no TLS handshake' } as const;

interface TalkEnds {
  readonly secure: () => void;
  readonly settle: (probed: TlsProbed) => void;
}

/** Talks until the peer is ready for TLS, or will not be. */
export function talk(socket: Socket, dialogue: Dialogue, { secure, settle }: TalkEnds): void {
  const onData = (piece: Buffer): void => {
    const next = dialogue.take(piece.toString('latin1'));
    if (next.kind === 'more') {
      if (next.send !== null) socket.write(next.send, 'latin1');
      return;
    }
    socket.off('data', onData);
    if (next.kind === 'ready') secure();
    else settle({ kind: 'failed', step: next.how === 'no-starttls' ? 'no-starttls' : 'protocol', text: next.why });
  };
  socket.on('data', onData);
}

function startTls(socket: Socket, request: TlsProbeRequest, settle: (probed: TlsProbed) => void): void {
  const { serverName, signatures, checksPkix, dialogue } = request;
  const tls = connectTls({
    socket,
    rejectUnauthorized: false,
    ...(serverName === null ? {} : { servername: serverName }),
    // Without public authorities the chain is what the peer sent, with no certificate from this host put in.
    ...(checksPkix ? {} : { ca: [] }),
    ...(signatures === 'any' ? {} : SIGNATURES[signatures]),
  });
  tls.on('error', (error) => settle({ kind: 'failed', step: 'tls', text: error.message }));
  tls.once('secureConnect', () => {
    const pkix = checksPkix ? tls.authorized : null;
    settle({
      kind: 'tls',
      protocol: tls.getProtocol() ?? '',
      cipher: tls.getCipher().name,
      chain: certificateChainOf(tls),
      pkix,
    });
    tls.resume();
    tls.end(dialogue?.farewell ?? '');
    setTimeout(() => tls.destroy(), FAREWELL_MS).unref();
  });
}

/** The part of a TLSSocket that shows the peer's certificates. */
export type PeerSocket = Pick<TLSSocket, 'getPeerX509Certificate'>;

/** The certificates that the peer sent, its own first. */
export function certificateChainOf(tls: PeerSocket): readonly Certificate[] {
  const chain: Certificate[] = [];
  let next: X509Certificate | undefined = tls.getPeerX509Certificate();
  while (next !== undefined && chain.length < MAX_CERTIFICATES) {
    const certificate = certificateOf(next);
    if (certificate === null) break;
    chain.push(certificate);
    next = next.issuerCertificate;
  }
  return chain;
}
