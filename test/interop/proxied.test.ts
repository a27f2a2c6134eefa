/** Proves with a real dnsdist that its clients are told from each other by the PROXY protocol, as Unbound tells them. */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['unbound', 'dig', 'ip', 'openssl', 'dnsdist']);

test.skipIf(why !== null)(
  `answers and refuses the clients of dnsdist by their own addresses ${why ?? ''}`,
  () => {
    const plain = {
      'allowed over UDP': 'NOERROR',
      'allowed over TCP': 'NOERROR',
      'refused over UDP': 'REFUSED',
      'refused over TCP': 'REFUSED',
    };
    expect(JSON.parse(runInNamespace('proxied-session.ts', [], 100_000))).toEqual({
      hawser: { ...plain, 'allowed over TLS': 'NOERROR', 'refused over TLS': 'REFUSED' },
      unbound: plain,
      direct: 0,
      tcp: 'closed',
      counted: [1, 2],
    });
  },
  110_000,
);
