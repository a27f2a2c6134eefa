/** Proves that who gets copies of clients' messages gets all of them, also of what front threads pass on, and changes nothing. */

import { expect, test } from 'vitest';
import type { Address } from '../../src/ports/network.ts';
import type { Serve } from '../../src/serve/query-server.ts';
import type { ReplyChannel } from '../../src/serve/reply-channel.ts';
import { ServeStats } from '../../src/serve/serve-stats.ts';
import { TappedServe } from '../../src/serve/tapped-serve.ts';

const CLIENT: Address = { ip: '192.0.2.7', port: 4000 };

/** Answers at once with the query's first octet, or, when that is 0, later. */
class PlayedServe implements Serve {
  readonly stats = new ServeStats();
  readonly passedOn: number[] = [];
  later: (() => void) | null = null;

  waiting(): number {
    return 3;
  }

  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    const first = bytes[0] ?? 0;
    if (first === 0) {
      this.later = () => channel.deliver(new Uint8Array([9, 9, 9]), 1, from);
      return 0;
    }
    if (first === 255) return -1;
    out[0] = first;
    return 1;
  }

  queryPassedOn(bytes: Uint8Array): number {
    this.passedOn.push(bytes[0] ?? 0);
    return -1;
  }
}

function tapped() {
  const inner = new PlayedServe();
  const seen: string[] = [];
  const told = (what: string) => (bytes: Uint8Array, to: Address, channel: ReplyChannel) =>
    void seen.push(`${what} ${[...bytes]} ${to.ip} ${channel.local?.ip}`);
  const delivered: number[][] = [];
  const channel: ReplyChannel = {
    transport: 'udp',
    local: { ip: '192.0.2.1', port: 53 },
    deliver: (bytes, length) => void delivered.push([...bytes.subarray(0, length)]),
  };
  const serve = new TappedServe(inner, { query: told('query'), response: told('response') });
  return { inner, seen, delivered, channel, serve, out: new Uint8Array(10) };
}

test('a reply at once, one that comes later, and none', () => {
  const { inner, seen, delivered, channel, serve, out } = tapped();
  expect(serve.query(new Uint8Array([5]), CLIENT, channel, out)).toBe(1);
  expect(out[0]).toBe(5);
  expect(serve.query(new Uint8Array([0]), CLIENT, channel, out)).toBe(0);
  inner.later?.();
  expect(delivered).toEqual([[9]]);
  expect(serve.query(new Uint8Array([255]), CLIENT, channel, out)).toBe(-1);
  expect(seen).toEqual([
    'query 5 192.0.2.7 192.0.2.1',
    'response 5 192.0.2.7 192.0.2.1',
    'query 0 192.0.2.7 192.0.2.1',
    'response 9 192.0.2.7 192.0.2.1',
    'query 255 192.0.2.7 192.0.2.1',
  ]);
  expect([serve.waiting(), serve.stats]).toEqual([3, inner.stats]);
});

test('what front threads pass on is not given to them to answer: their replies would not be seen', () => {
  const { inner, seen, channel, serve, out } = tapped();
  expect(serve.queryPassedOn(new Uint8Array([5]), CLIENT, channel, out)).toBe(1);
  expect(inner.passedOn).toEqual([]);
  expect(seen).toHaveLength(2);
});
