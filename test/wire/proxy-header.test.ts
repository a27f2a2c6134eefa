/** Proves that PROXY headers of version 2 are read as haproxy's specification has them, and that nothing else is taken for one. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/wire/bytes.ts';
import { ipText, parseIp } from '../../src/wire/ip.ts';
import { MAX_PROXY_HEADER_OCTETS, readProxyHeader } from '../../src/wire/proxy-header.ts';
import { proxyHeader } from '../support/proxy-header.ts';

const CLIENT = { ip: '192.0.2.7', port: 40_000 };

describe('a PROXY header', () => {
  test('tells the client of IPv4 and of IPv6, over TCP and UDP', () => {
    for (const transport of ['stream', 'datagram'] as const) {
      const four = proxyHeader({ client: CLIENT, transport });
      expect(readProxyHeader(four)).toEqual({ kind: 'whole', octets: 28, client: CLIENT });
      const six = { ip: '2001:db8::7', port: 53 };
      expect(readProxyHeader(proxyHeader({ client: six, transport }))).toEqual({
        kind: 'whole',
        octets: 52,
        client: six,
      });
    }
  });

  test('is read as the octets that dnsdist sends', () => {
    // dnsdist 1.7.3 with useProxyProtocol: a query from 127.0.0.1 port 37972 to its port 5311, and a health check.
    const octets = Buffer.from('0d0a0d0a000d0a515549540a2112000c7f0000017f000001945414bf', 'hex');
    expect(readProxyHeader(octets)).toEqual({ kind: 'whole', octets: 28, client: { ip: '127.0.0.1', port: 37_972 } });
    const check = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
    expect(readProxyHeader(check)).toEqual({ kind: 'whole', octets: 16, client: null });
  });

  test('of a proxy that speaks for itself names no client', () => {
    expect(readProxyHeader(proxyHeader({ client: null }))).toEqual({ kind: 'whole', octets: 16, client: null });
    // Whatever family and addresses it has then.
    const withAddresses = proxyHeader({ client: CLIENT });
    withAddresses[12] = 0x20;
    expect(readProxyHeader(withAddresses)).toEqual({ kind: 'whole', octets: 28, client: null });
  });

  test('names an IPv4 client as such also where the proxy writes it as IPv6', () => {
    const header = proxyHeader({ client: { ip: '::ffff:192.0.2.7', port: 40_000 } });
    expect(readProxyHeader(header)).toMatchObject({ client: CLIENT });
  });

  test('may have extensions, which are passed over', () => {
    const extensions = Uint8Array.of(0x04, 0, 3, 1, 2, 3);
    const header = proxyHeader({ client: CLIENT, extensions });
    expect(readProxyHeader(concatBytes(header, Uint8Array.of(9, 9)))).toEqual({
      kind: 'whole',
      octets: 34,
      client: CLIENT,
    });
  });

  test.each([
    ['of version 1', new TextEncoder().encode('PROXY TCP4 192.0.2.7 192.0.2.1 40000 53\r\n')],
    ['of another version', changed(12, 0x31)],
    ['with an unknown command', changed(12, 0x22)],
    ['without a family', changed(13, 0x00)],
    ['of a unix socket', changed(13, 0x31)],
    ['with a transport that is none', changed(13, 0x10)],
    ['too short for its addresses', changed(15, 11)],
    ['longer than any proxy sends', changed(14, 0xff)],
    ['that is a DNS query', Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1)],
  ])('%s is malformed', (_, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'malformed' });
  });

  test('of the largest size is read, and one octet more is not waited for', () => {
    const extensions = new Uint8Array(MAX_PROXY_HEADER_OCTETS - 28);
    expect(readProxyHeader(proxyHeader({ client: CLIENT, extensions }))).toMatchObject({ kind: 'whole' });
    const larger = proxyHeader({ client: CLIENT, extensions: new Uint8Array(extensions.length + 1) });
    expect(readProxyHeader(larger.subarray(0, 16))).toEqual({ kind: 'malformed' });
  });

  test('that is cut anywhere wants more, and says the same as whole then', () => {
    const ip = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
    const extensions = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(ip, fc.integer({ min: 0, max: 65_535 }), extensions, fc.nat(), (octets, port, more, at) => {
        const header = proxyHeader({ client: { ip: ipText(octets), port }, extensions: more });
        expect(readProxyHeader(header.subarray(0, at % header.length))).toEqual({ kind: 'more' });
        const read = readProxyHeader(header);
        if (read.kind !== 'whole') throw new Error(read.kind);
        expect(read.octets).toBe(header.length);
        expect(read.client?.port).toBe(port);
        const got = parseIp(read.client?.ip ?? '');
        expect([...(got ?? [])]).toEqual([...octets.subarray(octets.length - (got?.length ?? 0))]);
      }),
      { numRuns: 300 },
    );
  });

  test('is never read beyond its octets, whatever they are', () => {
    const anything = fc.uint8Array({ maxLength: 80 });
    const begun = anything.map((rest) => concatBytes(proxyHeader({ client: CLIENT }).subarray(0, 12), rest));
    fc.assert(
      fc.property(fc.oneof(anything, begun), (bytes) => {
        const read = readProxyHeader(bytes);
        if (read.kind === 'whole') expect(read.octets).toBeLessThanOrEqual(bytes.length);
        if (read.kind === 'more') expect(bytes.length).toBeLessThan(MAX_PROXY_HEADER_OCTETS);
      }),
      { numRuns: 1000 },
    );
  });
});

/** A right header with one octet that is not. */
function changed(at: number, octet: number): Uint8Array {
  const header = proxyHeader({ client: CLIENT });
  header[at] = octet;
  return header;
}
