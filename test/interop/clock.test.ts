/** Proves that a host without a clock battery comes up by itself: time servers resolve, the clock is set, verdicts are made anew. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInNamespace, SHARED, whyNotHere } from './programs.ts';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const why = existsSync(FAKETIME)
  ? whyNotHere(['nsd', 'dig', 'ip'], [join(SHARED, 'real-root/root-2020101902.zone.gz')])
  : `needs file ${FAKETIME}`;

test.skipIf(why !== null)(
  `a host that starts in 1970, is set to its time, and is set back ${why ?? ''}`,
  () => {
    const { log, ...seen } = JSON.parse(runInNamespace('clock-session.ts', [], 110_000)) as Record<string, string>;
    expect(seen).toEqual({
      '1970: signed': expect.stringMatching(
        /^SERVFAIL .*signature-not-yet-valid.*; the clock of this resolver seems to be slow$/,
      ),
      '1970: time servers': 'NXDOMAIN',
      '2020: signed': 'NOERROR AD',
      '2020: time servers': 'NXDOMAIN',
      '2020: cached': 'NOERROR AD',
      '2019: what was cached': expect.stringMatching(/^SERVFAIL/),
    });
    expect(log).toMatch(
      /error: the clock of this host seems to be slow: the root's signatures are not yet valid by it/,
    );
    expect(log?.match(/seems to be slow/g)?.length).toBe(2);
    expect(log).toMatch(/warning: the clock was set forward by 16\d{8} seconds/);
    expect(log).toMatch(/warning: the clock was set back by \d+ seconds/);
  },
  120_000,
);
