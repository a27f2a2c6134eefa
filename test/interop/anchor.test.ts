/**
 * hawser-anchor with real data: IANA's genuine list of 2017, from the data beside the checkout.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ICANN_ROOT_CA_PEM } from '../../src/anchor/icann-ca.ts';
import { anchorText, readAnchorList, validKeys } from '../../src/anchor/root-anchors-xml.ts';
import { verifyDetachedSignature } from '../../src/anchor/verify-cms.ts';
import { SHARED } from './programs.ts';

const FOLDER = join(SHARED, 'real-root');
const IN_2017 = Date.parse('2017-06-01T00:00:00Z') / 1000;

describe.skipIf(!existsSync(FOLDER))("IANA's genuine list of 2017", () => {
  const content = new Uint8Array(readFileSync(join(FOLDER, 'root-anchors-2017.xml')));
  const signature = new Uint8Array(readFileSync(join(FOLDER, 'root-anchors-2017.p7s')));
  const demand = { content, signature, authorities: ICANN_ROOT_CA_PEM, signerEmail: 'dnssec@iana.org', at: IN_2017 };

  it('verifies at a date of 2017 and names both keys', async () => {
    expect(await verifyDetachedSignature(demand)).toEqual({ ok: true });
    const list = readAnchorList(new TextDecoder().decode(content));
    expect(list.ok ? anchorText(validKeys(list.keys, IN_2017)) : list.why).toMatch(
      /DS\t19036 8 2 .*\n.*DS\t20326 8 2 /,
    );
  });

  it('does not verify today: its signer was certified until 2021', async () => {
    expect(await verifyDetachedSignature({ ...demand, at: Date.parse('2026-11-28') / 1000 })).toMatchObject({
      ok: false,
    });
  });

  it('fails after a change of any octet of list or signature', async () => {
    for (const name of ['content', 'signature'] as const) {
      const believed: number[] = [];
      for (let i = 0; i < demand[name].length; i++) {
        const changed = demand[name].slice();
        changed[i] = (changed[i] ?? 0) ^ 1;
        if ((await verifyDetachedSignature({ ...demand, [name]: changed })).ok) believed.push(i);
      }
      expect(believed).toEqual([]);
    }
  }, 400_000);
});
