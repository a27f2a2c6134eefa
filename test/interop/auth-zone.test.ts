/**
 * Proves that zones come over from real primaries and are answered from: AXFR from NSD (the real root, RFC 8806), AXFR, NOTIFY
 * and IXFR with Knot, and zones over HTTP and HTTPS with the
 * certificate checked, and a zone that Knot signed with a digest, taken only after signatures and digest were checked.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInNamespace, SHARED, whyNotHere } from './programs.ts';

const why = whyNotHere(
  ['nsd', 'knotd', 'knotc', 'keymgr', 'openssl', 'dig', 'ip'],
  [join(SHARED, 'real-root/root-2020101902.zone.gz')],
);

test.skipIf(why !== null)(
  `copies zones from NSD and Knot and answers from them ${why ?? ''}`,
  () => {
    const result = JSON.parse(runInNamespace('auth-zone-session.ts', [], 110_000)) as Record<string, unknown>;
    console.log(`first answer after ${result.first} ms, change seen after ${result.changed} ms`);
    expect(result).toMatchObject({
      authority: { positive: 'NOERROR aa', wildcard: '"expanded"', missing: 'NXDOMAIN aa' },
      root: { soa: 'NOERROR ad', ds: 'NOERROR ad', unsigned: 'NXDOMAIN ad' },
      checked: { positive: 'NOERROR ad', missing: 'NXDOMAIN ad', wildcard: 'NOERROR ad' },
      web: { plain: true, secure: true, impostor: 'SERVFAIL aa' },
      gone: 'NXDOMAIN aa',
      usedIxfr: true,
    });
    expect(result.changed).not.toBeNull();
    expect(result.lines).toBeGreaterThan(20_000);
    expect(result.copy).toContain('hostmaster.example.org. 2 3600');
  },
  120_000,
);

const whyNoUnbound = whyNotHere(['nsd', 'unbound', 'dig', 'ip'], [join(SHARED, 'real-root/root-2020101902.zone.gz')]);

test.skipIf(whyNoUnbound !== null).each([
  ['the real root', 'root', []],
  // Forms that differ and mean the same: ours are those that dig prints.
  ['many types', 'types', ['apl.example.org.', 'cert.example.org.', 'loc.example.org.']],
])(
  `writes the file of %s as Unbound does, and Unbound serves from it ${whyNoUnbound ?? ''}`,
  (_what, which, others) => {
    const result = JSON.parse(runInNamespace('zone-file-session.ts', [which], 60_000)) as {
      lines: { ours: number; theirs: number };
      different: [string, string][];
      isServed: boolean;
    };
    console.log(`${result.lines.ours} lines, different ${result.different.length}`);
    expect(result.lines.ours).toBe(result.lines.theirs);
    expect(result.different.map(([line]) => line.split('\t')[0])).toEqual(others);
    expect(result.isServed).toBe(true);
  },
  70_000,
);
