/**
 * Proves that a store in memory and a real Redis server keep the contract of a shared store: octets come back as they were, and a
 * server that is dead, stopped or not there ends each question with a fault in time.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRedisStore } from '../../src/adapters/redis-store.ts';
import type { SharedStore, StoreServer, StoreServers } from '../../src/ports/shared-store.ts';
import { FakeStore } from '../fake/fake-store.ts';
import { makeCertificate } from '../support/certificates.ts';

/** Longer than any test may take: what ends, ends for another reason. */
const HOUR_MS = 3_600_000;
const PASSWORD = 'secret of the test';
const VALUE = Uint8Array.of(0, 255, 10, 13, 128);

let folder = '';
let server: ChildProcess | null = null;
let open: SharedStore[] = [];

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function socket(): string {
  return join(folder, 'redis.sock');
}

function serverAt(change: Partial<StoreServer> = {}): StoreServer {
  const times = { commandTimeoutMs: HOUR_MS, connectTimeoutMs: HOUR_MS };
  return { host: '127.0.0.1', port: 1, path: socket(), password: PASSWORD, database: 0, ...times, ...change };
}

async function openStore(change: Partial<StoreServers> = {}): Promise<SharedStore> {
  const place = { server: serverAt(), replica: null, sentinels: null, tls: null, cluster: [], ...change };
  const store = await openRedisStore(place);
  open.push(store);
  return store;
}

/** Asks until the connection is there. */
async function connected(store: SharedStore): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((await store.get('no such key')).ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no connection');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-store-'));
  if (!hasRedis()) return;
  const words = ['--port', '0', '--unixsocket', socket(), '--save', '', '--requirepass', PASSWORD, '--dir', folder];
  server = spawn('redis-server', words, { stdio: 'ignore' });
});
afterEach(() => {
  for (const store of open) store.close();
  open = [];
});
afterAll(() => {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const SIDES: readonly (readonly [string, () => Promise<SharedStore>])[] = [
  ['fake', async () => new FakeStore()],
  ...(hasRedis() ? [['redis', () => openStore()] as const] : []),
];

describe.each(SIDES)('a shared store on the %s side', (_name, make) => {
  test('gives back the octets that were put there, also with a time; null for a key that is not there', async () => {
    const store = await make();
    await connected(store);
    expect(await store.get('absent')).toEqual({ ok: true, value: null });
    expect((await store.set('a', VALUE, null)).ok).toBe(true);
    expect((await store.set('b', VALUE, 100)).ok).toBe(true);
    for (const key of ['a', 'b']) {
      const got = await store.get(key);
      expect(got.ok && got.value !== null && [...got.value]).toEqual([...VALUE]);
    }
  });

  test('fails once it is closed', async () => {
    const store = await make();
    await connected(store);
    store.close();
    expect((await store.get('a')).ok).toBe(false);
    expect((await store.set('a', VALUE, null)).ok).toBe(false);
  });
});

describe.skipIf(!hasRedis())('a Redis server', () => {
  test('that is stopped ends each question in time, and is used again when it goes on', async () => {
    const store = await openStore({ server: serverAt({ commandTimeoutMs: 200 }) });
    await connected(store);
    server?.kill('SIGSTOP');
    const all = await Promise.all(Array.from({ length: 20 }, () => store.get('a')));
    expect(all.every(({ ok }) => !ok)).toBe(true);
    server?.kill('SIGCONT');
    await connected(store);
  });

  test('that is not there, or wants another password, fails at once', async () => {
    for (const change of [{ path: join(folder, 'absent') }, { password: 'wrong' }, { path: '', port: 1 }]) {
      const store = await openStore({ server: serverAt(change) });
      expect((await store.get('a')).ok).toBe(false);
    }
  });

  test('has a replica to read from, and databases', async () => {
    const other = await openStore({ server: serverAt({ database: 1 }) });
    const both = await openStore({ replica: serverAt({ database: 1 }) });
    await connected(other);
    await connected(both);
    await both.set('only in 0', VALUE, null);
    expect(await both.get('only in 0')).toEqual({ ok: true, value: null });
    await other.set('only in 1', VALUE, null);
    const got = await both.get('only in 1');
    expect(got.ok && got.value?.length).toBe(VALUE.length);
  });

  test('forgets a value when it is told so', async () => {
    const store = await openStore();
    await connected(store);
    await store.set('short', VALUE, 1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await store.get('short')).toEqual({ ok: true, value: null });
  });

  test('is spoken to over TLS where its certificate holds its name, and not else', async () => {
    const own = makeCertificate('localhost');
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(cert, own.certificatePem);
    writeFileSync(key, own.privateKeyPem);
    const port = 20_000 + (process.pid % 20_000);
    const tls = [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-auth-clients',
      'no',
    ];
    const secured = spawn('redis-server', ['--port', '0', '--save', '', '--dir', folder, ...tls], { stdio: 'ignore' });
    try {
      const at = (host: string) => serverAt({ host, port, path: '', password: '' });
      const store = await openStore({ server: at('localhost'), tls: { authorities: own.certificatePem } });
      await connected(store);
      expect((await store.set('a', VALUE, null)).ok).toBe(true);
      for (const [host, authorities] of [
        ['127.0.0.1', own.certificatePem],
        ['localhost', makeCertificate('localhost').certificatePem],
      ] as const) {
        const other = await openStore({ server: at(host), tls: { authorities } });
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect((await other.get('a')).ok).toBe(false);
      }
    } finally {
      secured.kill('SIGKILL');
    }
  });
});
