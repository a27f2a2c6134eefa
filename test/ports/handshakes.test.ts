/** Proves that TLS handshakes that never end keep nobody out: their time and their number are bounded. With real sockets. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import type { Listener } from '../../src/ports/network.ts';

const SETUP = join(import.meta.dirname, '..', '..', 'bin', 'hawser-control-setup');
/** Seconds after which a handshake that goes on has gone on for ever. */
const FOREVER_SECONDS = 15;

let folder = '';
let listener: Listener | null = null;
let open: Socket[] = [];
/** Handshakes that the listener has begun. */
let begun = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-handshakes-'));
  await promisify(execFile)(SETUP, ['-d', folder]);
});

afterEach(() => {
  for (const socket of open) socket.destroy();
  open = [];
  begun = 0;
  vi.useRealTimers();
  listener?.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

const pem = (file: string): string => readFileSync(join(folder, file), 'utf8');

/** Listens as the control channel does; who is through gets a letter. Returns the port. */
async function listen(maxHandshakes: number): Promise<number> {
  const certificatePem = pem('unbound_server.pem');
  const opened = await createNodeNetwork().listen({
    local: { ip: '127.0.0.1', port: 0 },
    tls: { certificatePem, privateKeyPem: pem('unbound_server.key'), clientAuthorityPem: certificatePem },
    maxHandshakes,
    handshakes: {
      begin: () => ++begun > 0,
      end: () => {},
    },
    onConnection: (stream) => {
      stream.write(Uint8Array.of(0x68));
      return { onData: () => {}, onClose: () => {} };
    },
    onError: () => {},
  });
  if (!opened.ok) throw new Error(opened.error.text);
  listener = opened.value;
  return opened.value.local.port;
}

/** A client that connects and says nothing. */
async function silent(port: number, onClosed: () => void): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  open.push(socket);
  socket.on('error', () => {});
  socket.on('close', onClosed);
  socket.resume();
  await new Promise((resolve) => socket.on('connect', resolve));
}

/** A client with its certificate, until it got its letter; then it stays. */
function authenticated(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const keys = { ca: pem('unbound_server.pem'), key: pem('unbound_control.key'), cert: pem('unbound_control.pem') };
    const socket = connectTls({ host: '127.0.0.1', port, servername: 'unbound', ...keys });
    open.push(socket);
    socket.on('error', reject);
    socket.once('data', () => resolve(socket));
  });
}

test('the one that takes longest makes way, and those who are through stay', async () => {
  const port = await listen(3);
  const through = [await authenticated(port), await authenticated(port)];
  let closed = 0;
  for (let i = 0; i < 10; i++) await silent(port, () => closed++);
  through.push(await authenticated(port));
  await expect.poll(() => closed).toBe(8);
  expect(through.map((socket) => socket.destroyed)).toEqual([false, false, false]);
});

test('one that never ends is closed, also when a little more of it comes all the time', async () => {
  const port = await listen(3);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let closed = 0;
  await silent(port, () => closed++);
  await silent(port, () => closed++);
  const slow = open.at(-1);
  // A record that announces a ClientHello of 512 octets, and then one octet at a time (RFC 8446 §5.1).
  slow?.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
  while (begun < 2) await new Promise((resolve) => setImmediate(resolve));
  for (let second = 0; second < FOREVER_SECONDS; second++) {
    if (slow?.writable) await new Promise((resolve) => slow.write(Uint8Array.of(0), resolve));
    vi.advanceTimersByTime(1000);
  }
  vi.useRealTimers();
  await expect.poll(() => closed).toBe(2);
});
