/** Proves which detached signatures of the anchor list are believed: genuine ones, and nothing with an octet changed. */

import { describe, expect, it } from 'vitest';
import { ICANN_ROOT_CA_PEM } from '../../src/anchor/icann-ca.ts';
import { type SignatureDemand, verifyDetachedSignature } from '../../src/anchor/verify-cms.ts';
import { makeIdentity, pemOf, signDetached } from './signing.ts';

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
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

/** A modulus or signature of RSA, whose inner octets are all alike; shorter values are fields of their own. */
const LONG_VALUE_OCTETS = 200;
const STRIDE = 37;

/** Where the octets of DER stand, of long primitive values only the first two, the last and every so many between. */
function placesOf(der: Uint8Array, start = 0, end = der.length): number[] {
  const places: number[] = [];
  for (let at = start; at < end; ) {
    const tag = der[at] ?? 0;
    const { value, after } = elementAt(der, at);
    for (let i = at; i < value; i++) places.push(i);
    const isConstructed = (tag & 0x20) !== 0;
    // The bits of a public key hold DER again: a sequence of modulus and exponent.
    const inner = isConstructed ? value : tag === BIT_STRING && der[value + 1] === SEQUENCE ? value + 1 : null;
    if (inner === null) {
      const isLong = after - value > LONG_VALUE_OCTETS;
      for (let i = value; i < after; i++) {
        if (!isLong || i < value + 2 || i === after - 1 || (i - value) % STRIDE === 0) places.push(i);
      }
    } else {
      if (!isConstructed) places.push(value);
      places.push(...placesOf(der, inner, after));
    }
    at = after;
  }
  return places;
}

/** Where the value of the element at an octet begins and where it is over (X.690 §8.1.3, definite lengths). */
function elementAt(der: Uint8Array, at: number): { readonly value: number; readonly after: number } {
  const first = der[at + 1] ?? 0;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const value = at + 2 + octets;
  const length = octets === 0 ? first : der.subarray(at + 2, value).reduce((sum, octet) => sum * 256 + octet, 0);
  return { value, after: value + length };
}

/** Those of the places at which a changed octet goes unnoticed. */
async function believedDespite(genuine: Uint8Array, places: readonly number[]): Promise<number[]> {
  const believed: number[] = [];
  for (const i of places) {
    const signature = genuine.slice();
    signature[i] = (signature[i] ?? 0) ^ 1;
    if ((await whyNot({ signature })) === 'believed') believed.push(i);
  }
  return believed;
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

  it('fails after a change of any octet of its structure and fields, and of every so many octets of keys', async () => {
    const signature = await signDetached(content, signer, [signer]);
    expect(await whyNot({ signature })).toBe('believed');
    const places = placesOf(signature);
    // Every tag, length and short value is there: what is left out are octets within moduli and signatures.
    expect(places.length).toBeGreaterThan(signature.length / 4);
    expect(await believedDespite(signature, places)).toEqual([]);
  });

  it('fails after a change of every so many octets when the authority comes along', async () => {
    const places = [...demand.signature.keys()].filter((i) => i % STRIDE === 0);
    expect(await believedDespite(demand.signature, places)).toEqual([]);
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
