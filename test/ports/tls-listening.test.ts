/**
 * Proves how TLS is spoken towards clients: versions, protocols, sessions, new certificates, who is let into the handshake, and
 * what a proxy says before it. With real sockets.
 */

import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import type { Address, ByteStream, Listener, ListenOptions, TlsServerOptions } from '../../src/ports/network.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';

let own: TestCertificate;
let other: TestCertificate;
let listeners: Listener[] = [];
let sockets: Socket[] = [];

beforeAll(() => {
  own = makeCertificate('dns.example');
  other = makeCertificate('new.example');
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const listener of listeners) listener.close();
  sockets = [];
  listeners = [];
});

interface Listening {
  readonly port: number;
  readonly listener: Listener;
  readonly streams: ByteStream[];
}

/** Listens; each stream says its own octets back. */
async function listen(
  tls: Partial<TlsServerOptions> | null = {},
  more: Partial<ListenOptions> = {},
): Promise<Listening> {
  const streams: ByteStream[] = [];
  const opened = await createNodeNetwork().listen({
    local: { ip: '127.0.0.1', port: 0 },
    ...(tls === null ? {} : { tls: { ...own, protocols: ['dot'], ...tls } }),
    onConnection: (stream) => {
      streams.push(stream);
      return { onData: (bytes) => void stream.write(bytes), onClose: () => {} };
    },
    onError: () => {},
    ...more,
  });
  if (!opened.ok) throw new Error(opened.error.text);
  listeners.push(opened.value);
  return { port: opened.value.local.port, listener: opened.value, streams };
}

interface Visit {
  /** What came back for `ping`, or the error. */
  readonly got: string;
  readonly name: string;
  readonly protocol: string;
  readonly alpn: string | false | null;
  readonly isResumed: boolean;
  /** The newest ticket: in TLS 1.3 it comes some time after the handshake. */
  readonly session: () => Buffer | null;
  readonly socket: TLSSocket;
}

function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  return new Promise((resolve) => {
    let session: Buffer | null = null;
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      // What is offered beyond TLS 1.2 and 1.3 must be refused by the other side.
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
      ...options,
    });
    sockets.push(socket);
    const end = (got: string): void => {
      const isOpen = got === 'ping';
      const facts = {
        name: isOpen ? String(socket.getPeerCertificate().subject?.CN) : '',
        alpn: socket.alpnProtocol,
        // Node 24.21 crashes when a socket is asked for it that has been closed.
        protocol: isOpen ? (socket.getProtocol() ?? '') : '',
        isResumed: isOpen && socket.isSessionReused(),
      };
      resolve({ got, ...facts, session: () => session, socket });
    };
    socket.on('session', (ticket) => {
      session = ticket;
    });
    socket.on('secureConnect', () => socket.write('ping'));
    socket.once('data', (bytes) => end(String(bytes)));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on('close', () => end('closed'));
  });
}

describe('the handshake', () => {
  test('is of TLS 1.3 or 1.2, and of nothing older', async () => {
    const { port } = await listen();
    expect(await visit(port)).toMatchObject({ got: 'ping', name: 'dns.example', protocol: 'TLSv1.3' });
    expect(await visit(port, { maxVersion: 'TLSv1.2' })).toMatchObject({ got: 'ping', protocol: 'TLSv1.2' });
    expect((await visit(port, { maxVersion: 'TLSv1.1' })).got).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  });

  test('is of the versions and ciphers that are configured', async () => {
    const modern = await listen({ minVersion: 'TLSv1.3' });
    expect((await visit(modern.port, { maxVersion: 'TLSv1.2' })).got).toMatch(/PROTOCOL_VERSION/);
    const old = await listen({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' });
    const { socket, protocol } = await visit(old.port);
    expect([protocol, socket.getCipher().name]).toEqual(['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384']);
    const suite = await listen({ cipherSuites: 'TLS_CHACHA20_POLY1305_SHA256' });
    expect((await visit(suite.port)).socket.getCipher().name).toBe('TLS_CHACHA20_POLY1305_SHA256');
    // Those of the other version are as by default then.
    expect((await visit(suite.port, { maxVersion: 'TLSv1.2' })).got).toBe('ping');
    const cipher = await listen({ ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' });
    expect(await visit(cipher.port)).toMatchObject({ got: 'ping', protocol: 'TLSv1.3' });
  });

  test('agrees on DNS over TLS where the client names it, and turns away who speaks only something else', async () => {
    const { port } = await listen();
    expect(await visit(port, { ALPNProtocols: ['http/1.1', 'dot'] })).toMatchObject({ got: 'ping', alpn: 'dot' });
    expect(await visit(port)).toMatchObject({ got: 'ping', alpn: false });
    expect((await visit(port, { ALPNProtocols: ['h2'] })).got).toMatch(/NO_APPLICATION_PROTOCOL/);
  });

  test('is not done again on a connection (CVE-2011-1473)', async () => {
    const { port } = await listen();
    const { socket } = await visit(port, { maxVersion: 'TLSv1.2' });
    const outcome = await new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.renegotiate({}, (error) => resolve(error === null ? 'done' : 'refused'));
    });
    expect(outcome).not.toBe('done');
  });

  test('that is none leads to nothing', async () => {
    const { port, streams } = await listen();
    const socket = connectTcp(port, '127.0.0.1');
    sockets.push(socket);
    let got = 0;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      // An alert, of 7 octets, may come.
      got += bytes.length;
    });
    socket.write(Uint8Array.of(0, 29, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 119, 119, 119, 7, 101, 120, 97));
    await new Promise((resolve) => socket.on('close', resolve));
    expect(got).toBeLessThanOrEqual(7);
    expect(streams).toEqual([]);
  });
});

describe('a session', () => {
  async function ticketOf({ session }: Visit): Promise<Buffer> {
    await expect.poll(session).not.toBeNull();
    return session() ?? Buffer.alloc(0);
  }

  test('is taken up again, and the stream says so', async () => {
    const { port, streams } = await listen();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await visit(port, { maxVersion });
      const again = await visit(port, { maxVersion, session: await ticketOf(first) });
      expect(again).toMatchObject({ got: 'ping', isResumed: true });
    }
    expect(streams.map(({ isResumed }) => isResumed)).toEqual([false, true, false, true]);
  });

  test('is taken up by another host with the same secret, and by none without', async () => {
    const ticketSecret = new Uint8Array(80).fill(7);
    const [a, b, stranger] = [await listen({ ticketSecret }), await listen({ ticketSecret }), await listen()];
    const session = await ticketOf(await visit(a.port));
    expect(await visit(b.port, { session })).toMatchObject({
      got: 'ping',
      isResumed: true,
    });
    expect(await visit(stranger.port, { session })).toMatchObject({
      got: 'ping',
      isResumed: false,
    });
  });
});

test('a new key and certificate are for new connections; those that are open go on', async () => {
  const { port, listener } = await listen();
  const before = await visit(port);
  listener.useTls({ ...other, protocols: ['dot'] });
  expect(await visit(port, { ALPNProtocols: ['dot'] })).toMatchObject({
    got: 'ping',
    name: 'new.example',
    alpn: 'dot',
  });
  const still = new Promise((resolve) => before.socket.once('data', (bytes) => resolve(String(bytes))));
  before.socket.write('more');
  expect(await still).toBe('more');
});

describe('who begins a handshake', () => {
  test('is asked about, and told how it ended', async () => {
    const told: unknown[] = [];
    const handshakes = {
      begin: ({ ip }: Address) => told.push(['begin', ip]) > 0,
      end: ({ ip }: Address, isDone: boolean) => void told.push(['end', ip, isDone]),
    };
    const { port } = await listen({}, { handshakes });
    await visit(port);
    await visit(port, { ALPNProtocols: ['h2'] });
    await expect.poll(() => told).toHaveLength(4);
    expect(told).toEqual([
      ['begin', '127.0.0.1'],
      ['end', '127.0.0.1', true],
      ['begin', '127.0.0.1'],
      ['end', '127.0.0.1', false],
    ]);
  });

  test('is closed where it may not', async () => {
    const ends: boolean[] = [];
    const handshakes = { begin: () => false, end: (_: Address, isDone: boolean) => void ends.push(isDone) };
    const { port, streams } = await listen({}, { handshakes });
    expect((await visit(port)).got).toMatch(/ECONNRESET|closed/);
    expect([streams, ends]).toEqual([[], []]);
  });
});

describe('what a proxy says first', () => {
  const client = { ip: '192.0.2.7', port: 4000 };
  /** `HI` and an octet: who is meant. */
  const preface = (bytes: Uint8Array) => {
    if (bytes[0] !== 0x48) return { kind: 'malformed' } as const;
    if (bytes.length < 3) return { kind: 'more' } as const;
    return { kind: 'whole', octets: 3, client: bytes[2] === 1 ? client : null } as const;
  };

  async function talk(port: number, pieces: readonly Uint8Array[]): Promise<string> {
    const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true });
    sockets.push(socket);
    socket.on('error', () => {});
    const got = new Promise<string>((resolve) => {
      socket.on('data', (bytes) => resolve(String(bytes)));
      socket.on('close', () => resolve('closed'));
    });
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return await got;
  }

  const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

  test('is taken off, however it comes, and names whom the stream is from', async () => {
    const { port, streams } = await listen(null, { preface });
    expect(await talk(port, [octets('HI\x01ping')])).toBe('ping');
    expect(await talk(port, [...'HI\x01ping'].map(octets))).toMatch(/^p/);
    expect(await talk(port, [octets('HI\x00'), octets('ping')])).toBe('ping');
    expect(streams.map(({ remote }) => remote.ip)).toEqual(['192.0.2.7', '192.0.2.7', '127.0.0.1']);
    expect(streams.map(({ local }) => local.port)).toEqual([port, port, port]);
    expect(streams.map(({ prefaceOctets }) => prefaceOctets)).toEqual([3, 3, 3]);
  });

  test('that cannot be read closes the connection', async () => {
    const { port, streams } = await listen(null, { preface });
    expect(await talk(port, [octets('ping')])).toBe('closed');
    expect(streams).toEqual([]);
  });

  test('comes before TLS, in the same segment as the handshake too', async () => {
    const begun: string[] = [];
    const handshakes = { begin: ({ ip }: Address) => begun.push(ip) > 0, end: () => {} };
    const { port, streams } = await listen({}, { preface, handshakes });
    for (const isCorked of [true, false]) {
      const raw = connectTcp({ host: '127.0.0.1', port, noDelay: true });
      sockets.push(raw);
      await new Promise((resolve) => raw.on('connect', resolve));
      if (isCorked) raw.cork();
      raw.write('HI\x01');
      const socket = connect({ socket: raw, rejectUnauthorized: false });
      if (isCorked) setTimeout(() => raw.uncork(), 10);
      socket.write('ping');
      expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toBe('ping');
      socket.destroy();
    }
    expect(streams.map(({ remote }) => remote)).toEqual([client, client]);
    expect(begun).toEqual(['192.0.2.7', '192.0.2.7']);
  });
});
