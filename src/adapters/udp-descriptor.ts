/**
 * Descriptors of UDP sockets, and of streams at foreign addresses, made by the system's own calls: socket, options, bind, connect, in the order and with the options
 * that Node.js uses, and two that it does not: sizes of buffers above the system's limit where the process may have them, and that
 * replies to clients are fragmented for nobody's word.
 *
 * Leaves to others: what goes through them (fast-udp.ts).
 */

import type { Address, ForeignBinding, ListenOptions, NetworkError, UdpOptions } from '../ports/network.ts';
import { networkErrorOfCall } from './network-error.ts';
import { type AddressReader, AF_INET, AF_INET6, IP_PKTINFO, type Peer, SocketAddress } from './peer.ts';
import { type Pointer, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, type SystemCalls } from './system-calls.ts';

const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOL_IP = 0;
/** Options of IPv4 (ip(7)) and IPv6 (linux/in6.h) that let a foreign address be bound. */
const FOREIGN: Readonly<Record<ForeignBinding, { readonly four: number; readonly six: number }>> = {
  freebind: { four: 15, six: 78 },
  transparent: { four: 19, six: 75 },
};
const IPV6_RECVPKTINFO = 49;
const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;
/**
 * The same number for both (linux/in.h, linux/in6.h; Linux 3.15): what ICMP says of the path's MTU is neither noted nor heeded, that of
 * the interface is. IP_PMTUDISC_DONT would still heed what is noted, so nothing takes its place where a system lacks this.
 */
const PMTUDISC_OMIT = 5;
/** Where in the scratch memory a length stands; the address is at its beginning. */
const LENGTH_AT = 32;
const ADDRESS_ROOM = 28;
const INT_OCTETS = 4;

/** A little memory for the arguments of one call. */
class Scratch {
  readonly words: Int32Array;
  readonly octets: Uint8Array;
  readonly start: Pointer;
  readonly length: Pointer;

  constructor(calls: SystemCalls) {
    const memory = new ArrayBuffer(64);
    this.words = new Int32Array(memory);
    this.octets = new Uint8Array(memory);
    this.start = calls.addressOf(memory);
    this.length = this.start + BigInt(LENGTH_AT);
  }
}

/** How a stream socket is bound. */
export type StreamOptions = Pick<ListenOptions, 'reusePort' | 'bindForeign'>;

/** A descriptor, or why there is none. */
type Made = { readonly fd: number } | { readonly error: NetworkError };

/** What a socket is bound to, and how. */
interface Binding {
  readonly local: Address;
  readonly reusePort?: boolean | undefined;
  readonly bindForeign?: ForeignBinding | undefined;
}

export class UdpDescriptors {
  readonly #calls: SystemCalls;
  readonly #scratch: Scratch;
  readonly #address = new SocketAddress();
  readonly #addresses: AddressReader;

  constructor(calls: SystemCalls, addresses: AddressReader) {
    this.#calls = calls;
    this.#addresses = addresses;
    this.#scratch = new Scratch(calls);
  }

  /** A stream socket that is bound and can be listened at; `local` is an address. */
  makeStream({ reusePort, bindForeign }: StreamOptions, local: Address): Made {
    const peer = this.#addresses.peerAt(local);
    if (peer === null) return { error: notAnAddress(local) };
    const isSix = local.ip.includes(':');
    const fd = this.#calls.socket(isSix ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return { error: this.#failure('socket') };
    // As Node.js does: connections that have just ended do not keep the address.
    const isSet = this.#set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const error = isSet ? this.#bind(fd, peer, { local, reusePort, bindForeign }) : this.#failure('setsockopt');
    if (error === null) return { fd };
    this.#calls.close(fd);
    return { error };
  }

  /** A socket as the options say, bound and, when asked, connected; `given`: this one, which is bound already. */
  make(options: UdpOptions, given: number | null): Made {
    const { local, remote } = options;
    const from = this.#addresses.peerAt(local);
    const to = remote === undefined ? null : this.#addresses.peerAt(remote);
    if (from === null) return { error: notAnAddress(local) };
    if (to === null && remote !== undefined) return { error: notAnAddress(remote) };
    const isSix = local.ip.includes(':');
    const fd = given ?? this.#calls.socket(isSix ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return { error: this.#failure('socket') };
    const error = this.#setUp(fd, options, given === null ? from : null, to);
    if (error === null) return { fd };
    this.#calls.close(fd);
    return { error };
  }

  /** `from`: what it is to be bound to; null: it is bound already. */
  #setUp(fd: number, options: UdpOptions, from: Peer | null, to: Peer | null): NetworkError | null {
    const { local, receiveBufferBytes = 0, sendBufferBytes = 0 } = options;
    const isSix = local.ip.includes(':');
    // What is sent to one of many addresses has to be answered from that one.
    if (isForAny(options)) this.#set(fd, isSix ? SOL_IPV6 : SOL_IP, isSix ? IPV6_RECVPKTINFO : IP_PKTINFO.type, 1);
    if (to === null) this.#ignorePathMtu(fd, isSix);
    const unbound = from === null ? null : this.#bind(fd, from, options);
    if (unbound !== null) return unbound;
    this.setBuffers(fd, receiveBufferBytes, sendBufferBytes);
    if (to === null) return null;
    const connected = this.#calls.connect(fd, this.#scratch.start, to.write(this.#scratch, 0));
    return connected < 0 ? this.#failure('connect', to) : null;
  }

  /**
   * Lets nobody's ICMP have what is sent here cut into fragments, the later of which anybody can forge (RFC 9715 §3.1): any host can
   * send one for an unconnected socket. Questions to servers are shorter than the least path MTU that Linux believes in (552 octets,
   * for IPv6 1,280). A socket that was handed over may serve IPv4 under an IPv6 address. Who refuses it goes on as before.
   */
  #ignorePathMtu(fd: number, isSix: boolean): void {
    if (isSix) this.#set(fd, SOL_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_OMIT);
    this.#set(fd, SOL_IP, IP_MTU_DISCOVER, PMTUDISC_OMIT);
  }

  #bind(fd: number, from: Peer, { local, reusePort, bindForeign }: Binding): NetworkError | null {
    const isSix = local.ip.includes(':');
    if (isSix && !this.#set(fd, SOL_IPV6, IPV6_V6ONLY, 1)) return this.#failure('setsockopt');
    if (reusePort === true && !this.#set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return this.#failure('setsockopt');
    if (bindForeign !== undefined) {
      const { four, six } = FOREIGN[bindForeign];
      // Without the privilege the address is bound like any other: bind says whether it may be.
      this.#set(fd, isSix ? SOL_IPV6 : SOL_IP, isSix ? six : four, 1);
    }
    const bound = this.#calls.bind(fd, this.#scratch.start, from.write(this.#scratch, 0));
    return bound < 0 ? this.#failure('bind', local) : null;
  }

  /** Lets sockets of this user that ask for it be bound to the port of this one, from now on. */
  sharePort(fd: number): void {
    this.#set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }

  /** Changes sizes of buffers; 0 leaves one as it is. Above the system's limit only with the privilege, else up to it. */
  setBuffers(fd: number, receiveBytes: number, sendBytes: number): void {
    if (receiveBytes > 0 && !this.#set(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBytes)) {
      this.#set(fd, SOL_SOCKET, SO_RCVBUF, receiveBytes);
    }
    if (sendBytes > 0 && !this.#set(fd, SOL_SOCKET, SO_SNDBUFFORCE, sendBytes)) {
      this.#set(fd, SOL_SOCKET, SO_SNDBUF, sendBytes);
    }
  }

  #set(fd: number, level: number, name: number, value: number): boolean {
    this.#scratch.words[0] = value;
    return this.#calls.setsockopt(fd, level, name, this.#scratch.start, INT_OCTETS) === 0;
  }

  /** Where a socket is bound. */
  localOf(fd: number): Address | null {
    this.#scratch.words[LENGTH_AT >> 2] = ADDRESS_ROOM;
    if (this.#calls.getsockname(fd, this.#scratch.start, this.#scratch.length) !== 0) return null;
    const length = this.#scratch.words[LENGTH_AT >> 2] ?? 0;
    if (!this.#address.read(this.#scratch, 0, length)) return null;
    return { ip: this.#address.ip(), port: this.#address.port };
  }

  #failure(call: string, address?: Address): NetworkError {
    return networkErrorOfCall(call, this.#calls.errno(), address);
  }
}

/** An address that is none. */
export function notAnAddress({ ip }: Address): NetworkError {
  return { kind: 'other', text: `not an address: ${ip}` };
}

/** Whether a socket is bound to every address of its family, and answers who asks. */
export function isForAny({ local, remote }: UdpOptions): boolean {
  return remote === undefined && (local.ip === '0.0.0.0' || local.ip === '::');
}
