/** Proves which servers are believed over TLS: by name, by key, by version, and what they learn of the name. With real sockets. */

import { createHash, createPublicKey } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import type { TlsClientOptions } from '../../src/ports/network.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';

const NAME = 'dns.example';
let own: TestCertificate;
let server: Server | null = null;
/** Names that clients have sent. */
let names: (string | false)[] = [];

beforeAll(() => {
  own = makeCertificate(NAME);
});

afterEach(() => {
  server?.close();
  names = [];
});

/** The digest of a certificate's key, as an operator gets it by openssl. */
function pinOf({ certificatePem }: TestCertificate): string {
  const spki = createPublicKey(certificatePem).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

/** Connects to a server with the certificate; `connected`, or the error's kind and words. */
async function connect(tls: TlsClientOptions, more: object = {}): Promise<string> {
  server = createServer({ key: own.privateKeyPem, cert: own.certificatePem, ...more }, (socket: TLSSocket) => {
    names.push((socket as { servername?: string | false | null }).servername || false);
    socket.on('error', () => {});
    socket.resume();
  });
  const listening = server;
  const before = names.length;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  const opened = await createNodeNetwork().connect({
    remote: { ip: '127.0.0.1', port },
    tls,
    timeoutMs: 5000,
    onData: () => {},
    onClose: () => {},
  });
  // The server learns the name with the end of the handshake.
  if (opened.ok) await expect.poll(() => names.length).toBe(before + 1);
  if (opened.ok) opened.value.destroy();
  listening.close();
  return opened.ok ? 'connected' : `${opened.error.kind}: ${opened.error.text}`;
}

test('a server is believed by its key alone, and another is not', async () => {
  const other = pinOf(makeCertificate(NAME));
  expect(await connect({ serverName: null, pins: [other, pinOf(own)] })).toBe('connected');
  expect(await connect({ serverName: null, pins: [other] })).toBe('tls: the server has none of the pinned keys');
});

test('with a name and keys both must be right', async () => {
  const authorities = own.certificatePem;
  const pins = [pinOf(own)];
  expect(await connect({ serverName: NAME, authorities, pins })).toBe('connected');
  expect(await connect({ serverName: 'other.example', authorities, pins })).toMatch(/^tls: |altnames/);
  expect(await connect({ serverName: NAME, authorities, pins: [pinOf(makeCertificate(NAME))] })).toMatch(/pinned keys/);
});

test('without a name the issuer is checked where that is asked for', async () => {
  const { certificatePem: foreign } = makeCertificate(NAME);
  expect(await connect({ serverName: null, authorities: own.certificatePem, checksIssuer: true })).toBe('connected');
  expect(await connect({ serverName: null, authorities: foreign, checksIssuer: true })).toMatch(/^tls: /);
  expect(await connect({ serverName: null, authorities: foreign })).toBe('connected');
});

test('a name is checked also when it is not sent', async () => {
  const authorities = own.certificatePem;
  expect(await connect({ serverName: NAME, authorities })).toBe('connected');
  expect(await connect({ serverName: NAME, authorities, sendsName: false })).toBe('connected');
  expect(names).toEqual([NAME, false]);
  expect(await connect({ serverName: 'other.example', authorities, sendsName: false })).not.toBe('connected');
});

test('versions are those that are wanted', async () => {
  const tls = { serverName: null };
  expect(await connect({ ...tls, minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' })).not.toBe('connected');
  expect(await connect({ ...tls, maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' })).not.toBe('connected');
  expect(await connect({ ...tls, maxVersion: 'TLSv1.2' })).toBe('connected');
  expect(await connect(tls, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })).not.toBe(
    'connected',
  );
});

test('a session is taken up again, by connections that want the same checked, and none of a server that was not believed', async () => {
  const resumed: boolean[] = [];
  const listening = createServer({ key: own.privateKeyPem, cert: own.certificatePem }, (socket) => {
    resumed.push(socket.isSessionReused());
    socket.on('error', () => {});
    socket.resume();
    socket.write('x');
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  const network = createNodeNetwork();
  /** Connects and waits for an octet, behind which tickets have come. */
  const visit = async (tls: TlsClientOptions): Promise<'new' | 'resumed' | 'refused'> => {
    const start = { remote: { ip: '127.0.0.1', port }, tls, timeoutMs: 5000, onClose: () => {} };
    const before = resumed.length;
    let isThere = false;
    const onData = (): void => {
      isThere = true;
    };
    const opened = await network.connect({ ...start, onData });
    if (!opened.ok) return 'refused';
    await expect.poll(() => isThere).toBe(true);
    opened.value.destroy();
    return resumed[before] === true ? 'resumed' : 'new';
  };
  const authorities = own.certificatePem;
  const pins = [pinOf(own)];
  const named = { serverName: NAME, authorities };
  expect([await visit(named), await visit(named), await visit(named)]).toEqual(['new', 'resumed', 'resumed']);
  const pinned = { ...named, pins };
  // Its key must be seen each time.
  expect([await visit(pinned), await visit(pinned)]).toEqual(['new', 'new']);
  expect(await visit({ ...named, sendsName: false })).toBe('new');
  expect(await visit({ ...named, authorities: `${authorities}\n` })).toBe('new');
  const wrong = { serverName: null, pins: [pins[0]?.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')) ?? ''] };
  expect([await visit(wrong), await visit(wrong)]).toEqual(['refused', 'refused']);
});
