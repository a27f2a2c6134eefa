/**
 * Sockets that a service manager opened before it started this process (socket activation: LISTEN_FDS, LISTEN_PID).
 *
 * Which address each is bound to is read from /proc, since Node tells it only after it has taken a socket for good. Linux
 * only, as systemd is.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { SocketAddress } from 'node:net';
import type { Address } from '../ports/network.ts';
import { withoutZone } from './ip-zone.ts';

/** The first file descriptor that is passed (sd_listen_fds(3)). */
const FIRST_FD = 3;
/** More than any unit has; a wrong number must not cost a long search. */
const MAX_SOCKETS = 1024;

/** A socket that was passed. */
interface InheritedSocket {
  readonly fd: number;
  readonly transport: 'udp' | 'tcp';
  readonly local: Address;
}

/** The sockets that were passed, each given out once. */
export class InheritedSockets {
  readonly #left: InheritedSocket[];
  /** Descriptors that were passed and are of no use: no socket of the internet, bound nowhere, or connected to somebody. */
  readonly unfit: readonly number[];

  constructor(sockets: readonly InheritedSocket[], unfit: readonly number[] = []) {
    this.#left = [...sockets];
    this.unfit = unfit;
  }

  /** Those that nobody has taken. */
  get left(): readonly InheritedSocket[] {
    return this.#left;
  }

  /** The descriptor of the socket that is bound to this address; null: none was passed or it is taken. */
  take(transport: 'udp' | 'tcp', local: Address): number | null {
    if (this.#left.length === 0) return null;
    const ip = withoutZone(local.ip);
    const at = this.#left.findIndex(
      (each) => each.transport === transport && each.local.ip === ip && each.local.port === local.port,
    );
    const [taken] = at < 0 ? [] : this.#left.splice(at, 1);
    return taken?.fd ?? null;
  }
}

/** Finds them. They are meant for this process only when LISTEN_PID says so. */
export function findInheritedSockets(environment: NodeJS.ProcessEnv = process.env): InheritedSockets {
  const count = Number(environment.LISTEN_FDS ?? 0);
  const isOurs = environment.LISTEN_PID === String(process.pid);
  if (!isOurs || !Number.isInteger(count) || count < 1 || count > MAX_SOCKETS) return new InheritedSockets([]);
  const bound = boundSockets();
  const [sockets, unfit]: [InheritedSocket[], number[]] = [[], []];
  for (let fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
    const found = bound.get(inodeOf(fd));
    if (found === undefined) unfit.push(fd);
    else sockets.push({ fd, ...found });
  }
  return new InheritedSockets(sockets, unfit);
}

/** The inode behind a descriptor; empty for what is no socket. */
function inodeOf(fd: number): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? '';
  } catch {
    // The descriptor is closed: fewer were passed than announced.
    return '';
  }
}

/** All sockets of this network namespace that are bound and wait for anybody, by inode: what is connected hears one peer alone. */
function boundSockets(): Map<string, Omit<InheritedSocket, 'fd'>> {
  const sockets = new Map<string, Omit<InheritedSocket, 'fd'>>();
  for (const [file, transport] of [
    ['udp', 'udp'],
    ['udp6', 'udp'],
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
  ] as const) {
    for (const line of tableLines(`/proc/net/${file}`)) {
      const fields = line.trim().split(/\s+/);
      const local = readLocal(fields[1] ?? '');
      const isConnected = readLocal(fields[2] ?? '')?.port !== 0;
      if (local !== null && local.port !== 0 && !isConnected) sockets.set(fields[9] ?? '', { transport, local });
    }
  }
  return sockets;
}

function tableLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(1);
  } catch {
    // No such table: the system has no IPv6, or is not Linux.
    return [];
  }
}

/** `0100007F:0035`: words of 4 octets in the order of the machine, which is little-endian wherever Node runs today. */
function readLocal(text: string): Address | null {
  const [hex = '', port = ''] = text.split(':');
  const octets = [...Buffer.from(hex, 'hex')];
  if (octets.length !== 4 && octets.length !== 16) return null;
  const swapped = octets.map((_, i) => octets[(i & ~3) + 3 - (i & 3)] ?? 0);
  if (swapped.length === 4) return { ip: swapped.join('.'), port: Number.parseInt(port, 16) };
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((swapped[2 * i] ?? 0) << 8) | (swapped[2 * i + 1] ?? 0)).toString(16),
  );
  const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
  return { ip: address, port: Number.parseInt(port, 16) };
}
