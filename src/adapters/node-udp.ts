/** UDP sockets of the system. Datagrams come in batches of one: Node reads one at a time. */

import type { RemoteInfo, Socket } from 'node:dgram';
import type { Address, Datagram, Opened, UdpOptions, UdpSocket } from '../ports/network.ts';
import { withoutZone } from './ip-zone.ts';
import { networkErrorOf } from './network-error.ts';

/**
 * Octets of the block that a listening socket copies replies into before they are sent: a send that the system defers
 * keeps its bytes there. Holds about 500 replies.
 */
const SEND_BLOCK_OCTETS = 262_144;

/** An address whose IPv6 zone (`%eth0`) is kept aside: link-local clients can be answered only through it. */
interface ScopedAddress extends Address {
  readonly scope?: string;
}

type Lookup = (hostname: string, family: number, callback: (error: Error | null, address: string) => void) => void;

/** Addresses are always literals: answering at once saves a trip through the system's resolver for every datagram. */
const literalLookup: Lookup = (hostname, _family, callback) => callback(null, hostname);

/** Opens a socket, bound and, when asked, connected; `fd`: takes this one, which is bound already. */
export function openNodeUdp(options: UdpOptions, fd: number | null = null): Promise<Opened<UdpSocket>> {
  const { local, remote } = options;
  const isSix = local.ip.includes(':');
  // Loaded when it is used first: where the system's own calls are there, it never is.
  const socket = process.getBuiltinModule('node:dgram').createSocket({
    type: isSix ? 'udp6' : 'udp4',
    ...(isSix ? { ipv6Only: true } : {}),
    ...(options.reusePort === true ? { reusePort: true } : {}),
    lookup: literalLookup as never,
  });
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      socket.close();
      resolve({ ok: false, error: networkErrorOf(error) });
    };
    const succeed = (): void => {
      socket.off('error', fail);
      resolve({ ok: true, value: new NodeUdpSocket(socket, options) });
    };
    // Node hands a failure (no route) to the callback, which its types do not say.
    const connected = (error?: Error): void => (error instanceof Error ? fail(error) : succeed());
    socket.once('error', fail);
    const where = fd === null ? { address: local.ip, port: local.port } : { fd };
    socket.bind({ ...where, exclusive: true }, () => {
      setBuffers(socket, options, options);
      if (remote === undefined) succeed();
      else socket.connect(remote.port, remote.ip, connected as () => void);
    });
  });
}

type BufferSizes = Pick<UdpOptions, 'receiveBufferBytes' | 'sendBufferBytes'>;

function setBuffers(socket: Socket, sizes: BufferSizes, owner: Pick<UdpOptions, 'onError'>): void {
  const { receiveBufferBytes = 0, sendBufferBytes = 0 } = sizes;
  try {
    if (receiveBufferBytes > 0) socket.setRecvBufferSize(receiveBufferBytes);
    if (sendBufferBytes > 0) socket.setSendBufferSize(sendBufferBytes);
  } catch (error) {
    // The system's limit (net.core.rmem_max) is smaller: the socket works with that.
    owner.onError(networkErrorOf(error as Error));
  }
}

class NodeUdpSocket implements UdpSocket {
  readonly #socket: Socket;
  #local: Address;
  #knowsLocal = false;
  readonly #isConnected: boolean;
  readonly #owner: Pick<UdpOptions, 'onError'>;
  #isOpen = true;
  #block: Buffer | null = null;
  #blockUsed = 0;

  constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket;
    this.#isConnected = options.remote !== undefined;
    this.#owner = options;
    this.#local = options.local;
    const batch: Datagram[] = [];
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      if (!this.#isOpen) return;
      batch[0] = { bytes, from: addressOf(from) };
      options.onDatagrams(batch);
    });
    socket.on('error', (error) => this.#report(error));
  }

  /** Asked of the system when somebody wants to know: sockets towards servers live for one question, and nobody does. */
  get local(): Address {
    if (!this.#knowsLocal && this.#isOpen) {
      const { address, port } = this.#socket.address();
      this.#local = { ip: withoutZone(address), port };
      this.#knowsLocal = true;
    }
    return this.#local;
  }

  setBuffers(receiveBufferBytes: number, sendBufferBytes: number): void {
    if (this.#isOpen) setBuffers(this.#socket, { receiveBufferBytes, sendBufferBytes }, this.#owner);
  }

  send(bytes: Uint8Array, length: number, to: ScopedAddress): void {
    if (!this.#isOpen) return;
    try {
      if (this.#isConnected) this.#socket.send(Buffer.from(bytes.subarray(0, length)), this.#afterSend);
      else this.#sendFromBlock(bytes, length, to);
    } catch (error) {
      // Node throws for a port of 0 and the like, which a forged datagram can bring about.
      queueMicrotask(() => this.#report(error as Error));
    }
  }

  #sendFromBlock(bytes: Uint8Array, length: number, to: ScopedAddress): void {
    if (this.#block === null || this.#blockUsed + length > SEND_BLOCK_OCTETS) this.#renewBlock();
    const block = this.#block as Buffer;
    const at = this.#blockUsed;
    block.set(length === bytes.length ? bytes : bytes.subarray(0, length), at);
    this.#blockUsed = at + length;
    const ip = to.scope === undefined ? to.ip : `${to.ip}%${to.scope}`;
    this.#socket.send(block, at, length, to.port, ip, this.#afterSend);
  }

  /** Starts the block again when nothing in it waits to be sent, else takes a new one. */
  #renewBlock(): void {
    if (this.#block === null || this.#socket.getSendQueueCount() > 0) {
      this.#block = Buffer.allocUnsafeSlow(SEND_BLOCK_OCTETS);
    }
    this.#blockUsed = 0;
  }

  readonly #afterSend = (error: Error | null): void => {
    if (error !== null) this.#report(error);
  };

  #report(error: Error): void {
    if (this.#isOpen) this.#owner.onError(networkErrorOf(error));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
  }
}

function addressOf(from: RemoteInfo): ScopedAddress {
  const percent = from.family === 'IPv6' ? from.address.indexOf('%') : -1;
  if (percent < 0) return { ip: from.address, port: from.port };
  return { ip: from.address.slice(0, percent), port: from.port, scope: from.address.slice(percent + 1) };
}
