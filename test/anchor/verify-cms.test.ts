/** Proves which detached signatures of the anchor list are believed: genuine ones, and nothing with any octet changed. */

import { describe, expect, it } from 'vitest';
import { ICANN_ROOT_CA_PEM } from '../../src/anchor/icann-ca.ts';
import { type SignatureDemand, verifyDetachedSignature } from '../../src/anchor/verify-cms.ts';
import { makeIdentity, pemOf, signDetached } from './signing.ts';

const EMAIL = 'dnssec@iana.example';
const AT = Date.parse('2026-11-28T00:00:00Z') / 1000;
const content = new TextEncoder().encode('<TrustAnchor/>\n');
const authority = await makeIdentity('Test Root CA', null);
const signer = await makeIdentity('signer', authority, { email: EMAIL });
const demand: SignatureDemand = {
  content,
  signature: await signDetached(content, signer, [authority, signer]),
  authorities: pemOf(authority),
  signerEmail: EMAIL,
  at: AT,
};

async function whyNot(changes: Partial<SignatureDemand>): Promise<string> {
  const check = await verifyDetachedSignature({ ...demand, ...changes });
  return check.ok ? 'believed' : check.why;
}

describe('a detached signature', () => {
  it('of the expected signer under the authority is believed', async () => {
    expect(await whyNot({})).toBe('believed');
    expect(await whyNot({ signerEmail: '' })).toBe('believed');
  });

  it('is believed under any of several authorities', async () => {
    expect(await whyNot({ authorities: ICANN_ROOT_CA_PEM + pemOf(authority) })).toBe('believed');
  });

  it('of somebody else under the same authority is not', async () => {
    const other = await makeIdentity('other', authority, { email: 'other@iana.example' });
    const signature = await signDetached(content, other, [authority, other]);
    expect(await whyNot({ signature })).toBe(`signed by other@iana.example, not by ${EMAIL}`);
  });

  it('under another authority is not', async () => {
    expect(await whyNot({ authorities: ICANN_ROOT_CA_PEM })).toContain('does not verify');
    const forger = await makeIdentity('Test Root CA', null);
    const forged = await makeIdentity('signer', forger, { email: EMAIL });
    const signature = await signDetached(content, forged, [forger, forged]);
    expect(await whyNot({ signature })).not.toBe('believed');
  });

  it('by a certificate that a mere signer has certified is not', async () => {
    const below = await makeIdentity('below', signer, { email: EMAIL });
    const signature = await signDetached(content, below, [authority, signer, below]);
    expect(await whyNot({ signature })).not.toBe('believed');
  });

  it('is believed only while the certificates last', async () => {
    expect(await whyNot({ at: Date.parse('2019-12-31') / 1000 })).toContain('not yet valid or expired');
    expect(await whyNot({ at: Date.parse('2040-01-02') / 1000 })).toContain('not yet valid or expired');
  });

  it('with a certificate along that nobody known has signed is not', async () => {
    const stranger = await makeIdentity('stranger', await makeIdentity('strange CA', null));
    const signature = await signDetached(content, signer, [authority, signer, stranger]);
    expect(await whyNot({ signature })).toBe('a certificate comes along that no known authority has signed');
  });

  it('fails after a change of any octet of it', async () => {
    const believed: number[] = [];
    for (let i = 0; i < demand.signature.length; i++) {
      const changed = demand.signature.slice();
      changed[i] = (changed[i] ?? 0) ^ 1;
      if ((await whyNot({ signature: changed })) === 'believed') believed.push(i);
    }
    expect(believed).toEqual([]);
  });

  it('fails after a change of any octet of the content, and with octets added or lost', async () => {
    for (let i = 0; i < content.length; i++) {
      const changed = content.slice();
      changed[i] = (changed[i] ?? 0) ^ 0x20;
      expect(await whyNot({ content: changed })).not.toBe('believed');
    }
    expect(await whyNot({ signature: Uint8Array.of(...demand.signature, 0) })).not.toBe('believed');
    expect(await whyNot({ signature: demand.signature.slice(0, -1) })).not.toBe('believed');
  });

  it('that is no CMS at all is a reason, not a crash', async () => {
    expect(await whyNot({ signature: new Uint8Array() })).toContain('not CMS SignedData');
    expect(await whyNot({ signature: new TextEncoder().encode('<html>') })).not.toBe('believed');
    expect(await whyNot({ authorities: 'no PEM' })).toBe('no certificate authority to check the signature with');
  });
});
