/**
 * Proves dnstap with real readers: fstrm_capture takes what Hawser sends over a unix socket and over TCP, bind's dnstap-read
 * prints it. The collector may come late, go, and come again; over TLS it is checked, and sees the client's certificate.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['nsd', 'dig', 'ip', 'fstrm_capture', 'dnstap-read', 'openssl']);

interface Observed {
  readonly unix: { readonly first: string; readonly yaml: string; readonly second: string; readonly log: string };
  readonly tcp: string;
  readonly tls: { readonly octets: number; readonly subject: string; readonly start: string; readonly refused: string };
}

/** Lines of the reader about a question: kind, direction, transport. */
function linesAbout(text: string, question: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.endsWith(` ${question}`))
    .map((line) =>
      line
        .replace(/^\S+ \S+ /, '')
        .replace(/:\d+/g, '')
        .replace(/ \d+b .*$/, ''),
    );
}

describe.skipIf(why !== null)(`dnstap ${why ?? ''}`, () => {
  let seen: Observed;
  beforeAll(() => {
    seen = JSON.parse(runInNamespace('dnstap-session.ts', [], 170_000)) as Observed;
  }, 180_000);

  test('shows the query of a client, what a server was asked and answered, and the reply', () => {
    // Asked before the collector was there: it waited.
    expect(linesAbout(seen.unix.first, 'www.tap.test/IN/A')).toEqual([
      'CQ 127.0.0.1 -> 127.0.0.1 UDP',
      'RQ 192.0.2.53 -> 192.0.2.53 UDP',
      'RR 192.0.2.53 <- 192.0.2.53 UDP',
      'CR 127.0.0.1 <- 127.0.0.1 UDP',
      // The second time it came from the cache.
      'CQ 127.0.0.1 -> 127.0.0.1 UDP',
      'CR 127.0.0.1 <- 127.0.0.1 UDP',
    ]);
    const overTcp = linesAbout(seen.unix.first, 'www.tap.test/IN/AAAA').filter((line) => line.startsWith('C'));
    expect(overTcp).toEqual(['CQ 127.0.0.1 -> 127.0.0.1 TCP', 'CR 127.0.0.1 <- 127.0.0.1 TCP']);
    expect(linesAbout(seen.unix.first, 'x.fwd.test/IN/A').slice(1, 3)).toEqual([
      'FQ 192.0.2.53 -> 192.0.2.53 UDP',
      'FR 192.0.2.53 <- 192.0.2.53 UDP',
    ]);
  });

  test('says who sends, when, and for which zone', () => {
    expect(seen.unix.yaml).toContain('identity: mx1\nversion: hawser 0.1.0\n');
    expect(seen.unix.yaml).toMatch(/type: RESOLVER_QUERY\n {2}query_time: !!timestamp \S+Z\n/);
    expect(seen.unix.yaml).toMatch(/type: RESOLVER_RESPONSE\n {2}response_time: !!timestamp \S+Z\n/);
    expect(seen.unix.yaml).toMatch(/query_zone: "?tap\.test/);
  });

  test('goes on when the collector comes again; the log says once that it is away', () => {
    expect(linesAbout(seen.unix.second, 'while-away.tap.test/IN/A')).toHaveLength(4);
    expect(linesAbout(seen.unix.second, 'after.tap.test/IN/A')).toHaveLength(4);
    expect(seen.unix.log.match(/dnstap: no collector at/g)).toHaveLength(2);
    expect(seen.unix.log.match(/dnstap: sending to .* again/g)).toHaveLength(2);
  });

  test('over TCP, one message in so many', () => {
    expect(linesAbout(seen.tcp, 'q3.tap.test/IN/A')).toEqual(['CQ 127.0.0.1 -> 127.0.0.1 UDP']);
    expect(seen.tcp.trim().split('\n')).toHaveLength(4);
  });

  test('over TLS to a collector with the right name only, with a certificate of the client', () => {
    expect(seen.tls.subject).toBe('client.example');
    expect(seen.tls.start).toContain('protobuf:dnstap.Dnstap');
    expect(seen.tls.octets).toBeGreaterThan(500);
    expect(seen.tls.refused).toContain("does not match certificate's altnames");
  });
});
