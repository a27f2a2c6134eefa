/**
 * The network as datagrams and byte streams. Nothing here knows DNS: ids, ports, retries, framing are the resolver's.
 *
 * Contract: callbacks never run inside the call that registered them. Bytes handed to a callback belong to the callee
 * only until it returns, unless it copies them. Bytes given to `send` and `write` may be reused by the caller at once.
 */

/** An IP address in canonical text (RFC 5952 for IPv6, no zone) and a port. */
export interface Address {
  readonly ip: string;
  readonly port: number;
}

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Address;
}

/**
 * Why the system refused an operation. `unreachable`: no route or address family not there. `exhausted`: this process or host
 * has no descriptors or memory left for one more socket.
 */
export interface NetworkError {
  readonly kind:
    | 'unreachable'
    | 'refused'
    | 'reset'
    | 'in-use'
    | 'not-permitted'
    | 'exhausted'
    | 'timeout'
    | 'tls'
    | 'other';
  /** The system's own words. */
  readonly text: string;
}

/** A result that is a value or an error; never thrown. */
export type Opened<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: NetworkError };

/**
 * Binds an address that the host does not have (yet), as Linux's IP_FREEBIND or IP_TRANSPARENT (which takes a privilege, and what
 * a firewall leads here) let one. An adapter that cannot leaves it, and the address is `unreachable`.
 */
export type ForeignBinding = 'freebind' | 'transparent';

/** How to open a UDP socket. What is called back is called on this object, which is kept: it may be whoever waits for the datagrams. */
export interface UdpOptions {
  /** Local address; ip `0.0.0.0` or `::` for any, with its zone (`fe80::1%eth0`) where it has one; port 0: the system's choice. */
  readonly local: Address;
  /** When given, the socket is connected: only datagrams from there arrive, and ICMP errors are reported. */
  readonly remote?: Address;
  /** Several sockets on one port share the load (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /**
   * Whoever likes sends here, for as long as the process runs: an adapter may take and send many datagrams of such a socket at
   * a time. Others live for one question.
   */
  readonly isForClients?: boolean;
  readonly bindForeign?: ForeignBinding | undefined;
  /** Socket buffer sizes in octets; absent or 0: the system's default. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  /**
   * Datagrams that arrived together, in order; a plain adapter gives batches of one. List and datagrams are used again after
   * the return; a sender (`from`) may be kept, and is what a reply should be sent to.
   */
  readonly onDatagrams: (batch: readonly Datagram[]) => void;
  /**
   * The same for datagrams that front threads of this process took at this address and hand over. With it they get sockets
   * there, where there are such threads; what they answer is not seen here.
   */
  readonly onPassedOn?: (batch: readonly Datagram[]) => void;
  /** An error of the socket (for a connected one also ICMP errors). The socket stays open until `close`. */
  readonly onError: (error: NetworkError) => void;
}

export interface UdpSocket {
  readonly local: Address;
  /** Changes the sizes of the socket's buffers, in octets; 0 leaves one as it is. Errors come to `onError`. */
  setBuffers(receiveBytes: number, sendBytes: number): void;
  /** Sends the first `length` octets of `bytes`; never throws, errors come to `onError`. */
  send(bytes: Uint8Array, length: number, to: Address): void;
  close(): void;
}

/** What happens on a byte stream. */
export interface StreamEvents {
  readonly onData: (bytes: Uint8Array) => void;
  /** The stream has ended, by either side, with or without an error. Called exactly once. */
  readonly onClose: (error: NetworkError | null) => void;
  /** The write buffer has drained after `write` returned false. */
  readonly onDrain?: () => void;
}

/** An open byte stream (TCP or TLS). */
export interface ByteStream {
  readonly local: Address;
  /** The other end; behind a proxy the proxy's client. */
  readonly remote: Address;
  /** TLS took up an earlier session (RFC 8446 §2.2); absent or false: it did not, or there is no TLS. */
  readonly isResumed?: boolean;
  /** Octets of the preface that came before it; absent: none. */
  readonly prefaceOctets?: number;
  /** Queues octets; false when the reader is slow and the caller should wait for `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Stops and restarts reading, for back-pressure. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** TLS towards an upstream: the name that its certificate must hold (null: encrypt without checking, unless said otherwise below). */
export interface TlsClientOptions {
  readonly serverName: string | null;
  /** The name to ask for where none is checked (RFC 6066 §3); absent: `serverName`, or none. */
  readonly indicatedName?: string;
  /** PEM text of the certificate authorities to trust. */
  readonly authorities?: string;
  /** True: its certificate must come from one of these also where no name is checked. Absent: only where one is. */
  readonly checksIssuer?: boolean;
  /** SHA-256 digests of public keys in base64, of which the server must have one (RFC 7858 §4.2); absent: any key will do. */
  readonly pins?: readonly string[];
  /** False: no name is sent, also where one is checked (RFC 6066 §3: it goes unencrypted). Absent: it is. */
  readonly sendsName?: boolean;
  /** Protocols that are offered to be spoken inside (RFC 7301); absent: none. A server that knows none takes no notice. */
  readonly protocols?: readonly string[];
  /** Least and greatest version; absent: 1.2 and 1.3. */
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** PEM text of what is shown to a server that wants to know its clients; absent: nothing. */
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
}

export interface ConnectOptions extends StreamEvents {
  /** An address, or the path of a unix socket (without TLS). */
  readonly remote: Address | { readonly path: string };
  /** Local ip to bind to; absent: the system's choice. */
  readonly localIp?: string;
  readonly bindForeign?: ForeignBinding | undefined;
  readonly tls?: TlsClientOptions;
  /** Gives up connecting after so many milliseconds, with error kind `timeout`. */
  readonly timeoutMs: number;
}

/** TLS as a server (control channel, DNS over TLS). */
export interface TlsServerOptions {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** When given, clients must show a certificate signed by this authority. */
  readonly clientAuthorityPem?: string;
  /** Protocols that are spoken inside (RFC 7301); a client that names only others is refused. Absent: none is agreed on. */
  readonly protocols?: readonly string[];
  /** Lists as OpenSSL writes them: up to TLS 1.2, and of TLS 1.3; absent: the system's. */
  readonly ciphers?: string;
  readonly cipherSuites?: string;
  /** Least and greatest version; absent: 1.2 and 1.3. */
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** Secret octets that session tickets are encrypted with, the same on all hosts of a farm; absent: random ones. */
  readonly ticketSecret?: Uint8Array;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** What comes before a stream, as far as it has come. */
export type Preface =
  | {
      readonly kind: 'whole';
      /** Its octets; what follows is the stream's. */
      readonly octets: number;
      /** Whom the stream is from; null: the other end of the connection. */
      readonly client: Address | null;
    }
  | { readonly kind: 'more' }
  /** The connection is closed. */
  | { readonly kind: 'malformed' };

/** Lets clients into the TLS handshake, and learns how that ended. */
export interface HandshakeWatch {
  /** False: it may not begin, and the connection is closed. */
  begin(remote: Address): boolean;
  /** One that had begun has ended; `isDone`: by agreement. */
  end(remote: Address, isDone: boolean): void;
}

/** Which of a key and a certificate TLS cannot use, that they do not fit each other, or what else; null: it can use all of it. */
export type TlsKeyCheck = (
  options: TlsServerOptions,
) => { readonly of: 'key' | 'certificate' | 'pair' | 'rules'; readonly text: string } | null;

/** How to listen for streams. */
export interface ListenOptions {
  /** An address, with its zone where it has one, or the path of a unix socket, which its owner and its group may use. */
  readonly local: Address | { readonly path: string };
  readonly reusePort?: boolean;
  readonly bindForeign?: ForeignBinding | undefined;
  readonly tls?: TlsServerOptions;
  /**
   * Read from each connection before anything else, TLS included: gets all octets that have come, and from where (PROXY protocol).
   */
  readonly preface?: (bytes: Uint8Array, remote: Address) => Preface;
  readonly handshakes?: HandshakeWatch;
  /** False: small segments wait for more (Nagle's algorithm). Default true: they are sent at once. */
  readonly noDelay?: boolean;
  /** Connections open at once, those in their TLS handshake among them; more are closed as they come. */
  readonly maxConnections?: number;
  /**
   * Connections before or in their TLS handshake at once; above that the one that takes longest is closed, so that newcomers have
   * a chance.
   */
  readonly maxHandshakes?: number;
  /** A new connection; the returned events are bound to it. Null refuses it at once. */
  readonly onConnection: (stream: ByteStream) => StreamEvents | null;
  readonly onError: (error: NetworkError) => void;
}

export interface Listener {
  /** The address that is listened on (with the port that the system chose); port 0 for a unix socket. */
  readonly local: Address;
  /** Handshakes from now on are by this key, certificate and these rules; the protocols stay. Without effect where there is no TLS. */
  useTls(options: TlsServerOptions): void;
  close(): void;
}

export interface Network {
  openUdp(options: UdpOptions): Opened<UdpSocket> | Promise<Opened<UdpSocket>>;
  connect(options: ConnectOptions): Promise<Opened<ByteStream>>;
  listen(options: ListenOptions): Promise<Opened<Listener>>;
}
