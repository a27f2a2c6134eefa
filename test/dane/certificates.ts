/** Certificates of test/data/dane. Not a test. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeCertificates } from '../../src/adapters/node-certificates.ts';
import type { Certificate, KeyMaterial } from '../../src/ports/certificates.ts';
import { fromHex } from '../../src/wire/bytes.ts';
import { readTlsa, type Tlsa } from '../../src/wire/rdata-tlsa.ts';

const FOLDER = join(import.meta.dirname, '..', 'data', 'dane');
/** When all but the expired one are valid. */
export const NOW = Date.parse('2030-01-01T00:00:00Z') / 1000;

/** Digests that openssl gave: `openssl x509 -outform DER | sha256sum`, and of the public key. */
export const DIGESTS = {
  leafCert: '6215e0050a67baf964193603bafcb787ac4f6c0265518a3fb8ed5d1fc4b6debe',
  leafKey: 'f5e8a692e0de50f2cfd68419df023ab9010d33b480a7b41076f0eec4d574c77e',
  leafKey512:
    'd9f48ee0dd5bc230ffc41fa33175b7a5537d7f44ee35293fdd7513b3ebed1dc911087c61bf4c9120588272340f2cb6b07888c3f1545e3c779fa243c6e2cce35d',
  intermediateCert: '7cc774ab5c4b774d0cfcff91df364de972a0d4632061bf3d5606adb46433fdd9',
  intermediateKey: '81b3f98297f7273ee60063a63a38107f1fbc771ec2cc968b4334863d9ce7557a',
  rootCert: '78ef90479e0a808e3f2d2d4568070b251fa2048451d8525ccf8f072250ec7b74',
  rootKey: 'c140f7a94db87ee0b33ee942d9f841e133ac6e2664a06b3797ab57384243a5e3',
} as const;

/** The octets of a file. */
export function fileOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(FOLDER, name)));
}

/** What a file holds. */
export async function materialOf(name: string): Promise<KeyMaterial> {
  const material = await createNodeCertificates().readFile(fileOf(name));
  if (material === null) throw new Error(`cannot read ${name}`);
  return material;
}

/** The certificates of files, in order. */
export async function chainOf(...names: readonly string[]): Promise<readonly Certificate[]> {
  const materials = await Promise.all(names.map(materialOf));
  return materials.flatMap((material) => (material.kind === 'certificates' ? material.chain : []));
}

/** A record of its text: `3 1 1 hex`. */
export function tlsaOf(text: string): Tlsa {
  const [usage, selector, matching, hex = ''] = text.split(' ');
  const data = fromHex(hex) ?? new Uint8Array();
  const tlsa = readTlsa(Uint8Array.of(Number(usage), Number(selector), Number(matching), ...data));
  if (tlsa === null) throw new Error(`no TLSA: ${text}`);
  return tlsa;
}
