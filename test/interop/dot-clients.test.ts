/** Proves with real clients that DNS over TLS is served as they want it, and that nothing else is spoken at its port. */

import { expect, test } from 'vitest';
import { findResolved } from './encrypted.ts';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['unbound', 'dig', 'ip', 'openssl', 'kdig', 'stubby', 'dnsdist']);

test.skipIf(why !== null)(
  `answers kdig, stubby, dnsdist and Unbound over TLS ${why ?? ''}`,
  () => {
    const answer = 'NOERROR 192.0.2.80';
    expect(JSON.parse(runInNamespace('dot-clients-session.ts', [], 120_000))).toEqual({
      kdig: answer,
      'kdig, other name': 'failed',
      'plain TCP': 'failed',
      'plain UDP': 'failed',
      'TLS at the plain port': '0',
      'TLS 1.1': 'protocol version',
      'HTTP/2': 'no application protocol',
      'padding here': '408 of 468',
      'padding of Unbound': '408 of 468',
      stubby: 'NOERROR',
      dnsdist: 'NOERROR',
      unbound: 'NOERROR',
      counted: true,
      'reload with half a pair': true,
      'kdig after it': answer,
      reload: 'ok',
      'kdig with the new one': answer,
      'kdig with the old one': 'failed',
      'hawserd without a key': true,
      'hawser-checkconf without a key': true,
    });
  },
  130_000,
);

const whyNotResolved =
  findResolved() === null
    ? 'needs systemd-resolved, or its path in SYSTEMD_RESOLVED'
    : whyNotHere(['dig', 'ip', 'openssl']);

test.skipIf(whyNotResolved !== null)(
  `answers systemd-resolved with DNSOverTLS=yes, which checks the certificate ${whyNotResolved ?? ''}`,
  () => {
    expect(JSON.parse(runInNamespace('resolved-session.ts', [], 60_000))).toEqual({
      'known authority': 'NOERROR',
      'unknown authority': expect.stringMatching(/^(?:SERVFAIL|no reply)$/),
    });
  },
  70_000,
);
