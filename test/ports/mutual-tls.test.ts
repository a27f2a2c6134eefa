/** Proves who gets in where clients must show a certificate, also with the session of an earlier connection, and how others are sent away. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import type { Listener } from '../../src/ports/network.ts';

let folder = '';
let listener: Listener | null = null;
let admitted = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-tls-'));
  for (const name of ['own', 'foreign']) {
    const setup = join(import.meta.dirname, '..', '..', 'bin', 'hawser-control-setup');
    execFileSync(setup, ['-d', join(folder, name)], { stdio: 'ignore' });
  }
  const opened = await createNodeNetwork().listen({
    local: { ip: '127.0.0.1', port: 0 },
    tls: {
      certificatePem: pem('own', 'unbound_server.pem'),
      privateKeyPem: pem('own', 'unbound_server.key'),
      clientAuthorityPem: pem('own', 'unbound_server.pem'),
    },
    onConnection: (stream) => {
      admitted++;
      return { onData: () => stream.end(), onClose: () => {} };
    },
    onError: () => {},
  });
  if (!opened.ok) throw new Error(opened.error.text);
  listener = opened.value;
});

afterAll(() => {
  listener?.close();
  rmSync(folder, { recursive: true });
});

function pem(keys: string, file: string): string {
  return readFileSync(join(folder, keys, file), 'utf8');
}

interface Visit {
  readonly end: string;
  readonly session: Buffer | null;
}

/** Connects, writes a command in two parts, and tells how the connection ended. */
function visit(keys: string | null, session: Buffer | null = null, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
  const shown = keys === null ? {} : { cert: pem(keys, 'unbound_control.pem'), key: pem(keys, 'unbound_control.key') };
  const options = {
    host: '127.0.0.1',
    port: listener?.local.port ?? 0,
    rejectUnauthorized: false,
    maxVersion,
    ...shown,
  };
  return new Promise<Visit>((resolve) => {
    let kept: Buffer | null = null;
    let end = 'end';
    const socket: TLSSocket = connect({ ...options, ...(session === null ? {} : { session }) }, () => {
      socket.write('UBCT1 ');
      setTimeout(() => socket.write('status\n'), 20);
    });
    socket.on('session', (bytes) => {
      kept = bytes;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end = error.code ?? error.message;
    });
    socket.resume();
    socket.on('close', () => resolve({ end, session: kept }));
  });
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  test.each([
    ['the right certificate', 'own', 1],
    ['a certificate of another authority', 'foreign', 0],
    ['no certificate', null, 0],
  ])('a client with %s: the end comes without a reset, and with its old session it fares no better', async (...row) => {
    const [, keys, places] = row;
    admitted = 0;
    const first = await visit(keys, null, version);
    expect([first.end, admitted]).toEqual(['end', places]);
    const second = await visit(keys, first.session, version);
    expect([second.end, admitted]).toEqual(['end', 2 * places]);
  });
});
