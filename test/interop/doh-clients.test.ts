/** Proves with real clients that DNS over HTTPS is served as they want it, and that nothing else is spoken at its port. */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['unbound', 'dig', 'ip', 'openssl', 'kdig', 'curl']);

test.skipIf(why !== null)(
  `answers kdig and curl over HTTPS ${why ?? ''}`,
  () => {
    const answer = 'NOERROR 127.0.0.80';
    const statuses = {
      GET: '200 2 application/dns-message 45 max-age=3600',
      POST: '200 2 application/dns-message 45 max-age=3600',
      'other path': '404 2  0',
      'no message': '400 2  0',
      'bad message': '400 2  0',
      'other type': '415 2  0',
    };
    expect(JSON.parse(runInNamespace('doh-clients-session.ts', [], 100_000))).toEqual({
      hawser: statuses,
      // Unbound 1.17.1 says the same, but for how long a reply may be kept; it gives no response to a bad message.
      unbound: {
        GET: '200 2 application/dns-message 45',
        POST: '200 2 application/dns-message 45',
        'other path': expect.stringMatching(/^404 2/),
        'no message': expect.stringMatching(/^400 2/),
        'bad message': '000 0  0',
        'other type': expect.stringMatching(/^415 2/),
      },
      kdig: answer,
      'kdig by GET': answer,
      'kdig, other name': 'failed',
      'kdig over TLS': 'failed',
      'plain TCP': 'failed',
      'plain UDP': 'failed',
      'HTTP/1.1': '000 0  0',
      'names of curl': '127.0.0.80',
      isCounted: true,
      behindProxy: statuses,
      perf: { GET: 400, POST: 400 },
    });
  },
  110_000,
);
