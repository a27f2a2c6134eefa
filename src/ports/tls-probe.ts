/** Looking at the TLS of a peer: who answers, what comes before TLS (STARTTLS), which certificates are shown. */

import type { Certificate } from './certificates.ts';
import type { Address } from './network.ts';

/** What to do after a piece of text from the peer. */
export type DialogueStep =
  | { readonly kind: 'more'; readonly send: string | null }
  /** The peer is ready for the TLS handshake. */
  | { readonly kind: 'ready' }
  /** `no-starttls`: the peer speaks the protocol but offers or grants no TLS. */
  | { readonly kind: 'refused'; readonly how: 'no-starttls' | 'protocol'; readonly why: string };

/** The talk that leads to TLS. */
export interface Dialogue {
  /** Takes text (octets as Latin-1) as it comes. */
  take(text: string): DialogueStep;
  /** Said inside TLS before leaving, so that the peer logs no lost connection; null: nothing. */
  readonly farewell: string | null;
}

export interface TlsProbeRequest {
  readonly remote: Address;
  /** Name for SNI (RFC 6066 §3); null: none. */
  readonly serverName: string | null;
  /** Null: TLS from the first octet. */
  readonly dialogue: Dialogue | null;
  /** Milliseconds for all of it. */
  readonly timeoutMs: number;
  /** Certificates of which keys are asked for; a server may have one of each kind. */
  readonly signatures: 'any' | 'rsa' | 'ecdsa';
  /** Whether the public authorities are to be asked about the chain (usages 0 and 1). */
  readonly checksPkix: boolean;
}

export type TlsProbed =
  | {
      readonly kind: 'tls';
      /** For instance `TLSv1.3`. */
      readonly protocol: string;
      readonly cipher: string;
      /** As sent, the peer's own first. */
      readonly chain: readonly Certificate[];
      /** Whether the public authorities vouch for chain and name; null: not tried. */
      readonly pkix: boolean | null;
    }
  | {
      readonly kind: 'failed';
      readonly step: 'connect' | 'no-starttls' | 'protocol' | 'tls' | 'timeout';
      readonly text: string;
    };

export interface TlsProbe {
  /** Looks at one address. Never rejects. */
  probe(request: TlsProbeRequest): Promise<TlsProbed>;
}
