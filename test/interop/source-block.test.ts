/** Proves that `outgoing-interface` with a netblock asks from addresses that no interface has (IP_FREEBIND), over each transport. */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['dig', 'ip', 'unbound', 'openssl']);

test.skipIf(why !== null)(
  `questions leave from random addresses of a netblock ${why ?? ''}`,
  () => {
    const found = JSON.parse(runInNamespace('source-block-session.ts', [], 110_000));
    for (const way of ['udp', 'tcp', 'tls']) expect(found[way].statuses).toEqual(Array(8).fill('NOERROR'));
    // A kept connection is asked again, whichever address of the block it is from.
    expect(found.udp.from.length).toBeGreaterThanOrEqual(8);
    expect(found.tcp.from.length).toBeLessThan(8);
    expect(found.tls.from.length).toBeLessThan(8);
    for (const way of ['udp', 'tcp', 'tls']) for (const ip of found[way].from) expect(ip).toMatch(/^2001:db8:7:0?:/);
  },
  120_000,
);
