/**
 * Zones whose only server does not answer, or not well: addresses that no server of the internet has, ports that are closed,
 * and servers that know nothing. Used by broken-zones-session, in its network namespace.
 */

import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { RCODE } from '../../src/wire/rcode.ts';
import { addAddress } from './real-authorities.ts';

/** The zones, and what ends their servers. */
export interface Unreached {
  readonly zones: readonly UnreachedZone[];
  readonly stop: () => void;
}

/** One of them: where its server is said to be, and the extended error that must come first. */
export interface UnreachedZone {
  readonly zone: string;
  readonly what: string;
  readonly address: string;
  readonly code: number;
}

/** Nobody is reached at these: they are private, reserved, for documentation, or of this host (RFC 6890). */
const NOWHERE = [
  ...['10.1.2.3', '172.16.1.1', '172.31.0.1', '192.168.1.1', '192.0.2.200', '203.0.113.9', '100.64.0.1', '169.254.1.1'],
  ...['127.0.0.9', '0.0.0.0', '240.0.0.1', '255.255.255.255', '224.0.0.1', '198.18.0.1', '192.0.0.8'],
  ...[
    '::1',
    '::',
    '::ffff:192.0.2.9',
    '::192.0.2.9',
    'fe80::1',
    'fd00::1',
    '2001:db8::1',
    '64:ff9b::c000:209',
    'ff02::1',
  ],
  ...['100::1', 'fec0::1'],
] as const;
/** On loopback, with a server that answers every question so; null: with one that says nothing, or with none. */
const BAD = [
  ['refuses', '198.51.100.11', RCODE.REFUSED, 22],
  ['fails', '198.51.100.12', RCODE.SERVFAIL, 22],
  ['is not authoritative', '198.51.100.13', 9, 22],
  ['knows no such question', '198.51.100.14', RCODE.NOTIMP, 22],
  ['finds no sense in the question', '198.51.100.15', RCODE.FORMERR, 22],
  ['says nothing', '198.51.100.17', null, 22],
  ['has no server', '198.51.100.18', undefined, 23],
] as const;

/** A server that sends each question back as a response with an RCODE. */
function startBadServer(address: string, rcode: number | null): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address: ip, port }) => {
    if (rcode === null) return;
    // Header and question alone.
    const end = query.indexOf(0, 12) + 5;
    const reply = Buffer.from(query.subarray(0, end));
    reply.writeUInt16BE(0x8000 | rcode, 2);
    reply.fill(0, 6, 12);
    socket.send(reply, port, ip);
  });
  return new Promise((resolve) => socket.bind(53, address, () => resolve(socket)));
}

/** Starts the bad servers; packets to nowhere go nowhere. */
export async function unreachedZones(): Promise<Unreached> {
  execFileSync('sh', ['-c', 'ip route add blackhole default; ip -6 route add unreachable default dev lo || true']);
  const sockets: Socket[] = [];
  for (const [, address, rcode] of BAD) {
    addAddress(address);
    if (rcode !== undefined) sockets.push(await startBadServer(address, rcode));
  }
  const nowhere = NOWHERE.map((address, i) => ({ zone: `u${i}.`, what: `at ${address}`, address, code: 22 }));
  const bad = BAD.map(([what, address, , code], i) => ({ zone: `b${i}.`, what, address, code }));
  return {
    zones: [...nowhere, ...bad],
    stop: () => {
      for (const socket of sockets) socket.close();
    },
  };
}
