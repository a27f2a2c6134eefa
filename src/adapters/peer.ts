/**
 * Socket addresses of the system (struct sockaddr_in, sockaddr_in6) and the network port's addresses, both ways.
 *
 * Duties: the address of who sent a datagram, with what it takes to answer it (the zone of a link, which of our addresses was
 * asked), made once for a client that comes again; the socket address of any address; our own address as control data.
 * Leaves to others: memory (message-ring.ts), sockets (fast-udp.ts).
 */

import { networkInterfaces } from 'node:os';
import type { Address } from '../ports/network.ts';
import { readU8 } from '../wire/bytes.ts';
import { ipText, parseIp } from '../wire/ip.ts';

/** Memory that socket addresses are read from and written to: octets, and the same in words of 32 bits. */
interface Memory {
  readonly octets: Uint8Array;
  readonly words: Int32Array;
}

/** The system's numbers of address families (Linux). */
export const AF_INET = 2;
/** The same, of IPv6. */
export const AF_INET6 = 10;
const IN_OCTETS = 16;
const IN6_OCTETS = 28;
/** Clients remembered. A forged flood replaces them by one another, which costs an object for each datagram. */
const KNOWN_PEERS = 1024;
/** Addresses whose text is remembered: a client has one, and asks from many ports. */
const KNOWN_TEXTS = 256;

/** Which address of ours a datagram was sent to, where a socket has many: the words of it, and its interface's number. */
export interface OwnAddress {
  readonly isSix: boolean;
  readonly words: readonly [number, number, number, number];
  readonly interfaceNumber: number;
}

/** Who sent a datagram. Never changes; the words are the octets of its address as they stand in memory. */
export class Peer implements Address {
  readonly ip: string;
  readonly port: number;
  readonly #isSix: boolean;
  readonly #word0: number;
  readonly #word1: number;
  readonly #word2: number;
  readonly #word3: number;
  /** Number of the interface of a link-local address (RFC 4007 §6); 0: none. */
  readonly #zone: number;
  readonly #asked: OwnAddress | null;

  constructor(ip: string, at: SocketAddress, asked: OwnAddress | null) {
    this.ip = ip;
    this.port = at.port;
    this.#isSix = at.isSix;
    this.#word0 = at.word0;
    this.#word1 = at.word1;
    this.#word2 = at.word2;
    this.#word3 = at.word3;
    this.#zone = at.zone;
    this.#asked = asked;
  }

  /** Which of our addresses it sent to, where that was to be had. */
  get asked(): OwnAddress | null {
    return this.#asked;
  }

  isAt(at: SocketAddress, asked: OwnAddress | null): boolean {
    return (
      this.port === at.port &&
      this.#word0 === at.word0 &&
      this.#word1 === at.word1 &&
      this.#word2 === at.word2 &&
      this.#word3 === at.word3 &&
      this.#isSix === at.isSix &&
      this.#zone === at.zone &&
      this.#asked === asked
    );
  }

  /** Writes its socket address; the number of octets. */
  write({ words }: Memory, at: number): number {
    const wordAt = at >> 2;
    words[wordAt] = (this.#isSix ? AF_INET6 : AF_INET) | (swapped(this.port) << 16);
    if (!this.#isSix) {
      words[wordAt + 1] = this.#word0;
      words[wordAt + 2] = 0;
      words[wordAt + 3] = 0;
      return IN_OCTETS;
    }
    words[wordAt + 1] = 0;
    words[wordAt + 2] = this.#word0;
    words[wordAt + 3] = this.#word1;
    words[wordAt + 4] = this.#word2;
    words[wordAt + 5] = this.#word3;
    words[wordAt + 6] = this.#zone;
    return IN6_OCTETS;
  }
}

/** A port as it stands in memory: the network's order. */
function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8);
}

/** A socket address that was read: one object, filled again and again. */
export class SocketAddress {
  isSix = false;
  port = 0;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  zone = 0;

  /** Reads `length` octets at `at`; false when they are no address of either family. */
  read({ octets, words }: Memory, at: number, length: number): boolean {
    const wordAt = at >> 2;
    const family = (words[wordAt] ?? 0) & 0xffff;
    this.isSix = family === AF_INET6;
    if (this.isSix ? length < IN6_OCTETS : family !== AF_INET || length < IN_OCTETS) return false;
    this.port = ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0);
    const from = this.isSix ? wordAt + 2 : wordAt + 1;
    this.word0 = words[from] ?? 0;
    this.word1 = this.isSix ? (words[from + 1] ?? 0) : 0;
    this.word2 = this.isSix ? (words[from + 2] ?? 0) : 0;
    this.word3 = this.isSix ? (words[from + 3] ?? 0) : 0;
    this.zone = this.isSix ? (words[from + 4] ?? 0) : 0;
    return true;
  }

  /** A number that addresses are spread by; of the host alone, without its port. */
  hostHash(): number {
    return Math.imul(this.word0 ^ Math.imul(this.word1 ^ Math.imul(this.word2 ^ this.word3, 31), 31), 0x9e3779b1) >>> 8;
  }

  ip(): string {
    const words = Int32Array.of(this.word0, this.word1, this.word2, this.word3);
    return ipText(new Uint8Array(words.buffer, 0, this.isSix ? 16 : 4));
  }
}

interface KnownText {
  readonly text: string;
  readonly host: SocketAddress;
}

/** The senders of datagrams, those seen lately as the same objects. */
export class Peers {
  readonly #peers: (Peer | undefined)[] = new Array(KNOWN_PEERS).fill(undefined);
  readonly #texts: (KnownText | undefined)[] = new Array(KNOWN_TEXTS).fill(undefined);

  /** Who is at this address, having sent to `asked`. */
  find(at: SocketAddress, asked: OwnAddress | null): Peer {
    const hash = at.hostHash();
    const place = (hash ^ Math.imul(at.port, 0x9e37)) & (KNOWN_PEERS - 1);
    const known = this.#peers[place];
    if (known?.isAt(at, asked) === true) return known;
    const peer = new Peer(this.#textOf(at, hash), at, asked);
    this.#peers[place] = peer;
    return peer;
  }

  #textOf(at: SocketAddress, hash: number): string {
    const place = hash & (KNOWN_TEXTS - 1);
    const known = this.#texts[place];
    if (known !== undefined && isSameHost(known.host, at)) return known.text;
    const text = at.ip();
    this.#texts[place] = { text, host: Object.assign(new SocketAddress(), at) };
    return text;
  }
}

function isSameHost(a: SocketAddress, b: SocketAddress): boolean {
  return (
    a.isSix === b.isSix && a.word0 === b.word0 && a.word1 === b.word1 && a.word2 === b.word2 && a.word3 === b.word3
  );
}

/** Addresses in text as they stand in memory, those of servers that were asked lately without being read anew. */
export class AddressReader {
  #read = new Map<string, SocketAddress>();

  /** As `peerAt`. */
  peerAt(address: Address): Peer | null {
    const { ip, port } = address;
    const known = this.#read.get(ip);
    if (known === undefined) return this.#readAnew(address);
    known.port = port & 0xffff;
    return new Peer(ip, known, null);
  }

  #readAnew(address: Address): Peer | null {
    const { ip } = address;
    // The number of an interface may change.
    const at = ip.includes('%') ? null : socketAddressOf(ip);
    if (at === null) return peerAt(address);
    if (this.#read.size >= KNOWN_TEXTS) this.#read = new Map();
    this.#read.set(ip, at);
    return this.peerAt(address);
  }
}

/** The peer at an address of text, whose zone may stand behind `%`; null when it is no address. */
export function peerAt({ ip, port }: Address): Peer | null {
  const zoneAt = ip.indexOf('%');
  const text = zoneAt < 0 ? ip : ip.slice(0, zoneAt);
  const at = socketAddressOf(text);
  if (at === null) return null;
  at.port = port & 0xffff;
  at.zone = zoneAt < 0 ? 0 : zoneNumber(ip.slice(zoneAt + 1));
  return new Peer(text, at, null);
}

/** Without port and zone; null when the text is no address. */
function socketAddressOf(text: string): SocketAddress | null {
  const octets = parseIp(text);
  if (octets === null) return null;
  const at = new SocketAddress();
  at.isSix = octets.length === 16;
  at.word0 = wordAt(octets, 0);
  at.word1 = at.isSix ? wordAt(octets, 4) : 0;
  at.word2 = at.isSix ? wordAt(octets, 8) : 0;
  at.word3 = at.isSix ? wordAt(octets, 12) : 0;
  return at;
}

/** Four octets as the number that they are in memory: the machines that this runs on have the least octet first. */
function wordAt(octets: Uint8Array, at: number): number {
  return (
    readU8(octets, at) | (readU8(octets, at + 1) << 8) | (readU8(octets, at + 2) << 16) | (readU8(octets, at + 3) << 24)
  );
}

/** The number of an interface by its name or number; 0 when there is none, which the system then refuses. */
function zoneNumber(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  const found = networkInterfaces()[zone]?.find((one) => one.family === 'IPv6' && one.scopeid > 0);
  return found?.family === 'IPv6' ? found.scopeid : 0;
}

/** Level and type of the control messages with our own address, for IPv4 (ip(7)) and IPv6 (RFC 3542 §6). */
export const IP_PKTINFO = { level: 0, type: 8 } as const;
const IPV6_PKTINFO = { level: 41, type: 50 } as const;
/** struct cmsghdr: length 0 (8 octets), level 8, type 12; then struct in_pktinfo or in6_pktinfo. */
const CMSG_HEADER_OCTETS = 16;
const IN_PKTINFO_OCTETS = 12;
const IN6_PKTINFO_OCTETS = 20;

/** Reads the address of ours that a datagram was sent to; `last` again where it is the same, null where none is told. */
export function readOwnAddress(
  { words }: Memory,
  at: number,
  length: number,
  last: OwnAddress | null,
): OwnAddress | null {
  const wordAt = at >> 2;
  const level = words[wordAt + 2];
  const type = words[wordAt + 3];
  const isFour = level === IP_PKTINFO.level && type === IP_PKTINFO.type;
  const isSix = level === IPV6_PKTINFO.level && type === IPV6_PKTINFO.type;
  const size = CMSG_HEADER_OCTETS + (isFour ? IN_PKTINFO_OCTETS : IN6_PKTINFO_OCTETS);
  if ((!isFour && !isSix) || length < size || (words[wordAt] ?? 0) < size) return null;
  const from = wordAt + (CMSG_HEADER_OCTETS >> 2);
  // in_pktinfo: interface, address to answer from, address in the datagram; in6_pktinfo: address, interface.
  const word0 = words[isFour ? from + 1 : from] ?? 0;
  const word1 = isFour ? 0 : (words[from + 1] ?? 0);
  const word2 = isFour ? 0 : (words[from + 2] ?? 0);
  const word3 = isFour ? 0 : (words[from + 3] ?? 0);
  const interfaceNumber = isFour ? 0 : (words[from + 4] ?? 0);
  if (last !== null && last.isSix === isSix && last.interfaceNumber === interfaceNumber) {
    const [last0, last1, last2, last3] = last.words;
    if (word0 === last0 && word1 === last1 && word2 === last2 && word3 === last3) return last;
  }
  return { isSix, words: [word0, word1, word2, word3], interfaceNumber };
}

/** Octets of the first ten bits of fe80::/10 as they stand in memory. */
const LINK_LOCAL_MASK = 0xc0ff;
const LINK_LOCAL = 0x80fe;

/** Writes the control message that makes a datagram leave from `own`; the number of octets. */
export function writeOwnAddress({ words }: Memory, at: number, own: OwnAddress): number {
  const wordAt = at >> 2;
  const kind = own.isSix ? IPV6_PKTINFO : IP_PKTINFO;
  const size = CMSG_HEADER_OCTETS + (own.isSix ? IN6_PKTINFO_OCTETS : IN_PKTINFO_OCTETS);
  words[wordAt] = size;
  words[wordAt + 1] = 0;
  words[wordAt + 2] = kind.level;
  words[wordAt + 3] = kind.type;
  const to = wordAt + (CMSG_HEADER_OCTETS >> 2);
  const [word0, word1, word2, word3] = own.words;
  if (own.isSix) {
    words[to] = word0;
    words[to + 1] = word1;
    words[to + 2] = word2;
    words[to + 3] = word3;
    // Only an address of a link needs its interface; for others the routes decide, as they do for what is not asked here.
    words[to + 4] = (word0 & LINK_LOCAL_MASK) === LINK_LOCAL ? own.interfaceNumber : 0;
  } else {
    words[to] = 0;
    words[to + 1] = word0;
    words[to + 2] = 0;
  }
  return (size + 7) & ~7;
}
