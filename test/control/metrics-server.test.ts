/** Proves the metrics endpoint against clients of all kinds: split, slow, oversize, strange and too many. */

import { describe, expect, test } from 'vitest';
import { METRICS_LIMITS, MetricsServer } from '../../src/control/metrics-server.ts';
import type { Address, ByteStream } from '../../src/ports/network.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';

const HERE: Address = { ip: '127.0.0.1', port: 9167 };
const GOOD = 'GET /metrics HTTP/1.1\r\nHost: localhost:9167\r\nUser-Agent: Prometheus/2.45\r\n\r\n';

interface Visitor {
  readonly stream: ByteStream | null;
  text: string;
  isClosed: boolean;
}

async function listening(onPage = (): void => {}): Promise<{ ports: FakePorts; server: MetricsServer }> {
  const ports = makeFakePorts();
  const { clock, network, log } = ports;
  const server = new MetricsServer({
    clock,
    network,
    log,
    page: (accept) => {
      onPage();
      return { body: `a{accept="${accept}"} 1\n`, contentType: 'text/plain' };
    },
  });
  expect(await clock.runUntilSettled(server.listen([HERE]))).toEqual([]);
  return { ports, server };
}

async function visit({ clock, network }: FakePorts): Promise<Visitor> {
  const visitor: { stream: ByteStream | null; text: string; isClosed: boolean } = {
    stream: null,
    text: '',
    isClosed: false,
  };
  const opened = await clock.runUntilSettled(
    network.connect({
      remote: HERE,
      timeoutMs: 1000,
      onData: (bytes) => {
        visitor.text += new TextDecoder().decode(bytes);
      },
      onClose: () => {
        visitor.isClosed = true;
      },
    }),
  );
  if (opened.ok) visitor.stream = opened.value;
  return visitor;
}

function send({ stream }: Visitor, text: string): void {
  stream?.write(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}

/** The first line of the reply to a whole request. */
async function statusOf(request: string): Promise<string> {
  const { ports } = await listening();
  const visitor = await visit(ports);
  send(visitor, request);
  await ports.clock.runUntil(() => visitor.isClosed, { waitingFor: 'the reply' });
  return visitor.text.split('\r\n')[0] ?? '';
}

describe('the metrics endpoint', () => {
  test('answers GET /metrics, octet by octet if need be, and closes', async () => {
    const { ports } = await listening();
    const visitor = await visit(ports);
    for (const octet of GOOD) {
      send(visitor, octet);
      await ports.clock.advance(1);
    }
    await ports.clock.runUntil(() => visitor.isClosed, { waitingFor: 'the reply' });
    const [head, body] = visitor.text.split('\r\n\r\n');
    expect(head?.split('\r\n')).toEqual([
      'HTTP/1.1 200 OK',
      'Content-Type: text/plain',
      'Content-Length: 15',
      'Cache-Control: no-store',
      'Connection: close',
      'Vary: Accept',
    ]);
    expect(body).toBe('a{accept=""} 1\n');
  });

  test('gives its page what the client says it accepts', async () => {
    const { ports } = await listening();
    const visitor = await visit(ports);
    send(visitor, GOOD.replace('User-Agent', 'ACCEPT: text/plain\r\naccept:  a/b;q=0.5\r\nUser-Agent'));
    await ports.clock.runUntil(() => visitor.isClosed, { waitingFor: 'the reply' });
    expect(visitor.text).toMatch(/\r\n\r\na\{accept=" text\/plain, {2}a\/b;q=0\.5"\} 1\n$/);
  });

  test.each([
    ['GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n', 200],
    ['GET /metrics HTTP/1.0\r\n\r\n', 200],
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['GET /metrics/../etc HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ['POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx', 400],
    ['GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['GET /metrics HTTP/1.1\r\n\r\n', 400],
    ['GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['GET /metrics HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n', 400],
    ['GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['GET  /metrics HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET http://a/metrics HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET /metrics HTTP/2.0\r\nHost: a\r\n\r\n', 505],
    [`${GOOD}GET /metrics HTTP/1.1\r\n`, 400],
    ['\x16\x03\x01\x02\x00\x01\r\n\r\n', 400],
    [`GET /metrics HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(METRICS_LIMITS.requestOctets)}`, 431],
  ])('%j ends as %d', async (request, status) => {
    expect(await statusOf(request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  test('closes a connection that says nothing, or too little, after its time', async () => {
    const { ports } = await listening();
    const silent = await visit(ports);
    const slow = await visit(ports);
    send(slow, 'GET /metr');
    await ports.clock.advance(METRICS_LIMITS.exchangeMs - 100);
    expect([silent.isClosed, slow.isClosed]).toEqual([false, false]);
    await ports.clock.advance(200);
    expect([silent.isClosed, slow.isClosed]).toEqual([true, true]);
    expect(slow.text).toBe('');
  });

  test('has a place for who comes when all are taken by silent ones', async () => {
    const { ports } = await listening();
    const silent: Visitor[] = [];
    for (let i = 0; i < METRICS_LIMITS.connections; i++) silent.push(await visit(ports));
    const scraper = await visit(ports);
    send(scraper, GOOD);
    await ports.clock.runUntil(() => scraper.isClosed, { waitingFor: 'the reply' });
    expect(scraper.text).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(silent.map(({ isClosed }) => isClosed)).toEqual(silent.map((_, i) => i === 0));
  });

  test('makes one page in a turn, however many ask at once', async () => {
    const turns: number[] = [];
    let turn = 0;
    const { ports } = await listening(() => turns.push(turn));
    const visitors: Visitor[] = [];
    for (let i = 0; i < 6; i++) visitors.push(await visit(ports));
    for (const visitor of visitors) send(visitor, GOOD);
    const counting = (async () => {
      for (; turn < 100; turn++) await ports.clock.nextTurn();
    })();
    await ports.clock.runUntil(() => visitors.every(({ isClosed }) => isClosed));
    await counting;
    expect(new Set(turns).size).toBe(6);
  });

  test('stops listening where it is not wanted any more', async () => {
    const { ports, server } = await listening();
    expect(server.addresses()).toEqual([HERE]);
    await ports.clock.runUntilSettled(server.listen([]));
    expect(server.addresses()).toEqual([]);
    expect((await visit(ports)).stream).toBe(null);
  });
});
