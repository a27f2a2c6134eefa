/** Proves against a real forwarder that it is asked only where DNSSEC proves its key, though the proof comes through it. */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['unbound', 'nsd', 'knotd', 'dig', 'ip', 'openssl', ...SIGNER_PROGRAMS]);

test.skipIf(why !== null)(
  `forwards to the Unbound whose key its zone publishes, signed, and to no other ${why ?? ''}`,
  () => {
    const { statuses, log } = JSON.parse(runInNamespace('forward-dane-session.ts', [], 110_000));
    expect(statuses).toEqual({ right: 'NOERROR ad', wrong: 'SERVFAIL', unsigned: 'SERVFAIL', bogus: 'SERVFAIL' });
    expect(log).toContain('forward-tls-dane: _853._tcp.dns.bogus.org.: its TLSA records are not proven by DNSSEC');
  },
  120_000,
);
