/** Proves how a peer's TLS is looked at, with servers on loopback: chain as sent, SNI, kinds of keys, STARTTLS, peers that fail. */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createNodeTlsProbe } from '../../src/adapters/node-tls-probe.ts';
import { startDialogue } from '../../src/dane/starttls.ts';
import type { TlsProbed, TlsProbeRequest } from '../../src/ports/tls-probe.ts';
import { chainOf, fileOf } from './certificates.ts';

const KEY = Buffer.from(fileOf('leaf.key'));
const CHAIN = Buffer.from(fileOf('fullchain.pem'));
let server: Server | null = null;
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

async function listen(started: Server): Promise<number> {
  server = started;
  started.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function probe(port: number, more: Partial<TlsProbeRequest> = {}): Promise<TlsProbed> {
  const base = {
    serverName: 'mx.example.test',
    dialogue: null,
    timeoutMs: 3000,
    signatures: 'any',
    checksPkix: false,
  } as const;
  return createNodeTlsProbe().probe({ remote: { ip: '127.0.0.1', port }, ...base, ...more });
}

test('gives the chain as sent, and asks for the name', async () => {
  const names: string[] = [];
  const SNICallback = (name: string, done: (error: null) => void): void => {
    names.push(name);
    done(null);
  };
  const port = await listen(createTlsServer({ key: KEY, cert: CHAIN, SNICallback }));
  const probed = await probe(port);
  if (probed.kind !== 'tls') throw new Error(probed.text);
  const sent = await chainOf('fullchain.pem');
  expect(probed.chain.map(({ der }) => der)).toEqual(sent.map(({ der }) => der));
  expect(probed).toMatchObject({ protocol: 'TLSv1.3', pkix: null });
  expect(names).toEqual(['mx.example.test']);
});

test('public authorities do not vouch for an own one, and add no certificate', async () => {
  const port = await listen(createTlsServer({ key: KEY, cert: Buffer.from(fileOf('leaf.pem')) }));
  const probed = await probe(port, { checksPkix: true });
  expect(probed).toMatchObject({ kind: 'tls', pkix: false });
  expect(probed.kind === 'tls' && probed.chain.length).toBe(1);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)('asks for kinds of keys with %s', async (version) => {
  const port = await listen(createTlsServer({ key: KEY, cert: CHAIN, minVersion: version, maxVersion: version }));
  expect(await probe(port, { signatures: 'ecdsa' })).toMatchObject({ kind: 'tls', protocol: version });
  expect(await probe(port, { signatures: 'rsa' })).toMatchObject({ kind: 'failed', step: 'tls' });
});

/** A mail server that answers each line from a table; after STARTTLS it speaks TLS when it is to. */
function mailServer(replies: Readonly<Record<string, string>>, heard: string[] = []): Server {
  return createServer((socket) => {
    socket.write(replies.greeting ?? '220 mx\r\n');
    socket.on('data', (piece) => {
      const word = piece.toString('latin1').slice(0, 4).toUpperCase();
      heard.push(word);
      socket.write(replies[word] ?? '500 what\r\n');
      if (word !== 'STAR' || !(replies.STAR ?? '').startsWith('220')) return;
      socket.removeAllListeners('data');
      const tls = new TLSSocket(socket, { isServer: true, key: KEY, cert: CHAIN });
      tls.on('error', () => {});
      tls.on('data', (inside) => heard.push(inside.toString('latin1')));
    });
  });
}

const OFFER = { EHLO: '250-mx\r\n250 STARTTLS\r\n', STAR: '220 go\r\n' };
const smtp = () => ({ dialogue: startDialogue('smtp', 'client.test') });

test('goes by STARTTLS, and leaves with QUIT inside TLS', async () => {
  const heard: string[] = [];
  const port = await listen(mailServer(OFFER, heard));
  expect(await probe(port, smtp())).toMatchObject({ kind: 'tls' });
  await expect.poll(() => heard).toEqual(['EHLO', 'STAR', 'QUIT\r\n']);
});

test.each([
  ['that offers none', { EHLO: '250 mx\r\n' }, 'no-starttls'],
  ['that refuses it', { ...OFFER, STAR: '454 no\r\n' }, 'no-starttls'],
  ['that sends words before TLS', { ...OFFER, STAR: '220 go\r\n250 injected\r\n' }, 'protocol'],
  ['that says no at once', { greeting: '554 no\r\n' }, 'protocol'],
] as const)('a server %s', async (_what, replies, step) => {
  expect(await probe(await listen(mailServer(replies)), smtp())).toMatchObject({ kind: 'failed', step });
});

test('peers that are silent, hang up or are not there end in time', async () => {
  const silent = await listen(createServer(() => {}));
  expect(await probe(silent, { ...smtp(), timeoutMs: 200 })).toMatchObject({ kind: 'failed', step: 'timeout' });
  const gone = await listen(createServer((socket) => socket.destroy()));
  expect(await probe(gone, smtp())).toMatchObject({ kind: 'failed', step: 'protocol' });
  expect(await probe(1, smtp())).toMatchObject({ kind: 'failed', step: 'connect' });
});
