/** Proves against a real server that questions over TLS arrive, and only where the certificate holds the configured name. */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['unbound', 'dig', 'ip', 'openssl']);

test.skipIf(why !== null)(
  `forwards over TLS to servers whose certificate holds the name ${why ?? ''}`,
  () => {
    expect(JSON.parse(runInNamespace('tls-upstream-session.ts', [], 100_000))).toEqual({
      'right name': 'NOERROR',
      'wrong name': 'SERVFAIL',
      'unknown authority': 'SERVFAIL',
      'no name': 'NOERROR',
      'right key': 'NOERROR',
      'wrong key': 'SERVFAIL',
    });
  },
  110_000,
);
